"""CalDAV servers that err, leave things out, or mean harm."""

from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime

import pytest

from domain.calendars import EntrySpot, EntryState, Provider
from domain.intervals import Span
from integrations.caldav import CalDav
from integrations.http import SafeHttp
from integrations.ports import Account, BusyAt, Permanent, ProviderFailed, Revoked, Secret, Transient
from tests.integrations.outside import (
    CANARY,
    Asked,
    Outside,
    Told,
    answer,
    calendar,
    multistatus,
    outside,
    wrapped,
)
from tests.integrations.test_caldav import ENTRY, MARKER, WINDOW, spelled

pytestmark = pytest.mark.anyio

FREE_BUSY = """\
BEGIN:VCALENDAR
BEGIN:VFREEBUSY
FREEBUSY:20260320T090000Z/PT1H
END:VFREEBUSY
END:VCALENDAR
"""
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<D:multistatus xmlns:D="DAV:">&b;</D:multistatus>'
)
REACHING = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    '<D:multistatus xmlns:D="DAV:">&a;</D:multistatus>'
)
OWN = calendar(
    f"UID:{ENTRY.uid}",
    f"X-SLOTGRAPH-MARKER:{MARKER}",
    "DTSTART;TZID=Europe/Berlin:20260330T120000",
    "DTEND;TZID=Europe/Berlin:20260330T123000",
)


def account(server: Outside) -> Account:
    return Account(Provider.CALDAV, server.url, "ada", Secret(CANARY))


def adapter() -> CalDav:
    return CalDav(SafeHttp(allow_loopback=True))


async def busy(server: Outside, caldav: CalDav, url: str | None = None) -> tuple[Span, ...]:
    asked = [BusyAt(url or f"{server.url}ada/work/", "UTC")]
    (found,) = await caldav.busy(account(server), asked, WINDOW, deadline_s=5)
    return found.counted()


def by_kind(query: Told, free_busy: Told = b"") -> "Kinds":
    return Kinds({"calendar-query": query, "free-busy-query": free_busy})


class Kinds:
    """A script that answers each kind of report in its own way."""

    def __init__(self, told: Mapping[str, Told]) -> None:
        self.told = told

    def __call__(self, asked: Asked) -> Told:
        return next(told for kind, told in self.told.items() if f"<C:{kind} ".encode() in asked.body)


def prop(inner: str, href: str = "/") -> bytes:
    """Spell an answer about one resource."""
    return answer(
        207,
        wrapped(
            f"<D:response><D:href>{href}</D:href><D:propstat><D:prop>{inner}</D:prop>"
            "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        ),
    )


async def test_server_that_sends_everything_is_read_for_times_alone() -> None:
    """R062 to R065, case 164: a server that knows no partial answers sends titles, and they end here."""
    text = calendar("UID:1", "DTSTART:20260320T090000Z", "DURATION:PT1H")
    async with outside(lambda _: multistatus(text, text)) as server:
        (found,) = await adapter().busy(account(server), [BusyAt(f"{server.url}a/", None)], WINDOW)

    assert [spelled(span) for span in found.counted()] == ["03-20 09:00/03-20 10:00"]
    assert CANARY not in repr(found)


@pytest.mark.parametrize("status", [400, 403, 405, 501])
async def test_server_that_knows_no_queries_is_asked_for_its_own_free_busy(status: int) -> None:
    """Case 165, and the second time it is asked so at once."""
    script = by_kind(answer(status), answer(200, FREE_BUSY, Content_Type="text/calendar"))
    async with outside(script) as server:
        caldav = adapter()
        found = [await busy(server, caldav), await busy(server, caldav)]

        assert [[spelled(span) for span in spans] for spans in found] == [["03-20 09:00/03-20 10:00"]] * 2
        assert [b"free-busy-query" in asked.body for asked in server.asked] == [False, True, True]


@pytest.mark.parametrize(
    ("query", "free_busy", "kind", "reason"),
    [
        (answer(401), b"", Revoked, "credentials_refused"),
        (answer(404), b"", Permanent, "calendar_gone"),
        (answer(410), b"", Permanent, "calendar_gone"),
        (answer(429, Retry_After="120"), b"", Transient, "throttled"),
        (answer(503), b"", Transient, "throttled"),
        (answer(502, CANARY), b"", Transient, "provider_error"),
        (answer(507), b"", Permanent, "storage_full"),
        (answer(302, Location="/elsewhere/"), b"", Permanent, "http_302"),
        (answer(200, f"<html>{CANARY}</html>"), b"", Permanent, "http_200"),
        (answer(204), b"", Permanent, "http_204"),
        (answer(207, f"<html>{CANARY}</html>"), b"", Transient, "answer_unreadable"),
        (answer(207, ""), b"", Transient, "answer_unreadable"),
        (answer(207, f"<html>{CANARY}"), b"", Transient, "answer_unreadable"),
        (answer(207, BOMB), b"", Transient, "answer_unreadable"),
        (answer(207, REACHING), b"", Transient, "answer_unreadable"),
        (answer(207, f"<!DOCTYPE x>{wrapped('').partition('?>')[2]}"), b"", Transient, "answer_unreadable"),
        (answer(207, '<?xml version="1.0" encoding="x"?><a/>'), b"", Transient, "answer_unreadable"),
        (answer(207, wrapped("<D:response/>" * 20_001)), b"", Transient, "answer_unreadable"),
        (answer(207, wrapped("<D:response/>")), b"", Transient, "answer_unreadable"),
        (prop("<C:calendar-data></C:calendar-data>"), b"", Transient, "answer_unreadable"),
        (
            answer(
                207,
                wrapped("<D:response><D:href>/</D:href><D:status>HTTP/1.1 507 X</D:status></D:response>"),
            ),
            b"",
            Transient,
            "answer_unreadable",
        ),
        (multistatus(CANARY), b"", Permanent, "calendar_unreadable"),
        (multistatus(calendar("UID:1", f"DTSTART:{CANARY}")), b"", Permanent, "calendar_unreadable"),
        (answer(403), answer(403), Permanent, "forbidden"),
        (answer(501), answer(200, ""), Transient, "answer_unreadable"),
        (answer(501), answer(200, f"<html>{CANARY}</html>"), Transient, "answer_unreadable"),
        (answer(501), answer(200, calendar("UID:1")), Transient, "answer_unreadable"),
        (answer(501), answer(204), Permanent, "http_204"),
    ],
)
async def test_answer_that_is_none_is_never_free_time(
    query: bytes, free_busy: bytes, kind: type[ProviderFailed], reason: str
) -> None:
    """Cases 119, 126, 136 and 189; case 164: no word of the answer in the failure."""
    async with outside(by_kind(query, free_busy)) as server:
        with pytest.raises(ProviderFailed) as failed:
            await busy(server, adapter())

    assert (type(failed.value), failed.value.reason) == (kind, reason)
    assert CANARY not in repr(failed.value) + repr(failed.value.__cause__)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "120"}, 120.0),
        (
            {"Retry_After": "Fri, 20 Mar 2026 09:01:30 GMT", "Date": "Fri, 20 Mar 2026 09:00:00 GMT"},
            90.0,
        ),
        ({"Retry_After": "Fri, 20 Mar 2026 09:01:30 GMT"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
async def test_wish_of_a_throttling_server_is_passed_on(
    headers: dict[str, str], seconds: float | None
) -> None:
    """Case 189."""
    async with outside(lambda _: answer(429, **headers)) as server:
        with pytest.raises(Transient) as failed:
            await busy(server, adapter())

    assert failed.value.retry_after_s == seconds


async def test_object_that_went_while_it_was_asked_for_is_not_missed() -> None:
    text = calendar("UID:1", "DTSTART:20260320T090000Z", "DURATION:PT1H")
    gone = "<D:response><D:href>/gone.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>"
    told = multistatus(text).partition(b"\r\n\r\n")[2].replace(b"</D:multistatus>", gone.encode())
    async with outside(lambda _: answer(207, told + b"</D:multistatus>")) as server:
        assert [spelled(span) for span in await busy(server, adapter())] == ["03-20 09:00/03-20 10:00"]


async def test_calendar_of_another_origin_is_asked_for_nothing() -> None:
    """Case 118."""
    async with outside(lambda _: answer(200)) as other, outside(lambda _: answer(200)) as server:
        asker, caldav = account(server), adapter()
        calls = (
            busy(server, caldav, f"{other.url}work/"),
            caldav.put_entry(asker, EntrySpot(f"{other.url}work/", ENTRY.uid, ENTRY.marker), ENTRY),
            caldav.delete_entry(asker, EntrySpot(f"{other.url}work/", ENTRY.uid, MARKER)),
            caldav.find_entry(asker, EntrySpot(f"{other.url}work/", ENTRY.uid, MARKER)),
        )
        reasons = [await _reason(call) for call in calls]

        assert reasons == ["left_origin"] * 4
        assert (server.connections, other.connections) == (0, 0)


async def _reason(call: Awaitable[object]) -> str:
    with pytest.raises(Permanent) as failed:
        await call
    return failed.value.reason


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_discovery_is_not_redirected_to_another_origin(status: int) -> None:
    """Cases 116 and 118: pointed inside or elsewhere, it stops before a single byte is sent there."""
    async with (
        outside(lambda _: answer(200)) as inside,
        outside(lambda _: answer(status, Location=inside.url)) as server,
    ):
        assert await _reason(adapter().discover(account(server))) == "left_origin"
        assert inside.connections == 0


@pytest.mark.parametrize("name", ["C:calendar-home-set", "D:current-user-principal"])
async def test_discovery_is_not_pointed_to_another_origin(name: str) -> None:
    """Case 118."""
    async with (
        outside(lambda _: answer(200)) as inside,
        outside(lambda _: prop(f"<{name}><D:href>{inside.url}</D:href></{name}>")) as server,
    ):
        assert await _reason(adapter().discover(account(server))) == "left_origin"
        assert inside.connections == 0


async def test_discovery_follows_the_well_known_address_and_its_redirect() -> None:
    """X20."""
    calendar_type = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
    privileges = (
        "<D:current-user-privilege-set><D:privilege><D:read/></D:privilege></D:current-user-privilege-set>"
    )
    told = {
        "/": answer(404),
        "/.well-known/caldav": answer(301, Location="/dav/"),
        "/dav/": prop("<D:current-user-principal><D:href>/me/</D:href></D:current-user-principal>"),
        "/me/": prop("<C:calendar-home-set><D:href>/homes/me/</D:href></C:calendar-home-set>"),
        "/homes/me/": prop(calendar_type + privileges, "/homes/me/f%C3%BCr%20alle/"),
    }
    async with outside(lambda asked: told[asked.target]) as server:
        found = await adapter().discover(account(server))

        assert [asked.target for asked in server.asked] == list(told)
        assert [(each.url, each.name, each.zone, each.is_writable) for each in found] == [
            (f"{server.url}homes/me/f%C3%BCr%20alle/", "f\u00fcr alle", None, False)
        ]


async def test_discovery_takes_neither_tasks_nor_folders_for_calendars() -> None:
    listing = wrapped(
        "".join(
            f"<D:response><D:href>/{name}/</D:href><D:propstat><D:prop><D:resourcetype>{kind}"
            f"</D:resourcetype>{more}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
            for name, kind, more in (
                ("folder", "<D:collection/>", ""),
                ("tasks", "<C:calendar/>", _components("VTODO")),
                ("both", "<C:calendar/>", _components("VTODO", "VEVENT")),
                ("any", "<C:calendar/>", ""),
            )
        )
    )
    async with outside(lambda _: answer(207, listing)) as server:
        found = await adapter().discover(account(server))

    assert [each.name for each in found] == ["both", "any"]


def _components(*names: str) -> str:
    inner = "".join(f'<C:comp name="{name}"/>' for name in names)
    return f"<C:supported-calendar-component-set>{inner}</C:supported-calendar-component-set>"


async def test_server_that_redirects_for_ever_is_left() -> None:
    async with outside(lambda _: answer(302, Location="/again/")) as server:
        assert await _reason(adapter().discover(account(server))) == "redirected"
        assert len(server.asked) == 5


async def test_place_that_speaks_no_caldav_has_no_calendars() -> None:
    async with outside(lambda _: answer(405)) as server:
        assert await _reason(adapter().discover(account(server))) == "no_calendars"


async def test_entry_is_not_replaced_when_its_server_names_no_version() -> None:
    """R068: without a version nothing says that what is replaced is what was looked at."""
    script = Methods({"PUT": answer(412), "GET": answer(200, OWN)})
    async with outside(script) as server:
        reason = await _reason(
            adapter().put_entry(
                account(server), EntrySpot(f"{server.url}work/", ENTRY.uid, ENTRY.marker), ENTRY
            )
        )

        assert reason == "no_etag"
        assert [asked.method for asked in server.asked] == ["PUT", "GET"]
        assert server.asked[0].headers["if-none-match"] == "*"


async def test_entry_that_others_keep_changing_is_tried_again_later() -> None:
    script = Methods({"PUT": answer(412), "GET": answer(200, OWN, ETag='"1"')})
    async with outside(script) as server:
        with pytest.raises(Transient) as failed:
            await adapter().put_entry(
                account(server), EntrySpot(f"{server.url}work/", ENTRY.uid, ENTRY.marker), ENTRY
            )

        assert failed.value.reason == "changed_meanwhile"
        assert [asked.headers.get("if-match") for asked in server.asked] == [None, None, '"1"'] * 3


async def test_entry_is_removed_only_as_the_version_that_was_looked_at() -> None:
    script = Methods({"DELETE": answer(204), "GET": answer(200, OWN, ETag='"7"')})
    async with outside(script) as server:
        await adapter().delete_entry(account(server), EntrySpot(f"{server.url}work/", ENTRY.uid, MARKER))

        assert [(asked.method, asked.headers.get("if-match")) for asked in server.asked] == [
            ("GET", None),
            ("DELETE", '"7"'),
        ]


@pytest.mark.parametrize(
    "found",
    [
        OWN.replace(ENTRY.uid, "copied"),
        OWN.replace(MARKER, "n" * 64),
        OWN.replace(f"X-SLOTGRAPH-MARKER:{MARKER}\r\n", ""),
        OWN + calendar("UID:another", "DTSTART:20260320T090000Z"),
        OWN[:-20],
        "",
    ],
    ids=["other name", "other mark", "no mark", "another beside it", "half", "nothing"],
)
async def test_object_that_is_not_plainly_ours_is_left_alone(found: str) -> None:
    """R068, case 166: it is looked at, and nothing is sent after that."""
    script = Methods({"PUT": answer(412), "GET": answer(200, found, ETag='"1"')})
    async with outside(script) as server:
        caldav, asker, url = adapter(), account(server), f"{server.url}work/"
        reasons = [
            await _reason(caldav.delete_entry(asker, EntrySpot(url, ENTRY.uid, MARKER))),
            await _reason(caldav.find_entry(asker, EntrySpot(url, ENTRY.uid, MARKER))),
            await _reason(caldav.put_entry(asker, EntrySpot(url, ENTRY.uid, ENTRY.marker), ENTRY)),
        ]

        assert reasons == ["not_ours"] * 3
        assert [asked.method for asked in server.asked] == ["GET", "GET", "PUT", "GET"]


async def test_entry_that_the_host_has_moved_is_found_where_it_is_now() -> None:
    script = Methods({"GET": answer(200, OWN, ETag='"1"')})
    async with outside(script) as server:
        found = await adapter().find_entry(
            account(server), EntrySpot(f"{server.url}work/", ENTRY.uid, MARKER)
        )

    assert found == EntryState(
        datetime(2026, 3, 30, 10, tzinfo=UTC), datetime(2026, 3, 30, 10, 30, tzinfo=UTC), 0
    )


class Methods:
    """A script that answers each method in its own way."""

    def __init__(self, told: Mapping[str, Told]) -> None:
        self.told = told

    def __call__(self, asked: Asked) -> Told:
        return self.told[asked.method]
