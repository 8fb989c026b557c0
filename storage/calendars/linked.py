"""Connections with their calendars and their sealed secret, as values, and how they are read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.calendars import Calendar, CalendarConnection, ConnectionState, Permission, Provider
from domain.ids import CalendarId, ConnectionId, OrganizationId, ResourceId, UserId
from storage.calendars.rows import CalendarRow, ConnectionRow
from storage.postgres import Record


@dataclass(frozen=True, slots=True)
class Linked:
    """A connection, its calendars in order of name, and the secret that opens it, sealed.

    `secret_version` grows each time a refresh token turns; it is 0 where a user entered the secret. Those
    `elsewhere` count on some page by its host's choice, as far as that was asked for.
    """

    connection: CalendarConnection
    username: str | None
    secret_sealed: bytes | None = field(repr=False)
    calendars: tuple[Calendar, ...]
    secret_version: int = 0
    subject: str | None = field(default=None, repr=False)
    elsewhere: frozenset[CalendarId] = frozenset()

    @property
    def is_usable(self) -> bool:
        """Whether the provider may be asked: connected, and the secret not refused."""
        return self.connection.state is ConnectionState.CONNECTED and self.secret_sealed is not None

    @property
    def counted(self) -> tuple[Calendar, ...]:
        """The calendars whose entries take the host's time where nothing else is chosen."""
        return tuple(calendar for calendar in self.calendars if calendar.counts_as_busy)


@dataclass(frozen=True, slots=True)
class HostCalendars:
    """Everything that says when a host, or a resource, is busy: connections, without those that ended.

    Empty for a host who ended them all: such a host took their time back, which is not the same as
    never having connected a calendar (D05, R081). `chosen` are the calendars that count on the page that
    is asked about, None for all that count where nothing is chosen.
    """

    host: UserId | ResourceId
    links: tuple[Linked, ...]
    chosen: frozenset[CalendarId] | None = None

    @property
    def lacks_chosen(self) -> bool:
        """Whether a calendar that was chosen is gone: what it would say cannot be known."""
        there = {calendar.id for linked in self.links for calendar in linked.calendars}
        return self.chosen is not None and not self.chosen <= there

    def counted(self, linked: Linked) -> tuple[Calendar, ...]:
        """Give the calendars of a connection whose entries take the host's time on the page."""
        if self.chosen is None:
            return linked.counted
        return tuple(calendar for calendar in linked.calendars if calendar.id in self.chosen)

    def asked(self, linked: Linked) -> tuple[Calendar, ...]:
        """Give the calendars that a connection is asked for at once: one answer serves all pages."""
        chosen = linked.elsewhere | (self.chosen or frozenset())
        return tuple(
            calendar for calendar in linked.calendars if calendar.counts_as_busy or calendar.id in chosen
        )


LINK_COLUMNS = (
    ConnectionRow.organization_id,
    ConnectionRow.id.label("connection_id"),
    ConnectionRow.user_id,
    ConnectionRow.provider,
    ConnectionRow.label,
    ConnectionRow.url,
    ConnectionRow.username,
    ConnectionRow.secret_sealed,
    ConnectionRow.state,
    ConnectionRow.failing_since,
    ConnectionRow.failure,
    ConnectionRow.created_at,
    ConnectionRow.version,
    ConnectionRow.missing,
    ConnectionRow.secret_version,
    ConnectionRow.subject,
    ConnectionRow.unheard_since,
    CalendarRow.id.label("calendar_id"),
    CalendarRow.remote_url,
    CalendarRow.name.label("calendar_name"),
    CalendarRow.zone.label("calendar_zone"),
    CalendarRow.counts_as_busy,
    CalendarRow.receives_bookings,
    CalendarRow.is_writable,
    CalendarRow.position,
)


LINK = """c.organization_id, c.id AS connection_id, c.user_id, c.provider, c.label, c.url, c.username,
    c.secret_sealed, c.state, c.failing_since, c.failure, c.created_at, c.version, c.missing,
    c.secret_version, c.subject, c.unheard_since, k.id AS calendar_id,
    k.remote_url, k.name AS calendar_name, k.zone AS calendar_zone, k.counts_as_busy, k.receives_bookings,
    k.is_writable, k.position"""


def links_of(rows: Iterable[Record]) -> list[Linked]:
    """Make links of rows, one a calendar, whose order is kept.

    They have LINK_COLUMNS, or what LINK says of `calendar_connections AS c` and `calendars AS k`.
    """
    first: dict[ConnectionId, Record] = {}
    calendars: dict[ConnectionId, list[Calendar]] = {}
    for row in rows:
        connection_id = ConnectionId(row["connection_id"])
        first.setdefault(connection_id, row)
        found = calendars.setdefault(connection_id, [])
        if row["calendar_id"] is not None:
            found.append(
                Calendar(
                    id=CalendarId(row["calendar_id"]),
                    connection_id=connection_id,
                    remote_url=row["remote_url"],
                    name=row["calendar_name"],
                    zone=row["calendar_zone"],
                    counts_as_busy=row["counts_as_busy"],
                    receives_bookings=row["receives_bookings"],
                    is_writable=row["is_writable"],
                    position=row["position"],
                )
            )
    return [
        Linked(
            _connection(row),
            row["username"],
            row["secret_sealed"],
            tuple(calendars[connection_id]),
            row["secret_version"],
            row["subject"],
        )
        for connection_id, row in first.items()
    ]


def _connection(row: Record) -> CalendarConnection:
    return CalendarConnection(
        id=ConnectionId(row["connection_id"]),
        organization_id=OrganizationId(row["organization_id"]),
        user_id=UserId(row["user_id"]),
        provider=Provider(row["provider"]),
        label=row["label"],
        url=row["url"],
        state=ConnectionState(row["state"]),
        failing_since=row["failing_since"],
        failure=row["failure"],
        created_at=row["created_at"],
        version=row["version"],
        missing=frozenset(Permission(name) for name in row["missing"]),
        unheard_since=row["unheard_since"],
    )
