"""Use cases of schedules: list, add, change, make default, remove."""

from dataclasses import replace

from domain.audit import Act
from domain.availability import Schedule
from domain.errors import Conflict, InvalidInput
from domain.events import EventKind, Happened
from domain.ids import ScheduleId
from domain.schedules import (
    MAX_SCHEDULES,
    NewSchedule,
    ScheduleChange,
    ScheduleInUse,
    ScheduleIsDefault,
    changed_schedule,
    new_schedule,
)
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.access import acted, own_schedule
from storage.base import new_id
from storage.unit import Units

_SEEN_BY = (DelegationScope.AVAILABILITY, DelegationScope.PAGES)  # a page names its schedule


class Schedules:
    """What users can do with their schedules. Every change of hours shows on their pages at once."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def own(self, viewer: Viewer) -> list[Schedule]:
        """List the viewer's schedules, oldest first; there are 100 at most."""
        asker = signed_in(viewer, Scope.READ, *_SEEN_BY)
        async with self._units.read() as unit:
            return await unit.schedules.of_user(asker.organization_id, asker.user_id)

    async def by_id(self, viewer: Viewer, schedule_id: ScheduleId) -> Schedule:
        """Give a schedule of the viewer's; NotFound for everybody else's."""
        asker = signed_in(viewer, Scope.READ, *_SEEN_BY)
        async with self._units.read() as unit:
            return await own_schedule(unit, asker, schedule_id)

    async def create(self, viewer: Viewer, wanted: NewSchedule) -> Schedule:
        """Add a schedule; a user's first one is the default, whether it is wanted or not."""
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            present = await unit.schedules.of_user(asker.organization_id, asker.user_id)
            if len(present) >= MAX_SCHEDULES:
                raise InvalidInput("You have as many schedules as one may have. Remove one first.")
            schedule = new_schedule(
                ScheduleId(new_id()),
                asker.user_id,
                replace(wanted, is_default=wanted.is_default or not present),
            )
            if schedule.is_default:
                await unit.schedules.clear_default(asker.organization_id, asker.user_id)
                unit.record(_hours_changed(asker))
            await unit.schedules.add(asker.organization_id, schedule)
            await acted(unit, asker, Act.SCHEDULE_CREATED, schedule.id)
        return schedule

    async def update(
        self,
        viewer: Viewer,
        schedule_id: ScheduleId,
        change: ScheduleChange,
        expected_revision: int | None = None,
    ) -> Schedule:
        """Change a schedule, or make it the default.

        Raises Conflict where it is not of the expected revision any more, and ScheduleIsDefault where
        the default is to be none.
        """
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            schedule = await own_schedule(unit, asker, schedule_id)
            if expected_revision is not None and expected_revision != schedule.revision:
                raise Conflict("expectedRevision")
            changed = changed_schedule(schedule, change)
            becomes_default = changed.is_default and not schedule.is_default
            if becomes_default:
                await unit.schedules.clear_default(asker.organization_id, asker.user_id)
            if not await unit.schedules.update(asker.organization_id, changed):
                raise Conflict("expectedRevision")
            await acted(unit, asker, Act.SCHEDULE_UPDATED, schedule.id)
            if becomes_default or changed.hours != schedule.hours:
                unit.record(_hours_changed(asker))
        return changed

    async def delete(self, viewer: Viewer, schedule_id: ScheduleId) -> None:
        """Remove a schedule; raises ScheduleIsDefault, and ScheduleInUse while a page uses it."""
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            schedule = await own_schedule(unit, asker, schedule_id)
            if schedule.is_default:
                raise ScheduleIsDefault("id")
            if not await unit.schedules.remove(asker.organization_id, schedule.id):
                raise ScheduleInUse("id")
            await acted(unit, asker, Act.SCHEDULE_DELETED, schedule.id)


def _hours_changed(asker: SignedIn) -> Happened:
    return Happened(EventKind.HOURS_CHANGED, asker.organization_id, hosts=(asker.user_id,))
