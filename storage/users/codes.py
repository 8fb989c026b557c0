"""Sign-in codes: stored, found, tried and used."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.identity import CodeProof
from storage.postgres import Connection
from storage.users.rows import SignInCodeRow

_KEPT = timedelta(days=1)
_COLUMNS = (
    SignInCodeRow.id,
    SignInCodeRow.email,
    SignInCodeRow.locale,
    SignInCodeRow.code_hash,
    SignInCodeRow.expires_at,
    SignInCodeRow.attempts,
)


class Codes:
    """Sign-in codes, seen from one transaction; one that may still be used is called live."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def replace(self, code: CodeProof) -> bool:
        """Store a code and forget the older ones of its address; False where this one is stored already."""
        known = select(SignInCodeRow.id).where(SignInCodeRow.id == code.id)
        if (await self._connection.core.execute(known)).first():
            return False
        await self._connection.core.execute(delete(SignInCodeRow).where(SignInCodeRow.email == code.email))
        added = await self._connection.core.execute(
            insert(SignInCodeRow)
            .values(
                id=code.id,
                email=code.email,
                locale=code.locale,
                code_hash=code.code_hash,
                created_at=self._now,
                expires_at=code.expires_at,
                attempts=code.tries,
            )
            .on_conflict_do_nothing()
            .returning(SignInCodeRow.id)
        )
        return added.first() is not None

    async def live(self, email: str) -> CodeProof | None:
        """Find the newest code of an address that may still be used, and lock it until this unit ends."""
        statement = (
            self._live()
            .where(SignInCodeRow.email == email)
            .order_by(SignInCodeRow.created_at.desc(), SignInCodeRow.id.desc())
            .limit(1)
            .with_for_update()
        )
        return _code((await self._connection.core.execute(statement)).first())

    async def by_id(self, code_id: UUID) -> CodeProof | None:
        """Find a code that may still be used."""
        statement = self._live().where(SignInCodeRow.id == code_id)
        return _code((await self._connection.core.execute(statement)).first())

    async def note_try(self, code_id: UUID) -> None:
        """Count a wrong try."""
        await self._connection.core.execute(
            update(SignInCodeRow)
            .where(SignInCodeRow.id == code_id)
            .values(attempts=SignInCodeRow.attempts + 1)
        )

    async def consume(self, code_id: UUID) -> None:
        """Mark a code as used."""
        await self._connection.core.execute(
            update(SignInCodeRow).where(SignInCodeRow.id == code_id).values(consumed_at=self._now)
        )

    async def forget_ended(self) -> None:
        """Delete codes that ended a day ago or earlier, and with them the addresses of strangers."""
        ended = delete(SignInCodeRow).where(SignInCodeRow.expires_at <= self._now - _KEPT)
        await self._connection.core.execute(ended)

    def _live(self) -> Select[*tuple[Any, ...]]:
        return select(*_COLUMNS).where(
            SignInCodeRow.consumed_at.is_(None), SignInCodeRow.expires_at > self._now
        )


def _code(row: Row[*tuple[Any, ...]] | None) -> CodeProof | None:
    if row is None:
        return None
    return CodeProof(row.id, row.email, row.locale, row.code_hash, row.expires_at, row.attempts)
