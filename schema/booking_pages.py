"""Booking pages: as their owner sees them, as everybody may see them, and profiles."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.booking_pages import BookingPage, CalendarPolicy, PageKind, Question, QuestionFormat
from domain.open_slots import FindSlots
from domain.slots import Caps, DateRange, GridOrigin, RollingBusinessDays, RollingDays, Unlimited
from domain.users import SignedIn, User
from domain.zones import zone as check_zone
from schema.absences import AwayFields
from schema.availability import WeekdayType
from schema.context import SHARED, Info, shown
from schema.cost import Cost
from schema.nodes import NodeType, global_id
from schema.page_hosts import AssignmentType, DegradedHostType, PageHostType, TurnsType
from schema.page_rules import PageRules
from schema.places import PlaceKindType, PlaceType
from schema.resources import ResourcePoolType
from schema.scalars import TimeZone
from schema.slots import Length, OpenSlotsType, Window
from schema.statuses import StatusRuleType
from schema.users import HostType

ReadersZone = Annotated[
    TimeZone | None,
    strawberry.argument(
        description="Zone in which the reader thinks; it never changes which instants are offered."
    ),
]


@strawberry.enum(name="PageKind", description="How many book one slot of a page.")
class PageKindType(Enum):
    """Twin of domain.booking_pages.PageKind."""

    ONE_TO_ONE = strawberry.enum_value(PageKind.ONE_TO_ONE.value, description="One invitee alone.")
    GROUP = strawberry.enum_value(PageKind.GROUP.value, description="As many invitees as there are seats.")


@strawberry.enum(name="QuestionFormat", description="What kind of answer a question takes.")
class QuestionFormatType(Enum):
    """Twin of domain.booking_pages.QuestionFormat."""

    STRING = strawberry.enum_value(QuestionFormat.STRING.value, description="One line.")
    TEXT = strawberry.enum_value(QuestionFormat.TEXT.value, description="Several lines.")
    PHONE_NUMBER = strawberry.enum_value(QuestionFormat.PHONE_NUMBER.value, description="Telephone number.")
    CHOICES_ONE = strawberry.enum_value(
        QuestionFormat.CHOICES_ONE.value, description="One of some choices that are all shown."
    )
    CHOICES_MANY = strawberry.enum_value(
        QuestionFormat.CHOICES_MANY.value, description="Any number of some choices."
    )
    SELECT = strawberry.enum_value(
        QuestionFormat.SELECT.value, description="One of some choices in a list that opens."
    )


@strawberry.enum(name="CalendarPolicy", description="What a host without any connected calendar means.")
class CalendarPolicyType(Enum):
    """Twin of domain.booking_pages.CalendarPolicy."""

    REQUIRED = strawberry.enum_value(
        CalendarPolicy.REQUIRED.value, description="Host without a calendar is not offered."
    )
    IGNORE_UNCONNECTED = strawberry.enum_value(
        CalendarPolicy.IGNORE_UNCONNECTED.value,
        description="Host who never connected one is offered all the same; a broken one still blocks.",
    )


@strawberry.enum(name="GridOrigin", description="From where the starts of slots are counted.")
class GridOriginType(Enum):
    """Twin of domain.slots.GridOrigin."""

    OPENING = strawberry.enum_value(GridOrigin.OPENING.value, description="Start of each opening window.")
    HOUR = strawberry.enum_value(GridOrigin.HOUR.value, description="Hour on the wall.")


@strawberry.enum(name="BookingWindowKind", description="How far ahead one may book.")
class BookingWindowKindType(Enum):
    """Kinds of booking window."""

    UNLIMITED = strawberry.enum_value("unlimited", description="Any date.")
    ROLLING_DAYS = strawberry.enum_value("rolling_days", description="Today and `days` whole days after it.")
    ROLLING_BUSINESS_DAYS = strawberry.enum_value(
        "rolling_business_days", description="Today and `days` Mondays to Fridays after it."
    )
    DATE_RANGE = strawberry.enum_value("date_range", description="Dates from `first` to `last`.")


@strawberry.type(name="BookingWindow", description="How far ahead one may book.")
class BookingWindowType:
    """Twin of the booking window of domain.slots.Rules."""

    kind: BookingWindowKindType = strawberry.field(description="Kind of window.")
    days: int | None = strawberry.field(description="How many days, where the window rolls.")
    first: date | None = strawberry.field(description="First date of a range.")
    last: date | None = strawberry.field(description="Last date of a range.")

    @classmethod
    def of(cls, window: Unlimited | RollingDays | RollingBusinessDays | DateRange) -> Self:
        """Shape a booking window."""
        match window:
            case Unlimited():
                return cls(kind=BookingWindowKindType.UNLIMITED, days=None, first=None, last=None)
            case RollingDays(days):
                return cls(kind=BookingWindowKindType.ROLLING_DAYS, days=days, first=None, last=None)
            case RollingBusinessDays(days):
                kind = BookingWindowKindType.ROLLING_BUSINESS_DAYS
                return cls(kind=kind, days=days, first=None, last=None)
            case DateRange(first, last):
                return cls(kind=BookingWindowKindType.DATE_RANGE, days=None, first=first, last=last)


@strawberry.type(name="Caps", description="Most bookings, or booked minutes, of a page; null where uncapped.")
class CapsType:
    """Twin of domain.slots.Caps."""

    per_day: int | None = strawberry.field(description="Most bookings a day.")
    per_week: int | None = strawberry.field(description="Most bookings a week.")
    per_month: int | None = strawberry.field(description="Most bookings a month.")
    per_day_minutes: int | None = strawberry.field(description="Most booked minutes a day.")
    per_week_minutes: int | None = strawberry.field(description="Most booked minutes a week.")
    per_month_minutes: int | None = strawberry.field(description="Most booked minutes a month.")
    week_start: WeekdayType = strawberry.field(description="First day of a week.")
    per_year: int | None = strawberry.field(description="Most bookings a year.")
    per_year_minutes: int | None = strawberry.field(description="Most booked minutes a year.")

    @classmethod
    def of(cls, caps: Caps) -> Self:
        """Shape caps."""
        return cls(
            per_day=caps.per_day,
            per_week=caps.per_week,
            per_month=caps.per_month,
            per_day_minutes=caps.per_day_minutes,
            per_week_minutes=caps.per_week_minutes,
            per_month_minutes=caps.per_month_minutes,
            week_start=WeekdayType(caps.week_start),
            per_year=caps.per_year,
            per_year_minutes=caps.per_year_minutes,
        )


@strawberry.type(name="Question", description="Something that an invitee is asked when booking.")
class QuestionType:
    """Twin of domain.booking_pages.Question."""

    key: str = strawberry.field(description="Key by which it is answered; stable over edits.")
    label: str = strawberry.field(description="Question itself.")
    format: QuestionFormatType = strawberry.field(description="What kind of answer it takes.")
    choices: list[str] = strawberry.field(description="Choices in order; empty where the format has none.")
    is_required: bool = strawberry.field(description="Whether it has to be answered.")
    is_enabled: bool = strawberry.field(description="Whether it is asked at all.")
    takes_other: bool = strawberry.field(
        description="Whether one answer may be in the invitee's own words instead of a choice."
    )

    @classmethod
    def of(cls, question: Question) -> Self:
        """Shape a question."""
        return cls(
            key=question.key,
            label=question.label,
            format=QuestionFormatType(question.format.value),
            choices=list(question.choices),
            is_required=question.is_required,
            is_enabled=question.is_enabled,
            takes_other=question.takes_other,
        )


@strawberry.type(name="BookingPage", description="What can be booked, as its owner sees it.")
class BookingPageType(NodeType, PageRules):
    """Twin of domain.booking_pages.BookingPage, for its owner."""

    slug: str = strawberry.field(description="Its own part of the link, unique among its owner's pages.")
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
        description="Zone in which days are counted; null for that of the first host's schedule."
    )
    hosts: list[PageHostType] = strawberry.field(description="Whose time it offers, in order.")
    assignment: AssignmentType = strawberry.field(description="Which of its hosts take a booking.")
    turns: TurnsType = strawberry.field(description="What matters more where hosts take turns.")
    max_lead: int = strawberry.field(
        description="How many bookings ahead a host is not offered, where fairness matters more."
    )
    keeps_host: bool = strawberry.field(description="Whether a booking that is moved stays with its host.")
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
        description="Which entries in the hosts' calendars take their time."
    )
    follows_calendar: bool = strawberry.field(
        description="Whether an entry that its host moves in their calendar moves the booking."
    )
    calendar_id: strawberry.ID | None = strawberry.field(
        description="Calendar of its owner's that its bookings are written into; null for the usual one."
    )
    requires: list[ResourcePoolType] = strawberry.field(
        description="Resources that each booking takes, one of each pool at the same time."
    )
    is_active: bool = strawberry.field(description="Whether anybody but the owner can see and book it.")
    is_hidden: bool = strawberry.field(description="Whether it is left out of the profile; its link works.")
    is_secret: bool = strawberry.field(description="Whether it is opened by links of `pageLinks` alone.")
    revision: int = strawberry.field(description="Number that grows with each change.")
    created_at: datetime = strawberry.field(description="Instant at which it was made.")

    @strawberry.field(
        description="Hosts who cannot be offered as they should be; empty for all but the owner in person."
    )
    async def degraded_hosts(self, info: Info) -> list[DegradedHostType]:
        """Load what is wrong with whom (X10)."""
        viewer = info.context.viewer
        if not isinstance(viewer, SignedIn) or viewer.actor.id != self.page.owner_id:
            return []  # whether a calendar has to be connected again is no delegate's affair
        degraded = await info.context.loaders.degraded.load(self.page)
        return [DegradedHostType.of(one) for one in degraded]

    @strawberry.field(description="Public link, as `handle/page`; null if the owner is gone.")
    async def link(self, info: Info) -> str | None:
        """Spell the link with the owner's present handle."""
        owner = await info.context.loaders.users.load(self.page.owner_id)
        return f"{owner.handle}/{self.page.slug}" if owner else None

    @classmethod
    def of(cls, page: BookingPage) -> Self:
        """Shape a page for its owner."""
        rules = page.rules
        return cls(
            id=global_id("BookingPage", page.id),
            page=page,
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
            hosts=[PageHostType.of(host) for host in page.hosts],
            assignment=AssignmentType(rules.assignment.value),
            turns=TurnsType(page.sharing.turns.value),
            max_lead=page.sharing.max_lead,
            keeps_host=page.sharing.keeps_host,
            questions=[QuestionType.of(question) for question in page.questions],
            reminder_minutes=[int(reminder.total_seconds()) // 60 for reminder in page.reminders],
            invitation=page.invitation,
            cancellation_policy=page.cancellation_policy,
            cancel_until_minutes=int(page.cancel_until.total_seconds()) // 60,
            reschedule_until_minutes=int(page.reschedule_until.total_seconds()) // 60,
            calendar_policy=CalendarPolicyType(page.calendar_policy.value),
            status_rule=StatusRuleType.of(rules.status_rule),
            follows_calendar=page.follows_calendar,
            calendar_id=global_id("Calendar", page.calendar_id) if page.calendar_id else None,
            requires=ResourcePoolType.all_of(page),
            is_active=page.is_active,
            is_hidden=page.is_hidden,
            is_secret=page.is_secret,
            revision=page.revision,
            created_at=page.created_at,
        )


@strawberry.type(name="PublicBookingPage", description="What can be booked, as everybody may see it.")
class PublicBookingPageType(AwayFields):
    """What a guest sees of a page: no id, no settings, no place before it is booked."""

    page: strawberry.Private[BookingPage]
    slug: str = strawberry.field(description="Link, as `handle/page`.")
    name: str = strawberry.field(description="Name of the page.")
    description: str = strawberry.field(description="Owner's words about it.")
    host: HostType = strawberry.field(description="Person who offers it.")
    kind: PageKindType = strawberry.field(description="How many book one slot.")
    seats: int | None = strawberry.field(
        description="Seats of a slot; null where one booking takes the slot."
    )
    duration_minutes: int = strawberry.field(description="How long a booking lasts, if nothing is said.")
    lengths_minutes: list[int] = strawberry.field(
        description="Lengths to choose from, one of which is taken as `durationMinutes`; shortest first."
    )
    needs_approval: bool = strawberry.field(description="Whether the host approves each booking first.")
    series_up_to: int | None = strawberry.field(
        description="Bookings that may be made as one series; null for none."
    )
    place_kind: PlaceKindType = strawberry.field(
        description="What kind of place it has; details are told after booking."
    )
    place_choices: list[PlaceKindType] = strawberry.field(
        description="Places to choose from, one of which `bookingCreate` takes as `placeKind`; else empty."
    )
    questions: list[QuestionType] = strawberry.field(description="What is asked when booking, in order.")
    cancellation_policy: str = strawberry.field(description="Owner's words on what if one cannot come.")
    zone: TimeZone = strawberry.field(description="Zone of the page, or else of the person who offers it.")

    @strawberry.field(
        description="Slots that begin in a window and may be booked now.",
        directives=[Cost(weight=20)],
        metadata=SHARED,
    )
    def open_slots(
        self,
        info: Info,
        window: Window,
        zone: ReadersZone = strawberry.UNSET,
        duration_minutes: Length = strawberry.UNSET,
    ) -> OpenSlotsType:
        """Ask the loader; who asks the same at once shares one answer."""
        if zone:
            check_zone(zone, "zone")
        length = None if duration_minutes is strawberry.UNSET else duration_minutes
        page = self.page.of_length(length, "durationMinutes")
        found = info.context.loaders.open_slots.load(FindSlots(page, window.from_, window.to))
        return shown(info, found, OpenSlotsType.of)

    @classmethod
    def of(cls, page: BookingPage, owner: User) -> Self:
        """Shape a page for everybody."""
        return cls(
            page=page,
            slug=f"{owner.handle}/{page.slug}",
            name=page.name,
            description=page.description,
            host=HostType.of(owner),
            kind=PageKindType(page.kind.value),
            seats=page.capacity if page.kind is PageKind.GROUP else None,
            duration_minutes=page.rules.duration_minutes,
            lengths_minutes=list(page.rules.lengths),
            needs_approval=page.conditions.approval_within is not None,
            series_up_to=page.conditions.series_up_to,
            place_kind=PlaceKindType(page.place.kind.value),
            place_choices=[PlaceKindType(choice.kind.value) for choice in page.place.choices],
            questions=[QuestionType.of(question) for question in page.questions if question.is_enabled],
            cancellation_policy=page.cancellation_policy,
            zone=TimeZone(page.rules.zone or owner.zone),
        )


@strawberry.type(name="Profile", description="Public list of a user's pages.")
class ProfileType:
    """What everybody sees under a handle."""

    name: str = strawberry.field(description="Name of the user.")
    handle: str = strawberry.field(description="Public name in links.")
    pages: list[PublicBookingPageType] = strawberry.field(
        description="Active pages that are not hidden, oldest first; 100 at most."
    )

    @classmethod
    def of(cls, owner: User, pages: tuple[BookingPage, ...]) -> Self:
        """Shape a profile."""
        return cls(
            name=owner.name,
            handle=owner.handle,
            pages=[PublicBookingPageType.of(page, owner) for page in pages],
        )
