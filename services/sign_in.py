"""Use cases of signing in and up by a mailed code. Nothing here says whether an address is known."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.addresses import canonical, email_address
from domain.effects import Effect, EffectKind
from domain.errors import NotAllowed
from domain.identity import (
    CODE_LIFE,
    CODE_TRIES,
    DEFAULT_LOCALE,
    SESSION_LIFE,
    AddressProof,
    CodeProof,
    MailedCode,
    Session,
    SignUp,
    SignUpNeeded,
    WrongCode,
    checked_handle,
    checked_locale,
    checked_repeat_key,
    person_name,
    sign_in_code,
    typed_code,
)
from domain.ids import OrganizationId, PageLinkId, SessionId
from domain.organizations import Regions, WrongRegion, organization_name
from domain.tokens import TokenKind, token, token_hash
from domain.users import User, Viewer
from domain.zones import zone
from services.organizations import EVERYWHERE, Founding
from storage.base import new_id
from storage.limits import Budget, Limits, Take, WhenAway
from storage.live import Live
from storage.unit import Unit, Units
from storage.vault import Vault

NO_ORGANIZATION = OrganizationId(UUID(int=0))  # whose effects are of nobody's organization yet
_TOKEN_BYTES = 32
_DAY_S = 24 * 60 * 60
_HOUR_S = 60 * 60

# Five mails a day to an address, whoever asks (case 153); and what one network and all of them may ask for.
CODES_PER_ADDRESS = Budget("code-address", 5, _DAY_S, WhenAway.CLOSED)
CODES_PER_NETWORK = Budget("code-network", 20, _HOUR_S, WhenAway.CLOSED)
CODES_IN_ALL = Budget("code-all", 2_000, _HOUR_S, WhenAway.CLOSED)
TRIES_PER_NETWORK = Budget("try-network", 60, _HOUR_S, WhenAway.CLOSED)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session with its token, which is shown this once."""

    user: User
    session: Session
    token: str

    def __repr__(self) -> str:
        return f"OpenedSession({self.session.id})"


class SignIn:
    """What leads from a mail address to a session."""

    def __init__(
        self,
        units: Units,
        limits: Limits,
        live: Live,
        vault: Vault,
        random_bytes: Callable[[int], bytes],
        founding: Founding,
        regions: Regions = EVERYWHERE,
    ) -> None:
        self._units = units
        self._limits = limits
        self._live = live
        self._vault = vault
        self._random_bytes = random_bytes
        self._founding = founding
        self._regions = regions

    async def start(
        self, viewer: Viewer, email: str, locale: str | None, idempotency_key: str | None
    ) -> None:
        """Have a code mailed to an address; a repeat with the same key mails none.

        The same is done and said whether or not somebody has signed up with the address (case 169).
        TooMany, or TryAgain while budgets cannot be counted.
        """
        address = canonical(email_address(email, "email"))
        language = checked_locale(locale or DEFAULT_LOCALE, "locale")
        key = None if idempotency_key is None else checked_repeat_key(idempotency_key, "idempotencyKey")
        await self._limits.take_all(
            Take(CODES_PER_ADDRESS, (address,)),
            Take(CODES_PER_NETWORK, (viewer.ip,)),
            Take(CODES_IN_ALL, ()),
        )
        code_id = id_of_code(self._vault, address, key)
        async with self._units.begin() as unit:
            proof = CodeProof(
                id=code_id,
                email=address,
                locale=language,
                code_hash=hash_of_code(self._vault, code_id, code_of(self._vault, code_id)),
                expires_at=unit.now + CODE_LIFE,
                tries=0,
            )
            if await unit.users.codes.replace(proof):
                mail = Effect(EffectKind.SIGN_IN_CODE, NO_ORGANIZATION, code_id, 0, code_id, unit.now)
                await unit.outbox.add((), (mail,))
        await self._live.wake()

    async def finish(
        self, viewer: Viewer, email: str, code: str, sign_up: SignUp | None, *, is_mobile: bool = False
    ) -> OpenedSession:
        """Open a session for who knows the code, in the account last used; who signs up founds or joins.

        WrongCode, SignUpNeeded, HandleTaken, InvitationUnknown, WrongRegion, RegionUnsupported or
        InvalidInput: only the first uses up a try. `sign_up` changes nothing for somebody who has signed up
        before.
        """
        address = canonical(email_address(email, "email"))
        wanted = checked_sign_up(sign_up) if sign_up else None
        await self._limits.take(TRIES_PER_NETWORK, viewer.ip)
        opened = None
        async with self._units.begin() as unit:
            proof = await proved(unit, self._vault, address, typed_code(code))
            if proof is not None:
                user = await self._user(unit, proof, wanted)
                opened = await self._open(unit, proof, user, is_mobile=is_mobile) if user else None
        if proof is None:
            raise WrongCode("code")
        if opened is None:
            raise SignUpNeeded
        return opened

    async def code_for(self, code_id: UUID) -> MailedCode | None:
        """Say what is to be mailed for a code; None where it was used, replaced, or is too old."""
        async with self._units.read() as reading:
            proof = await reading.users.codes.by_id(code_id)
        if proof is None:
            return None
        return MailedCode(proof.email, proof.locale, code_of(self._vault, proof.id), proof.link_id)

    async def _user(self, unit: Unit, proof: CodeProof, wanted: SignUp | None) -> User | None:
        await unit.users.lock_address(proof.email)
        accounts = await unit.users.accounts(proof.email)
        if accounts:
            return await account_to_open(unit, accounts, self._regions)
        return await self._founding.arrive(unit, proof.email, proof.locale, wanted) if wanted else None

    async def _open(self, unit: Unit, proof: CodeProof, user: User, *, is_mobile: bool) -> OpenedSession:
        await unit.users.codes.consume(proof.id)
        return await open_session(unit, user, self._random_bytes, AddressProof.MAIL, is_mobile=is_mobile)


def id_of_code(vault: Vault, wanted_for: str, key: str | None) -> UUID:
    """Make the id of a new code; a repeat with the same key names the same one."""
    if key is None:
        return new_id()
    return UUID(bytes=vault.token_bytes("code id", wanted_for, key)[:16])


def hash_of_code(vault: Vault, code_id: UUID, code: str) -> bytes:
    """Hash what was typed, or is to be, as the code of an id."""
    return vault.token_bytes("code hash", str(code_id), code)


async def proved(
    unit: Unit, vault: Vault, address: str, code: str, link_id: PageLinkId | None = None
) -> CodeProof | None:
    """Compare a code with the live one of an address; a wrong one uses up a try, so do not raise in its unit.

    The code is one for a link, or with None one that signs in.
    """
    proof = await unit.users.codes.live(address, link_id)
    if proof is None or proof.tries >= CODE_TRIES:
        return None
    if not hmac.compare_digest(hash_of_code(vault, proof.id, code), proof.code_hash):
        await unit.users.codes.note_try(proof.id)
        return None
    return proof


def code_of(vault: Vault, code_id: UUID) -> str:
    """Make the code of an id: always the same one, so that it can be mailed without being stored."""
    return sign_in_code(vault.token_bytes("code", str(code_id)))


async def account_to_open(unit: Unit, accounts: Sequence[User], regions: Regions) -> User:
    """Choose of somebody's accounts, the last one used first, the first that can be opened here.

    NotAllowed where all are disabled, WrongRegion where those that are not are served elsewhere.
    """
    open_ = [account for account in accounts if not account.is_disabled]
    homes = await unit.organizations.by_ids([account.organization_id for account in open_])
    elsewhere: WrongRegion | None = None
    for account in open_:
        try:
            regions.serve(homes[account.organization_id].region)
        except WrongRegion as wrong:
            elsewhere = elsewhere or wrong
            continue
        return account
    raise elsewhere or NotAllowed()


async def open_session(
    unit: Unit,
    user: User,
    random_bytes: Callable[[int], bytes],
    proof: AddressProof | None,
    *,
    like: Session | None = None,
    is_mobile: bool = False,
) -> OpenedSession:
    """Open a session for a user who has just proved to be this user.

    A session that is opened by another one (`like`) is no fresher than that one, and lives no longer.
    """
    created_at, expires_at = (
        (like.created_at, like.expires_at) if like else (unit.now, unit.now + SESSION_LIFE)
    )
    is_mobile = is_mobile or (like is not None and like.is_mobile)
    session = Session(SessionId(new_id()), user.id, created_at, unit.now, expires_at, proof, is_mobile)
    secret = token(TokenKind.SESSION, random_bytes(_TOKEN_BYTES))
    await unit.users.sessions.add(session, token_hash(secret))
    await unit.users.note_signed_in(user.id)
    return OpenedSession(user, session, secret)


def checked_sign_up(sign_up: SignUp) -> SignUp:
    """Check and clean what a new user tells; InvalidInput names the field."""
    handle, invitation = sign_up.handle, sign_up.invitation
    founded = sign_up.organization_name
    if invitation is None:
        founded = organization_name(founded or "", "signUp", "organizationName")
    return SignUp(
        name=person_name(sign_up.name, "signUp", "name"),
        organization_name=founded,
        zone=zone(sign_up.zone, "signUp", "zone").key,
        handle=None if handle is None else checked_handle(handle, "signUp", "handle"),
        invitation=invitation,
        region=sign_up.region,
    )
