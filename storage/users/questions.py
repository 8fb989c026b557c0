"""Questions to OpenID issuers: stored as hashes, answered once, kept for a sign-up that follows."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update

from domain.identities import IdentityProvider, Proved, SignInQuestion
from domain.ids import SessionId
from storage.postgres import Connection, Record
from storage.users.rows import SignInQuestionRow


class SignInQuestions:
    """Questions under way, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def ask(self, question: SignInQuestion) -> None:
        """Store a question."""
        await self._connection.core.execute(
            insert(SignInQuestionRow).values(
                state_hash=question.state_hash,
                browser_hash=question.browser_hash,
                provider=question.provider,
                nonce=question.nonce,
                locale=question.locale,
                session_id=question.session_id,
                ends_at=question.ends_at,
            )
        )

    async def answered(
        self, state_hash: bytes, browser_hash: bytes, provider: IdentityProvider, session_id: SessionId | None
    ) -> SignInQuestion | None:
        """Take a question's one answer, in the browser that asked; None whatever does not fit."""
        statement = (
            update(SignInQuestionRow)
            .where(
                *self._fitting(state_hash, browser_hash, provider, session_id),
                SignInQuestionRow.answered_at.is_(None),
            )
            .values(answered_at=self._now)
            .returning(SignInQuestionRow.__table__)
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return _question(row) if row else None

    async def prove(self, question: SignInQuestion, proved: Proved) -> None:
        """Keep who was proved, until the question's end."""
        await self._connection.core.execute(
            update(SignInQuestionRow)
            .where(SignInQuestionRow.state_hash == question.state_hash)
            .values(issuer=proved.issuer, subject=proved.subject, email=proved.email)
        )

    async def proved(
        self, state_hash: bytes, browser_hash: bytes, provider: IdentityProvider, session_id: SessionId | None
    ) -> SignInQuestion | None:
        """Find a question whose answer proved somebody, and lock it until this unit ends."""
        statement = (
            select(SignInQuestionRow.__table__)
            .where(
                *self._fitting(state_hash, browser_hash, provider, session_id),
                SignInQuestionRow.subject.is_not(None),
            )
            .with_for_update()
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return _question(row) if row else None

    async def end(self, question: SignInQuestion) -> None:
        """Forget a question with all that it holds."""
        await self._connection.core.execute(
            delete(SignInQuestionRow).where(SignInQuestionRow.state_hash == question.state_hash)
        )

    async def forget_ended(self) -> None:
        """Delete questions that nobody can answer any more, and with them the addresses of strangers."""
        await self._connection.core.execute(
            delete(SignInQuestionRow).where(SignInQuestionRow.ends_at <= self._now)
        )

    def _fitting(
        self, state_hash: bytes, browser_hash: bytes, provider: IdentityProvider, session_id: SessionId | None
    ) -> tuple[ColumnElement[bool], ...]:
        return (
            SignInQuestionRow.state_hash == state_hash,
            SignInQuestionRow.browser_hash == browser_hash,
            SignInQuestionRow.provider == provider,
            SignInQuestionRow.session_id.is_not_distinct_from(session_id),
            SignInQuestionRow.ends_at > self._now,
        )


def _question(row: Record) -> SignInQuestion:
    has_proof = row["issuer"] is not None and row["subject"] is not None
    return SignInQuestion(
        state_hash=row["state_hash"],
        browser_hash=row["browser_hash"],
        provider=IdentityProvider(row["provider"]),
        nonce=row["nonce"],
        locale=row["locale"],
        session_id=SessionId(row["session_id"]) if row["session_id"] else None,
        ends_at=row["ends_at"],
        proved=Proved(row["issuer"], row["subject"], row["email"]) if has_proof else None,
    )
