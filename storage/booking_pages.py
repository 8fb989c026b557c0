"""Booking pages and their hosts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, insert
from sqlalchemy.exc import IntegrityError

from domain.booking_pages import BookingPage, SlugTaken
from domain.ids import OrganizationId, PageId, TemplateId, UserId
from domain.paging import Paging, Part, Place
from domain.users import User
from storage.page_rows import PageHostRow, PageRow, page_of, page_values, template_values
from storage.postgres import Connection
from storage.users.people import USER, user_of
from storage.users.rows import UserRow

_HOSTS = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(
                    PageHostRow.host_id,
                    PageHostRow.schedule_id,
                    PageHostRow.is_fixed,
                    PageHostRow.priority,
                    PageHostRow.weight,
                    PageHostRow.counted_calendars,
                ),
                PageHostRow.position,
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
_OPEN = f"""SELECT {USER}, {", ".join(f"p.{column.name}" for column in PageRow.__table__.columns)},
    (SELECT jsonb_agg(jsonb_build_array(h.host_id, h.schedule_id, h.is_fixed, h.priority, h.weight,
            h.counted_calendars) ORDER BY h.position)
        FROM page_hosts AS h WHERE h.organization_id = p.organization_id AND h.page_id = p.id) AS hosts
    FROM users AS u JOIN booking_pages AS p ON p.owner_id = u.id
    WHERE p.is_active AND p.deleted_at IS NULL AND"""  # noqa: S608 -- our own parts
_SECRET_TOO = f"{_OPEN} u.handle = $1 AND p.slug = $2"
_BY_SLUG = f"{_SECRET_TOO} AND NOT p.is_secret"
_WITH_OWNER = f"{_OPEN} p.organization_id = $1 AND p.id = $2"


class Pages:
    """Booking pages and their hosts, seen from one transaction; each list is one statement."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add_managed(self, pages: Sequence[BookingPage]) -> None:
        """Store new pages of members who are locked, at links that are free, in two statements."""
        if pages:
            await self._connection.core.execute(
                insert(PageRow),
                [
                    {
                        "organization_id": page.organization_id,
                        "id": page.id,
                        "owner_id": page.owner_id,
                        "created_at": page.created_at,
                        **page_values(page),
                    }
                    for page in pages
                ],
            )
            await self._connection.core.execute(
                insert(PageHostRow), [row for page in pages for row in _host_rows(page)]
            )

    async def update_managed(self, pages: Sequence[BookingPage]) -> None:
        """Store what a template says of pages whose owners are locked; what it cannot say stays."""
        if pages:
            await self._connection.core.execute(
                update(PageRow).where(
                    PageRow.organization_id == bindparam("its_organization"),
                    PageRow.id == bindparam("its_id"),
                ),
                [
                    {
                        "its_organization": page.organization_id,
                        "its_id": page.id,
                        "revision": page.revision,
                        **template_values(page),
                    }
                    for page in pages
                ],
            )

    async def release(
        self, organization_id: OrganizationId, pages: Collection[PageId], *, deactivate: bool
    ) -> None:
        """Let no template manage pages any more, and with `deactivate` nobody book them."""
        await self._connection.core.execute(
            update(PageRow)
            .where(PageRow.organization_id == organization_id, PageRow.id.in_(list(pages)))
            .values(
                template_id=None,
                is_active=false() if deactivate else PageRow.is_active,
                revision=PageRow.revision + 1,
            )
        )

    async def of_template(
        self, organization_id: OrganizationId, template_id: TemplateId
    ) -> list[BookingPage]:
        """Give all pages that a template manages, which has a bound, oldest first."""
        its = _PAGE.where(PageRow.organization_id == organization_id, PageRow.template_id == template_id)
        return await self._all(its.order_by(PageRow.created_at, PageRow.id))

    async def slugs(
        self, organization_id: OrganizationId, owners: Collection[UserId]
    ) -> dict[UserId, set[str]]:
        """Give the links of some users' pages."""
        found: dict[UserId, set[str]] = {owner: set() for owner in owners}
        statement = select(PageRow.owner_id, PageRow.slug).where(
            PageRow.organization_id == organization_id,
            PageRow.owner_id.in_(list(owners)),
            PageRow.deleted_at.is_(None),
        )
        for owner, slug in await self._connection.core.execute(statement):
            found[UserId(owner)].add(slug)
        return found

    async def add(self, page: BookingPage) -> None:
        """Store a new page; raises SlugTaken, also to whoever loses a race."""
        statement = (
            insert(PageRow)
            .values(
                organization_id=page.organization_id,
                id=page.id,
                owner_id=page.owner_id,
                created_at=page.created_at,
                **page_values(page),
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
            .values(**page_values(page))
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

    async def lock_people(
        self, organization_id: OrganizationId, people: Collection[UserId], *, hosts_of: PageId | None = None
    ) -> None:
        """Let nobody change these users' pages and schedules in the meantime, as `lock_owner` for many.

        With the hosts of a page that is about to be written: one of them may be leaving, who holds their own
        lock and waits for the page's.
        """
        hosting = select(PageHostRow.host_id).where(
            PageHostRow.organization_id == organization_id, PageHostRow.page_id == hosts_of
        )
        await self._connection.core.execute(
            select(UserRow.id)
            .where(
                UserRow.organization_id == organization_id,
                or_(UserRow.id.in_(list(people)), UserRow.id.in_(hosting)),
            )
            .order_by(UserRow.id)
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

    async def by_slug(
        self, handle: str, slug: str, *, secret_too: bool = False
    ) -> tuple[BookingPage, User] | None:
        """Find an active page that is not secret by its link, in whatever organization, with its owner.

        One statement. `secret_too` is for those whose page it may be.
        """
        row = await self._connection.driver.fetchrow(_SECRET_TOO if secret_too else _BY_SLUG, handle, slug)
        return (page_of(row), user_of(row)) if row else None

    async def with_owner(
        self, organization_id: OrganizationId, page_id: PageId
    ) -> tuple[BookingPage, User] | None:
        """Find an active page, be it secret or not, with its owner, in one statement."""
        row = await self._connection.driver.fetchrow(_WITH_OWNER, organization_id, page_id)
        return (page_of(row), user_of(row)) if row else None

    async def public_of(self, handle: str) -> list[BookingPage]:
        """List the pages of a profile, oldest first: active ones that are neither hidden nor secret."""
        statement = _PAGE.join(UserRow, UserRow.id == PageRow.owner_id).where(
            UserRow.handle == handle,
            PageRow.deleted_at.is_(None),
            PageRow.is_active,
            PageRow.is_hidden.is_(False),
            PageRow.is_secret.is_(False),
        )
        return await self._all(statement.order_by(PageRow.created_at, PageRow.id))

    async def of_owner(
        self, organization_id: OrganizationId, owner_id: UserId, paging: Paging
    ) -> Part[BookingPage]:
        """List an owner's pages, oldest first: inactive and hidden ones too."""
        return await self._part(_of_owner(organization_id, owner_id), paging)

    async def of_host(
        self, organization_id: OrganizationId, host_id: UserId, paging: Paging
    ) -> Part[BookingPage]:
        """List the pages that offer a host's time, oldest first, whoever owns them."""
        hosted = exists().where(
            PageHostRow.organization_id == PageRow.organization_id,
            PageHostRow.page_id == PageRow.id,
            PageHostRow.host_id == host_id,
        )
        its = and_(PageRow.organization_id == organization_id, PageRow.deleted_at.is_(None), hosted)
        return await self._part(its, paging)

    async def _part(self, own: ColumnElement[bool], paging: Paging) -> Part[BookingPage]:
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
        rows = _host_rows(page)
        if rows:  # those of a page whose hosts have all left are none
            await self._connection.core.execute(insert(PageHostRow), rows)

    async def _all(self, statement: Select[*tuple[Any, ...]]) -> list[BookingPage]:
        return [page_of(row) for row in (await self._connection.core.execute(statement)).mappings()]


def _host_rows(page: BookingPage) -> list[dict[str, object]]:
    return [
        {
            "organization_id": page.organization_id,
            "page_id": page.id,
            "host_id": host.user_id,
            "position": position,
            "schedule_id": host.schedule_id,
            "is_fixed": host.is_fixed,
            "priority": host.priority,
            "weight": host.weight,
            "counted_calendars": sorted(host.counted) if host.counted else None,
        }
        for position, host in enumerate(page.hosts)
    ]


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
