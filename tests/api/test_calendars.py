"""The room's promises over GraphQL."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from app.words import read_words
from domain.calendars import ConnectionState
from domain.errors import RuleBroken
from domain.ids import ApiKeyId
from domain.users import Guest, SignedIn, Viewer
from integrations.ports import Revoked, Transient
from resolvers.answers import SHARED
from resolvers.calendars import ANSWERS, CalendarsMutation, CalendarsQuery
from schema.nodes import global_id
from schema.scalars import SCALARS
from services.calendars import Calendars
from storage.base import new_id
from tests.calendars import DAY, FEED, PASSWORD, World, opened_world

pytestmark = pytest.mark.anyio

SCHEMA = strawberry.Schema(
    query=CalendarsQuery,
    mutation=CalendarsMutation,
    config=StrawberryConfig(scalar_map=SCALARS),
    exception_handlers=[*SHARED, *ANSWERS],
)
CONNECTION = (
    "connection { id provider label url state failingSince failure createdAt"
    " calendars { id name countsAsBusy receivesBookings isWritable } }"
)
ERROR = "... on Error { code message path }"
CONNECT = (
    "mutation($input: CalendarConnectInput!) { calendarConnect(input: $input)"
    f" {{ __typename ... on CalendarConnectPayload {{ {CONNECTION} }} {ERROR} }} }}"
)
RECONNECT = (
    "mutation($input: CalendarReconnectInput!) { calendarReconnect(input: $input)"
    f" {{ __typename ... on CalendarReconnectPayload {{ {CONNECTION} }} {ERROR} }} }}"
)
UPDATE = (
    "mutation($input: CalendarUpdateInput!) { calendarUpdate(input: $input)"
    f" {{ __typename ... on CalendarUpdatePayload {{ {CONNECTION} }} {ERROR} }} }}"
)
DISCONNECT = (
    "mutation($input: CalendarDisconnectInput!) { calendarDisconnect(input: $input)"
    f" {{ __typename ... on CalendarDisconnectPayload {{ {CONNECTION} }} {ERROR} }} }}"
)
INPUT = {
    "provider": "CALDAV",
    "url": "https://dav.example.com/",
    "username": "ada",
    "password": PASSWORD,
    "label": "My server",
}


@dataclass(frozen=True)
class Services:
    """The room's part of the bundle."""

    calendars: Calendars


@dataclass(frozen=True)
class Asking:
    """An operation's context."""

    viewer: Viewer
    services: Services
    locale: str = "en"

    def say(self, broken: RuleBroken) -> str:
        """Say an error in the reader's language."""
        return read_words().error(self.locale, broken)


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


async def ask(world: World, viewer: Viewer, query: str, locale: str = "en", **input_: object) -> Any:
    """Execute an operation; the answer of its only field."""
    context = Asking(viewer, Services(world.calendars), locale)
    result = await SCHEMA.execute(
        query, variable_values={"input": input_} if input_ else None, context_value=context
    )
    assert result.errors is None, result.errors
    assert result.data is not None
    [answer] = result.data.values()
    return answer


async def test_account_is_connected_and_no_secret_comes_back(world: World) -> None:
    ada = await world.host()

    answer = await ask(world, ada, CONNECT, **INPUT)

    connection = answer["connection"]
    assert answer["__typename"] == "CalendarConnectPayload"
    assert {key: connection[key] for key in ("provider", "label", "url", "state", "failure")} == {
        "provider": "CALDAV",
        "label": "My server",
        "url": "https://dav.example.com/",
        "state": "CONNECTED",
        "failure": None,
    }
    assert [
        (calendar["name"], calendar["countsAsBusy"], calendar["receivesBookings"])
        for calendar in connection["calendars"]
    ] == [("Home", True, False), ("Work", True, True)]
    assert PASSWORD not in str(answer)


@pytest.mark.parametrize("secret", ["password", "secret", "username", "token"])
async def test_no_answer_has_a_field_for_a_secret(secret: str) -> None:
    printed = SCHEMA.as_str()
    shown = printed[printed.index("type CalendarConnection implements") :]

    assert secret not in shown[: shown.index("}")].lower()


async def test_icloud_is_refused_by_name(world: World) -> None:
    """R031: asking for iCloud is never a silent failure."""
    ada = await world.host()

    answer = await ask(world, ada, CONNECT, **{**INPUT, "provider": "ICLOUD"})

    assert answer == {
        "__typename": "ProviderUnsupportedError",
        "code": "PROVIDER_UNSUPPORTED",
        "message": "This calendar provider is not supported.",
        "path": ["provider"],
    }
    assert world.provider.calls == []


async def test_refusal_tells_nothing_in_either_language(world: World) -> None:
    """Case 120, D22."""
    ada = await world.host()
    world.provider.failure = Transient("unreachable")

    english = await ask(world, ada, CONNECT, **INPUT)
    world.provider.failure = Revoked("unauthorized")
    japanese = await ask(world, ada, CONNECT, "ja", **INPUT)

    assert english["__typename"] == japanese["__typename"] == "ProviderRefusedError"
    assert english["code"] == japanese["code"] == "PROVIDER_REFUSED"
    assert english["path"] == japanese["path"] == []
    assert japanese["message"].startswith("この情報では")


async def test_field_at_fault_is_named(world: World) -> None:
    ada = await world.host()

    answer = await ask(world, ada, CONNECT, **{**INPUT, "url": "dav.example.com"})

    assert (answer["__typename"], answer["path"]) == ("InvalidInputError", ["url"])


async def test_key_connects_nothing(world: World) -> None:
    """R080."""
    ada = await world.host()
    key = replace(ada, session_id=None, api_key_id=ApiKeyId(new_id()))

    answer = await ask(world, key, CONNECT, **INPUT)

    assert answer["__typename"] == "NotAllowedError"
    assert world.provider.calls == []


async def test_viewer_lists_their_own_connections_with_what_fails(world: World) -> None:
    ada, bob = await world.host("Ada"), await world.host("Bob")
    await world.connected(ada)
    world.provider.failure = Transient("http_503")
    await world.busy.of(await world.calendars_of(ada), DAY, live=True)
    query = "{ calendarConnections { state failingSince failure calendars { name } } }"

    own, others = await ask(world, ada, query), await ask(world, bob, query)

    assert own == [
        {
            "state": "CONNECTED",
            "failingSince": "2026-03-27T12:00:00Z",
            "failure": "http_503",
            "calendars": [{"name": "Home"}, {"name": "Work"}],
        }
    ]
    assert others == []


async def test_guest_is_told_to_sign_in(world: World) -> None:
    context = Asking(Guest("203.0.113.9"), Services(world.calendars))

    result = await SCHEMA.execute("{ calendarConnections { id } }", context_value=context)

    assert result.errors is not None
    assert [error.message for error in result.errors] == ["Sign in first."]


async def test_use_of_a_calendar_is_chosen(world: World) -> None:
    ada = await world.host()
    connected = await ask(world, ada, CONNECT, **INPUT)
    home = connected["connection"]["calendars"][0]["id"]

    answer = await ask(world, ada, UPDATE, id=home, receivesBookings=True, countsAsBusy=False)

    assert [
        (calendar["name"], calendar["countsAsBusy"], calendar["receivesBookings"])
        for calendar in answer["connection"]["calendars"]
    ] == [("Home", False, True), ("Work", True, False)]


async def test_connection_is_mended_by_another_password(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    world.provider.failure = Revoked("unauthorized")
    await world.busy.of(await world.calendars_of(ada), DAY, live=True)
    world.provider.failure = None

    answer = await ask(world, ada, RECONNECT, id=shown_id(linked.connection.id), password="another")

    assert answer["connection"]["state"] == "CONNECTED"
    assert world.provider.passwords[-1] == "another"


async def test_connection_is_ended(world: World) -> None:
    """R081."""
    ada = await world.host()
    linked = await world.connected(ada)

    answer = await ask(world, ada, DISCONNECT, id=shown_id(linked.connection.id))

    assert (answer["connection"]["state"], answer["connection"]["calendars"]) == ("DISCONNECTED", [])
    assert (await world.linked(linked.connection.id)).connection.state is ConnectionState.DISCONNECTED


@pytest.mark.parametrize("mutation", [RECONNECT, DISCONNECT])
async def test_somebody_elses_connection_is_not_found(world: World, mutation: str) -> None:
    """R080."""
    ada, bob = await world.host("Ada"), await world.host("Bob")
    linked = await world.connected(ada)
    secret = {RECONNECT: {"password": "mine"}, DISCONNECT: {}}[mutation]

    answer = await ask(world, bob, mutation, id=shown_id(linked.connection.id), **secret)

    assert (answer["__typename"], answer["path"]) == ("NotFoundError", ["id"])
    assert await world.linked(linked.connection.id) == linked


@pytest.mark.parametrize("wrong", ["", "no id", "User:1", "Q2FsZW5kYXI6eHg"])
async def test_id_of_another_kind_is_not_found(world: World, wrong: str) -> None:
    ada = await world.host()

    answer = await ask(world, ada, UPDATE, id=wrong)

    assert answer["__typename"] == "NotFoundError"


async def test_address_of_a_feed_does_not_come_back(world: World) -> None:
    """X20."""
    ada: SignedIn = await world.host()

    answer = await ask(world, ada, CONNECT, provider="ICS", url=FEED)

    assert answer["connection"]["url"] == "https://feeds.example.com"
    assert "canary" not in str(answer)


def shown_id(connection_id: Any) -> str:
    """Spell a connection's id as clients have it."""
    return str(global_id("CalendarConnection", connection_id))
