"""Schedules: weekly hours and overrides in wall time with their zone."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypedDict, cast
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
from sqlalchemy.orm import Mapped

from domain.availability import DateOverride, Hours, Schedule, WeeklyWindow
from domain.ids import OrganizationId, ScheduleId, UserId
from domain.slots import HostRules
from storage.base import Base, Documents, JsonList, within_organization
from storage.host_rules import rules_of
from storage.postgres import Connection, Record


class ScheduleRow(Base):
    """A named week; `weekly` and `overrides` are checked by the domain before they come here."""

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
    is_default: Mapped[bool]
    revision: Mapped[int]
    created_at: Mapped[datetime]


class _Weekly(TypedDict):
    weekday: int
    start_minute: int
    end_minute: int


class _Override(TypedDict):
    date: str
    windows: list[tuple[int, int]]


_COLUMNS = (
    ScheduleRow.id,
    ScheduleRow.user_id,
    ScheduleRow.name,
    ScheduleRow.zone,
    ScheduleRow.weekly,
    ScheduleRow.overrides,
    ScheduleRow.is_default,
    ScheduleRow.revision,
)


_FOR_HOSTS = """SELECT s.id, s.user_id, s.name, s.zone, s.weekly, s.overrides, s.is_default, s.revision,
        r.buffer_before_minutes, r.buffer_after_minutes, r.notice_minutes, r.caps
    FROM unnest($2::uuid[], $3::uuid[]) AS wanted (host_id, schedule_id)
    JOIN schedules AS s ON s.organization_id = $1 AND s.user_id = wanted.host_id
        AND (s.id = wanted.schedule_id OR (wanted.schedule_id IS NULL AND s.is_default))
    LEFT JOIN host_rules AS r ON r.organization_id = $1 AND r.user_id = wanted.host_id"""


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
        return await self.for_hosts(organization_id, [(user_id, None) for user_id in user_ids])

    async def for_hosts(
        self, organization_id: OrganizationId, hosts: Sequence[tuple[UserId, ScheduleId | None]]
    ) -> dict[UserId, Schedule]:
        """Find the schedule that applies to each host, one's default where none is named.

        One statement whatever the number of hosts. A host without such a schedule is left out.
        """
        return (await self.hours_of_hosts(organization_id, hosts))[0]

    async def hours_of_hosts(
        self, organization_id: OrganizationId, hosts: Sequence[tuple[UserId, ScheduleId | None]]
    ) -> tuple[dict[UserId, Schedule], dict[UserId, HostRules]]:
        """Find the schedules as `for_hosts`, and own rules of those who have any, in one statement."""
        if not hosts:
            return {}, {}
        rows = await self._connection.driver.fetch(_FOR_HOSTS, organization_id, *zip(*hosts, strict=True))
        schedules = {UserId(row["user_id"]): _schedule(row) for row in rows}
        rules = {UserId(row["user_id"]): rules_of(row) for row in rows if row["caps"] is not None}
        return schedules, rules

    async def _all(self, statement: Select[*tuple[Any, ...]]) -> list[Schedule]:
        return [_schedule(row) for row in (await self._connection.core.execute(statement)).mappings()]


def _is(organization_id: OrganizationId, schedule_id: ScheduleId) -> ColumnElement[bool]:
    return and_(ScheduleRow.organization_id == organization_id, ScheduleRow.id == schedule_id)


def _of_user(organization_id: OrganizationId, user_id: UserId) -> ColumnElement[bool]:
    return and_(ScheduleRow.organization_id == organization_id, ScheduleRow.user_id == user_id)


def _values(schedule: Schedule) -> dict[str, object]:
    hours = schedule.hours
    weekly: list[_Weekly] = [
        {"weekday": item.weekday, "start_minute": item.start_minute, "end_minute": item.end_minute}
        for item in hours.weekly
    ]
    overrides: list[_Override] = [
        {"date": item.date.isoformat(), "windows": list(item.windows)} for item in hours.overrides
    ]
    return {
        "name": schedule.name,
        "zone": hours.zone,
        "weekly": weekly,
        "overrides": overrides,
        "is_default": schedule.is_default,
        "revision": schedule.revision,
    }


def _schedule(row: Record) -> Schedule:
    return Schedule(
        id=ScheduleId(row["id"]),
        user_id=UserId(row["user_id"]),
        name=row["name"],
        is_default=row["is_default"],
        hours=Hours(row["zone"], _weekly(row["weekly"]), _overrides(row["overrides"])),
        revision=row["revision"],
    )


def _weekly(documents: JsonList) -> tuple[WeeklyWindow, ...]:
    stored = cast("list[_Weekly]", documents)  # written by _values
    return tuple(WeeklyWindow(item["weekday"], item["start_minute"], item["end_minute"]) for item in stored)


def _overrides(documents: JsonList) -> tuple[DateOverride, ...]:
    stored = cast("list[_Override]", documents)  # written by _values
    return tuple(
        DateOverride(date.fromisoformat(item["date"]), tuple((start, end) for start, end in item["windows"]))
        for item in stored
    )
