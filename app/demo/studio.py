"""The organization: its people with their hours, its team, and who looks after whose bookings."""

import secrets
from datetime import timedelta

from app.demo.cast import HOSTS, email
from app.wiring import Parts, now
from domain.availability import Hours, Schedule, WeeklyWindow
from domain.delegation import DelegationTerms
from domain.identity import AddressProof, Session
from domain.ids import ScheduleId, SessionId, TeamId, UserId
from domain.organizations import Organization
from domain.teams import TeamSettings
from domain.tokens import TokenKind, token, token_hash
from domain.users import DelegationScope, Role, Scope, SignedIn, User
from services.delegation import InviteDelegate
from storage.base import new_id

_MONDAY_TO_FRIDAY = range(5)


async def people(parts: Parts, organization: Organization) -> dict[str, SignedIn]:
    """Found the studio with its three people and their working hours."""
    viewers: dict[str, SignedIn] = {}
    async with parts.services.units.begin() as unit:
        await unit.organizations.add(organization)
        for number, host in enumerate(HOSTS):
            user = User(
                id=UserId(new_id()),
                organization_id=organization.id,
                email=email(host),
                name=host.name,
                handle=host.handle,
                zone=host.zone,
                locale=host.locale,
                role=Role.MEMBER if number else Role.OWNER,
                shares_availability=True,
                is_disabled=False,
                created_at=unit.now,
            )
            await unit.users.add(user)
            weekly = tuple(WeeklyWindow(day, host.opens, host.closes) for day in _MONDAY_TO_FRIDAY)
            await unit.schedules.add(
                organization.id,
                Schedule(
                    id=ScheduleId(new_id()),
                    user_id=user.id,
                    name="Working hours",
                    is_default=True,
                    hours=Hours(host.zone, weekly, ()),
                    revision=1,
                ),
            )
            ends = unit.now + timedelta(minutes=10)
            session = Session(SessionId(new_id()), user.id, unit.now, unit.now, ends, AddressProof.MAIL)
            word = token(TokenKind.SESSION, secrets.token_bytes(32))
            await unit.users.sessions.add(session, token_hash(word))
            viewers[host.handle] = SignedIn(user, frozenset(Scope), session.id, None, "127.0.0.1")
    return viewers


async def delegate_to(parts: Parts, principal: SignedIn, delegate: SignedIn) -> None:
    """Let a host's bookings be looked after while she is on the road, with a copy of each mail."""
    terms = DelegationTerms(frozenset({DelegationScope.BOOKINGS}), now() + timedelta(days=90), is_copied=True)
    delegating = parts.services.delegation
    asked = await delegating.invite(principal, InviteDelegate(terms, member_id=delegate.user_id))
    await delegating.accept(delegate, asked.id)


async def team(parts: Parts, viewers: dict[str, SignedIn]) -> TeamId:
    """Make the studio's team, which Maya looks after: she sees when everybody is free. Its id."""
    owner = viewers["ada"]
    made = await parts.services.teams.create(owner, TeamSettings("Studio", "studio", owner.user.zone))
    for handle, member in viewers.items():
        await parts.services.teams.add_member(owner, made.id, member.user_id, is_manager=handle == "maya")
    return made.id
