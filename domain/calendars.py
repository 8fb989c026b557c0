"""What a user's calendars are to us: connections, calendars, and the entries that we write."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.ids import BookingId, CalendarId, ConnectionId, OrganizationId, UserId


class Provider(StrEnum):
    """What kind of account a connection leads to."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    ZOOM = "zoom"
    CALDAV = "caldav"
    ICS = "ics"

    @property
    def is_granted(self) -> bool:
        """Whether its users grant access at the provider (OAuth), instead of entering a password here."""
        return self in (Provider.GOOGLE, Provider.MICROSOFT, Provider.ZOOM)

    @property
    def is_watched(self) -> bool:
        """Whether it pings us for each calendar that we ask it to; Zoom pings for all of an installation."""
        return self in (Provider.GOOGLE, Provider.MICROSOFT)


class ConnectionState(StrEnum):
    """Whether a connection can be used, and who has to act if it cannot."""

    CONNECTED = "connected"
    NEEDS_RECONNECTION = "needs_reconnection"
    DISCONNECTED = "disconnected"


class Permission(StrEnum):
    """What we ask a user for at a provider, in our own words; each may be denied there (granular consent)."""

    LIST_CALENDARS = "list_calendars"
    READ_BUSY = "read_busy"
    WRITE_ENTRIES = "write_entries"


class Freshness(StrEnum):
    """How old an answer about busy times is: asked just now, some seconds old, or not to be had."""

    LIVE = "live"
    RECENT = "recent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CalendarConnection:
    """A user's link to a provider's account, without what opens it.

    `failure` is the stable code of what went wrong last; it and `failing_since` are None while the
    connection works. `missing` is what its user denied us at the provider: what needs it is not tried.
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
    missing: frozenset[Permission] = frozenset()
    unheard_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar of a connection and what its user lets it do; `zone` is where its whole days lie.

    `position` is its place in the provider's own order, where an account's main calendar comes first.
    """

    id: CalendarId
    connection_id: ConnectionId
    remote_url: str
    name: str
    zone: str | None
    counts_as_busy: bool
    receives_bookings: bool
    is_writable: bool
    position: int = 0


def next_to_receive(connections: Iterable[Iterable[Calendar]]) -> Calendar | None:
    """Choose which calendar receives bookings where the one that did is gone; None where none can.

    The first that can be written to, in its provider's order, of the first connection that has one.
    """
    for calendars in connections:
        writable = [calendar for calendar in calendars if calendar.is_writable]
        if writable:
            return min(writable, key=lambda calendar: calendar.position)
    return None


class EntryMeeting(StrEnum):
    """A meeting that a provider makes together with an entry in its own calendar."""

    GOOGLE_MEET = "google_meet"
    TEAMS = "teams"


@dataclass(frozen=True, slots=True)
class Entry:
    """What we write into a host's calendar for a booking.

    The UID is always the same for one booking and host, so that writing twice makes one entry. The
    marker is known to nobody but us: what does not carry it is not ours. `zone` is the IANA name of the
    host's zone, in which a provider that wants one shows the entry. Nobody is invited by an entry:
    invitations are our own mails, so that nobody gets two.
    """

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str = field(repr=False)
    description: str = field(repr=False)
    place: str = field(repr=False)
    marker: str = field(repr=False)
    zone: str = "UTC"
    meeting: EntryMeeting | None = None

    @property
    def texts(self) -> str:
        """A digest of what people read in it: an entry whose texts are the same needs no new ones."""
        parts = (part.encode() for part in (self.summary, self.description, self.place))
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hashlib.sha256(framed).hexdigest()


@dataclass(frozen=True, slots=True)
class EntrySpot:
    """Where an entry of ours stands, or is to stand, as far as we know.

    `remote_id` is the provider's own name for it, None before the first write was seen to succeed.
    `start` and `end` are the times, and `texts` the digest, that were last written (None: never): a
    provider without ids of ours is searched there, and what the host has changed by hand since is left
    alone while we have nothing new to say about it.
    """

    calendar_url: str = field(repr=False)
    uid: str
    marker: str = field(repr=False)
    remote_id: str | None = field(default=None, repr=False)
    start: datetime | None = None
    end: datetime | None = None
    texts: str | None = None


@dataclass(frozen=True, slots=True)
class EntryRef:
    """How an entry of ours stands at its provider once written.

    `etag` is its version, where the provider names one. `join_url` leads into the meeting that was
    asked for with it; None with `is_meeting_pending` means that the provider is still making it.
    """

    remote_id: str = field(repr=False)
    etag: str | None = None
    join_url: str | None = field(default=None, repr=False)
    is_meeting_pending: bool = False


@dataclass(frozen=True, slots=True)
class EntryState:
    """How an entry of ours stands at its provider now; the host may have moved it.

    `sequence` is the number that we last wrote, 0 where the provider keeps none.
    """

    start: datetime
    end: datetime
    sequence: int = 0


class DriftKind(StrEnum):
    """How an entry in a host's calendar differs from the booking that it shows."""

    MOVED = "moved"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class EntryDrift:
    """What a host's hand did to an entry of ours, and the booking did not follow.

    `start` and `end` are the times at which the entry stands now; None where it was deleted.
    """

    booking_id: BookingId
    host_id: UserId
    kind: DriftKind
    start: datetime | None = None
    end: datetime | None = None
