"""Hosts of pages over GraphQL: who hosts a page, own rules, and handing a booking over."""

from dataclasses import replace
from typing import Any

import strawberry
from strawberry import UNSET

from domain.booking_pages import Turns
from domain.bookings import HostNotFree
from domain.errors import InvalidInput
from domain.ids import BookingId, CalendarId, PageId, UserId
from domain.page_hosts import TeamSettings
from domain.paging import paging
from domain.slots import Assignment
from resolvers.answers import answer
from resolvers.context import Given, Info
from schema.booking_changes import BookingPayload
from schema.booking_pages import BookingPageType
from schema.bookings import BookingType
from schema.cost import paged
from schema.hosted_pages import (
    BookingPageCalendarsSetInput,
    BookingPageCalendarsSetPayload,
    BookingPageCalendarsSetResult,
    HostedPageType,
)
from schema.nodes import id_of
from schema.page_host_changes import (
    BookingPageHostsSetInput,
    BookingPageHostsSetPayload,
    BookingPageHostsSetResult,
    BookingReassignInput,
    BookingReassignResult,
    HostRulesType,
    HostRulesUpdateInput,
    HostRulesUpdatePayload,
    HostRulesUpdateResult,
    said_rules,
)
from schema.page_hosts import HostNotFreeError, said_hosts
from schema.pagination import After, Before, Connection, First, Last, connection

ANSWERS = (answer(HostNotFree, HostNotFreeError, HostNotFreeError.of),)


@strawberry.type
class PageHostsQuery:
    """Questions about those who host pages together."""

    @strawberry.field(description="What the viewer asks for in every page that they host.")
    async def host_rules(self, info: Info) -> HostRulesType:
        """Give the viewer's own rules."""
        return HostRulesType.of(await info.context.services.page_hosts.own_rules(info.context.viewer))

    @strawberry.field(
        description="Pages that offer the viewer's time, oldest first, whoever owns them.",
        directives=[paged()],
    )
    async def hosted_pages(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[HostedPageType]:
        """List the pages that the viewer hosts."""
        said = [None if value is UNSET else value for value in (first, last)]
        part = await info.context.services.page_hosts.hosted(
            info.context.viewer, paging(said[0], after or None, said[1], before or None)
        )
        return connection(part, HostedPageType.of)


@strawberry.type
class PageHostsMutation:
    """What can be done with the hosts of pages, and by them."""

    @strawberry.mutation(description="Set a page's hosts; bookings that were made keep theirs.")
    async def booking_page_hosts_set(
        self, info: Info, input: Given[BookingPageHostsSetInput]
    ) -> BookingPageHostsSetResult:
        """Set hosts."""
        page = await info.context.services.page_hosts.set_hosts(
            info.context.viewer,
            PageId(id_of("BookingPage", input.id, "id")),
            _team(input),
            None if input.expected_revision is UNSET else input.expected_revision,
        )
        return BookingPageHostsSetPayload(booking_page=BookingPageType.of(page))

    @strawberry.mutation(description="Choose which of the viewer's own calendars count on a page they host.")
    async def booking_page_calendars_set(
        self, info: Info, input: Given[BookingPageCalendarsSetInput]
    ) -> BookingPageCalendarsSetResult:
        """Choose calendars."""
        if input.calendar_ids is UNSET:
            raise InvalidInput(
                "Say which calendars count, or null for all that count elsewhere.", "calendarIds"
            )
        hosted = await info.context.services.page_hosts.count_calendars(
            info.context.viewer,
            PageId(id_of("BookingPage", input.id, "id")),
            _calendars(input.calendar_ids),
        )
        return BookingPageCalendarsSetPayload(hosted_page=HostedPageType.of(hosted))

    @strawberry.mutation(description="Change what the viewer asks for in every page that they host.")
    async def host_rules_update(
        self, info: Info, input: Given[HostRulesUpdateInput]
    ) -> HostRulesUpdateResult:
        """Change own rules."""
        said: dict[str, Any] = said_rules(input)
        rules = await info.context.services.page_hosts.change_own_rules(
            info.context.viewer, lambda rules: replace(rules, **said)
        )
        return HostRulesUpdatePayload(host_rules=HostRulesType.of(rules))

    @strawberry.mutation(description="Hand a booking over to another host of its page.")
    async def booking_reassign(self, info: Info, input: Given[BookingReassignInput]) -> BookingReassignResult:
        """Reassign."""
        booking = await info.context.services.bookings.reassigning.reassign(
            info.context.viewer,
            BookingId(id_of("Booking", input.id, "id")),
            to=_person(input.to, "to"),
            relieved=_person(input.from_, "from"),
            version=input.version if input.version is not UNSET else None,
        )
        return BookingPayload(booking=BookingType.of(booking))


def _person(given: strawberry.ID | None, name: str) -> UserId | None:
    """Read whom somebody means; what is no id names nobody, and is not as good as unsaid."""
    return None if given is None or given is UNSET else UserId(id_of("User", given, name))


def _calendars(given: list[strawberry.ID] | None) -> list[CalendarId] | None:
    if given is None:
        return None
    return [
        CalendarId(id_of("Calendar", id_, "calendarIds", str(number))) for number, id_ in enumerate(given)
    ]


def _team(given: BookingPageHostsSetInput) -> TeamSettings:
    wanted = TeamSettings(Assignment(given.assignment.value), said_hosts(given.hosts))
    if given.turns:
        wanted = replace(wanted, turns=Turns(given.turns.value))
    if given.max_lead is not None and given.max_lead is not UNSET:
        wanted = replace(wanted, max_lead=given.max_lead)
    if given.keeps_host is not None and given.keeps_host is not UNSET:
        wanted = replace(wanted, keeps_host=given.keeps_host)
    return wanted
