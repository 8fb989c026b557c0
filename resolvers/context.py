"""A type's context plus the services: what every resolver is given."""

from typing import Annotated, Protocol, TypeVar

import strawberry

from schema.context import Context as SchemaContext
from services.all import Services

T = TypeVar("T")


class Context(SchemaContext, Protocol):
    """One operation's, or one subscription event's, context: never kept longer."""

    @property
    def services(self) -> Services:
        """Every use case."""
        ...

    @property
    def locale(self) -> str:
        """Reader's language."""
        ...


Info = strawberry.Info[Context, None]
Given = Annotated[T, strawberry.argument(description="What is wanted.")]
