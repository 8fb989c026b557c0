"""Calendar connections and calendars, what a person enters to connect one, and what can go wrong."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.calendars import Calendar, CalendarConnection, ConnectionState, Permission
from schema.errors import (
    ConflictError,
    ErrorType,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
)
from schema.nodes import NodeType, global_id


@strawberry.enum(name="CalendarProvider", description="Kind of account that holds calendars.")
class CalendarProviderEnum(Enum):
    """Twin of domain.calendars.Provider, and what people ask for that is none of ours."""

    GOOGLE = strawberry.enum_value("google", description="Google Calendar, by its user's consent.")
    MICROSOFT = strawberry.enum_value(
        "microsoft", description="Microsoft 365 or Outlook.com, by its user's consent."
    )
    ZOOM = strawberry.enum_value("zoom", description="Zoom Mail & Calendar, by its user's consent.")
    CALDAV = strawberry.enum_value(
        "caldav", description="Server that speaks CalDAV, like Nextcloud or Fastmail (beta)."
    )
    ICS = strawberry.enum_value("ics", description="Feed that can only be read (beta).")
    ICLOUD = strawberry.enum_value(
        "icloud", description="Apple's service, not supported as such; its CalDAV server can be tried."
    )


@strawberry.enum(name="CalendarConnectionState", description="Whether a connection can be used.")
class CalendarConnectionStateEnum(Enum):
    """Twin of domain.calendars.ConnectionState."""

    CONNECTED = strawberry.enum_value(ConnectionState.CONNECTED.value, description="Connection in use.")
    NEEDS_RECONNECTION = strawberry.enum_value(
        ConnectionState.NEEDS_RECONNECTION.value,
        description="Connection whose access was refused: its host is busy until it is opened again.",
    )
    DISCONNECTED = strawberry.enum_value(
        ConnectionState.DISCONNECTED.value, description="Connection that its user has ended."
    )


@strawberry.enum(
    name="CalendarPermission", description="What we ask a user for at a provider; each may be denied there."
)
class CalendarPermissionEnum(Enum):
    """Twin of domain.calendars.Permission."""

    LIST_CALENDARS = strawberry.enum_value(
        Permission.LIST_CALENDARS.value, description="See which calendars there are."
    )
    READ_BUSY = strawberry.enum_value(
        Permission.READ_BUSY.value, description="See when the user is busy, and nothing of what with."
    )
    WRITE_ENTRIES = strawberry.enum_value(
        Permission.WRITE_ENTRIES.value, description="Write, change and delete the entries of bookings."
    )


@strawberry.type(name="Calendar", description="Calendar of a connection, and what it is used for.")
class CalendarType(NodeType):
    """Twin of domain.calendars.Calendar."""

    name: str = strawberry.field(description="Name at the provider.")
    counts_as_busy: bool = strawberry.field(description="Whether its entries take the user's time.")
    receives_bookings: bool = strawberry.field(
        description="Whether bookings are written into it; at most one of a user's calendars."
    )
    is_writable: bool = strawberry.field(description="Whether the provider lets us write into it.")

    @classmethod
    def of(cls, calendar: Calendar) -> Self:
        """Shape a calendar."""
        return cls(
            id=global_id("Calendar", calendar.id),
            name=calendar.name,
            counts_as_busy=calendar.counts_as_busy,
            receives_bookings=calendar.receives_bookings,
            is_writable=calendar.is_writable,
        )


@strawberry.type(name="CalendarConnection", description="User's link to an account that holds calendars.")
class CalendarConnectionType(NodeType):
    """Twin of domain.calendars.CalendarConnection, for its user alone; no secret comes back."""

    provider: CalendarProviderEnum = strawberry.field(description="Kind of account.")
    label: str = strawberry.field(description="Name that the user gave it.")
    url: str = strawberry.field(description="Address of the server; of a feed only its origin.")
    state: CalendarConnectionStateEnum = strawberry.field(description="Whether it can be used.")
    failing_since: datetime | None = strawberry.field(description="When it began to fail, if it does.")
    failure: str | None = strawberry.field(description="Stable code of what fails, if something does.")
    missing_permissions: list[CalendarPermissionEnum] = strawberry.field(
        description="What its user denied us at the provider; what needs it is not tried."
    )
    unheard_since: datetime | None = strawberry.field(
        description="Since when its provider does not tell us of changes; they are found within hours."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    calendars: list[CalendarType] = strawberry.field(description="Its calendars, in order of name.")

    @classmethod
    def of(cls, connection: CalendarConnection, calendars: Iterable[Calendar]) -> Self:
        """Shape a connection with its calendars."""
        return cls(
            id=global_id("CalendarConnection", connection.id),
            provider=CalendarProviderEnum(connection.provider.value),
            label=connection.label,
            url=connection.url,
            state=CalendarConnectionStateEnum(connection.state.value),
            failing_since=connection.failing_since,
            failure=connection.failure,
            missing_permissions=[
                CalendarPermissionEnum(permission.value)
                for permission in Permission
                if permission in connection.missing
            ],
            unheard_since=connection.unheard_since,
            created_at=connection.created_at,
            calendars=[CalendarType.of(calendar) for calendar in calendars],
        )


@strawberry.type(name="ProviderUnsupportedError", description="Provider that we do not speak with.")
class ProviderUnsupportedError(ErrorType):
    """Twin of domain.connections.ProviderUnsupported."""


@strawberry.type(
    name="ProviderRefusedError",
    description="Server that could not be used, with one answer for every reason.",
)
class ProviderRefusedError(ErrorType):
    """Twin of domain.connections.ProviderRefused."""


@strawberry.input(description="Account to connect.")
class CalendarConnectInput:
    """What a person enters."""

    provider: CalendarProviderEnum = strawberry.field(description="Kind of account.")
    url: str = strawberry.field(description="Address of the server, of a calendar or of the feed.")
    username: str | None = strawberry.field(
        default=strawberry.UNSET, description="User name at the provider; a feed seldom has one."
    )
    password: str | None = strawberry.field(
        default=strawberry.UNSET, description="Password at the provider, best one made for us alone."
    )
    label: str | None = strawberry.field(
        default=strawberry.UNSET, description="Name for the connection; the server's name if unsaid."
    )


@strawberry.input(description="Other password for a connection.")
class CalendarReconnectInput:
    """What a person enters when a password was changed."""

    id: strawberry.ID = strawberry.field(description="Connection.")
    password: str = strawberry.field(description="Password that holds now.")
    username: str | None = strawberry.field(
        default=strawberry.UNSET, description="User name, where it has changed too."
    )


@strawberry.input(description="Use of one calendar; what is unsaid stays as it is.")
class CalendarUpdateInput:
    """What a user chooses."""

    id: strawberry.ID = strawberry.field(description="Calendar.")
    counts_as_busy: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether its entries take the user's time."
    )
    receives_bookings: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether bookings are written into it, and into no other."
    )


@strawberry.input(description="Connection to end.")
class CalendarDisconnectInput:
    """What a user ends."""

    id: strawberry.ID = strawberry.field(description="Connection.")


@strawberry.type(description="Connection that was made.")
class CalendarConnectPayload:
    """A new connection."""

    connection: CalendarConnectionType = strawberry.field(description="Connection with its calendars.")


@strawberry.type(description="Connection that works again.")
class CalendarReconnectPayload:
    """A connection with another password."""

    connection: CalendarConnectionType = strawberry.field(description="Connection with its calendars.")


@strawberry.type(description="Connection with the calendar that was changed.")
class CalendarUpdatePayload:
    """A connection after a choice."""

    connection: CalendarConnectionType = strawberry.field(description="Connection with its calendars.")


@strawberry.type(description="Connection that was ended.")
class CalendarDisconnectPayload:
    """A connection that is no more."""

    connection: CalendarConnectionType = strawberry.field(description="Connection, without calendars.")
    receiving_calendar: CalendarType | None = strawberry.field(
        description="Calendar that receives the user's bookings now; null if none does any more."
    )


CalendarConnectResult = Annotated[
    CalendarConnectPayload
    | InvalidInputError
    | ProviderUnsupportedError
    | ProviderRefusedError
    | NotAllowedError
    | RateLimitedError,
    strawberry.union("CalendarConnectResult", description="What comes of connecting an account."),
]
CalendarReconnectResult = Annotated[
    CalendarReconnectPayload
    | InvalidInputError
    | ProviderRefusedError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | RateLimitedError,
    strawberry.union("CalendarReconnectResult", description="What comes of another password."),
]
CalendarUpdateResult = Annotated[
    CalendarUpdatePayload | InvalidInputError | NotFoundError | NotAllowedError,
    strawberry.union("CalendarUpdateResult", description="What comes of choosing a calendar's use."),
]
CalendarDisconnectResult = Annotated[
    CalendarDisconnectPayload | NotFoundError | NotAllowedError,
    strawberry.union("CalendarDisconnectResult", description="What comes of ending a connection."),
]
