"""What is posted to the hooks: storms, forgeries, what comes late or in another order, what is too long."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests import serving
from tests.api.watched import HALF, START, UNHEARD, WATCHED, booked, captured, ping, post
from tests.street import HOST, PROVIDERS, Street

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_storm_of_pings_is_one_look(street: Street, provider: str) -> None:
    """Case 191: a hundred times the same, and then late again."""
    one = await booked(street, provider)
    street.clock.turn(seconds=10)
    before = one.hand.reads()
    posts = await captured(one, provider)

    statuses = await asyncio.gather(*(post(one, *posts) for _ in range(100)))
    await street.house.work()

    assert set(statuses) <= {202, 204}
    assert one.hand.reads() - before <= 2  # at Microsoft a look may need two calls
    assert (await one.booking())["state"] == "CONFIRMED"
    looks = "SELECT number FROM looks"
    [(number,)] = await street.house.rows(looks)
    await post(one, *posts)
    await post(one, *posts)
    assert await street.house.rows(looks) == [(number + 1,)]
    due = await street.house.rows("SELECT max(due_at) FROM effects WHERE kind = 'look'")
    assert due == [(street.clock.now + timedelta(seconds=10),)]


async def test_order_and_age_of_pings_do_not_matter(street: Street) -> None:
    """Case 191: of a move and a deletion whose pings come reversed and two days late, the deletion holds."""
    one = await booked(street, "MICROSOFT")
    graph: Any = street.fakes["MICROSOFT"]
    watching = graph.watching
    street.clock.turn(seconds=10)
    deliver, watching.deliver = watching.deliver, _nothing
    await one.hand.moves(START + HALF, START + 2 * HALF)
    await one.hand.deletes()
    watching.notices.reverse()
    watching.deliver = deliver

    street.clock.turn(hours=36)
    await one.hand.pings()
    await street.house.work()

    assert (await one.booking())["state"] == "CANCELLED"
    assert one.told("grace@example.org", "cancelled") == 1


@pytest.mark.parametrize("provider", WATCHED)
async def test_forged_ping_does_nothing_and_is_answered_like_any_other(street: Street, provider: str) -> None:
    """Case 191: an unknown watch, another token, another account's watch."""
    one = await booked(street, provider)
    eve = await street.house.sign_up("Eve")
    await street.connect(eve, provider)
    await street.house.work()
    street.clock.turn(seconds=10)
    before = await street.house.rows("SELECT id, number, look_at FROM looks ORDER BY id")
    [(mine,), (hers,)] = await street.house.rows("SELECT remote_id FROM watches ORDER BY created_at")

    statuses = [
        await post(one, *ping(provider, watch, "a-token-that-nobody-gave"))
        for watch in (mine, hers, "4a1c", "x" * 64)
    ]

    assert set(statuses) == {202 if provider == "MICROSOFT" else 204}
    assert await street.house.rows("SELECT id, number, look_at FROM looks ORDER BY id") == before


async def test_unsigned_and_old_events_of_zoom_do_nothing(street: Street) -> None:
    """Case 191: without the signature, with one of another body, and two days late."""
    one = await booked(street, "ZOOM")
    zoom: Any = street.fakes["ZOOM"]
    street.clock.turn(seconds=10)
    body = zoom.webhooks._body(  # what Zoom would have sent
        "calendar.event_delete", {"object": {"resource_id": HOST, "event_id": "e1"}}
    )
    other = zoom.webhooks.signed(b"{}")
    old = zoom.webhooks.signed(body)
    before = await street.house.rows("SELECT number, look_at FROM looks")

    answers = [await post(one, "zoom", {}, body), await post(one, "zoom", other, body)]
    street.clock.turn(hours=48)
    answers.append(await post(one, "zoom", old, body))

    assert answers == [204, 204, 204]
    assert await street.house.rows("SELECT number, look_at FROM looks") == before


async def test_access_that_is_taken_away_at_zoom_is_noticed_by_its_event(street: Street) -> None:
    """R059: before anybody looks at the page; other accounts are not touched."""
    one = await booked(street, "ZOOM")
    zoom: Any = street.fakes["ZOOM"]

    zoom.uninstalls(HOST)
    await one.hand.pings()
    await street.house.work()

    seen = (await street.house.ask(UNHEARD, one.host.token))["calendarConnections"]
    assert [connection["state"] for connection in seen] == ["NEEDS_RECONNECTION"]


async def test_hooks_read_no_more_than_a_ping_can_be(street: Street) -> None:
    """A body of a megabyte is refused unread, a path of nobody's is not there, and a GET asks nothing."""
    base = f"http://127.0.0.1:{street.house.port}/hooks"
    async with serving.client() as client:
        large = await client.post(f"{base}/microsoft", content=b"x" * 1_000_000)
        nobody = await client.post(f"{base}/ics", content=b"{}")
        asked = await client.get(f"{base}/microsoft?validationToken=abc")
        proved = await client.post(f"{base}/microsoft?validationToken=abc%20d%3Cscript%3E")
        odd = await client.post(f"{base}/microsoft", content=b'{"value": [{"subscriptionId": "\\ud800"}]}')

    assert (large.status_code, nobody.status_code, asked.status_code) == (413, 404, 405)
    assert proved.headers["content-type"].startswith("text/plain")
    assert (proved.text, proved.headers["x-content-type-options"]) == ("abc d<script>", "nosniff")
    assert odd.status_code == 202


async def _nothing() -> None:
    return None
