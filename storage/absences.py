"""Absences: when users are out of office."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, and_, delete, insert, select
from sqlalchemy.orm import Mapped

from domain.absences import Absence, AbsenceDates, AbsenceReason
from domain.ids import AbsenceId, OrganizationId, UserId
from storage.base import Base, within_organization
from storage.postgres import Connection, Record


class AbsenceRow(Base):
    """Dates in a zone on which a user is away, both ends among them."""

    __tablename__ = "absences"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("user_id", "users"),
        CheckConstraint("first_date <= last_date", name="dates_in_order"),
        Index(None, "organization_id", "user_id"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    user_id: Mapped[UUID]
    first_date: Mapped[date]
    last_date: Mapped[date]
    zone: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]


class Absences:
    """Absences, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, organization_id: OrganizationId, absence: Absence) -> None:
        """Store a new absence."""
        await self._connection.core.execute(
            insert(AbsenceRow).values(
                organization_id=organization_id,
                id=absence.id,
                user_id=absence.user_id,
                first_date=absence.dates.first,
                last_date=absence.dates.last,
                zone=absence.dates.zone,
                reason=absence.reason,
                created_at=self._now,
            )
        )

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> list[Absence]:
        """List a user's absences by their first date."""
        own = and_(AbsenceRow.organization_id == organization_id, AbsenceRow.user_id == user_id)
        statement = select(AbsenceRow.__table__).where(own).order_by(AbsenceRow.first_date, AbsenceRow.id)
        return [_absence(row) for row in (await self._connection.core.execute(statement)).mappings()]

    async def remove(self, organization_id: OrganizationId, user_id: UserId, absence_id: AbsenceId) -> bool:
        """Delete an absence of a user's; False where there is none of this id."""
        statement = (
            delete(AbsenceRow)
            .where(
                AbsenceRow.organization_id == organization_id,
                AbsenceRow.user_id == user_id,
                AbsenceRow.id == absence_id,
            )
            .returning(AbsenceRow.id)
        )
        return (await self._connection.core.execute(statement)).first() is not None


def absence_dates_of(stored: Iterable[Any]) -> tuple[AbsenceDates, ...]:
    """Read dates as statements of other rooms give them: first, last and zone."""
    return tuple(
        AbsenceDates(date.fromisoformat(first), date.fromisoformat(last), zone)
        for first, last, zone in stored
    )


def _absence(row: Record) -> Absence:
    return Absence(
        id=AbsenceId(row["id"]),
        user_id=UserId(row["user_id"]),
        dates=AbsenceDates(row["first_date"], row["last_date"], row["zone"]),
        reason=AbsenceReason(row["reason"]),
    )
