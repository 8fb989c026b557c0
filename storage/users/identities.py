"""Identities: stored, found by issuer and subject, and ended."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from domain.identities import Identity, Proved
from domain.ids import IdentityId, OrganizationId, UserId
from domain.users import User
from storage.postgres import Connection, Record
from storage.users.people import USER_COLUMNS, user_of
from storage.users.rows import IdentityRow, UserRow

_MOST_LISTED = 100


class Identities:
    """Identities, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, identity: Identity) -> bool:
        """Store a new identity; False where the account is somebody's already."""
        statement = (
            insert(IdentityRow)
            .values(
                id=identity.id,
                issuer=identity.issuer,
                subject=identity.subject,
                organization_id=identity.organization_id,
                user_id=identity.user_id,
                created_at=identity.created_at,
            )
            .on_conflict_do_nothing()
            .returning(IdentityRow.id)
        )
        return (await self._connection.core.execute(statement)).first() is not None

    async def user_of(self, proved: Proved) -> User | None:
        """Find whose an account is, in whatever organization; its address plays no part (case 55)."""
        statement = (
            select(*USER_COLUMNS)
            .join(IdentityRow, IdentityRow.user_id == UserRow.id)
            .where(IdentityRow.issuer == proved.issuer, IdentityRow.subject == proved.subject)
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return user_of(row) if row else None

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> list[Identity]:
        """List a user's identities, oldest first, a hundred at most."""
        statement = (
            select(IdentityRow.__table__)
            .where(IdentityRow.organization_id == organization_id, IdentityRow.user_id == user_id)
            .order_by(IdentityRow.created_at, IdentityRow.id)
            .limit(_MOST_LISTED)
        )
        return [_identity(row) for row in (await self._connection.core.execute(statement)).mappings()]

    async def end(self, organization_id: OrganizationId, user_id: UserId, identity_id: IdentityId) -> bool:
        """Delete an identity of a user; say whether there was one."""
        statement = delete(IdentityRow).where(
            IdentityRow.organization_id == organization_id,
            IdentityRow.user_id == user_id,
            IdentityRow.id == identity_id,
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def end_all(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Delete every identity of a user: the accounts may be linked to somebody else then."""
        await self._connection.core.execute(
            delete(IdentityRow).where(
                IdentityRow.organization_id == organization_id, IdentityRow.user_id == user_id
            )
        )


def _identity(row: Record) -> Identity:
    return Identity(
        IdentityId(row["id"]),
        row["issuer"],
        row["subject"],
        OrganizationId(row["organization_id"]),
        UserId(row["user_id"]),
        row["created_at"],
    )
