"""Users and what proves them: sign-in codes, identities, sessions, API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from domain.identity import HandleTaken
from domain.ids import OrganizationId, UserId
from domain.users import User
from storage.postgres import Connection
from storage.users.api_keys import ApiKeys
from storage.users.codes import Codes
from storage.users.identities import Identities
from storage.users.people import USER, USER_COLUMNS, user_of
from storage.users.questions import SignInQuestions
from storage.users.rows import (
    ApiKeyRow,
    IdentityRow,
    SessionRow,
    SignInCodeRow,
    SignInQuestionRow,
    UserRow,
)
from storage.users.sessions import Sessions

__all__ = [
    "ApiKeyRow",
    "IdentityRow",
    "SessionRow",
    "SignInCodeRow",
    "SignInQuestionRow",
    "UserRow",
    "Users",
]

_BY_IDS = f"SELECT {USER} FROM users AS u WHERE u.id = ANY($1::uuid[])"  # noqa: S608 -- our own parts


class Users:
    """Users, their codes, identities, sessions and keys, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self.codes = Codes(connection, now)
        self.identities = Identities(connection, now)
        self.questions = SignInQuestions(connection, now)
        self.sessions = Sessions(connection, now)
        self.api_keys = ApiKeys(connection, now)

    async def add(self, user: User) -> bool:
        """Store a new user; False where the address or the handle is somebody's already."""
        statement = (
            insert(UserRow)
            .values(
                id=user.id,
                organization_id=user.organization_id,
                email=user.email,
                name=user.name,
                handle=user.handle,
                zone=user.zone,
                locale=user.locale,
                role=user.role,
                shares_availability=user.shares_availability,
                is_disabled=user.is_disabled,
                created_at=user.created_at,
            )
            .on_conflict_do_nothing()
            .returning(UserRow.id)
        )
        return (await self._connection.core.execute(statement)).first() is not None

    async def by_id(self, organization_id: OrganizationId, user_id: UserId) -> User | None:
        """Find a user of an organization."""
        return await self._one(
            select(*USER_COLUMNS).where(UserRow.organization_id == organization_id, UserRow.id == user_id)
        )

    async def by_ids(self, ids: Sequence[UserId]) -> dict[UserId, User]:
        """Find users in one statement, in whatever organization: hosts of public pages are for everybody."""
        users = [user_of(row) for row in await self._connection.driver.fetch(_BY_IDS, ids)]
        return {user.id: user for user in users}

    async def by_email(self, email: str) -> User | None:
        """Find the user with a canonical address, in whatever organization."""
        return await self._one(select(*USER_COLUMNS).where(UserRow.email == email))

    async def by_handle(self, handle: str) -> User | None:
        """Find the user with a handle, in whatever organization; disabled ones too."""
        return await self._one(select(*USER_COLUMNS).where(UserRow.handle == handle))

    async def lock(self, organization_id: OrganizationId, user_id: UserId) -> User | None:
        """Find a user and let nobody else change them until this unit ends."""
        statement = select(*USER_COLUMNS).where(
            UserRow.organization_id == organization_id, UserRow.id == user_id
        )
        return await self._one(statement.with_for_update())

    async def change(self, user: User) -> None:
        """Store what a user has changed of themselves; HandleTaken where somebody else has the handle."""
        statement = (
            update(UserRow)
            .where(UserRow.organization_id == user.organization_id, UserRow.id == user.id)
            .values(
                name=user.name,
                handle=user.handle,
                zone=user.zone,
                locale=user.locale,
                shares_availability=user.shares_availability,
            )
        )
        try:
            async with self._connection.core.begin_nested():
                await self._connection.core.execute(statement)
        except IntegrityError as failure:
            if "users_handle_key" in str(failure.orig):
                raise HandleTaken("handle") from None
            raise

    async def _one(self, statement: Select[*tuple[Any, ...]]) -> User | None:
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return user_of(row) if row else None
