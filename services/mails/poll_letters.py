"""The letters of polls: to those who are asked to vote, who have voted, and to who has to close one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from domain.addresses import cleaned
from domain.notifications import Reader, Telling
from services.mails.language import Language
from services.mails.letters import Letter, Row, Say, greeting

_MAX_SUBJECT = 180
_MAX_NAME = 100
_MAX_OPTIONS = 5
_TO_ORGANIZERS = frozenset({Telling.POLL_OVER, Telling.POLL_OPENED, Telling.POLL_STUCK})


@dataclass(frozen=True, slots=True)
class PollFacts:
    """What is said of a poll: whose, about what, its options, until when one votes, and how many have.

    Once one `is_chosen`, that is the only option. `day_zone` is that of whole days, None for options that are
    times. `key` names the mail's occasion. Of a ballot that does not count until it is proved, it is said
    what to do.
    """

    key: str
    title: str
    organizer: str
    options: Sequence[tuple[datetime, datetime]]
    day_zone: str | None
    deadline: datetime | None
    ballots: int = 0
    asks_proof: bool = False
    is_chosen: bool = False


def poll_letter(telling: Telling, facts: PollFacts, url: str, reader: Reader, words: Language) -> Letter:
    """Write what a mail about a poll says."""
    say = partial(words.translate, reader.locale)
    title, organizer = cleaned(facts.title)[:_MAX_NAME], cleaned(facts.organizer)[:_MAX_NAME]
    heading, lead, button, note = _words(telling, facts, organizer, say)
    deadline = None if telling is Telling.POLL_CLOSED else facts.deadline
    offered = say("Chosen") if facts.is_chosen else say("Options")
    until = () if deadline is None else (Row(say("Vote until"), _moment(deadline, reader, words)),)
    return Letter(
        language=words.language(reader.locale),
        subject=say("{heading}: {page}", heading=heading, page=title)[:_MAX_SUBJECT],
        heading=heading,
        greeting=greeting(reader, say),
        lead=lead,
        preview=title,
        note=note,
        rows=(Row(say("What"), title), Row(offered, _options(facts, reader, words)), *until),
        button=button,
        button_url=url,
    )


def _words(telling: Telling, facts: PollFacts, organizer: str, say: Say) -> tuple[str, str, str, str]:
    """Give heading, lead, button and small print."""
    note = say("This link is yours alone. Whoever has it can change your vote.")
    asked = say(
        "You get this mail because {host} asks you. Ignore it if you do not know them.", host=organizer
    )
    if telling in _TO_ORGANIZERS:
        return _to_organizer(telling, facts, say)
    if telling is Telling.POLL_CLOSED:
        lead = say("{host} has closed this poll and chosen no time.", host=organizer)
        if facts.is_chosen:
            lead = say("{host} has chosen this time. No place is kept for you then.", host=organizer)
        return say("The poll is closed"), lead, say("See the poll"), asked
    if telling is Telling.BALLOT and facts.asks_proof:
        lead = say("Open this link and vote once more: only then your vote counts. It proves your address.")
        mine = say(
            "You get this mail because this address was used in a poll. Ignore it if that was not you."
        )
        return say("Confirm your vote"), lead, say("Confirm"), mine
    if telling is Telling.BALLOT:
        lead = say("By this link you can see the poll and change your vote.")
        return say("You have voted"), lead, say("See your vote"), note
    lead = say("{host} asks when you can come. Choose what suits you.", host=organizer)
    if telling is Telling.POLL_REMINDER:
        return say("Please vote"), lead, say("Vote"), asked
    return say("When can you come?"), lead, say("Vote"), asked


def _to_organizer(telling: Telling, facts: PollFacts, say: Say) -> tuple[str, str, str, str]:
    """Give the same to who organizes the poll."""
    yours, close = say("You get this mail as its organizer."), say("Close the poll")
    if telling is Telling.POLL_OPENED:
        lead = say(
            "By this link you see the votes, ask and remind people, and close the poll, without signing in."
        )
        secret = say("Whoever has this link can do so in your name. You can end it or make it anew.")
        return say("Your poll is open"), lead, say("See the poll"), secret
    if telling is Telling.POLL_STUCK:
        lead = say("All agree who have to come, but every time that suits them is taken. Close it by hand.")
        return say("Your poll cannot be booked"), lead, close, yours
    lead = say("Nobody can vote any more: {count} have. Choose an option, or close it.", count=facts.ballots)
    return say("Your poll is over"), lead, close, yours


def _options(facts: PollFacts, reader: Reader, words: Language) -> str:
    shown = facts.options[:_MAX_OPTIONS]
    if facts.day_zone is None:
        named = [words.interval(reader.locale, reader.zone, start, end) for start, end in shown]
    else:
        named = [words.day(reader.locale, facts.day_zone, start) for start, _ in shown]
    more = len(facts.options) - len(shown)
    return words.listed(reader.locale, [*named, *([f"+{more}"] if more else [])])


def _moment(instant: datetime, reader: Reader, words: Language) -> str:
    return words.moment(reader.locale, reader.zone, instant)
