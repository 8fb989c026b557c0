"""Who is told what: the kinds of mail, their readers, and the facts a mail is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from domain.effects import EffectKind
from domain.ids import PageId


class Telling(StrEnum):
    """What a mail says."""

    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    REASSIGNED = "reassigned"
    RELIEVED = "relieved"
    SIGN_IN_CODE = "sign_in_code"
    BOOKING_CODE = "booking_code"
    RECONNECT = "reconnect"
    LINK = "link"
    MEETING_FAILED = "meeting_failed"
    UNWRITTEN = "unwritten"
    REQUESTED = "requested"
    DECLINED = "declined"
    LAPSED = "lapsed"
    SERIES = "series"
    SERIES_CANCELLED = "series_cancelled"
    INVITATION = "invitation"
    WAITING = "waiting"
    OFFERED = "offered"
    REMOVED = "removed"
    DELEGATE_INVITATION = "delegate_invitation"
    DELEGATED = "delegated"
    POLL_INVITATION = "poll_invitation"
    POLL_REMINDER = "poll_reminder"
    BALLOT = "ballot"
    POLL_OVER = "poll_over"
    POLL_OPENED = "poll_opened"
    POLL_STUCK = "poll_stuck"
    POLL_CLOSED = "poll_closed"
    STAND_IN_ASKED = "stand_in_asked"
    STAND_IN_DECLINED = "stand_in_declined"
    STAND_IN_OVER = "stand_in_over"
    PAGE_GIVEN = "page_given"


class Audience(StrEnum):
    """On which side of a booking the reader stands."""

    INVITEE = "invitee"
    HOST = "host"


TELLS: Mapping[EffectKind, tuple[Telling, Audience]] = MappingProxyType(
    {
        EffectKind.TELL_INVITEE_CONFIRMED: (Telling.CONFIRMED, Audience.INVITEE),
        EffectKind.TELL_HOST_CONFIRMED: (Telling.CONFIRMED, Audience.HOST),
        EffectKind.TELL_INVITEE_RESCHEDULED: (Telling.RESCHEDULED, Audience.INVITEE),
        EffectKind.TELL_HOST_RESCHEDULED: (Telling.RESCHEDULED, Audience.HOST),
        EffectKind.TELL_INVITEE_CANCELLED: (Telling.CANCELLED, Audience.INVITEE),
        EffectKind.TELL_HOST_CANCELLED: (Telling.CANCELLED, Audience.HOST),
        EffectKind.TELL_INVITEE_REASSIGNED: (Telling.REASSIGNED, Audience.INVITEE),
        EffectKind.TELL_HOST_REASSIGNED: (Telling.REASSIGNED, Audience.HOST),
        EffectKind.TELL_HOST_RELIEVED: (Telling.RELIEVED, Audience.HOST),
        EffectKind.REMIND_INVITEE: (Telling.REMINDER, Audience.INVITEE),
        EffectKind.REMIND_HOST: (Telling.REMINDER, Audience.HOST),
        EffectKind.TELL_INVITEE_LINK: (Telling.LINK, Audience.INVITEE),
        EffectKind.TELL_HOST_LINK: (Telling.LINK, Audience.HOST),
        EffectKind.TELL_INVITEE_REQUESTED: (Telling.REQUESTED, Audience.INVITEE),
        EffectKind.TELL_HOST_REQUESTED: (Telling.REQUESTED, Audience.HOST),
        EffectKind.TELL_INVITEE_DECLINED: (Telling.DECLINED, Audience.INVITEE),
        EffectKind.TELL_INVITEE_LAPSED: (Telling.LAPSED, Audience.INVITEE),
        EffectKind.TELL_HOST_LAPSED: (Telling.LAPSED, Audience.HOST),
        EffectKind.TELL_INVITEE_SERIES: (Telling.SERIES, Audience.INVITEE),
        EffectKind.TELL_HOST_SERIES: (Telling.SERIES, Audience.HOST),
        EffectKind.TELL_INVITEE_SERIES_CANCELLED: (Telling.SERIES_CANCELLED, Audience.INVITEE),
        EffectKind.TELL_HOST_SERIES_CANCELLED: (Telling.SERIES_CANCELLED, Audience.HOST),
    }
)
OF_SERIES = frozenset(
    kind for kind, (telling, _) in TELLS.items() if telling in (Telling.SERIES, Telling.SERIES_CANCELLED)
)
OF_POLLS = frozenset(
    {
        EffectKind.INVITE_VOTER,
        EffectKind.REMIND_VOTER,
        EffectKind.TELL_BALLOT,
        EffectKind.TELL_POLL_OVER,
        EffectKind.TELL_POLL_OPENED,
        EffectKind.TELL_POLL_STUCK,
        EffectKind.TELL_POLL_CLOSED,
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a mail; `address` is as `email_address` gave it."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a mail is written: its times are in `zone`, its words in `locale`."""

    name: str
    address: str
    zone: str
    locale: str
    audience: Audience


@dataclass(frozen=True, slots=True)
class UnwrittenEntry:
    """What a host is told of a booking that could be written into no calendar of theirs."""

    page_name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class GivenPage:
    """What a member is told of a page that a template has made; `team` is whose managers keep that."""

    page: PageId
    name: str
    link: str
    team: str | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class MeetingPlace:
    """Where a booking happens: words, and a link if there is one, or a promise that it follows."""

    text: str = ""
    url: str | None = None
    link_follows: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the invitee answered to a question of the page."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class BookingFacts:
    """Everything that the mails about one seat may say. Instants are aware UTC.

    `booking` names in the reader's calendar what they have booked, for all its life: for a seat in a
    shared session that is the seat, which may move to another. `sequence` grows with every change of
    time or state. `invitation` and `cancellation_policy` are the host's words, never a template.
    `manage_url` is the invitee's secret link, `dashboard_url` the host's. `booking_stands` says that
    a cancelled seat leaves others in the session. `reminder_minutes` tells one reminder from another.
    `times` are those of all bookings of a series that a mail is about, in order. `resources` are the names
    of rooms and equipment beside the place.
    """

    booking: str
    sequence: int
    page_name: str
    start: datetime
    end: datetime
    hosts: tuple[Person, ...]
    invitee: Person
    invitee_zone: str
    invitee_locale: str
    manage_url: str
    dashboard_url: str
    place: MeetingPlace = MeetingPlace()
    old_start: datetime | None = None
    description: str = ""
    invitation: str = ""
    cancellation_policy: str = ""
    answers: tuple[Answer, ...] = ()
    cancel_reason: str = ""
    booking_stands: bool = False
    reminder_minutes: int | None = None
    times: tuple[tuple[datetime, datetime], ...] = ()
    resources: tuple[str, ...] = ()
