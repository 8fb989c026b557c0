"""The event log and the effects: what has happened, and what must follow, written with the change itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from domain.effects import ClaimedEffect, Effect, EffectKind, EffectState, Outcome
from domain.events import EventKind, Happened
from domain.ids import BookingId, EffectId, InviteeId, OrganizationId, PageId, UserId
from storage.base import Base
from storage.postgres import Connection
from storage.recording import recording
from storage.writing import write

LEASE = timedelta(seconds=45)
_IS_OPEN = text("state IN ('due', 'running')")  # in the index's own words, so that every plan may use it


class EventRow(Base):
    """Something that has happened: ids only, nothing that a person wrote.

    Order is (transaction, position). A reader takes only rows of transactions older than every one
    still running, so a cursor never passes a row that commits late.
    """

    __tablename__ = "events"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("events_log_idx", "organization_id", "transaction", "position"),
        Index("events_unannounced_idx", "created_at", postgresql_where=text("announced_at IS NULL")),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    transaction: Mapped[int] = mapped_column(
        BigInteger(), server_default=text("(pg_current_xact_id()::text)::bigint")
    )
    position: Mapped[int] = mapped_column(BigInteger(), Identity(always=True))
    kind: Mapped[str]
    hosts: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    page_id: Mapped[UUID | None]
    booking_id: Mapped[UUID | None]
    invitee_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    announced_at: Mapped[datetime | None]


class EffectRow(Base):
    """An act on the outside world that follows a change: once per kind, subject, version and recipient."""

    __tablename__ = "effects"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        UniqueConstraint(
            "organization_id",
            "kind",
            "subject_id",
            "version",
            "recipient_id",
            "lead_minutes",
            name="effects_once",
        ),
        CheckConstraint("state IN ('due', 'running', 'done', 'skipped', 'failed')", name="state_known"),
        Index("effects_due_idx", "due_at", postgresql_where=_IS_OPEN),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    version: Mapped[int]
    recipient_id: Mapped[UUID]
    lead_minutes: Mapped[int]
    due_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    lease_until: Mapped[datetime | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


_KINDS = frozenset(EffectKind)
_Claimed = tuple[UUID, str, UUID, UUID, int, UUID, datetime, int, int]
_EFFECT_COLUMNS = (
    EffectRow.id,
    EffectRow.kind,
    EffectRow.organization_id,
    EffectRow.subject_id,
    EffectRow.version,
    EffectRow.recipient_id,
    EffectRow.due_at,
    EffectRow.lead_minutes,
    EffectRow.attempts,
)
_HORIZON = "(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint"
_Logged = tuple[int, int, str, UUID, list[UUID], UUID | None, UUID | None, UUID | None, datetime]
_EVENT_COLUMNS = (
    EventRow.transaction,
    EventRow.position,
    EventRow.kind,
    EventRow.organization_id,
    EventRow.hosts,
    EventRow.page_id,
    EventRow.booking_id,
    EventRow.invitee_id,
    EventRow.created_at,
)


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A place in an organization's event log."""

    transaction: int
    position: int


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event with its place in the log."""

    place: LogPlace
    happened: Happened
    at: datetime


class Outbox:
    """Events and effects, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, events: Sequence[Happened], effects: Sequence[Effect]) -> None:
        """Write events and effects; an effect that was planned before is left as it is."""
        await write(self._connection.driver, recording(events, effects, self._now))

    async def claim(self, limit: int, *, max_due: datetime) -> list[ClaimedEffect]:
        """Claim effects that are due, or whose worker died (its lease has ended), oldest first."""
        given = {"most": limit, "until": max_due, "instant": self._now, "lease_ends": self._now + LEASE}
        rows = (await self._connection.core.execute(_CLAIM, given)).all()
        known = [row for row in rows if row.kind in _KINDS]
        if len(known) < len(rows):
            await self._refuse([(row.organization_id, row.id) for row in rows if row.kind not in _KINDS])
        return sorted((_claimed(row) for row in known), key=lambda claimed: claimed.effect.due_at)

    async def _refuse(self, keys: list[tuple[UUID, UUID]]) -> None:
        """End effects of kinds that this version does not know; they must not stop the others."""
        await self._connection.core.execute(
            update(EffectRow)
            .where(tuple_(EffectRow.organization_id, EffectRow.id).in_(keys))
            .values(state=EffectState.FAILED, failure="unknown_kind", finished_at=self._now)
        )

    async def forget_ended(self, organization_id: OrganizationId, kind: EffectKind, subject_id: UUID) -> None:
        """Forget the effects of a subject that have ended, of a kind that comes again and again."""
        await self._connection.core.execute(
            delete(EffectRow).where(
                EffectRow.organization_id == organization_id,
                EffectRow.kind == kind,
                EffectRow.subject_id == subject_id,
                EffectRow.state.in_([EffectState.DONE, EffectState.SKIPPED, EffectState.FAILED]),
            )
        )

    async def revive(self, organization_id: OrganizationId, kind: EffectKind, recipient_id: UUID) -> None:
        """Let what failed for somebody be due again: what was in its way is gone."""
        await self._connection.core.execute(
            update(EffectRow)
            .where(
                EffectRow.organization_id == organization_id,
                EffectRow.kind == kind,
                EffectRow.recipient_id == recipient_id,
                EffectRow.state.in_((EffectState.FAILED, EffectState.DUE)),
                EffectRow.attempts > 0,
            )
            .values(state=EffectState.DUE, due_at=self._now, attempts=0, finished_at=None)
        )

    async def retry(self, organization_id: OrganizationId, kind: EffectKind, subject_id: UUID) -> None:
        """Let what failed or waits for a thing be due now, with all its tries before it."""
        await self._connection.core.execute(
            update(EffectRow)
            .where(
                EffectRow.organization_id == organization_id,
                EffectRow.kind == kind,
                EffectRow.subject_id == subject_id,
                EffectRow.state.in_((EffectState.FAILED, EffectState.DUE)),
            )
            .values(state=EffectState.DUE, due_at=self._now, attempts=0, finished_at=None)
        )

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Write down how acts went, all by one statement; what another has claimed since is left to it."""
        given = {
            "organizations": [outcome.claimed.effect.organization_id for outcome in outcomes],
            "ids": [outcome.claimed.id for outcome in outcomes],
            "tries": [outcome.claimed.attempts for outcome in outcomes],
            "states": [outcome.state for outcome in outcomes],
            "reasons": [outcome.reason for outcome in outcomes],
            "dues": [outcome.due_at for outcome in outcomes],
            "instant": self._now,
        }
        await self._connection.core.execute(_SETTLE, given)

    async def unannounced(self, limit: int, *, before: datetime) -> list[LoggedEvent]:
        """Take events that nobody has looked at since they were written, and mark them so, oldest first."""
        given = {"most": limit, "before": before, "instant": self._now}
        rows = (await self._connection.core.execute(_TAKE_UNANNOUNCED, given)).all()
        return [_logged(row) for row in sorted(rows, key=lambda row: (row.transaction, row.position))]

    async def log_end(self) -> LogPlace:
        """Say the place up to which the log is complete now."""
        horizon = (await self._connection.core.execute(text(f"SELECT {_HORIZON}"))).scalar_one()
        return LogPlace(horizon - 1, 2**62)

    async def log_after(
        self, organization_id: OrganizationId, place: LogPlace, limit: int
    ) -> list[LoggedEvent]:
        """List an organization's events after a place, in the log's order, as far as it is complete."""
        statement = (
            select(*_EVENT_COLUMNS)
            .where(
                EventRow.organization_id == organization_id,
                tuple_(EventRow.transaction, EventRow.position) > (place.transaction, place.position),
                EventRow.transaction < text(_HORIZON),
            )
            .order_by(EventRow.transaction, EventRow.position)
            .limit(limit)
        )
        return [_logged(row) for row in (await self._connection.core.execute(statement)).all()]


def _claimed(row: _Claimed) -> ClaimedEffect:
    id_, kind, organization_id, subject_id, version, recipient_id, due_at, lead_minutes, attempts = row
    return ClaimedEffect(
        EffectId(id_),
        Effect(
            EffectKind(kind),
            OrganizationId(organization_id),
            subject_id,
            version,
            recipient_id,
            due_at,
            lead_minutes,
        ),
        attempts,
    )


def _logged(row: _Logged) -> LoggedEvent:
    transaction, position, kind, organization_id, hosts, page_id, booking_id, invitee_id, created_at = row
    return LoggedEvent(
        LogPlace(transaction, position),
        Happened(
            EventKind(kind),
            OrganizationId(organization_id),
            tuple(UserId(host) for host in hosts),
            PageId(page_id) if page_id else None,
            BookingId(booking_id) if booking_id else None,
            InviteeId(invitee_id) if invitee_id else None,
        ),
        created_at,
    )


# Statements that each worker sends all the time. To build one costs more than to send it.


def _claim() -> Update:
    due = (
        select(EffectRow.organization_id, EffectRow.id)
        .where(
            _IS_OPEN,
            # Also what is running was due once: without this bound each look reads all that is to come.
            EffectRow.due_at <= bindparam("until"),
            or_(
                EffectRow.state == EffectState.DUE,
                and_(EffectRow.state == EffectState.RUNNING, EffectRow.lease_until <= bindparam("instant")),
            ),
        )
        .order_by(EffectRow.due_at)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
        .cte("taken")
    )
    return (
        update(EffectRow)
        .where(EffectRow.organization_id == due.c.organization_id, EffectRow.id == due.c.id)
        .values(
            state=EffectState.RUNNING,
            lease_until=bindparam("lease_ends"),
            attempts=EffectRow.attempts + 1,
        )
        .returning(*_EFFECT_COLUMNS)
    )


def _settle() -> Update:
    went = (
        func.unnest(
            bindparam("organizations", type_=ARRAY(Uuid())),
            bindparam("ids", type_=ARRAY(Uuid())),
            bindparam("tries", type_=ARRAY(Integer())),
            bindparam("states", type_=ARRAY(Text())),
            bindparam("reasons", type_=ARRAY(Text())),
            bindparam("dues", type_=ARRAY(DateTime(timezone=True))),
        )
        .table_valued("organization_id", "id", "attempts", "state", "reason", "due_at")
        .render_derived("went")
    )
    return (
        update(EffectRow)
        .where(
            EffectRow.organization_id == went.c.organization_id,
            EffectRow.id == went.c.id,
            EffectRow.state == EffectState.RUNNING,
            EffectRow.attempts == went.c.attempts,
        )
        .values(
            state=went.c.state,
            failure=went.c.reason,
            due_at=func.coalesce(went.c.due_at, EffectRow.due_at),
            lease_until=None,
            finished_at=case((went.c.due_at.is_(None), bindparam("instant", type_=DateTime(timezone=True)))),
        )
    )


def _take_unannounced() -> Update:
    oldest = (
        select(EventRow.organization_id, EventRow.id)
        .where(EventRow.announced_at.is_(None), EventRow.created_at <= bindparam("before"))
        .order_by(EventRow.created_at)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
        .cte("oldest")
    )
    return (
        update(EventRow)
        .where(EventRow.organization_id == oldest.c.organization_id, EventRow.id == oldest.c.id)
        .values(announced_at=bindparam("instant"))
        .returning(*_EVENT_COLUMNS)
    )


_CLAIM = _claim()
_SETTLE = _settle()
_TAKE_UNANNOUNCED = _take_unannounced()
