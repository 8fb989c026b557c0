"""Calendars over GraphQL: connect an account, choose what its calendars do, connect again, end it."""

import strawberry

from domain.connections import ProviderRefused, ProviderUnsupported
from domain.ids import CalendarId, ConnectionId
from resolvers.answers import answer
from resolvers.context import Given, Info
from schema.calendars import (
    CalendarConnectInput,
    CalendarConnectionType,
    CalendarConnectPayload,
    CalendarConnectResult,
    CalendarDisconnectInput,
    CalendarDisconnectPayload,
    CalendarDisconnectResult,
    CalendarReconnectInput,
    CalendarReconnectPayload,
    CalendarReconnectResult,
    CalendarType,
    CalendarUpdateInput,
    CalendarUpdatePayload,
    CalendarUpdateResult,
    ProviderRefusedError,
    ProviderUnsupportedError,
)
from schema.context import OUTSIDE
from schema.nodes import id_of
from services.calendars import ConnectCalendar

ANSWERS = (
    answer(ProviderUnsupported, ProviderUnsupportedError),
    answer(ProviderRefused, ProviderRefusedError),
)


@strawberry.type
class CalendarsQuery:
    """Questions about calendars."""

    @strawberry.field(description="Viewer's own calendar connections, oldest first; 20 at most.")
    async def calendar_connections(self, info: Info) -> list[CalendarConnectionType]:
        """List the viewer's connections."""
        links = await info.context.services.calendars.connections(info.context.viewer)
        return [CalendarConnectionType.of(linked.connection, linked.calendars) for linked in links]


@strawberry.type
class CalendarsMutation:
    """What users do with their calendars."""

    @strawberry.mutation(
        description="Connect an account of the viewer's own, signed in in person.", metadata=OUTSIDE
    )
    async def calendar_connect(self, info: Info, input: Given[CalendarConnectInput]) -> CalendarConnectResult:
        """Connect an account."""
        asked = ConnectCalendar(
            input.provider.name.lower(),
            input.url,
            input.username or "",
            input.password or "",
            input.label or None,
        )
        linked = await info.context.services.calendars.connect(info.context.viewer, asked)
        return CalendarConnectPayload(
            connection=CalendarConnectionType.of(linked.connection, linked.calendars)
        )

    @strawberry.mutation(
        description="Give a connection another password, signed in in person.", metadata=OUTSIDE
    )
    async def calendar_reconnect(
        self, info: Info, input: Given[CalendarReconnectInput]
    ) -> CalendarReconnectResult:
        """Connect an account again."""
        connection_id = ConnectionId(id_of("CalendarConnection", input.id, "id"))
        linked = await info.context.services.calendars.reconnect(
            info.context.viewer, connection_id, input.password, input.username or None
        )
        return CalendarReconnectPayload(
            connection=CalendarConnectionType.of(linked.connection, linked.calendars)
        )

    @strawberry.mutation(description="Choose what one of the viewer's calendars is used for.")
    async def calendar_update(self, info: Info, input: Given[CalendarUpdateInput]) -> CalendarUpdateResult:
        """Choose a calendar's use."""
        linked = await info.context.services.calendars.update_calendar(
            info.context.viewer,
            CalendarId(id_of("Calendar", input.id, "id")),
            counts_as_busy=_said(input.counts_as_busy),
            receives_bookings=_said(input.receives_bookings),
        )
        return CalendarUpdatePayload(
            connection=CalendarConnectionType.of(linked.connection, linked.calendars)
        )

    @strawberry.mutation(description="End a connection; its password is erased at once.")
    async def calendar_disconnect(
        self,
        info: Info,
        input: Given[CalendarDisconnectInput],
    ) -> CalendarDisconnectResult:
        """End a connection."""
        connection_id = ConnectionId(id_of("CalendarConnection", input.id, "id"))
        ended = await info.context.services.calendars.disconnect(info.context.viewer, connection_id)
        return CalendarDisconnectPayload(
            connection=CalendarConnectionType.of(ended.connection, ()),
            receiving_calendar=CalendarType.of(ended.receiving) if ended.receiving else None,
        )


def _said(value: bool | None) -> bool | None:
    """Read a choice; unset and null both leave what is."""
    return value if isinstance(value, bool) else None
