"""What is asked of booking pages by their owners, and what comes of it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import UNSET

from domain.booking_pages import CalendarPolicy, PageKind, Question, QuestionFormat
from domain.errors import InvalidInput
from domain.ids import CalendarId, ScheduleId
from domain.slots import Caps, DateRange, GridOrigin, RollingBusinessDays, RollingDays, Unlimited
from schema.availability import WeekdayType, weekday_number
from schema.booking_pages import (
    BookingPageType,
    BookingWindowKindType,
    CalendarPolicyType,
    GridOriginType,
    PageKindType,
    QuestionFormatType,
)
from schema.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from schema.managed_pages import PageManagedError
from schema.nodes import id_of
from schema.organizations import NotEntitledError
from schema.page_rules import PageRulesInput, said_rules
from schema.places import PlaceInput, said_place
from schema.scalars import TimeZone
from schema.statuses import StatusRuleInput, said_status_rule

V = TypeVar("V")

_CLEARED_BY_NULL = frozenset({"interval_minutes", "zone", "schedule_id", "calendar_id"})


@strawberry.input(description="How far ahead one may book.")
class BookingWindowInput:
    """Twin of the booking window of domain.slots.Rules."""

    kind: BookingWindowKindType = strawberry.field(description="Kind of window.")
    days: int | None = strawberry.field(default=UNSET, description="How many days, where the window rolls.")
    first: date | None = strawberry.field(default=UNSET, description="First date of a range.")
    last: date | None = strawberry.field(default=UNSET, description="Last date of a range.")


@strawberry.input(description="Most bookings, or booked minutes; what is unsaid is uncapped.")
class CapsInput:
    """Twin of domain.slots.Caps."""

    per_day: int | None = strawberry.field(default=UNSET, description="Most bookings a day.")
    per_week: int | None = strawberry.field(default=UNSET, description="Most bookings a week.")
    per_month: int | None = strawberry.field(default=UNSET, description="Most bookings a month.")
    per_day_minutes: int | None = strawberry.field(default=UNSET, description="Most booked minutes a day.")
    per_year: int | None = strawberry.field(default=UNSET, description="Most bookings a year.")
    per_year_minutes: int | None = strawberry.field(default=UNSET, description="Most booked minutes a year.")
    per_week_minutes: int | None = strawberry.field(default=UNSET, description="Most booked minutes a week.")
    per_month_minutes: int | None = strawberry.field(
        default=UNSET, description="Most booked minutes a month."
    )
    week_start: WeekdayType | None = strawberry.field(
        default=UNSET, description="First day of a week; Monday if unsaid."
    )


@strawberry.input(description="Something to ask an invitee when booking.")
class QuestionInput:
    """Twin of domain.booking_pages.Question."""

    key: str | None = strawberry.field(
        default=UNSET, description="Key of a question that is kept; left out for a new one."
    )
    label: str = strawberry.field(description="Question itself, 1 to 200 characters.")
    format: QuestionFormatType = strawberry.field(description="What kind of answer it takes.")
    choices: list[str] | None = strawberry.field(
        default=UNSET, description="1 to 50 choices, where the format has them."
    )
    is_required: bool | None = strawberry.field(
        default=UNSET, description="Whether it has to be answered; it has not if unsaid."
    )
    is_enabled: bool | None = strawberry.field(
        default=UNSET, description="Whether it is asked at all; it is if unsaid."
    )
    takes_other: bool | None = strawberry.field(
        default=UNSET, description="Whether one answer may be in own words; it may not if unsaid."
    )


@strawberry.input(description="Settings of a page that may be left out.")
class BookingPageOptionsInput:
    """What creating and changing have in common."""

    description: str | None = strawberry.field(
        default=UNSET, description="Words about it for invitees, 5,000 characters at most."
    )
    kind: PageKindType | None = strawberry.field(
        default=UNSET, description="How many book one slot; one at first."
    )
    capacity: int | None = strawberry.field(
        default=UNSET, description="Seats of a slot: 1, or 2 to 1,000 on a group page."
    )
    interval_minutes: int | None = strawberry.field(
        default=UNSET, description="Minutes from one start to the next; null for the length."
    )
    grid_origin: GridOriginType | None = strawberry.field(
        default=UNSET, description="From where starts are counted; opening windows at first."
    )
    buffer_before_minutes: int | None = strawberry.field(
        default=UNSET, description="Minutes kept free before a booking, 1,440 at most."
    )
    buffer_after_minutes: int | None = strawberry.field(
        default=UNSET, description="Minutes kept free after a booking, 1,440 at most."
    )
    notice_minutes: int | None = strawberry.field(
        default=UNSET, description="How long before its start a slot is last offered; a year at most."
    )
    window: BookingWindowInput | None = strawberry.field(
        default=UNSET, description="How far ahead one may book; 60 days at first."
    )
    caps: CapsInput | None = strawberry.field(
        default=UNSET, description="Most bookings a day, week, month or year; uncapped at first."
    )
    zone: TimeZone | None = strawberry.field(
        default=UNSET, description="Zone in which days are counted; null for that of the schedule."
    )
    questions: list[QuestionInput] | None = strawberry.field(
        default=UNSET, description="All that invitees are asked, in order; 10 at most."
    )
    reminder_minutes: list[int] | None = strawberry.field(
        default=UNSET, description="How long before the start reminders go out; 5 at most, a day at first."
    )
    invitation: str | None = strawberry.field(
        default=UNSET, description="Words in the calendar invitation, 5,000 characters at most."
    )
    cancellation_policy: str | None = strawberry.field(
        default=UNSET, description="Words on what if one cannot come, 5,000 characters at most."
    )
    cancel_until_minutes: int | None = strawberry.field(
        default=UNSET, description="How long before the start an invitee may still cancel; 0 at first."
    )
    reschedule_until_minutes: int | None = strawberry.field(
        default=UNSET, description="How long before the start an invitee may still reschedule; 0 at first."
    )
    calendar_policy: CalendarPolicyType | None = strawberry.field(
        default=UNSET, description="What a host without any calendar means; a calendar is required at first."
    )
    status_rule: StatusRuleInput | None = strawberry.field(
        default=UNSET, description="Which calendar entries take a host's time; as usual at first."
    )
    follows_calendar: bool | None = strawberry.field(
        default=UNSET,
        description="Whether an entry that its host moves moves the booking; false at first.",
    )
    is_active: bool | None = strawberry.field(
        default=UNSET, description="Whether anybody but the owner can see and book it; true at first."
    )
    is_hidden: bool | None = strawberry.field(
        default=UNSET, description="Whether it is left out of the profile; false at first."
    )
    is_secret: bool | None = strawberry.field(
        default=UNSET,
        description="Whether its public link opens nothing, and only secret links do; false at first.",
    )


@strawberry.input(description="What belongs to the owner of a page.")
class BookingPageOwnInput:
    """Of the owner's schedules and calendars, which no template can name."""

    schedule_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Schedule of the owner that applies; null for the default one."
    )
    calendar_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="Calendar of the owner's that its bookings are written into; null for the usual one.",
    )


@strawberry.input(description="Settings without which there is no page.")
class BookingPageEssentialsInput:
    """What creating needs."""

    slug: str = strawberry.field(description="Its own part of the link, 1 to 64 of a–z, 0–9 and -.")
    name: str = strawberry.field(description="Name that invitees see, 1 to 100 characters.")
    duration_minutes: int = strawberry.field(description="How long a booking lasts, 5 to 1,440 minutes.")
    place: PlaceInput | None = strawberry.field(
        default=UNSET, description="Where it happens; in person, at an address told later, if unsaid."
    )


@strawberry.input(description="Page to change, and settings that every page has.")
class BookingPageChangedInput:
    """What is changed."""

    id: strawberry.ID = strawberry.field(description="Page to change.")
    expected_revision: int | None = strawberry.field(
        default=UNSET, description="Revision that the owner saw; another one is a conflict."
    )
    slug: str | None = strawberry.field(
        default=UNSET, description="Its own part of the link; the old link ends."
    )
    name: str | None = strawberry.field(default=UNSET, description="Name that invitees see.")
    duration_minutes: int | None = strawberry.field(default=UNSET, description="How long a booking lasts.")
    place: PlaceInput | None = strawberry.field(
        default=UNSET, description="Where new bookings happen; those that were made stay where they are."
    )


@strawberry.input(description="All settings of a page that a template can say, some of them needed.")
class NewPageInput(BookingPageEssentialsInput, BookingPageOptionsInput, PageRulesInput):
    """What making a page and making a template have in common."""


@strawberry.input(description="All settings of a page that a template can say; what is unsaid stays.")
class ChangedPageInput(BookingPageChangedInput, BookingPageOptionsInput, PageRulesInput):
    """What changing a page and changing a template have in common."""


@strawberry.input(description="Page to make.")
class BookingPageCreateInput(NewPageInput, BookingPageOwnInput):
    """What bookingPageCreate takes."""


@strawberry.input(description="Change of a page; what is unsaid stays.")
class BookingPageUpdateInput(ChangedPageInput, BookingPageOwnInput):
    """What bookingPageUpdate takes."""


@strawberry.input(description="Page to remove.")
class BookingPageDeleteInput:
    """What bookingPageDelete takes."""

    id: strawberry.ID = strawberry.field(description="Page to remove for good; its bookings live on.")


@strawberry.type(description="Page that was made.")
class BookingPageCreatePayload:
    """What comes of bookingPageCreate."""

    booking_page: BookingPageType = strawberry.field(description="New page.")


@strawberry.type(description="Page as it is after the change.")
class BookingPageUpdatePayload:
    """What comes of bookingPageUpdate."""

    booking_page: BookingPageType = strawberry.field(description="Changed page.")


@strawberry.type(description="Page that was removed.")
class BookingPageDeletePayload:
    """What comes of bookingPageDelete."""

    booking_page_id: strawberry.ID = strawberry.field(description="Id of the removed page.")


BookingPageCreateResult = Annotated[
    BookingPageCreatePayload
    | NotEntitledError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError,
    strawberry.union("BookingPageCreateResult", description="What comes of making a page."),
]
BookingPageUpdateResult = Annotated[
    BookingPageUpdatePayload
    | PageManagedError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError,
    strawberry.union("BookingPageUpdateResult", description="What comes of changing a page."),
]
BookingPageDeleteResult = Annotated[
    BookingPageDeletePayload | PageManagedError | NotFoundError | NotAllowedError,
    strawberry.union("BookingPageDeleteResult", description="What comes of removing a page."),
]


def said_settings(given: NewPageInput | ChangedPageInput) -> dict[str, Any]:
    """Read what was said of a page or a template, under the names of domain.page_settings.PageSettings.

    Null is as good as unsaid, but for what null clears. Raises InvalidInput and NotFound that name the field.
    """
    said: dict[str, Any] = {
        "slug": given.slug,
        "name": given.name,
        "duration_minutes": given.duration_minutes,
        "place": _read(given.place, said_place),
        "description": given.description,
        "kind": _read(given.kind, lambda kind: PageKind(kind.value)),
        "capacity": given.capacity,
        "interval_minutes": given.interval_minutes,
        "grid_origin": _read(given.grid_origin, lambda origin: GridOrigin(origin.value)),
        "buffer_before_minutes": given.buffer_before_minutes,
        "buffer_after_minutes": given.buffer_after_minutes,
        "notice_minutes": given.notice_minutes,
        "window": _read(given.window, _window),
        "caps": _read(given.caps, said_caps),
        "zone": given.zone,
        "questions": _read(given.questions, lambda questions: tuple(map(said_question, questions))),
        "reminders": _read(given.reminder_minutes, lambda minutes: tuple(map(_minutes, minutes))),
        "invitation": given.invitation,
        "cancellation_policy": given.cancellation_policy,
        "cancel_until": _read(given.cancel_until_minutes, _minutes),
        "reschedule_until": _read(given.reschedule_until_minutes, _minutes),
        "calendar_policy": _read(given.calendar_policy, lambda policy: CalendarPolicy(policy.value)),
        "status_rule": _read(given.status_rule, said_status_rule),
        "follows_calendar": given.follows_calendar,
        "is_active": given.is_active,
        "is_hidden": given.is_hidden,
        "is_secret": given.is_secret,
        **said_rules(given),
    }
    if isinstance(given, BookingPageOwnInput):
        said |= _said_of_own(given)
    return {
        name: value
        for name, value in said.items()
        if value is not UNSET and (value is not None or name in _CLEARED_BY_NULL)
    }


def _said_of_own(given: BookingPageOwnInput) -> dict[str, Any]:
    return {
        "schedule_id": _read(given.schedule_id, lambda id_: ScheduleId(id_of("Schedule", id_, "scheduleId"))),
        "calendar_id": _read(given.calendar_id, lambda id_: CalendarId(id_of("Calendar", id_, "calendarId"))),
    }


def _read(value: V | None, read: Callable[[V], object]) -> object:
    return value if value is None or value is UNSET else read(value)


def _known(value: V | None) -> V | None:
    return None if value is UNSET else value


def _minutes(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)


def _window(given: BookingWindowInput) -> Unlimited | RollingDays | RollingBusinessDays | DateRange:
    if given.kind is BookingWindowKindType.UNLIMITED:
        return Unlimited()
    if given.kind is BookingWindowKindType.DATE_RANGE:
        if not given.first or not given.last:
            raise InvalidInput("A range of dates has a first and a last one.", "window", "first")
        return DateRange(given.first, given.last)
    days = _known(given.days)
    if days is None:
        raise InvalidInput("A window that rolls has a number of days.", "window", "days")
    is_plain = given.kind is BookingWindowKindType.ROLLING_DAYS
    return RollingDays(days) if is_plain else RollingBusinessDays(days)


def said_caps(given: CapsInput) -> Caps:
    """Read caps; what is unsaid is uncapped."""
    return Caps(
        per_day=_known(given.per_day),
        per_week=_known(given.per_week),
        per_month=_known(given.per_month),
        per_day_minutes=_known(given.per_day_minutes),
        per_week_minutes=_known(given.per_week_minutes),
        per_month_minutes=_known(given.per_month_minutes),
        per_year=_known(given.per_year),
        per_year_minutes=_known(given.per_year_minutes),
        week_start=weekday_number(given.week_start or WeekdayType.MONDAY),
    )


def said_question(given: QuestionInput) -> Question:
    """Read a question; one without a key is new."""
    return Question(
        key=given.key or "",
        label=given.label,
        format=QuestionFormat(given.format.value),
        choices=tuple(given.choices or ()),
        is_required=given.is_required or False,
        is_enabled=_known(given.is_enabled) is not False,
        takes_other=given.takes_other or False,
    )
