"""Users over GraphQL: signing in and out, the viewer, their profile, sessions, keys and tickets."""

from typing import TypeVar

import strawberry
from strawberry import UNSET

from domain.identity import CODE_LIFE, TICKET_LIFE, FreshSignInNeeded, SignUp, SignUpNeeded, WrongCode
from domain.ids import ApiKeyId, SessionId
from domain.members import AccountOf
from domain.users import Scope
from resolvers.answers import answer
from resolvers.context import Given, Info
from schema.account import (
    ApiKeyCreateInput,
    ApiKeyCreatePayload,
    ApiKeyCreateResult,
    ApiKeyRevokeInput,
    ApiKeyRevokePayload,
    ApiKeyRevokeResult,
    FreshSignInNeededError,
    SessionRevokeInput,
    SessionRevokeOthersPayload,
    SessionRevokeOthersResult,
    SessionRevokePayload,
    SessionRevokeResult,
    SocketTicketCreatePayload,
    SocketTicketCreateResult,
    UserUpdateInput,
    UserUpdatePayload,
    UserUpdateResult,
)
from schema.nodes import global_id, id_of
from schema.organizations import OrganizationType
from schema.sign_in import (
    SignInFinishInput,
    SignInFinishPayload,
    SignInFinishResult,
    SignInStartInput,
    SignInStartPayload,
    SignInStartResult,
    SignOutPayload,
    SignOutResult,
    SignUpInput,
    SignUpNeededError,
    WrongCodeError,
)
from schema.users import ApiKeyType, IdentityType, SessionType, UserType, scope_types
from schema.viewer import AccountType, ViewerType
from services.users import Account, ProfileChange

V = TypeVar("V")

ANSWERS = (
    answer(WrongCode, WrongCodeError),
    answer(SignUpNeeded, SignUpNeededError),
    answer(FreshSignInNeeded, FreshSignInNeededError),
)


@strawberry.type
class UsersQuery:
    """Questions about users."""

    @strawberry.field(description="Whoever is asking; null for a guest.")
    async def viewer(self, info: Info) -> ViewerType | None:
        """Say who is asking."""
        account = await info.context.services.users.account(info.context.viewer)
        accounts = await info.context.services.accounts.listed(info.context.viewer)
        return _viewer(account, accounts) if account else None


@strawberry.type
class UsersMutation:
    """What users can do."""

    @strawberry.mutation(description="Have a sign-in code mailed, to new users too.")
    async def sign_in_start(self, info: Info, input: Given[SignInStartInput]) -> SignInStartResult:
        """Have a code mailed."""
        await info.context.services.sign_in.start(
            info.context.viewer,
            input.email,
            said(input.locale) or info.context.locale,
            said(input.idempotency_key),
        )
        return SignInStartPayload(code_minutes=int(CODE_LIFE.total_seconds()) // 60)

    @strawberry.mutation(description="Sign in, or up, with a mailed code.")
    async def sign_in_finish(self, info: Info, input: Given[SignInFinishInput]) -> SignInFinishResult:
        """Open a session."""
        sign_up = said(input.sign_up)
        opened = await info.context.services.sign_in.finish(
            info.context.viewer,
            input.email,
            input.code,
            sign_up_of(sign_up) if sign_up else None,
            is_mobile=said(input.is_mobile) or False,
        )
        return SignInFinishPayload.of(opened.user, opened.session, opened.token)

    @strawberry.mutation(description="End the session that asks.")
    async def sign_out(self, info: Info) -> SignOutResult:
        """Sign out."""
        session_id = await info.context.services.users.sign_out(info.context.viewer)
        return SignOutPayload(session_id=global_id("Session", session_id))

    @strawberry.mutation(description="Change the viewer's own profile.")
    async def user_update(self, info: Info, input: Given[UserUpdateInput]) -> UserUpdateResult:
        """Change the profile."""
        change = ProfileChange(
            name=said(input.name),
            zone=said(input.zone),
            locale=said(input.locale),
            handle=said(input.handle),
            shares_availability=said(input.shares_availability),
        )
        user = await info.context.services.users.change_profile(info.context.viewer, change)
        return UserUpdatePayload(user=UserType.of(user))

    @strawberry.mutation(description="End one of the viewer's sessions.")
    async def session_revoke(self, info: Info, input: Given[SessionRevokeInput]) -> SessionRevokeResult:
        """End a session."""
        session_id = SessionId(id_of("Session", input.id, "id"))
        await info.context.services.users.end_session(info.context.viewer, session_id)
        return SessionRevokePayload(session_id=input.id)

    @strawberry.mutation(description="End every session of the viewer but the one that asks.")
    async def session_revoke_others(self, info: Info) -> SessionRevokeOthersResult:
        """End the other sessions."""
        count = await info.context.services.users.end_other_sessions(info.context.viewer)
        return SessionRevokeOthersPayload(revoked_count=count)

    @strawberry.mutation(description="Make an API key; its secret is shown this once.")
    async def api_key_create(self, info: Info, input: Given[ApiKeyCreateInput]) -> ApiKeyCreateResult:
        """Make a key."""
        scopes = frozenset(Scope(scope.value) for scope in input.scopes)
        made = await info.context.services.users.create_api_key(
            info.context.viewer,
            input.name,
            scopes,
            said(input.expires_at),
            is_mobile=said(input.is_mobile) or False,
        )
        return ApiKeyCreatePayload(api_key=ApiKeyType.of(made.key), secret=made.secret)

    @strawberry.mutation(description="Revoke one of the viewer's API keys.")
    async def api_key_revoke(self, info: Info, input: Given[ApiKeyRevokeInput]) -> ApiKeyRevokeResult:
        """Revoke a key."""
        key_id = ApiKeyId(id_of("ApiKey", input.id, "id"))
        await info.context.services.users.revoke_api_key(info.context.viewer, key_id)
        return ApiKeyRevokePayload(api_key_id=input.id)

    @strawberry.mutation(description="Make a one-time ticket with which a WebSocket speaks for this session.")
    async def socket_ticket_create(self, info: Info) -> SocketTicketCreateResult:
        """Make a ticket."""
        ticket = await info.context.services.users.create_ticket(info.context.viewer)
        return SocketTicketCreatePayload(ticket=ticket, expires_in_seconds=int(TICKET_LIFE.total_seconds()))


def said(value: V | None) -> V | None:
    """Read an optional field: None where it is unsaid."""
    return None if value is UNSET else value


def sign_up_of(given: SignUpInput) -> SignUp:
    """Read what a new user tells."""
    founded, invitation = said(given.organization_name), said(given.invitation)
    region = said(given.home_region)
    return SignUp(given.name, founded, given.zone, said(given.handle), invitation, region)


def _viewer(account: Account, accounts: list[AccountOf]) -> ViewerType:
    viewer = account.viewer
    return ViewerType(
        user=UserType.of(viewer.user),
        delegate=UserType.of(viewer.actor) if viewer.acting else None,
        organization=OrganizationType.of(account.organization),
        scopes=scope_types(viewer.scopes),
        sessions=[
            SessionType.of(session, is_current=session.id == viewer.session_id)
            for session in account.sessions
        ],
        api_keys=[ApiKeyType.of(key) for key in account.api_keys],
        identities=[IdentityType.of(identity) for identity in account.identities],
        accounts=[AccountType.of(one, viewer) for one in accounts],
    )
