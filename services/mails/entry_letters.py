"""The letter to a host whose booking stands in none of their calendars: what it is, and what to do."""

from functools import partial

from domain.addresses import cleaned
from domain.notifications import Reader, UnwrittenEntry
from services.mails.language import Language
from services.mails.letters import Letter, Row, greeting

_MAX_SUBJECT = 180
_MAX_NAME = 100


def unwritten_letter(unwritten: UnwrittenEntry, url: str, reader: Reader, words: Language) -> Letter:
    """Write what a mail says about a booking whose calendar went before it was written there."""
    say = partial(words.translate, reader.locale)
    page = cleaned(unwritten.page_name)[:_MAX_NAME]
    day = words.day(reader.locale, reader.zone, unwritten.start)
    heading = say("This booking is in none of your calendars")
    advice = say("Note it yourself, and connect a calendar that receives your bookings.")
    return Letter(
        language=words.language(reader.locale),
        subject=say("{heading}: {page}, {day}", heading=heading, page=page, day=day)[:_MAX_SUBJECT],
        heading=heading,
        greeting=greeting(reader, say),
        lead=say(
            "The calendar was disconnected before the booking could be written into it, and no other "
            "receives your bookings. The booking itself stands."
        ),
        preview=advice,
        note=say("You get this mail because you are a host of this booking."),
        rows=(
            Row(say("What"), page),
            Row(say("When"), words.interval(reader.locale, reader.zone, unwritten.start, unwritten.end)),
            Row(say("What to do"), advice),
        ),
        button=say("See the booking"),
        button_url=url,
    )
