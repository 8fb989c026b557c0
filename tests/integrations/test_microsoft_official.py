"""The Graph fake beside Microsoft's own library and contract: what we test against is what there is.

MSAL signs in and renews at the fake. The answers of the fake's API are held against our notation of Graph's
shapes, always; and that against Microsoft's contract where SLOTGRAPH_CONTRACTS names the folder that has
`graph.calendar.openapi.json`. It is not part of this repository.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import msal
import pytest

from integrations.microsoft.entries import EXPAND, PROPERTY
from tests import serving
from tests.fakes.graph import GraphFake
from tests.fakes.graph_shapes import SHAPES, WORDS, problems
from tests.fakes.graph_sign_in import PERSONAL_TENANT, SCOPES, WORK_TENANT
from tests.fakes.kit import served
from tests.fakes.oauth import Person
from tests.integrations.outside import answer, outside

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore:response_mode"),  # of MSAL, which would have us take forms
]

MICROSOFT = "https://login.microsoftonline.com"
BACK = "http://127.0.0.1/back"
ADA, EVE = Person("s-1", "ada@example.com"), Person("s-2", "eve@outlook.com")
ASKED = ["Calendars.ReadWrite", "Calendars.Read"]
CONTRACT = Path(os.environ.get("SLOTGRAPH_CONTRACTS", "")) / "graph.calendar.openapi.json"


class Answered:
    """An answer as MSAL reads it."""

    def __init__(self, got: httpx.Response, fake_url: str) -> None:
        self.status_code = got.status_code
        self.headers = dict(got.headers)
        self.text = got.text.replace(fake_url, MICROSOFT)

    def raise_for_status(self) -> None:
        """Fail if it is a refusal."""
        if self.status_code >= 400:
            raise RuntimeError(self.text)


class Rewriting:
    """MSAL's HTTP client, which takes every address of Microsoft's to the fake; MSAL wants https."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/graph"
        self._client = httpx.Client(trust_env=False)

    def post(self, url: str, data: Any = None, headers: Any = None, **_: Any) -> Answered:
        """Send a form."""
        return Answered(self._client.post(self._there(url), data=data, headers=headers), self._url)

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> Answered:
        """Ask."""
        return Answered(self._client.get(self._there(url), params=params, headers=headers), self._url)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _there(self, url: str) -> str:
        assert url.startswith(MICROSOFT)
        return url.replace(MICROSOFT, self._url)


@pytest.fixture
async def fake() -> AsyncGenerator[GraphFake]:
    """Serve a fake by the real clock, which MSAL reads for itself."""
    made = GraphFake([ADA, EVE])
    async with served(made):
        yield made
        assert made.violations == []


def application(fake: GraphFake, http: Rewriting, secret: str = GraphFake.client_secret) -> Any:
    return msal.ConfidentialClientApplication(
        fake.client_id,
        client_credential=secret,
        authority=f"{MICROSOFT}/common",
        instance_discovery=False,
        http_client=http,
        exclude_scopes=["profile"],
    )


def signed_in(fake: GraphFake, client: Any, person: Person = ADA) -> dict[str, Any]:
    """Sign in as a person does in a browser."""
    flow: dict[str, Any] = client.initiate_auth_code_flow(ASKED, redirect_uri=BACK)
    query = dict(parse_qsl(urlsplit(str(flow["auth_uri"])).query))
    sent_to = fake.consents(query, person.email)
    return client.acquire_token_by_auth_code_flow(flow, dict(parse_qsl(urlsplit(sent_to).query)))


async def test_msal_signs_in_and_renews_at_the_fake(fake: GraphFake) -> None:
    """R096, R099, R100: codes with PKCE, delegated scopes, and a refresh token that turns."""

    def play() -> tuple[dict[str, Any], dict[str, Any], list[str | None]]:
        http = Rewriting(fake.url)
        client = application(fake, http)
        first = signed_in(fake, client)
        [account] = client.get_accounts()
        second = client.acquire_token_silent_with_error(ASKED, account, force_refresh=True)
        http.close()
        return first, second, [grant.refresh_token for grant in fake.grants]

    first, second, refresh_tokens = await asyncio.to_thread(play)

    assert set(first["scope"].split()) == SCOPES - {"offline_access"}
    assert first["id_token_claims"]["sub"] == ADA.subject
    assert first["id_token_claims"]["iss"] == f"{fake.url}/graph/{WORK_TENANT}/v2.0"
    assert second["access_token"] != first["access_token"]
    assert len(set(refresh_tokens)) == 2


async def test_msal_is_told_why_it_is_refused(fake: GraphFake) -> None:
    def play() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        http = Rewriting(fake.url)
        client = application(fake, http)
        signed_in(fake, client)
        [account] = client.get_accounts()
        wrong = signed_in(fake, application(fake, http, "wrong"))
        fake.revokes_all(ADA.email)
        over = client.acquire_token_silent_with_error(ASKED, account, force_refresh=True)
        fake.refuses_renewal("interaction_required", 50076)
        asked = client.acquire_token_by_refresh_token("any", ASKED)
        http.close()
        return wrong, over, asked

    wrong, over, asked = await asyncio.to_thread(play)

    assert (wrong["error"], wrong["error_codes"]) == ("invalid_client", [7000215])
    assert (over["error"], over["error_codes"]) == ("invalid_grant", [70008])
    assert (asked["error"], asked["error_codes"]) == ("interaction_required", [50076])


async def test_id_token_is_signed_by_the_keys_that_discovery_names(fake: GraphFake) -> None:
    fake.personal(EVE.email)
    token = fake.id_token(fake.grant(EVE.email), "n")
    async with serving.client(base_url=fake.url) as client:
        document = (await client.get("/graph/consumers/v2.0/.well-known/openid-configuration")).json()
        shared = (await client.get("/graph/common/v2.0/.well-known/openid-configuration")).json()
        keys = (await client.get(document["jwks_uri"])).json()["keys"]

    claims = jwt.decode(
        token, jwt.PyJWK(keys[0]), ["RS256"], audience=fake.client_id, issuer=document["issuer"]
    )
    assert document["issuer"] == f"{fake.url}/graph/{PERSONAL_TENANT}/v2.0"
    assert shared["issuer"] == f"{fake.url}/graph/{{tenantid}}/v2.0"
    assert (claims["sub"], claims["nonce"]) == (EVE.subject, "n")


async def play_everything(fake: GraphFake) -> dict[str, list[Any]]:
    """Use all of the fake's API once; give the answers by their shapes."""
    [token] = fake.grant(ADA.email).access
    start = datetime.now(UTC) + timedelta(days=1)
    fake.mailboxes[ADA.email].calendars[0].add(start, start + timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}", "Prefer": 'IdType="ImmutableId"'}
    async with (
        outside(lambda asked: answer(200, _token(asked.target), Content_Type="text/plain")) as here,
        serving.client(base_url=f"{fake.url}/graph/v1.0", headers=headers) as client,
    ):
        calendars = (
            await client.get("/me/calendars", params={"$select": ",".join(SHAPES["calendar"])})
        ).json()
        path = f"/me/calendars/{calendars['value'][0]['id'].replace('/', '%2F').replace('+', '%2B')}"
        times = {"start": _time(start), "end": _time(start + timedelta(hours=1))}
        subscription = {
            "changeType": "created",
            "notificationUrl": f"{here.url}a",
            "lifecycleNotificationUrl": f"{here.url}b",
            "resource": f"{path}/events",
            "expirationDateTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        }
        watch = await client.post("/subscriptions", json=subscription)
        proof = [{"id": PROPERTY, "value": "u m"}]
        teams = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}
        made = await client.post(
            f"{path}/events", json={**times, **teams, "singleValueExtendedProperties": proof}
        )
        one = f"/me/events/{made.json()['id'].replace('/', '%2F').replace('+', '%2B')}"
        etag = {"If-Match": made.json()["@odata.etag"]}
        changed = await client.patch(one, json={"subject": "Other"}, headers=etag)
        query = {"$select": "id,start,end,onlineMeeting", "$expand": EXPAND}
        got = await client.get(one, params=query)
        window = {"startDateTime": start.isoformat(), "endDateTime": (start + timedelta(1)).isoformat()}
        select = "start,end,showAs,isCancelled,isAllDay,responseStatus,type,sensitivity"
        view = await client.get(f"{path}/calendarView", params={**window, "$select": select})
    return {
        "calendar": calendars["value"],
        "event": [made.json(), changed.json(), got.json(), *view.json()["value"]],
        "subscription": [watch.json()],
        "changeNotification": fake.watching.notices,
    }


def _token(target: str) -> str:
    return dict(parse_qsl(urlsplit(target).query)).get("validationToken", "")


def _time(instant: datetime) -> dict[str, str]:
    return {"dateTime": f"{instant:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}


async def test_answers_of_the_fake_have_graph_s_shapes(fake: GraphFake) -> None:
    answers = await play_everything(fake)

    wrong = [found for shape, all_of in answers.items() for one in all_of for found in problems(shape, one)]
    assert {shape: len(all_of) for shape, all_of in answers.items()} == {
        "calendar": 1,
        "event": 5,
        "subscription": 1,
        "changeNotification": 2,
    }
    assert wrong == []


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        ({"id": None}, "event.id: null"),
        ({"showAs": "away"}, "event.showAs: freeBusyStatus has no such word"),
        ({"isAllDay": "yes"}, "event.isAllDay: not flag"),
        ({"createdDateTime": "soon"}, "event.createdDateTime: not instant"),
        ({"start": {"dateTime": 7}}, "dateTimeTimeZone.dateTime: not text"),
        ({"attendees": {}}, "event.attendees: no list"),
        ({"colour": "red"}, "event: unknown colour"),
    ],
)
def test_what_has_another_shape_is_found(one: dict[str, Any], problem: str) -> None:
    assert problems("event", one) == [problem]


needs_contract = pytest.mark.skipif(not CONTRACT.is_file(), reason="SLOTGRAPH_CONTRACTS names no contract")


@needs_contract
def test_our_notation_of_graph_s_shapes_is_microsoft_s() -> None:
    schemas = json.loads(CONTRACT.read_text())["components"]["schemas"]

    assert [
        f"{shape}.{name}"
        for shape, names in SHAPES.items()
        for name, kind in names.items()
        if kind.replace("=", "") != _notation(schemas, shape, name, kind)
    ] == []
    assert {name: sorted(words) for name, words in WORDS.items()} == {
        name: sorted(schemas[f"microsoft.graph.{name}"]["enum"]) for name in WORDS
    }


@needs_contract
async def test_answers_of_the_fake_are_what_the_contract_says(fake: GraphFake) -> None:
    schemas = json.loads(CONTRACT.read_text())["components"]["schemas"]
    answers = await play_everything(fake)

    assert [
        found
        for shape, all_of in answers.items()
        for one in all_of
        for found in contradictions(schemas, {"$ref": f"#/microsoft.graph.{shape}"}, one, shape)
    ] == []


def contradictions(schemas: Mapping[str, Any], schema: Any, value: Any, where: str) -> list[str]:
    """Hold a value against a schema of the contract; annotations with @ are not in it."""
    is_nullable = schema.get("nullable", False)
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if value is None:
        return [] if is_nullable else [f"{where}: null"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{where}: {value}"]
    kind = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}[schema["type"]]
    if not isinstance(value, kind):
        return [f"{where}: not {schema['type']}"]
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [one for each in items for one in contradictions(schemas, schema["items"], each, where)]
    if not isinstance(value, dict):
        return []
    known: dict[str, Any] = schema.get("properties", {})
    own = {name: each for name, each in cast("dict[str, Any]", value).items() if "@" not in name}
    return [
        *[f"{where}: no {name}" for name in schema.get("required", []) if name not in own],
        *[f"{where}: unknown {name}" for name in own if name not in known and where != "resourceData"],
        *[
            found
            for name, each in own.items()
            if name in known
            for found in contradictions(schemas, known[name], each, name)
        ],
    ]


def _notation(schemas: Mapping[str, Any], shape: str, name: str, kind: str) -> str | None:
    """Spell a property of the contract in our notation; an open type has no properties of its own."""
    known = schemas[f"microsoft.graph.{shape}"].get("properties", {})
    if name not in known:
        return kind if shape in {"resourceData", "attendee", "recipient"} else None
    schema = known[name]
    mark = "*" if schema.get("readOnly") and shape != "singleValueLegacyExtendedProperty" else ""
    is_list = schema.get("type") == "array"
    item = schema["items"] if is_list else schema
    plain = {"string": "text", "boolean": "flag", "integer": "number"}
    word = (
        item["$ref"].rpartition(".")[2]
        if "$ref" in item
        else "instant"
        if item.get("format") == "date-time"
        else plain[item["type"]]
    )
    return f"{mark}{'[]' if is_list else ''}{word}"
