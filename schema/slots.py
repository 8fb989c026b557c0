"""Open slots: the answer to a question, and what a subscriber is told of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, Self, cast

import strawberry

from domain.calendars import Freshness
from domain.intervals import instant_of
from domain.open_slots import OpenSlots
from domain.slots import Refusal, RefusalRule
from domain.users import User
from schema.columns import Column, ColumnKind, ColumnList
from schema.cost import ListSize
from schema.users import HostType


@strawberry.enum(name="Freshness", description="How fresh the worst calendar behind an answer is.")
class FreshnessType(Enum):
    """Twin of domain.calendars.Freshness."""

    LIVE = strawberry.enum_value(Freshness.LIVE.value, description="Asked just now.")
    RECENT = strawberry.enum_value(Freshness.RECENT.value, description="Some seconds old.")
    UNKNOWN = strawberry.enum_value(
        Freshness.UNKNOWN.value, description="Not to be had: hosts whom it concerns are taken as busy."
    )


@strawberry.enum(name="RefusalRule", description="Rule that keeps a start from being offered.")
class RefusalRuleType(Enum):
    """Twin of domain.slots.RefusalRule."""

    NOTICE = strawberry.enum_value(RefusalRule.NOTICE.value, description="It is past, or too soon.")
    WINDOW = strawberry.enum_value(
        RefusalRule.WINDOW.value, description="Its date is outside the booking window."
    )
    CAP = strawberry.enum_value(
        RefusalRule.CAP.value, description="A cap of its day, week, month or year is used up."
    )
    HOURS = strawberry.enum_value(RefusalRule.HOURS.value, description="A host is not open for all of it.")
    AWAY = strawberry.enum_value(RefusalRule.AWAY.value, description="A host is out of office.")
    GRID = strawberry.enum_value(RefusalRule.GRID.value, description="It is not on the page's grid.")
    BUSY = strawberry.enum_value(
        RefusalRule.BUSY.value, description="A host's calendar is busy in it or in its buffers."
    )
    BOOKED = strawberry.enum_value(
        RefusalRule.BOOKED.value, description="A booking has its time, or too little is left between."
    )
    CALENDAR_UNKNOWN = strawberry.enum_value(
        RefusalRule.CALENDAR_UNKNOWN.value, description="A host's calendar cannot be read."
    )
    AHEAD = strawberry.enum_value(
        RefusalRule.AHEAD.value, description="A host has too many more bookings than others who take turns."
    )
    FULL = strawberry.enum_value(RefusalRule.FULL.value, description="Every seat is taken.")
    WAITED = strawberry.enum_value(
        RefusalRule.WAITED.value, description="It is theirs first who wait for it."
    )
    RESOURCE = strawberry.enum_value(
        RefusalRule.RESOURCE.value, description="A resource that the page requires is not free."
    )
    LINK = strawberry.enum_value(
        RefusalRule.LINK.value, description="Link by which it is asked for has other times, or has ended."
    )


@strawberry.input(description="Interval that a question is about; 62 days at most.")
class WindowInput:
    """Two instants, half-open."""

    from_: datetime = strawberry.field(name="from", description="First instant of the window.")
    to: datetime = strawberry.field(description="First instant after the window.")


@strawberry.type(name="Slot", description="Interval that may be booked now.")
class SlotType:
    """A slot as it is shown: plain attributes only, since pages ask for hundreds."""

    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends.")
    seats_left: int | None = strawberry.field(
        description="Seats left, on a page with seats; null where one booking takes the slot."
    )


@strawberry.type(name="OpenSlots", description="Free slots of a page in a window.")
class OpenSlotsType:
    """The answer to walk 1."""

    freshness: FreshnessType = strawberry.field(description="How fresh the worst calendar behind it is.")
    slots: list[SlotType] = strawberry.field(
        description="Slots in order of start.", directives=[ListSize(assumed_size=100)]
    )

    @classmethod
    def of(cls, found: OpenSlots) -> Self:
        """Shape an answer."""
        return cls(
            freshness=FreshnessType(found.freshness.value),
            slots=slots_of((slot.start, slot.end, slot.seats_left) for slot in found.slots),
        )


@strawberry.interface(name="OpenSlotsEvent", description="What a subscriber of open slots is told.")
class OpenSlotsEventType:
    """What every event says."""

    revision: int = strawberry.field(description="Number that grows with each change that is told.")
    cursor: str = strawberry.field(description="Point from which to resume, as `after`.")


@strawberry.type(name="OpenSlotsState", description="All free slots of the window: the first event.")
class OpenSlotsStateType(OpenSlotsEventType):
    """The full state."""

    freshness: FreshnessType = strawberry.field(description="How fresh the worst calendar behind it is.")
    slots: list[SlotType] = strawberry.field(description="Slots in order of start.")


@strawberry.type(
    name="OpenSlotsChange",
    description="What changed since the event before; a slot whose seats changed is added again, "
    "and no slot is in it where only the calendars can, or cannot, be read any more.",
)
class OpenSlotsChangeType(OpenSlotsEventType):
    """What was added and removed."""

    freshness: FreshnessType = strawberry.field(description="How fresh the worst calendar behind it is.")
    added: list[SlotType] = strawberry.field(description="Slots that are free now, in order of start.")
    removed: list[SlotType] = strawberry.field(description="Slots that are gone, in order of start.")


@strawberry.enum(name="OpenSlotsEndReason", description="Why open slots are told no more.")
class OpenSlotsEndReasonType(Enum):
    """Why a feed ended."""

    PAGE_UNAVAILABLE = strawberry.enum_value(
        "PAGE_UNAVAILABLE", description="Page that is not there, or not active any more."
    )
    LINK_UNAVAILABLE = strawberry.enum_value(
        "LINK_UNAVAILABLE", description="Secret link that has ended, or whose page is not there any more."
    )


@strawberry.type(name="OpenSlotsEnd", description="Last event of a subscription.")
class OpenSlotsEndType(OpenSlotsEventType):
    """The typed end."""

    reason: OpenSlotsEndReasonType = strawberry.field(description="Why it ended.")


@strawberry.type(name="Refusal", description="Rule that refuses a start, with what it says.")
class RefusalType:
    """Twin of domain.slots.Refusal."""

    rule: RefusalRuleType = strawberry.field(description="Rule that refuses.")
    detail: str | None = strawberry.field(description="What the rule says, for a person; never a title.")
    host: HostType | None = strawberry.field(description="Host whom it concerns; null for the page's own.")

    @classmethod
    def of(cls, refusal: Refusal, host: User | None) -> Self:
        """Shape a rule that refuses, with the host whom it concerns."""
        return cls(
            rule=RefusalRuleType(refusal.rule.value),
            detail=refusal.detail,
            host=HostType.of(host) if host else None,
        )


@strawberry.type(name="SlotExplanation", description="Why a start is or is not offered.")
class SlotExplanationType:
    """X12, for the owner of a page."""

    start: datetime = strawberry.field(description="Start that was asked about.")
    is_offered: bool = strawberry.field(description="Whether the page offers it now.")
    refusals: list[RefusalType] = strawberry.field(description="Rules that refuse it; empty if offered.")
    freshness: FreshnessType = strawberry.field(description="How fresh the worst calendar behind it is.")


Rows = Iterable[tuple[int, int, int | None]]


def slots_of(rows: Rows) -> list[SlotType]:
    """Shape slots that are kept as minutes: start, end and seats left of each."""
    starts, ends, seats = _columns(rows)
    shaped: Sequence[SlotType] = ColumnList(
        SlotType,
        _slot,
        {
            "start": Column(ColumnKind.INSTANT, starts),
            "end": Column(ColumnKind.INSTANT, ends),
            "seats_left": Column(ColumnKind.INT, seats),
        },
    )
    return cast("list[SlotType]", shaped)  # GraphQL's list; who reads it gets a sequence


def _columns(rows: Rows) -> tuple[Sequence[int], Sequence[int], Sequence[int | None]]:
    columns = tuple(zip(*rows, strict=True))
    return columns or ((), (), ())  # pyright: ignore[reportReturnType]  # three, as each row has


def _slot(start: int, end: int, seats: int | None) -> SlotType:
    return SlotType(start=instant_of(start), end=instant_of(end), seats_left=seats)


Length = Annotated[
    int | None,
    strawberry.argument(description="One of the page's lengths; its usual one if unsaid."),
]
Window = Annotated[WindowInput, strawberry.argument(description="Interval that is asked about.")]
