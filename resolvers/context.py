"""A type's context plus the services: what every resolver is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import strawberry

from domain.errors import RuleBroken
from domain.users import Viewer
from schema.context import Loaders

if TYPE_CHECKING:
    from services.all import Services


@dataclass(frozen=True, slots=True)
class Context:
    """One operation's, or one subscription event's, context: never kept longer."""

    viewer: Viewer
    services: "Services"
    loaders: Loaders
    locale: str
    saying: Callable[[str, RuleBroken], str]

    def say(self, broken: RuleBroken) -> str:
        """Say an expected error in the reader's language."""
        return self.saying(self.locale, broken)


Info = strawberry.Info[Context, None]
