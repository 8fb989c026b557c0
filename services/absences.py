"""Use cases of absences: list, add, remove, say who stands in, and what visitors are told of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.absences import (
    MAX_ABSENCES,
    Absence,
    AbsenceDates,
    AbsenceReason,
    Away,
    Duty,
    NotAskedAnyMore,
    StandInState,
    away_at,
    needed_hosts,
)
from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.effects import Effect, EffectKind
from domain.errors import InvalidInput, NotFound
from domain.events import EventKind, Happened
from domain.ids import AbsenceId, OrganizationId, PageId, UserId
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.access import acted, own_page, present
from storage.base import new_id
from storage.limits import Budget, Limits, WhenAway
from storage.unit import Unit, Units

# Mails to colleagues in somebody's name (case 153).
ASKS_PER_USER = Budget("stand-in-ask", 30, 24 * 60 * 60, WhenAway.CLOSED)


class Absences:
    """What users can do with their absences. Each shows on all their pages at once; bookings stay.

    Who stands in takes nothing over but visitors: these are told of a page of theirs, once they agree.
    """

    def __init__(self, units: Units, limits: Limits) -> None:
        self._units = units
        self._limits = limits

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

    async def create(
        self, viewer: Viewer, dates: AbsenceDates, reason: AbsenceReason, stand_in: UserId | None = None
    ) -> Absence:
        """Add an absence, and ask somebody to stand in.

        Raises InvalidInput, also where there are too many, NotFound for `standInId`, TooMany, TryAgain.
        """
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        if stand_in:
            await self._limits.take(ASKS_PER_USER, str(asker.user_id))
        absence = Absence(AbsenceId(new_id()), asker.user_id, dates, reason)
        async with self._units.begin() as unit:
            await unit.pages.lock_people(asker.organization_id, {asker.user_id, stand_in or asker.user_id})
            present_ones = await unit.absences.of_user(asker.organization_id, asker.user_id)
            if len(present_ones) >= MAX_ABSENCES:
                raise InvalidInput("You have as many absences as one may have. Remove one first.")
            if stand_in:
                absence = await _asking(unit, asker.organization_id, absence, stand_in)
            await unit.absences.add(asker.organization_id, absence)
            unit.record(_hours_changed(asker))
            await acted(unit, asker, Act.ABSENCE_CREATED, absence.id)
        return absence

    async def delete(self, viewer: Viewer, absence_id: AbsenceId) -> None:
        """Remove an absence; raises NotFound. Who stands in does so no more, and is told."""
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        async with self._units.begin() as unit:
            absence = await unit.absences.by_id(asker.organization_id, absence_id, locks=True)
            if absence is None or absence.user_id != asker.user_id:
                raise NotFound("id")
            await unit.absences.remove(asker.organization_id, asker.user_id, absence_id)
            _relieve(unit, asker.organization_id, absence)
            unit.record(_hours_changed(asker))
            await acted(unit, asker, Act.ABSENCE_DELETED, absence_id)

    async def set_stand_in(self, viewer: Viewer, absence_id: AbsenceId, stand_in: UserId | None) -> Absence:
        """Ask somebody to stand in for the viewer, in place of who was asked before; None for nobody.

        Who had agreed before is told that they need not.
        Raises NotFound, InvalidInput for `standInId`, TooMany, TryAgain.
        """
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        if stand_in:
            await self._limits.take(ASKS_PER_USER, str(asker.user_id))
        async with self._units.begin() as unit:
            await unit.pages.lock_people(asker.organization_id, {asker.user_id, stand_in or asker.user_id})
            absence = await unit.absences.by_id(asker.organization_id, absence_id, locks=True)
            if absence is None or absence.user_id != asker.user_id:
                raise NotFound("id")
            changed = await _asking(unit, asker.organization_id, absence, stand_in)
            if changed != absence:
                await unit.absences.set_stand_in(asker.organization_id, changed)
                _relieve(unit, asker.organization_id, absence)
                await acted(unit, asker, Act.ABSENCE_STAND_IN_SET, absence.id)
        return changed

    async def duties(self, viewer: Viewer) -> list[Duty]:
        """List the absences for which the viewer is asked to stand in, or does; 100 at most."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            absences = await unit.absences.of_stand_in(asker.organization_id, asker.user_id)
            users = await unit.users.by_ids([absence.user_id for absence in absences])
            now = unit.now
        return [Duty(absence, users[absence.user_id]) for absence in absences if absence.is_duty(now)]

    async def agree(self, viewer: Viewer, absence_id: AbsenceId, page_id: PageId) -> Duty:
        """Stand in for a colleague, whose visitors are shown a page of the viewer's; another one each time.

        Raises NotFound for `pageId`, NotAskedAnyMore.
        """
        return await self._answer(viewer, absence_id, page_id)

    async def decline(self, viewer: Viewer, absence_id: AbsenceId) -> None:
        """Do not stand in for a colleague, or not any more; they are told. NotAskedAnyMore."""
        await self._answer(viewer, absence_id, None)

    async def away(self, questions: Sequence[tuple[BookingPage, datetime | None]]) -> list[Away | None]:
        """Say what visitors are told of each page at an instant, which is now where it is None.

        One statement an organization. Only absences for which somebody was asked to stand in are told of;
        why, and who, never is.
        """
        hosts: defaultdict[OrganizationId, set[UserId]] = defaultdict(set)
        for page, _ in questions:
            hosts[page.organization_id].update(needed_hosts(page))
        async with self._units.read() as unit:
            told = {of: await unit.absences.told(of, who) for of, who in hosts.items()}
            now = unit.now
        return [away_at(page, told[page.organization_id], at or now) for page, at in questions]

    async def _answer(self, viewer: Viewer, absence_id: AbsenceId, page_id: PageId | None) -> Duty:
        asker = signed_in(viewer, Scope.AVAILABILITY)
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            await present(unit, asker)
            if page_id:
                try:
                    await own_page(unit, asker, page_id)
                except NotFound:
                    raise NotFound("pageId") from None
            absence = await unit.absences.by_id(asker.organization_id, absence_id, locks=True)
            if absence is None or absence.stand_in is None or absence.stand_in.user_id != asker.user_id:
                raise NotFound("absenceId")
            changed = absence.answered(asker.user_id, page_id, unit.now)
            await unit.absences.set_stand_in(asker.organization_id, changed)
            host = await unit.users.by_id(asker.organization_id, absence.user_id)
            if host is None:
                raise NotAskedAnyMore
            if page_id is None:
                unit.follow(
                    [_mail(unit, EffectKind.TELL_STAND_IN_DECLINED, asker.organization_id, changed, host.id)]
                )
        return Duty(changed, host)


async def end_stand_ins(unit: Unit, organization_id: OrganizationId, leaver: UserId) -> None:
    """Let nobody stand in for who leaves the organization, nor them for others; the other side is told."""
    for absence in await unit.absences.of_user(organization_id, leaver):
        _relieve(unit, organization_id, absence)
    for absence in await unit.absences.of_stand_in(organization_id, leaver):
        if absence.is_duty(unit.now):
            left = replace(absence, stand_in=None, version=absence.version + 1)
            kind = EffectKind.TELL_STAND_IN_DECLINED
            unit.follow([_mail(unit, kind, organization_id, left, absence.user_id)])
    await unit.absences.end_stand_ins(organization_id, leaver)


async def _asking(
    unit: Unit, organization_id: OrganizationId, absence: Absence, member: UserId | None
) -> Absence:
    """Let somebody, who is locked, be asked; NotFound unless they are in the organization."""
    changed = absence.asking(member, unit.now)
    if changed is absence or member is None:
        return changed
    user = await unit.users.by_id(organization_id, member)
    if user is None or user.is_disabled or user.left_at is not None:
        raise NotFound("standInId")
    unit.follow([_mail(unit, EffectKind.ASK_STAND_IN, organization_id, changed, member)])
    return changed


def _relieve(unit: Unit, organization_id: OrganizationId, absence: Absence) -> None:
    """Have who had agreed to stand in told that they need not, unless it is over anyhow."""
    stand_in = absence.stand_in
    if stand_in is None or stand_in.state is not StandInState.AGREED or absence.is_over(unit.now):
        return
    # The absence may be gone by then, so the subject is whose it was; the version tells absences apart.
    occasion = (absence.id.int + absence.version) % 2**31
    unit.follow(
        [
            Effect(
                EffectKind.TELL_STAND_IN_OVER,
                organization_id,
                absence.user_id,
                occasion,
                stand_in.user_id,
                unit.now,
            )
        ]
    )


def _mail(
    unit: Unit, kind: EffectKind, organization_id: OrganizationId, absence: Absence, to: UserId
) -> Effect:
    return Effect(kind, organization_id, absence.id, absence.version, to, unit.now)


def _hours_changed(asker: SignedIn) -> Happened:
    return Happened(EventKind.HOURS_CHANGED, asker.organization_id, hosts=(asker.user_id,))
