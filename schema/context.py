"""What a type may ask of its request: the viewer, the loaders, and the reader's language."""

from typing import Protocol

import strawberry
from strawberry.dataloader import DataLoader

from domain.booking_pages import BookingPage
from domain.errors import RuleBroken
from domain.ids import OrganizationId, PageId, UserId
from domain.open_slots import FindSlots, OpenSlots
from domain.users import User, Viewer


class Loaders(Protocol):
    """What types may load in batches; `resolvers/loaders.py` knows where it comes from."""

    @property
    def users(self) -> DataLoader[UserId, User | None]:
        """Users by id; a type shows of them what its reader may see."""
        ...

    @property
    def pages(self) -> DataLoader[tuple[OrganizationId, PageId], BookingPage | None]:
        """Booking pages by id, deleted ones too: a booking outlives its page."""
        ...

    @property
    def open_slots(self) -> DataLoader[FindSlots, OpenSlots]:
        """Open slots by question."""
        ...


class Context(Protocol):
    """One operation's context."""

    @property
    def viewer(self) -> Viewer:
        """Who is asking."""
        ...

    @property
    def loaders(self) -> Loaders:
        """What types may load; fresh for each operation and each event."""
        ...

    def say(self, broken: RuleBroken) -> str:
        """Say an expected error in the reader's language."""
        ...


Info = strawberry.Info[Context, None]
