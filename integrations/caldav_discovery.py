"""How a user's calendars are found, whatever address of a CalDAV server the user knows (RFC 6764)."""

import string
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit

from integrations.caldav_xml import CALDAV, DAV, Resource, propfind, resources
from integrations.failures import ELSEWHERE, failure_of
from integrations.http import Request, Session
from integrations.ical_lines import Unreadable, calendars
from integrations.ical_times import zone_name
from integrations.ports import Permanent, RemoteCalendar

_XML = "application/xml; charset=utf-8"
_MULTISTATUS = 207
_REDIRECTS = frozenset({301, 302, 307, 308})
_MAX_HOPS = 5
_MAX_HOMES = 5
_NO_DAV = frozenset({400, 403, 404, 405, 410, 501})
_WRITES = frozenset({f"{DAV}all", f"{DAV}write", f"{DAV}write-content", f"{DAV}bind"})


@dataclass(frozen=True, slots=True)
class _Page:
    """What a server said of a place, and where it was said: hrefs start from there."""

    url: str
    resources: list[Resource]

    def urls(self, name: str) -> list[str]:
        return [_joined(self.url, href) for found in self.resources for href in found.hrefs(name)]


async def find_calendars(session: Session, url: str) -> tuple[RemoteCalendar, ...]:
    """Find the calendars behind an address: itself, its user's home, or what the server points to.

    Each step is checked like the first, and a step to where the secret must not go is Permanent.
    """
    for start in (url.split("#", 1)[0], _joined(url, "/.well-known/caldav")):
        page = await _ask(session, start, depth=0)
        if page is None:
            continue
        if found := _calendars(page):
            return found
        homes = await _homes(session, page)
        listed = [await _ask(session, home, depth=1) for home in homes or [page.url]]
        if found := tuple(calendar for home in listed if home is not None for calendar in _calendars(home)):
            return tuple({calendar.url: calendar for calendar in found}.values())
    raise Permanent("no_calendars")


async def _homes(session: Session, page: _Page) -> list[str]:
    homes = page.urls(f"{CALDAV}calendar-home-set")
    if not homes:
        for principal in page.urls(f"{DAV}current-user-principal")[:1]:
            found = await _ask(session, principal, depth=0)
            homes = found.urls(f"{CALDAV}calendar-home-set") if found else []
    return list(dict.fromkeys(homes))[:_MAX_HOMES]


async def _ask(session: Session, url: str, *, depth: int) -> _Page | None:
    """Ask what is at a place, and go where it is sent; None if there is nothing that speaks WebDAV."""
    for _ in range(_MAX_HOPS):
        if not session.trusts(url):
            raise Permanent(ELSEWHERE)
        headers = {"Content-Type": _XML, "Depth": str(depth)}
        answer = await session.send(Request("PROPFIND", url, headers, propfind()))
        if answer.status == _MULTISTATUS:
            return _Page(url, resources(answer.body))
        if answer.status in _NO_DAV:
            return None
        if answer.status not in _REDIRECTS or "location" not in answer.headers:
            raise failure_of(answer)
        url = _joined(url, answer.headers["location"])
    raise Permanent("redirected")


def _calendars(page: _Page) -> tuple[RemoteCalendar, ...]:
    return tuple(
        RemoteCalendar(
            url=_joined(page.url, found.href),
            name=found.text(f"{DAV}displayname") or _last_part(found.href),
            zone=_zone(found),
            is_writable=_is_writable(found),
        )
        for found in page.resources
        if _is_calendar(found)
    )


def _is_calendar(found: Resource) -> bool:
    kinds, components = found.names_within(f"{DAV}resourcetype"), found.components()
    is_for_entries = not components or "VEVENT" in components
    return kinds is not None and f"{CALDAV}calendar" in kinds and is_for_entries


def _is_writable(found: Resource) -> bool:
    privileges = found.names_within(f"{DAV}current-user-privilege-set")
    return privileges is None or bool(privileges & _WRITES)


def _zone(found: Resource) -> str | None:
    if name := found.text(f"{CALDAV}calendar-timezone-id"):
        return zone_name(name)
    try:
        described = calendars(found.text(f"{CALDAV}calendar-timezone").encode())
    except Unreadable:
        return None
    named = [zone.one("TZID") for calendar in described for zone in calendar.within("VTIMEZONE")]
    return zone_name(named[0].value) if named and named[0] is not None else None


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, quote(href, safe=string.punctuation))
    except ValueError:
        raise Permanent(ELSEWHERE) from None


def _last_part(href: str) -> str:
    return unquote(urlsplit(href).path.rstrip("/").rpartition("/")[2])
