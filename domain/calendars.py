"""What a user's calendars are to us: connections, calendars, busy times, and the entries that we write."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.ids import CalendarId, ConnectionId, OrganizationId, UserId
from domain.intervals import Span


class Provider(StrEnum):
    """What kind of account a connection leads to."""

    CALDAV = "caldav"
    ICS = "ics"


class ConnectionState(StrEnum):
    """Whether a connection can be used, and who has to act if it cannot."""

    CONNECTED = "connected"
    NEEDS_RECONNECTION = "needs_reconnection"
    DISCONNECTED = "disconnected"


class Freshness(StrEnum):
    """How old an answer about busy times is: asked just now, some seconds old, or not to be had."""

    LIVE = "live"
    RECENT = "recent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CalendarConnection:
    """A user's link to a provider's account, without what opens it.

    `failure` is the stable code of what went wrong last; it and `failing_since` are None while the
    connection works.
    """

    id: ConnectionId
    organization_id: OrganizationId
    user_id: UserId
    provider: Provider
    label: str
    url: str
    state: ConnectionState
    failing_since: datetime | None
    failure: str | None
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar of a connection and what its user lets it do; `zone` is where its whole days lie."""

    id: CalendarId
    connection_id: ConnectionId
    remote_url: str
    name: str
    zone: str | None
    counts_as_busy: bool
    receives_bookings: bool
    is_writable: bool


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """When somebody is busy: spans in order that neither touch nor overlap, in whole UTC minutes.

    A minute of which a part is busy is busy. Nothing tells what the time is taken by.
    """

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What we write into a host's calendar for a booking.

    The UID is always the same for one booking and host, so that writing twice makes one entry. The
    marker is known to nobody but us: what does not carry it is not ours.
    """

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str = field(repr=False)
    description: str = field(repr=False)
    place: str = field(repr=False)
    marker: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EntryRef:
    """Where an entry of ours stands at its provider, and its version there if the provider names one."""

    href: str = field(repr=False)
    etag: str | None


@dataclass(frozen=True, slots=True)
class EntryState:
    """How an entry of ours stands at its provider now; the host may have moved it."""

    start: datetime
    end: datetime
    sequence: int
