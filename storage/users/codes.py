"""Sign-in codes: stored, found, tried and used."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.identity import CodeProof
from domain.ids import PageLinkId
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
    SignInCodeRow.link_id,
)


class Codes:
    """Sign-in codes, seen from one transaction; one that may still be used is called live."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def replace(self, code: CodeProof) -> bool:
        """Store a code and forget the older ones for the same; False where this one is stored already."""
        known = select(SignInCodeRow.id).where(SignInCodeRow.id == code.id)
        if (await self._connection.core.execute(known)).first():
            return False
        older = delete(SignInCodeRow).where(_is_for(code.email, code.link_id))
        await self._connection.core.execute(older)
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
                link_id=code.link_id,
            )
            .on_conflict_do_nothing()
            .returning(SignInCodeRow.id)
        )
        return added.first() is not None

    async def live(self, email: str, link_id: PageLinkId | None) -> CodeProof | None:
        """Find the newest code of an address that may still be used, and lock it until this unit ends.

        It is one for a link, or with None one that signs in.
        """
        statement = (
            self._live()
            .where(_is_for(email, link_id))
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

    async def consume(self, code_id: UUID) -> bool:
        """Mark a code as used; False where it is not live any more."""
        statement = (
            update(SignInCodeRow)
            .where(
                SignInCodeRow.id == code_id,
                SignInCodeRow.consumed_at.is_(None),
                SignInCodeRow.expires_at > self._now,
            )
            .values(consumed_at=self._now)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

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
    link_id = PageLinkId(row.link_id) if row.link_id else None
    return CodeProof(row.id, row.email, row.locale, row.code_hash, row.expires_at, row.attempts, link_id)


def _is_for(email: str, link_id: PageLinkId | None) -> ColumnElement[bool]:
    return and_(SignInCodeRow.email == email, SignInCodeRow.link_id.is_not_distinct_from(link_id))
