"""What the house asks of the world outside, and how the world fails: ports, accounts, failures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from enum import StrEnum
from typing import Protocol

from domain.calendars import Entry, EntryRef, EntrySpot, EntryState, Permission, Provider
from domain.intervals import Span
from domain.statuses import BusyTimes


class ProviderFailed(Exception):
    """Root of what can go wrong outside.

    `reason` is a stable code for logs and rows; addresses, answers and secrets never stand in it. `unused`
    is a grant that the provider had given before something went wrong with it: it is to be ended. Its
    subject is then not proved, and only good for leaving alone what may be in use.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unused: Grant | None = None


class Transient(ProviderFailed):
    """A failure that may pass; `retry_after_s` is what the provider asked for, in seconds.

    `is_outage` says that the server itself failed, or nothing was heard of it: not one account's limit.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None, *, is_outage: bool = False) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.is_outage = is_outage


class Permanent(ProviderFailed):
    """A failure that a repeat does not mend."""


class Revoked(ProviderFailed):
    """A secret that the provider refuses: asking again could lock the account, so its user must act."""


class Expired(ProviderFailed):
    """An access token that the provider takes no longer: renewed once, the call is worth repeating."""


class Secret:
    """A text that shows itself only when asked to."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text; to be called where it is sent, and nowhere else."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be stored")


@dataclass(frozen=True, slots=True)
class Consent:
    """One question to a person at a provider: what binds the answer to who asked, and where it is sent."""

    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: Secret
    login_hint: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gave for a code or a refresh token.

    `refresh_token` is None where the one that we have stays good. `lasts_s` is for how long the access
    token does, an hour at most. `issuer`, `subject` and `email` say who consented, where the provider tells.
    """

    access_token: Secret
    lasts_s: int
    refresh_token: Secret | None
    scopes: frozenset[str]
    subject: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    is_email_verified: bool = False
    issuer: str | None = field(default=None, repr=False)


class OAuthPort(Protocol):
    """An authorization server, as its client sees it. Raises ProviderFailed, and nothing else."""

    @property
    def client_id(self) -> str:
        """The id of our registration, which is no secret."""
        ...

    @property
    def scopes(self) -> tuple[str, ...]:
        """All that is asked for."""
        ...

    def permissions(self, scopes: frozenset[str]) -> frozenset[Permission]:
        """Say what a provider's scopes allow us, in our own words."""
        ...

    def address(self, consent: Consent) -> str:
        """Spell where a person is to be sent to consent."""
        ...

    def is_issuer(self, named: str | None) -> bool:
        """Say whether the issuer that came with a code is this one (RFC 9207)."""
        ...

    async def redeem(self, code: str, consent: Consent, now: datetime, *, deadline_s: float = 10) -> Grant:
        """Exchange a code, once."""
        ...

    async def renew(self, refresh_token: Secret, *, deadline_s: float = 10) -> Grant:
        """Exchange a refresh token; Revoked where the grant is over."""
        ...

    async def revoke(self, refresh_token: Secret, *, deadline_s: float = 10) -> bool:
        """End a grant at the provider; False where it has no way to."""
        ...


class SignInPort(Protocol):
    """An OpenID issuer that says who somebody is. Raises ProviderFailed, and nothing else."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    async def address(self, consent: Consent, now: datetime) -> str:
        """Spell where a person is to be sent to say who they are."""
        ...

    async def is_issuer(self, named: str | None, now: datetime) -> bool:
        """Say whether the issuer that came with a code is this one (RFC 9207)."""
        ...

    async def redeem(self, code: str, consent: Consent, now: datetime) -> Grant:
        """Exchange a code, once, for who came with it."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """How a provider's account is reached; the address of a feed is as secret as a password.

    Of a provider whose users grant access, `secret` is an access token, `url` the address of its API,
    and `username` is empty.
    """

    provider: Provider
    url: str = field(repr=False)
    username: str = field(repr=False)
    secret: Secret


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A calendar that an account has; `zone` is an IANA name, or None where the provider names none.

    `url` is the provider's own name for it: an address, or an id. Only a calendar that `is_own` takes
    its user's time without being chosen: holidays and colleagues' calendars do not.
    """

    url: str = field(repr=False)
    name: str = field(repr=False)
    zone: str | None
    is_writable: bool
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class BusyAt:
    """A calendar that is asked for busy times, and the zone in which its whole days lie.

    Of one that is not `is_writable` a provider may tell less.
    """

    url: str = field(repr=False)
    zone: str | None
    is_writable: bool = True


class CalendarPort(Protocol):
    """A kind of calendar account. Every method raises ProviderFailed, and nothing else.

    What cannot be read is never free: an answer that is in doubt is a failure.
    """

    async def discover(self, account: Account) -> tuple[RemoteCalendar, ...]:
        """Name the calendars of an account that hold entries, in the provider's order."""
        ...

    async def busy(
        self,
        account: Account,
        calendars: Sequence[BusyAt],
        window: Span,
        *,
        by_status: bool = False,
        deadline_s: float = 10,
    ) -> tuple[BusyTimes, ...]:
        """Say when each of the calendars is busy within a window; one that fails makes all of it fail.

        There is one answer for each calendar that is asked for, in their order.

        `by_status` asks for entries of every kind, free ones too, as far as the provider tells them apart;
        what it does not tell is plainly busy. Without it only what usually counts is told, all as plainly
        busy. An entry that is cancelled, or was declined, is never told.
        """
        ...

    async def put_entry(self, account: Account, spot: EntrySpot, entry: Entry) -> EntryRef:
        """Write an entry, or bring ours up to date; Permanent("not_ours") if what is there is not ours.

        Called twice, late, or after an answer that was lost, it leaves one entry. What the host has
        changed by hand is left, except for times and texts that are new since the spot was written.
        """
        ...

    async def delete_entry(self, account: Account, spot: EntrySpot) -> None:
        """Remove an entry of ours; one that is gone is removed. Permanent("not_ours") as above."""
        ...

    async def find_entry(self, account: Account, spot: EntrySpot) -> EntryState | None:
        """Say how an entry of ours stands, or None if it is gone. Permanent("not_ours") as above."""
        ...


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a provider is to send its pings: `address` takes changes, `lifecycle` news of the watch itself.

    `id` is our own name for the watch, `token` what each ping must carry, `ends_at` how long we want it.
    """

    id: str
    address: str = field(repr=False)
    lifecycle: str = field(repr=False)
    token: Secret
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """A provider's promise to ping: its id there, what else is needed to stop it, and when it ends."""

    remote_id: str
    resource_id: str | None
    ends_at: datetime


class WatchPort(Protocol):
    """A kind of account whose calendars can be watched. Raises ProviderFailed, and nothing else."""

    async def watch(self, account: Account, calendar_url: str, hook: Hook) -> Watch:
        """Begin to watch a calendar; the first ping may come before this returns."""
        ...

    async def prolong(self, account: Account, watch: Watch, ends_at: datetime) -> Watch | None:
        """Let a watch last longer; None where a new one has to be made instead, or it is gone."""
        ...

    async def stop(self, account: Account, watch: Watch) -> None:
        """End a watch; one that is gone has ended."""
        ...


class PingKind(StrEnum):
    """What a ping says: something changed, the watch is gone, or it wants to be renewed or asked anew."""

    CHANGED = "changed"
    MISSED = "missed"
    REMOVED = "removed"
    REAUTHORIZE = "reauthorize"


@dataclass(frozen=True, slots=True)
class Ping:
    """A hint that a calendar changed; never believed, only followed by a look of our own.

    `watch` is the id of the watch as the ping names it, `token` what it brought to prove itself.
    `entry_id` is the provider's id of what changed, where the ping tells.
    """

    watch: str
    token: str = field(repr=False)
    kind: PingKind
    entry_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Posted:
    """A request that came to one of our hooks: names of headers in small letters, the body as it came."""

    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a request to a hook says.

    `answer` is what it is to be answered with, where it asks something. With `is_proved` the provider
    has signed it: each ping names a calendar instead of a watch, and has no token. `deauthorized` says
    that a user took our access away.
    """

    pings: tuple[Ping, ...] = ()
    answer: bytes | None = field(default=None, repr=False)
    media_type: str = "text/plain"
    is_proved: bool = False
    deauthorized: bool = False


class PingReader(Protocol):
    """Reads what a provider posts. Whatever is malformed, or not proved where it must be, says nothing."""

    def read(self, posted: Posted, now: datetime) -> Heard:
        """Read a request that came just now."""
        ...


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting to be made beside an entry; `key` is ours, always the same for one booking."""

    key: str
    topic: str = field(repr=False)
    start: datetime
    end: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class MadeMeeting:
    """A meeting at its provider, and the link for those who come; a host's own link is never kept."""

    remote_id: str
    join_url: str = field(repr=False)


class MeetingPort(Protocol):
    """A kind of account that makes meetings. Raises ProviderFailed, and nothing else."""

    async def make(self, account: Account, meeting: Meeting) -> MadeMeeting:
        """Make a meeting; one that was made before under the same key is found instead."""
        ...

    async def move(self, account: Account, remote_id: str, meeting: Meeting) -> None:
        """Give a meeting other times; Permanent("meeting_gone") if it is no more."""
        ...

    async def find(self, account: Account, key: str) -> str | None:
        """Give the id of a meeting to come that was made under a key, or None."""
        ...

    async def end(self, account: Account, remote_id: str) -> None:
        """Remove a meeting; one that is gone is removed."""
        ...


class PostmanPort(Protocol):
    """A deliverer of mails."""

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Deliver a message to the one mailbox that its To names; raises Transient or Permanent."""
        ...
