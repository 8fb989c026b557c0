"""Reads slot cases and answers them: how support explains a page, and how the test vectors are run.

A case is a JSON object of the form that tests/domain/vectors/README.md describes: a page's rules, its
hosts with hours, busy times and bookings, a question and `now`. Its parts are also read one by one; what
cannot be read then raises KeyError, TypeError, ValueError, AttributeError, OverflowError or InvalidInput.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar

from domain.availability import DateOverride, Hours, Travel, WeeklyWindow
from domain.errors import InvalidInput
from domain.intervals import Span, instant_of, minute_of, outward
from domain.recurrence import EveryWeeks, NthOfMonth, Recurrence
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

_MOST_KEPT = 4096
_DATES: dict[str, int] = {}  # minutes since 1970 of the dates that were read, at 00:00 UTC
_TIMES: dict[str, int] = {}  # minutes from there of the times of day, with their offsets


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
    rules = _read(name, "page", lambda: rules_of(case))
    hosts = _read(name, "hosts", lambda: _hosts(case["hosts"], rules))
    window = _read(name, "query", lambda: window_of(case))
    now = _read(name, "now", lambda: instant_in(case["now"]))
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


def instant_in(text: str) -> datetime:
    """Read a time, without an offset one in UTC."""
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _ceiling(text: str) -> int:
    instant = instant_in(text)
    return minute_of(instant) + (1 if instant.second or instant.microsecond else 0)


def window_of(case: Json) -> Span:
    """Read the window in which slots are asked for."""
    return _ceiling(case["query"]["start"]), _ceiling(case["query"]["end"])


def spans_of(pairs: Iterable[list[str]]) -> tuple[Span, ...]:
    """Read times that are taken, rounded like `outward`; those that end before they begin take none.

    Of thousands of times most have a date and a time of day that were read before: these are added up.
    """
    spans: list[Span] = []
    for first, last in pairs:
        first_date, _, first_time = first.partition("T")
        last_date, _, last_time = last.partition("T")
        try:
            start = _DATES[first_date] + _TIMES[first_time]
            end = _DATES[last_date] + _TIMES[last_time]
        except KeyError:
            span = outward(_learnt(first, first_date, first_time), _learnt(last, last_date, last_time))
            start, end = span or (0, 0)
        if start < end:
            spans.append((start, end))
    return tuple(spans)


def _learnt(text: str, on_date: str, at_time: str) -> datetime:
    """Read a time in full, and keep what its parts mean; those of no whole minute are read each time."""
    instant = instant_in(text)
    if at_time and not (instant.second or instant.microsecond):
        for kept in (_DATES, _TIMES):
            if len(kept) >= _MOST_KEPT:
                kept.clear()
        _DATES[on_date] = minute_of(instant_in(on_date))
        _TIMES[at_time] = minute_of(instant) - _DATES[on_date]
    return instant


def _whole(number: Any) -> int:
    if type(number) is not int:  # JSON's true is an int to Python
        raise TypeError(number)
    return number


@lru_cache(maxsize=_MOST_KEPT)
def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def rules_of(case: Json) -> Rules:
    """Read a page's rules."""
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
    before, after = rules.buffer_before_minutes, rules.buffer_after_minutes
    return HostTime(
        host=number,
        hours=hours_of(host),
        busy=spans_of(host["busy"]),
        own=tuple(Own(span, before, after) for span in spans_of(host.get("bookings", []))),
        away=spans_of(host.get("away", [])),
    )


def hours_of(host: Json) -> Hours:
    """Read a host's hours."""
    weekly: list[WeeklyWindow] = []
    for window in host["weekly"]:
        start, end = _minutes(window["start"]), _minutes(window["end"])
        recurrence = _recurrence(window)
        weekly.extend([_window(_whole(day), start, end, recurrence) for day in window["days"]])
    overrides = tuple(
        DateOverride(
            date.fromisoformat(override["date"]),
            tuple((_minutes(start), _minutes(end)) for start, end in override["ranges"]),
        )
        for override in host.get("overrides", [])
    )
    travels = tuple(
        Travel(date.fromisoformat(travel["from"]), date.fromisoformat(travel["to"]), travel["tz"])
        for travel in host.get("travels", [])
    )
    return Hours(host["tz"], tuple(weekly), overrides, travels)


_window = lru_cache(maxsize=_MOST_KEPT)(WeeklyWindow)  # most people have the windows of others


def _recurrence(window: Json) -> Recurrence | None:
    if "nth_of_month" in window:
        return NthOfMonth(tuple(_whole(number) for number in window["nth_of_month"]))
    if "every_weeks" in window:
        return EveryWeeks(_whole(window["every_weeks"]), date.fromisoformat(window["anchor"]))
    return None
