"""What Zoom's webhooks say, and whether it was Zoom: by the contract's vectors and by the fake."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import JSONResponse, Response

from integrations.ports import Ping, PingKind, Secret
from integrations.zoom import ZoomCalendars, pings
from tests.clock import TurnedClock
from tests.fakes.kit import Asked, Fake, Fault, served
from tests.fakes.zoom import ZoomFake
from tests.fakes.zoom_side import HOST, ZoomSide
from tests.integrations.test_zoom import ENTRY, FRESH, put

pytestmark = pytest.mark.anyio

SECRET = Secret("zoomsecret")
BODY = b'{"event":"meeting.started","event_ts":1700000000000,"payload":{"account_id":"A1"}}'
SIGNED = {
    "x-zm-request-timestamp": "1700000000",
    "x-zm-signature": "v0=b30ece24063cbf12dbb38c8469ab391f7063f5d8722bd9e8a85175069e449f25",
}
THEN = datetime.fromtimestamp(1_700_000_000, UTC)
ALL = [
    *(f"calendar.event_{what}" for what in ("create", "update", "delete")),
    "meeting.deleted",
    "app_deauthorized",
]


def asking(token: object) -> bytes:
    return json.dumps({"event": "endpoint.url_validation", "payload": {"plainToken": token}}).encode()


def test_signature_of_the_contract_holds() -> None:
    """Case 191."""
    assert pings.verified(SECRET, SIGNED, BODY, THEN)
    assert pings.verified(SECRET, {name.upper(): value for name, value in SIGNED.items()}, BODY, THEN)


@pytest.mark.parametrize(
    ("secret", "headers", "body", "late"),
    [
        ("zoomsecret", {}, BODY, 301),
        ("zoomsecret", {}, BODY, -301),
        ("other", {}, BODY, 0),
        ("zoomsecret", {}, BODY + b" ", 0),
        ("zoomsecret", {"x-zm-signature": ""}, BODY, 0),
        ("zoomsecret", {"x-zm-signature": "v0=\u00e9"}, BODY, 0),
        ("zoomsecret", {"x-zm-signature": SIGNED["x-zm-signature"].upper()}, BODY, 0),
        ("zoomsecret", {"x-zm-request-timestamp": "1700000001"}, BODY, 0),
        ("zoomsecret", {"x-zm-request-timestamp": "1700000000000"}, BODY, 0),
        ("zoomsecret", {"x-zm-request-timestamp": ""}, BODY, 0),
        ("zoomsecret", {"x-zm-request-timestamp": "\u0661"}, BODY, 0),
    ],
)
def test_what_zoom_did_not_sign_just_now_is_refused(
    secret: str, headers: dict[str, str], body: bytes, late: int
) -> None:
    """Case 191: forged, changed, or kept for later."""
    now = THEN + timedelta(seconds=late)

    assert not pings.verified(Secret(secret), SIGNED | headers, body, now)


def test_zoom_is_answered_as_the_contract_has_it() -> None:
    assert pings.crc_answer(SECRET, asking("qgg8vlvZRS6UYooatFL8Aw")) == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": "83b2a60d4bbe49dc93763ed9e727a9a7690cbe4c1f8bb0adc0ffccd09ecb1384",
    }


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        asking(f"v0:1700000000:{BODY.decode()}"),
        asking(""),
        asking(7),
        asking("x" * 129),
        b"[]",
        b"{",
        b"",
    ],
)
def test_nothing_else_is_answered(body: bytes) -> None:
    """Above all no token that would make of the answer another body's signature."""
    assert pings.crc_answer(SECRET, body) is None


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"event":"calendar.event_update"}',
        b'{"event":"calendar.event_update","payload":{"object":[]}}',
        b'{"event":"calendar.event_update","payload":{"object":{"resource_id":7}}}',
        b'{"event":["calendar.event_update"],"payload":{"object":{"resource_id":"a"}}}',
        b"[" * 100_000,
    ],
)
def test_what_names_no_calendar_is_no_ping(body: bytes) -> None:
    assert pings.read_pings(body) == []
    assert pings.deauthorized(body) is None


def test_account_stands_for_a_user_who_is_not_named() -> None:
    body = b'{"event":"app_deauthorized","payload":{"account_id":"A1"}}'

    assert pings.deauthorized(body) == "A1"


@dataclass
class House(Fake):
    """Our end of the webhooks."""

    secret: Secret = SECRET
    heard: list[tuple[bytes, bool]] = field(default_factory=list[tuple[bytes, bool]])

    def __post_init__(self) -> None:
        super().__init__(TurnedClock())
        self.route("POST", "/hooks/zoom", "hook", self._hear)

    def _hear(self, asked: Asked) -> Response:
        is_zoom = pings.verified(self.secret, asked.headers, asked.body, self.clock())
        if is_zoom and (answer := pings.crc_answer(self.secret, asked.body)):
            return JSONResponse(answer)
        self.heard.append((asked.body, is_zoom))
        return Response(status_code=204)


@dataclass
class Playing:
    """A Zoom and our end of its webhooks, by one clock."""

    side: ZoomSide
    house: House
    clock: TurnedClock

    async def subscribe(self) -> bool:
        return await self.side.fake.webhooks.subscribe(f"{self.house.url}/hooks/zoom", ALL)

    async def deliver(self) -> int:
        return await self.side.fake.webhooks.deliver()


@pytest.fixture
async def playing() -> AsyncIterator[Playing]:
    clock = TurnedClock()
    fake, house = ZoomFake([HOST], clock), House()
    house.clock, house.secret = clock, Secret(fake.webhooks.secret)
    async with served(fake, house):
        yield Playing(ZoomSide(fake), house, clock)
    assert fake.violations == []


async def test_changes_of_entries_are_pinged_with_ids_and_nothing_else(playing: Playing) -> None:
    """R062, case 191."""
    assert await playing.subscribe()
    spot = await put(playing.side, FRESH)
    await playing.side.adapter.delete_entry(playing.side.account, spot)

    assert await playing.deliver() == 2
    assert [is_zoom for _, is_zoom in playing.house.heard] == [True, True]
    assert [pings.read_pings(body) for body, _ in playing.house.heard] == [
        [Ping(HOST.email, "", PingKind.CHANGED, spot.remote_id)]
    ] * 2
    assert ENTRY.summary[:5].encode() not in b"".join(body for body, _ in playing.house.heard)


async def test_user_who_removes_our_app_is_named(playing: Playing) -> None:
    """Case 62."""
    assert await playing.subscribe()
    playing.side.fake.uninstalls(HOST.email)

    assert await playing.deliver() == 1
    assert pings.deauthorized(playing.house.heard[0][0]) == HOST.subject
    assert isinstance(playing.side.adapter, ZoomCalendars)
    assert playing.side.fake.grants[0].is_revoked


async def test_address_that_does_not_know_the_secret_is_not_subscribed(playing: Playing) -> None:
    playing.house.secret = Secret("other")

    assert not await playing.subscribe()


async def test_event_that_is_not_taken_comes_again_three_times_and_is_lost(playing: Playing) -> None:
    assert await playing.subscribe()
    await put(playing.side, FRESH)
    playing.house.fails("hook", *[Fault(500)] * 4)

    taken = [await playing.deliver() + await _after(playing, minutes) for minutes in (5, 20, 60)]

    assert (taken, playing.house.heard) == ([0, 0, 0], [])
    assert [one.event for one in playing.side.fake.webhooks.lost] == ["calendar.event_create"]
    assert playing.side.fake.webhooks.waiting == []


async def test_event_that_was_not_taken_is_signed_anew(playing: Playing) -> None:
    assert await playing.subscribe()
    await put(playing.side, FRESH)
    playing.house.fails("hook", Fault(hangs_up=True))
    await playing.deliver()

    assert await _after(playing, 5) == 1
    assert [is_zoom for _, is_zoom in playing.house.heard] == [True]


async def _after(playing: Playing, minutes: int) -> int:
    await asyncio.sleep(0)
    playing.clock.turn(minutes=minutes)
    return await playing.deliver()
