"""What hosts do in their own calendars reaches their bookings: by real pings, and without any."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.street import DAY, DISCONNECT, HOST, PROVIDERS, Street
from tests.fakes.hands import Hands, hands
from tests.fakes.kit import Fault
from tests.installation import CHANGED, RESCHEDULE, Host, stamp

pytestmark = pytest.mark.anyio

START = datetime.fromisoformat(f"{DAY}T08:00:00Z")
HALF = timedelta(minutes=30)
WATCHED = ("GOOGLE", "MICROSOFT")
BOOKINGS = """{ bookings(first: 10) { nodes { state start end invitees { cancelReason }
  entryDrifts { hostName kind start end } } } }"""
UNHEARD = "{ calendarConnections { state unheardSince } }"


@dataclass(frozen=True)
class Booked:
    """A host with one booking, whose entry stands, and their hands in the calendar."""

    street: Street
    host: Host
    hand: Hands
    slug: str
    connection_id: str
    token: str

    async def later(self, **by: float) -> None:
        """Let ten seconds pass, so that the next look may begin, and do what is due."""
        self.street.clock.turn(**(by or {"seconds": 10}))
        await self.street.house.work()

    async def booking(self) -> dict[str, Any]:
        """Give the booking as its host sees it."""
        [node] = (await self.street.house.ask(BOOKINGS, self.host.token))["bookings"]["nodes"]
        return node

    def told(self, address: str, word: str) -> int:
        """Count the mails to an address with a word in their subject."""
        mails = self.street.house.mails_to(address)
        return len([mail for mail in mails if word in str(mail.summary["subject"]).lower()])

    async def watches(self) -> list[tuple[Any, ...]]:
        """List states and ends of all watches that are stored, oldest first."""
        return await self.street.house.rows(
            "SELECT state, ends_at, failures FROM watches ORDER BY created_at, id"
        )


async def booked(street: Street, provider: str, start: datetime = START, **settings: Any) -> Booked:
    """Connect, book, and let everything be written and watched."""
    house = street.house
    host = await house.sign_up()
    connection = await street.connect(host, provider)
    await house.work()
    hand = await hands(street.fakes, provider, HOST, f"http://127.0.0.1:{house.port}")
    slug = await house.page(host, **settings)
    made = await house.book(slug, stamp(start))
    await house.work()
    await hand.pings()
    await house.work()
    return Booked(street, host, hand, slug, connection["id"], made["manageToken"])


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_entry_that_its_host_deletes_cancels_the_booking_and_everybody_is_told(
    street: Street, provider: str
) -> None:
    """R111: one ping, one look; nothing is deleted once more."""
    one = await booked(street, provider)
    street.clock.turn(seconds=10)

    await one.hand.deletes()
    await street.house.work()

    assert (await one.booking())["state"] == "CANCELLED"
    assert one.told("grace@example.org", "cancelled") == 1
    assert one.told(one.host.email, "cancelled") == 1
    assert await street.house.rows("SELECT DISTINCT cancelled_by FROM invitees") == [("calendar",)]
    assert await street.house.rows("SELECT state FROM entries") == [("removed",)]
    fake = street.fakes[provider]
    assert fake.asked("events.delete", "event.delete", "deleteEvent") == []
    assert await street.house.starts(one.slug, START.replace(hour=0)) != []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_entry_that_its_host_moves_is_shown_and_the_booking_stays(
    street: Street, provider: str
) -> None:
    """X13: off unless the page says so; put back, nothing is shown any more."""
    one = await booked(street, provider)
    street.clock.turn(seconds=10)

    await one.hand.moves(START + HALF, START + 2 * HALF)
    await street.house.work()
    moved = await one.booking()
    street.clock.turn(seconds=10)
    await one.hand.moves(START, START + HALF)
    await street.house.work()

    assert (moved["state"], moved["start"]) == ("CONFIRMED", stamp(START))
    assert moved["entryDrifts"] == [
        {
            "hostName": "Ada",
            "kind": "MOVED",
            "start": stamp(START + HALF),
            "end": stamp(START + 2 * HALF),
        }
    ]
    assert (await one.booking())["entryDrifts"] == []
    assert one.told("grace@example.org", "moved") == 0


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_entry_that_its_host_moves_moves_the_booking_where_the_page_says_so(
    street: Street, provider: str
) -> None:
    """X13: by the rules, once, and the entry is left where it is."""
    one = await booked(street, provider, followsCalendar=True)
    street.clock.turn(seconds=10)

    await one.hand.moves(START + HALF, START + 2 * HALF)
    await street.house.work()
    await one.hand.pings()
    await one.later()

    moved = await one.booking()
    assert (moved["start"], moved["entryDrifts"]) == (stamp(START + HALF), [])
    assert await street.house.rows(
        "SELECT count(*) FROM effects WHERE kind = 'tell_invitee_rescheduled'"
    ) == [(1,)]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START.replace(hour=3), START.replace(hour=3) + HALF),  # outside the hours
        (START + HALF, START + 3 * HALF),  # another length
    ],
)
async def test_move_that_the_rules_forbid_is_shown(street: Street, start: datetime, end: datetime) -> None:
    """X13."""
    one = await booked(street, "GOOGLE", followsCalendar=True)
    street.clock.turn(seconds=10)

    await one.hand.moves(start, end)
    await street.house.work()

    stands = await one.booking()
    assert (stands["state"], stands["start"]) == ("CONFIRMED", stamp(START))
    assert [drift["start"] for drift in stands["entryDrifts"]] == [stamp(start)]


async def test_drift_ends_with_the_next_reschedule(street: Street) -> None:
    """The entry is then written anew, where the booking is."""
    one = await booked(street, "GOOGLE")
    street.clock.turn(seconds=10)
    await one.hand.moves(START + HALF, START + 2 * HALF)
    await street.house.work()

    await street.house.ask(RESCHEDULE, input={"token": one.token, "start": stamp(START + 4 * HALF)})
    await one.later()

    stands = await one.booking()
    assert (stands["start"], stands["entryDrifts"]) == (stamp(START + 4 * HALF), [])


async def test_deletion_in_a_calendar_that_is_gone_as_a_whole_cancels_nothing(street: Street) -> None:
    """What cannot be known is not acted upon."""
    one = await booked(street, "ZOOM")
    zoom: Any = street.fakes["ZOOM"]
    street.clock.turn(seconds=10)
    [(entry_id,)] = await street.house.rows("SELECT remote_id FROM entries")
    zoom.accounts[HOST].calendars.clear()

    zoom.webhooks.calendar("delete", zoom.accounts[HOST], HOST, entry_id)
    await one.hand.pings()
    await street.house.work()

    assert (await one.booking())["state"] == "CONFIRMED"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_storm_of_pings_is_one_look(street: Street, provider: str) -> None:
    """Case 191: a hundred times the same, and then late again."""
    one = await booked(street, provider)
    street.clock.turn(seconds=10)
    before = one.hand.reads()
    posts = await _captured(one, provider)

    statuses = await asyncio.gather(*(_post(one, *posts) for _ in range(100)))
    await street.house.work()

    assert set(statuses) <= {202, 204}
    assert one.hand.reads() - before <= 2  # at Microsoft a look may need two calls
    assert (await one.booking())["state"] == "CONFIRMED"
    looks = "SELECT number FROM looks"
    [(number,)] = await street.house.rows(looks)
    await _post(one, *posts)
    await _post(one, *posts)
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
        await _post(one, *_ping(provider, watch, "a-token-that-nobody-gave"))
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

    answers = [await _post(one, "zoom", {}, body), await _post(one, "zoom", other, body)]
    street.clock.turn(hours=48)
    answers.append(await _post(one, "zoom", old, body))

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


@pytest.mark.parametrize("provider", WATCHED)
async def test_watch_is_renewed_when_two_thirds_of_its_life_are_over(street: Street, provider: str) -> None:
    """R112, case 192: before the last ends, and of two channels the old one is stopped."""
    one = await booked(street, provider, START + timedelta(days=10))
    [(state, ends_at, _)] = await one.watches()
    assert state == "live"
    assert ends_at - street.clock.now > timedelta(days=6, hours=23)

    street.clock.turn(days=4)
    assert await street.house.parts.services.watching.keep() == 0
    street.clock.turn(hours=17)
    assert await street.house.parts.services.watching.keep() == 1
    await street.house.work()

    [(state, renewed, failures)] = await one.watches()
    assert (state, failures) == ("live", 0)
    assert renewed > ends_at
    assert _standing(street, provider) == 1
    street.clock.turn(days=3)  # the first would have ended
    await one.hand.deletes()
    await street.house.work()
    assert (await one.booking())["state"] == "CANCELLED"


@pytest.mark.parametrize("provider", WATCHED)
async def test_renewal_that_fails_is_tried_again_and_told_the_second_time(
    street: Street, provider: str
) -> None:
    """Case 192: alarm on the connection, gone when it works again."""
    one = await booked(street, provider)
    fake = street.fakes[provider]
    operations = ("events.watch", "watch", "prolong")
    for operation in operations:
        fake.fails(operation, *[Fault(status=503)] * 9)
    street.clock.turn(days=4, hours=17)

    seen: list[object] = []
    for _ in range(2):
        await street.house.parts.services.watching.keep()
        await street.house.work()
        [connection] = (await street.house.ask(UNHEARD, one.host.token))["calendarConnections"]
        seen.append(connection["unheardSince"])
        street.clock.turn(hours=1)
    fake.heals()
    street.clock.turn(hours=6)
    await street.house.parts.services.watching.keep()
    await street.house.work()

    assert seen[0] is None
    assert seen[1] is not None
    [connection] = (await street.house.ask(UNHEARD, one.host.token))["calendarConnections"]
    assert connection["unheardSince"] is None
    assert [state for state, _, _ in await one.watches()] == ["live"]


@pytest.mark.parametrize("event", ["missed", "subscriptionRemoved", "reauthorizationRequired"])
async def test_news_of_a_watch_is_followed(street: Street, event: str) -> None:
    """Case 192: what was missed is looked for, what ended begins anew, what must be renewed is."""
    one = await booked(street, "MICROSOFT")
    graph: Any = street.fakes["MICROSOFT"]
    [subscription] = graph.watching.standing.values()
    one.hand.deletes_unheard()
    street.clock.turn(days=1)

    await graph.watching.tells(event, subscription)
    await street.house.work()
    await one.later()

    assert graph.watching.answers[-1] == 202
    assert [state for state, _, _ in await one.watches()] == ["live"]
    assert len(graph.watching.standing) == 1
    is_new = subscription.id not in graph.watching.standing
    assert is_new == (event == "subscriptionRemoved")
    assert bool(graph.asked("prolong")) == (event == "reauthorizationRequired")
    cancelled = (await one.booking())["state"] == "CANCELLED"
    assert cancelled == (event != "reauthorizationRequired")


@pytest.mark.parametrize("provider", WATCHED)
async def test_disconnecting_stops_the_watches_before_the_grant_ends(street: Street, provider: str) -> None:
    """R112, case 62: nothing is heard or asked afterwards."""
    one = await booked(street, provider)
    fake: Any = street.fakes[provider]
    posts = await _captured(one, provider)
    assert _standing(street, provider) == 1

    await street.house.ask(DISCONNECT, one.host.token, input={"id": one.connection_id})
    await street.house.work()

    assert _standing(street, provider) == 0
    assert await street.house.count("watches") + await street.house.count("looks") == 0
    asked = [call.operation for call in fake.calls]
    if provider == "GOOGLE":
        assert asked.index("channels.stop") < asked.index("revoke")
    calls = len(fake.calls)
    assert await _post(one, *posts) in (202, 204)
    street.clock.turn(hours=4)
    await street.house.parts.services.watching.keep()
    await street.house.parts.services.looking.plan_overdue()
    await street.house.work()
    assert len(fake.calls) == calls


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_without_visitors_nobody_is_asked_for_busy_times_for_a_day(
    street: Street, provider: str
) -> None:
    """Case 167, D02: pings, looks and renewals ask for entries of ours, and for nothing else."""
    one = await booked(street, provider)
    before = one.hand.busy_calls()

    for _ in range(24):
        street.clock.turn(hours=1)
        await one.hand.moves(START, START + HALF)
        await street.house.parts.services.watching.keep()
        await street.house.parts.services.looking.plan_overdue()
        await street.house.work()

    assert one.hand.busy_calls() == before
    assert one.hand.reads() > 0


async def test_ping_refreshes_a_page_that_somebody_watches(street: Street) -> None:
    """D02, R111: within one ping, long before busy times would be asked for anew."""
    one = await booked(street, "GOOGLE")
    google: Any = street.fakes["GOOGLE"]
    street.clock.turn(seconds=10)
    window = {"from": stamp(START.replace(hour=0)), "to": stamp(START.replace(hour=0) + timedelta(days=1))}
    async with street.house.feed(CHANGED, slug=one.slug, window=window) as feed:
        await feed.next()

        google.calendars[HOST].add(START + 2 * HALF, START + 3 * HALF)
        await one.hand.pings()
        await street.house.work()

        event = (await feed.next())["openSlotsChanged"]
    assert event["removed"] == [{"start": stamp(START + 2 * HALF)}]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_deletion_is_found_within_hours_when_every_ping_is_lost(street: Street, provider: str) -> None:
    """Case 192, R111: our own entries are compared every three hours."""
    one = await booked(street, provider)
    one.hand.deletes_unheard()

    street.clock.turn(hours=2, minutes=50)
    assert await street.house.parts.services.looking.plan_overdue() == 0
    street.clock.turn(minutes=15)
    assert await street.house.parts.services.looking.plan_overdue() == 1
    await street.house.work()

    assert (await one.booking())["state"] == "CANCELLED"
    assert one.told("grace@example.org", "cancelled") == 1


async def test_provider_that_is_away_is_asked_again_by_the_same_look(street: Street) -> None:
    """A look is repeated with growing pauses; nothing is cancelled meanwhile."""
    one = await booked(street, "GOOGLE")
    street.clock.turn(seconds=10)
    street.fakes["GOOGLE"].fails("events.get", Fault(status=503))

    await one.hand.deletes()
    await street.house.work()
    meanwhile = (await one.booking())["state"]
    await one.later(seconds=5)

    assert meanwhile == "CONFIRMED"
    assert (await one.booking())["state"] == "CANCELLED"


async def test_hooks_read_no_more_than_a_ping_can_be(street: Street) -> None:
    """A body of a megabyte is refused unread, a path of nobody's is not there, and a GET asks nothing."""
    base = f"http://127.0.0.1:{street.house.port}/hooks"
    async with httpx.AsyncClient(trust_env=False) as client:
        large = await client.post(f"{base}/microsoft", content=b"x" * 1_000_000)
        nobody = await client.post(f"{base}/ics", content=b"{}")
        asked = await client.get(f"{base}/microsoft?validationToken=abc")
        proved = await client.post(f"{base}/microsoft?validationToken=abc%20d%3Cscript%3E")
        odd = await client.post(f"{base}/microsoft", content=b'{"value": [{"subscriptionId": "\\ud800"}]}')

    assert (large.status_code, nobody.status_code, asked.status_code) == (413, 404, 405)
    assert proved.headers["content-type"].startswith("text/plain")
    assert (proved.text, proved.headers["x-content-type-options"]) == ("abc d<script>", "nosniff")
    assert odd.status_code == 202


def _standing(street: Street, provider: str) -> int:
    fake: Any = street.fakes[provider]
    return len(fake.pushes.channels if provider == "GOOGLE" else fake.watching.standing)


async def _captured(one: Booked, provider: str) -> tuple[str, dict[str, str], bytes]:
    """Give a ping as the provider would really post it, of the first watch or account there."""
    fake: Any = one.street.fakes[provider]
    if provider == "GOOGLE":
        [channel] = fake.pushes.channels.values()
        return _ping(provider, channel.id, channel.token)
    if provider == "MICROSOFT":
        [subscription] = fake.watching.standing.values()
        return _ping(provider, subscription.id, subscription.properties["clientState"])
    [entry] = await one.street.house.rows("SELECT remote_id FROM entries")
    payload = {"object": {"resource_id": HOST, "event_id": entry[0]}}
    body: bytes = fake.webhooks._body("calendar.event_update", payload)  # as Zoom sends it
    return "zoom", fake.webhooks.signed(body), body


def _ping(provider: str, watch: str, token: str) -> tuple[str, dict[str, str], bytes]:
    if provider == "GOOGLE":
        headers = {
            "X-Goog-Channel-ID": watch,
            "X-Goog-Channel-Token": token,
            "X-Goog-Resource-State": "exists",
        }
        return "google", headers, b""
    body = (
        f'{{"value": [{{"subscriptionId": "{watch}", "clientState": "{token}", "changeType": "updated"}}]}}'
    )
    return "microsoft", {"Content-Type": "application/json"}, body.encode()


async def _post(one: Booked, hook: str, headers: dict[str, str], body: bytes) -> int:
    url = f"http://127.0.0.1:{one.street.house.port}/hooks/{hook}"
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await client.post(url, headers=headers, content=body)).status_code


async def _nothing() -> None:
    return None
