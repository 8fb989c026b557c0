"""Identity: handles, sign-in codes, sessions and API keys, and how long each of them lives."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.addresses import display_text
from domain.errors import Conflict, InvalidInput, RuleBroken
from domain.ids import ApiKeyId, PageLinkId, SessionId, UserId
from domain.users import Scope

# A code has 8 digits: 10^8 of them. Five mails a day and address, five tries a code: who guesses at one
# address hits once in 4 million days; at all addresses, with as many mails as an installation sends
# (see services.sign_in), less than once in a year.
CODE_DIGITS = 8
CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5

SESSION_LIFE = timedelta(days=30)
SESSION_IDLE = timedelta(days=14)
FRESH_FOR = timedelta(minutes=10)
USE_NOTED_EVERY = timedelta(minutes=1)
TICKET_LIFE = timedelta(seconds=30)

MAX_API_KEYS = 50
MAX_API_KEY_LIFE = timedelta(days=366)
MAX_NAME = 100
DEFAULT_LOCALE = "en"

_HANDLE = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_NOT_IN_HANDLE = re.compile(r"[^a-z0-9]+")
_HANDLE_STEM = 48
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)

# First parts of paths that are ours, or that people would take for ours.
RESERVED_HANDLES = frozenset(
    (  # noqa: SIM905 -- a hundred quoted words are harder to read
        "about abuse account accounts admin administrator api app apps assets auth billing blog book "
        "booking bookings calendar calendars caldav callback connect contact dashboard dav dev docs embed "
        "favicon feed feeds graphiql graphql guest health healthz help home host hosts hostmaster ics "
        "index info invite legal live login logout mail mailbox manage me metrics new null oauth operator "
        "organization organizations owner page pages poll polls postmaster pricing privacy profile public "
        "ready register robots root scheduler schedules security settings setup sign-in sign-out sign-up "
        "signin signout signup sitemap slotgraph sse staff static status subscriptions support system "
        "team teams terms undefined user users viewer webhook webhooks webmaster well-known ws www"
    ).split(" ")
)


class WrongCode(RuleBroken):
    """A sign-in code that is wrong, used, too old, replaced by a newer one, or tried too often."""

    code = "WRONG_CODE"
    sentence = "This code is wrong or no longer valid."


class CodeNeeded(RuleBroken):
    """A booking by a link that is bound to an address, without the code that proves it."""

    code = "CODE_NEEDED"
    sentence = "This link needs the code that we mail to its address."


class SignUpNeeded(RuleBroken):
    """An address is proved, but nobody has signed up with it; the code can still be used to do so."""

    code = "SIGN_UP_NEEDED"
    sentence = "Nobody has signed up with this address yet. Give a name and a zone to sign up."


class BadCredentials(RuleBroken):
    """A session, key or ticket that opens nothing: malformed, unknown, ended, or its user is disabled."""

    code = "UNAUTHENTICATED"
    sentence = "This sign-in is not valid or has ended. Sign in again."


class FreshSignInNeeded(RuleBroken):
    """A step that asks for a sign-in of the last ten minutes, so that a stolen session cannot take it."""

    code = "FRESH_SIGN_IN_NEEDED"
    sentence = "Sign in again to do this."


class HandleTaken(Conflict):
    """A handle that somebody else has."""

    sentence = "Somebody else has this name. Choose another."


class AddressProof(StrEnum):
    """How who opened a session has proved their user's address."""

    MAIL = "mail"  # by a code that was mailed to it
    ISSUER = "issuer"  # by the word of an issuer who has verified it


@dataclass(frozen=True, slots=True)
class SignUp:
    """What a new user tells about themselves; without `handle` one is made of the name.

    With `invitation`, the secret of a link, they join the organization that invites them; without it
    they found one of the name that they give, in the region that they wish for or else the usual one.
    """

    name: str
    organization_name: str | None
    zone: str
    handle: str | None = None
    invitation: str | None = field(default=None, repr=False)
    region: str | None = None


@dataclass(frozen=True, slots=True)
class CodeProof:
    """What a code is checked by: a keyed hash, since eight digits alone would be guessed from a hash."""

    id: UUID
    email: str
    locale: str
    code_hash: bytes
    expires_at: datetime
    tries: int
    link_id: PageLinkId | None = None  # the link to a page whose address it proves; it signs nobody in then


@dataclass(frozen=True, slots=True)
class MailedCode:
    """A code on its way to a mailbox."""

    email: str
    locale: str
    code: str
    link_id: PageLinkId | None = None

    def __repr__(self) -> str:
        return "MailedCode()"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser or program.

    `created_at` is when its user proved who they are, `proof` how they proved their address, if they did.
    One that is mobile only reads.
    """

    id: SessionId
    user_id: UserId
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    proof: AddressProof | None = None
    is_mobile: bool = False

    def is_live(self, now: datetime) -> bool:
        """Say whether it still opens: 30 days after sign-in at most, 14 without use."""
        return now < self.expires_at and now < self.used_at + SESSION_IDLE

    def is_fresh(self, now: datetime) -> bool:
        """Say whether its user signed in within the last ten minutes."""
        return now <= self.created_at + FRESH_FOR


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for programs; `prefix` is what people see of it. One that is mobile only reads."""

    id: ApiKeyId
    user_id: UserId
    name: str
    prefix: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    is_mobile: bool = False

    def is_live(self, now: datetime) -> bool:
        """Say whether it still opens."""
        return self.expires_at is None or now < self.expires_at


def sign_in_code(secret: bytes) -> str:
    """Spell 20 secret bytes as eight digits; no digit is likelier than another by more than 10^-40."""
    return str(int.from_bytes(secret, "big") % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def typed_code(text: str) -> str:
    """Read a code as people type it, with spaces and full-width digits; never refuses."""
    plain = unicodedata.normalize("NFKC", text[: 8 * CODE_DIGITS])
    return "".join(character for character in plain if character in "0123456789")


def checked_repeat_key(text: str, *path: str) -> str:
    """Check the key by which a client's repeated request is known: 16 to 255 characters of ASCII."""
    if not 16 <= len(text) <= 255 or not text.isascii():  # noqa: PLR2004 -- said in the sentence
        raise InvalidInput("An idempotency key has 16 to 255 characters; a new UUID is a good one.", *path)
    return text


def person_name(text: str, *path: str) -> str:
    """Clean a person's name; InvalidInput where it is empty or longer than 100 characters."""
    return display_text(text, MAX_NAME, *path)


def checked_handle(text: str, *path: str) -> str:
    """Check a handle: 1 to 64 of a–z, 0–9 and -, and not a name that is ours."""
    if not _HANDLE.fullmatch(text):
        raise InvalidInput("A public name has 1 to 64 characters of a–z, 0–9 and -.", *path)
    if text in RESERVED_HANDLES:
        raise InvalidInput("This name is reserved.", *path)
    return text


def handle_from(name: str) -> str | None:
    """Make a handle of a name; None where nothing usable is left of it, as of 太郎."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    handle = _NOT_IN_HANDLE.sub("-", plain)[:_HANDLE_STEM].strip("-")
    return handle if handle and handle not in RESERVED_HANDLES else None


def checked_locale(text: str, *path: str) -> str:
    """Check that a locale has the form of a language tag, like en or ja-JP."""
    if not _LOCALE.fullmatch(text):
        raise InvalidInput("A language is written like en or ja-JP.", *path)
    return text


def checked_scopes(scopes: frozenset[Scope], *path: str) -> frozenset[Scope]:
    """Check that a key may do something at all."""
    if not scopes:
        raise InvalidInput("A key needs at least one scope.", *path)
    return scopes


def checked_key_end(expires_at: datetime | None, now: datetime, *path: str) -> datetime | None:
    """Check that a key ends in the future and within a year and a day, if it ends."""
    if expires_at is not None and not now < expires_at <= now + MAX_API_KEY_LIFE:
        raise InvalidInput("A key ends in the future, and within 366 days.", *path)
    return expires_at
