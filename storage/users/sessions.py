"""Sessions: stored, found by the hash of their token, and ended."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from domain.identity import SESSION_IDLE, AddressProof, Session
from domain.ids import SessionId, UserId
from domain.users import User
from storage.organizations import OrganizationRow
from storage.postgres import Connection, Record
from storage.users.people import USER_COLUMNS, user_of
from storage.users.rows import SessionRow, UserRow

_MOST_LISTED = 100
_KEPT = timedelta(days=1)
_COLUMNS = (
    SessionRow.id,
    SessionRow.user_id,
    SessionRow.created_at,
    SessionRow.used_at,
    SessionRow.expires_at,
    SessionRow.proof,
    SessionRow.is_mobile,
)


class Sessions:
    """Sessions, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, session: Session, token_hash: bytes) -> None:
        """Store a new session."""
        await self._connection.core.execute(
            insert(SessionRow).values(
                id=session.id,
                user_id=session.user_id,
                token_hash=token_hash,
                created_at=session.created_at,
                used_at=session.used_at,
                expires_at=session.expires_at,
                proof=session.proof,
                is_mobile=session.is_mobile,
            )
        )

    async def by_token(self, token_hash: bytes) -> tuple[Session, User, str] | None:
        """Find a session that was not ended, with its user and their home region, by its token."""
        return await self._where(SessionRow.token_hash == token_hash)

    async def by_id(self, session_id: SessionId) -> tuple[Session, User, str] | None:
        """Find a session that was not ended, with its user and their home region."""
        return await self._where(SessionRow.id == session_id)

    async def of_user(self, user_id: UserId) -> list[Session]:
        """List a user's live sessions, newest first, a hundred at most."""
        statement = (
            select(*_COLUMNS)
            .where(
                SessionRow.user_id == user_id,
                SessionRow.revoked_at.is_(None),
                SessionRow.expires_at > self._now,
                SessionRow.used_at > self._now - SESSION_IDLE,
            )
            .order_by(SessionRow.created_at.desc(), SessionRow.id.desc())
            .limit(_MOST_LISTED)
        )
        return [_session(row) for row in (await self._connection.core.execute(statement)).mappings()]

    async def note_used(self, session_id: SessionId) -> None:
        """Note that a session is in use now."""
        statement = update(SessionRow).where(SessionRow.id == session_id).values(used_at=self._now)
        await self._connection.core.execute(statement)

    async def end(self, user_id: UserId, session_id: SessionId) -> bool:
        """End a session of a user; say whether there was one to end."""
        statement = (
            update(SessionRow)
            .where(
                SessionRow.user_id == user_id, SessionRow.id == session_id, SessionRow.revoked_at.is_(None)
            )
            .values(revoked_at=self._now)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def end_others(self, user_id: UserId, kept: SessionId) -> int:
        """End every session of a user but one; say how many."""
        statement = (
            update(SessionRow)
            .where(SessionRow.user_id == user_id, SessionRow.id != kept, SessionRow.revoked_at.is_(None))
            .values(revoked_at=self._now)
        )
        return (await self._connection.core.execute(statement)).rowcount

    async def end_all(self, user_id: UserId) -> None:
        """End every session of a user."""
        await self._connection.core.execute(
            update(SessionRow)
            .where(SessionRow.user_id == user_id, SessionRow.revoked_at.is_(None))
            .values(revoked_at=self._now)
        )

    async def forget_ended(self) -> None:
        """Delete sessions that ended a day ago or earlier."""
        limit = self._now - _KEPT
        await self._connection.core.execute(
            delete(SessionRow).where(
                or_(
                    SessionRow.expires_at <= limit,
                    SessionRow.revoked_at <= limit,
                    SessionRow.used_at <= limit - SESSION_IDLE,
                )
            )
        )

    async def _where(self, condition: ColumnElement[bool]) -> tuple[Session, User, str] | None:
        statement = (
            select(*_COLUMNS, *USER_COLUMNS[1:], OrganizationRow.region)
            .join(UserRow, UserRow.id == SessionRow.user_id)
            .join(OrganizationRow, OrganizationRow.id == UserRow.organization_id)
            .where(condition, SessionRow.revoked_at.is_(None))
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return (_session(row), user_of(row), row["region"]) if row else None


def _session(row: Record) -> Session:
    return Session(
        SessionId(row["id"]),
        UserId(row["user_id"]),
        row["created_at"],
        row["used_at"],
        row["expires_at"],
        AddressProof(row["proof"]) if row["proof"] else None,
        row["is_mobile"],
    )
