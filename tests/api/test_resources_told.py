"""Who is told what of rooms and equipment: mails, entries, the invitee's page (X27)."""

from typing import Any

import pytest

from tests.api.test_resources import CHANGE, NINE, make, require
from tests.installation import Host, Installation
from tests.radicale import Radicale
from tests.world import PLACE

pytestmark = pytest.mark.anyio

SEEN = "query ($secret: String!) { bookingByLink(token: $secret) { resourceNames place { details } } }"
STREET: dict[str, object] = {"kind": "IN_PERSON", "details": "12 High Street", "choices": []}


def told(house: Installation, address: str) -> str:
    """Give the words of the last mail to somebody, on one line."""
    return " ".join(house.mails_to(address)[-1].part("text/plain").split())


async def test_invitees_are_told_what_is_public_and_hosts_all(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """The room is where people meet in person; elsewhere, and of equipment, it is said beside the place."""
    oak, lab = await make(house, ada, "Oak"), await make(house, ada, "Lab")
    beamer = await make(house, ada, "Beamer", "EQUIPMENT")
    for public in (oak, beamer):
        await house.ask(CHANGE, ada.token, input={"id": public, "isPublic": True})
    there = await house.page(ada, place=STREET)
    online = await house.page(ada, place=PLACE)
    for slug in (there, online):
        await require(house, ada, slug, [oak], [lab], [beamer])

    booked = await house.book(there, NINE)
    await house.work()
    in_person = told(house, "grace@example.org"), told(house, ada.email)
    entries = b"".join(radicale.stored().values()).replace(b"\r\n ", b"").decode()
    seen: dict[str, Any] = (await house.ask(SEEN, secret=booked["manageToken"]))["bookingByLink"]
    await house.book(online, "2026-03-30T08:00:00Z")
    await house.work()
    elsewhere = told(house, "grace@example.org"), told(house, ada.email)

    assert "Oak, 12 High Street" in in_person[0]
    assert "Lab" not in in_person[0] + elsewhere[0]
    assert "Oak, Lab, 12 High Street" in in_person[1]
    assert all("Rooms and equipment: Beamer" in text for text in in_person)
    assert "Rooms and equipment: Oak and Beamer" in elsewhere[0]
    assert "Rooms and equipment: Oak, Lab, and Beamer" in elsewhere[1]
    assert "LOCATION:Oak\\, Lab\\, 12 High Street" in entries
    assert "Rooms and equipment: Beamer" in entries
    assert seen == {"resourceNames": ["Oak", "Beamer"], "place": {"details": "12 High Street"}}
