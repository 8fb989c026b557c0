"""Tables of booking pages and their hosts, and how a page stands in them."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    Uuid,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from domain.booking_pages import (
    BookingPage,
    CalendarPolicy,
    HostPriority,
    PageHost,
    PageKind,
    Sharing,
    Turns,
)
from domain.ids import CalendarId, OrganizationId, PageId, ScheduleId, TemplateId, UserId
from storage.base import Base, Document, Documents, within_organization
from storage.bookings.documents import place_document, place_of
from storage.page_documents import (
    conditions_document,
    conditions_of,
    questions_document,
    questions_of,
    requires_document,
    requires_of,
    rules_document,
    rules_of,
)
from storage.postgres import Record

_MINUTE = timedelta(minutes=1)
# Of the columns that an owner may change: those of which no template has a say.
_OWN = frozenset(
    {
        *("slug", "calendar_id", "revision", "template_id", "requires"),
        *("turns", "max_lead", "keeps_host", "counted_from"),
    }
)


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
        within_organization("template_id", "page_templates"),
        # One of a template's for each member.
        Index(
            "booking_pages_managed_key",
            "organization_id",
            "template_id",
            "owner_id",
            unique=True,
            postgresql_where=text("template_id IS NOT NULL"),
        ),
        CheckConstraint("kind IN ('one_to_one', 'group')", name="kind_known"),
        CheckConstraint("turns IN ('availability', 'fairness')", name="turns_known"),
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
    turns: Mapped[str] = mapped_column(server_default=text("'availability'"))
    max_lead: Mapped[int] = mapped_column(server_default=text("3"))
    keeps_host: Mapped[bool] = mapped_column(server_default=true())
    counted_from: Mapped[datetime | None]
    requires: Mapped[Documents] = mapped_column(server_default=text("'[]'::jsonb"))
    is_secret: Mapped[bool] = mapped_column(server_default=false())
    template_id: Mapped[UUID | None]


class PageHostRow(Base):
    """A host of a page, in order, with the schedule that applies there (none: the host's default).

    `is_fixed`, `priority` and `weight` say how they share its bookings where any host takes them. The
    `counted_calendars` refer to no row: a calendar that is gone stays named, so that nobody counts fewer.
    """

    __tablename__ = "page_hosts"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "page_id", "host_id"),
        within_organization("page_id", "booking_pages", ondelete="CASCADE"),
        within_organization("host_id", "users"),
        within_organization("schedule_id", "schedules"),
        CheckConstraint("priority IN ('highest', 'high', 'medium', 'low')", name="priority_known"),
        CheckConstraint("weight BETWEEN 1 AND 1000", name="weight_fits"),
        CheckConstraint("cardinality(counted_calendars) > 0", name="calendars_named"),
        Index(None, "organization_id", "host_id"),
        # Few hosts choose, and whoever is asked for free times looks for them.
        Index(
            "page_hosts_counted_idx",
            "organization_id",
            "host_id",
            postgresql_where=text("counted_calendars IS NOT NULL"),
        ),
    )

    organization_id: Mapped[UUID]
    page_id: Mapped[UUID]
    host_id: Mapped[UUID]
    position: Mapped[int]
    schedule_id: Mapped[UUID | None]
    is_fixed: Mapped[bool] = mapped_column(server_default=false())
    priority: Mapped[str] = mapped_column(server_default=text("'medium'"))
    weight: Mapped[int] = mapped_column(server_default=text("100"))
    counted_calendars: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))


def page_values(page: BookingPage) -> dict[str, object]:
    """Give the columns of a page that its owner may change."""
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
        "turns": page.sharing.turns,
        "max_lead": page.sharing.max_lead,
        "keeps_host": page.sharing.keeps_host,
        "counted_from": page.sharing.counted_from,
        "requires": requires_document(page.requires),
        "is_secret": page.is_secret,
        "template_id": page.template_id,
    }


def template_values(page: BookingPage) -> dict[str, object]:
    """Give the columns of which a template has a say: not those of link, calendar, resources and hosts."""
    return {name: value for name, value in page_values(page).items() if name not in _OWN}


def page_of(row: Record) -> BookingPage:
    """Read a page from its columns and its hosts, in order, as arrays."""
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
            PageHost(
                UserId(UUID(host)),
                ScheduleId(UUID(schedule)) if schedule else None,
                is_fixed=is_fixed,
                priority=HostPriority(priority),
                weight=weight,
                counted=frozenset(CalendarId(UUID(calendar)) for calendar in counted) if counted else None,
            )
            for host, schedule, is_fixed, priority, weight, counted in row["hosts"] or ()
        ),
        is_active=row["is_active"],
        is_hidden=row["is_hidden"],
        revision=row["revision"],
        created_at=row["created_at"],
        conditions=conditions_of(row["conditions"]),
        sharing=Sharing(Turns(row["turns"]), row["max_lead"], row["keeps_host"], row["counted_from"]),
        requires=requires_of(row["requires"]),
        is_secret=row["is_secret"],
        template_id=TemplateId(row["template_id"]) if row["template_id"] else None,
    )
