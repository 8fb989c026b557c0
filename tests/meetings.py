"""Meetings as tests see them: on the booking, in mails, and as they stand at the three providers."""

from datetime import datetime
from typing import Any

from app.mailbox.store import StoredMail
from tests.installation import Host
from tests.street import HOST, Street

DAY = "2026-03-30"  # the Monday after Europe's clocks went forward
NINE, ELEVEN = f"{DAY}T09:00:00Z", f"{DAY}T11:00:00Z"
GUEST = "grace@example.org"
KINDS = {"ZOOM": "ZOOM_MEETING", "GOOGLE": "GOOGLE_MEET", "MICROSOFT": "TEAMS"}
NAMES = {"ZOOM": "Zoom", "GOOGLE": "Google Meet", "MICROSOFT": "Microsoft Teams"}
WRITES = {
    "ZOOM": ("createMeeting", "createMeeting"),
    "GOOGLE": ("events.insert", "events.patch"),
    "MICROSOFT": ("event.create", "event.update"),
}
FOLLOWS = "The link follows."
BOOKINGS = """{ bookings(first: 10) { nodes { id state meeting { kind state joinUrl failure } } } }"""
BY_LINK = """query ($secret: String!) { bookingByLink(token: $secret) { state
  meeting { kind state joinUrl } } }"""
RETRY = """mutation ($input: BookingMeetingRetryInput!) { bookingMeetingRetry(input: $input) { __typename
  ... on BookingPayload { booking { meeting { state failure } } } ... on Error { code } } }"""


async def settled(street: Street, rounds: int = 4) -> None:
    """Do what is due, and what is due some seconds later."""
    for _ in range(rounds):
        await street.house.work()
        street.clock.turn(seconds=3)


async def booked(street: Street, provider: str) -> tuple[Host, str]:
    """Let a host of a provider offer a page with its meetings, and a guest book it; the link's secret."""
    host = await street.house.sign_up()
    await street.connect(host, provider)
    return host, await booked_on(street, host, place={"kind": KINDS[provider]})


async def booked_on(street: Street, host: Host, **settings: Any) -> str:
    """Book nine o'clock on a new page; the link's secret."""
    slug = await street.house.page(host, **settings)
    made = await street.house.book(slug, NINE)
    assert made["__typename"] == "BookingCreatePayload", made
    return made["manageToken"]


async def shown(street: Street, host: Host) -> dict[str, Any]:
    """Give the meeting of the host's only booking, as the host sees it."""
    [booking] = (await street.house.ask(BOOKINGS, host.token))["bookings"]["nodes"]
    return booking["meeting"]


async def seen(street: Street, token: str) -> dict[str, Any]:
    """Give the meeting of a booking as its invitee sees it."""
    return (await street.house.ask(BY_LINK, secret=token))["bookingByLink"]["meeting"]


def links(street: Street, provider: str) -> list[str]:
    """List the links of the meetings that stand at a provider."""
    fake: Any = street.fakes[provider]
    if provider == "ZOOM":
        return [meeting["join_url"] for meeting in fake.accounts[HOST].meetings.values()]
    if provider == "GOOGLE":
        standing = fake.calendars[HOST].standing()
        return [event["hangoutLink"] for event in standing if "hangoutLink" in event]
    events = fake.mailboxes[HOST].calendars[0].events.values()
    return [event.meeting for event in events if event.meeting]


def entries(street: Street, provider: str) -> list[tuple[datetime, str]]:
    """List when our entries begin at a provider, and where they say that it is."""
    fake: Any = street.fakes[provider]
    if provider == "MICROSOFT":
        events = fake.mailboxes[HOST].calendars[0].events.values()
        return [(event.start, event.properties["location"]["displayName"]) for event in events]
    calendar = fake.calendars[HOST] if provider == "GOOGLE" else fake.calendar(HOST)
    standing = [event for event in calendar.events.values() if event["status"] != "cancelled"]
    return [(datetime.fromisoformat(event["start"]["dateTime"]), event["location"]) for event in standing]


def mails(street: Street, address: str, words: str) -> list[StoredMail]:
    """List the mails to an address whose subject has these words."""
    return [mail for mail in street.house.mails_to(address) if words in str(mail.summary["subject"])]


def text(mail: StoredMail) -> str:
    """Give what a mail says."""
    return mail.part("text/plain")
