"""Schedules: weekly hours and overrides in wall time with their zone, and who is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    Select,
    and_,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from domain.absences import AbsenceDates
from domain.availability import Schedule
from domain.ids import OrganizationId, ScheduleId, UserId
from domain.slots import NO_HOST_RULES, HostRules
from storage.absences import absence_dates_of
from storage.base import Base, Documents, within_organization
from storage.host_rules import rules_of
from storage.postgres import Connection, Record
from storage.schedule_documents import hours_documents, hours_of


class ScheduleRow(Base):
    """A named week; its documents are checked by the domain before they come here."""

    __tablename__ = "schedules"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("user_id", "users"),
        Index(
            "schedules_one_default_idx",
            "organization_id",
            "user_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        Index(None, "organization_id", "user_id"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    user_id: Mapped[UUID]
    name: Mapped[str]
    zone: Mapped[str]
    weekly: Mapped[Documents]
    overrides: Mapped[Documents]
    travels: Mapped[Documents] = mapped_column(server_default=text("'[]'::jsonb"))
    is_default: Mapped[bool]
    revision: Mapped[int]
    created_at: Mapped[datetime]


_COLUMNS = (
    ScheduleRow.id,
    ScheduleRow.user_id,
    ScheduleRow.name,
    ScheduleRow.zone,
    ScheduleRow.weekly,
    ScheduleRow.overrides,
    ScheduleRow.travels,
    ScheduleRow.is_default,
    ScheduleRow.revision,
)


_FOR_HOSTS = """SELECT s.id, s.user_id, s.name, s.zone, s.weekly, s.overrides, s.travels, s.is_default,
        s.revision, (SELECT jsonb_agg(jsonb_build_array(a.first_date, a.last_date, a.zone))
            FROM absences AS a WHERE a.organization_id = $1 AND a.user_id = s.user_id) AS away,
        r.buffer_before_minutes, r.buffer_after_minutes, r.notice_minutes, r.caps
    FROM unnest($2::uuid[], $3::uuid[]) AS wanted (host_id, schedule_id)
    JOIN schedules AS s ON s.organization_id = $1 AND s.user_id = wanted.host_id
        AND (s.id = wanted.schedule_id OR (wanted.schedule_id IS NULL AND s.is_default))
    LEFT JOIN host_rules AS r ON r.organization_id = $1 AND r.user_id = wanted.host_id"""


@dataclass(frozen=True, slots=True)
class HostHours:
    """The schedule that applies to a host, when they are away whatever it says, and their own rules."""

    schedule: Schedule
    away: tuple[AbsenceDates, ...]
    rules: HostRules = NO_HOST_RULES


class Schedules:
    """Schedules, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, organization_id: OrganizationId, schedule: Schedule) -> None:
        """Store a new schedule; a default one only where the user has no other default."""
        await self._connection.core.execute(
            insert(ScheduleRow).values(
                organization_id=organization_id,
                id=schedule.id,
                user_id=schedule.user_id,
                created_at=self._now,
                **_values(schedule),
            )
        )

    async def update(self, organization_id: OrganizationId, schedule: Schedule) -> bool:
        """Store a change; False where the stored revision is not the one just before this one."""
        statement = (
            update(ScheduleRow)
            .where(_is(organization_id, schedule.id), ScheduleRow.revision == schedule.revision - 1)
            .values(**_values(schedule))
            .returning(ScheduleRow.id)
        )
        return (await self._connection.core.execute(statement)).first() is not None

    async def remove(self, organization_id: OrganizationId, schedule_id: ScheduleId) -> bool:
        """Delete a schedule; False while a page uses it."""
        try:
            async with self._connection.core.begin_nested():
                await self._connection.core.execute(
                    delete(ScheduleRow).where(_is(organization_id, schedule_id))
                )
        except IntegrityError as failure:
            if "page_hosts" in str(failure.orig):
                return False
            raise
        return True

    async def clear_default(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Leave a user without a default, so that another schedule can become it in this unit."""
        await self._connection.core.execute(
            update(ScheduleRow)
            .where(_of_user(organization_id, user_id), ScheduleRow.is_default)
            .values(is_default=False, revision=ScheduleRow.revision + 1)
        )

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> list[Schedule]:
        """List a user's schedules, oldest first."""
        statement = select(*_COLUMNS).where(_of_user(organization_id, user_id))
        return await self._all(statement.order_by(ScheduleRow.created_at, ScheduleRow.id))

    async def by_id(self, organization_id: OrganizationId, schedule_id: ScheduleId) -> Schedule | None:
        """Find a schedule."""
        return (await self.by_ids(organization_id, [schedule_id])).get(schedule_id)

    async def by_ids(
        self, organization_id: OrganizationId, ids: Sequence[ScheduleId]
    ) -> dict[ScheduleId, Schedule]:
        """Find schedules in one statement; unknown ids are left out."""
        found = await self._all(
            select(*_COLUMNS).where(ScheduleRow.organization_id == organization_id, ScheduleRow.id.in_(ids))
        )
        return {schedule.id: schedule for schedule in found}

    async def defaults_of(
        self, organization_id: OrganizationId, user_ids: Sequence[UserId]
    ) -> dict[UserId, Schedule]:
        """Find the default schedules of users in one statement."""
        found = await self.for_hosts(organization_id, [(user_id, None) for user_id in user_ids])
        return {user_id: of_host.schedule for user_id, of_host in found.items()}

    async def for_hosts(
        self, organization_id: OrganizationId, hosts: Sequence[tuple[UserId, ScheduleId | None]]
    ) -> dict[UserId, "HostHours"]:
        """Find the schedule that applies to each host, one's default where none is named, and absences.

        One statement whatever the number of hosts. A host without such a schedule is left out.
        """
        if not hosts:
            return {}
        rows = await self._connection.driver.fetch(_FOR_HOSTS, organization_id, *zip(*hosts, strict=True))
        found = [
            HostHours(
                _schedule(row),
                absence_dates_of(row["away"] or ()),
                rules_of(row) if row["caps"] is not None else NO_HOST_RULES,
            )
            for row in rows
        ]
        return {of_host.schedule.user_id: of_host for of_host in found}

    async def _all(self, statement: Select[*tuple[Any, ...]]) -> list[Schedule]:
        return [_schedule(row) for row in (await self._connection.core.execute(statement)).mappings()]


def _is(organization_id: OrganizationId, schedule_id: ScheduleId) -> ColumnElement[bool]:
    return and_(ScheduleRow.organization_id == organization_id, ScheduleRow.id == schedule_id)


def _of_user(organization_id: OrganizationId, user_id: UserId) -> ColumnElement[bool]:
    return and_(ScheduleRow.organization_id == organization_id, ScheduleRow.user_id == user_id)


def _values(schedule: Schedule) -> dict[str, object]:
    return {
        "name": schedule.name,
        **hours_documents(schedule.hours),
        "is_default": schedule.is_default,
        "revision": schedule.revision,
    }


def _schedule(row: Record) -> Schedule:
    return Schedule(
        id=ScheduleId(row["id"]),
        user_id=UserId(row["user_id"]),
        name=row["name"],
        is_default=row["is_default"],
        hours=hours_of(row["zone"], row["weekly"], row["overrides"], row["travels"]),
        revision=row["revision"],
    )
