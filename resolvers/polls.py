"""Polls over GraphQL, for those who organize them: open, follow, change, ask, remind, close, undo, delete."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import InvalidInput, NotFound
from domain.ids import PageId, PollId, UserId
from domain.polls import OptionFull, PollAnnounced, PollEnded, PollSettings, Visibility
from resolvers.answers import answer
from resolvers.bookings import named_in
from resolvers.context import Given, Info
from resolvers.users import said
from schema.cost import paged
from schema.nodes import id_of
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of
from schema.poll_changes import (
    PollCloseInput,
    PollClosePayload,
    PollCloseResult,
    PollDeleteInput,
    PollDeletePayload,
    PollDeleteResult,
    PollInviteInput,
    PollInvitePayload,
    PollInviteResult,
    PollOpenInput,
    PollOpenPayload,
    PollOpenResult,
    PollOptionInput,
    PollRemindInput,
    PollRemindPayload,
    PollRemindResult,
    PollReopenInput,
    PollReopenPayload,
    PollReopenResult,
    PollUpdateInput,
    PollUpdatePayload,
    PollUpdateResult,
    PollVoterInput,
)
from schema.polls import (
    OptionFullError,
    PollAnnouncedError,
    PollEndedError,
    PollEventType,
    PollTimesType,
    PollTimeType,
    PollType,
)
from schema.scalars import TimeZone
from schema.slots import Length
from services.polls import Invited, OpenPoll, OrganizedPoll, Picked, cursor_of

ANSWERS = (
    answer(PollEnded, PollEndedError),
    answer(PollAnnounced, PollAnnouncedError),
    answer(OptionFull, OptionFullError, OptionFullError.of),
)
_MINUTE = timedelta(minutes=1)
_MOST_MINUTES = 366 * 24 * 60
PollOf = Annotated[strawberry.ID, strawberry.argument(description="Poll that one organizes.")]
PageOf = Annotated[strawberry.ID, strawberry.argument(description="Page that one owns or hosts.")]
Options = Annotated[
    list[PollOptionInput], strawberry.argument(description="Options that one may offer, 50 at most.")
]
Members = Annotated[
    list[strawberry.ID] | None, strawberry.argument(description="Users of the organization who are to come.")
]
ZoneOfDays = Annotated[
    TimeZone | None, strawberry.argument(description="Zone of options that are days; the viewer's if unsaid.")
]


@strawberry.type
class PollsQuery:
    """Questions about polls."""

    @strawberry.field(description="Polls that the viewer organizes, oldest first.", directives=[paged()])
    async def polls(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[PollType]:
        """List polls."""
        organizing = info.context.services.polls.organizing
        part, now = await organizing.listed(info.context.viewer, paging_of(first, after, last, before))
        return connection(part, lambda poll: PollType.of(poll, now))

    @strawberry.field(
        description="Results of a poll as CSV that is safe to open in a spreadsheet; null for others' polls."
    )
    async def poll_results(self, info: Info, id: PollOf) -> str | None:
        """Write them."""
        try:
            return await info.context.services.polls.organizing.results(info.context.viewer, _id(id))
        except NotFound:
            return None

    @strawberry.field(
        description="How times are that a poll may offer: in the calendars of a page's hosts and of members, "
        "asked now; null for others' pages."
    )
    async def poll_times(
        self,
        info: Info,
        page_id: PageOf,
        options: Options,
        duration_minutes: Length = UNSET,
        zone: ZoneOfDays = UNSET,
        members: Members = UNSET,
    ) -> PollTimesType | None:
        """Look at times before they are offered (R087)."""
        try:
            times = await info.context.services.polls.organizing.propose(
                info.context.viewer,
                PageId(id_of("BookingPage", page_id)),
                _picked(options, said(duration_minutes), said(zone)),
                tuple(UserId(id_of("User", member)) for member in said(members) or ()),
            )
        except NotFound:
            return None
        return PollTimesType(times=[PollTimeType.of(one.time, one.members) for one in times])


@strawberry.type
class PollsMutation:
    """What organizers can do."""

    @strawberry.mutation(description="Open a poll, and ask people to vote in it.")
    async def poll_open(self, info: Info, input: Given[PollOpenInput]) -> PollOpenResult:
        """Open it."""
        opened = await info.context.services.polls.organizing.open(
            info.context.viewer,
            OpenPoll(
                page_id=PageId(id_of("BookingPage", input.page_id, "pageId")),
                picked=_picked(input.options, said(input.duration_minutes), said(input.zone)),
                settings=_settings(input),
                invited=_invited(said(input.voters) or []),
                offers_busy=said(input.offers_busy_times) or False,
            ),
        )
        return PollOpenPayload(
            poll=_shown(opened.seen),
            token=opened.token,
            organizer_token=opened.organizer_token,
            times=[PollTimeType.of(one.time, one.members) for one in opened.times],
        )

    @strawberry.mutation(description="Change what is said of a poll, its deadline and its reminders.")
    async def poll_update(self, info: Info, input: Given[PollUpdateInput]) -> PollUpdateResult:
        """Change it."""

        def change(present: PollSettings) -> PollSettings:
            title, description = said(input.title), said(input.description)
            leads = said(input.reminder_minutes)
            return replace(
                present,
                title=present.title if title is None else title,
                description=present.description if description is None else description,
                deadline=present.deadline if input.deadline is UNSET else input.deadline,
                reminders=present.reminders if leads is None else _leads(leads),
            )

        organizing = info.context.services.polls.organizing
        seen = await organizing.update(
            info.context.viewer, _id(input.id), change, said(input.expected_version)
        )
        return PollUpdatePayload(poll=_shown(seen))

    @strawberry.mutation(description="Ask more people to vote in a poll.")
    async def poll_invite(self, info: Info, input: Given[PollInviteInput]) -> PollInviteResult:
        """Ask them."""
        organizing = info.context.services.polls.organizing
        seen = await organizing.invite(info.context.viewer, _id(input.id), _invited(input.voters))
        return PollInvitePayload(poll=_shown(seen))

    @strawberry.mutation(description="Remind by mail those who were asked to vote and have not.")
    async def poll_remind(self, info: Info, input: Given[PollRemindInput]) -> PollRemindResult:
        """Remind them."""
        organizing = info.context.services.polls.organizing
        seen, reminded = await organizing.remind(info.context.viewer, _id(input.id))
        return PollRemindPayload(poll=_shown(seen), reminded=reminded)

    @strawberry.mutation(
        description="Close a poll: with an option, which is booked with all who come, or without."
    )
    async def poll_close(self, info: Info, input: Given[PollCloseInput]) -> PollCloseResult:
        """Close it."""
        seen = await info.context.services.polls.closing.close(
            info.context.viewer, _id(input.id), said(input.option), named_in(said(input.waives) or [])
        )
        return PollClosePayload(poll=_shown(seen))

    @strawberry.mutation(description="Undo the closing of a poll before anybody was told of it.")
    async def poll_reopen(self, info: Info, input: Given[PollReopenInput]) -> PollReopenResult:
        """Open it again."""
        seen = await info.context.services.polls.closing.reopen(info.context.viewer, _id(input.id))
        return PollReopenPayload(poll=_shown(seen))

    @strawberry.mutation(description="Delete a poll with its ballots; what it has booked stays.")
    async def poll_delete(self, info: Info, input: Given[PollDeleteInput]) -> PollDeleteResult:
        """Delete it."""
        await info.context.services.polls.organizing.delete(info.context.viewer, _id(input.id))
        return PollDeletePayload(poll_id=input.id)


@strawberry.type
class PollsSubscription:
    """What organizers can follow."""

    @strawberry.subscription(description="Poll that the viewer organizes, and again after each change.")
    async def poll_changed(
        self, info: Info, id: PollOf, after: After = UNSET
    ) -> AsyncGenerator[PollEventType, None]:
        """Follow one poll."""
        following = info.context.services.polls.following
        async for seen in following.organized(info.context.viewer, _id(id), said(after)):
            yield PollEventType(cursor=cursor_of(seen.poll.revision), poll=_shown(seen))


def _id(global_id: str) -> PollId:
    return PollId(id_of("Poll", global_id, "id"))


def _shown(seen: OrganizedPoll) -> PollType:
    return PollType.of(seen.poll, seen.now, seen.voters)


def _picked(options: list[PollOptionInput], length: int | None, zone: str | None) -> Picked:
    starts = [option.start for option in options if option.start]
    days = [option.day for option in options if option.day]
    if len(starts) + len(days) != len(options):
        raise InvalidInput("An option is a start, or a day.", "options")
    if length is not None and not 0 <= length <= _MOST_MINUTES:
        raise InvalidInput("An option lasts 5 to 1440 minutes.", "durationMinutes")
    return Picked(
        starts=tuple(starts),
        days=tuple(days),
        places=tuple(said(option.places) for option in options),
        length=(length or 0) * _MINUTE,
        zone=zone,
    )


def _settings(given: PollOpenInput) -> PollSettings:
    visibility = said(given.visibility)
    undo = said(given.undo_minutes) or 0
    if not 0 <= undo <= _MOST_MINUTES:
        raise InvalidInput("A closing can be undone for 1440 minutes at most.", "undoMinutes")
    return PollSettings(
        title=given.title,
        description=said(given.description) or "",
        deadline=said(given.deadline),
        visibility=Visibility(visibility.value) if visibility else Visibility.EVERYONE,
        is_anonymous=said(given.is_anonymous) or False,
        asks_address=said(given.asks_address) or False,
        holds_times=said(given.holds_times) or False,
        closes_on_consensus=said(given.closes_on_consensus) or False,
        undo_within=undo * _MINUTE,
        reminders=_leads(said(given.reminder_minutes) or []),
    )


def _leads(minutes: list[int]) -> tuple[timedelta, ...]:
    if any(not 0 <= lead <= _MOST_MINUTES for lead in minutes):
        raise InvalidInput("A reminder is due 1 to 43200 minutes before the deadline.", "reminderMinutes")
    return tuple(lead * _MINUTE for lead in minutes)


def _invited(voters: list[PollVoterInput]) -> list[Invited]:
    found: list[Invited] = []
    for voter in voters:
        member = said(voter.member_id)
        found.append(
            Invited(
                name=said(voter.name) or "",
                email=said(voter.email) or "",
                zone=said(voter.zone),
                locale=said(voter.locale),
                is_required=said(voter.is_required) or False,
                member=UserId(id_of("User", member, "voters", "memberId")) if member else None,
            )
        )
    return found
