"""Booking pages and their hosts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    Select,
    UniqueConstraint,
    and_,
    delete,
    false,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from domain.booking_pages import BookingPage, CalendarPolicy, PageHost, PageKind, SlugTaken
from domain.ids import CalendarId, OrganizationId, PageId, ScheduleId, UserId
from domain.paging import Paging, Part, Place
from domain.users import User
from storage.base import Base, Document, Documents, within_organization
from storage.bookings.documents import place_document, place_of
from storage.page_documents import (
    conditions_document,
    conditions_of,
    questions_document,
    questions_of,
    rules_document,
    rules_of,
)
from storage.postgres import Connection, Record
from storage.users.people import USER, user_of
from storage.users.rows import UserRow

_MINUTE = timedelta(minutes=1)


class PageRow(Base):
    """What can be booked, at a link of its own. Rules and questions are checked by the domain."""

    __tablename__ = "booking_pages"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("owner_id", "users"),
        within_organization("calendar_id", "calendars", ondelete="SET NULL (calendar_id)"),
        UniqueConstraint("owner_id", "slug"),
        Index(None, "organization_id", "owner_id", "created_at"),
        Index(None, "organization_id", "calendar_id"),
        CheckConstraint("kind IN ('one_to_one', 'group')", name="kind_known"),
        CheckConstraint("capacity >= 1 AND (kind = 'group' OR capacity = 1)", name="capacity_fits"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    owner_id: Mapped[UUID]
    slug: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    place: Mapped[Document]
    rules: Mapped[Document]
    questions: Mapped[Documents]
    capacity: Mapped[int]
    reminders_minutes: Mapped[list[int]] = mapped_column(ARRAY(Integer()))
    invitation: Mapped[str]
    cancellation_policy: Mapped[str]
    cancel_until_minutes: Mapped[int]
    reschedule_until_minutes: Mapped[int]
    calendar_policy: Mapped[str]
    follows_calendar: Mapped[bool] = mapped_column(server_default=false())
    calendar_id: Mapped[UUID | None]
    is_active: Mapped[bool]
    is_hidden: Mapped[bool]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    conditions: Mapped[Document] = mapped_column(server_default=text("'{}'::jsonb"))


class PageHostRow(Base):
    """A host of a page, in order, with the schedule that applies there (none: the host's default)."""

    __tablename__ = "page_hosts"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "page_id", "host_id"),
        within_organization("page_id", "booking_pages", ondelete="CASCADE"),
        within_organization("host_id", "users"),
        within_organization("schedule_id", "schedules"),
        Index(None, "organization_id", "host_id"),
    )

    organization_id: Mapped[UUID]
    page_id: Mapped[UUID]
    host_id: Mapped[UUID]
    position: Mapped[int]
    schedule_id: Mapped[UUID | None]


_HOSTS = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(PageHostRow.host_id, PageHostRow.schedule_id), PageHostRow.position
            ),
            type_=JSONB(),
        )
    )
    .where(PageHostRow.organization_id == PageRow.organization_id, PageHostRow.page_id == PageRow.id)
    .correlate(PageRow)
    .scalar_subquery()
    .label("hosts")
)
_PAGE = select(PageRow.__table__, _HOSTS)
# An owner is of the page's organization: the column that both have is the same.
_BY_SLUG = f"""SELECT {USER}, {", ".join(f"p.{column.name}" for column in PageRow.__table__.columns)},
    (SELECT jsonb_agg(jsonb_build_array(h.host_id, h.schedule_id) ORDER BY h.position)
        FROM page_hosts AS h WHERE h.organization_id = p.organization_id AND h.page_id = p.id) AS hosts
    FROM users AS u JOIN booking_pages AS p ON p.owner_id = u.id
    WHERE u.handle = $1 AND p.slug = $2 AND p.is_active AND p.deleted_at IS NULL"""  # noqa: S608 -- our own parts


class Pages:
    """Booking pages and their hosts, seen from one transaction; each list is one statement."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, page: BookingPage) -> None:
        """Store a new page; raises SlugTaken, also to whoever loses a race."""
        statement = (
            insert(PageRow)
            .values(
                organization_id=page.organization_id,
                id=page.id,
                owner_id=page.owner_id,
                created_at=page.created_at,
                **_values(page),
            )
            .on_conflict_do_nothing(index_elements=["owner_id", "slug"])
            .returning(PageRow.id)
        )
        if (await self._connection.core.execute(statement)).first() is None:
            raise SlugTaken("slug")
        await self._add_hosts(page)

    async def update(self, page: BookingPage) -> bool:
        """Store a change; False where the stored revision is not the one just before this one.

        Raises SlugTaken.
        """
        statement = (
            update(PageRow)
            .where(
                _is(page.organization_id, page.id),
                PageRow.deleted_at.is_(None),
                PageRow.revision == page.revision - 1,
            )
            .values(**_values(page))
            .returning(PageRow.id)
        )
        try:
            async with self._connection.core.begin_nested():
                found = (await self._connection.core.execute(statement)).first()
        except IntegrityError as failure:
            if "booking_pages_owner_id_slug_key" in str(failure.orig):
                raise SlugTaken("slug") from None
            raise
        if found is None:
            return False
        await self._connection.core.execute(
            delete(PageHostRow).where(_hosts_of(page.organization_id, page.id))
        )
        await self._add_hosts(page)
        return True

    async def remove(self, organization_id: OrganizationId, page_id: PageId) -> None:
        """Take a page away from everybody; its bookings keep it. Slug and schedules are free again."""
        await self._connection.core.execute(
            update(PageRow)
            .where(_is(organization_id, page_id))
            .values(deleted_at=self._now, is_active=False, slug=page_id.hex, revision=PageRow.revision + 1)
        )
        await self._connection.core.execute(
            update(PageHostRow).where(_hosts_of(organization_id, page_id)).values(schedule_id=None)
        )

    async def lock_owner(self, organization_id: OrganizationId, owner_id: UserId) -> None:
        """Let nobody else change this user's pages and schedules, which refer to each other, in the meantime.

        Bookings may go on: they only need the user to stay.
        """
        await self._connection.core.execute(
            select(UserRow.id)
            .where(UserRow.organization_id == organization_id, UserRow.id == owner_id)
            .with_for_update(key_share=True)
        )

    async def by_id(
        self, organization_id: OrganizationId, page_id: PageId, *, deleted: bool = False
    ) -> BookingPage | None:
        """Find a page; with `deleted`, one that is gone for new bookings too."""
        return (await self.by_ids(organization_id, [page_id], deleted=deleted)).get(page_id)

    async def by_ids(
        self, organization_id: OrganizationId, ids: Sequence[PageId], *, deleted: bool = False
    ) -> dict[PageId, BookingPage]:
        """Find pages in one statement; unknown ids are left out."""
        statement = _PAGE.where(PageRow.organization_id == organization_id, PageRow.id.in_(ids))
        pages = await self._all(statement if deleted else statement.where(PageRow.deleted_at.is_(None)))
        return {page.id: page for page in pages}

    async def by_slug(self, handle: str, slug: str) -> tuple[BookingPage, User] | None:
        """Find an active page by its link, in whatever organization, with its owner, in one statement."""
        row = await self._connection.driver.fetchrow(_BY_SLUG, handle, slug)
        return (_page(row), user_of(row)) if row else None

    async def public_of(self, handle: str) -> list[BookingPage]:
        """List the pages of a profile, oldest first: active ones that are not hidden."""
        statement = _PAGE.join(UserRow, UserRow.id == PageRow.owner_id).where(
            UserRow.handle == handle,
            PageRow.deleted_at.is_(None),
            PageRow.is_active,
            PageRow.is_hidden.is_(False),
        )
        return await self._all(statement.order_by(PageRow.created_at, PageRow.id))

    async def of_owner(
        self, organization_id: OrganizationId, owner_id: UserId, paging: Paging
    ) -> Part[BookingPage]:
        """List an owner's pages, oldest first: inactive and hidden ones too."""
        own = _of_owner(organization_id, owner_id)
        beyond, behind = _sides(paging)
        order = (PageRow.created_at, PageRow.id)
        pages = await self._all(
            _PAGE.where(own, beyond)
            .order_by(*(order if paging.is_forward else [key.desc() for key in order]))
            .limit(paging.limit + 1)
        )
        is_behind = bool(
            await self._connection.core.scalar(select(select(PageRow.id).where(own, behind).exists()))
        )
        has_more = len(pages) > paging.limit
        kept = pages[: paging.limit] if paging.is_forward else pages[: paging.limit][::-1]
        return Part(
            items=kept,
            places=[Place(page.created_at, page.id) for page in kept],
            has_next=has_more if paging.is_forward else is_behind,
            has_previous=is_behind if paging.is_forward else has_more,
        )

    async def count_of_owner(self, organization_id: OrganizationId, owner_id: UserId) -> int:
        """Count an owner's pages."""
        statement = select(func.count()).select_from(PageRow).where(_of_owner(organization_id, owner_id))
        return (await self._connection.core.execute(statement)).scalar_one()

    async def pages_of_hosts(self, organization_id: OrganizationId, hosts: Sequence[UserId]) -> set[PageId]:
        """Name the pages that offer the time of some of these hosts."""
        rows = await self._connection.core.scalars(
            select(PageHostRow.page_id)
            .join(
                PageRow,
                and_(
                    PageRow.organization_id == PageHostRow.organization_id, PageRow.id == PageHostRow.page_id
                ),
            )
            .where(
                PageHostRow.organization_id == organization_id,
                PageHostRow.host_id.in_(hosts),
                PageRow.deleted_at.is_(None),
            )
        )
        return {PageId(page_id) for page_id in rows}

    async def _add_hosts(self, page: BookingPage) -> None:
        rows = [
            {
                "organization_id": page.organization_id,
                "page_id": page.id,
                "host_id": host.user_id,
                "position": position,
                "schedule_id": host.schedule_id,
            }
            for position, host in enumerate(page.hosts)
        ]
        await self._connection.core.execute(insert(PageHostRow), rows)

    async def _all(self, statement: Select[*tuple[Any, ...]]) -> list[BookingPage]:
        return [_page(row) for row in (await self._connection.core.execute(statement)).mappings()]


def _is(organization_id: OrganizationId, page_id: PageId) -> ColumnElement[bool]:
    return and_(PageRow.organization_id == organization_id, PageRow.id == page_id)


def _hosts_of(organization_id: OrganizationId, page_id: PageId) -> ColumnElement[bool]:
    return and_(PageHostRow.organization_id == organization_id, PageHostRow.page_id == page_id)


def _of_owner(organization_id: OrganizationId, owner_id: UserId) -> ColumnElement[bool]:
    return and_(
        PageRow.organization_id == organization_id,
        PageRow.owner_id == owner_id,
        PageRow.deleted_at.is_(None),
    )


def _sides(paging: Paging) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Tell what is asked for from what lies on the other side of the place."""
    if paging.place is None:
        return true(), false()
    key = tuple_(PageRow.created_at, PageRow.id)
    here = tuple_(literal(paging.place.instant), literal(paging.place.id))
    return (key > here, key <= here) if paging.is_forward else (key < here, key >= here)


def _values(page: BookingPage) -> dict[str, object]:
    return {
        "slug": page.slug,
        "kind": page.kind,
        "name": page.name,
        "description": page.description,
        "place": place_document(page.place),
        "rules": rules_document(page.rules),
        "questions": questions_document(page.questions),
        "capacity": page.capacity,
        "reminders_minutes": [reminder // _MINUTE for reminder in page.reminders],
        "invitation": page.invitation,
        "cancellation_policy": page.cancellation_policy,
        "cancel_until_minutes": page.cancel_until // _MINUTE,
        "reschedule_until_minutes": page.reschedule_until // _MINUTE,
        "calendar_policy": page.calendar_policy,
        "follows_calendar": page.follows_calendar,
        "calendar_id": page.calendar_id,
        "is_active": page.is_active,
        "is_hidden": page.is_hidden,
        "revision": page.revision,
        "conditions": conditions_document(page.conditions),
    }


def _page(row: Record) -> BookingPage:
    return BookingPage(
        id=PageId(row["id"]),
        organization_id=OrganizationId(row["organization_id"]),
        owner_id=UserId(row["owner_id"]),
        slug=row["slug"],
        kind=PageKind(row["kind"]),
        name=row["name"],
        description=row["description"],
        place=place_of(row["place"]),
        rules=rules_of(row["rules"]),
        questions=questions_of(row["questions"]),
        capacity=row["capacity"],
        reminders=tuple(timedelta(minutes=minutes) for minutes in row["reminders_minutes"]),
        invitation=row["invitation"],
        cancellation_policy=row["cancellation_policy"],
        cancel_until=timedelta(minutes=row["cancel_until_minutes"]),
        reschedule_until=timedelta(minutes=row["reschedule_until_minutes"]),
        calendar_policy=CalendarPolicy(row["calendar_policy"]),
        follows_calendar=row["follows_calendar"],
        calendar_id=CalendarId(row["calendar_id"]) if row["calendar_id"] else None,
        hosts=tuple(
            PageHost(UserId(UUID(host)), ScheduleId(UUID(schedule)) if schedule else None)
            for host, schedule in row["hosts"] or ()
        ),
        is_active=row["is_active"],
        is_hidden=row["is_hidden"],
        revision=row["revision"],
        created_at=row["created_at"],
        conditions=conditions_of(row["conditions"]),
    )
