"""What a type may ask of its request: the viewer, the loaders, and the reader's language."""

from typing import Protocol

import strawberry
from strawberry.dataloader import DataLoader

from domain.errors import RuleBroken
from domain.ids import UserId
from domain.users import User, Viewer


class Loaders(Protocol):
    """What types may load in batches; `resolvers/loaders.py` knows where it comes from."""

    @property
    def users(self) -> DataLoader[UserId, User | None]:
        """Users of the viewer's organization by id."""
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
