"""Absences: when users are out of office, and who stands in."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    and_,
    delete,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.absences import (
    MAX_ABSENCES,
    Absence,
    AbsenceDates,
    AbsenceReason,
    StandIn,
    StandInState,
    ToldAbsence,
)
from domain.ids import AbsenceId, OrganizationId, PageId, UserId
from storage.base import Base, within_organization
from storage.postgres import Connection, Record


class AbsenceRow(Base):
    """Dates in a zone on which a user is away, both ends among them; and who was asked to stand in."""

    __tablename__ = "absences"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("user_id", "users"),
        within_organization("stand_in_id", "users"),
        within_organization("stand_in_page_id", "booking_pages"),
        CheckConstraint("first_date <= last_date", name="dates_in_order"),
        CheckConstraint("stand_in_state IN ('asked', 'agreed', 'declined')", name="stand_in_state_known"),
        CheckConstraint("(stand_in_id IS NULL) = (stand_in_state IS NULL)", name="stand_in_whole"),
        CheckConstraint(
            "(stand_in_page_id IS NOT NULL) = (stand_in_state IS NOT DISTINCT FROM 'agreed')",
            name="stand_in_page_named",
        ),
        Index(None, "organization_id", "user_id"),
        Index(
            "absences_stand_in_idx",
            "organization_id",
            "stand_in_id",
            postgresql_where=text("stand_in_id IS NOT NULL"),
        ),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    user_id: Mapped[UUID]
    first_date: Mapped[date]
    last_date: Mapped[date]
    zone: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    stand_in_id: Mapped[UUID | None]
    stand_in_state: Mapped[str | None]
    stand_in_page_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(server_default=text("0"))


# A link is that of a page that everybody may see now, of somebody who is there; and when it leads nowhere,
# since they are away whom it needs. Dates of other zones may touch though they are a day apart.
_TOLD = """SELECT a.user_id, a.first_date, a.last_date, a.zone,
        CASE WHEN a.stand_in_state = 'agreed' THEN u.handle || '/' || p.slug END AS link,
        (SELECT jsonb_agg(jsonb_build_array(b.first_date, b.last_date, b.zone))
            FROM absences AS b
            JOIN page_hosts AS h ON h.organization_id = b.organization_id AND h.page_id = p.id
                AND h.host_id = b.user_id AND (h.is_fixed OR p.rules ->> 'assignment' <> 'any')
            WHERE b.organization_id = a.organization_id AND b.user_id = a.stand_in_id
                AND b.first_date <= a.last_date + 2 AND b.last_date >= a.first_date - 2) AS without
    FROM absences AS a
    LEFT JOIN users AS u ON u.organization_id = a.organization_id AND u.id = a.stand_in_id
        AND NOT u.is_disabled
    LEFT JOIN booking_pages AS p ON p.organization_id = a.organization_id AND p.id = a.stand_in_page_id
        AND p.owner_id = a.stand_in_id AND p.is_active AND NOT p.is_secret AND p.deleted_at IS NULL
    WHERE a.organization_id = $1 AND a.user_id = ANY ($2::uuid[]) AND a.stand_in_id IS NOT NULL
    ORDER BY a.first_date, a.id"""


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
                **_stand_in_values(absence),
            )
        )

    async def by_id(
        self, organization_id: OrganizationId, absence_id: AbsenceId, *, locks: bool = False
    ) -> Absence | None:
        """Find an absence of an organization; `locks` keeps others from changing it."""
        statement = select(AbsenceRow.__table__).where(_is(organization_id, absence_id))
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        return _absence(row) if row else None

    async def set_stand_in(self, organization_id: OrganizationId, absence: Absence) -> None:
        """Store who stands in, of an absence that is locked."""
        await self._connection.core.execute(
            update(AbsenceRow).where(_is(organization_id, absence.id)).values(**_stand_in_values(absence))
        )

    async def of_stand_in(self, organization_id: OrganizationId, user_id: UserId) -> list[Absence]:
        """List absences for which a user was asked to stand in, the latest of them, by their first date."""
        its = and_(AbsenceRow.organization_id == organization_id, AbsenceRow.stand_in_id == user_id)
        statement = (
            select(AbsenceRow.__table__)
            .where(its)
            .order_by(AbsenceRow.last_date.desc(), AbsenceRow.id)
            .limit(MAX_ABSENCES)
        )
        found = [_absence(row) for row in (await self._connection.core.execute(statement)).mappings()]
        return sorted(found, key=lambda absence: (absence.dates.first, absence.id))

    async def told(self, organization_id: OrganizationId, hosts: Collection[UserId]) -> list[ToldAbsence]:
        """List what visitors may be told of hosts' absences, by first date, in one statement."""
        rows = await self._connection.driver.fetch(_TOLD, organization_id, list(hosts))
        return [
            ToldAbsence(
                UserId(row["user_id"]),
                AbsenceDates(row["first_date"], row["last_date"], row["zone"]),
                row["link"],
                absence_dates_of(row["without"] or ()),
            )
            for row in rows
        ]

    async def end_stand_ins(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Let nobody stand in for a user who leaves, nor them for others."""
        await self._connection.core.execute(
            update(AbsenceRow)
            .where(
                AbsenceRow.organization_id == organization_id,
                AbsenceRow.stand_in_id.is_not(None),
                or_(AbsenceRow.stand_in_id == user_id, AbsenceRow.user_id == user_id),
            )
            .values(
                stand_in_id=None, stand_in_state=None, stand_in_page_id=None, version=AbsenceRow.version + 1
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


def _is(organization_id: OrganizationId, absence_id: AbsenceId) -> ColumnElement[bool]:
    return and_(AbsenceRow.organization_id == organization_id, AbsenceRow.id == absence_id)


def _stand_in_values(absence: Absence) -> dict[str, object]:
    stand_in = absence.stand_in
    return {
        "stand_in_id": stand_in.user_id if stand_in else None,
        "stand_in_state": stand_in.state if stand_in else None,
        "stand_in_page_id": stand_in.page_id if stand_in else None,
        "version": absence.version,
    }


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
        stand_in=_stand_in(row),
        version=row["version"],
    )


def _stand_in(row: Record) -> StandIn | None:
    if row["stand_in_id"] is None:
        return None
    page_id = row["stand_in_page_id"]
    return StandIn(
        UserId(row["stand_in_id"]),
        StandInState(row["stand_in_state"]),
        PageId(page_id) if page_id else None,
    )
