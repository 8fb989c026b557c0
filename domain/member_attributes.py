"""Attributes of members: names and values that administrators set, by which routing forms find somebody."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.addresses import display_text
from domain.errors import InvalidInput
from domain.routing import folded
from domain.routing_forms import attribute_name

MAX_ATTRIBUTES = 50
_MAX_VALUE = 100


@dataclass(frozen=True, slots=True)
class MemberAttribute:
    """One value of an attribute, like `language: Deutsch`; a member may have several of one name."""

    name: str
    value: str

    @property
    def spelled(self) -> str:
        """The value in the one spelling by which values are compared."""
        return folded(self.value)


def checked_attributes(wanted: Sequence[MemberAttribute]) -> tuple[MemberAttribute, ...]:
    """Check and clean a member's attributes; InvalidInput at attributes.<index>."""
    if len(wanted) > MAX_ATTRIBUTES:
        raise InvalidInput("A member has at most 50 attributes.", "attributes")
    checked = tuple(
        MemberAttribute(
            attribute_name(one.name, "attributes", str(number), "name"),
            display_text(one.value, _MAX_VALUE, "attributes", str(number), "value"),
        )
        for number, one in enumerate(wanted)
    )
    if len({(one.name, one.spelled) for one in checked}) < len(checked):
        raise InvalidInput("An attribute stands there twice.", "attributes")
    return tuple(sorted(checked, key=lambda one: (one.name, one.spelled)))
