"""Attributes of members, by which routing forms find them."""

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from domain.member_attributes import MemberAttribute
from schema.errors import InvalidInputError, NotAllowedError, NotFoundError


@strawberry.type(name="MemberAttribute", description="One value of an attribute of a member.")
class MemberAttributeType:
    """Twin of domain.member_attributes.MemberAttribute."""

    name: str = strawberry.field(description="Name of the attribute.")
    value: str = strawberry.field(description="One of its values.")


@strawberry.type(name="MemberAttributes", description="Attributes of a member, for members.")
class MemberAttributesType:
    """A member's attributes."""

    attributes: list[MemberAttributeType] = strawberry.field(description="Attributes by name.")

    @classmethod
    def of(cls, attributes: Sequence[MemberAttribute]) -> Self:
        """Shape a member's attributes."""
        return cls(attributes=[MemberAttributeType(name=one.name, value=one.value) for one in attributes])


@strawberry.input(description="One value of an attribute.")
class MemberAttributeInput:
    """Twin of domain.member_attributes.MemberAttribute."""

    name: str = strawberry.field(description="Name of 1 to 40 small letters, digits and -.")
    value: str = strawberry.field(description="Value, 1 to 100 characters; compared whatever the case.")


@strawberry.input(description="Attributes of a member, in place of all that they had.")
class MemberAttributesSetInput:
    """What memberAttributesSet takes."""

    id: strawberry.ID = strawberry.field(description="Id of the user.")
    attributes: list[MemberAttributeInput] = strawberry.field(
        description="Attributes, 50 at most; one name may have several values."
    )


@strawberry.type(description="Attributes of a member after the change.")
class MemberAttributesSetPayload:
    """What comes of memberAttributesSet."""

    member_attributes: MemberAttributesType = strawberry.field(description="Attributes that hold now.")


MemberAttributesSetResult = Annotated[
    MemberAttributesSetPayload | InvalidInputError | NotFoundError | NotAllowedError,
    strawberry.union("MemberAttributesSetResult", description="Attributes, or why they were not set."),
]
