"""What is asked of those who host pages together, and what comes of it."""

from typing import Annotated, Self

import strawberry
from strawberry import UNSET

from domain.slots import HostRules
from schema.booking_changes import BookingPayload
from schema.booking_page_changes import CapsInput, said_caps
from schema.booking_pages import BookingPageType, CapsType
from schema.bookings import TooLateError
from schema.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
)
from schema.managed_pages import PageManagedError
from schema.page_hosts import AssignmentType, HostNotFreeError, PageHostInput, TurnsType


@strawberry.type(name="HostRules", description="What a host asks for in every page that they host.")
class HostRulesType:
    """Twin of domain.slots.HostRules; of these and a page's own the stricter holds."""

    buffer_before_minutes: int = strawberry.field(description="Minutes kept free before a booking.")
    buffer_after_minutes: int = strawberry.field(description="Minutes kept free after a booking.")
    notice_minutes: int = strawberry.field(description="How long before its start a slot is last offered.")
    caps: CapsType = strawberry.field(description="Most bookings of the host over all pages.")

    @classmethod
    def of(cls, rules: HostRules) -> Self:
        """Shape own rules."""
        return cls(
            buffer_before_minutes=rules.buffer_before_minutes,
            buffer_after_minutes=rules.buffer_after_minutes,
            notice_minutes=rules.notice_minutes,
            caps=CapsType.of(rules.caps),
        )


@strawberry.input(description="Hosts of a page and how they share its bookings, in place of all that was.")
class BookingPageHostsSetInput:
    """What bookingPageHostsSet takes."""

    id: strawberry.ID = strawberry.field(description="Page to change.")
    expected_revision: int | None = strawberry.field(
        default=UNSET, description="Revision that the owner saw; another one is a conflict."
    )
    assignment: AssignmentType = strawberry.field(description="Which of the hosts take a booking.")
    hosts: list[PageHostInput] = strawberry.field(
        description="Hosts in order, 1 to 30; the first who is fixed, or the first of all, is the primary."
    )
    turns: TurnsType | None = strawberry.field(
        default=UNSET, description="What matters more where hosts take turns; availability if unsaid."
    )
    max_lead: int | None = strawberry.field(
        default=UNSET, description="How many bookings ahead is too many, 1 to 100; 3 if unsaid."
    )
    keeps_host: bool | None = strawberry.field(
        default=UNSET, description="Whether a booking that is moved stays with its host; yes if unsaid."
    )


@strawberry.input(description="Change of what the viewer asks for in every page; what is unsaid stays.")
class HostRulesUpdateInput:
    """What hostRulesUpdate takes."""

    buffer_before_minutes: int | None = strawberry.field(
        default=UNSET, description="Minutes kept free before a booking, 1,440 at most."
    )
    buffer_after_minutes: int | None = strawberry.field(
        default=UNSET, description="Minutes kept free after a booking, 1,440 at most."
    )
    notice_minutes: int | None = strawberry.field(
        default=UNSET, description="How long before its start a slot is last offered; a year at most."
    )
    caps: CapsInput | None = strawberry.field(
        default=UNSET, description="Most bookings over all pages; days are those of the host's schedule."
    )


@strawberry.input(description="Booking to hand over to another host of its page.")
class BookingReassignInput:
    """What bookingReassign takes."""

    id: strawberry.ID = strawberry.field(description="Booking to hand over.")
    to: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="Person who takes it, by the id of their `User`; whose turn it is if unsaid.",
    )
    from_: strawberry.ID | None = strawberry.field(
        name="from",
        default=UNSET,
        description="Host who is to go, by the id of their `User`; who took a turn, or is alone, if unsaid.",
    )
    version: int | None = strawberry.field(
        default=UNSET, description="Version that was seen; another one is a conflict."
    )


@strawberry.type(description="Page with its hosts as they are after the change.")
class BookingPageHostsSetPayload:
    """What comes of bookingPageHostsSet."""

    booking_page: BookingPageType = strawberry.field(description="Changed page.")


@strawberry.type(description="Own rules as they are after the change.")
class HostRulesUpdatePayload:
    """What comes of hostRulesUpdate."""

    host_rules: HostRulesType = strawberry.field(description="Changed rules.")


BookingPageHostsSetResult = Annotated[
    BookingPageHostsSetPayload
    | PageManagedError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError,
    strawberry.union("BookingPageHostsSetResult", description="What comes of setting a page's hosts."),
]
HostRulesUpdateResult = Annotated[
    HostRulesUpdatePayload | InvalidInputError | NotAllowedError,
    strawberry.union("HostRulesUpdateResult", description="What comes of changing own rules."),
]
BookingReassignResult = Annotated[
    BookingPayload
    | HostNotFreeError
    | TooLateError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("BookingReassignResult", description="What comes of handing a booking over."),
]


def said_rules(given: HostRulesUpdateInput) -> dict[str, object]:
    """Read what was said, under the names of domain.slots.HostRules; null is as good as unsaid."""
    said = {
        "buffer_before_minutes": given.buffer_before_minutes,
        "buffer_after_minutes": given.buffer_after_minutes,
        "notice_minutes": given.notice_minutes,
        "caps": said_caps(given.caps) if given.caps else UNSET,
    }
    return {name: value for name, value in said.items() if value is not None and value is not UNSET}
