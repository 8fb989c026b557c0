"""Every call that a provider was ever asked is one of these, and none asks what foreign entries say.

An operation that is not in the table fails: whoever adds one says here why it may be.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from tests.fakes.kit import Asked
from tests.proofs.life import CHANGES, READS, Life

pytestmark = pytest.mark.anyio
Rule = Callable[[Asked, Life], bool]

_GOOGLE_OWN = {
    "id",
    "status",
    "etag",
    "start",
    "end",
    "extendedProperties/private",
    "hangoutLink",
    "conferenceData",
}
_GRAPH_TIMES = {"start", "end", "showAs", "isCancelled", "isAllDay", "responseStatus"}
_GRAPH_OWN = {"id", "start", "end", "isOnlineMeeting", "onlineMeeting"}
_CALDAV_TIMES = {
    "UID",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "EXDATE",
    "RDATE",
    "RECURRENCE-ID",
    "TRANSP",
    "STATUS",
    "VERSION",
    "TZID",
    "TZOFFSETFROM",
    "TZOFFSETTO",
}
_GOOGLE_LISTED = (
    "nextPageToken,timeZone,items(start,end,status,transparency,eventType,attendees(self,responseStatus))"
)
_CALENDARS = {"id", "summary", "summaryOverride", "timeZone", "accessRole", "deleted"}
_PROPERTY = "singleValueExtendedProperties($filter=id eq 'String {8d2f4c1e-6a57-4b39-9e0d-3c7b1f52a684}"
_HALF_HOUR = timedelta(minutes=30)  # as long as every booking of a life
_DAV, _CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"


def _tells_nothing_of_entries(asked: Asked, life: Life) -> bool:
    """Take what is about the account, its calendars or our access to it."""
    return True


def _names(mask: str) -> set[str]:
    """Name the outer fields of a mask; what stands in brackets is within one."""
    depth, name, found = 0, "", set[str]()
    for letter in f"{mask},":
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            found.add(name.partition("(")[0])
            name = ""
        else:
            name += letter
    return found


def _masked(*known: str) -> Rule:
    return lambda asked, _: _names(asked.query.get("fields", "*")) <= set(known)


def _selects(*known: str) -> Rule:
    return lambda asked, _: set(asked.query.get("$select", "*").split(",")) <= set(known)


def _google_calendars(asked: Asked, life: Life) -> bool:
    mask = asked.query.get("fields", "*")
    return mask == f"nextPageToken,items({','.join(_inner(mask))})" and set(_inner(mask)) <= _CALENDARS


def _google_list(asked: Asked, life: Life) -> bool:
    """Take a list of a bounded window, of times and statuses, with the host alone among the guests."""
    query = asked.query
    return (
        query.get("fields") == _GOOGLE_LISTED
        and query.get("maxAttendees") == "1"
        and query.get("singleEvents") == "true"
        and {"timeMin", "timeMax"} <= set(query)
        and not {"q", "syncToken"} & set(query)
    )


def _inner(mask: str) -> list[str]:
    return mask.partition("items(")[2].rstrip(")").split(",")


def _google_write(asked: Asked, life: Life) -> bool:
    return asked.query.get("sendUpdates") == "none" and _names(asked.query.get("fields", "*")) <= _GOOGLE_OWN


def _silent(asked: Asked, life: Life) -> bool:
    return asked.query.get("sendUpdates") == "none"


def _of_ours(asked: Asked, life: Life) -> bool:
    """Take an operation on any entry but the host's own; of some of ours the answer with the id was lost."""
    return asked.path["event"] not in life.foreign_ids


def _graph_own(asked: Asked, life: Life) -> bool:
    return _of_ours(asked, life) and _selects(*_GRAPH_OWN)(asked, life) and _expands_ours(asked)


def _graph_search(asked: Asked, life: Life) -> bool:
    looks_for_ours = any(uid in asked.query.get("$filter", "") for uid, _, _ in life.entries)
    return asked.query.get("$select") == "id" and looks_for_ours and _expands_ours(asked)


def _expands_ours(asked: Asked) -> bool:
    return "$expand" not in asked.query or asked.query["$expand"].startswith(_PROPERTY)


def _zoom_list(asked: Asked, life: Life) -> bool:
    """Take a list of what lies at one entry's own times: Zoom has no masks, and no other way to find one."""
    start, end = (datetime.fromisoformat(asked.query[name]) for name in ("timeMin", "timeMax"))
    return end - start == _HALF_HOUR and "syncToken" not in asked.query


def _caldav_propfind(asked: Asked, life: Life) -> bool:
    return not list(fromstring(asked.body).iter(f"{_CALDAV}calendar-data"))


def _caldav_report(asked: Asked, life: Life) -> bool:
    report: Element = fromstring(asked.body)
    if report.tag == f"{_CALDAV}free-busy-query":
        return True
    wanted = list(report.iter(f"{_CALDAV}calendar-data"))
    named = {element.get("name", "") for data in wanted for element in data.iter(f"{_CALDAV}prop")}
    takes_all = [element for data in wanted for element in data.iter() if element.tag.endswith("allprop")]
    return (
        report.tag == f"{_CALDAV}calendar-query"
        and len(wanted) == 1
        and bool(named)
        and named <= _CALDAV_TIMES
        and not takes_all
        and all(list(component) for component in wanted[0].iter(f"{_CALDAV}comp"))
    )


def _caldav_own(asked: Asked, life: Life) -> bool:
    return unquote(asked.url).rpartition("/")[2].removesuffix(".ics") in {uid for uid, _, _ in life.entries}


_SIGNING_IN = dict.fromkeys(("token", "keys", "revoke"), _tells_nothing_of_entries)
_ALLOWED: dict[str, dict[str, Rule]] = {
    "GOOGLE": {
        **_SIGNING_IN,
        "calendarList.list": _google_calendars,
        "calendars.get": _masked("id", "timeZone"),
        "freebusy.query": _masked("calendars"),  # which has times and errors in it, and nothing else
        "events.list": _google_list,
        "events.get": lambda asked, life: _masked(*_GOOGLE_OWN)(asked, life) and _of_google(asked, life),
        "events.insert": _google_write,
        "events.patch": lambda asked, life: _of_google(asked, life) and _google_write(asked, life),
        "events.delete": lambda asked, life: _of_google(asked, life) and _silent(asked, life),
        "events.watch": _tells_nothing_of_entries,
        "channels.stop": _tells_nothing_of_entries,
    },
    "MICROSOFT": {
        **_SIGNING_IN,
        "calendars": _selects("id", "name", "canEdit", "isDefaultCalendar", "owner"),
        "calendar": _selects("allowedOnlineMeetingProviders"),
        "view": _selects(*_GRAPH_TIMES),
        "search": _graph_search,
        "event.get": _graph_own,
        "event.create": _tells_nothing_of_entries,
        "event.update": _of_ours,
        "event.delete": _of_ours,
        "watch": _tells_nothing_of_entries,
        "prolong": _tells_nothing_of_entries,
        "stop": _tells_nothing_of_entries,
        "reauthorize": _tells_nothing_of_entries,
    },
    "ZOOM": {
        **_SIGNING_IN,
        "user": _tells_nothing_of_entries,
        "calendarList": _tells_nothing_of_entries,
        "freeBusy": _tells_nothing_of_entries,  # times and errors, and nothing else
        "listEvents": _zoom_list,
        "getEvent": _of_ours,
        "insertEvent": _silent,
        "patchEvent": lambda asked, life: _of_ours(asked, life) and _silent(asked, life),
        "deleteEvent": lambda asked, life: _of_ours(asked, life) and _silent(asked, life),
    },
    "CALDAV": {
        "PROPFIND": _caldav_propfind,
        "REPORT": _caldav_report,
        "GET": _caldav_own,
        "PUT": _caldav_own,
        "DELETE": _caldav_own,
    },
}


def _of_google(asked: Asked, life: Life) -> bool:
    """Take an id that follows from one of our UIDs."""
    return asked.path["event"] in {uid.partition("@")[0].replace("-", "") for uid, _, _ in life.entries}


async def test_every_call_is_allowed_and_masked(life: Life) -> None:
    """R060, R062 to R065, P8, case 165."""
    rules = _ALLOWED[life.provider]
    broken = [
        (call.operation, dict(call.query), call.path)
        for call in life.calls
        if call.operation not in rules or not rules[call.operation](call, life)
    ]
    assert broken == []
    assert len(life.foreign_ids) >= 4
    asked = {call.operation for call in life.calls}
    assert {*CHANGES[life.provider], *READS[life.provider]} <= asked, "the life was not a full one"


@pytest.mark.parametrize(
    ("provider", "operation", "query"),
    [
        pytest.param("GOOGLE", "freebusy.query", {}, id="no mask"),
        pytest.param("GOOGLE", "events.get", {"fields": "id,summary"}, id="a title"),
        pytest.param("GOOGLE", "events.list", {"fields": "items(start,summary)"}, id="a title in a list"),
        pytest.param("MICROSOFT", "view", {"$select": "start,end,subject"}, id="a subject"),
        pytest.param("MICROSOFT", "view", {}, id="no select"),
    ],
)
def test_call_without_a_mask_would_be_seen(provider: str, operation: str, query: dict[str, str]) -> None:
    """The table itself refuses."""
    asked = Asked(operation, "GET", {}, query, {}, b"", "")
    assert not _ALLOWED[provider][operation](asked, Life(provider))
