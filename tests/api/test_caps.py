"""Caps over the API: what was booked counts until its day, week, month or year is over, not until it is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.test_availability import page_id
from tests.installation import CANCEL, Host, Installation
from tests.teams import RULES

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
NINE, TEN, THREE = (f"2026-03-30T{at}:00Z" for at in ("07:00", "08:00", "13:00"))
TUESDAY = "2026-03-31T07:00:00Z"
EXPLAIN = """query ($page: ID!, $start: Instant!) { explainSlot(pageId: $page, start: $start) {
  refusals { rule host { handle } } } }"""


async def refusals(house: Installation, host: Host) -> list[dict[str, Any]]:
    """Say why the host's first page does not offer three o'clock."""
    page = await page_id(house, host)
    return (await house.ask(EXPLAIN, host.token, page=page, start=THREE))["explainSlot"]["refusals"]


@pytest.mark.parametrize("whose", ["page", "host"])
async def test_a_morning_that_is_over_still_counts(house: Installation, ada: Host, whose: str) -> None:
    """X16: in slots, bookings and explanations, by the page's cap and by the host's own over all pages."""
    of_page: dict[str, Any] = {"page": {"caps": {"perDay": 2}}, "host": {}}[whose]
    slug = await house.page(ada, **of_page)
    morning = {"page": slug, "host": await house.page(ada)}[whose]
    of_host: dict[str, Any] = {"page": {}, "host": {"caps": {"perDay": 2}}}[whose]
    await house.ask(RULES, ada.token, input=of_host)
    cancelled = await house.book(morning, "2026-03-30T09:00:00Z")
    await house.ask(CANCEL, input={"token": cancelled["manageToken"]})
    for start in (NINE, TEN):
        assert (await house.book(morning, start))["__typename"] == "BookingCreatePayload"
    house.clock.now = MONDAY.replace(hour=9)

    await house.parts.services.bookings.keeping.finish_past()
    explained = await refusals(house, ada)

    assert await house.rows("SELECT state, count(*) FROM bookings GROUP BY 1 ORDER BY 1") == [
        ("cancelled", 1),
        ("done", 2),
    ]
    assert await house.starts(slug, MONDAY) == []
    assert (await house.book(slug, THREE))["__typename"] == "SlotTakenError"
    assert explained == [{"rule": "CAP", "host": {"page": None, "host": {"handle": ada.handle}}[whose]}]
    assert (await house.book(slug, TUESDAY))["__typename"] == "BookingCreatePayload"
    await house.rows_changed("UPDATE bookings SET state = 'no_show' WHERE state = 'done'")
    assert await refusals(house, ada) == explained
    await house.rows_changed("UPDATE bookings SET state = 'declined' WHERE state = 'no_show'")
    assert await refusals(house, ada) == []
