"""The Graph fake's strictness: what no client may do is refused as Graph does, and written down."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import httpx
import pytest

from tests import serving
from tests.fakes.graph import GraphFake
from tests.fakes.graph_state import EventState
from tests.fakes.kit import served
from tests.fakes.oauth import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
START, END = datetime(2027, 1, 5, 10, tzinfo=UTC), datetime(2027, 1, 5, 11, tzinfo=UTC)
TIMES = {
    "start": {"dateTime": "2027-01-05T10:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2027-01-05T11:00:00", "timeZone": "UTC"},
}
WINDOW = "startDateTime=2027-01-05T00:00:00Z&endDateTime=2027-01-06T00:00:00Z"
SELECT = "$select=id,start,end"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def fake() -> AsyncGenerator[GraphFake]:
    made = GraphFake([Person("s-1", ADA)])
    async with served(made):
        yield made


@pytest.fixture
async def client(fake: GraphFake) -> AsyncGenerator[httpx.AsyncClient]:
    [token] = fake.grant(ADA).access
    headers = {"Authorization": f"Bearer {token}"}
    base = f"{fake.url}/graph/v1.0"
    async with serving.client(base_url=base, headers=headers) as made:
        yield made


def path(fake: GraphFake) -> str:
    calendar = fake.mailboxes[ADA].calendars[0].id.replace("/", "%2F").replace("+", "%2B")
    return f"/me/calendars/{calendar}"


def escaped(event: EventState, *, is_immutable: bool) -> str:
    identifier = event.id if is_immutable else event.folder_id
    return identifier.replace("/", "%2F").replace("+", "%2B")


def code(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.json()['error']['code']}"


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        (WINDOW, {}, "400 ErrorInvalidRequest"),
        (f"{WINDOW}&$select=colour", {}, "400 BadRequest"),
        (f"{WINDOW}&{SELECT}&$colour=red", {}, "400 BadRequest"),
        (f"{WINDOW}&{SELECT}&$top=1001", {}, "400 ErrorInvalidRequest"),
        (f"{WINDOW}&{SELECT}", {"Prefer": "colour=red"}, "400 ErrorInvalidRequest"),
    ],
)
async def test_reading_what_is_not_there_to_read_is_a_violation(
    fake: GraphFake, client: httpx.AsyncClient, query: str, headers: dict[str, str], expected: str
) -> None:
    """Case 165: a listing of entries without $select too."""
    refused = await client.get(f"{path(fake)}/calendarView?{query}", headers=headers)

    assert code(refused) == expected
    assert len(fake.violations) == 1


@pytest.mark.parametrize("name", ["subject", "body", "attendees", "location", "hasAttachments"])
async def test_asking_for_what_is_private_is_a_violation(
    fake: GraphFake, client: httpx.AsyncClient, name: str
) -> None:
    """R062 to R065: Graph answers, and we know that we should not have asked."""
    answered = await client.get(f"{path(fake)}/calendarView?{WINDOW}&$select={name}")

    assert answered.status_code == 200
    assert fake.violations == ["view: asks for what is private"]


@pytest.mark.parametrize(
    "more", [{"colour": "red"}, {"isCancelled": True}, {"showAs": "away"}, {"start": "soon"}]
)
async def test_writing_what_graph_cannot_read_is_a_violation(
    fake: GraphFake, client: httpx.AsyncClient, more: dict[str, object]
) -> None:
    refused = await client.post(f"{path(fake)}/events", json=TIMES | more)

    assert code(refused) == "400 RequestBodyRead"
    assert len(fake.violations) == 1
    assert fake.mailboxes[ADA].calendars[0].events == {}


async def test_guests_whom_microsoft_would_mail_are_a_violation(
    fake: GraphFake, client: httpx.AsyncClient
) -> None:
    guest = {"emailAddress": {"address": "g@example.com"}, "type": "required"}
    await client.post(f"{path(fake)}/events", json={**TIMES, "attendees": [guest]})

    assert fake.violations == ["event.create: Graph would mail the attendees"]


async def test_writing_to_a_foreign_entry_or_blindly_is_a_violation(
    fake: GraphFake, client: httpx.AsyncClient
) -> None:
    """R068, case 166."""
    event = fake.mailboxes[ADA].calendars[0].add(START, END)
    url = f"{path(fake)}/events/{escaped(event, is_immutable=True)}"

    await client.patch(url, json={"subject": "Mine"})
    stale = await client.delete(url, headers={"If-Match": 'W/"other"'})

    assert code(stale) == "412 ErrorIrresolvableConflict"
    assert fake.violations == [
        "event.update: a foreign event (case 166)",
        "event.update: no If-Match",
        "event.delete: a foreign event (case 166)",
    ]


async def test_ids_change_with_a_move_unless_they_are_asked_to_stay(
    fake: GraphFake, client: httpx.AsyncClient
) -> None:
    mailbox = fake.mailboxes[ADA]
    event = mailbox.calendars[0].add(START, END)
    before = escaped(event, is_immutable=False)
    mailbox.move(event, mailbox.calendar("Other"))

    old = await client.get(f"/me/events/{before}?{SELECT}")
    new = await client.get(f"/me/events/{escaped(event, is_immutable=False)}?{SELECT}")
    prefer = {"Prefer": 'IdType="ImmutableId"'}
    lasting = await client.get(f"/me/events/{escaped(event, is_immutable=True)}?{SELECT}", headers=prefer)

    assert code(old) == "404 ErrorItemNotFound"
    assert new.json()["id"] == event.folder_id
    assert lasting.json()["id"] == event.id


async def test_repeated_transaction_is_refused_and_names_the_event(
    fake: GraphFake, client: httpx.AsyncClient
) -> None:
    prefer = {"Prefer": 'IdType="ImmutableId"'}
    body = TIMES | {"transactionId": "t-1"}
    first = await client.post(f"{path(fake)}/events", json=body, headers=prefer)
    second = await client.post(f"{path(fake)}/events", json=body, headers=prefer)

    assert code(second) == "409 ErrorDuplicateTransactionId"
    assert second.json()["error"]["@event.existingEventId"] == first.json()["id"]


@pytest.mark.parametrize(
    "scope", ["User.Read", "MailboxSettings.Read", "Calendars.ReadWrite.Shared", "profile"]
)
async def test_asking_for_a_fifth_permission_is_a_violation(fake: GraphFake, scope: str) -> None:
    """R099: exactly four."""
    query = {
        "client_id": fake.client_id,
        "redirect_uri": "http://127.0.0.1/back",
        "response_type": "code",
        "scope": f"offline_access openid Calendars.ReadWrite Calendars.Read {scope}",
        "state": "s",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    async with serving.client(base_url=fake.url) as client:
        refused = await client.get("/graph/common/oauth2/v2.0/authorize", params=query)

    assert refused.status_code == 400
    assert fake.violations == [f"scope: unknown {scope}"]


async def test_application_s_own_permission_is_a_violation(fake: GraphFake) -> None:
    """R097: no client credentials."""
    form = {
        "grant_type": "client_credentials",
        "client_id": fake.client_id,
        "client_secret": fake.client_secret,
    }
    async with serving.client(base_url=fake.url) as client:
        refused = await client.post("/graph/common/oauth2/v2.0/token", data=form)

    assert refused.json()["error_codes"] == [70003]
    assert fake.violations == ["token: grant client_credentials (R097)"]


async def test_watch_that_lasts_too_long_is_refused(fake: GraphFake, client: httpx.AsyncClient) -> None:
    body = {
        "changeType": "updated",
        "notificationUrl": "http://127.0.0.1:1/",
        "resource": "/me/events",
        "expirationDateTime": "2099-01-01T00:00:00Z",
    }
    refused = await client.post("/subscriptions", json=body)

    assert code(refused) == "400 ExtensionError"
    assert fake.watching.standing == {}
