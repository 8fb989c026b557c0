"""What clients that only read are answered: one gate before every mutation, those to come included."""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions.field_extension import FieldExtension
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from domain.users import ClientNotAllowed, may_change
from resolvers.answers import answer
from schema.context import Context
from schema.errors import ClientNotAllowedError

ANSWERS = (answer(ClientNotAllowed, ClientNotAllowedError),)


class ForThoseWhoChange(FieldExtension):
    """Refuses a mutation to clients that only read, and says so in its result."""

    def apply(self, field: StrawberryField) -> None:
        """Put the refusal among what the mutation may answer."""
        result = field.type
        if not isinstance(result, StrawberryUnion):
            raise TypeError(f"{field.name} is not answered by a union.")
        if ClientNotAllowedError not in result.types:
            result.type_annotations = (*result.type_annotations, StrawberryAnnotation(ClientNotAllowedError))

    async def resolve_async(
        self,
        next_: Callable[..., Awaitable[Any]],
        source: Any,
        info: strawberry.Info[Context, None],
        **kwargs: Any,
    ) -> Any:
        """Go on for those who may change things."""
        may_change(info.context.viewer)
        return await next_(source, info, **kwargs)


def guard(mutations: type) -> None:
    """Set the gate before every field of a type; to be called before a schema is made of it."""
    for field in get_object_definition(mutations, strict=True).fields:
        field.extensions = [*field.extensions, ForThoseWhoChange()]
