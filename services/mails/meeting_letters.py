"""The letter to a host whose meeting could not be made: what failed, and what to do."""

from functools import partial

from domain.addresses import cleaned
from domain.booking_pages import PlaceKind
from domain.meetings import NAMES, NO_ACCOUNT, WITH_ENTRY, FailedMeeting
from domain.notifications import Reader
from services.mails.language import Language
from services.mails.letters import Letter, Row, greeting

_MAX_SUBJECT = 180
_MAX_NAME = 100
_NO_CALENDAR = frozenset(code for _, _, code in WITH_ENTRY.values())
_CONSENT = frozenset(
    {"needs_reconnection", "scope_missing", "access_refused", "grant_ended", "credentials_refused"}
)


def meeting_failed_letter(failed: FailedMeeting, url: str, reader: Reader, words: Language) -> Letter:
    """Write what a mail says about a meeting that is given up; nothing takes its place by itself."""
    say = partial(words.translate, reader.locale)
    name = NAMES[failed.kind]
    page = cleaned(failed.page_name)[:_MAX_NAME]
    day = words.day(reader.locale, reader.zone, failed.start)
    heading = say("There is no meeting yet")
    return Letter(
        language=words.language(reader.locale),
        subject=say("{heading}: {page}, {day}", heading=heading, page=page, day=day)[:_MAX_SUBJECT],
        heading=heading,
        greeting=greeting(reader, say),
        lead=say(
            "The {name} meeting of this booking could not be made or moved. The booking itself stands, and "
            "the invitee gets the link as soon as there is one.",
            name=name,
        ),
        preview=_advice(failed, words, reader),
        note=say("You get this mail because you are a host of this booking."),
        rows=(
            Row(say("What"), page),
            Row(say("When"), words.interval(reader.locale, reader.zone, failed.start, failed.end)),
            Row(say("What to do"), _advice(failed, words, reader)),
        ),
        button=say("See the booking"),
        button_url=url,
    )


def _advice(failed: FailedMeeting, words: Language, reader: Reader) -> str:
    say = partial(words.translate, reader.locale)
    name = NAMES[failed.kind]
    if failed.failure == NO_ACCOUNT:
        return say("Connect your Zoom account: the meeting is then made by itself.")
    if failed.failure in _NO_CALENDAR:
        owner = "Google" if failed.kind is PlaceKind.GOOGLE_MEET else "Microsoft"
        return say(
            "{name} meetings are made in a calendar of {owner} that receives your bookings. Choose another "
            "place on the booking page, and send the invitee a link of your own.",
            name=name,
            owner=owner,
        )
    if failed.failure in _CONSENT:
        return say("Connect the account again and let us make meetings: the meeting is then made by itself.")
    if failed.failure == "meeting_not_offered":
        return say(
            "Your account makes no {name} meetings. Choose another place on the booking page, and send the "
            "invitee a link of your own.",
            name=name,
        )
    return say("Try again from the booking, or send the invitee a link of your own.")
