"""Links to pages: as whoever made them sees them, what one opens, and the times that are picked for one."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.availability import Hours
from domain.booking_pages import BookingPage
from domain.intervals import instant_of
from domain.page_links import Ending, LinkEnded, PageLink
from domain.proposals import ProposedTime, TimesNotFree, TimeState
from domain.users import User
from schema.availability import OverrideType, WeeklyHoursType, weekly_hours
from schema.booking_pages import PublicBookingPageType
from schema.context import Info
from schema.errors import ErrorCode, ErrorType
from schema.nodes import NodeType, global_id
from schema.scalars import EmailAddress, TimeZone
from schema.slots import RefusalType
from schema.users import HostType


@strawberry.type(name="LinkDates", description="Dates that a link offers instead of its page's window.")
class LinkDatesType:
    """Twin of domain.slots.DateRange."""

    first: date = strawberry.field(description="First date.")
    last: date = strawberry.field(description="Last date; with it the link ends.")


@strawberry.type(name="LinkHours", description="Hours that a link has instead of its maker's schedule.")
class LinkHoursType:
    """Twin of domain.availability.Hours."""

    zone: TimeZone = strawberry.field(description="Zone in which its wall times are read.")
    weekly: list[WeeklyHoursType] = strawberry.field(description="Usual week.")
    overrides: list[OverrideType] = strawberry.field(description="Exceptions, by date.")

    @classmethod
    def of(cls, hours: Hours) -> Self:
        """Shape hours."""
        return cls(
            zone=TimeZone(hours.zone),
            weekly=weekly_hours(hours.weekly),
            overrides=[OverrideType.of(override) for override in hours.overrides],
        )


@strawberry.type(
    name="PageLink", description="Secret link to a page, as who made it and the page's owner see it."
)
class PageLinkType(NodeType):
    """Twin of domain.page_links.PageLink; of its secret it says nothing."""

    page_id: strawberry.ID = strawberry.field(description="Page that it opens.")
    label: str = strawberry.field(description="Note of who made it; no invitee sees it.")
    max_uses: int | None = strawberry.field(description="How often it may be used; null for any number.")
    used: int = strawberry.field(description="How often it was used.")
    uses_left: int | None = strawberry.field(description="How often it may still be; null for any number.")
    expires_at: datetime | None = strawberry.field(description="Instant at which it expires, if at one.")
    ends_at: datetime | None = strawberry.field(
        description="Instant at which it ends: revoked, expired, or with the last of its times or dates."
    )
    revoked_at: datetime | None = strawberry.field(description="Instant at which it was revoked, if it was.")
    email: EmailAddress | None = strawberry.field(description="Address for which it was made.")
    is_bound: bool = strawberry.field(description="Whether no other address may book by it.")
    duration_minutes: int | None = strawberry.field(
        description="How long a booking by it lasts; null for as long as on the page."
    )
    dates: LinkDatesType | None = strawberry.field(description="Dates that it offers; null for the page's.")
    hours: LinkHoursType | None = strawberry.field(
        description="Hours of who made it; null for their schedule."
    )
    starts: list[datetime] = strawberry.field(
        description="Picked times of a one-off meeting, in order; empty for all that the page offers."
    )
    revision: int = strawberry.field(description="Number that grows with each change.")
    created_at: datetime = strawberry.field(description="Instant at which it was made.")

    @classmethod
    def of(cls, link: PageLink) -> Self:
        """Shape a link."""
        settings, terms = link.settings, link.settings.terms
        return cls(
            id=global_id("PageLink", link.id),
            page_id=global_id("BookingPage", link.page_id),
            label=settings.label,
            max_uses=settings.max_uses,
            used=link.used,
            uses_left=link.uses_left,
            expires_at=settings.expires_at,
            ends_at=link.ends_at,
            revoked_at=link.revoked_at,
            email=EmailAddress(settings.email) if settings.email else None,
            is_bound=settings.is_bound,
            duration_minutes=terms.length,
            dates=LinkDatesType(first=terms.dates.first, last=terms.dates.last) if terms.dates else None,
            hours=LinkHoursType.of(terms.hours) if terms.hours else None,
            starts=[instant_of(start) for start in terms.starts],
            revision=link.revision,
            created_at=link.created_at,
        )


@strawberry.type(name="LinkedPage", description="Page as it is for whoever has a secret link to it.")
class LinkedPageType:
    """What a link opens: the page by its terms, and what its form can be filled in with."""

    page: PublicBookingPageType = strawberry.field(
        description="Page with the lengths and open slots of the link; `slug` and the secret book it."
    )
    email: EmailAddress | None = strawberry.field(description="Address to suggest to the invitee.")
    is_bound: bool = strawberry.field(description="Whether no other address may book.")
    uses_left: int | None = strawberry.field(description="Bookings that it is good for; null for any number.")
    ends_at: datetime | None = strawberry.field(description="Instant at which it ends, if at one.")
    first_start: datetime | None = strawberry.field(
        description="First of the picked times of a one-off meeting, free or not; null where none are picked."
    )
    last_start: datetime | None = strawberry.field(
        description="Last of the picked times of a one-off meeting, free or not; null where none are picked."
    )

    @classmethod
    def of(cls, page: BookingPage, owner: User) -> Self | None:
        """Shape a page that was opened by a link."""
        link = page.link
        if link is None:
            return None
        starts = link.settings.terms.starts
        return cls(
            page=PublicBookingPageType.of(page, owner),
            email=EmailAddress(link.settings.email) if link.settings.email else None,
            is_bound=link.settings.is_bound,
            uses_left=link.uses_left,
            ends_at=link.ends_at,
            first_start=instant_of(starts[0]) if starts else None,
            last_start=instant_of(starts[-1]) if starts else None,
        )


@strawberry.enum(name="LinkEnding", description="Why a link opens nothing any more.")
class LinkEndingType(Enum):
    """Twin of domain.page_links.Ending."""

    USED_UP = strawberry.enum_value(Ending.USED_UP.value, description="Used as often as it may be.")
    OVER = strawberry.enum_value(Ending.OVER.value, description="Too old, or withdrawn.")


@strawberry.type(name="LinkEndedError", description="Secret link that opens nothing any more.")
class LinkEndedError(ErrorType):
    """Twin of domain.page_links.LinkEnded: it says nothing of the page."""

    ending: LinkEndingType = strawberry.field(description="Why it has ended.")

    @classmethod
    def of(cls, broken: LinkEnded, message: str) -> Self:
        """Shape the error."""
        ending = LinkEndingType(broken.ending.value)
        return cls(message=message, code=ErrorCode.LINK_ENDED, path=list(broken.path), ending=ending)


BookingPageByLink = Annotated[
    LinkedPageType | LinkEndedError,
    strawberry.union("BookingPageByLink", description="What a secret link opens, or that it has ended."),
]


@strawberry.enum(name="TimeState", description="How a host's time is; of what takes it nothing is said.")
class TimeStateType(Enum):
    """Twin of domain.proposals.TimeState."""

    FREE = strawberry.enum_value(TimeState.FREE.value, description="Free, by the page's rules.")
    BUSY = strawberry.enum_value(TimeState.BUSY.value, description="Busy, booked, or out of office.")
    UNKNOWN = strawberry.enum_value(TimeState.UNKNOWN.value, description="Not to be had: it counts as busy.")


@strawberry.type(name="HostTimeState", description="How one host's time is at a proposed time.")
class HostTimeStateType:
    """One host's state."""

    user: strawberry.Private[User | None]
    state: TimeStateType = strawberry.field(description="How their time is.")

    @strawberry.field(description="Person; null if they are gone.")
    def host(self) -> HostType | None:
        """Shape the host."""
        return HostType.of(self.user) if self.user else None


@strawberry.type(name="ProposedTime", description="Time that a host may offer, as calendars were just now.")
class ProposedTimeType:
    """Twin of domain.proposals.ProposedTime."""

    proposed: strawberry.Private[ProposedTime]
    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends.")
    is_free: bool = strawberry.field(description="Whether it could be booked now.")

    @strawberry.field(description="Each host of the page, in order, with the state of their time.")
    async def hosts(self, info: Info) -> list[HostTimeStateType]:
        """Load the hosts."""
        users = await info.context.loaders.users.load_many([host for host, _ in self.proposed.hosts])
        return [
            HostTimeStateType(user=user, state=TimeStateType(state.value))
            for user, (_, state) in zip(users, self.proposed.hosts, strict=True)
        ]

    @strawberry.field(description="Rules by which it could not be booked now; empty where it could.")
    async def refusals(self, info: Info) -> list[RefusalType]:
        """Load the hosts whom they concern."""
        refusals = self.proposed.refusals
        loaders = info.context.loaders
        return [
            RefusalType.of(one, await loaders.users.load(one.host) if one.host else None) for one in refusals
        ]

    @classmethod
    def of(cls, proposed: ProposedTime) -> Self:
        """Shape a time."""
        return cls(proposed=proposed, start=proposed.start, end=proposed.end, is_free=not proposed.refusals)


@strawberry.type(name="ProposedTimes", description="Times that a host asked about, in order.")
class ProposedTimesType:
    """The answer to a host who picks times."""

    times: list[ProposedTimeType] = strawberry.field(description="Times in order of start.")


@strawberry.type(name="TimesNotFreeError", description="Picked times of which some could not be booked now.")
class TimesNotFreeError(ErrorType):
    """Twin of domain.proposals.TimesNotFree."""

    times: list[ProposedTimeType] = strawberry.field(description="All that were picked, in order of start.")

    @classmethod
    def of(cls, broken: TimesNotFree, message: str) -> Self:
        """Shape the error."""
        times = [ProposedTimeType.of(time) for time in broken.times]
        return cls(message=message, code=ErrorCode.TIMES_NOT_FREE, path=list(broken.path), times=times)
