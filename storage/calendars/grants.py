"""What users granted us at their providers: questions under way, refresh tokens as they turn, endings."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, delete, exists, insert, or_, select, update

from domain.calendars import CalendarConnection, ConnectionState, Provider
from domain.ids import ConnectionId, OrganizationId, SessionId, UserId
from storage.calendars.rows import ConnectionRow, ConsentRow, EndingRow
from storage.postgres import Connection

_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """A question to a person, and to whose session it belongs; `connection_id` is to be opened again."""

    state_hash: bytes = field(repr=False)
    organization_id: OrganizationId
    user_id: UserId
    session_id: SessionId
    provider: Provider
    connection_id: ConnectionId | None
    nonce: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A connection's sealed secret and its version, as one worker has claimed it."""

    sealed: bytes = field(repr=False)
    version: int


@dataclass(frozen=True, slots=True)
class StoredEnding:
    """A grant that is still to be ended at its provider."""

    organization_id: OrganizationId
    id: UUID
    provider: Provider
    secret_sealed: bytes = field(repr=False)


class Grants:
    """Grants, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def ask(self, consent: StoredConsent) -> None:
        """Store a question."""
        await self._connection.core.execute(
            insert(ConsentRow).values(
                state_hash=consent.state_hash,
                organization_id=consent.organization_id,
                user_id=consent.user_id,
                session_id=consent.session_id,
                provider=consent.provider,
                connection_id=consent.connection_id,
                nonce=consent.nonce,
                ends_at=consent.ends_at,
            )
        )

    async def answered(
        self,
        organization_id: OrganizationId,
        state_hash: bytes,
        provider: Provider,
        user_id: UserId,
        session_id: SessionId,
    ) -> StoredConsent | None:
        """Take a question out, once and only for who asked it; None whatever does not fit (cases 47–50)."""
        statement = (
            delete(ConsentRow)
            .where(
                ConsentRow.organization_id == organization_id,
                ConsentRow.state_hash == state_hash,
                ConsentRow.provider == provider,
                ConsentRow.user_id == user_id,
                ConsentRow.session_id == session_id,
                ConsentRow.ends_at > self._now,
            )
            .returning(ConsentRow.__table__)
        )
        row = (await self._connection.core.execute(statement)).one_or_none()
        if row is None:
            return None
        return StoredConsent(
            state_hash=row.state_hash,
            organization_id=OrganizationId(row.organization_id),
            user_id=UserId(row.user_id),
            session_id=SessionId(row.session_id),
            provider=Provider(row.provider),
            connection_id=ConnectionId(row.connection_id) if row.connection_id else None,
            nonce=row.nonce,
            ends_at=row.ends_at,
        )

    async def forget_ended(self) -> None:
        """Delete questions that nobody can answer any more, and endings that were tried for a day."""
        await self._connection.core.execute(delete(ConsentRow).where(ConsentRow.ends_at <= self._now))
        await self._connection.core.execute(
            delete(EndingRow).where(EndingRow.created_at <= self._now - _KEPT)
        )

    async def claim_renewal(
        self, connection: CalendarConnection, claim_id: UUID, lasts: timedelta
    ) -> StoredSecret | None:
        """Take the sole right to renew a connection's access token; None while somebody else has it.

        Gives the secret as it is at that moment. A claim ends by itself (R18, D04).
        """
        statement = (
            update(ConnectionRow)
            .where(
                ConnectionRow.organization_id == connection.organization_id,
                ConnectionRow.id == connection.id,
                ConnectionRow.state == ConnectionState.CONNECTED,
                ConnectionRow.secret_sealed.is_not(None),
                or_(ConnectionRow.renewal_until.is_(None), ConnectionRow.renewal_until <= self._now),
            )
            .values(renewal_id=claim_id, renewal_until=self._now + lasts)
            .returning(ConnectionRow.secret_sealed, ConnectionRow.secret_version)
        )
        row = (await self._connection.core.execute(statement)).one_or_none()
        return StoredSecret(row.secret_sealed, row.secret_version) if row else None

    async def end_renewal(
        self, connection: CalendarConnection, claim_id: UUID, version: int, turned: StoredSecret | None
    ) -> bool:
        """Give the right back, and store the secret that follows the one of `version`, if it turned.

        False, and nothing stored, if the secret is another one by now, or the connection has ended. The
        right itself may have passed to somebody else: what turned is stored all the same, since the one
        that they have may be burnt.
        """
        of_connection = (
            ConnectionRow.organization_id == connection.organization_id,
            ConnectionRow.id == connection.id,
        )
        is_ours = ConnectionRow.renewal_id == claim_id
        ends: dict[str, object] = {
            "renewal_id": case((is_ours, None), else_=ConnectionRow.renewal_id),
            "renewal_until": case((is_ours, None), else_=ConnectionRow.renewal_until),
        }
        if turned is not None:
            ends |= {"secret_sealed": turned.sealed, "secret_version": turned.version}
        next_one = update(ConnectionRow).where(
            *of_connection, ConnectionRow.secret_version == version, ConnectionRow.secret_sealed.is_not(None)
        )
        if (await self._connection.core.execute(next_one.values(**ends))).rowcount == 1:
            return True
        right = update(ConnectionRow).where(*of_connection, is_ours)
        await self._connection.core.execute(right.values(renewal_id=None, renewal_until=None))
        return False

    async def is_connected(self, provider: Provider, subject: str) -> bool:
        """Say whether anybody, in whatever organization, has a connection, not ended, to an account.

        Nothing else is said of it, to nobody: it may be another organization's (case 63).
        """
        statement = select(
            exists().where(
                ConnectionRow.provider == provider,
                ConnectionRow.subject == subject,
                ConnectionRow.state != ConnectionState.DISCONNECTED,
            )
        )
        return bool((await self._connection.core.execute(statement)).scalar_one())

    async def add_ending(self, ending: StoredEnding) -> None:
        """Note a grant that is to be ended at its provider."""
        await self._connection.core.execute(
            insert(EndingRow).values(
                organization_id=ending.organization_id,
                id=ending.id,
                provider=ending.provider,
                secret_sealed=ending.secret_sealed,
                created_at=self._now,
            )
        )

    async def ending(self, organization_id: OrganizationId, ending_id: UUID) -> StoredEnding | None:
        """Find a grant that is to be ended; None where it was, or was given up after a day."""
        statement = select(EndingRow.provider, EndingRow.secret_sealed).where(
            EndingRow.organization_id == organization_id,
            EndingRow.id == ending_id,
            EndingRow.created_at > self._now - _KEPT,
        )
        row = (await self._connection.core.execute(statement)).one_or_none()
        if row is None:
            return None
        return StoredEnding(organization_id, ending_id, Provider(row.provider), row.secret_sealed)

    async def ended(self, organization_id: OrganizationId, ending_id: UUID) -> None:
        """Forget a grant that was ended, with its token."""
        await self._connection.core.execute(
            delete(EndingRow).where(EndingRow.organization_id == organization_id, EndingRow.id == ending_id)
        )
