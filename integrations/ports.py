"""What the house asks of the world outside, and how the world fails: ports, accounts, failures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol

from domain.calendars import BusyTimes, Entry, EntryRef, EntryState, Provider
from domain.intervals import Span


class ProviderFailed(Exception):
    """Root of what can go wrong outside.

    `reason` is a stable code for logs and rows; addresses, answers and secrets never stand in it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Transient(ProviderFailed):
    """A failure that may pass; `retry_after_s` is what the provider asked for, in seconds."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Permanent(ProviderFailed):
    """A failure that a repeat does not mend."""


class Revoked(ProviderFailed):
    """A secret that the provider refuses: asking again could lock the account, so its user must act."""


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
class Account:
    """How a provider's account is reached; the address of a feed is as secret as a password."""

    provider: Provider
    url: str = field(repr=False)
    username: str = field(repr=False)
    secret: Secret


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A calendar that an account has; `zone` is an IANA name, or None where the provider names none."""

    url: str = field(repr=False)
    name: str = field(repr=False)
    zone: str | None
    is_writable: bool


@dataclass(frozen=True, slots=True)
class BusyAt:
    """A calendar that is asked for busy times, and the zone in which its whole days lie."""

    url: str = field(repr=False)
    zone: str | None


class CalendarPort(Protocol):
    """A kind of calendar account. Every method raises ProviderFailed, and nothing else.

    What cannot be read is never free: an answer that is in doubt is a failure.
    """

    async def discover(self, account: Account) -> tuple[RemoteCalendar, ...]:
        """Name the calendars of an account that hold entries, in the provider's order."""
        ...

    async def busy(
        self, account: Account, calendars: Sequence[BusyAt], window: Span, *, deadline_s: float = 10
    ) -> BusyTimes:
        """Say when any of the calendars is busy within a window; one that fails makes all of it fail."""
        ...

    async def put_entry(self, account: Account, calendar_url: str, entry: Entry) -> EntryRef:
        """Write an entry, or replace ours that has its UID; Permanent("not_ours") if that is not ours."""
        ...

    async def delete_entry(self, account: Account, calendar_url: str, uid: str, marker: str) -> None:
        """Remove an entry of ours; one that is gone is removed. Permanent("not_ours") as above."""
        ...

    async def find_entry(
        self, account: Account, calendar_url: str, uid: str, marker: str
    ) -> EntryState | None:
        """Say how an entry of ours stands, or None if it is gone. Permanent("not_ours") as above."""
        ...


class PostmanPort(Protocol):
    """A deliverer of mails."""

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Deliver a message to the one mailbox that its To names; raises Transient or Permanent."""
        ...
