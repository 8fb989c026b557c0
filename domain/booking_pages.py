"""Booking pages: what can be booked, by which rules, with which questions, and where it happens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.availability import Hours
from domain.errors import Conflict, InvalidInput
from domain.ids import (
    CalendarId,
    OrganizationId,
    PageId,
    PageLinkId,
    ResourceId,
    ScheduleId,
    TemplateId,
    UserId,
)
from domain.page_links import PageLink
from domain.resources import Pools
from domain.slots import Assignment, Rules

_MINUTE = timedelta(minutes=1)


class SlugTaken(Conflict):
    """The owner has another page with this link."""

    sentence = "Another page of yours has this link already."


class PageKind(StrEnum):
    """How many book one slot: one, or as many as there are seats."""

    ONE_TO_ONE = "one_to_one"
    GROUP = "group"


class PlaceKind(StrEnum):
    """Where it happens."""

    LINK = "link"
    IN_PERSON = "in_person"
    HOST_CALLS = "host_calls"
    INVITEE_CALLS = "invitee_calls"
    ZOOM_MEETING = "zoom_meeting"
    GOOGLE_MEET = "google_meet"
    TEAMS = "teams"
    INVITEE_CHOICE = "invitee_choice"

    @property
    def is_online(self) -> bool:
        """Whether a meeting is made for each booking, whose link is then its details."""
        return self in (PlaceKind.ZOOM_MEETING, PlaceKind.GOOGLE_MEET, PlaceKind.TEAMS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happens; `details` is the link, the address or the number to call, by kind.

    Where the host calls, the invitee gives the number when booking, and `details` is empty; so they are
    where a meeting is made for each booking. `choices` are what an invitee may choose from, each of a kind
    of its own; a booking has one of them.
    """

    kind: PlaceKind
    details: str
    choices: tuple["Place", ...] = ()


class QuestionFormat(StrEnum):
    """The six kinds of question that Zoom Scheduler has."""

    STRING = "string"  # one line
    TEXT = "text"  # several lines
    PHONE_NUMBER = "phone_number"
    CHOICES_ONE = "choices_one"  # radio buttons
    CHOICES_MANY = "choices_many"  # check boxes
    SELECT = "select"  # one of a drop-down list


@dataclass(frozen=True, slots=True)
class Question:
    """Something an invitee is asked when booking.

    `key` is stable over edits, so that answers keep their meaning; `takes_other` lets an invitee
    answer a choice question in words of their own.
    """

    key: str
    label: str
    format: QuestionFormat
    choices: tuple[str, ...]
    is_required: bool
    is_enabled: bool
    takes_other: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What an invitee answered; several values only for CHOICES_MANY.

    `label` is the question as it was asked.
    """

    key: str
    label: str
    values: tuple[str, ...]


class CalendarPolicy(StrEnum):
    """What a host without any connected calendar means (D05). A broken calendar is never ignored."""

    REQUIRED = "required"
    IGNORE_UNCONNECTED = "ignore_unconnected"


class HostPriority(StrEnum):
    """Who is asked first where any host takes a booking: all of the first class who are free, and so on."""

    HIGHEST = "highest"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Turns(StrEnum):
    """What matters more where any host takes a booking: that times are offered, or an even share."""

    AVAILABILITY = "availability"
    FAIRNESS = "fairness"


@dataclass(frozen=True, slots=True)
class PageHost:
    """A host of a page and the schedule that applies there; None is the host's default schedule.

    Where any host takes a booking, those who are `is_fixed` take every one, and the others take turns.
    `counted` are those of their calendars that count here, by their own choice; None for all that count
    on their other pages. It is kept when a calendar is gone: the host is unknown then, and never freer.
    """

    user_id: UserId
    schedule_id: ScheduleId | None
    is_fixed: bool = False
    priority: HostPriority = HostPriority.MEDIUM
    weight: int = 100
    counted: frozenset[CalendarId] | None = None


@dataclass(frozen=True, slots=True)
class Sharing:
    """How hosts who take turns share a page's bookings.

    By FAIRNESS, who is `max_lead` bookings ahead of the lowest is not offered. Where it `keeps_host`, a
    booking stays with its host at another time too. Bookings count from `counted_from` on, if it is set.
    """

    turns: Turns = Turns.AVAILABILITY
    max_lead: int = 3
    keeps_host: bool = True
    counted_from: datetime | None = None


NO_TURNS = Sharing()


@dataclass(frozen=True, slots=True)
class Conditions:
    """On what a booking depends besides a free time.

    `upcoming_per_invitee` is how many bookings one address may have here that have not begun; None is any
    number. `series_up_to` is how many may be booked as one series; None is none. `approval_within` is how
    long the host has to approve a booking; None is a page whose bookings need no approval. `offer_lasts` is
    how long somebody who waits for a slot has to take it when it is free; None is a page without waitlists.
    """

    upcoming_per_invitee: int | None = None
    series_up_to: int | None = None
    approval_within: timedelta | None = None
    offer_lasts: timedelta | None = None


@dataclass(frozen=True, slots=True)
class BookingPage:
    """A page as its owner has set it up.

    `cancel_until` and `reschedule_until` are how long before the start an invitee may still do so
    (D10). `reminders` are how long before the start both sides are reminded. Where it `follows_calendar`,
    an entry that its host moves moves the booking, as far as the rules allow (X13). `calendar_id` is the
    owner's calendar into which its entries go; None for the one that receives all. `revision` grows with
    each change. `slug` is unique among the owner's pages; its link is `handle/slug`, which opens no page that
    `is_secret`. `link` is the secret one by which it was opened, and by whose terms it is as it is.
    `template_id` is the template that manages it, if one does.
    """

    id: PageId
    organization_id: OrganizationId
    owner_id: UserId
    slug: str
    kind: PageKind
    name: str
    description: str
    place: Place
    rules: Rules
    questions: tuple[Question, ...]
    capacity: int
    reminders: tuple[timedelta, ...]
    invitation: str
    cancellation_policy: str
    cancel_until: timedelta
    reschedule_until: timedelta
    calendar_policy: CalendarPolicy
    follows_calendar: bool
    hosts: tuple[PageHost, ...]
    is_active: bool
    is_hidden: bool
    revision: int
    created_at: datetime
    calendar_id: CalendarId | None = None
    conditions: Conditions = Conditions()
    sharing: Sharing = NO_TURNS
    requires: Pools = ()
    is_secret: bool = False
    link: PageLink | None = None
    template_id: TemplateId | None = None

    @property
    def resources(self) -> tuple[ResourceId, ...]:
        """All resources of which its bookings may take some."""
        return tuple(resource for pool in self.requires for resource in pool)

    @property
    def followed(self) -> frozenset[UUID]:
        """Name what its open slots follow from: the page, its hosts, its resources."""
        return frozenset((self.id, *(host.user_id for host in self.hosts), *self.resources))

    def with_hosts(self, hosts: Sequence[UserId]) -> "BookingPage":
        """Give the page as it is for a booking that keeps these hosts, whoever hosts the page otherwise."""
        by_id = {host.user_id: host for host in self.hosts}
        assignment = Assignment.ALL if len(hosts) > 1 else Assignment.ONE
        return replace(
            self,
            hosts=tuple(replace(by_id.get(host, PageHost(host, None)), is_fixed=False) for host in hosts),
            rules=replace(self.rules, assignment=assignment),
        )

    def by_link(self, link: PageLink | None) -> "BookingPage":
        """Give the page as it is for whoever has a link to it; by none, as it is."""
        if link is None:
            return self
        link = link.with_seats() if self.kind is PageKind.GROUP else link
        rules = link.settings.terms.applied_to(self.rules)
        conditions = replace(self.conditions, series_up_to=None)
        return replace(self, rules=rules, conditions=conditions, link=link)

    @property
    def link_id(self) -> PageLinkId | None:
        """The link by which it was opened."""
        return self.link.id if self.link else None

    def hours_of(self, host: UserId, usual: Hours) -> Hours:
        """Give the hours of a host who has these as usual: a link has a say over its maker's only."""
        is_maker = self.link is not None and host == self.link.made_by
        return self.link.settings.terms.hours_of(usual) if self.link and is_maker else usual

    @property
    def length(self) -> timedelta:
        """How long a booking lasts."""
        return timedelta(minutes=self.rules.duration_minutes)

    def calendar_of(self, host: UserId) -> CalendarId | None:
        """Give the calendar that the page names for a host's entries: it has a say over its owner's only."""
        return self.calendar_id if host == self.owner_id else None

    def counted_of(self, host: UserId) -> frozenset[CalendarId] | None:
        """Give the calendars that a host chose to count here; None for all that count elsewhere."""
        return next((one.counted for one in self.hosts if one.user_id == host), None)

    def lasting(self, length: timedelta) -> "BookingPage":
        """Give the page as it is for bookings of a length, be it one that it offers or not."""
        rules = self.rules.lasting(length // _MINUTE)
        return self if rules is self.rules else replace(self, rules=rules)

    def of_length(self, minutes: int | None, *path: str) -> "BookingPage":
        """Give the page for a length that an invitee chose, None for its own; InvalidInput for another."""
        if minutes is None or minutes == self.rules.duration_minutes:
            return self
        if minutes not in self.rules.lengths:
            raise InvalidInput("This page has no bookings of this length.", *path)
        return replace(self, rules=self.rules.lasting(minutes))
