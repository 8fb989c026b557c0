"""Letters of standing in: the question to a colleague, and the word to a host that they do not."""

from datetime import timedelta
from functools import partial

from domain.absences import Absence
from domain.addresses import cleaned, has_link
from domain.intervals import instant_of
from domain.notifications import Reader
from services.mails.language import Language
from services.mails.letters import Letter, Row, greeting

_MAX_NAME = 100
_MAX_SUBJECT = 180
_MINUTE = timedelta(minutes=1)


def stand_in_asked_letter(absence: Absence, host: str, url: str, reader: Reader, words: Language) -> Letter:
    """Write what somebody is asked who is to stand in for a colleague; the reason is not told."""
    say = partial(words.translate, reader.locale)
    lead = say("{host} is away and asks you to stand in.", host=_plain(host) or say("A colleague"))
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
    name = _plain(colleague) or say("A colleague")
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


def _dates(absence: Absence, reader: Reader, words: Language) -> tuple[Row, ...]:
    """Give the dates as they are where the absence is: it has whole days there."""
    say = partial(words.translate, reader.locale)
    zone, (start, end) = absence.dates.zone, absence.dates.span
    first = words.day(reader.locale, zone, instant_of(start))
    last = words.day(reader.locale, zone, instant_of(end) - _MINUTE)
    return (Row(say("First day"), first), Row(say("Last day"), last))


def _plain(name: str) -> str:
    short = cleaned(name)[:_MAX_NAME]
    return "" if has_link(short) else short
