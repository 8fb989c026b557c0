"""Templates of booking pages, as those see them who keep them."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from domain.page_templates import Afterwards, ManagedPage, PageField, PageTemplate
from schema.booking_pages import (
    BookingWindowType,
    CalendarPolicyType,
    CapsType,
    GridOriginType,
    PageKindType,
    QuestionType,
)
from schema.context import Info
from schema.cost import paged
from schema.managed_pages import PageFieldType
from schema.nodes import NodeType, global_id
from schema.page_rules import PageConditions
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of
from schema.places import PlaceType
from schema.scalars import TimeZone
from schema.statuses import StatusRuleType
from schema.teams import TeamType
from schema.users import UserType


@strawberry.enum(name="Afterwards", description="What becomes of a page that is managed no more.")
class AfterwardsType(Enum):
    """Twin of domain.page_templates.Afterwards."""

    KEPT = strawberry.enum_value(Afterwards.KEPT.value, description="It stays as it is, its owner's alone.")
    DEACTIVATED = strawberry.enum_value(
        Afterwards.DEACTIVATED.value, description="It is inactive until its owner opens it again."
    )


@strawberry.type(name="ManagedPage", description="Page that follows a template.")
class ManagedPageType:
    """Twin of domain.page_templates.ManagedPage."""

    owner: UserType = strawberry.field(description="Member whose page it is.")
    link: str = strawberry.field(description="Public link, as `handle/page`.")
    is_active: bool = strawberry.field(description="Whether anybody but its owner can see and book it.")

    @classmethod
    def of(cls, page: ManagedPage) -> Self:
        """Shape a page for who keeps its template."""
        return cls(
            owner=UserType.of(page.owner),
            link=f"{page.owner.handle}/{page.slug}",
            is_active=page.is_active,
        )


@strawberry.type(name="PageTemplate", description="Settings with which members get pages of their own.")
class PageTemplateType(NodeType, PageConditions):
    """Twin of domain.page_templates.PageTemplate, for those who keep it."""

    template: strawberry.Private[PageTemplate]
    team: TeamType | None = strawberry.field(
        description="Team for whose members it is and whose managers keep it too; null for anybody's."
    )
    is_for_whole_team: bool = strawberry.field(
        description="Whether everybody in the team gets a page, and who comes into it."
    )
    on_leaving: AfterwardsType = strawberry.field(
        description="What becomes of the page of who goes out of the team, or where the team is deleted."
    )
    locked_fields: list[PageFieldType] = strawberry.field(
        description="Settings that stay as they are here on all its pages."
    )
    slug: str = strawberry.field(
        description="Own part of the pages' links; a number is put behind it where a member has it already."
    )
    name: str = strawberry.field(description="Name that invitees see.")
    description: str = strawberry.field(description="Words about it for invitees.")
    kind: PageKindType = strawberry.field(description="How many book one slot.")
    capacity: int = strawberry.field(description="Seats of a slot; 1 on a one-to-one page.")
    place: PlaceType = strawberry.field(description="Where it happens.")
    duration_minutes: int = strawberry.field(description="How long a booking lasts.")
    interval_minutes: int | None = strawberry.field(
        description="Minutes from one start to the next; null for the length."
    )
    grid_origin: GridOriginType = strawberry.field(description="From where starts are counted.")
    buffer_before_minutes: int = strawberry.field(description="Minutes kept free before a booking.")
    buffer_after_minutes: int = strawberry.field(description="Minutes kept free after a booking.")
    notice_minutes: int = strawberry.field(description="How long before its start a slot is last offered.")
    window: BookingWindowType = strawberry.field(description="How far ahead one may book.")
    caps: CapsType = strawberry.field(description="Most bookings a day, week, month or year.")
    zone: TimeZone | None = strawberry.field(
        description="Zone in which days are counted; null for that of each member's schedule."
    )
    questions: list[QuestionType] = strawberry.field(description="What invitees are asked, in order.")
    reminder_minutes: list[int] = strawberry.field(
        description="How long before the start reminders go out, longest first."
    )
    invitation: str = strawberry.field(description="Words in the calendar invitation.")
    cancellation_policy: str = strawberry.field(description="Words on what happens if one cannot come.")
    cancel_until_minutes: int = strawberry.field(
        description="How long before the start an invitee may still cancel."
    )
    reschedule_until_minutes: int = strawberry.field(
        description="How long before the start an invitee may still reschedule."
    )
    calendar_policy: CalendarPolicyType = strawberry.field(
        description="What a host without any connected calendar means."
    )
    status_rule: StatusRuleType = strawberry.field(
        description="Which entries in the host's calendars take their time."
    )
    follows_calendar: bool = strawberry.field(
        description="Whether an entry that its host moves in their calendar moves the booking."
    )
    is_active: bool = strawberry.field(description="Whether anybody but the owner can see and book them.")
    is_hidden: bool = strawberry.field(description="Whether they are left out of profiles.")
    is_secret: bool = strawberry.field(description="Whether they are opened by secret links alone.")
    revision: int = strawberry.field(description="Number that grows with each change.")
    created_at: datetime = strawberry.field(description="Instant at which it was made.")

    @strawberry.field(description="Pages that follow it, oldest first.", directives=[paged()])
    async def pages(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[ManagedPageType]:
        """List whose pages follow it."""
        part = await info.context.loaders.managed_pages(
            info.context.viewer, self.template.id, paging_of(first, after, last, before)
        )
        return connection(part, ManagedPageType.of)

    @classmethod
    def of(cls, template: PageTemplate) -> Self:
        """Shape a template."""
        page, settings = template.sample, template.settings
        rules = page.rules
        return cls(
            id=global_id("PageTemplate", template.id),
            page=page,
            template=template,
            team=TeamType.of(template.team) if template.team else None,
            is_for_whole_team=settings.is_for_whole_team,
            on_leaving=AfterwardsType(settings.on_leaving.value),
            locked_fields=[PageFieldType(field.value) for field in PageField if field in settings.locked],
            slug=page.slug,
            name=page.name,
            description=page.description,
            kind=PageKindType(page.kind.value),
            capacity=page.capacity,
            place=PlaceType.of(page.place),
            duration_minutes=rules.duration_minutes,
            interval_minutes=rules.interval_minutes,
            grid_origin=GridOriginType(rules.grid_origin.value),
            buffer_before_minutes=rules.buffer_before_minutes,
            buffer_after_minutes=rules.buffer_after_minutes,
            notice_minutes=rules.notice_minutes,
            window=BookingWindowType.of(rules.window),
            caps=CapsType.of(rules.caps),
            zone=TimeZone(rules.zone) if rules.zone else None,
            questions=[QuestionType.of(question) for question in page.questions],
            reminder_minutes=[int(reminder.total_seconds()) // 60 for reminder in page.reminders],
            invitation=page.invitation,
            cancellation_policy=page.cancellation_policy,
            cancel_until_minutes=int(page.cancel_until.total_seconds()) // 60,
            reschedule_until_minutes=int(page.reschedule_until.total_seconds()) // 60,
            calendar_policy=CalendarPolicyType(page.calendar_policy.value),
            status_rule=StatusRuleType.of(rules.status_rule),
            follows_calendar=page.follows_calendar,
            is_active=page.is_active,
            is_hidden=page.is_hidden,
            is_secret=page.is_secret,
            revision=template.revision,
            created_at=template.created_at,
        )
