"""What is asked of links to pages by their makers, and what comes of it."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.availability import Hours
from domain.errors import InvalidInput
from domain.page_links import LinkSettings, starts_of
from domain.slots import DateRange
from schema.availability import OverrideInput, WeeklyHoursInput, date_overrides, weekly_windows
from schema.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
)
from schema.managed_pages import PageManagedError
from schema.organizations import NotEntitledError
from schema.page_links import PageLinkType, ProposedTimeType, TimesNotFreeError
from schema.scalars import EmailAddress, TimeZone


@strawberry.input(description="Dates that a link offers instead of its page's booking window.")
class LinkDatesInput:
    """Twin of domain.slots.DateRange."""

    first: date = strawberry.field(description="First date.")
    last: date = strawberry.field(description="Last date; with it the link ends.")


@strawberry.input(description="Hours that a link has instead of the schedule of who makes it.")
class LinkHoursInput:
    """Twin of domain.availability.Hours."""

    zone: TimeZone = strawberry.field(description="Zone in which its wall times are read.")
    weekly: list[WeeklyHoursInput] = strawberry.field(description="Usual week; 24 windows a day at most.")
    overrides: list[OverrideInput] | None = strawberry.field(
        default=UNSET, description="Exceptions, one a date, 1,000 at most."
    )


@strawberry.input(description="What may be said of every link.")
class PageLinkOptionsInput:
    """What making and changing have in common."""

    label: str | None = strawberry.field(
        default=UNSET, description="Note for who makes it, 200 characters at most; no invitee sees it."
    )
    max_uses: int | None = strawberry.field(
        default=UNSET, description="How often it may be used, 1 to 1,000; once at first, null for any number."
    )
    expires_at: datetime | None = strawberry.field(
        default=UNSET, description="Instant at which it expires; null for none."
    )
    email: EmailAddress | None = strawberry.field(
        default=UNSET, description="Address for which it is made, which its form suggests; null for none."
    )
    is_bound: bool | None = strawberry.field(
        default=UNSET, description="Whether no other address may book by it; false at first."
    )
    duration_minutes: int | None = strawberry.field(
        default=UNSET,
        description="How long a booking by it lasts, 5 to 1,440 minutes; null for as long as on the page. "
        "Only the page's owner may say it.",
    )
    dates: LinkDatesInput | None = strawberry.field(
        default=UNSET, description="Dates that it offers; null for those of the page."
    )
    hours: LinkHoursInput | None = strawberry.field(
        default=UNSET, description="Hours of who makes it, and of nobody else; null for their schedule."
    )
    starts: list[datetime] | None = strawberry.field(
        default=UNSET,
        description="Picked times of a one-off meeting, 50 at most within 62 days, whatever hours, notice "
        "and booking window say; empty for all that the page offers.",
    )
    offers_busy_times: bool | None = strawberry.field(
        default=UNSET,
        description="Whether picked times may be offered that cannot be booked now; each is, once it is "
        "free. False if unsaid.",
    )


@strawberry.input(description="Link to make.")
class PageLinkCreateInput(PageLinkOptionsInput):
    """What pageLinkCreate takes."""

    page_id: strawberry.ID = strawberry.field(description="Page that it opens, which one owns or hosts.")


@strawberry.input(description="Change of a link; what is unsaid stays.")
class PageLinkUpdateInput(PageLinkOptionsInput):
    """What pageLinkUpdate takes."""

    id: strawberry.ID = strawberry.field(description="Link to change.")
    expected_revision: int | None = strawberry.field(
        default=UNSET, description="Revision that its maker saw; another one is a conflict."
    )


@strawberry.input(description="Link to revoke.")
class PageLinkRevokeInput:
    """What pageLinkRevoke takes."""

    id: strawberry.ID = strawberry.field(description="Link that ends for good; bookings by it stay.")


@strawberry.type(description="Link that was made, with its secret.")
class PageLinkCreatePayload:
    """What comes of pageLinkCreate."""

    page_link: PageLinkType = strawberry.field(description="New link.")
    secret: str = strawberry.field(
        description="Secret that opens the page, shown only here; it goes into the fragment of an address."
    )
    times: list[ProposedTimeType] = strawberry.field(
        description="Picked times, as calendars were just now; empty where none are picked."
    )


@strawberry.type(description="Link as it is after the change.")
class PageLinkUpdatePayload:
    """What comes of pageLinkUpdate."""

    page_link: PageLinkType = strawberry.field(description="Changed link.")
    times: list[ProposedTimeType] = strawberry.field(
        description="Picked times, as calendars were just now; empty where they are as they were."
    )


@strawberry.type(description="Link that was revoked.")
class PageLinkRevokePayload:
    """What comes of pageLinkRevoke."""

    page_link: PageLinkType = strawberry.field(description="Revoked link.")


PageLinkCreateResult = Annotated[
    PageLinkCreatePayload
    | TimesNotFreeError
    | PageManagedError
    | NotEntitledError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | RateLimitedError,
    strawberry.union("PageLinkCreateResult", description="What comes of making a link."),
]
PageLinkUpdateResult = Annotated[
    PageLinkUpdatePayload
    | TimesNotFreeError
    | PageManagedError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | RateLimitedError,
    strawberry.union("PageLinkUpdateResult", description="What comes of changing a link."),
]
PageLinkRevokeResult = Annotated[
    PageLinkRevokePayload | NotFoundError | NotAllowedError,
    strawberry.union("PageLinkRevokeResult", description="What comes of revoking a link."),
]


def said_link(given: PageLinkOptionsInput, present: LinkSettings) -> LinkSettings:
    """Put what was said into the present settings; null is as good as unsaid, but for what null clears.

    Raises InvalidInput that names the field.
    """
    said_terms: dict[str, Any] = {
        "length": given.duration_minutes,
        "dates": _dates(given.dates) if given.dates else given.dates,
        "hours": _hours(given.hours) if given.hours else given.hours,
        "starts": starts_of(given.starts, "starts") if given.starts else _cleared(given.starts),
    }
    said: dict[str, Any] = {
        "label": given.label if given.label is not None else UNSET,
        "max_uses": given.max_uses,
        "expires_at": given.expires_at,
        "email": given.email,
        "is_bound": given.is_bound if given.is_bound is not None else UNSET,
    }
    return replace(present, **_known(said), terms=replace(present.terms, **_known(said_terms)))


def _known(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not UNSET}


def _cleared(starts: list[datetime] | None) -> Any:
    return UNSET if starts is UNSET or starts is None else ()


def _dates(given: LinkDatesInput) -> DateRange:
    try:
        return DateRange(given.first, given.last)
    except InvalidInput as broken:
        raise InvalidInput(broken.message, "dates", *broken.path[1:]) from None


def _hours(given: LinkHoursInput) -> Hours:
    try:
        overrides = date_overrides(given.overrides) if given.overrides else ()
        return Hours(given.zone, weekly_windows(given.weekly), overrides)
    except InvalidInput as broken:
        raise InvalidInput(broken.message, "hours", *broken.path) from None
