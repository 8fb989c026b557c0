"""Users and what proves them: sign-in codes, identities, sessions, API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Update, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from domain.identity import HandleTaken
from domain.ids import OrganizationId, PageId, UserId
from domain.paging import Paging, Part, Place
from domain.users import Role, User
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record
from storage.users.api_keys import ApiKeys
from storage.users.codes import Codes
from storage.users.identities import Identities
from storage.users.leaving import leave_pages
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
        """Store a new user; False where the handle is somebody's, or the address is the organization's."""
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

    async def accounts(self, email: str) -> list[User]:
        """List the accounts of a canonical address over all organizations, the last one used first.

        Disabled ones too, but none of those who were removed.
        """
        statement = (
            select(*USER_COLUMNS)
            .where(UserRow.email == email, UserRow.left_at.is_(None))
            .order_by(UserRow.signed_in_at.desc().nulls_last(), UserRow.created_at.desc(), UserRow.id)
        )
        return [user_of(row) for row in (await self._connection.core.execute(statement)).mappings()]

    async def lock_address(self, email: str) -> None:
        """Let nobody else sign up with an address until this unit ends: who comes second finds the first."""
        await self._connection.core.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"address {email}", 0)))
        )

    async def members(self, organization_id: OrganizationId, paging: Paging) -> Part[User]:
        """List who is in an organization, those first who came first."""
        statement = select(*USER_COLUMNS).where(
            UserRow.organization_id == organization_id, UserRow.left_at.is_(None)
        )
        return await part_of(self._connection, statement, (UserRow.created_at, UserRow.id), paging, _placed)

    async def note_signed_in(self, user_id: UserId) -> None:
        """Note that an account is the one last used."""
        await self._connection.core.execute(
            update(UserRow).where(UserRow.id == user_id).values(signed_in_at=self._now)
        )

    async def set_role(self, user: User, role: Role) -> None:
        """Give somebody another role; an owner has to be none before another one is."""
        await self._connection.core.execute(_of(user).values(role=role))

    async def leave(self, user: User) -> list[PageId]:
        """Disable an account for good, and its pages; name the pages that have changed. Bookings stay."""
        await self._connection.core.execute(_of(user).values(is_disabled=True, left_at=self._now))
        return await leave_pages(self._connection, user.organization_id, user.id, self._now)

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


def _of(user: User) -> Update:
    return update(UserRow).where(UserRow.organization_id == user.organization_id, UserRow.id == user.id)


def _placed(row: Record) -> tuple[User, Place]:
    return user_of(row), place_at(row, "user_created_at", "user_id")
