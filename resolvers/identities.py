"""Signing in with accounts elsewhere, over GraphQL."""

import strawberry

from domain.identities import (
    IdentityProvider,
    IdentityUnlinked,
    SignInProviderRefused,
    SignInProviderUnsupported,
    SignInUnknown,
)
from domain.ids import IdentityId
from resolvers.answers import answer
from resolvers.context import Given, Info
from resolvers.users import said, sign_up_of
from schema.context import OUTSIDE
from schema.identities import (
    IdentityLinkFinishInput,
    IdentityLinkFinishPayload,
    IdentityLinkFinishResult,
    IdentityLinkStartInput,
    IdentityLinkStartPayload,
    IdentityLinkStartResult,
    IdentityProviderEnum,
    IdentityUnlinkedError,
    IdentityUnlinkInput,
    IdentityUnlinkPayload,
    IdentityUnlinkResult,
    SignInProvider,
    SignInProviderRefusedError,
    SignInProviderUnsupportedError,
    SignInUnknownError,
    SignInWithFinishInput,
    SignInWithFinishPayload,
    SignInWithFinishResult,
    SignInWithStartInput,
    SignInWithStartPayload,
    SignInWithStartResult,
)
from schema.nodes import id_of
from schema.users import IdentityType
from services.identities import Returned

ANSWERS = (
    answer(SignInUnknown, SignInUnknownError),
    answer(IdentityUnlinked, IdentityUnlinkedError),
    answer(SignInProviderUnsupported, SignInProviderUnsupportedError),
    answer(SignInProviderRefused, SignInProviderRefusedError),
)


@strawberry.type
class IdentitiesQuery:
    """Questions about signing in."""

    @strawberry.field(description="Providers with whose accounts one can sign in here; few.")
    async def sign_in_providers(self, info: Info) -> list[SignInProvider]:
        """List them."""
        return [
            SignInProvider(provider=IdentityProviderEnum(provider.value), name=name)
            for provider, name in info.context.services.identities.providers()
        ]


@strawberry.type
class IdentitiesMutation:
    """How users sign in with accounts elsewhere."""

    @strawberry.mutation(description="Begin to sign in, or up, with an account elsewhere.", metadata=OUTSIDE)
    async def sign_in_with_start(
        self, info: Info, input: Given[SignInWithStartInput]
    ) -> SignInWithStartResult:
        """Say where the person is to be sent."""
        asked = await info.context.services.identities.start(
            info.context.viewer, _provider(input.provider), said(input.locale) or info.context.locale
        )
        return SignInWithStartPayload(
            authorize_url=asked.address, browser_secret=asked.browser_secret, expires_at=asked.ends_at
        )

    @strawberry.mutation(
        description=(
            "Sign in or up, in the browser that began; after `SignUpNeededError` again with `signUp`."
        ),
        metadata=OUTSIDE,
    )
    async def sign_in_with_finish(
        self, info: Info, input: Given[SignInWithFinishInput]
    ) -> SignInWithFinishResult:
        """Open a session."""
        sign_up = said(input.sign_up)
        opened = await info.context.services.identities.finish(
            info.context.viewer,
            _returned(input),
            sign_up_of(sign_up) if sign_up else None,
            is_mobile=said(input.is_mobile) or False,
        )
        return SignInWithFinishPayload.of(opened.user, opened.session, opened.token)

    @strawberry.mutation(
        description=(
            "Begin to link an account to the viewer, who has signed in within the last ten minutes."
        ),
        metadata=OUTSIDE,
    )
    async def identity_link_start(
        self, info: Info, input: Given[IdentityLinkStartInput]
    ) -> IdentityLinkStartResult:
        """Say where the person is to be sent."""
        asked = await info.context.services.identities.start_link(
            info.context.viewer, _provider(input.provider)
        )
        return IdentityLinkStartPayload(
            authorize_url=asked.address, browser_secret=asked.browser_secret, expires_at=asked.ends_at
        )

    @strawberry.mutation(
        description="Link the account that an answer leads to, in the session that began.", metadata=OUTSIDE
    )
    async def identity_link_finish(
        self, info: Info, input: Given[IdentityLinkFinishInput]
    ) -> IdentityLinkFinishResult:
        """Link an account."""
        identity = await info.context.services.identities.finish_link(info.context.viewer, _returned(input))
        return IdentityLinkFinishPayload(identity=IdentityType.of(identity))

    @strawberry.mutation(description="Let an account sign the viewer in no more.")
    async def identity_unlink(self, info: Info, input: Given[IdentityUnlinkInput]) -> IdentityUnlinkResult:
        """Unlink an account."""
        identity_id = IdentityId(id_of("Identity", input.id, "id"))
        await info.context.services.identities.unlink(info.context.viewer, identity_id)
        return IdentityUnlinkPayload(identity_id=input.id)


def _provider(given: IdentityProviderEnum) -> IdentityProvider:
    return IdentityProvider(given.value)


def _returned(given: SignInWithFinishInput | IdentityLinkFinishInput) -> Returned:
    return Returned(
        provider=_provider(given.provider),
        state=given.returned_state,
        code=given.code,
        issuer=said(given.issuer) or None,
        browser_secret=given.browser_secret,
    )
