"""Use cases of absences: list, add, remove."""

from domain.absences import MAX_ABSENCES, Absence, AbsenceDates, AbsenceReason
from domain.audit import Act
from domain.errors import InvalidInput, NotFound
from domain.events import EventKind, Happened
from domain.ids import AbsenceId
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.access import acted
from storage.base import new_id
from storage.unit import Units


class Absences:
    """What users can do with their absences. Each shows on all their pages at once; bookings stay."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def own(self, viewer: Viewer) -> list[Absence]:
        """List the viewer's absences by first date; there are 100 at most."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.AVAILABILITY)
        async with self._units.read() as unit:
            return await unit.absences.of_user(asker.organization_id, asker.user_id)

    async def by_id(self, viewer: Viewer, absence_id: AbsenceId) -> Absence:
        """Give an absence of the viewer's; NotFound for everybody else's."""
        for absence in await self.own(viewer):
            if absence.id == absence_id:
                return absence
        raise NotFound("id")

    async def create(self, viewer: Viewer, dates: AbsenceDates, reason: AbsenceReason) -> Absence:
        """Add an absence; raises InvalidInput where there are too many."""
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        absence = Absence(AbsenceId(new_id()), asker.user_id, dates, reason)
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            present = await unit.absences.of_user(asker.organization_id, asker.user_id)
            if len(present) >= MAX_ABSENCES:
                raise InvalidInput("You have as many absences as one may have. Remove one first.")
            await unit.absences.add(asker.organization_id, absence)
            unit.record(_hours_changed(asker))
            await acted(unit, asker, Act.ABSENCE_CREATED, absence.id)
        return absence

    async def delete(self, viewer: Viewer, absence_id: AbsenceId) -> None:
        """Remove an absence; raises NotFound."""
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        async with self._units.begin() as unit:
            if not await unit.absences.remove(asker.organization_id, asker.user_id, absence_id):
                raise NotFound("id")
            unit.record(_hours_changed(asker))
            await acted(unit, asker, Act.ABSENCE_DELETED, absence_id)


def _hours_changed(asker: SignedIn) -> Happened:
    return Happened(EventKind.HOURS_CHANGED, asker.organization_id, hosts=(asker.user_id,))
