"""What of a booking page a template says instead of its owner, and the error of who changes that."""

from enum import Enum
from typing import Self

import strawberry

from domain.booking_pages import BookingPage
from domain.page_templates import PageField, PageManaged, PageTemplate
from domain.users import SignedIn
from schema.context import Info
from schema.errors import ErrorCode, ErrorType
from schema.teams import TeamType


@strawberry.enum(name="PageField", description="Setting of a booking page that a template can lock.")
class PageFieldType(Enum):
    """Twin of domain.page_templates.PageField."""

    NAME = strawberry.enum_value(PageField.NAME.value, description="Name that invitees see.")
    DESCRIPTION = strawberry.enum_value(
        PageField.DESCRIPTION.value, description="Words about it for invitees."
    )
    KIND = strawberry.enum_value(PageField.KIND.value, description="How many book one slot.")
    CAPACITY = strawberry.enum_value(PageField.CAPACITY.value, description="Seats of a slot.")
    DURATION_MINUTES = strawberry.enum_value(
        PageField.DURATION_MINUTES.value, description="How long a booking lasts."
    )
    OTHER_LENGTHS_MINUTES = strawberry.enum_value(
        PageField.OTHER_LENGTHS_MINUTES.value, description="Lengths that may be chosen instead."
    )
    INTERVAL_MINUTES = strawberry.enum_value(
        PageField.INTERVAL_MINUTES.value, description="Minutes from one start to the next."
    )
    GRID_ORIGIN = strawberry.enum_value(
        PageField.GRID_ORIGIN.value, description="From where starts are counted."
    )
    BUFFER_BEFORE_MINUTES = strawberry.enum_value(
        PageField.BUFFER_BEFORE_MINUTES.value, description="Minutes kept free before a booking."
    )
    BUFFER_AFTER_MINUTES = strawberry.enum_value(
        PageField.BUFFER_AFTER_MINUTES.value, description="Minutes kept free after a booking."
    )
    NOTICE_MINUTES = strawberry.enum_value(
        PageField.NOTICE_MINUTES.value, description="How long before its start a slot is last offered."
    )
    WINDOW = strawberry.enum_value(PageField.WINDOW.value, description="How far ahead one may book.")
    CAPS = strawberry.enum_value(
        PageField.CAPS.value, description="Most bookings a day, week, month or year."
    )
    ZONE = strawberry.enum_value(PageField.ZONE.value, description="Zone in which days are counted.")
    PLACE = strawberry.enum_value(PageField.PLACE.value, description="Where it happens.")
    QUESTIONS = strawberry.enum_value(PageField.QUESTIONS.value, description="What invitees are asked.")
    REMINDER_MINUTES = strawberry.enum_value(
        PageField.REMINDER_MINUTES.value, description="When reminders go out."
    )
    INVITATION = strawberry.enum_value(
        PageField.INVITATION.value, description="Words in the calendar invitation."
    )
    CANCELLATION_POLICY = strawberry.enum_value(
        PageField.CANCELLATION_POLICY.value, description="Words on what if one cannot come."
    )
    CANCEL_UNTIL_MINUTES = strawberry.enum_value(
        PageField.CANCEL_UNTIL_MINUTES.value, description="Until when an invitee may cancel."
    )
    RESCHEDULE_UNTIL_MINUTES = strawberry.enum_value(
        PageField.RESCHEDULE_UNTIL_MINUTES.value, description="Until when an invitee may reschedule."
    )
    CALENDAR_POLICY = strawberry.enum_value(
        PageField.CALENDAR_POLICY.value, description="What a host without any calendar means."
    )
    STATUS_RULE = strawberry.enum_value(
        PageField.STATUS_RULE.value, description="Which calendar entries take the host's time."
    )
    FOLLOWS_CALENDAR = strawberry.enum_value(
        PageField.FOLLOWS_CALENDAR.value, description="Whether an entry that is moved moves the booking."
    )
    IS_ACTIVE = strawberry.enum_value(
        PageField.IS_ACTIVE.value, description="Whether anybody but the owner can see and book it."
    )
    IS_HIDDEN = strawberry.enum_value(
        PageField.IS_HIDDEN.value, description="Whether it is left out of the profile."
    )
    IS_SECRET = strawberry.enum_value(
        PageField.IS_SECRET.value, description="Whether only secret links open it."
    )
    UPCOMING_PER_INVITEE = strawberry.enum_value(
        PageField.UPCOMING_PER_INVITEE.value, description="Bookings to come that one invitee may have."
    )
    SERIES_UP_TO = strawberry.enum_value(
        PageField.SERIES_UP_TO.value, description="Bookings that may be made as one series."
    )
    APPROVAL_MINUTES = strawberry.enum_value(
        PageField.APPROVAL_MINUTES.value, description="Whether bookings need approval, and within what time."
    )
    WAITLIST_OFFER_MINUTES = strawberry.enum_value(
        PageField.WAITLIST_OFFER_MINUTES.value,
        description="Whether people may wait for a slot, and how long an offer lasts.",
    )


@strawberry.type(name="ManagingTemplate", description="Template as the owners of its pages see it.")
class ManagingTemplateType:
    """What a member is told of a template: what it is, and whom to ask."""

    name: str = strawberry.field(description="Name of the pages that it makes.")
    team: TeamType | None = strawberry.field(
        description="Team whose managers keep it; null where only owner and administrators do."
    )

    @classmethod
    def of(cls, template: PageTemplate) -> Self:
        """Shape a template for who has a page from it."""
        team = TeamType.of(template.team) if template.team else None
        return cls(name=template.settings.page.name, team=team)


@strawberry.type(name="Managed", description="By what a page is managed, and which settings of it.")
class ManagedType:
    """What its template says of a page."""

    template: ManagingTemplateType = strawberry.field(description="Template that the page follows.")
    locked_fields: list[PageFieldType] = strawberry.field(
        description="Settings that are the template's; the others are the owner's."
    )


@strawberry.type
class ManagedFields:
    """What the owner of a page sees of who else has a say over it."""

    page: strawberry.Private[BookingPage]

    @strawberry.field(
        description="Template that manages it, for its owner and their delegates; null where none does."
    )
    async def managed(self, info: Info) -> ManagedType | None:
        """Load the template."""
        viewer, page = info.context.viewer, self.page
        is_own = isinstance(viewer, SignedIn) and viewer.user_id == page.owner_id
        if not is_own or page.template_id is None:
            return None
        key = (page.organization_id, page.template_id)
        template = await info.context.loaders.page_templates.load(key)
        if template is None:
            return None
        locked = template.settings.locked
        return ManagedType(
            template=ManagingTemplateType.of(template),
            locked_fields=[PageFieldType(field.value) for field in PageField if field in locked],
        )


@strawberry.type(name="PageManagedError", description="Change of what a template says of a page.")
class PageManagedError(ErrorType):
    """Twin of domain.page_templates.PageManaged."""

    template: ManagingTemplateType = strawberry.field(description="Template, and who keeps it.")

    @classmethod
    def of(cls, broken: PageManaged, message: str) -> Self:
        """Shape the error."""
        return cls(
            message=message,
            code=ErrorCode.PAGE_MANAGED,
            path=list(broken.path),
            template=ManagingTemplateType.of(broken.template),
        )
