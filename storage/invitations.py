"""Invitations: stored with the hash of their secret, found by it, accepted once, sent anew, revoked."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.ids import InvitationId, OrganizationId, UserId
from domain.members import Invitation
from domain.paging import Paging, Part, Place
from domain.users import Role
from storage.base import Base, within_organization
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record

_KEPT = timedelta(days=30)
_IS_PENDING = "accepted_at IS NULL AND revoked_at IS NULL"


class InvitationRow(Base):
    """An offer to an address to become a member; an address has one at most that is not ended."""

    __tablename__ = "invitations"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("invited_by", "users"),
        CheckConstraint("role IN ('administrator', 'member')", name="role_offered"),
        Index(
            "invitations_pending_key",
            "organization_id",
            "email",
            unique=True,
            postgresql_where=text(_IS_PENDING),
        ),
        Index(None, "organization_id", "created_at"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    email: Mapped[str]
    role: Mapped[str]
    locale: Mapped[str]
    invited_by: Mapped[UUID]
    version: Mapped[int]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


_PENDING = and_(InvitationRow.accepted_at.is_(None), InvitationRow.revoked_at.is_(None))


class Invitations:
    """Invitations that nobody has ended, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, invitation: Invitation, token_hash: bytes) -> None:
        """Store a new invitation; one of the same address has to be ended before."""
        await self._connection.core.execute(
            insert(InvitationRow).values(
                organization_id=invitation.organization_id,
                id=invitation.id,
                email=invitation.email,
                role=invitation.role,
                locale=invitation.locale,
                invited_by=invitation.invited_by,
                version=invitation.version,
                token_hash=token_hash,
                created_at=invitation.created_at,
                expires_at=invitation.expires_at,
            )
        )

    async def by_id(
        self, organization_id: OrganizationId, invitation_id: InvitationId, *, locks: bool = False
    ) -> Invitation | None:
        """Find an invitation of an organization; `locks` keeps others from changing it meanwhile."""
        statement = select(InvitationRow.__table__).where(_is(organization_id, invitation_id), _PENDING)
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        return _invitation(row) if row else None

    async def accept(self, token_hash: bytes, email: str) -> Invitation | None:
        """Use up what a secret opens for an address, once; None whatever does not fit."""
        statement = (
            update(InvitationRow)
            .where(
                InvitationRow.token_hash == token_hash,
                InvitationRow.email == email,
                InvitationRow.expires_at > self._now,
                _PENDING,
            )
            .values(accepted_at=self._now)
            .returning(InvitationRow.__table__)
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return _invitation(row) if row else None

    async def renew(self, invitation: Invitation, token_hash: bytes) -> None:
        """Store that an invitation is sent anew; the link that was sent before ends."""
        await self._connection.core.execute(
            update(InvitationRow)
            .where(_is(invitation.organization_id, invitation.id), _PENDING)
            .values(version=invitation.version, expires_at=invitation.expires_at, token_hash=token_hash)
        )

    async def revoke(self, organization_id: OrganizationId, invitation_id: InvitationId) -> bool:
        """End an invitation; say whether there was one."""
        return await self._revoke(_is(organization_id, invitation_id)) == 1

    async def revoke_to(self, organization_id: OrganizationId, email: str) -> int:
        """End what was sent to an address."""
        return await self._revoke(
            and_(InvitationRow.organization_id == organization_id, InvitationRow.email == email)
        )

    async def revoke_by(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """End what somebody has sent."""
        return await self._revoke(
            and_(InvitationRow.organization_id == organization_id, InvitationRow.invited_by == user_id)
        )

    async def count(self, organization_id: OrganizationId) -> int:
        """Count an organization's invitations."""
        statement = select(func.count()).where(InvitationRow.organization_id == organization_id, _PENDING)
        return (await self._connection.core.execute(statement)).scalar_one()

    async def of_organization(self, organization_id: OrganizationId, paging: Paging) -> Part[Invitation]:
        """List an organization's invitations, oldest first; those that are too old too."""
        statement = select(InvitationRow.__table__).where(
            InvitationRow.organization_id == organization_id, _PENDING
        )
        return await part_of(
            self._connection, statement, (InvitationRow.created_at, InvitationRow.id), paging, _placed
        )

    async def forget_ended(self) -> None:
        """Delete what ended a month ago, and with it the addresses of strangers."""
        limit = self._now - _KEPT
        await self._connection.core.execute(
            delete(InvitationRow).where(
                or_(
                    InvitationRow.expires_at <= limit,
                    InvitationRow.accepted_at <= limit,
                    InvitationRow.revoked_at <= limit,
                )
            )
        )

    async def _revoke(self, condition: ColumnElement[bool]) -> int:
        statement = update(InvitationRow).where(condition, _PENDING).values(revoked_at=self._now)
        return (await self._connection.core.execute(statement)).rowcount


def _is(organization_id: OrganizationId, invitation_id: InvitationId) -> ColumnElement[bool]:
    return and_(InvitationRow.organization_id == organization_id, InvitationRow.id == invitation_id)


def _placed(row: Record) -> tuple[Invitation, Place]:
    return _invitation(row), place_at(row, "created_at", "id")


def _invitation(row: Record) -> Invitation:
    return Invitation(
        id=InvitationId(row["id"]),
        organization_id=OrganizationId(row["organization_id"]),
        email=row["email"],
        role=Role(row["role"]),
        locale=row["locale"],
        invited_by=UserId(row["invited_by"]),
        version=row["version"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
