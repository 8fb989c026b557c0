"""Rules that the host side of a page may waive by naming them, those that were and those that refuse."""

from enum import Enum
from typing import Self

import strawberry

from domain.bookings import NotWaived, Waived
from domain.ids import UserId
from domain.slots import Waivable
from schema.context import Info
from schema.errors import ErrorCode, ErrorType
from schema.slots import SlotType
from schema.users import HostType


@strawberry.enum(
    name="WaivableRule", description="Rule past which the host side of a page may book by naming it."
)
class WaivableRuleType(Enum):
    """Twin of domain.slots.Waivable."""

    NOTICE = strawberry.enum_value(
        Waivable.NOTICE.value,
        description="How soon before the start one may still book; never the past.",
    )
    WINDOW = strawberry.enum_value(Waivable.WINDOW.value, description="How far ahead one may book.")
    CAP = strawberry.enum_value(
        Waivable.CAP.value,
        description="Caps of the page and of the hosts, and of one invitee's bookings to come.",
    )
    HOURS = strawberry.enum_value(
        Waivable.HOURS.value,
        description="Hours of the hosts. Outside of them there is no grid.",
    )
    GRID = strawberry.enum_value(Waivable.GRID.value, description="Grid on which starts lie.")
    AWAY = strawberry.enum_value(Waivable.AWAY.value, description="Absences of the hosts.")
    AHEAD = strawberry.enum_value(
        Waivable.AHEAD.value,
        description="Turn of the others, where bookings are shared evenly.",
    )
    BUFFER = strawberry.enum_value(
        Waivable.BUFFER.value,
        description="Time that is kept free between two bookings; never the time of one.",
    )
    BUSY = strawberry.enum_value(
        Waivable.BUSY.value,
        description="Calendars of the hosts, busy or not to be read, with the page's buffers.",
    )


@strawberry.type(name="WaivedRules", description="Rules past which a booking has its time, for hosts alone.")
class WaivedRulesType:
    """Twin of domain.bookings.Waived."""

    waived_by: strawberry.Private[UserId]
    rules: list[WaivableRuleType] = strawberry.field(description="Rules that refused the time.")

    @strawberry.field(description="Person who named them; null if they are gone.")
    async def by(self, info: Info) -> HostType | None:
        """Load who did."""
        user = await info.context.loaders.users.load(self.waived_by)
        return HostType.of(user) if user else None

    @classmethod
    def of(cls, waived: Waived | None) -> Self | None:
        """Shape what was waived, if anything was."""
        if waived is None:
            return None
        return cls(waived_by=waived.by, rules=[WaivableRuleType(rule.value) for rule in waived.rules])


@strawberry.type(
    name="NotWaivedError", description="Start that rules refuse which were not named in `waives`."
)
class NotWaivedError(ErrorType):
    """Twin of domain.bookings.NotWaived."""

    rules: list[WaivableRuleType] = strawberry.field(
        description="Rules to name as well, to have the start all the same."
    )
    next_slots: list[SlotType] = strawberry.field(description="Free slots near it, in order of start.")

    @classmethod
    def of(cls, broken: NotWaived, message: str) -> Self:
        """Shape the error."""
        return cls(
            message=message,
            code=ErrorCode.NOT_WAIVED,
            path=list(broken.path),
            rules=[WaivableRuleType(rule.value) for rule in broken.rules],
            next_slots=[SlotType(start=start, end=end, seats_left=None) for start, end in broken.nearest],
        )


def named_in(given: list[WaivableRuleType]) -> frozenset[Waivable]:
    """Read the rules that a client names."""
    return frozenset(Waivable(rule.value) for rule in given)
