"""The first reader of foreign calendar data: keeps times and statuses of entries, and forgets all else.

Titles, texts, guests and places of entries that are not ours end here: they are never split, decoded or
kept, so nothing behind this file can leak them (R062 to R065).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_TIMES = frozenset(
    {
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
    }
)
_OBSERVANCE = frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"})
_KEPT = {
    "VEVENT": _TIMES,
    "VFREEBUSY": frozenset({"FREEBUSY", "DTSTART", "DTEND"}),
    "VTIMEZONE": frozenset({"TZID"}),
    "STANDARD": _OBSERVANCE,
    "DAYLIGHT": _OBSERVANCE,
    "VCALENDAR": frozenset({"X-WR-TIMEZONE"}),
}
_PARENTS = {
    "VCALENDAR": "",
    "VEVENT": "VCALENDAR",
    "VFREEBUSY": "VCALENDAR",
    "VTIMEZONE": "VCALENDAR",
    "STANDARD": "VTIMEZONE",
    "DAYLIGHT": "VTIMEZONE",
}
OWN = frozenset({"SEQUENCE", "X-SLOTGRAPH-MARKER"})
"""What is read besides of an object that may be ours."""

OUTLOOK = frozenset({"X-MICROSOFT-CDO-BUSYSTATUS"})
"""What is read besides of a feed by status: a word for more statuses than the standard knows."""

NAME = frozenset({"X-WR-CALNAME"})
"""What is read besides when a user connects a feed of theirs."""

_BREAK = re.compile(r"\r\n|\n|\r")
_HEAD = re.compile(r"[A-Za-z0-9-]+")
_VALUE = r'(?:"[^"]*"|[^";:,]*)'
_LINE = re.compile(rf"[A-Za-z0-9-]+((?:;[A-Za-z0-9-]+={_VALUE}(?:,{_VALUE})*)*):(.*)", re.DOTALL)
_PARAMETER = re.compile(rf";([A-Za-z0-9-]+)=({_VALUE}(?:,{_VALUE})*)")
_MAX_LINE = 100_000


class Unreadable(Exception):
    """Calendar data that cannot be understood; it says nothing of what stands in it."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its name, its parameters with names in upper case, its value as it was sent."""

    name: str
    parameters: dict[str, str] = field(repr=False)
    value: str = field(repr=False)


@dataclass(slots=True)
class Component:
    """One component with the properties that are kept, and the components within it."""

    name: str
    properties: list[Property] = field(default_factory=list[Property], repr=False)
    components: list["Component"] = field(default_factory=list["Component"], repr=False)

    def all(self, name: str) -> list[Property]:
        """List the properties of a name."""
        return [property_ for property_ in self.properties if property_.name == name]

    def one(self, name: str) -> Property | None:
        """Give the only property of a name, None if there is none; raises Unreadable for several."""
        found = self.all(name)
        if len(found) > 1:
            raise Unreadable
        return found[0] if found else None

    def within(self, *names: str) -> list["Component"]:
        """List the components of some names within this one."""
        return [component for component in self.components if component.name in names]


def calendars(data: bytes, *, also: frozenset[str] = frozenset()) -> list[Component]:
    """Read the VCALENDARs in a piece of data; raises Unreadable if it has none, or not all of one."""
    # What is not UTF-8 can only be text, which is not read.
    text = data.decode("utf-8-sig", errors="replace")
    root = Component("")
    path = [root]
    skipped: list[str] = []
    for line in _unfolded(_BREAK.split(text), _wanted(also)):
        head = _HEAD.match(line)
        if head is None:
            raise Unreadable
        name = head.group().upper()
        if name == "BEGIN":
            _begin(line, path, skipped)
        elif name == "END":
            _end(line, path, skipped)
        elif path[-1] is root:
            raise Unreadable
        elif not skipped and (name in _KEPT[path[-1].name] or name in also):
            path[-1].properties.append(_property(name, line))
    if len(path) > 1 or skipped or not root.components:
        raise Unreadable
    return root.components


def _wanted(also: frozenset[str]) -> frozenset[str]:
    return frozenset({"BEGIN", "END"}).union(also, *_KEPT.values())


def _unfolded(lines: Iterable[str], wanted: frozenset[str]) -> Iterator[str]:
    """Join folded lines, and drop those that are not wanted before anybody looks into them."""
    kept: list[str] | None = None
    for line in lines:
        if line[:1] in {" ", "\t"}:
            if kept is not None:
                kept.append(line[1:])
            continue
        if kept is not None:
            yield _joined(kept)
        head = _HEAD.match(line)
        if line and head is None:
            # Neither a property nor a continuation: this is no calendar.
            raise Unreadable
        kept = [line] if head is not None and head.group().upper() in wanted else None
    if kept is not None:
        yield _joined(kept)


def _joined(parts: list[str]) -> str:
    line = "".join(parts)
    if len(line) > _MAX_LINE:
        raise Unreadable
    return line


def _begin(line: str, path: list[Component], skipped: list[str]) -> None:
    name = line.partition(":")[2].strip().upper()
    if skipped or _PARENTS.get(name) != path[-1].name:
        if len(path) == 1:
            raise Unreadable
        skipped.append(name)
        return
    component = Component(name)
    path[-1].components.append(component)
    path.append(component)


def _end(line: str, path: list[Component], skipped: list[str]) -> None:
    name = line.partition(":")[2].strip().upper()
    ended = skipped.pop() if skipped else path.pop().name
    if ended != name or not path:
        raise Unreadable


def _property(name: str, line: str) -> Property:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Unreadable
    parameters = {key.upper(): value.strip('"') for key, value in _PARAMETER.findall(found.group(1))}
    return Property(name, parameters, found.group(2).strip())
