"""Polls: a question about when, its options, who votes and how, and what of it is shown to whom (X09)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.addresses import display_text
from domain.errors import InvalidInput, RuleBroken
from domain.ids import BookingId, OrganizationId, PageId, PageLinkId, PollId, UserId, VoterId
from domain.intervals import instant_of, minute_of
from domain.page_links import LinkSettings, PageLink, Terms, starts_of
from domain.zones import FIRST_YEAR, LAST_YEAR, date_exists, day_bounds

MAX_OPTIONS = 50
MAX_VOTERS = 2_000
MAX_INVITED = 200
MAX_PLACES = 1_000
MAX_OPEN_POLLS = 200
MAX_REMINDERS = 5
MAX_UNDO = timedelta(days=1)
_TITLE, _WORDS, _NAME, _COMMENT = 100, 5_000, 200, 500
_MINUTE = timedelta(minutes=1)
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(days=1)
_MAX_REMINDER = timedelta(days=30)
_REACH = timedelta(days=62)
_NO_LINK = PageLinkId(UUID(int=0))


class PollEnded(RuleBroken):
    """A poll in which one cannot vote any more: closed, past its deadline, or all of its options past."""

    code = "POLL_ENDED"
    sentence = "One cannot vote in this poll any more."


class PollAnnounced(RuleBroken):
    """A poll whose closing was announced: its booking is changed like any other now."""

    code = "POLL_ANNOUNCED"
    sentence = "Everybody was told already. Move or cancel the booking instead."


class OptionFull(RuleBroken):
    """An option whose places are taken; `number` says which."""

    code = "OPTION_FULL"
    sentence = "Somebody has just taken the last place of this option. Please choose another."

    def __init__(self, number: int) -> None:
        super().__init__("answers")
        self.number = number


class BallotAnswer(StrEnum):
    """What a voter says of an option; who says nothing says no."""

    YES = "yes"
    IF_NEED_BE = "if_need_be"
    NO = "no"


class Visibility(StrEnum):
    """What voters see of each other's ballots. The organizer sees all, but where a poll is anonymous."""

    EVERYONE = "everyone"
    COUNTS = "counts"
    ORGANIZER = "organizer"


class PollState(StrEnum):
    """Where a poll stands: in one that is *over* nobody votes, and it is to be closed."""

    OPEN = "open"
    OVER = "over"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Option:
    """One proposed interval. `yes` and `if_need_be` count ballots; neither is ever beyond its `places`."""

    number: int
    start: datetime
    end: datetime
    places: int | None = None
    yes: int = 0
    if_need_be: int = 0

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    @property
    def places_left(self) -> int | None:
        """How many more may come then; None for any number."""
        return None if self.places is None else max(self.places - self.yes - self.if_need_be, 0)


@dataclass(frozen=True, slots=True)
class PollSettings:
    """What an organizer says of a poll.

    An anonymous poll tells nobody who voted how, its organizer neither, and its counts only once nobody
    votes any more. One that `asks_address` counts the ballots alone whose voters have proved theirs.
    `undo_within` is how long a closing can be undone before it is announced. Where it `holds_times`, nothing
    else is booked with its organizer at an option that is to come. One that `closes_on_consensus` closes by
    itself as soon as all agree who are required. `reminders` are so long before the deadline.
    """

    title: str
    description: str = ""
    deadline: datetime | None = None
    visibility: Visibility = Visibility.EVERYONE
    is_anonymous: bool = False
    asks_address: bool = False
    undo_within: timedelta = timedelta(0)
    holds_times: bool = False
    closes_on_consensus: bool = False
    reminders: tuple[timedelta, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a poll was closed with: an option with its booking, or none; announced at an instant."""

    at: datetime
    announced_at: datetime
    number: int | None = None
    booking_id: BookingId | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll. `zone` is that of its whole days, and in which its organizer reads it.

    `version` grows with each change of its settings and state, `revision` with these and each ballot.
    `ballots` says how many count, `reminded` how often its organizer has reminded voters by hand.
    """

    id: PollId
    organization_id: OrganizationId
    page_id: PageId
    organizer_id: UserId
    settings: PollSettings
    zone: str
    is_whole_days: bool
    options: tuple[Option, ...]
    version: int
    revision: int
    ballots: int
    reminded: int
    created_at: datetime
    chosen: Chosen | None = None

    @property
    def over_at(self) -> datetime:
        """When nobody votes any more: at the deadline, or when the last option begins."""
        last = max(option.start for option in self.options)
        return min(self.settings.deadline, last) if self.settings.deadline else last

    @property
    def is_hidden(self) -> bool:
        """Say whether voters are shown nothing of others' ballots, not even that there are some."""
        return self.settings.visibility is Visibility.ORGANIZER

    def state(self, now: datetime) -> PollState:
        """Say where it stands."""
        if self.chosen is not None:
            return PollState.CLOSED
        return PollState.OPEN if now < self.over_at else PollState.OVER

    def is_announced(self, now: datetime) -> bool:
        """Say whether it was closed, and that cannot be undone any more."""
        return self.chosen is not None and self.chosen.announced_at <= now

    def shown_state(self, now: datetime) -> PollState:
        """Say where it stands for voters: they hear of a closing once it is announced."""
        state = self.state(now)
        is_silent = state is PollState.CLOSED and not self.is_announced(now)
        return PollState.OVER if is_silent else state

    def check_open(self, now: datetime) -> None:
        """Let somebody vote while it is open; raises PollEnded."""
        if self.state(now) is not PollState.OPEN:
            raise PollEnded

    def option(self, number: int, *path: str) -> Option:
        """Give an option by its number; InvalidInput for one that the poll does not have."""
        if not 1 <= number <= len(self.options):
            raise InvalidInput("This poll has no such option.", *path)
        return self.options[number - 1]

    def shows_counts(self, now: datetime, *, to_organizer: bool) -> bool:
        """Say whether somebody is shown how often each option was chosen."""
        is_final = self.is_announced(now) if self.chosen else self.state(now) is PollState.OVER
        if self.settings.is_anonymous and not is_final:
            return False  # whoever sees counts before and after somebody has voted would see how
        return to_organizer or not self.is_hidden

    def shows_ballots(self, *, to_organizer: bool) -> bool:
        """Say whether somebody is shown who voted how."""
        if self.settings.is_anonymous:
            return False
        return to_organizer or self.settings.visibility is Visibility.EVERYONE


@dataclass(frozen=True, slots=True)
class Voter:
    """Who votes, or is asked to; `answers` by the numbers of options, None for who has not voted.

    `is_proved` of whoever came by a link that was mailed to their address. `user_id` is a member's.
    `mailed` counts how often their link was asked for.
    """

    id: VoterId
    name: str
    email: str | None = field(repr=False)
    zone: str
    locale: str
    is_invited: bool = False
    is_required: bool = False
    is_proved: bool = False
    user_id: UserId | None = None
    answers: Mapping[int, BallotAnswer] | None = None
    comment: str = ""
    mailed: int = 0

    def counts_in(self, poll: Poll) -> bool:
        """Say whether their ballot counts."""
        return self.answers is not None and (self.is_proved or not poll.settings.asks_address)

    def answer(self, number: int) -> BallotAnswer:
        """Give what they say of an option."""
        return (self.answers or {}).get(number, BallotAnswer.NO)


def recounted(poll: Poll, before: Voter | None, after: Voter) -> Poll:
    """Give a poll with a voter's ballot in place of the one before; raises OptionFull.

    A place that somebody has they keep, however few there are.
    """
    was = before is not None and before.counts_in(poll)
    counts = after.counts_in(poll)
    options: list[Option] = []
    for option in poll.options:
        old = before.answer(option.number) if was and before else BallotAnswer.NO
        new = after.answer(option.number) if counts else BallotAnswer.NO
        left = option.places_left
        takes = old is BallotAnswer.NO and new is not BallotAnswer.NO
        if takes and left is not None and left < 1:
            raise OptionFull(option.number)
        yes = option.yes + (new is BallotAnswer.YES) - (old is BallotAnswer.YES)
        maybe = option.if_need_be + (new is BallotAnswer.IF_NEED_BE) - (old is BallotAnswer.IF_NEED_BE)
        options.append(replace(option, yes=yes, if_need_be=maybe))
    return replace(
        poll, options=tuple(options), ballots=poll.ballots + counts - was, revision=poll.revision + 1
    )


def checked_settings(
    wanted: PollSettings, last: datetime, now: datetime, *, is_new: bool = True
) -> PollSettings:
    """Check and clean what is said of a poll whose last option begins at an instant; InvalidInput.

    A deadline that is not new may be past.
    """
    if is_new and wanted.deadline is not None and not now < wanted.deadline <= last:
        raise InvalidInput("A deadline is in the future, and before the last option begins.", "deadline")
    if not timedelta(0) <= wanted.undo_within <= MAX_UNDO:
        raise InvalidInput("A closing can be undone for 1440 minutes at most.", "undoMinutes")
    if len(wanted.reminders) > MAX_REMINDERS or len(set(wanted.reminders)) < len(wanted.reminders):
        raise InvalidInput("A poll has at most 5 reminders, none twice.", "reminderMinutes")
    if any(not _MINUTE <= lead <= _MAX_REMINDER for lead in wanted.reminders):
        raise InvalidInput("A reminder is due 1 to 43200 minutes before the deadline.", "reminderMinutes")
    if wanted.reminders and wanted.deadline is None:
        raise InvalidInput("Reminders need a deadline.", "reminderMinutes")
    return replace(
        wanted,
        title=display_text(wanted.title, _TITLE, "title"),
        description=display_text(
            wanted.description, _WORDS, "description", is_required=False, keeps_lines=True
        ),
    )


def times_of(
    starts: Sequence[datetime], length: timedelta, places: Sequence[int | None], now: datetime
) -> tuple[Option, ...]:
    """Make options of times, numbered in their order; InvalidInput."""
    if not _SHORTEST <= length <= _LONGEST:
        raise InvalidInput("An option lasts 5 to 1440 minutes.", "durationMinutes")
    starts_of(starts, "options")
    return _numbered(zip(starts, (start + length for start in starts), places, strict=True), now)


def days_of(
    days: Sequence[date], zone: str, places: Sequence[int | None], now: datetime
) -> tuple[Option, ...]:
    """Make options of whole days in a zone: 23, 24 or 25 hours, as it has them; InvalidInput."""
    if len(set(days)) < len(days):
        raise InvalidInput("A day is picked twice.", "options")
    if any(not FIRST_YEAR < day.year < LAST_YEAR or not date_exists(day, zone) for day in days):
        raise InvalidInput("There is no such day.", "options")
    bounds = [day_bounds(day, zone) for day in days]
    spans = ((instant_of(start), instant_of(end)) for start, end in bounds)
    return _numbered(((*span, seats) for span, seats in zip(spans, places, strict=True)), now)


def _numbered(given: Iterable[tuple[datetime, datetime, int | None]], now: datetime) -> tuple[Option, ...]:
    found = sorted(given, key=lambda option: option[0])
    if not 1 <= len(found) <= MAX_OPTIONS:
        raise InvalidInput("A poll has 1 to 50 options.", "options")
    if found[0][0] <= now:
        raise InvalidInput("An option is past already.", "options")
    if found[-1][0] - found[0][0] > _REACH:
        raise InvalidInput("Options lie within 62 days.", "options")
    if any(places is not None and not 1 <= places <= MAX_PLACES for _, _, places in found):
        raise InvalidInput("An option has 1 to 1000 places.", "options", "places")
    return tuple(Option(number, *option) for number, option in enumerate(found, 1))


def checked_answers(poll: Poll, given: Sequence[tuple[int, BallotAnswer]]) -> Mapping[int, BallotAnswer]:
    """Check what somebody says of options of a poll; InvalidInput."""
    if len({number for number, _ in given}) < len(given):
        raise InvalidInput("An option is answered twice.", "answers")
    return {poll.option(number, "answers", "option").number: answer for number, answer in given}


def checked_name(name: str, *path: str) -> str:
    """Clean the name of a voter; InvalidInput."""
    return display_text(name, _NAME, *path)


def checked_comment(comment: str) -> str:
    """Clean what a voter says beside their answers; InvalidInput."""
    return display_text(comment, _COMMENT, "comment", is_required=False, keeps_lines=True)


def picked(
    organization_id: OrganizationId, page_id: PageId, organizer: UserId, options: Sequence[Option]
) -> PageLink:
    """Give the terms by which options of one length are judged and booked: those of a one-off meeting.

    Nobody has such a link; it is stored nowhere.
    """
    starts = tuple(sorted(minute_of(option.start) for option in options))
    terms = Terms(length=options[0].length // _MINUTE, starts=starts)
    return PageLink(
        id=_NO_LINK,
        organization_id=organization_id,
        page_id=page_id,
        made_by=organizer,
        settings=LinkSettings(max_uses=None, terms=terms),
        over_at=None,
        used=0,
        revision=0,
        created_at=options[0].start,
    )
