"""What is said to CalDAV servers, and how their XML answers are read (RFC 4791, 4918)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from domain.intervals import Span, instant_of
from integrations.http import UNREADABLE
from integrations.ports import Transient

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
MAX_RESPONSES = 20_000

_OK = "200"
_GONE = "404"
_SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_ENTRY = (
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
)
_OBSERVANCE = ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource in an answer: its address as it was sent, and the properties that it has."""

    href: str = field(repr=False)
    properties: dict[str, Element] = field(repr=False)

    def hrefs(self, name: str) -> list[str]:
        """List the addresses that a property holds."""
        found = self.properties.get(name)
        return [] if found is None else [_text(href) for href in found.iter(f"{DAV}href") if _text(href)]

    def text(self, name: str) -> str:
        """Give the text of a property, empty if there is none."""
        found = self.properties.get(name)
        return "" if found is None else _text(found)

    def names_within(self, name: str) -> set[str] | None:
        """Name all elements within a property, None if it is not there."""
        found = self.properties.get(name)
        return None if found is None else {element.tag for element in found.iter()}

    def components(self) -> set[str] | None:
        """Name the components that a calendar takes, None if it does not say."""
        found = self.properties.get(f"{CALDAV}supported-calendar-component-set")
        if found is None:
            return None
        return {element.get("name", "").upper() for element in found.iter(f"{CALDAV}comp")}


def propfind() -> bytes:
    """Ask what a resource is and where calendars are; never for what stands in them."""
    return _document(
        f"<D:propfind {_SPACES}><D:prop><D:resourcetype/><D:displayname/><D:current-user-principal/>"
        "<D:current-user-privilege-set/><C:calendar-home-set/><C:supported-calendar-component-set/>"
        "<C:calendar-timezone/><C:calendar-timezone-id/></D:prop></D:propfind>"
    )


def calendar_query(window: Span) -> bytes:
    """Ask for the times of the entries in a window, and for nothing else of them (R062 to R065)."""
    observances = _component("STANDARD", _OBSERVANCE) + _component("DAYLIGHT", _OBSERVANCE)
    return _document(
        f'<C:calendar-query {_SPACES}><D:prop><C:calendar-data><C:comp name="VCALENDAR">'
        f'<C:prop name="VERSION"/>{_component("VEVENT", _ENTRY)}'
        f'<C:comp name="VTIMEZONE"><C:prop name="TZID"/>{observances}</C:comp>'
        "</C:comp></C:calendar-data></D:prop>"
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        f"{_range(window)}</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    )


def free_busy_query(window: Span) -> bytes:
    """Ask a server to reckon the busy times of a window itself."""
    return _document(f"<C:free-busy-query {_SPACES}>{_range(window)}</C:free-busy-query>")


def resources(body: bytes) -> list[Resource]:
    """Read a multistatus answer; properties that a resource has not are left out.

    Raises Transient("answer_unreadable") for everything that is not one.
    """
    found: list[Resource] = []
    for response in _responses(body):
        properties = {
            element.tag: element
            for propstat in response.findall(f"{DAV}propstat")
            if _status(propstat) == _OK
            for prop in propstat.findall(f"{DAV}prop")
            for element in prop
        }
        found.append(Resource(_text(response.find(f"{DAV}href")), properties))
    return found


def calendar_data(body: bytes) -> list[bytes]:
    """Take the calendar objects out of an answer; one that is not whole is unreadable, never empty."""
    objects: list[bytes] = []
    for response in _responses(body):
        if _status(response) == _GONE:
            continue
        found = [
            data.text
            for propstat in response.findall(f"{DAV}propstat")
            if _status(propstat) == _OK
            for data in propstat.iter(f"{CALDAV}calendar-data")
        ]
        if len(found) != 1 or not found[0]:
            raise Transient(UNREADABLE)
        objects.append(found[0].encode())
    return objects


def _responses(body: bytes) -> Iterator[Element]:
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Transient(UNREADABLE) from None
    found = root.findall(f"{DAV}response")
    if root.tag != f"{DAV}multistatus" or len(found) > MAX_RESPONSES:
        raise Transient(UNREADABLE)
    return iter(found)


def _status(element: Element) -> str:
    """Give the number in a status line, empty if there is none."""
    return [*_text(element.find(f"{DAV}status")).split(), "", ""][1]


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _component(name: str, properties: tuple[str, ...]) -> str:
    named = "".join(f'<C:prop name="{property_}"/>' for property_ in properties)
    return f'<C:comp name="{name}">{named}</C:comp>'


def _range(window: Span) -> str:
    start, end = (instant_of(minute).strftime("%Y%m%dT%H%M%SZ") for minute in window)
    return f'<C:time-range start="{start}" end="{end}"/>'


def _document(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
