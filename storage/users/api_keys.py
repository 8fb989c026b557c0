"""API keys: stored, found by the hash of their token, and revoked."""

from datetime import datetime

from sqlalchemy import ColumnElement, insert, select, update

from domain.identity import ApiKey
from domain.ids import ApiKeyId, UserId
from domain.users import Scope, User
from storage.organizations import OrganizationRow
from storage.postgres import Connection, Record
from storage.users.people import USER_COLUMNS, user_of
from storage.users.rows import ApiKeyRow, UserRow

_MOST_LISTED = 100
_COLUMNS = (
    ApiKeyRow.id,
    ApiKeyRow.user_id,
    ApiKeyRow.name,
    ApiKeyRow.prefix,
    ApiKeyRow.scopes,
    ApiKeyRow.created_at,
    ApiKeyRow.expires_at,
    ApiKeyRow.used_at,
    ApiKeyRow.is_mobile,
)


class ApiKeys:
    """API keys, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, key: ApiKey, token_hash: bytes) -> None:
        """Store a new key."""
        await self._connection.core.execute(
            insert(ApiKeyRow).values(
                id=key.id,
                user_id=key.user_id,
                name=key.name,
                prefix=key.prefix,
                token_hash=token_hash,
                scopes=sorted(key.scopes),
                created_at=key.created_at,
                expires_at=key.expires_at,
                is_mobile=key.is_mobile,
            )
        )

    async def by_token(self, token_hash: bytes) -> tuple[ApiKey, User, str] | None:
        """Find a key that was not revoked, with its user and their home region, by its token."""
        return await self._where(ApiKeyRow.token_hash == token_hash)

    async def by_id(self, key_id: ApiKeyId) -> tuple[ApiKey, User, str] | None:
        """Find a key that was not revoked, with its user and their home region."""
        return await self._where(ApiKeyRow.id == key_id)

    async def of_user(self, user_id: UserId) -> list[ApiKey]:
        """List a user's keys that were not revoked, newest first, a hundred at most."""
        statement = (
            select(*_COLUMNS)
            .where(ApiKeyRow.user_id == user_id, ApiKeyRow.revoked_at.is_(None))
            .order_by(ApiKeyRow.created_at.desc(), ApiKeyRow.id.desc())
            .limit(_MOST_LISTED)
        )
        return [_key(row) for row in (await self._connection.core.execute(statement)).mappings()]

    async def note_used(self, key_id: ApiKeyId) -> None:
        """Note that a key is in use now."""
        await self._connection.core.execute(
            update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(used_at=self._now)
        )

    async def end(self, user_id: UserId, key_id: ApiKeyId) -> bool:
        """Revoke a key of a user; say whether there was one to revoke."""
        statement = (
            update(ApiKeyRow)
            .where(ApiKeyRow.user_id == user_id, ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None))
            .values(revoked_at=self._now)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def end_all(self, user_id: UserId) -> None:
        """Revoke every key of a user."""
        await self._connection.core.execute(
            update(ApiKeyRow)
            .where(ApiKeyRow.user_id == user_id, ApiKeyRow.revoked_at.is_(None))
            .values(revoked_at=self._now)
        )

    async def _where(self, condition: ColumnElement[bool]) -> tuple[ApiKey, User, str] | None:
        statement = (
            select(*_COLUMNS, *USER_COLUMNS[1:], OrganizationRow.region)
            .join(UserRow, UserRow.id == ApiKeyRow.user_id)
            .join(OrganizationRow, OrganizationRow.id == UserRow.organization_id)
            .where(condition, ApiKeyRow.revoked_at.is_(None))
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return (_key(row), user_of(row), row["region"]) if row else None


def _key(row: Record) -> ApiKey:
    return ApiKey(
        ApiKeyId(row["id"]),
        UserId(row["user_id"]),
        row["name"],
        row["prefix"],
        frozenset(scope for scope in Scope if scope in row["scopes"]),
        row["created_at"],
        row["expires_at"],
        row["used_at"],
        row["is_mobile"],
    )
