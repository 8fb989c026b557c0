"""The letters to those who wait for a slot: that they do, that it is theirs to take, that they are off."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from domain.addresses import cleaned
from domain.notifications import Reader, Telling
from services.mails.language import Language
from services.mails.letters import Letter, Row, greeting

_MAX_SUBJECT = 180
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class WaitingFacts:
    """What is said to somebody who waits: for what, in which place, and until when an offer stands."""

    waiter: str
    page_name: str
    start: datetime
    end: datetime
    place: int | None = None
    until: datetime | None = None


def waiting_letter(
    telling: Telling, facts: WaitingFacts, url: str, reader: Reader, words: Language
) -> Letter:
    """Write what a mail about a queue says."""
    say = partial(words.translate, reader.locale)
    page = cleaned(facts.page_name)[:_MAX_NAME]
    when = words.interval(reader.locale, reader.zone, facts.start, facts.end)
    day = words.day(reader.locale, reader.zone, facts.start)
    if telling is Telling.OFFERED and facts.until is not None:
        heading = say("The time you wait for is free")
        lead = say("It is kept for you. Take it in time: after that it goes to whoever is next.")
        extra = (Row(say("Kept until"), words.moment(reader.locale, reader.zone, facts.until)),)
        button = say("Take this time")
    elif telling is Telling.REMOVED:
        heading = say("You are not on the waitlist any more")
        lead = say("The host has taken you off the waitlist for this time.")
        extra, button = (), say("See your place")
    else:
        heading = say("You are on the waitlist")
        lead = say("As soon as this time is free and it is your turn, we keep it for you and write to you.")
        extra = (Row(say("Your place"), str(facts.place)),) if facts.place else ()
        button = say("See your place")
    return Letter(
        language=words.language(reader.locale),
        subject=say("{heading}: {page}, {day}", heading=heading, page=page, day=day)[:_MAX_SUBJECT],
        heading=heading,
        greeting=greeting(reader, say),
        lead=lead,
        preview=f"{page} · {when}",
        note=say(
            "You get this mail because this address was put on a waitlist. Ignore it if that was not you."
        ),
        rows=(Row(say("What"), page), Row(say("When"), when), *extra),
        button=button,
        button_url=url,
    )
