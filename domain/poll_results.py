"""The results of a poll as a table: a row for each ballot, and what was counted below."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.polls import Option, Poll, Voter
from domain.spreadsheets import sheet


def results(poll: Poll, voters: Iterable[Voter], now: datetime) -> str:
    """Write what a poll's organizer may see as CSV: by name, which says nothing of who voted when.

    Of an anonymous poll there are no ballots, and while one votes nothing but the options.
    """
    header = ["name", "mail", "required", *(_named(option, poll) for option in poll.options), "comment"]
    shown = poll.shows_ballots(to_organizer=True)
    counted = [voter for voter in voters if voter.counts_in(poll)] if shown else []
    rows = [
        [
            voter.name,
            voter.email or "",
            "yes" if voter.is_required else "no",
            *(voter.answer(option.number).value for option in poll.options),
            voter.comment,
        ]
        for voter in sorted(counted, key=lambda voter: (voter.name.casefold(), voter.id))
    ]
    return sheet([header, *rows, *_totals(poll, now)])


def _totals(poll: Poll, now: datetime) -> list[list[str]]:
    if not poll.shows_counts(now, to_organizer=True):
        return []
    yes = [option.yes for option in poll.options]
    maybe = [option.if_need_be for option in poll.options]
    no = [poll.ballots - one - other for one, other in zip(yes, maybe, strict=True)]
    named = (("yes", yes), ("if_need_be", maybe), ("no", no))
    return [[name, "", "", *map(str, counts), ""] for name, counts in named]


def _named(option: Option, poll: Poll) -> str:
    """Name an option as it is in the poll's zone, with its offset: a clock may change between two."""
    start = option.start.astimezone(ZoneInfo(poll.zone))
    return start.date().isoformat() if poll.is_whole_days else start.isoformat(timespec="minutes")
