"""Connecting calendars, choosing their use, connecting again, ending it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from itertools import pairwise

import pytest

from domain.calendars import ConnectionState, Provider
from domain.connections import MAX_CONNECTIONS, ProviderRefused, ProviderUnsupported
from domain.errors import InvalidInput, NotAllowed, NotFound, TooMany
from domain.ids import ApiKeyId, CalendarId, ConnectionId
from domain.users import Guest, Role, Scope, SignedIn, SignInNeeded
from integrations.ports import Permanent, ProviderFailed, RemoteCalendar, Revoked, Transient
from services.calendars import ConnectCalendar
from storage.base import new_id
from storage.calendars import Linked
from tests.calendars import DAY, FEED, HOME, PASSWORD, WORK, World, opened_world, other_organization

pytestmark = pytest.mark.anyio

ASKED = ConnectCalendar("caldav", "https://dav.example.com/", "ada", PASSWORD, "My server")


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


def uses(linked: Linked) -> dict[str, tuple[bool, bool]]:
    """Say of each calendar whether it counts and whether it receives."""
    return {
        calendar.remote_url: (calendar.counts_as_busy, calendar.receives_bookings)
        for calendar in linked.calendars
    }


def calendar_id(linked: Linked, url: str) -> CalendarId:
    """Find a calendar by its address."""
    return next(calendar.id for calendar in linked.calendars if calendar.remote_url == url)


def by_key(host: SignedIn) -> SignedIn:
    """Come by an API key with every scope instead of a session."""
    return replace(host, session_id=None, api_key_id=ApiKeyId(new_id()))


async def test_all_calendars_count_and_the_first_writable_one_receives_bookings(world: World) -> None:
    """R007."""
    ada = await world.host()
    world.provider.remotes.insert(
        0, RemoteCalendar(url="https://dav.example.com/all/", name="All", zone=None, is_writable=False)
    )

    linked = await world.calendars.connect(ada, ASKED)

    assert uses(linked) == {
        "https://dav.example.com/all/": (True, False),
        WORK: (True, True),
        HOME: (True, False),
    }
    assert linked.connection.state is ConnectionState.CONNECTED
    assert linked.connection.label == "My server"
    assert await world.kinds() == ["connection_changed"]


async def test_second_connection_does_not_take_the_bookings_from_the_first(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)

    second = await world.connected(ada)

    assert [calendar.receives_bookings for calendar in second.calendars] == [False, False]


async def test_secret_is_stored_sealed_for_its_own_row_alone(world: World) -> None:
    ada = await world.host()
    first = await world.connected(ada)
    second = await world.connected(ada)
    stored = await world.rows("SELECT * FROM calendar_connections")

    assert PASSWORD not in str(stored)
    assert (await world.connections.key(first)).password == PASSWORD
    with pytest.raises(ProviderFailed, match="secret_unreadable"):
        await world.connections.key(replace(second, secret_sealed=first.secret_sealed))
    assert PASSWORD not in repr(first)
    assert PASSWORD not in repr(ASKED)


@pytest.mark.parametrize("name", ["icloud", "zoom", "CALDAV", ""])
async def test_provider_that_we_do_not_have_is_refused_by_name(world: World, name: str) -> None:
    """R031: asking for iCloud is never a silent failure."""
    ada = await world.host()

    with pytest.raises(ProviderUnsupported):
        await world.calendars.connect(ada, replace(ASKED, provider=name))

    assert world.provider.calls == []


@pytest.mark.parametrize(
    "failure",
    [Transient("unreachable"), Transient("timeout"), Permanent("refused_address"), Revoked("unauthorized")],
)
async def test_every_failure_to_connect_says_the_same_at_the_same_time(
    world: World, failure: ProviderFailed
) -> None:
    """Case 120: nobody learns from it which ports are open behind us."""
    ada = await world.host()
    world.provider.failure = failure
    begun = asyncio.get_running_loop().time()

    with pytest.raises(ProviderRefused) as refused:
        await world.calendars.connect(ada, ASKED)

    assert asyncio.get_running_loop().time() - begun >= 0.01
    assert (refused.value.path, refused.value.values) == ((), {})
    assert await world.rows("SELECT * FROM calendar_connections") == []


async def test_account_without_calendars_is_refused(world: World) -> None:
    ada = await world.host()
    world.provider.remotes = []

    with pytest.raises(ProviderRefused):
        await world.calendars.connect(ada, ASKED)


async def test_tries_to_connect_are_limited(world: World) -> None:
    """Case 120."""
    ada = await world.host()
    world.provider.failure = Transient("unreachable")
    refusals = await asyncio.gather(
        *(world.calendars.connect(ada, ASKED) for _ in range(10)), return_exceptions=True
    )

    with pytest.raises(TooMany):
        await world.calendars.connect(ada, ASKED)

    assert {type(refusal) for refusal in refusals} == {ProviderRefused}
    assert len(world.provider.calls) == 10


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", ""),
        ("url", "dav.example.com"),
        ("url", "https://ada:secret@dav.example.com/"),
        ("url", "https://[::1"),
        ("url", "https://dav.example.com/\r\nX-Other: 1"),
        ("url", "https://dav.example.com/" + "a" * 2048),
        ("username", "a\nb"),
        ("username", "a" * 321),
        ("password", "a\x00b"),
        ("label", "a" * 101),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(world: World, field: str, value: str) -> None:
    ada = await world.host()

    with pytest.raises(InvalidInput) as refused:
        await world.calendars.connect(ada, replace(ASKED, **{field: value}))

    assert refused.value.path == (field,)
    assert world.provider.calls == []


async def test_only_a_person_connects_and_only_for_themselves(world: World) -> None:
    """R078, R080: no key, no guest, and there is no way to name somebody else."""
    ada = await world.host()

    with pytest.raises(SignInNeeded):
        await world.calendars.connect(Guest("203.0.113.9"), ASKED)
    with pytest.raises(NotAllowed):
        await world.calendars.connect(by_key(ada), ASKED)

    assert world.provider.calls == []


@pytest.mark.parametrize("who", ["owner", "stranger"])
async def test_nobody_reaches_the_connection_of_somebody_else(world: World, who: str) -> None:
    """R080, R144: not the owner of the organization either, nor anybody of another."""
    ada, bob = await world.host("Ada"), await world.host("Bob")
    linked = await world.connected(ada)
    viewer = {
        "owner": replace(bob, user=replace(bob.user, role=Role.OWNER)),
        "stranger": await world.host("Eve", organization_id=await other_organization(world)),
    }[who]

    with pytest.raises(NotFound):
        await world.calendars.reconnect(viewer, linked.connection.id, "mine")
    with pytest.raises(NotFound):
        await world.calendars.disconnect(viewer, linked.connection.id)
    with pytest.raises(NotFound):
        await world.calendars.update_calendar(viewer, linked.calendars[0].id, counts_as_busy=False)

    assert await world.calendars.connections(viewer) == []
    assert await world.linked(linked.connection.id) == linked
    assert world.provider.calls == []


async def test_twenty_connections_are_the_most(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    await world.change(
        "INSERT INTO calendar_connections (organization_id, id, user_id, provider, label, url, state,"
        " created_at, version) SELECT organization_id, gen_random_uuid(), user_id, provider, label, url,"
        " state, created_at, version FROM calendar_connections, generate_series(2, CAST(:most AS integer))",
        most=MAX_CONNECTIONS,
    )

    with pytest.raises(InvalidInput, match="20"):
        await world.calendars.connect(ada, ASKED)

    assert world.provider.calls == []


async def test_use_of_a_calendar_is_chosen_and_one_alone_receives(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)

    await world.calendars.update_calendar(
        ada, calendar_id(linked, HOME), receives_bookings=True, counts_as_busy=False
    )

    assert uses(await world.linked(linked.connection.id)) == {HOME: (False, True), WORK: (True, False)}


async def test_what_is_unsaid_stays_as_it_is(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)

    await world.calendars.update_calendar(ada, calendar_id(linked, WORK), counts_as_busy=False)

    assert uses(await world.linked(linked.connection.id)) == {HOME: (True, False), WORK: (False, True)}


async def test_calendar_that_can_only_be_read_receives_nothing(world: World) -> None:
    ada = await world.host()
    world.provider.remotes = [RemoteCalendar(url=WORK, name="Work", zone=None, is_writable=False)]
    linked = await world.connected(ada)

    with pytest.raises(InvalidInput) as refused:
        await world.calendars.update_calendar(ada, linked.calendars[0].id, receives_bookings=True)

    assert refused.value.path == ("receivesBookings",)


async def test_another_password_mends_a_connection_and_keeps_the_choices(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    await world.calendars.update_calendar(ada, calendar_id(linked, HOME), receives_bookings=True)
    world.provider.failure = Revoked("unauthorized")
    await world.busy.of(await world.calendars_of(ada), DAY, live=True)
    world.provider.failure = None
    new = RemoteCalendar(url="https://dav.example.com/new/", name="New", zone=None, is_writable=True)
    world.provider.remotes = [world.provider.remotes[1], new]

    mended = await world.calendars.reconnect(ada, linked.connection.id, "another")

    assert uses(mended) == {HOME: (True, True), new.url: (True, False)}
    assert mended.connection.state is ConnectionState.CONNECTED
    assert (mended.connection.failing_since, mended.connection.failure) == (None, None)
    assert calendar_id(mended, HOME) == calendar_id(linked, HOME)
    assert world.provider.passwords[-1] == "another"
    assert (await world.connections.key(mended)).password == "another"


@pytest.mark.parametrize("is_there", [True, False])
async def test_calendar_that_received_bookings_and_cannot_any_more_is_followed_by_another(
    world: World, is_there: bool
) -> None:
    """R113: else bookings would stand in no calendar, and nobody would say so."""
    ada = await world.host()
    linked = await world.connected(ada)
    work, home = world.provider.remotes
    world.provider.remotes = [replace(work, is_writable=False), home] if is_there else [home]

    mended = await world.calendars.reconnect(ada, linked.connection.id, PASSWORD)

    assert uses(mended) == {HOME: (True, True), **({WORK: (True, False)} if is_there else {})}


async def test_who_let_no_calendar_receive_bookings_is_given_none(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    await world.calendars.update_calendar(ada, calendar_id(linked, WORK), receives_bookings=False)
    world.provider.remotes = world.provider.remotes[1:]

    mended = await world.calendars.reconnect(ada, linked.connection.id, PASSWORD)

    assert uses(mended) == {HOME: (True, False)}


async def test_wrong_password_leaves_a_connection_as_it_is(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    world.provider.failure = Revoked("unauthorized")

    with pytest.raises(ProviderRefused):
        await world.calendars.reconnect(ada, linked.connection.id, "wrong")

    assert await world.linked(linked.connection.id) == linked


async def test_ended_connection_is_asked_nothing_and_cannot_be_connected_again(world: World) -> None:
    """R078, R081."""
    ada = await world.host()
    linked = await world.connected(ada)
    await world.busy.of(await world.calendars_of(ada), DAY, live=False)

    ended = await world.calendars.disconnect(ada, linked.connection.id)

    assert ended.connection.state is ConnectionState.DISCONNECTED
    assert await world.calendars.connections(ada) == []
    with pytest.raises(NotFound):
        await world.calendars.reconnect(ada, linked.connection.id, PASSWORD)
    assert world.provider.calls == ["busy"]


async def test_connection_is_ended_twice_without_harm(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)

    await world.calendars.disconnect(ada, linked.connection.id)
    again = await world.calendars.disconnect(ada, linked.connection.id)

    assert again.connection.state is ConnectionState.DISCONNECTED
    assert await world.kinds() == ["connection_changed"] * 2


async def test_key_with_the_scope_chooses_and_ends_but_one_without_does_not(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    key = by_key(ada)
    weak = replace(key, scopes=frozenset(Scope) - {Scope.CALENDARS})

    with pytest.raises(NotAllowed):
        await world.calendars.disconnect(weak, linked.connection.id)
    with pytest.raises(NotAllowed):
        await world.calendars.update_calendar(weak, linked.calendars[0].id, counts_as_busy=False)
    with pytest.raises(NotAllowed):
        await world.calendars.connections(weak)
    with pytest.raises(NotAllowed):
        await world.calendars.reconnect(key, linked.connection.id, PASSWORD)
    await world.calendars.disconnect(key, linked.connection.id)

    assert await world.calendars.connections(ada) == []


async def test_two_who_connect_at_once_leave_one_calendar_that_receives(world: World) -> None:
    ada = await world.host()

    await asyncio.gather(*(world.calendars.connect(ada, ASKED) for _ in range(4)))

    receiving = await world.rows("SELECT count(*) FROM calendars WHERE receives_bookings")
    assert receiving == [(1,)]
    found = [linked.connection for linked in await world.calendars.connections(ada)]
    assert len(found) == 4
    assert all(one.created_at <= other.created_at for one, other in pairwise(found))


async def test_feed_shows_its_origin_alone(world: World) -> None:
    """X20."""
    ada = await world.host()

    linked = await world.connected(ada, Provider.ICS)

    assert linked.connection.url == "https://feeds.example.com"
    assert FEED not in repr(linked)
    assert await world.connections.feed_url(linked) == FEED


async def test_only_looking_and_booking_ask_for_busy_times(world: World) -> None:
    """R015, R083, R090: nothing that is done with connections fetches busy times."""
    ada = await world.host()
    linked = await world.calendars.connect(ada, ASKED)
    await world.calendars.connections(ada)
    await world.calendars.update_calendar(ada, linked.calendars[0].id, counts_as_busy=False)
    await world.calendars.reconnect(ada, linked.connection.id, PASSWORD)
    await world.calendars.disconnect(ada, linked.connection.id)

    assert world.provider.calls == ["discover", "discover"]


async def test_unknown_connection_is_not_found(world: World) -> None:
    ada = await world.host()

    with pytest.raises(NotFound):
        await world.calendars.disconnect(ada, ConnectionId(new_id()))
