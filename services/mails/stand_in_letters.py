"""Letters of standing in: the question to a colleague, and the word to either that it is over."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from domain.absences import Absence
from domain.intervals import instant_of
from domain.notifications import Reader
from services.mails.language import Language
from services.mails.letters import Letter, Row, greeting, plain_name

_MAX_SUBJECT = 180
_MINUTE = timedelta(minutes=1)


def stand_in_asked_letter(absence: Absence, host: str, url: str, reader: Reader, words: Language) -> Letter:
    """Write what somebody is asked who is to stand in for a colleague; the reason is not told."""
    say = partial(words.translate, reader.locale)
    lead = say("{host} is away and asks you to stand in.", host=plain_name(host) or say("A colleague"))
    return Letter(
        language=words.language(reader.locale),
        subject=lead[:_MAX_SUBJECT],
        heading=say("Stand in for a colleague"),
        greeting=greeting(reader, say),
        lead=f"{lead} {say('If you agree, visitors of their pages are shown a page of yours.')}",
        preview=lead,
        note=say(
            "If you do not want to, decline, or ignore this mail: nobody is shown anything of you then."
        ),
        rows=_dates(absence, reader, words),
        button=say("Answer"),
        button_url=url,
    )


def stand_in_declined_letter(
    absence: Absence, colleague: str, url: str, reader: Reader, words: Language
) -> Letter:
    """Write what a host is told for whom somebody does not stand in, or not any more."""
    say = partial(words.translate, reader.locale)
    name = plain_name(colleague) or say("A colleague")
    lead = say("{colleague} does not stand in for you while you are away.", colleague=name)
    return Letter(
        language=words.language(reader.locale),
        subject=lead[:_MAX_SUBJECT],
        heading=say("Nobody stands in for you"),
        greeting=greeting(reader, say),
        lead=lead,
        preview=lead,
        note=say("Visitors of your pages are told until when you are away. You can ask somebody else."),
        rows=_dates(absence, reader, words),
        button=say("See your absences"),
        button_url=url,
    )


def stand_in_over_letter(
    left: Sequence[Absence], host: str, url: str, reader: Reader, words: Language
) -> Letter:
    """Write what somebody is told who had agreed to stand in and need not; `left` is what they still do."""
    say = partial(words.translate, reader.locale)
    name = plain_name(host) or say("A colleague")
    lead = say("{host} does not need you to stand in any more, as you had agreed.", host=name)
    return Letter(
        language=words.language(reader.locale),
        subject=lead[:_MAX_SUBJECT],
        heading=say("You stand in no more"),
        greeting=greeting(reader, say),
        lead=lead,
        preview=lead,
        note=say("For these dates you are still asked, or have agreed, to stand in for them.")
        if left
        else say("Visitors of their pages are shown no page of yours now."),
        rows=tuple(row for absence in left for row in _dates(absence, reader, words)),
        button=say("See what you stand in for"),
        button_url=url,
    )


def _dates(absence: Absence, reader: Reader, words: Language) -> tuple[Row, ...]:
    """Give the dates as they are where the absence is: it has whole days there."""
    say = partial(words.translate, reader.locale)
    zone, (start, end) = absence.dates.zone, absence.dates.span
    first = words.day(reader.locale, zone, instant_of(start))
    last = words.day(reader.locale, zone, instant_of(end) - _MINUTE)
    return (Row(say("First day"), first), Row(say("Last day"), last))
