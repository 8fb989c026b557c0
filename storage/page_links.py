"""Links to booking pages: stored with the hash of their secret, found by it, used, given back, revoked."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from domain.availability import Hours
from domain.ids import OrganizationId, PageId, PageLinkId, UserId
from domain.page_links import LinkSettings, PageLink, Terms
from domain.paging import Paging, Part, Place
from domain.slots import DateRange
from storage.base import Base, Document, within_organization
from storage.page_rows import PageRow
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record
from storage.schedule_documents import hours_documents, hours_of

_KEPT = timedelta(days=30)
# Who comes later waits for the row, and is judged by what it says then: never more uses than there are.
_USE = """UPDATE page_links SET used = used + 1, changed_at = $4
    WHERE organization_id = $1 AND id = $2 AND revision = $3 AND revoked_at IS NULL
        AND (max_uses IS NULL OR used < max_uses)
        AND (expires_at IS NULL OR expires_at > $4) AND (over_at IS NULL OR over_at > $4)
    RETURNING 1"""
_GIVE_BACK = """UPDATE page_links SET used = used - 1, changed_at = $3
    WHERE organization_id = $1 AND id = $2 AND used > 0"""
# A booking that is to come keeps the link whose terms it is moved by.
_FORGET = """DELETE FROM page_links AS l
    WHERE l.changed_at <= $1 AND (l.revoked_at <= $1 OR l.expires_at <= $1 OR l.over_at <= $1
            OR l.used >= l.max_uses
            OR EXISTS (SELECT FROM booking_pages AS p
                WHERE p.organization_id = l.organization_id AND p.id = l.page_id AND p.deleted_at <= $1))
        AND NOT EXISTS (SELECT FROM invitees AS i JOIN bookings AS b
                ON b.organization_id = i.organization_id AND b.id = i.booking_id
            WHERE i.organization_id = l.organization_id AND i.link_id = l.id AND upper(b.during) > $1)"""


class PageLinkRow(Base):
    """A secret link to a page. That it is not used more often than it may be is a check of this row."""

    __tablename__ = "page_links"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("page_id", "booking_pages"),
        within_organization("made_by", "users"),
        CheckConstraint("used >= 0 AND (max_uses IS NULL OR used <= max_uses)", name="used_fits"),
        CheckConstraint("max_uses >= 1", name="max_uses_positive"),
        CheckConstraint("(first_date IS NULL) = (last_date IS NULL)", name="dates_whole"),
        CheckConstraint("email IS NOT NULL OR NOT is_bound", name="bound_to_somebody"),
        Index(None, "organization_id", "page_id"),
        Index(None, "organization_id", "made_by", "created_at"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    page_id: Mapped[UUID]
    made_by: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    label: Mapped[str]
    max_uses: Mapped[int | None]
    used: Mapped[int] = mapped_column(server_default=text("0"))
    expires_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]
    email: Mapped[str | None]
    is_bound: Mapped[bool]
    length_minutes: Mapped[int | None]
    first_date: Mapped[date | None]
    last_date: Mapped[date | None]
    hours: Mapped[Document | None]
    starts: Mapped[list[int]] = mapped_column(ARRAY(Integer()))
    revision: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PageLinks:
    """Links to pages, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, link: PageLink, token_hash: bytes) -> None:
        """Store a new link."""
        await self._connection.core.execute(
            insert(PageLinkRow).values(
                organization_id=link.organization_id,
                id=link.id,
                page_id=link.page_id,
                made_by=link.made_by,
                token_hash=token_hash,
                created_at=link.created_at,
                **_values(link, self._now),
            )
        )

    async def update(self, link: PageLink) -> bool:
        """Store a change; False where the stored revision is not the one just before this one."""
        statement = (
            update(PageLinkRow)
            .where(_is(link.organization_id, link.id), PageLinkRow.revision == link.revision - 1)
            .values(revoked_at=link.revoked_at, **_values(link, self._now))
            .returning(PageLinkRow.id)
        )
        return (await self._connection.core.execute(statement)).first() is not None

    async def by_id(
        self, organization_id: OrganizationId, link_id: PageLinkId, *, locks: bool = False
    ) -> PageLink | None:
        """Find a link; with `locks`, nobody else uses or changes it until the unit ends."""
        statement = select(PageLinkRow.__table__).where(_is(organization_id, link_id))
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        return _link(row) if row else None

    async def by_hash(self, token_hash: bytes) -> PageLink | None:
        """Find what a secret opens, be it ended or not."""
        statement = select(PageLinkRow.__table__).where(PageLinkRow.token_hash == token_hash)
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return _link(row) if row else None

    async def use(self, link: PageLink) -> bool:
        """Use a link once more; False where it has ended meanwhile, or is of another revision."""
        key = link.organization_id, link.id, link.revision
        return await self._connection.driver.fetchrow(_USE, *key, self._now) is not None

    async def give_back(self, organization_id: OrganizationId, link_id: PageLinkId) -> None:
        """Take a use back."""
        await self._connection.driver.fetchrow(_GIVE_BACK, organization_id, link_id, self._now)

    async def of_user(
        self, organization_id: OrganizationId, user_id: UserId, paging: Paging
    ) -> Part[PageLink]:
        """List the links that somebody made, and those to their pages, oldest first; ended ones too."""
        own = select(PageRow.id).where(
            PageRow.organization_id == organization_id, PageRow.owner_id == user_id
        )
        statement = select(PageLinkRow.__table__).where(
            PageLinkRow.organization_id == organization_id,
            or_(PageLinkRow.made_by == user_id, PageLinkRow.page_id.in_(own)),
        )
        key = (PageLinkRow.created_at, PageLinkRow.id)
        return await part_of(self._connection, statement, key, paging, _placed)

    async def count_open(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Count the links of somebody's that are not revoked, too old or used up, to pages that there are."""
        statement = select(func.count()).where(
            PageLinkRow.organization_id == organization_id,
            PageLinkRow.made_by == user_id,
            PageLinkRow.revoked_at.is_(None),
            or_(PageLinkRow.expires_at.is_(None), PageLinkRow.expires_at > self._now),
            or_(PageLinkRow.over_at.is_(None), PageLinkRow.over_at > self._now),
            or_(PageLinkRow.max_uses.is_(None), PageLinkRow.used < PageLinkRow.max_uses),
            exists().where(
                PageRow.organization_id == PageLinkRow.organization_id,
                PageRow.id == PageLinkRow.page_id,
                PageRow.deleted_at.is_(None),
            ),
        )
        return (await self._connection.core.execute(statement)).scalar_one()

    async def forget_ended(self) -> None:
        """Delete what ended a month ago, be it with its page, and with it the addresses of strangers."""
        await self._connection.driver.fetchrow(_FORGET, self._now - _KEPT)


def _is(organization_id: OrganizationId, link_id: PageLinkId) -> ColumnElement[bool]:
    return and_(PageLinkRow.organization_id == organization_id, PageLinkRow.id == link_id)


def _values(link: PageLink, now: datetime) -> dict[str, object]:
    """Give the columns that change."""
    settings, terms = link.settings, link.settings.terms
    return {
        "label": settings.label,
        "max_uses": settings.max_uses,
        "expires_at": settings.expires_at,
        "over_at": link.over_at,
        "email": settings.email,
        "is_bound": settings.is_bound,
        "length_minutes": terms.length,
        "first_date": terms.dates.first if terms.dates else None,
        "last_date": terms.dates.last if terms.dates else None,
        "hours": hours_documents(terms.hours) if terms.hours else None,
        "starts": list(terms.starts),
        "revision": link.revision,
        "changed_at": now,
    }


def _placed(row: Record) -> tuple[PageLink, Place]:
    return _link(row), place_at(row, "created_at", "id")


def _link(row: Record) -> PageLink:
    terms = Terms(
        length=row["length_minutes"],
        dates=DateRange(row["first_date"], row["last_date"]) if row["first_date"] else None,
        hours=_hours(row["hours"]) if row["hours"] else None,
        starts=tuple(row["starts"]),
    )
    return PageLink(
        id=PageLinkId(row["id"]),
        organization_id=OrganizationId(row["organization_id"]),
        page_id=PageId(row["page_id"]),
        made_by=UserId(row["made_by"]),
        settings=LinkSettings(
            row["label"], row["max_uses"], row["expires_at"], row["email"], row["is_bound"], terms
        ),
        over_at=row["over_at"],
        used=row["used"],
        revision=row["revision"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )


def _hours(document: Record) -> Hours:
    return hours_of(document["zone"], document["weekly"], document["overrides"], document["travels"])
