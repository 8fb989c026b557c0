"""The host's own side of a calendar account, alike for every provider: what the contract suite plays on.

Each provider has a class that is a `Side`, in `tests/fakes/<provider>_side.py`, with an async context manager
`<provider>_side()` that serves its fake and gives one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.statuses import Kind
from integrations.ports import Account, CalendarPort, RemoteCalendar
from tests.fakes.kit import Fault

CANARY = "canary-9d31"
"""Stands in every title, body, place and guest of a foreign entry; nothing of ours may ever show it."""


class Side(Protocol):
    """One account with one calendar of its host, at a provider that is served on the loopback."""

    @property
    def adapter(self) -> CalendarPort:
        """The adapter under test, as wiring makes it."""
        ...

    @property
    def account(self) -> Account:
        """What the adapter is given, with a secret that holds."""
        ...

    @property
    def calendar_url(self) -> str:
        """The host's main calendar, as `discover` names it."""
        ...

    def add(
        self,
        start: datetime,
        end: datetime,
        *,
        is_free: bool = False,
        is_cancelled: bool = False,
        is_declined: bool = False,
        is_all_day: bool = False,
    ) -> None:
        """Put a foreign entry, CANARY in title, body, place and guests; whole days are of UTC dates."""
        ...

    def mark(self, start: datetime, end: datetime, kind: Kind) -> bool:
        """Put a foreign entry of a kind; False where the provider has none such."""
        ...

    def foreign(self) -> bytes:
        """All foreign entries as they stand, byte by byte comparable."""
        ...

    def ours(self) -> Sequence[tuple[datetime, datetime, str]]:
        """Our entries that stand: start, end and title, in order of start."""
        ...

    def host_retitles(self, title: str) -> None:
        """Let the host give our only entry another title by hand."""
        ...

    def host_deletes(self) -> None:
        """Let the host delete our only entry by hand."""
        ...

    def host_moves(self, start: datetime, end: datetime) -> None:
        """Let the host move our only entry by hand."""
        ...

    def fails(self, method: str, *faults: Fault) -> None:
        """Let the next requests behind a port's method go wrong: discover, busy, put, delete or find."""
        ...

    def revokes(self) -> None:
        """Take our access away, as the host or their administrator can at the provider."""
        ...

    def violations(self) -> Sequence[str]:
        """Say what our client did that no client of the real provider may do."""
        ...

    def calendars(self) -> Sequence[RemoteCalendar]:
        """Give what `discover` is to answer, in order."""
        ...
