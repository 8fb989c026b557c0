"""Weekly hours, overrides and travels as the JSON documents in which they are stored, and back."""

from collections.abc import Iterable
from datetime import date
from typing import NotRequired, TypedDict, cast

from domain.availability import DateOverride, Hours, Travel, WeeklyWindow
from domain.recurrence import EveryWeeks, NthOfMonth, Recurrence
from storage.base import JsonList


class _EveryWeeks(TypedDict):
    every_weeks: int
    anchor: str


class _NthOfMonth(TypedDict):
    nth_of_month: list[int]


class _Weekly(TypedDict):
    weekday: int
    start_minute: int
    end_minute: int
    recurrence: NotRequired[_EveryWeeks | _NthOfMonth]


class _Override(TypedDict):
    date: str
    windows: list[tuple[int, int]]


class _Travel(TypedDict):
    first: str
    last: str
    zone: str


def hours_documents(hours: Hours) -> dict[str, object]:
    """Turn hours into what their columns hold."""
    return {
        "zone": hours.zone,
        "weekly": [_weekly_document(window) for window in hours.weekly],
        "overrides": [
            _Override(date=item.date.isoformat(), windows=list(item.windows)) for item in hours.overrides
        ],
        "travels": [
            _Travel(first=item.first.isoformat(), last=item.last.isoformat(), zone=item.zone)
            for item in hours.travels
        ],
    }


def hours_of(zone: str, weekly: JsonList, overrides: JsonList, travels: JsonList) -> Hours:
    """Turn what the columns hold back into hours."""
    return Hours(
        zone,
        tuple(map(_weekly_of, cast("list[_Weekly]", weekly))),
        tuple(_overrides_of(cast("list[_Override]", overrides))),
        tuple(
            Travel(date.fromisoformat(item["first"]), date.fromisoformat(item["last"]), item["zone"])
            for item in cast("list[_Travel]", travels)
        ),
    )


def _weekly_document(window: WeeklyWindow) -> _Weekly:
    document = _Weekly(weekday=window.weekday, start_minute=window.start_minute, end_minute=window.end_minute)
    match window.recurrence:
        case EveryWeeks(interval, anchor):
            document["recurrence"] = {"every_weeks": interval, "anchor": anchor.isoformat()}
        case NthOfMonth(ordinals):
            document["recurrence"] = {"nth_of_month": list(ordinals)}
        case None:
            pass
    return document


def _weekly_of(item: _Weekly) -> WeeklyWindow:
    return WeeklyWindow(
        item["weekday"], item["start_minute"], item["end_minute"], _recurrence_of(item.get("recurrence"))
    )


def _recurrence_of(item: _EveryWeeks | _NthOfMonth | None) -> Recurrence | None:
    if item is None:
        return None
    if "nth_of_month" in item:
        return NthOfMonth(tuple(item["nth_of_month"]))
    return EveryWeeks(item["every_weeks"], date.fromisoformat(item["anchor"]))


def _overrides_of(stored: Iterable[_Override]) -> Iterable[DateOverride]:
    for item in stored:
        windows = tuple((start, end) for start, end in item["windows"])
        yield DateOverride(date.fromisoformat(item["date"]), windows)
