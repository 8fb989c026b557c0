"""The main job from end to end: a stranger books at a host's page, and both see it everywhere."""

from datetime import datetime

import pytest
from icalendar import Calendar

from tests.flows.deployment import (
    Deployment,
    address_of,
    book,
    booking_of,
    hold,
    hold_of,
    link_in,
    starts,
    starts_of,
    window,
)
from tests.flows.processes import Api, Worker
from tests.installation import CANCEL, CHANGED

pytestmark = pytest.mark.anyio

PROFILE = """query ($handle: String!) {
  profile(handle: $handle) { name pages { slug name } } }"""


async def test_a_stranger_holds_books_and_cancels_and_everybody_sees_it(
    deployment: Deployment, api: Api, worker: Worker
) -> None:
    """R002, R003, R004, R008, R013, R042, R066, R068, R115, R135, X01, D02, D14; I2, I9."""
    ada = await deployment.host(api)
    slug = await ada.page(api)
    profile = await api.ask(PROFILE, handle=ada.host.handle)
    free = await starts(api, slug)
    wanted = booking_of(slug, free[0])

    async with api.feed(CHANGED, slug=slug, window=window()) as feed:
        state = (await feed.next())["openSlotsChanged"]
        held = await hold(api, hold_of(slug, free[0]))
        gone = (await feed.next())["openSlotsChanged"]
        booked = await book(api, {**wanted, "hold": held["hold"]["token"]})
        await deployment.settled()
        entries = ada.entries()
        to_guest = await deployment.mail_to(address_of(wanted))
        to_host = await deployment.mail_to(ada.host.email, 2)
        cancelled = await api.ask(CANCEL, input={"token": link_in(to_guest), "reason": "I am ill"})
        back = (await feed.next())["openSlotsChanged"]
        await deployment.settled()

    assert profile["profile"] == {"name": "Ada", "pages": [{"slug": slug, "name": "Intro"}]}
    assert starts_of(state["slots"]) == free
    assert starts_of(gone["removed"]) == [free[0]]
    assert booked["booking"]["state"] == "CONFIRMED"
    assert [_starts_of(entry) for entry in entries] == [[datetime.fromisoformat(free[0])]]
    assert _starts_of(to_guest.part("text/calendar")) == [datetime.fromisoformat(free[0])]
    assert _starts_of(to_host.part("text/calendar")) == [datetime.fromisoformat(free[0])]
    assert cancelled["bookingCancel"]["booking"]["state"] == "CANCELLED"
    assert starts_of(back["added"]) == [free[0]]
    assert await starts(api, slug) == free
    assert ada.entries() == []
    assert "METHOD:CANCEL" in deployment.mails_to(address_of(wanted))[1].part("text/calendar")


async def test_who_watches_over_sse_sees_a_booking_too(
    deployment: Deployment, api: Api, worker: Worker
) -> None:
    """X01, D02."""
    ada = await deployment.host(api)
    slug = await ada.page(api)
    free = await starts(api, slug)

    async with api.events(CHANGED, slug=slug, window=window()) as events:
        state = (await anext(events))["openSlotsChanged"]
        await book(api, booking_of(slug, free[2]))
        gone = (await anext(events))["openSlotsChanged"]

    assert starts_of(state["slots"]) == free
    assert starts_of(gone["removed"]) == [free[2]]


def _starts_of(text: str) -> list[object]:
    """Read when the meetings in a calendar file begin, with a parser that is not ours."""
    calendar = Calendar.from_ical(text)
    assert isinstance(calendar, Calendar)
    return [event.start for event in calendar.events]
