"""Use cases of signing in with an account elsewhere, and of linking such accounts to one's own user.

A question belongs to the browser that began it: its state comes back in an address that anybody can hand
to anybody, the browser's secret does not. Of both only hashes are stored. Nothing that an issuer gives but
who somebody is is kept, and no address decides whose an account is (R101, R19, cases 47–55).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.addresses import canonical, email_address
from domain.audit import Act
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleBroken
from domain.identities import (
    MAX_IDENTITIES,
    QUESTION_LIFE,
    Identity,
    IdentityProvider,
    IdentityTaken,
    IdentityUnlinked,
    Proved,
    SignInProviderRefused,
    SignInProviderUnsupported,
    SignInQuestion,
    SignInUnknown,
)
from domain.identity import (
    DEFAULT_LOCALE,
    AddressProof,
    FreshSignInNeeded,
    SignUp,
    SignUpNeeded,
    checked_locale,
)
from domain.ids import IdentityId, SessionId
from domain.organizations import Regions, WrongRegion
from domain.tokens import TokenKind, token, token_hash, token_kind
from domain.users import SignedIn, User, Viewer, in_person
from integrations.ports import Consent, Grant, ProviderFailed, SignInPort
from services.access import deed, locked
from services.organizations import Founding
from services.sign_in import (
    EVERYWHERE,
    OpenedSession,
    account_to_open,
    checked_sign_up,
    open_session,
)
from services.verifiers import url64, verifier_of
from storage.base import new_id
from storage.limits import Budget, Limits, Take, WhenAway
from storage.unit import Unit, Units
from storage.vault import Vault

_SECRET_BYTES = 32
_HOUR_S = 60 * 60
_MAX_CODE = 4096
_MAX_ISSUER = 512
_MAX_SUBJECT = 255  # OpenID Connect Core, 2

STARTS_PER_NETWORK = Budget("with-start-network", 60, _HOUR_S, WhenAway.CLOSED)
STARTS_IN_ALL = Budget("with-start-all", 10_000, _HOUR_S, WhenAway.CLOSED)
FINISHES_PER_NETWORK = Budget("with-finish-network", 60, _HOUR_S, WhenAway.CLOSED)


@dataclass(frozen=True, slots=True)
class AskedSignIn:
    """Where a person is to be sent, and the secret that their browser has to bring back."""

    address: str
    browser_secret: str
    ends_at: datetime

    def __repr__(self) -> str:
        return f"AskedSignIn({self.ends_at})"


@dataclass(frozen=True, slots=True)
class Returned:
    """What a provider's answer and the browser bring back."""

    provider: IdentityProvider
    state: str
    code: str
    issuer: str | None
    browser_secret: str

    def __repr__(self) -> str:
        return f"Returned({self.provider})"


class Identities:
    """Signs in and links. `public_url` is where issuers send people back to.

    `deadline_s` is for how long a person waits for an issuer.
    """

    def __init__(
        self,
        units: Units,
        ports: Mapping[IdentityProvider, SignInPort],
        vault: Vault,
        limits: Limits,
        founding: Founding,
        random_bytes: Callable[[int], bytes],
        clock: Callable[[], datetime],
        public_url: str,
        deadline_s: float,
        regions: Regions = EVERYWHERE,
    ) -> None:
        self._deadline_s = deadline_s
        self._units = units
        self._ports = ports
        self._vault = vault
        self._limits = limits
        self._founding = founding
        self._random_bytes = random_bytes
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._regions = regions

    def providers(self) -> list[tuple[IdentityProvider, str]]:
        """List with what one can sign in here, and what people call it."""
        return [(provider, port.name) for provider, port in self._ports.items()]

    async def start(self, viewer: Viewer, provider: IdentityProvider, locale: str | None) -> AskedSignIn:
        """Begin to sign in or up. SignInProviderUnsupported, SignInProviderRefused, TooMany, TryAgain."""
        language = checked_locale(locale or DEFAULT_LOCALE, "locale")
        return await self._ask(viewer, provider, language, None)

    async def finish(
        self, viewer: Viewer, returned: Returned, sign_up: SignUp | None, *, is_mobile: bool = False
    ) -> OpenedSession:
        """Open a session for whose the account is, or found an organization for who signs up.

        After SignUpNeeded and HandleTaken the same answer can be given again with (another) `sign_up`, in
        the same browser and within the question's time: the provider is not asked a second time.

        Raises SignInUnknown (whatever does not fit), SignInProviderRefused, SignUpNeeded,
        IdentityUnlinked, InvitationUnknown, WrongRegion, NotAllowed (a disabled user), HandleTaken,
        InvalidInput, TooMany, TryAgain.
        """
        wanted = checked_sign_up(sign_up) if sign_up else None
        await self._limits.take(FINISHES_PER_NETWORK, viewer.ip)
        question = await self._answered(returned, None)
        if question is not None:
            proved = await self._prove(question, returned)
            async with self._units.begin() as unit:
                await unit.users.questions.prove(question, proved)
        try:
            return await self._settled(returned, wanted, is_mobile=is_mobile)
        except Conflict:
            # A handle that is taken; or somebody came with the same account or address at the same
            # moment, and is found by now.
            return await self._settled(returned, wanted, is_mobile=is_mobile)

    async def start_link(self, viewer: Viewer, provider: IdentityProvider) -> AskedSignIn:
        """Begin to link an account to the viewer's own user; FreshSignInNeeded, else as `start`."""
        asker = in_person(viewer)
        session_id = _session_of(asker)
        async with self._units.read() as reading:
            session = await reading.users.sessions.by_id(session_id)
        if session is None or not session[0].is_fresh(self._clock()):
            raise FreshSignInNeeded
        return await self._ask(viewer, provider, asker.user.locale, session_id)

    async def finish_link(self, viewer: Viewer, returned: Returned) -> Identity:
        """Link the account that an answer leads to, in the session that asked.

        Raises SignInUnknown, SignInProviderRefused, IdentityTaken, InvalidInput, TooMany, TryAgain.
        """
        asker = in_person(viewer)
        await self._limits.take(FINISHES_PER_NETWORK, viewer.ip)
        question = await self._answered(returned, _session_of(asker))
        if question is None:
            raise SignInUnknown("returnedState")
        proved = await self._prove(question, returned)
        async with self._units.begin() as unit:
            await unit.users.questions.end(question)
            await locked(unit, asker)  # so that racers count each other
            return await self._linked(unit, asker, proved)

    async def unlink(self, viewer: Viewer, identity_id: IdentityId) -> IdentityId:
        """End an account's right to sign the viewer in; NotFound where it is not theirs."""
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            if not await unit.users.identities.end(asker.organization_id, asker.user_id, identity_id):
                raise NotFound("id")
            unit.note(deed(asker, Act.IDENTITY_UNLINKED, identity_id))
        return identity_id

    async def _ask(
        self, viewer: Viewer, provider: IdentityProvider, locale: str, session_id: SessionId | None
    ) -> AskedSignIn:
        port = self._port(provider)
        await self._limits.take_all(Take(STARTS_PER_NETWORK, (viewer.ip,)), Take(STARTS_IN_ALL, ()))
        state = token(TokenKind.SIGN_IN, self._random_bytes(_SECRET_BYTES))
        browser_secret = token(TokenKind.BROWSER, self._random_bytes(_SECRET_BYTES))
        consent = self._consent(provider, state, url64(self._random_bytes(_SECRET_BYTES)))
        try:
            async with asyncio.timeout(self._deadline_s):
                address = await port.address(consent, self._clock())
        except (ProviderFailed, TimeoutError):
            raise SignInProviderRefused("provider") from None
        async with self._units.begin() as unit:
            question = SignInQuestion(
                state_hash=token_hash(state),
                browser_hash=token_hash(browser_secret),
                provider=provider,
                nonce=consent.nonce,
                locale=locale,
                session_id=session_id,
                ends_at=unit.now + QUESTION_LIFE,
            )
            await unit.users.questions.ask(question)
        return AskedSignIn(address, browser_secret, question.ends_at)

    async def _answered(self, returned: Returned, session_id: SessionId | None) -> SignInQuestion | None:
        """Take a question's one answer; None where it was taken, or nothing fits."""
        self._port(returned.provider)
        is_ours = _is(TokenKind.SIGN_IN, returned.state) and _is(TokenKind.BROWSER, returned.browser_secret)
        if not is_ours:
            raise SignInUnknown("returnedState")
        async with self._units.begin() as unit:
            return await unit.users.questions.answered(*_key(returned), session_id)

    async def _prove(self, question: SignInQuestion, returned: Returned) -> Proved:
        """Exchange the code for who came with it; no code goes to a provider that another one sent."""
        port = self._port(returned.provider)
        if not 0 < len(returned.code) <= _MAX_CODE:
            raise SignInUnknown("code")
        consent = self._consent(returned.provider, returned.state, question.nonce)
        now = self._clock()
        try:
            async with asyncio.timeout(self._deadline_s):
                if not await port.is_issuer(returned.issuer, now):
                    raise SignInUnknown("issuer")
                return _proved(await port.redeem(returned.code, consent, now))
        except (ProviderFailed, TimeoutError):
            raise SignInProviderRefused from None

    async def _settled(self, returned: Returned, wanted: SignUp | None, *, is_mobile: bool) -> OpenedSession:
        """Find or found whose the account is. The question ends by it, unless a sign-up is missing."""
        async with self._units.begin() as unit:
            question = await unit.users.questions.proved(*_key(returned), None)
            if question is None or question.proved is None:
                raise SignInUnknown("returnedState")
            found = await self._user(unit, question.proved, question.locale, wanted)
            if not isinstance(found, SignUpNeeded):
                await unit.users.questions.end(question)
            if isinstance(found, User):
                is_theirs = question.proved.email == found.email
                proof = AddressProof.ISSUER if is_theirs else None
                return await open_session(unit, found, self._random_bytes, proof, is_mobile=is_mobile)
        raise found

    async def _user(
        self, unit: Unit, proved: Proved, locale: str, wanted: SignUp | None
    ) -> User | RuleBroken:
        user = await unit.users.identities.user_of(proved)
        if user is None and proved.email is not None:
            await unit.users.lock_address(proved.email)
            # Somebody may have signed up with this very account between our two looks: then it is theirs.
            user = await unit.users.identities.user_of(proved)
            if user is None and await unit.users.accounts(proved.email):
                return IdentityUnlinked()
        if user is not None:
            try:
                return await account_to_open(unit, [user], self._regions)
            except (NotAllowed, WrongRegion) as refused:
                return refused
        if proved.email is None:
            return IdentityUnlinked()
        if wanted is None:
            return SignUpNeeded()
        arrived = await self._founding.arrive(unit, proved.email, locale, wanted)
        await self._add(unit, arrived, proved)
        return arrived

    async def _linked(self, unit: Unit, asker: SignedIn, proved: Proved) -> Identity:
        own = await unit.users.identities.of_user(asker.organization_id, asker.user_id)
        for identity in own:
            if (identity.issuer, identity.subject) == (proved.issuer, proved.subject):
                return identity
        if len(own) >= MAX_IDENTITIES:
            raise InvalidInput("You have linked as many accounts as one may have. Unlink one first.")
        identity = await self._add(unit, asker.user, proved)
        unit.note(deed(asker, Act.IDENTITY_LINKED, identity.id))
        return identity

    async def _add(self, unit: Unit, user: User, proved: Proved) -> Identity:
        identity = Identity(
            IdentityId(new_id()), proved.issuer, proved.subject, user.organization_id, user.id, unit.now
        )
        if not await unit.users.identities.add(identity):
            raise IdentityTaken
        return identity

    def _port(self, provider: IdentityProvider) -> SignInPort:
        if provider not in self._ports:
            raise SignInProviderUnsupported("provider")
        return self._ports[provider]

    def _consent(self, provider: IdentityProvider, state: str, nonce: str) -> Consent:
        """Each provider sends people back to an address of its own (case 50)."""
        redirect = f"{self._public_url}/sign-in/{provider}"
        return Consent(redirect, state, nonce, verifier_of(self._vault, state))


def _proved(grant: Grant) -> Proved:
    """Read who came: an address only where the issuer says that it has verified it (case 55)."""
    issuer, subject = grant.issuer or "", grant.subject or ""
    is_usable = 0 < len(subject) <= _MAX_SUBJECT and subject.isascii() and subject.isprintable()
    if not is_usable or not 0 < len(issuer) <= _MAX_ISSUER:
        raise SignInProviderRefused
    try:
        email = canonical(email_address(grant.email or "")) if grant.is_email_verified else None
    except InvalidInput:
        email = None
    return Proved(issuer, subject, email)


def _key(returned: Returned) -> tuple[bytes, bytes, IdentityProvider]:
    return token_hash(returned.state), token_hash(returned.browser_secret), returned.provider


def _is(kind: TokenKind, text: str) -> bool:
    return text.isascii() and token_kind(text) is kind


def _session_of(asker: SignedIn) -> SessionId:
    if asker.session_id is None:
        raise NotAllowed
    return asker.session_id
