"""The fake Zoom against the published contract: raw HTTP as any client speaks it, and the shapes of answers.

The shapes are Zoom's and are not kept here. Whoever has the extracts sets SLOTGRAPH_CONTRACTS to their
folder; without it, only what is written below is checked.
"""

import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests import serving
from tests.clock import TurnedClock
from tests.fakes.kit import served
from tests.fakes.zoom import BUSINESS, SCOPES, ZoomFake
from tests.fakes.zoom_side import HOST

pytestmark = pytest.mark.anyio

VERIFIER = "v" * 43
BACK = "http://127.0.0.1/back"
BASIC = base64.b64encode(f"{ZoomFake.client_id}:{ZoomFake.client_secret}".encode()).decode()
AS_CLIENT = {"Authorization": f"Basic {BASIC}"}
TIMES = {
    "start": {"dateTime": "2026-03-30T09:00:00Z", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-03-30T09:30:00Z"},
}
EVENTS = f"/zoom/v2/calendars/{HOST.email}/events"
QUERY = {"sendUpdates": "none"}
MEETING = {
    "topic": "Intro",
    "type": 2,
    "start_time": "2026-03-30T09:00:00Z",
    "duration": 30,
    "timezone": "UTC",
}
FREE_BUSY = {
    "timeMin": "2026-03-30T00:00:00Z",
    "timeMax": "2026-03-31T00:00:00Z",
    "items": [{"id": HOST.email}, {"id": "gone@example.com"}],
}


@pytest.fixture
def fake() -> ZoomFake:
    return ZoomFake([HOST], TurnedClock())


@pytest.fixture
async def client(fake: ZoomFake) -> AsyncIterator[httpx.AsyncClient]:
    async with served(fake) as url, serving.client(base_url=url) as client:
        client.headers["Authorization"] = f"Bearer {fake.token_for(HOST.email)}"
        yield client


def asking(**other: str) -> dict[str, str]:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    return {
        "client_id": ZoomFake.client_id,
        "redirect_uri": BACK,
        "response_type": "code",
        "state": "s",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    } | other


def redeeming(sent_to: str) -> dict[str, str]:
    code = parse_qs(urlsplit(sent_to).query)["code"][0]
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }


async def test_token_answer_is_zooms(fake: ZoomFake, client: httpx.AsyncClient) -> None:
    form = redeeming(fake.consents(asking(), HOST.email, without=["calendar:write:event"]))

    answer = await client.post("/zoom/oauth/token", data=form, headers=AS_CLIENT)

    said = answer.json()
    assert set(said) == {"access_token", "token_type", "refresh_token", "expires_in", "scope", "api_url"}
    assert (said["token_type"], said["expires_in"]) == ("bearer", 3599)
    assert said["api_url"] == f"{fake.url}/zoom/v2"
    assert set(said["scope"].split()) == SCOPES - {"calendar:write:event"}


async def test_client_without_basic_is_refused(fake: ZoomFake, client: httpx.AsyncClient) -> None:
    form = redeeming(fake.consents(asking(), HOST.email))
    secret = {"client_id": fake.client_id, "client_secret": fake.client_secret}

    answer = await client.post("/zoom/oauth/token", data=form | secret, headers={"Authorization": ""})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_refresh_token_burns_at_once(fake: ZoomFake, client: httpx.AsyncClient) -> None:
    """Case 58."""
    form = redeeming(fake.consents(asking(), HOST.email))
    first = (await client.post("/zoom/oauth/token", data=form, headers=AS_CLIENT)).json()
    renewing = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}

    turned = await client.post("/zoom/oauth/token", data=renewing, headers=AS_CLIENT)
    burnt = await client.post("/zoom/oauth/token", data=renewing, headers=AS_CLIENT)

    assert turned.json()["refresh_token"] != first["refresh_token"]
    assert (burnt.status_code, burnt.json()) == (400, {"reason": "Invalid Token!", "error": "invalid_grant"})


async def test_revoked_token_opens_nothing(fake: ZoomFake, client: httpx.AsyncClient) -> None:
    """Case 62."""
    token = client.headers["Authorization"].removeprefix("Bearer ")
    revoked = await client.post("/zoom/oauth/revoke", data={"token": token}, headers=AS_CLIENT)

    answer = await client.get("/zoom/v2/users/me")

    assert revoked.json() == {"status": "success"}
    assert (answer.status_code, answer.json()["code"]) == (401, 124)


async def test_scope_parameter_is_a_violation(fake: ZoomFake, client: httpx.AsyncClient) -> None:
    await client.get("/zoom/oauth/authorize", params=asking(scope="calendar:read:event"))

    assert len(fake.violations) == 1


async def test_user_says_whose_account_it_is(client: httpx.AsyncClient) -> None:
    said = (await client.get("/zoom/v2/users/me")).json()

    assert (said["id"], said["email"], said["account_id"]) == (
        HOST.subject,
        HOST.email,
        f"account-{HOST.subject}",
    )


REFUSED: list[tuple[str, str, dict[str, str], object]] = [
    ("PATCH", f"{EVENTS}/%s", QUERY, {"summary": "x"}),
    ("PATCH", f"{EVENTS}/%s", QUERY, {**TIMES, "etag": "x"}),
    ("POST", EVENTS, QUERY, {**TIMES, "id": "mine"}),
    ("POST", EVENTS, QUERY, {**TIMES, "extendedProperties": {}}),
    ("POST", EVENTS, QUERY, {"start": {"dateTime": "x"}, "end": {"dateTime": "y"}}),
    ("POST", EVENTS, QUERY, {**TIMES, "start": {"dateTime": "2026-03-30T09:00:00Z", "offset": 1}}),
    ("POST", EVENTS, QUERY, []),
    ("POST", EVENTS, {**QUERY, "conferenceDataVersion": "1"}, TIMES),
    ("GET", EVENTS, {"fields": "items(start,end)"}, None),
    ("GET", EVENTS, {"syncToken": "sync-1"}, None),
    ("POST", "/zoom/v2/calendars/freeBusy", {}, {**FREE_BUSY, "fields": "x"}),
    ("POST", "/zoom/v2/calendars/freeBusy", {}, {**FREE_BUSY, "timeMin": "2026-03-30"}),
    ("POST", "/zoom/v2/users/me/meetings", {}, {**MEETING, "start_time": "2026-03-30T09:00:00+01:00"}),
    ("POST", "/zoom/v2/users/me/meetings", {}, {**MEETING, "topic": "x" * 201}),
    ("POST", "/zoom/v2/users/me/meetings", {}, {**MEETING, "idempotency_key": "x"}),
    ("GET", "/zoom/v2/users/me/meetings", {"type": "previous_meetings"}, None),
]


@pytest.mark.parametrize(("method", "path", "query", "body"), REFUSED, ids=str)
async def test_what_zoom_does_not_take_is_400_with_its_number_300(
    fake: ZoomFake,
    client: httpx.AsyncClient,
    method: str,
    path: str,
    query: dict[str, str],
    body: object,
) -> None:
    made = fake.calendar(HOST.email).add(dict(TIMES), fake.clock(), HOST.email)

    answer = await client.request(method, path.replace("%s", made["id"]), params=query, json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, 300)
    assert list(fake.calendar(HOST.email).events.values()) == [made]


async def test_listing_without_a_window_is_answered_and_a_violation(
    fake: ZoomFake, client: httpx.AsyncClient
) -> None:
    """Case 165."""
    answer = await client.get(EVENTS)

    assert (answer.status_code, len(fake.violations)) == (200, 1)


async def test_guests_and_mails_are_violations(fake: ZoomFake, client: httpx.AsyncClient) -> None:
    guests = {"attendees": [{"email": "grace@example.com"}]}

    answer = await client.post(EVENTS, params={"sendUpdates": "all"}, json=TIMES | guests)

    assert (answer.status_code, len(fake.violations)) == (200, 2)


async def test_scope_that_is_missing_is_400_with_its_number_4711(
    fake: ZoomFake, client: httpx.AsyncClient
) -> None:
    """Case 56."""
    token = fake.token_for(HOST.email, without=["calendar:write:event"])

    answer = await client.post(EVENTS, params=QUERY, json=TIMES, headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()) == (
        400,
        {"code": 4711, "message": "Invalid access token, does not contain scopes:[calendar:write:event]."},
    )


async def test_limit_of_a_second_is_429_with_its_headers(fake: ZoomFake, client: httpx.AsyncClient) -> None:
    fake.counts_seconds = True
    path = "/zoom/v2/calendars/users/me/calendarList"
    answers = [await client.get(path) for _ in range(BUSINESS["HEAVY"] + 1)]

    assert [answer.status_code for answer in answers] == [200] * 40 + [429]
    assert {name: answers[-1].headers[name] for name in ("X-RateLimit-Category", "X-RateLimit-Type")} == {
        "X-RateLimit-Category": "HEAVY",
        "X-RateLimit-Type": "QPS",
    }
    assert answers[-1].headers["Retry-After"] == "1"


async def test_local_start_is_read_in_the_zone_of_the_meeting(client: httpx.AsyncClient) -> None:
    local = {"start_time": "2026-03-30T09:00:00", "timezone": "Europe/Berlin"}

    made = await client.post("/zoom/v2/users/me/meetings", json=MEETING | local)

    assert made.json()["start_time"] == "2026-03-30T07:00:00Z"


async def test_meeting_that_is_no_more_is_404_with_its_number_3001(client: httpx.AsyncClient) -> None:
    number = (await client.post("/zoom/v2/users/me/meetings", json=MEETING)).json()["id"]

    removed = await client.delete(f"/zoom/v2/meetings/{number}")
    again = await client.get(f"/zoom/v2/meetings/{number}")

    assert (removed.status_code, removed.content) == (204, b"")
    assert (again.status_code, again.json()["code"]) == (404, 3001)
    assert number > 2**31


def contracts(name: str) -> dict[str, Any]:
    folder = os.environ.get("SLOTGRAPH_CONTRACTS")
    if not folder:
        pytest.skip("the extracts of Zoom's contracts are not here (SLOTGRAPH_CONTRACTS)")
    return json.loads((Path(folder) / name).read_text())


def wrong(spec: dict[str, Any], schema: dict[str, Any], value: Any, where: str = "$") -> list[str]:
    """Say where a value is not of a shape: the part of JSON schema that the extracts use, no more."""
    if "$ref" in schema:
        return wrong(spec, spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value, where)
    if "allOf" in schema:
        shapes = [wrong_part for part in schema["allOf"] for wrong_part in wrong(spec, part, value, where)]
        known = {name for part in schema["allOf"] for name in _properties(spec, part)}
        return [one for one in shapes if one.split(": unknown ")[-1] not in known]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    kind = kinds.get(schema.get("type", ""), object)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return [f"{where}: not {schema['type']}"]
    found = [f"{where}: not one of {schema['enum']}"] if value not in schema.get("enum", [value]) else []
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return found + [one for item in items for one in wrong(spec, schema["items"], item, f"{where}[]")]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        properties = schema.get("properties", fields)  # without any, all are known
        found += [f"{where}: no {name}" for name in schema.get("required", []) if name not in fields]
        found += [f"{where}: unknown {name}" for name in fields if name not in properties]
        for name in fields.keys() & schema.get("properties", {}).keys():
            found += wrong(spec, properties[name], fields[name], f"{where}.{name}")
    return found


def _properties(spec: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _properties(spec, spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    parts = [name for part in schema.get("allOf", []) for name in _properties(spec, part)]
    return {*schema.get("properties", {}), *parts}


SHAPED: list[tuple[str, str, str, str, dict[str, str], object]] = [
    ("calendar", "GET", "/calendars/users/{userIdentifier}/calendarList", "me", {}, None),
    ("calendar", "POST", "/calendars/freeBusy", "", {}, FREE_BUSY),
    (
        "calendar",
        "GET",
        "/calendars/{calId}/events",
        HOST.email,
        {"timeMin": "2026-03-30T09:00:00Z", "timeMax": "2026-03-30T10:00:00Z", "singleEvents": "true"},
        None,
    ),
    ("calendar", "POST", "/calendars/{calId}/events", HOST.email, QUERY, {**TIMES, "summary": "Intro"}),
    ("calendar", "GET", "/calendars/{calId}/events/{eventId}", HOST.email, {}, None),
    ("calendar", "PATCH", "/calendars/{calId}/events/{eventId}", HOST.email, QUERY, TIMES),
    ("calendar", "DELETE", "/calendars/{calId}/events/{eventId}", HOST.email, QUERY, None),
    ("meetings", "POST", "/users/{userId}/meetings", "me", {}, MEETING),
    ("meetings", "GET", "/users/{userId}/meetings", "me", {"type": "upcoming", "page_size": "300"}, None),
    ("meetings", "GET", "/meetings/{meetingId}", "", {}, None),
    ("meetings", "PATCH", "/meetings/{meetingId}", "", {}, {"duration": 45}),
    ("meetings", "DELETE", "/meetings/{meetingId}", "", {}, None),
]


@pytest.mark.parametrize(("name", "method", "path", "of", "query", "body"), SHAPED, ids=str)
async def test_answers_are_of_the_published_shape(
    fake: ZoomFake,
    client: httpx.AsyncClient,
    name: str,
    method: str,
    path: str,
    of: str,
    query: dict[str, str],
    body: object,
) -> None:
    """What is asked is known to the contract too: parameters, and fields of bodies."""
    spec = contracts(f"zoom.{name}.openapi.json")
    event = fake.calendar(HOST.email).add(dict(TIMES), fake.clock(), HOST.email)
    meeting = (await client.post("/zoom/v2/users/me/meetings", json=MEETING)).json()
    ids = {
        "userIdentifier": of,
        "calId": of,
        "userId": of,
        "eventId": event["id"],
        "meetingId": meeting["id"],
    }
    operation = spec["paths"][path][method.lower()]

    answer = await client.request(method, f"/zoom/v2{path.format(**ids)}", params=query, json=body)

    published = operation["responses"][str(answer.status_code)].get("content", {})
    shapes = [one["schema"] for one in published.values()]
    said = [answer.json()] if answer.content else []
    taken = [one["schema"] for one in operation.get("requestBody", {}).get("content", {}).values()]
    assert len(said) == len(shapes)
    assert [fault for shape in shapes for fault in wrong(spec, shape, said[0])] == []
    assert [fault for shape in taken for fault in wrong(spec, shape, body)] == []
    assert set(query) <= {parameter["name"] for parameter in operation.get("parameters", [])}
    assert fake.violations == []


@pytest.mark.parametrize("what", ["create", "update", "delete"])
async def test_events_are_of_the_published_shape(fake: ZoomFake, what: str) -> None:
    hooks = contracts("zoom.calendar.webhooks.json")
    fake.webhooks.events = frozenset({f"calendar.event_{what}"})
    fake.webhooks.calendar(what, fake.accounts[HOST.email], HOST.email, "e1")
    content = hooks[f"calendar.event_{what}"]["post"]["requestBody"]["content"]

    [sent] = fake.webhooks.waiting

    assert wrong(hooks, content["application/json"]["schema"], json.loads(sent.body)) == []
