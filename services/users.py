"""Use cases of users: who is asking, what they change of themselves, their sessions, keys and tickets."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.audit import Act
from domain.errors import InvalidInput, NotFound
from domain.events import EventKind, Happened
from domain.identities import Identity
from domain.identity import (
    MAX_API_KEYS,
    USE_NOTED_EVERY,
    ApiKey,
    BadCredentials,
    MailedCode,
    Session,
    checked_handle,
    checked_key_end,
    checked_locale,
    checked_scopes,
    person_name,
)
from domain.ids import ApiKeyId, SessionId, UserId
from domain.organizations import Organization, Regions
from domain.tokens import TokenKind, token, token_hash, token_kind
from domain.users import (
    DelegationScope,
    Guest,
    Scope,
    SignedIn,
    SignInNeeded,
    User,
    Viewer,
    in_person,
    signed_in,
)
from domain.zones import zone
from services.access import deed, fresh_session_of, locked
from services.sign_in import EVERYWHERE, SignIn
from storage.base import new_id
from storage.tickets import Tickets
from storage.unit import Units

_TOKEN_BYTES = 32
_PREFIX = 10
_BEARER = "bearer "
_EVERYTHING = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Account:
    """What users see of themselves; sessions, keys and identities only in person."""

    viewer: SignedIn
    organization: Organization
    sessions: tuple[Session, ...]
    api_keys: tuple[ApiKey, ...]
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What users change of themselves; None leaves it as it is."""

    name: str | None = None
    zone: str | None = None
    locale: str | None = None
    handle: str | None = None
    shares_availability: bool | None = None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A new key with its secret, which is shown this once."""

    key: ApiKey
    secret: str

    def __repr__(self) -> str:
        return f"NewApiKey({self.key.id})"


class Users:
    """What users can do, and how they are known; how they become known is in `services.sign_in`."""

    def __init__(
        self,
        units: Units,
        tickets: Tickets,
        random_bytes: Callable[[int], bytes],
        sign_in: SignIn,
        regions: Regions = EVERYWHERE,
    ) -> None:
        self._units = units
        self._tickets = tickets
        self._random_bytes = random_bytes
        self._sign_in = sign_in
        self._regions = regions

    async def code_for(self, code_id: UUID) -> MailedCode | None:
        """Say what is to be mailed for a sign-in code; None where it was used, replaced, or is too old."""
        return await self._sign_in.code_for(code_id)

    async def viewer_of(self, authorization: str | None, session_cookie: str | None, ip: str) -> Viewer:
        """Say who is asking, by a bearer token or else by the cookie; nothing at all is a guest.

        BadCredentials for whatever does not open: a caller who meant to be somebody is never a guest.
        WrongRegion for who is served elsewhere.
        """
        if authorization is None and not session_cookie:
            return Guest(ip)
        text = session_cookie or "" if authorization is None else _bearer(authorization)
        kind = token_kind(text) if text.isascii() else None
        if kind is TokenKind.SESSION:
            return await self._by_session(text, ip)
        if kind is TokenKind.API_KEY and authorization is not None:
            return await self._by_api_key(text, ip)
        raise BadCredentials

    async def _by_session(self, text: str, ip: str) -> SignedIn:
        async with self._units.read() as reading:
            found = await reading.users.sessions.by_token(token_hash(text))
        viewer = self._opened(found, reading.now, ip)
        if viewer is None or found is None:
            raise BadCredentials
        if reading.now - found[0].used_at >= USE_NOTED_EVERY:
            async with self._units.begin() as unit:
                await unit.users.sessions.note_used(found[0].id)
        return viewer

    async def _by_api_key(self, text: str, ip: str) -> SignedIn:
        async with self._units.read() as reading:
            found = await reading.users.api_keys.by_token(token_hash(text))
        viewer = self._keyed(found, reading.now, ip)
        if viewer is None or found is None:
            raise BadCredentials
        key = found[0]
        if key.used_at is None or reading.now - key.used_at >= USE_NOTED_EVERY:
            async with self._units.begin() as unit:
                await unit.users.api_keys.note_used(key.id)
        return viewer

    async def renew(self, viewer: Viewer) -> Viewer:
        """Read a viewer's rights anew; SignInNeeded where session, key or user is gone meanwhile."""
        if isinstance(viewer, Guest):
            return viewer
        renewed = None
        async with self._units.read() as reading:
            if viewer.session_id is not None:
                session = await reading.users.sessions.by_id(viewer.session_id)
                renewed = self._opened(session, reading.now, viewer.ip)
            elif viewer.api_key_id is not None:
                key = await reading.users.api_keys.by_id(viewer.api_key_id)
                renewed = self._keyed(key, reading.now, viewer.ip)
        if renewed is None:
            raise SignInNeeded
        return renewed

    async def by_id(self, viewer: Viewer, user_id: UserId) -> User:
        """Find who is in the viewer's organization; NotFound for everybody else."""
        asker = signed_in(viewer, Scope.READ, *DelegationScope)
        async with self._units.read() as reading:
            user = await reading.users.by_id(asker.organization_id, user_id)
        if user is None or user.left_at is not None:
            raise NotFound("id")
        return user

    async def account(self, viewer: Viewer) -> Account | None:
        """Say what a viewer sees of themselves; None for a guest."""
        if isinstance(viewer, Guest):
            return None
        is_in_person = viewer.session_id is not None
        async with self._units.read() as reading:
            organization = await reading.organizations.by_id(viewer.organization_id)
            sessions = await reading.users.sessions.of_user(viewer.user_id) if is_in_person else []
            keys = await reading.users.api_keys.of_user(viewer.user_id) if is_in_person else []
            identities = (
                await reading.users.identities.of_user(viewer.organization_id, viewer.user_id)
                if is_in_person
                else []
            )
        if organization is None:
            raise LookupError("a user without an organization")
        return Account(viewer, organization, tuple(sessions), tuple(keys), tuple(identities))

    async def change_profile(self, viewer: Viewer, change: ProfileChange) -> User:
        """Change what users say of themselves, and whether their free time is shown (R081)."""
        asker = signed_in(viewer, Scope.PROFILE)
        wanted = _checked(change)
        async with self._units.begin() as unit:
            user = await locked(unit, asker)
            changed = replace(user, **wanted)
            await unit.users.change(changed)
            if changed != user:
                is_hours = changed.shares_availability != user.shares_availability
                kind = EventKind.HOURS_CHANGED if is_hours else EventKind.PROFILE_CHANGED
                unit.record(Happened(kind, user.organization_id, hosts=(user.id,)))
        return changed

    async def sign_out(self, viewer: Viewer) -> SessionId:
        """End the viewer's own session."""
        asker = in_person(viewer)
        session_id = _session_of(asker)
        async with self._units.begin() as unit:
            await unit.users.sessions.end(asker.user_id, session_id)
            unit.record(_ended(asker))
        return session_id

    async def end_session(self, viewer: Viewer, session_id: SessionId) -> SessionId:
        """End one of the viewer's sessions; NotFound where it is not theirs or has ended."""
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            if not await unit.users.sessions.end(asker.user_id, session_id):
                raise NotFound("id")
            unit.record(_ended(asker))
        return session_id

    async def end_other_sessions(self, viewer: Viewer) -> int:
        """End every session of the viewer but the one that asks; say how many."""
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            unit.record(_ended(asker))
            return await unit.users.sessions.end_others(asker.user_id, _session_of(asker))

    async def create_api_key(
        self,
        viewer: Viewer,
        name: str,
        scopes: frozenset[Scope],
        expires_at: datetime | None,
        *,
        is_mobile: bool = False,
    ) -> NewApiKey:
        """Make a key for programs; asks for a sign-in of the last ten minutes (FreshSignInNeeded)."""
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            await fresh_session_of(unit, asker)
            await locked(unit, asker)  # so that racers count each other
            if len(await unit.users.api_keys.of_user(asker.user_id)) >= MAX_API_KEYS:
                raise InvalidInput("You have as many keys as one may have. Revoke one first.")
            secret = token(TokenKind.API_KEY, self._random_bytes(_TOKEN_BYTES))
            key = ApiKey(
                id=ApiKeyId(new_id()),
                user_id=asker.user_id,
                name=person_name(name, "name"),
                prefix=secret[:_PREFIX],
                scopes=checked_scopes(scopes, "scopes"),
                created_at=unit.now,
                expires_at=checked_key_end(expires_at, unit.now, "expiresAt"),
                used_at=None,
                is_mobile=is_mobile,
            )
            await unit.users.api_keys.add(key, token_hash(secret))
            unit.note(deed(asker, Act.API_KEY_CREATED, key.id))
        return NewApiKey(key, secret)

    async def revoke_api_key(self, viewer: Viewer, key_id: ApiKeyId) -> ApiKeyId:
        """Revoke one of the viewer's keys; NotFound where it is not theirs or is revoked."""
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            if not await unit.users.api_keys.end(asker.user_id, key_id):
                raise NotFound("id")
            unit.record(_ended(asker))
            unit.note(deed(asker, Act.API_KEY_REVOKED, key_id))
        return key_id

    async def create_ticket(self, viewer: Viewer) -> str:
        """Make a one-time ticket with which a WebSocket speaks for the viewer's session, for 30 seconds."""
        asker = in_person(viewer)
        secret = token(TokenKind.SOCKET_TICKET, self._random_bytes(_TOKEN_BYTES))
        await self._tickets.put(token_hash(secret), _session_of(asker))
        return secret

    async def take_ticket(self, ticket: str, ip: str) -> Viewer:
        """Say for whom a socket speaks; BadCredentials for a ticket that was used or is too old."""
        if not ticket.isascii() or token_kind(ticket) is not TokenKind.SOCKET_TICKET:
            raise BadCredentials
        session_id = await self._tickets.take(token_hash(ticket))
        if session_id is None:
            raise BadCredentials
        async with self._units.read() as reading:
            viewer = self._opened(await reading.users.sessions.by_id(session_id), reading.now, ip)
        if viewer is None:
            raise BadCredentials
        return viewer

    def _opened(self, found: tuple[Session, User, str] | None, now: datetime, ip: str) -> SignedIn | None:
        if found is None or not found[0].is_live(now) or found[1].is_disabled:
            return None
        self._regions.serve(found[2])
        return SignedIn(found[1], _EVERYTHING, found[0].id, None, ip, is_mobile=found[0].is_mobile)

    def _keyed(self, found: tuple[ApiKey, User, str] | None, now: datetime, ip: str) -> SignedIn | None:
        if found is None or not found[0].is_live(now) or found[1].is_disabled:
            return None
        self._regions.serve(found[2])
        return SignedIn(found[1], found[0].scopes, None, found[0].id, ip, is_mobile=found[0].is_mobile)

    async def forget_ended(self) -> None:
        """Delete codes, sessions, questions, invitations and delegations some time after they have ended."""
        async with self._units.begin() as unit:
            await unit.users.codes.forget_ended()
            await unit.users.questions.forget_ended()
            await unit.users.sessions.forget_ended()
            await unit.invitations.forget_ended()
            await unit.delegations.forget_ended()


def _bearer(authorization: str) -> str:
    if authorization[: len(_BEARER)].lower() != _BEARER:
        raise BadCredentials
    return authorization[len(_BEARER) :]


def _ended(asker: SignedIn) -> Happened:
    return Happened(EventKind.ACCESS_ENDED, asker.organization_id, hosts=(asker.user_id,))


def _session_of(asker: SignedIn) -> SessionId:
    if asker.session_id is None:
        raise SignInNeeded
    return asker.session_id


def _checked(change: ProfileChange) -> dict[str, str | bool]:
    wanted = {
        "name": None if change.name is None else person_name(change.name, "name"),
        "zone": None if change.zone is None else zone(change.zone, "zone").key,
        "locale": None if change.locale is None else checked_locale(change.locale, "locale"),
        "handle": None if change.handle is None else checked_handle(change.handle, "handle"),
        "shares_availability": change.shares_availability,
    }
    return {name: value for name, value in wanted.items() if value is not None}
