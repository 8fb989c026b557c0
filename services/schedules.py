"""A user's schedules: add, change, make default, remove."""

from dataclasses import dataclass, replace

from domain.addresses import display_text
from domain.availability import Hours, Schedule
from domain.errors import Conflict, InvalidInput
from domain.events import EventKind, Happened
from domain.ids import ScheduleId
from domain.users import Scope, SignedIn, Viewer, signed_in
from services.access import own_schedule
from storage.base import new_id
from storage.unit import Unit, Units

MAX_SCHEDULES = 100
_NAME = 100


class ScheduleInUse(Conflict):
    """A schedule that cannot go: it is the default, or a page names it."""

    sentence = "A page uses this schedule, or it is your default. Choose another one there first."


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """What is to be changed; None leaves it as it is."""

    name: str | None = None
    hours: Hours | None = None
    is_default: bool | None = None


class Schedules:
    """The use cases. Every change of hours shows on the user's pages at once."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def own(self, viewer: Viewer) -> list[Schedule]:
        """List the viewer's schedules, oldest first; there are 100 at most."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            return await unit.schedules.of_user(asker.organization_id, asker.user_id)

    async def by_id(self, viewer: Viewer, schedule_id: ScheduleId) -> Schedule:
        """Give one schedule of the viewer's."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            return await own_schedule(unit, asker, schedule_id)

    async def create(self, viewer: Viewer, name: str, hours: Hours, *, is_default: bool) -> Schedule:
        """Add a schedule; a user's first one is the default."""
        asker = signed_in(viewer, Scope.AVAILABILITY)
        async with self._units.begin() as unit:
            present = await unit.schedules.of_user(asker.organization_id, asker.user_id)
            if len(present) >= MAX_SCHEDULES:
                raise InvalidInput("You have 100 schedules already.")
            schedule = Schedule(
                id=ScheduleId(new_id()),
                user_id=asker.user_id,
                name=display_text(name, _NAME, "name"),
                is_default=False,
                hours=hours,
                revision=1,
            )
            await unit.schedules.add(asker.organization_id, schedule)
            if is_default or not present:
                schedule = await self._make_default(unit, asker, schedule)
            return schedule

    async def update(
        self, viewer: Viewer, schedule_id: ScheduleId, change: ScheduleChange, expected: int | None
    ) -> Schedule:
        """Change a schedule; raises Conflict where it is not at the expected revision any more."""
        asker = signed_in(viewer, Scope.AVAILABILITY)
        async with self._units.begin() as unit:
            schedule = await own_schedule(unit, asker, schedule_id)
            if expected is not None and expected != schedule.revision:
                raise Conflict("expectedRevision")
            changed = replace(
                schedule,
                name=display_text(change.name, _NAME, "name") if change.name is not None else schedule.name,
                hours=change.hours or schedule.hours,
                revision=schedule.revision + 1,
            )
            if not await unit.schedules.save(asker.organization_id, changed, seen=schedule.revision):
                raise Conflict("expectedRevision")
            if change.is_default and not schedule.is_default:
                return await self._make_default(unit, asker, changed)
            if change.is_default is False and schedule.is_default:
                raise InvalidInput("Make another schedule the default instead.", "isDefault")
            unit.record(_touched(asker))
            return changed

    async def delete(self, viewer: Viewer, schedule_id: ScheduleId) -> None:
        """Remove a schedule that nothing uses; raises ScheduleInUse."""
        asker = signed_in(viewer, Scope.AVAILABILITY)
        async with self._units.begin() as unit:
            schedule = await own_schedule(unit, asker, schedule_id)
            if schedule.is_default or await unit.pages.uses_schedule(asker.organization_id, schedule.id):
                raise ScheduleInUse("id")
            await unit.schedules.remove(asker.organization_id, schedule.id)

    async def _make_default(self, unit: Unit, asker: SignedIn, schedule: Schedule) -> Schedule:
        await unit.schedules.make_default(asker.organization_id, schedule)
        unit.record(_touched(asker))
        return replace(schedule, is_default=True)


def _touched(asker: SignedIn) -> Happened:
    return Happened(EventKind.HOURS_CHANGED, asker.organization_id, hosts=(asker.user_id,))
