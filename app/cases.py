"""Reads slot cases and answers them: how support explains a page, and how the test vectors are run.

A case is a JSON object of the form that tests/domain/vectors/README.md describes: a page's rules, its
hosts with hours, busy times and bookings, a question and `now`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from domain.availability import DateOverride, Hours, WeeklyWindow
from domain.errors import InvalidInput
from domain.intervals import Span, instant_of, minute_of, outward
from domain.slots import (
    Assignment,
    Caps,
    DateRange,
    GridOrigin,
    HostTime,
    Own,
    RollingBusinessDays,
    RollingDays,
    Rules,
    Unlimited,
    find_slots,
)

T = TypeVar("T")
Json = Mapping[str, Any]


def answer(cases: list[Any]) -> dict[str, list[str]]:
    """Give the starts of each case in UTC to the minute, all of them, in order, by the case's id.

    Raises InvalidInput that names the case and the field.
    """
    answers: dict[str, list[str]] = {}
    for number, case in enumerate(cases):
        name = _read(str(number), "id", lambda case=case: str(case["id"]))
        if name in answers:
            raise InvalidInput(f"Case {name}: the id stands twice.", name, "id")
        answers[name] = _starts(case, name)
    return answers


def _starts(case: Any, name: str) -> list[str]:
    rules = _read(name, "page", lambda: _rules(case))
    hosts = _read(name, "hosts", lambda: _hosts(case["hosts"], rules))
    window = _read(name, "query", lambda: (_ceiling(case["query"]["start"]), _ceiling(case["query"]["end"])))
    now = _read(name, "now", lambda: _instant(case["now"]))
    counted = {own.span for host in hosts for own in host.own}
    slots = _read(name, "query", lambda: find_slots(rules, hosts, window, now, counted=sorted(counted)))
    return [instant_of(slot.start).strftime("%Y-%m-%dT%H:%MZ") for slot in slots]


def _read(case: str, field: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except KeyError as error:
        raise InvalidInput(f"Case {case}: {field} lacks {error.args[0]}.", case, field) from None
    except InvalidInput as error:
        raise InvalidInput(f"Case {case}: {field}: {error.message}", case, field, *error.path) from None
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise InvalidInput(f"Case {case}: {field} cannot be read.", case, field) from None


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _ceiling(text: str) -> int:
    instant = _instant(text)
    return minute_of(instant) + (1 if instant.second or instant.microsecond else 0)


def _span(pair: list[str]) -> Span | None:
    return outward(_instant(pair[0]), _instant(pair[1]))


def _whole(number: Any) -> int:
    if type(number) is not int:  # JSON's true is an int to Python
        raise TypeError(number)
    return number


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _rules(case: Json) -> Rules:
    page = case["page"]
    interval = page.get("slot_interval_min")
    return Rules(
        duration_minutes=_whole(page["duration_min"]),
        interval_minutes=None if interval is None else _whole(interval),
        grid_origin=GridOrigin(page.get("grid_origin", GridOrigin.OPENING)),
        buffer_before_minutes=_whole(page.get("buffer_before_min", 0)),
        buffer_after_minutes=_whole(page.get("buffer_after_min", 0)),
        notice_minutes=_whole(page.get("min_notice_min", 0)),
        window=_ahead(page.get("window", {"kind": "none"})),
        caps=Caps(**{name: _whole(cap) for name, cap in page.get("caps", {}).items()}),
        zone=page.get("tz"),
        assignment=Assignment(case["mode"]),
    )


def _ahead(window: Json) -> Unlimited | RollingDays | RollingBusinessDays | DateRange:
    match window["kind"]:
        case "none":
            return Unlimited()
        case "rolling_days":
            return RollingDays(_whole(window["days"]))
        case "rolling_business_days":
            return RollingBusinessDays(_whole(window["days"]))
        case "date_range":
            return DateRange(date.fromisoformat(window["from"]), date.fromisoformat(window["to"]))
        case _:
            raise ValueError(window["kind"])


def _hosts(hosts: list[Any], rules: Rules) -> list[HostTime]:
    if type(hosts) is not list or not hosts:
        raise TypeError(hosts)
    return [_host(host, number, rules) for number, host in enumerate(hosts)]


def _host(host: Json, number: int, rules: Rules) -> HostTime:
    weekly = tuple(
        WeeklyWindow(_whole(day), _minutes(window["start"]), _minutes(window["end"]))
        for window in host["weekly"]
        for day in window["days"]
    )
    overrides = tuple(
        DateOverride(
            date.fromisoformat(override["date"]),
            tuple((_minutes(start), _minutes(end)) for start, end in override["ranges"]),
        )
        for override in host.get("overrides", [])
    )
    own = (_span(pair) for pair in host.get("bookings", []))
    return HostTime(
        host=number,
        hours=Hours(host["tz"], weekly, overrides),
        busy=tuple(span for pair in host["busy"] if (span := _span(pair))),
        own=tuple(Own(span, rules.buffer_before_minutes, rules.buffer_after_minutes) for span in own if span),
    )
