"""Google's fake: its habits at consent, and what its API knows, against Google's own document."""

import base64
import hashlib
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests import serving
from tests.clock import TurnedClock
from tests.fakes.google import API, WANTED_SCOPES, GoogleFake
from tests.fakes.google_shapes import (
    ANSWERS,
    AUTH,
    BODIES,
    COMMON,
    PARAMETERS,
    SCOPES,
    Shape,
    masked,
    read_mask,
    unknown_names,
)
from tests.fakes.kit import served
from tests.fakes.oauth import Person

pytestmark = pytest.mark.anyio
VERIFIER = "v" * 43
BACK = "http://127.0.0.1/back"
ADA = "ada@example.com"
EVENTS = f"{API}/calendars/primary/events"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def fake(clock: TurnedClock) -> GoogleFake:
    return GoogleFake([Person("1001", ADA, "Ada")], clock)


@pytest.fixture
async def client(fake: GoogleFake) -> AsyncGenerator[httpx.AsyncClient]:
    async with served(fake) as url, serving.client(base_url=url) as made:
        yield made


def query(**other: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": GoogleFake.client_id,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": " ".join(WANTED_SCOPES),
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "access_type": "offline",
    } | other


def form(**fields: str) -> dict[str, str]:
    return {"client_id": GoogleFake.client_id, "client_secret": GoogleFake.client_secret} | fields


async def redeemed(
    fake: GoogleFake, client: httpx.AsyncClient, *, without: frozenset[str] = frozenset(), **other: str
) -> dict[str, Any]:
    """Consent, and redeem the code."""
    sent_to = fake.consents(query(**other), ADA, without=without)
    code = parse_qs(urlsplit(sent_to).query)["code"][0]
    answer = await client.post(
        "/google/token",
        data=form(grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier=VERIFIER),
    )
    return answer.json()


async def renewed(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/google/token", data=form(grant_type="refresh_token", refresh_token=token))


def bearing(fake: GoogleFake, scopes: tuple[str, ...] = WANTED_SCOPES) -> dict[str, str]:
    return {"Authorization": f"Bearer {fake.allows(ADA, scopes)}"}


def reason(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


# OAuth.


async def test_refresh_token_comes_once_unless_consent_is_asked_for(
    fake: GoogleFake, client: httpx.AsyncClient
) -> None:
    online = await redeemed(fake, client, access_type="online")
    fake.grants.clear()
    first = await redeemed(fake, client)
    second = await redeemed(fake, client)
    third = await redeemed(fake, client, prompt="consent")

    has_one = ["refresh_token" in answer for answer in (online, first, second, third)]
    assert has_one == [False, True, False, True]
    assert (first["expires_in"], fake.violations) == (3599, [])


async def test_refresh_token_is_not_turned_and_dies_with_the_grant(
    fake: GoogleFake, client: httpx.AsyncClient
) -> None:
    tokens = await redeemed(fake, client)
    renewal = await renewed(client, tokens["refresh_token"])
    revoked = await client.post("/google/revoke", data={"token": renewal.json()["access_token"]})
    again = await client.post("/google/revoke", data={"token": renewal.json()["access_token"]})
    dead = await renewed(client, tokens["refresh_token"])

    assert "refresh_token" not in renewal.json()
    assert [answer.status_code for answer in (renewal, revoked, again, dead)] == [200, 200, 400, 400]
    assert dead.json()["error"] == "invalid_grant"


async def test_consent_is_granular_and_adds_up(fake: GoogleFake, client: httpx.AsyncClient) -> None:
    less = await redeemed(fake, client, without=frozenset({f"{AUTH}calendar.events.owned"}))
    more = await redeemed(
        fake, client, scope=f"openid {AUTH}calendar.events.owned", include_granted_scopes="true"
    )

    assert f"{AUTH}calendar.events.owned" not in less["scope"].split()
    assert set(more["scope"].split()) == {*WANTED_SCOPES, f"{AUTH}userinfo.email"} - {"email"}


async def test_userinfo_and_discovery_say_who_and_where(fake: GoogleFake, client: httpx.AsyncClient) -> None:
    told = await client.get("/google/oauth2/v3/userinfo", headers=bearing(fake))
    refused = await client.get("/google/oauth2/v3/userinfo")
    discovery = await client.get("/google/.well-known/openid-configuration")

    assert told.json() == {"sub": "1001", "email": ADA, "email_verified": True}
    assert refused.status_code == 401
    assert discovery.json()["token_endpoint"] == f"{fake.url}/google/token"
    assert (await client.get(str(discovery.json()["jwks_uri"]))).status_code == 200


async def test_access_token_is_over_in_an_hour(
    fake: GoogleFake, client: httpx.AsyncClient, clock: TurnedClock
) -> None:
    headers = bearing(fake)
    clock.turn(hours=1)

    answer = await client.get(f"{API}/users/me/calendarList", headers=headers)

    assert reason(answer) == (401, "authError")


# The API is as strict as Google, and stricter where somebody could look around.


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("?fields=items(id)&colour=red", 1),
        ("?fields=items(id,colour)", 1),
        ("?fields=items(id,", 1),
        ("", 1),
        ("?fields=items", 1),
        ("?fields=*", 1),
        ("?fields=items(id,summary)", 1),
        ("?fields=items/attendees", 1),
        ("?fields=items(start,attendees(self,email))", 1),
        ("?fields=items(start,extendedProperties)", 1),
        ("?fields=timeZone,items(status,eventType,attendees(self,responseStatus))", 0),
        ("?fields=items(id,start,end),nextPageToken", 0),
        ("?privateExtendedProperty=slotgraphMarker%3Dx&fields=items", 0),
    ],
)
async def test_list_of_entries_wants_a_mask_that_hides_what_they_say(
    fake: GoogleFake, client: httpx.AsyncClient, path: str, told: int
) -> None:
    """Case 165."""
    await client.get(EVENTS + path, headers=bearing(fake))

    assert len(fake.violations) == told


async def test_body_that_google_does_not_know_is_refused(fake: GoogleFake, client: httpx.AsyncClient) -> None:
    headers = bearing(fake)
    times = {"start": {"dateTime": "2026-03-30T09:00:00Z"}, "end": {"dateTime": "2026-03-30T10:00:00Z"}}
    unknown = await client.post(
        EVENTS, json=times | {"attendees": [{"mail": "x"}]}, headers=headers, params={"fields": "id"}
    )
    dashes = await client.post(EVENTS, json=times | {"id": "5f0c-6f5e"}, headers=headers)
    both = await client.post(EVENTS, json=times | {"id": "5f0c6f", "iCalUID": "x"}, headers=headers)
    no_zone = await client.post(
        EVENTS, json=times | {"end": {"dateTime": "2026-03-30T10:00:00"}}, headers=headers
    )
    mixed = await client.post(EVENTS, json=times | {"end": {"date": "2026-03-31"}}, headers=headers)
    backwards = await client.post(
        EVENTS, json={"start": times["end"], "end": times["start"]}, headers=headers
    )

    assert [reason(answer) for answer in (unknown, dashes, both, no_zone, mixed, backwards)] == [
        (400, "badRequest"),
        (400, "invalid"),
        (400, "invalid"),
        (400, "required"),
        (400, "invalid"),
        (400, "timeRangeEmpty"),
    ]
    assert fake.violations == ["events.insert: unknown mail"]
    assert fake.calendars[ADA].events == {}


async def test_free_busy_has_its_limits(fake: GoogleFake, client: httpx.AsyncClient) -> None:
    """R107."""
    headers = bearing(fake)
    asked = {"timeMin": "2026-01-01T00:00:00Z", "timeMax": "2026-02-01T00:00:00Z", "items": [{"id": ADA}]}
    url = f"{API}/freeBusy"
    long = await client.post(url, json=asked | {"timeMax": "2026-05-01T00:00:00Z"}, headers=headers)
    empty = await client.post(url, json=asked | {"timeMax": "2026-01-01T00:00:00Z"}, headers=headers)
    naive = await client.post(url, json=asked | {"timeMin": "2026-01-01T00:00:00"}, headers=headers)
    many = await client.post(
        url, json=asked | {"items": [{"id": f"{number}"} for number in range(51)]}, headers=headers
    )

    assert [reason(answer) for answer in (long, empty, naive)] == [
        (400, "timeRangeTooLong"),
        (400, "timeRangeEmpty"),
        (400, "badRequest"),
    ]
    assert many.json()["calendars"]["0"]["errors"][0]["reason"] == "tooManyCalendarsRequested"


async def test_changes_come_by_sync_tokens_until_they_are_too_old(
    fake: GoogleFake, client: httpx.AsyncClient, clock: TurnedClock
) -> None:
    """Case 193: pages first, the token on the last; 410 fullSyncRequired once it is too old."""
    calendar = fake.calendars[ADA]
    ids = [calendar.add(clock() + timedelta(hours=n), clock() + timedelta(hours=n + 1)) for n in range(3)]
    headers, mask = bearing(fake), {"fields": "items(id,status,start),nextPageToken,nextSyncToken"}
    first = (await client.get(EVENTS, params=mask | {"maxResults": "2"}, headers=headers)).json()
    page = {"maxResults": "2", "pageToken": first["nextPageToken"]}
    last = (await client.get(EVENTS, params=mask | page, headers=headers)).json()
    calendar.delete(ids[1])
    sync = mask | {"syncToken": last["nextSyncToken"]}
    changed = (await client.get(EVENTS, params=sync, headers=headers)).json()
    with_time = await client.get(EVENTS, params=sync | {"timeMin": "2026-01-01T00:00:00Z"}, headers=headers)
    calendar.forget_sync_tokens()
    too_old = await client.get(EVENTS, params=sync, headers=headers)

    assert ("nextSyncToken" in first, len(first["items"]), len(last["items"])) == (False, 2, 1)
    assert changed["items"] == [{"id": ids[1], "status": "cancelled"}]
    assert (reason(with_time), reason(too_old)) == ((400, "badRequest"), (410, "fullSyncRequired"))
    assert fake.violations == []


async def test_ids_of_deleted_entries_stay_taken(fake: GoogleFake, client: httpx.AsyncClient) -> None:
    headers, mask = bearing(fake), {"fields": "id,status,etag"}
    times = {"start": {"dateTime": "2026-03-30T09:00:00Z"}, "end": {"dateTime": "2026-03-30T10:00:00Z"}}
    one = f"{EVENTS}/abcde"
    made = await client.post(EVENTS, json=times | {"id": "abcde"}, params=mask, headers=headers)
    stale = await client.delete(one, headers=headers | {"If-Match": '"1"'})
    deleted = await client.delete(one, headers=headers | {"If-Match": made.json()["etag"]})
    twice = await client.delete(one, headers=headers)
    read = await client.get(one, params=mask, headers=headers)
    again = await client.post(EVENTS, json=times | {"id": "abcde"}, headers=headers)
    unknown = await client.delete(f"{EVENTS}/fghij", headers=headers)

    assert (made.status_code, sorted(made.json())) == (200, ["etag", "id", "status"])
    assert (deleted.status_code, read.json()["status"]) == (204, "cancelled")
    assert [reason(answer) for answer in (stale, twice, again, unknown)] == [
        (412, "conditionNotMet"),
        (410, "deleted"),
        (409, "duplicate"),
        (404, "notFound"),
    ]


async def test_conference_without_its_version_is_dropped(fake: GoogleFake, client: httpx.AsyncClient) -> None:
    kind = {"type": "hangoutsMeet"}
    event = {
        "start": {"dateTime": "2026-03-30T09:00:00Z"},
        "end": {"dateTime": "2026-03-30T10:00:00Z"},
        "conferenceData": {"createRequest": {"requestId": "r", "conferenceSolutionKey": kind}},
    }
    made = await client.post(EVENTS, json=event, headers=bearing(fake))

    assert (made.status_code, "conferenceData" in made.json()) == (200, False)


async def test_times_are_all_that_an_availability_scope_shows(
    fake: GoogleFake, client: httpx.AsyncClient, clock: TurnedClock
) -> None:
    fake.calendars[ADA].add(clock(), clock() + timedelta(hours=1), iCalUID="secret")
    scopes = (f"{AUTH}calendar.events.freebusy",)

    shown = await client.get(
        EVENTS, params={"fields": "items(id,iCalUID,start)"}, headers=bearing(fake, scopes)
    )

    assert sorted(shown.json()["items"][0]) == ["id", "start"]


async def test_ping_is_tried_again_where_ours_has_broken_down(
    fake: GoogleFake, client: httpx.AsyncClient
) -> None:
    """An address elsewhere is never posted to, one that is rerouted is posted to here."""
    fake.pushes.reroutes["https://slotgraph.example.com"] = f"{fake.url}/google/nothing"
    headers = bearing(fake)
    body = {"id": "w", "type": "web_hook", "address": "https://slotgraph.example.com/hook"}
    elsewhere = body | {"id": "x", "address": "https://elsewhere.example.com/hook"}
    mask = {"fields": "id"}

    await client.post(f"{EVENTS}/watch", json=body, headers=headers, params=mask)
    await client.post(f"{EVENTS}/watch", json=elsewhere, headers=headers, params=mask)
    await fake.pushes.delivered()

    assert sorted(fake.pushes.done) == [("w", "sync", 1, 404), ("x", "sync", 1, None)]


# Google's own document.


def document() -> dict[str, Any]:
    """Read the document that Google's client brings along."""
    place = files("googleapiclient") / "discovery_cache" / "documents" / "calendar.v3.json"
    return json.loads(place.read_text())


def shape(found: dict[str, Any], schema: Any) -> dict[str, Shape | None] | None:
    """Read the fields of a schema; None for a value, or an object with any names."""
    of = schema.get("items", schema)
    of = found["schemas"][of["$ref"]] if "$ref" in of else of
    inner = of.get("properties")
    return {name: shape(found, one) for name, one in inner.items()} if inner else None


@pytest.mark.parametrize("operation", sorted(PARAMETERS))
def test_operation_knows_what_googles_document_says(operation: str) -> None:
    found = document()
    room, name = operation.split(".")
    method = found["resources"][room]["methods"][name]
    answer, body = method.get("response"), method.get("request")
    in_path = {key for key, one in method.get("parameters", {}).items() if one["location"] == "path"}

    assert set(method.get("parameters", {})) - in_path == PARAMETERS[operation]
    assert set(method["scopes"]) == SCOPES[operation]
    assert (shape(found, answer) if answer else None) == ANSWERS[operation]
    assert (shape(found, body) if body else None) == BODIES.get(operation)
    assert set(found["parameters"]) >= COMMON


def test_mask_selects_what_it_names() -> None:
    mask = read_mask("a,b(c,d/e),f/g,f/h")
    value = {
        "a": {"x": 1},
        "b": [{"c": 1, "d": {"e": 2, "z": 3}, "y": 4}],
        "f": {"g": 1, "h": 2, "i": 3},
        "q": 1,
    }

    assert masked(value, mask) == {
        "a": {"x": 1},
        "b": [{"c": 1, "d": {"e": 2}}],
        "f": {"g": 1, "h": 2},
    }
    assert unknown_names(mask, {"a": None, "b": {"c": None}, "f": None}) == ["d"]


@pytest.mark.parametrize("text", ["", "a,", "a(b", "a)b", "a(b))", "a//b", "a b"])
def test_mask_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_mask(text)
