"""Schedules: weekly hours and overrides in wall time, and what is changed of them."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.availability import DateOverride, Schedule, Travel, WeeklyWindow
from domain.errors import InvalidInput
from domain.recurrence import EveryWeeks, NthOfMonth, Recurrence
from schema.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from schema.nodes import NodeType, global_id
from schema.scalars import LocalTime, TimeZone, minutes_of, wall_time


@strawberry.enum(name="Weekday", description="Day of the week.")
class WeekdayType(Enum):
    """Days, numbered as the domain numbers them."""

    MONDAY = strawberry.enum_value(0, description="Monday.")
    TUESDAY = strawberry.enum_value(1, description="Tuesday.")
    WEDNESDAY = strawberry.enum_value(2, description="Wednesday.")
    THURSDAY = strawberry.enum_value(3, description="Thursday.")
    FRIDAY = strawberry.enum_value(4, description="Friday.")
    SATURDAY = strawberry.enum_value(5, description="Saturday.")
    SUNDAY = strawberry.enum_value(6, description="Sunday.")


_NUMBERS = {day: number for number, day in enumerate(WeekdayType)}


def weekday_number(day: WeekdayType) -> int:
    """Give a day's number in the domain, from 0 for Monday."""
    return _NUMBERS[day]


@strawberry.type(
    name="Recurrence", description="Weeks in which hours hold: every so many, or some of each month."
)
class RecurrenceType:
    """Twin of domain.recurrence."""

    every_weeks: int | None = strawberry.field(
        description="Number of weeks from one to the next, counted from the week of `anchor`, Monday first."
    )
    anchor: date | None = strawberry.field(
        description="Date in the first of these weeks, before which nothing is open."
    )
    nth_of_month: list[int] = strawberry.field(
        description="First to fifth such weekday of each month, -1 for the last; empty with `everyWeeks`."
    )

    @classmethod
    def of(cls, recurrence: Recurrence) -> Self:
        """Shape a recurrence."""
        match recurrence:
            case EveryWeeks(interval, anchor):
                return cls(every_weeks=interval, anchor=anchor, nth_of_month=[])
            case NthOfMonth(ordinals):
                return cls(every_weeks=None, anchor=None, nth_of_month=list(ordinals))


@strawberry.type(name="WeeklyHours", description="Wall times between which a host is open every week.")
class WeeklyHoursType:
    """Windows of several days that are alike."""

    days: list[WeekdayType] = strawberry.field(description="Days on which it begins, Monday first.")
    from_: LocalTime = strawberry.field(name="from", description="When it begins.")
    to: LocalTime = strawberry.field(description="When it ends; before `from`, on the next day.")
    recurrence: RecurrenceType | None = strawberry.field(
        description="Weeks in which it holds; null for every week."
    )


@strawberry.type(name="Travel", description="Dates on which a schedule's owner is in another zone.")
class TravelType:
    """Twin of domain.availability.Travel."""

    first: date = strawberry.field(description="First date there.")
    last: date = strawberry.field(description="Last date there.")
    zone: TimeZone = strawberry.field(description="Zone whose wall times the hours of these dates are.")


@strawberry.type(name="OverrideWindow", description="Wall times between which a host is open on one date.")
class OverrideWindowType:
    """A window of an override."""

    from_: LocalTime = strawberry.field(name="from", description="When it begins.")
    to: LocalTime = strawberry.field(description="When it ends; before `from`, on the next day.")


@strawberry.type(name="Override", description="Exception from the weekly hours on one date.")
class OverrideType:
    """Twin of domain.availability.DateOverride."""

    day: date = strawberry.field(name="date", description="Date in the schedule's zone.")
    windows: list[OverrideWindowType] = strawberry.field(
        description="What holds instead of the weekly hours; empty where the host is closed."
    )

    @classmethod
    def of(cls, override: DateOverride) -> Self:
        """Shape an override."""
        windows = [
            OverrideWindowType(from_=wall_time(start), to=wall_time(end)) for start, end in override.windows
        ]
        return cls(day=override.date, windows=windows)


@strawberry.type(name="Schedule", description="Named hours of a user, in the wall time of a zone.")
class ScheduleType(NodeType):
    """Twin of domain.availability.Schedule."""

    name: str = strawberry.field(description="What the user calls it.")
    zone: TimeZone = strawberry.field(description="Zone in which its wall times are read.")
    weekly: list[WeeklyHoursType] = strawberry.field(description="Usual week.")
    overrides: list[OverrideType] = strawberry.field(description="Exceptions, by date; 1,000 at most.")
    travels: list[TravelType] = strawberry.field(
        description="Stays in other zones, by date; 100 at most, no two on one date."
    )
    is_default: bool = strawberry.field(
        description="Whether it applies on the user's pages that name no other."
    )
    revision: int = strawberry.field(description="Number that grows with each change.")

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """Shape a schedule."""
        return cls(
            id=global_id("Schedule", schedule.id),
            name=schedule.name,
            zone=TimeZone(schedule.hours.zone),
            weekly=weekly_hours(schedule.hours.weekly),
            overrides=[OverrideType.of(override) for override in schedule.hours.overrides],
            travels=[
                TravelType(first=travel.first, last=travel.last, zone=TimeZone(travel.zone))
                for travel in schedule.hours.travels
            ],
            is_default=schedule.is_default,
            revision=schedule.revision,
        )


def weekly_hours(windows: Iterable[WeeklyWindow]) -> list[WeeklyHoursType]:
    """Shape the usual week: windows that are alike as one."""
    days: dict[tuple[int, int, Recurrence | None], set[int]] = {}
    for window in windows:
        alike = window.start_minute, window.end_minute, window.recurrence
        days.setdefault(alike, set()).add(window.weekday)
    return [
        WeeklyHoursType(
            days=[WeekdayType(day) for day in sorted(days[start, end, recurrence])],
            from_=wall_time(start),
            to=wall_time(end),
            recurrence=RecurrenceType.of(recurrence) if recurrence else None,
        )
        for start, end, recurrence in sorted(days, key=lambda alike: (*alike[:2], repr(alike[2])))
    ]


@strawberry.input(
    description="Weeks in which hours hold: `everyWeeks` with an `anchor`, or `nthOfMonth` alone."
)
class RecurrenceInput:
    """Twin of domain.recurrence."""

    every_weeks: int | None = strawberry.field(
        default=strawberry.UNSET, description="Number of weeks from one to the next, 1 to 52."
    )
    anchor: date | None = strawberry.field(
        default=strawberry.UNSET,
        description="Date from whose week, Monday first, weeks are counted; nothing is open before it.",
    )
    nth_of_month: list[int] | None = strawberry.field(
        default=strawberry.UNSET,
        description="First to fifth such weekday of each month, -1 for the last, -2 for the one before it.",
    )


@strawberry.input(description="Wall times between which a host is open every week, on several days.")
class WeeklyHoursInput:
    """Windows of several days that are alike."""

    days: list[WeekdayType] = strawberry.field(description="Days on which it begins.")
    from_: LocalTime = strawberry.field(name="from", description="When it begins, 00:00 to 23:59.")
    to: LocalTime = strawberry.field(description="When it ends, to 24:00; before `from`, on the next day.")
    recurrence: RecurrenceInput | None = strawberry.field(
        default=strawberry.UNSET, description="Weeks in which it holds; every week if unsaid."
    )


@strawberry.input(description="Dates on which a schedule's owner is in another zone.")
class TravelInput:
    """Twin of domain.availability.Travel."""

    first: date = strawberry.field(description="First date there.")
    last: date = strawberry.field(description="Last date there.")
    zone: TimeZone = strawberry.field(description="Zone whose wall times the hours of these dates are.")


@strawberry.input(description="Wall times between which a host is open on one date.")
class OverrideWindowInput:
    """A window of an override."""

    from_: LocalTime = strawberry.field(name="from", description="When it begins, 00:00 to 23:59.")
    to: LocalTime = strawberry.field(description="When it ends, to 24:00; before `from`, on the next day.")


@strawberry.input(description="Exception from the weekly hours on one date.")
class OverrideInput:
    """What holds on one date."""

    day: date = strawberry.field(name="date", description="Date in the schedule's zone.")
    windows: list[OverrideWindowInput] = strawberry.field(
        description="What holds instead of the weekly hours; empty where the host is closed."
    )


@strawberry.input(description="Schedule to add.")
class ScheduleCreateInput:
    """What scheduleCreate takes."""

    name: str = strawberry.field(description="What the user calls it, 1 to 100 characters.")
    zone: TimeZone = strawberry.field(description="Zone in which its wall times are read.")
    weekly: list[WeeklyHoursInput] = strawberry.field(description="Usual week; 24 windows a day at most.")
    overrides: list[OverrideInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Exceptions, one a date, 1,000 at most."
    )
    travels: list[TravelInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Stays in other zones, 100 at most, no two on one date."
    )
    is_default: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether it becomes the default; a user's first schedule does in any case.",
    )


@strawberry.input(description="Change of a schedule; what is unsaid stays.")
class ScheduleUpdateInput:
    """What scheduleUpdate takes."""

    id: strawberry.ID = strawberry.field(description="Schedule to change.")
    expected_revision: int | None = strawberry.field(
        default=strawberry.UNSET, description="Revision that the user saw; another one is a conflict."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What the user calls it, 1 to 100 characters."
    )
    zone: TimeZone | None = strawberry.field(
        default=strawberry.UNSET, description="Zone in which its wall times are read."
    )
    weekly: list[WeeklyHoursInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Whole usual week; 24 windows a day at most."
    )
    overrides: list[OverrideInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All exceptions, one a date, 1,000 at most."
    )
    travels: list[TravelInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All stays in other zones, 100 at most, no two on one date."
    )
    is_default: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True to make it the default instead of another."
    )


@strawberry.input(description="Schedule to remove.")
class ScheduleDeleteInput:
    """What scheduleDelete takes."""

    id: strawberry.ID = strawberry.field(
        description="Schedule that no page uses and that is not the default."
    )


@strawberry.type(description="Schedule that was added.")
class ScheduleCreatePayload:
    """What comes of scheduleCreate."""

    schedule: ScheduleType = strawberry.field(description="New schedule.")


@strawberry.type(description="Schedule as it is after the change.")
class ScheduleUpdatePayload:
    """What comes of scheduleUpdate."""

    schedule: ScheduleType = strawberry.field(description="Changed schedule.")


@strawberry.type(description="Schedule that was removed.")
class ScheduleDeletePayload:
    """What comes of scheduleDelete."""

    schedule_id: strawberry.ID = strawberry.field(description="Id of the removed schedule.")


ScheduleCreateResult = Annotated[
    ScheduleCreatePayload | InvalidInputError | NotAllowedError,
    strawberry.union("ScheduleCreateResult", description="What comes of adding a schedule."),
]
ScheduleUpdateResult = Annotated[
    ScheduleUpdatePayload | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("ScheduleUpdateResult", description="What comes of changing a schedule."),
]
ScheduleDeleteResult = Annotated[
    ScheduleDeletePayload | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("ScheduleDeleteResult", description="What comes of removing a schedule."),
]


def weekly_windows(given: Sequence[WeeklyHoursInput]) -> tuple[WeeklyWindow, ...]:
    """Read the usual week: one window for each day that is named."""
    return tuple(
        WeeklyWindow(
            weekday_number(day), minutes_of(hours.from_), minutes_of(hours.to), _recurrence(hours.recurrence)
        )
        for hours in given
        for day in hours.days
    )


def _recurrence(given: RecurrenceInput | None) -> Recurrence | None:
    if not given:
        return None
    path = "weekly", "recurrence"
    if given.nth_of_month:
        if given.every_weeks or given.anchor:
            raise InvalidInput("Hours recur by weeks or by months, not by both.", *path)
        return NthOfMonth(tuple(given.nth_of_month))
    if not given.every_weeks or not given.anchor:
        raise InvalidInput("Hours recur every so many weeks from an anchor, or by months.", *path)
    return EveryWeeks(given.every_weeks, given.anchor)


def travels_of(given: Sequence[TravelInput]) -> tuple[Travel, ...]:
    """Read stays in other zones."""
    return tuple(Travel(travel.first, travel.last, travel.zone) for travel in given)


def date_overrides(given: Sequence[OverrideInput]) -> tuple[DateOverride, ...]:
    """Read exceptions."""
    return tuple(
        DateOverride(
            override.day,
            tuple((minutes_of(window.from_), minutes_of(window.to)) for window in override.windows),
        )
        for override in given
    )
