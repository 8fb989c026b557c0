"""Use cases of delegation: let somebody act for one, accept it, end it; and ask for whom a viewer acts.

Who acts for somebody is the principal to every other use case, but within the delegation's scopes, and with
neither session nor key (`domain.users.signed_in`, `in_person`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from domain.addresses import canonical, email_address
from domain.audit import Act, Deed
from domain.delegation import (
    ANSWER_WITHIN,
    MAX_DELEGATIONS,
    AlreadyAccepted,
    AlreadyDelegate,
    Delegation,
    DelegationState,
    DelegationTerms,
    NotDelegated,
    checked_terms,
)
from domain.effects import Effect, EffectKind
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.events import EventKind, Happened
from domain.identity import USE_NOTED_EVERY
from domain.ids import DelegationId, UserId
from domain.members import AddressUnproved
from domain.paging import Paging, Part
from domain.policy import Action, Leave
from domain.users import Acting, Guest, Scope, SignedIn, SignInNeeded, User, Viewer, in_person, signed_in
from services.access import (
    asker_for,
    check_entitled,
    deed,
    fresh_session_of,
    locked,
    present,
    require,
    session_of,
)
from services.users import Users
from storage.base import new_id
from storage.limits import Budget, Limits, Take, WhenAway
from storage.unit import Reading, Unit, Units

_DAY_S = 24 * 60 * 60

# Mails in somebody's name: of one person, and to one address of an organization (case 153).
INVITES_PER_USER = Budget("delegate-invite", 30, _DAY_S, WhenAway.CLOSED)
INVITES_PER_ADDRESS = Budget("delegate-invite-address", 10, _DAY_S, WhenAway.CLOSED)


class Side(StrEnum):
    """Of which end of a delegation somebody asks."""

    GIVEN = "given"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class InviteDelegate:
    """Whom to let act, by their id or their address, for whom, and within what; None is the asker."""

    terms: DelegationTerms
    member_id: UserId | None = None
    email: str | None = None
    principal_id: UserId | None = None

    @property
    def field(self) -> str:
        """Name the input field that says whom; InvalidInput unless it is exactly one."""
        if (self.member_id is None) is (self.email is None):
            raise InvalidInput("Say whom: by their id, or by their address.", "memberId")
        return "memberId" if self.email is None else "email"


class Delegating:
    """What can be done with delegations."""

    def __init__(self, units: Units, users: Users, limits: Limits) -> None:
        self._units = units
        self._users = users
        self._limits = limits

    async def act_for(self, viewer: Viewer, principal_id: UserId | None) -> SignedIn:
        """Give the viewer who is seen as the principal; None stands for nobody there could be.

        Raises SignInNeeded, and NotDelegated whatever does not fit. No key acts for others, nor does who
        acts already.
        """
        if isinstance(viewer, Guest):
            raise SignInNeeded
        if viewer.session_id is None or viewer.acting is not None or principal_id is None:
            raise NotDelegated
        async with self._units.read() as unit:
            found = await unit.delegations.acting(viewer.organization_id, principal_id, viewer.user_id)
        if found is None:
            raise NotDelegated
        delegation, principal = found
        if delegation.used_at is None or unit.now - delegation.used_at >= USE_NOTED_EVERY:
            async with self._units.begin() as writing:
                await writing.delegations.note_used(delegation)
        scopes = delegation.terms.scopes
        return SignedIn(
            principal,
            frozenset(Scope(scope.value) for scope in scopes),
            None,
            None,
            viewer.ip,
            Acting(delegation.id, viewer, scopes),
            is_mobile=viewer.is_mobile,
        )

    async def renew(self, viewer: Viewer) -> Viewer:
        """Read a viewer's rights anew, of who acts for somebody both; as `Users.renew`, and NotDelegated.

        So it ends also where a scope is gone: what was begun with it does not go on.
        """
        if isinstance(viewer, Guest) or viewer.acting is None:
            return await self._users.renew(viewer)
        renewed = await self.act_for(await self._users.renew(viewer.acting.delegate), viewer.user_id)
        if renewed.acting is None or not viewer.acting.scopes <= renewed.acting.scopes:
            raise NotDelegated
        return renewed

    async def listed(self, viewer: Viewer, side: Side, paging: Paging) -> Part[Delegation]:
        """List what the viewer has given, or what they were offered or have; nothing that has ended."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            if side is Side.GIVEN:
                return await unit.delegations.given(asker.organization_id, asker.user_id, paging)
            return await unit.delegations.received(asker.user, paging)

    async def by_id(self, viewer: Viewer, delegation_id: DelegationId) -> Delegation:
        """Give a delegation that the viewer has given, has, or was offered; raises NotFound."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            found = await _standing(unit, asker, delegation_id)
        if found is None or not (found.principal_id == asker.user_id or _is_received(found, asker.user)):
            raise NotFound("id")
        return found

    async def invite(self, viewer: Viewer, wanted: InviteDelegate) -> Delegation:
        """Offer a colleague to act for the asker, or for a member below where administrators may do so.

        An address of nobody in the organization is answered like any other; no mail goes there (case 169).
        Raises FreshSignInNeeded, NotEntitled, NotFound, NotAllowed, AlreadyDelegate, TooMany, InvalidInput.
        """
        asker = asker_for(viewer, Action.DELEGATION_GIVE)
        field, organization_id = wanted.field, asker.organization_id
        typed = None if wanted.email is None else canonical(email_address(wanted.email, field))
        await self._limits.take_all(
            Take(INVITES_PER_USER, (str(asker.user_id),)),
            Take(INVITES_PER_ADDRESS, (str(organization_id), typed or str(wanted.member_id))),
        )
        async with self._units.begin() as unit:
            await unit.organizations.lock(organization_id)
            actor = await present(unit, asker)
            await fresh_session_of(unit, asker)
            await check_entitled(unit, asker)
            terms = checked_terms(wanted.terms, unit.now)
            principal = await _principal(unit, actor, wanted.principal_id)
            address = typed or (await _member(unit, asker, wanted.member_id, field)).email
            if address == principal.email:
                raise InvalidInput("Nobody acts for themselves.", field)
            if address == actor.email:
                raise NotAllowed(field)  # nobody gives rights over others to themselves
            await unit.delegations.end_unaccepted(organization_id, principal.id, address)
            if await unit.delegations.is_active(organization_id, principal.id, address):
                raise AlreadyDelegate(field)
            if await unit.delegations.count(organization_id, principal.id) >= MAX_DELEGATIONS:
                raise InvalidInput("Nobody can have more delegates than this. End one delegation first.")
            delegation = Delegation(
                id=DelegationId(new_id()),
                organization_id=organization_id,
                principal_id=principal.id,
                address=address,
                given_by=actor.id,
                terms=terms,
                created_at=unit.now,
                answer_until=unit.now + ANSWER_WITHIN,
            )
            await unit.delegations.add(delegation)
            unit.follow(_mails(unit, delegation))
            unit.note(_deed(asker, Act.DELEGATION_INVITED, delegation))
        return delegation

    async def accept(self, viewer: Viewer, delegation_id: DelegationId) -> Delegation:
        """Accept to act for somebody, in a session that was opened by a proof of the address it went to.

        Raises AddressUnproved, NotFound whatever does not fit, AlreadyAccepted, NotEntitled.
        """
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            if (await session_of(unit, asker)).proof is None:
                raise AddressUnproved
            delegate = await locked(unit, asker)
            found = await _offered(unit, asker, delegation_id)
            principal = await unit.users.by_id(found.organization_id, found.principal_id)
            if principal is None or principal.is_disabled:
                raise NotFound("id")
            await check_entitled(unit, asker)
            await unit.delegations.accept(found, delegate.id)
            unit.note(_deed(asker, Act.DELEGATION_ACCEPTED, found))
            return replace(found, delegate_id=delegate.id, accepted_at=unit.now)

    async def decline(self, viewer: Viewer, delegation_id: DelegationId) -> None:
        """Decline to act for somebody; raises NotFound, and AlreadyAccepted, since that is ended instead."""
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            found = await _offered(unit, asker, delegation_id)
            await unit.delegations.end(found)
            unit.note(_deed(asker, Act.DELEGATION_DECLINED, found))

    async def update(
        self,
        viewer: Viewer,
        delegation_id: DelegationId,
        change: Callable[[DelegationTerms], DelegationTerms],
    ) -> Delegation:
        """Change what a delegate of the asker's may do; `change` is given what it is.

        What was taken from them ends at once. Raises FreshSignInNeeded, NotFound, NotAllowed where the
        asker is the delegate, InvalidInput.
        """
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            await fresh_session_of(unit, asker)
            found = await _standing(unit, asker, delegation_id, locks=True)
            if found is None or found.principal_id != asker.user_id:
                raise (
                    NotFound("id")
                    if found is None or not _is_received(found, asker.user)
                    else NotAllowed("id")
                )
            changed = replace(found, terms=checked_terms(change(found.terms), unit.now))
            await unit.delegations.change(changed)
            _tell_sockets(unit, found)
            unit.note(_deed(asker, Act.DELEGATION_UPDATED, changed))
        return changed

    async def end(self, viewer: Viewer, delegation_id: DelegationId) -> None:
        """End a delegation, by either side, at once and for good; raises NotFound."""
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            found = await _standing(unit, asker, delegation_id, locks=True)
            if found is None or not (found.principal_id == asker.user_id or _is_received(found, asker.user)):
                raise NotFound("id")
            await unit.delegations.end(found)
            _tell_sockets(unit, found)
            unit.note(_deed(asker, Act.DELEGATION_ENDED, found))


def _is_received(delegation: Delegation, user: User) -> bool:
    """Say whether a delegation of the user's organization was offered to them, or is theirs."""
    return delegation.address == user.email and delegation.delegate_id in (None, user.id)


async def _standing(
    unit: Reading, asker: SignedIn, delegation_id: DelegationId, *, locks: bool = False
) -> Delegation | None:
    found = await unit.delegations.by_id(asker.organization_id, delegation_id, locks=locks)
    return found if found and found.state(unit.now) is not DelegationState.ENDED else None


async def _offered(unit: Unit, asker: SignedIn, delegation_id: DelegationId) -> Delegation:
    """Give what the asker was offered and has not answered; raises NotFound, AlreadyAccepted."""
    found = await _standing(unit, asker, delegation_id, locks=True)
    if found is None or not _is_received(found, asker.user):
        raise NotFound("id")
    if found.state(unit.now) is DelegationState.ACTIVE:
        raise AlreadyAccepted("id")
    return found


async def _member(unit: Unit, asker: SignedIn, user_id: UserId | None, field: str) -> User:
    found = await unit.users.by_id(asker.organization_id, user_id) if user_id else None
    if found is None or found.is_disabled:
        raise NotFound(field)
    return found


async def _principal(unit: Unit, actor: User, principal_id: UserId | None) -> User:
    """Give for whom somebody is to act, where the actor may give that leave; NotFound, NotAllowed."""
    found = await unit.users.by_id(actor.organization_id, principal_id or actor.id)
    home = await unit.organizations.by_id(actor.organization_id)
    if found is None or found.is_disabled or home is None:
        raise NotFound("principalId")
    leave = Leave(found.organization_id, found.id, found.role, home.administrators_may_delegate)
    require(actor, Action.DELEGATION_GIVE, leave, "principalId")
    return found


def _mails(unit: Unit, delegation: Delegation) -> list[Effect]:
    """Ask the delegate; and tell the principal, where it was not they who gave it."""
    wanted: list[tuple[EffectKind, UUID]] = [(EffectKind.INVITE_DELEGATE, delegation.id)]
    if delegation.given_by != delegation.principal_id:
        wanted.append((EffectKind.TELL_DELEGATED, delegation.principal_id))
    return [
        Effect(kind, delegation.organization_id, delegation.id, 0, recipient, unit.now)
        for kind, recipient in wanted
    ]


def _tell_sockets(unit: Unit, delegation: Delegation) -> None:
    """Let what the delegate holds open be looked at again, in every process."""
    if delegation.delegate_id is not None:
        hosts = (delegation.delegate_id,)
        unit.record(Happened(EventKind.ACCESS_ENDED, delegation.organization_id, hosts=hosts))


def _deed(asker: SignedIn, act: Act, delegation: Delegation) -> Deed:
    detail = "+".join(sorted(delegation.terms.scopes))
    return replace(deed(asker, act, delegation.id, detail), principal_id=delegation.principal_id)
