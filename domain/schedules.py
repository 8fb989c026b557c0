"""What users change of their schedules, and which of it is possible."""

from dataclasses import dataclass, replace

from domain.addresses import display_text
from domain.availability import DateOverride, Hours, Schedule, Travel, WeeklyWindow
from domain.errors import Conflict, InvalidInput
from domain.ids import ScheduleId, UserId

MAX_SCHEDULES = 100
MAX_NAME = 100


class ScheduleInUse(Conflict):
    """A schedule that cannot be removed while a page uses it."""

    sentence = "A booking page uses this schedule. Choose another one there first."


class ScheduleIsDefault(Conflict):
    """The default schedule, which can be replaced by another one but not given up."""

    sentence = "This is your default schedule. Make another one the default first."


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """What a user says of a new schedule."""

    name: str
    zone: str
    weekly: tuple[WeeklyWindow, ...]
    overrides: tuple[DateOverride, ...] = ()
    is_default: bool = False
    travels: tuple[Travel, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """What changes of a schedule; None leaves it as it is. The default is only given, never taken."""

    name: str | None = None
    zone: str | None = None
    weekly: tuple[WeeklyWindow, ...] | None = None
    overrides: tuple[DateOverride, ...] | None = None
    is_default: bool | None = None
    travels: tuple[Travel, ...] | None = None


def new_schedule(schedule_id: ScheduleId, user_id: UserId, wanted: NewSchedule) -> Schedule:
    """Make the first revision of a schedule; raises InvalidInput that names the field."""
    return Schedule(
        id=schedule_id,
        user_id=user_id,
        name=display_text(wanted.name, MAX_NAME, "name"),
        is_default=wanted.is_default,
        hours=checked_hours(wanted.zone, wanted.weekly, wanted.overrides, wanted.travels),
        revision=1,
    )


def changed_schedule(schedule: Schedule, change: ScheduleChange) -> Schedule:
    """Give a schedule with its change, of the next revision; raises InvalidInput and ScheduleIsDefault."""
    if schedule.is_default and change.is_default is False:
        raise ScheduleIsDefault("isDefault")
    return replace(
        schedule,
        name=schedule.name if change.name is None else display_text(change.name, MAX_NAME, "name"),
        is_default=schedule.is_default if change.is_default is None else change.is_default,
        hours=checked_hours(
            schedule.hours.zone if change.zone is None else change.zone,
            schedule.hours.weekly if change.weekly is None else change.weekly,
            schedule.hours.overrides if change.overrides is None else change.overrides,
            schedule.hours.travels if change.travels is None else change.travels,
        ),
        revision=schedule.revision + 1,
    )


def checked_hours(
    zone: str,
    weekly: tuple[WeeklyWindow, ...],
    overrides: tuple[DateOverride, ...],
    travels: tuple[Travel, ...] = (),
) -> Hours:
    """Check hours that a person typed: what the engine asks for, and no window that is empty."""
    if any(window.start_minute == window.end_minute for window in weekly):
        raise _empty("weekly")
    if any(start == end for override in overrides for start, end in override.windows):
        raise _empty("overrides")
    return Hours(zone, weekly, tuple(sorted(overrides, key=lambda override: override.date)), travels)


def _empty(name: str) -> InvalidInput:
    return InvalidInput("A window ends where it begins. Leave it out, or end it at 24:00.", name)
