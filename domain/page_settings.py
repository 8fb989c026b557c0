"""What an owner sets on a booking page, and which of it is possible."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.addresses import display_text
from domain.booking_pages import (
    BookingPage,
    CalendarPolicy,
    Conditions,
    PageHost,
    PageKind,
    Place,
    PlaceKind,
    Question,
)
from domain.booking_questions import checked_questions
from domain.errors import InvalidInput
from domain.ids import CalendarId, OrganizationId, PageId, ScheduleId, UserId
from domain.page_hosts import check_assignment
from domain.places import check_asks, checked_page_place
from domain.series import MOST
from domain.slots import Caps, DateRange, GridOrigin, RollingBusinessDays, RollingDays, Rules, Unlimited
from domain.statuses import USUAL, StatusRule
from domain.waitlist import LONGEST_OFFER, SHORTEST_OFFER

MAX_PAGES = 100
SHORTEST_MINUTES = 5
MAX_NAME = 100
MAX_WORDS = 5000
MAX_SEATS = 1000
MAX_UPCOMING = 100
MAX_APPROVAL = timedelta(days=30)
MAX_REMINDERS = 5
MAX_REMINDER = timedelta(days=30)
MAX_DEADLINE = timedelta(days=366)

_SLUG = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_MINUTE = timedelta(minutes=1)
_FIVE_MINUTES = timedelta(minutes=5)
_DAY = timedelta(days=1)
_TWO = 2
_TOLD_LATER = Place(PlaceKind.IN_PERSON, "")
_TWO_MONTHS = RollingDays(60)


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Everything of a page that its owner sets.

    No `schedule_id`: the owner's default schedule. No `calendar_id`: the calendar that receives all of the
    owner's bookings.
    """

    slug: str
    name: str
    duration_minutes: int
    place: Place = _TOLD_LATER
    description: str = ""
    kind: PageKind = PageKind.ONE_TO_ONE
    capacity: int = 1
    interval_minutes: int | None = None
    grid_origin: GridOrigin = GridOrigin.OPENING
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    notice_minutes: int = 0
    window: Unlimited | RollingDays | RollingBusinessDays | DateRange = _TWO_MONTHS
    caps: Caps = field(default_factory=Caps)
    zone: str | None = None
    schedule_id: ScheduleId | None = None
    questions: Sequence[Question] = ()
    reminders: Sequence[timedelta] = (_DAY,)
    invitation: str = ""
    cancellation_policy: str = ""
    cancel_until: timedelta = timedelta(0)
    reschedule_until: timedelta = timedelta(0)
    calendar_policy: CalendarPolicy = CalendarPolicy.REQUIRED
    status_rule: StatusRule = USUAL
    follows_calendar: bool = False
    calendar_id: CalendarId | None = None
    is_active: bool = True
    is_hidden: bool = False
    is_secret: bool = False
    other_lengths: Sequence[int] = ()
    conditions: Conditions = field(default_factory=Conditions)


def settings_of(page: BookingPage) -> PageSettings:
    """Give what a page's owner has set."""
    rules = page.rules
    own = [host.schedule_id for host in page.hosts if host.user_id == page.owner_id]
    return PageSettings(
        slug=page.slug,
        name=page.name,
        duration_minutes=rules.duration_minutes,
        place=page.place,
        description=page.description,
        kind=page.kind,
        capacity=page.capacity,
        interval_minutes=rules.interval_minutes,
        grid_origin=rules.grid_origin,
        buffer_before_minutes=rules.buffer_before_minutes,
        buffer_after_minutes=rules.buffer_after_minutes,
        notice_minutes=rules.notice_minutes,
        window=rules.window,
        caps=rules.caps,
        zone=rules.zone,
        schedule_id=own[0] if own else None,
        questions=page.questions,
        reminders=page.reminders,
        invitation=page.invitation,
        cancellation_policy=page.cancellation_policy,
        cancel_until=page.cancel_until,
        reschedule_until=page.reschedule_until,
        calendar_policy=page.calendar_policy,
        status_rule=rules.status_rule,
        follows_calendar=page.follows_calendar,
        calendar_id=page.calendar_id,
        is_active=page.is_active,
        is_hidden=page.is_hidden,
        is_secret=page.is_secret,
        other_lengths=rules.other_lengths,
        conditions=page.conditions,
    )


def new_page(
    page_id: PageId, organization_id: OrganizationId, owner_id: UserId, wanted: PageSettings, now: datetime
) -> BookingPage:
    """Make the first revision of a page, with its owner as the host; InvalidInput names the field."""
    blank = BookingPage(
        id=page_id,
        organization_id=organization_id,
        owner_id=owner_id,
        slug="",
        kind=wanted.kind,
        name="",
        description="",
        place=wanted.place,
        rules=Rules(duration_minutes=1),
        questions=(),
        capacity=1,
        reminders=(),
        invitation="",
        cancellation_policy="",
        cancel_until=timedelta(0),
        reschedule_until=timedelta(0),
        calendar_policy=wanted.calendar_policy,
        follows_calendar=wanted.follows_calendar,
        hosts=(PageHost(owner_id, None),),
        is_active=False,
        is_hidden=False,
        revision=1,
        created_at=now,
    )
    return with_settings(blank, wanted)


def with_settings(page: BookingPage, wanted: PageSettings) -> BookingPage:
    """Check and clean settings and give the page with them; InvalidInput names the field.

    Hosts other than the owner stay, and so does how they share the page's bookings.
    """
    place = checked_page_place(wanted.place, wanted.kind)
    questions = checked_questions(wanted.questions)
    check_assignment(wanted.kind, page.rules.assignment, "kind")
    if wanted.is_active and all(host.is_fixed for host in page.hosts):
        raise InvalidInput("Nobody takes this page's bookings any more. Set its hosts first.", "isActive")
    check_asks(place, questions)
    return replace(
        page,
        slug=checked_slug(wanted.slug, "slug"),
        name=display_text(wanted.name, MAX_NAME, "name"),
        description=_words(wanted.description, "description"),
        kind=wanted.kind,
        capacity=checked_capacity(wanted.kind, wanted.capacity, "capacity"),
        place=place,
        rules=_rules(page.rules, wanted),
        questions=questions,
        reminders=checked_reminders(wanted.reminders, "reminderMinutes"),
        invitation=_words(wanted.invitation, "invitation"),
        cancellation_policy=_words(wanted.cancellation_policy, "cancellationPolicy"),
        cancel_until=_deadline(wanted.cancel_until, "cancelUntilMinutes"),
        reschedule_until=_deadline(wanted.reschedule_until, "rescheduleUntilMinutes"),
        calendar_policy=wanted.calendar_policy,
        follows_calendar=wanted.follows_calendar,
        calendar_id=wanted.calendar_id,
        hosts=tuple(
            replace(host, schedule_id=wanted.schedule_id) if host.user_id == page.owner_id else host
            for host in page.hosts
        ),
        is_active=wanted.is_active,
        is_hidden=wanted.is_hidden,
        is_secret=wanted.is_secret,
        conditions=checked_conditions(wanted.kind, wanted.conditions),
    )


def checked_slug(text: str, *path: str) -> str:
    """Check a page's part of its link: 1 to 64 of a–z, 0–9 and -."""
    if not _SLUG.fullmatch(text):
        raise InvalidInput("A link has 1 to 64 characters of a–z, 0–9 and -.", *path)
    return text


def checked_capacity(kind: PageKind, capacity: int, *path: str) -> int:
    """Check how many book one slot: one alone, or 2 to 1,000 seats."""
    if kind is PageKind.ONE_TO_ONE and capacity != 1:
        raise InvalidInput("A one-to-one page has one seat.", *path)
    if kind is PageKind.GROUP and not _TWO <= capacity <= MAX_SEATS:
        raise InvalidInput(f"A group page has 2 to {MAX_SEATS} seats.", *path)
    return capacity


def checked_reminders(reminders: Sequence[timedelta], *path: str) -> tuple[timedelta, ...]:
    """Check how long before the start reminders go out: the earliest mail first, none twice."""
    if len(reminders) > MAX_REMINDERS:
        raise InvalidInput(f"A page has at most {MAX_REMINDERS} reminders.", *path)
    if len(set(reminders)) < len(reminders):
        raise InvalidInput("Two reminders are due at the same time.", *path)
    if any(not _MINUTE <= reminder <= MAX_REMINDER for reminder in reminders):
        raise InvalidInput("A reminder is due a minute to 30 days before the start.", *path)
    return tuple(sorted(reminders, reverse=True))


def checked_conditions(kind: PageKind, conditions: Conditions) -> Conditions:
    """Check on what bookings depend; InvalidInput names the field."""
    most = conditions.upcoming_per_invitee
    if most is not None and not 1 <= most <= MAX_UPCOMING:
        raise InvalidInput(f"One invitee may have 1 to {MAX_UPCOMING} bookings.", "upcomingPerInvitee")
    if conditions.series_up_to is not None and not _TWO <= conditions.series_up_to <= MOST:
        raise InvalidInput(f"A series has 2 to {MOST} bookings.", "seriesUpTo")
    if conditions.series_up_to is not None and kind is PageKind.GROUP:
        raise InvalidInput("On a page with seats every session is booked by itself.", "seriesUpTo")
    within = conditions.approval_within
    if within is not None and not _FIVE_MINUTES <= within <= MAX_APPROVAL:
        raise InvalidInput("A host has 5 minutes to 30 days for an answer.", "approvalMinutes")
    if within is not None and (kind is PageKind.GROUP or conditions.series_up_to is not None):
        raise InvalidInput("Approval is for single bookings: no seats, no series.", "approvalMinutes")
    lasts = conditions.offer_lasts
    if lasts is not None and not SHORTEST_OFFER <= lasts <= LONGEST_OFFER:
        raise InvalidInput("An offer lasts 5 minutes to 2 days.", "waitlistOfferMinutes")
    return conditions


def _rules(rules: Rules, wanted: PageSettings) -> Rules:
    if wanted.duration_minutes < SHORTEST_MINUTES:
        raise InvalidInput("A booking lasts 5 to 1440 minutes.", "durationMinutes")
    if any(length < SHORTEST_MINUTES for length in wanted.other_lengths):
        raise InvalidInput("A booking lasts 5 to 1440 minutes.", "otherLengthsMinutes")
    others = tuple(sorted(set(wanted.other_lengths) - {wanted.duration_minutes}))
    if others and wanted.kind is PageKind.GROUP:
        raise InvalidInput("On a page with seats every booking has the same length.", "otherLengthsMinutes")
    if wanted.interval_minutes is not None and wanted.interval_minutes < SHORTEST_MINUTES:
        raise InvalidInput("Starts are 5 to 1440 minutes apart.", "intervalMinutes")
    return Rules(
        duration_minutes=wanted.duration_minutes,
        interval_minutes=wanted.interval_minutes,
        grid_origin=wanted.grid_origin,
        buffer_before_minutes=wanted.buffer_before_minutes,
        buffer_after_minutes=wanted.buffer_after_minutes,
        notice_minutes=wanted.notice_minutes,
        window=wanted.window,
        caps=wanted.caps,
        zone=wanted.zone,
        assignment=rules.assignment,
        status_rule=wanted.status_rule,
        other_lengths=others,
    )


def _words(text: str, name: str) -> str:
    return display_text(text, MAX_WORDS, name, is_required=False, keeps_lines=True)


def _deadline(until: timedelta, name: str) -> timedelta:
    if not timedelta(0) <= until <= MAX_DEADLINE:
        raise InvalidInput("A deadline is 0 minutes to 366 days before the start.", name)
    return until
