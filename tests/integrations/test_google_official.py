"""Google's own client against our fake of Google, so that the fake is known to be right.

The client is given nothing but an address: what it sends is Google's, what it reads has to be.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from domain.calendars import Entry, EntrySpot
from domain.intervals import minute_of
from integrations.ports import BusyAt
from tests.fakes.google import API, WANTED_SCOPES
from tests.fakes.google_side import EMAIL, GoogleSide, google_side

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 30, 9, tzinfo=UTC)
UID = "5f0c6f5e-0000-5000-8000-000000000001@slotgraph.example.com"
ID = "5f0c6f5e000050008000000000000001"
ENTRY = Entry(
    UID, 1, START, START + timedelta(hours=1), "Intro", "Grace", "Room 7", "m" * 64, "Europe/Berlin"
)
EVENT = {
    "id": "bk0123abcdef",
    "summary": "Intro call",
    "start": {"dateTime": "2026-03-30T10:00:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-03-30T10:30:00", "timeZone": "Europe/Berlin"},
    "extendedProperties": {"private": {"bookingId": "bk_1"}},
    "conferenceData": {
        "createRequest": {"requestId": "bk_1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}
    },
}
MASK = "id,status,etag,start,end,hangoutLink,conferenceData,extendedProperties"

Service = Any
"""Google's client is made at run time from a document, so no type says what it can do."""
_BUILD = cast("Callable[..., Any]", getattr(discovery, "build"))  # noqa: B009 -- it has no types


@pytest.fixture
async def side() -> AsyncGenerator[GoogleSide]:
    async with google_side() as made:
        yield made


def credentials(side: GoogleSide) -> Any:
    grant = side.fake.grants[0]
    return Credentials(
        token=side.account.secret.reveal(),
        refresh_token=grant.refresh_token,
        token_uri=f"{side.fake.url}/google/token",
        client_id=side.fake.client_id,
        client_secret=side.fake.client_secret,
        scopes=list(WANTED_SCOPES),
    )


async def asked(side: GoogleSide, work: Callable[[Service], Any]) -> Any:
    """Let Google's client work in a thread of its own, as it blocks."""

    def run() -> Any:
        endpoint = {"api_endpoint": f"{side.fake.url}{API}/"}
        service = _BUILD(
            "calendar",
            "v3",
            credentials=credentials(side),
            static_discovery=True,
            client_options=endpoint,
        )
        with service:
            return work(service)

    return await asyncio.to_thread(run)


def reason(failed: pytest.ExceptionInfo[Exception]) -> tuple[int, str]:
    error: Any = failed.value
    return error.status_code, error.error_details[0]["reason"]


def insert(service: Service) -> object:
    return service.events().insert(calendarId="primary", body=EVENT).execute()


def get_unknown(service: Service) -> object:
    return service.events().get(calendarId="x", eventId="abcdef", fields="id").execute()


def get_calendar(service: Service) -> object:
    return service.calendars().get(calendarId="primary").execute()


def stop_unknown(service: Service) -> object:
    return service.channels().stop(body={"id": "x", "resourceId": "y"}).execute()


async def test_calendars_are_listed_page_by_page(side: GoogleSide) -> None:
    side.fake.events.most_per_page = 1

    def listed(service: Service) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        request = service.calendarList().list(fields="items(id,accessRole,timeZone),nextPageToken")
        while request is not None:
            page = request.execute()
            found += [(one["id"], one["accessRole"], one["timeZone"]) for one in page["items"]]
            request = service.calendarList().list_next(request, page)
        return found

    found = await asked(side, listed)

    [own, holidays] = side.calendars()
    assert found == [(own.url, "owner", own.zone), (holidays.url, "reader", holidays.zone)]
    assert side.violations() == []


async def test_busy_times_are_the_same_for_both_clients(side: GoogleSide) -> None:
    side.add(START, START + timedelta(hours=1))
    side.add(START + timedelta(hours=2), START + timedelta(hours=3), is_free=True)
    window = (minute_of(START), minute_of(START + timedelta(days=1)))
    body = {
        "timeMin": "2026-03-30T09:00:00Z",
        "timeMax": "2026-03-31T09:00:00Z",
        "items": [{"id": "primary"}, {"id": "stranger@example.com"}],
    }

    theirs = await asked(side, lambda service: service.freebusy().query(body=body).execute())
    (ours,) = await side.adapter.busy(side.account, [BusyAt(EMAIL, None)], window)

    assert theirs["calendars"]["primary"]["busy"] == [
        {"start": "2026-03-30T09:00:00Z", "end": "2026-03-30T10:00:00Z"}
    ]
    assert theirs["calendars"]["stranger@example.com"]["errors"][0]["reason"] == "notFound"
    assert ours.counted() == ((minute_of(START), minute_of(START) + 60),)


async def test_entry_lives_as_googles_client_expects(side: GoogleSide) -> None:
    def live(service: Service) -> list[Any]:
        events, one = service.events(), {"calendarId": "primary", "eventId": "bk0123abcdef"}
        made = events.insert(calendarId="primary", body=EVENT, conferenceDataVersion=1).execute()
        read = events.get(**one, fields=MASK).execute()
        patched = events.patch(**one, body={"location": "Room 7"}, sendUpdates="none").execute()
        listed = events.list(
            calendarId="primary", privateExtendedProperty="bookingId=bk_1", singleEvents=True
        ).execute()
        gone = events.delete(**one, sendUpdates="none").execute()
        left = events.get(**one, fields=MASK).execute()
        return [made, read, patched, listed, gone, left]

    made, read, patched, listed, gone, left = await asked(side, live)

    assert made["conferenceData"]["createRequest"]["status"] == {"statusCode": "pending"}
    assert (made["kind"], made["status"], made["organizer"]["email"]) == (
        "calendar#event",
        "confirmed",
        EMAIL,
    )
    assert read["hangoutLink"] == "https://meet.google.com/meet-bk0123ab"
    assert (patched["summary"], patched["location"]) == ("Intro call", "Room 7")
    assert patched["conferenceData"] == read["conferenceData"]
    assert [one["id"] for one in listed["items"]] == ["bk0123abcdef"]
    assert (gone, left["status"]) == ("", "cancelled")
    assert side.violations() == []


async def test_version_that_is_stale_is_refused(side: GoogleSide) -> None:
    side.calendar.add(START, START + timedelta(hours=1), id="abcdef")

    def change(service: Service) -> object:
        request = service.events().patch(calendarId="primary", eventId="abcdef", body={"summary": "x"})
        request.headers["If-Match"] = '"1"'
        return request.execute()

    with pytest.raises(HttpError) as failed:
        await asked(side, change)

    assert reason(failed) == (412, "conditionNotMet")


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (insert, (409, "duplicate")),
        (get_unknown, (404, "notFound")),
        (get_calendar, (403, "insufficientPermissions")),
        (stop_unknown, (404, "notFound")),
    ],
    ids=["duplicate", "unknown", "scope", "channel"],
)
async def test_refusals_are_read_by_googles_client(
    side: GoogleSide, work: Callable[[Service], object], told: tuple[int, str]
) -> None:
    side.calendar.add(START, START + timedelta(hours=1), id="bk0123abcdef")

    with pytest.raises(HttpError) as failed:
        await asked(side, work)

    assert reason(failed) == told


async def test_changes_are_followed_by_googles_client(side: GoogleSide) -> None:
    side.add(START, START + timedelta(hours=1))
    mask = "items(id,status),nextPageToken,nextSyncToken"

    def follow(service: Service) -> Any:
        first = service.events().list(calendarId="primary", fields=mask).execute()
        token = first["nextSyncToken"]
        made = service.events().insert(calendarId="primary", body=EVENT, fields="id").execute()
        then = service.events().list(calendarId="primary", fields=mask, syncToken=token).execute()
        return made["id"], [one["id"] for one in then["items"]]

    made, changed = await asked(side, follow)

    assert changed == [made]
    assert side.violations() == []


async def test_channel_is_opened_and_stopped_by_googles_client(side: GoogleSide) -> None:
    """R112."""
    side.fake.pushes.takes_http = True
    body = {"id": "w-1", "type": "web_hook", "address": f"{side.fake.url}/hook", "params": {"ttl": "3600"}}

    def watch(service: Service) -> Any:
        made = service.events().watch(calendarId="primary", body=body).execute()
        pair = {"id": made["id"], "resourceId": made["resourceId"]}
        return made, service.channels().stop(body=pair).execute()

    made, stopped = await asked(side, watch)
    await side.fake.pushes.delivered()

    assert (made["kind"], made["id"], stopped) == ("api#channel", "w-1", "")
    ends_at = datetime.fromtimestamp(int(made["expiration"]) / 1000, UTC)
    assert timedelta(minutes=59) < ends_at - side.fake.clock() <= timedelta(hours=1)
    assert side.fake.pushes.channels == {}


async def test_what_our_adapter_wrote_is_read_by_googles_client(side: GoogleSide) -> None:
    """R066, R113."""
    await side.adapter.put_entry(side.account, EntrySpot(EMAIL, UID, "m" * 64), ENTRY)

    read = await asked(
        side,
        lambda service: service.events().get(calendarId="primary", eventId=ID, fields=MASK).execute(),
    )

    assert read["start"] == {"dateTime": "2026-03-30T09:00:00Z", "timeZone": "Europe/Berlin"}
    assert read["extendedProperties"] == {"private": {"slotgraphMarker": "m" * 64}}


async def test_token_that_is_over_is_renewed_by_googles_library(side: GoogleSide) -> None:
    side.fake.expire_access()

    found = await asked(side, lambda service: service.calendarList().get(calendarId="primary").execute())

    assert found["id"] == EMAIL
    assert [call.operation for call in side.fake.calls] == ["calendarList.get", "token", "calendarList.get"]
    assert side.violations() == []


async def test_revoked_grant_cannot_be_renewed(side: GoogleSide) -> None:
    side.revokes()

    with pytest.raises(RefreshError, match="invalid_grant"):
        await asyncio.to_thread(credentials(side).refresh, Request())
