"""Consents over GraphQL: where to send a person, and what their answer connects."""

import strawberry

from domain.connections import AnotherAccount, ConsentDenied, ConsentUnknown
from domain.ids import ConnectionId
from resolvers.answers import answer
from resolvers.context import Given, Info
from schema.calendars import CalendarConnectionType, CalendarProviderEnum
from schema.consents import (
    AnotherAccountError,
    CalendarConsentFinishInput,
    CalendarConsentFinishPayload,
    CalendarConsentFinishResult,
    CalendarConsentStartInput,
    CalendarConsentStartPayload,
    CalendarConsentStartResult,
    ConsentDeniedError,
    ConsentProvider,
    ConsentUnknownError,
)
from schema.context import OUTSIDE
from schema.nodes import id_of

ANSWERS = (
    answer(ConsentUnknown, ConsentUnknownError),
    answer(ConsentDenied, ConsentDeniedError),
    answer(AnotherAccount, AnotherAccountError),
)


@strawberry.type
class ConsentsQuery:
    """Questions about providers."""

    @strawberry.field(description="Providers whose users connect an account by consent; few.")
    async def consent_providers(self, info: Info) -> list[ConsentProvider]:
        """List the providers at which we are registered."""
        return [
            ConsentProvider(
                provider=CalendarProviderEnum(found.provider.value),
                client_id=found.client_id,
                scopes=list(found.scopes),
            )
            for found in info.context.services.consents.providers(info.context.viewer)
        ]


@strawberry.type
class ConsentsMutation:
    """How users connect accounts by consent."""

    @strawberry.mutation(description="Begin to connect an account of the viewer's own, signed in in person.")
    async def calendar_consent_start(
        self, info: Info, input: Given[CalendarConsentStartInput]
    ) -> CalendarConsentStartResult:
        """Say where the person is to be sent."""
        given = input.connection_id
        again = ConnectionId(id_of("CalendarConnection", given, "connectionId")) if given else None
        asked = await info.context.services.consents.start(
            info.context.viewer, input.provider.name.lower(), again
        )
        return CalendarConsentStartPayload(authorize_url=asked.address, expires_at=asked.ends_at)

    @strawberry.mutation(
        description="Connect the account with which a person consented, in the same session.",
        metadata=OUTSIDE,
    )
    async def calendar_consent_finish(
        self, info: Info, input: Given[CalendarConsentFinishInput]
    ) -> CalendarConsentFinishResult:
        """Connect an account."""
        linked = await info.context.services.consents.finish(
            info.context.viewer,
            input.provider.name.lower(),
            input.returned_state,
            input.code,
            input.issuer or None,
        )
        return CalendarConsentFinishPayload(
            connection=CalendarConnectionType.of(linked.connection, linked.calendars)
        )
