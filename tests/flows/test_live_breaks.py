"""What those who watch a page are told when showing it fails by a defect of ours."""

import pytest

from tests.installation import CHANGED, Installation
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}


async def test_who_watches_is_told_when_a_feed_breaks_and_does_not_wait_for_ever(
    house: Installation, radicale: Radicale
) -> None:
    """X01: by an incident's number and no more; the next who asks is not bound to the broken feed."""
    ada = await house.sign_up()
    await house.connect_calendar(ada, radicale)
    slug = await house.page(ada)
    sound = (await house.rows("SELECT rules::text FROM booking_pages"))[0][0]

    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        await feed.next()
        await house.rows_changed("UPDATE booking_pages SET rules = '{}'")
        await house.connect_calendar(ada, radicale)
        broken = await feed.message()
    await house.rows_changed("UPDATE booking_pages SET rules = CAST(:rules AS jsonb)", rules=sound)
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        whole = (await feed.next())["openSlotsChanged"]

    assert (broken["type"], broken["payload"][0]["extensions"]["code"]) == ("error", "INTERNAL")
    assert "rules" not in str(broken)
    assert whole["__typename"] == "OpenSlotsState"
