"""Organizing a poll over GraphQL, for whoever has its organizer's link; and that link, for its organizer."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.ids import PollId
from resolvers.context import Given, Info
from resolvers.users import said
from schema.nodes import id_of
from schema.pagination import After
from schema.poll_links import (
    LinkedVoterInput,
    OrganizedPollEventType,
    OrganizedPollType,
    PollCloseByLinkInput,
    PollCloseByLinkPayload,
    PollCloseByLinkResult,
    PollInviteByLinkInput,
    PollInviteByLinkPayload,
    PollInviteByLinkResult,
    PollLinkRenewInput,
    PollLinkRenewPayload,
    PollLinkRenewResult,
    PollLinkRevokeInput,
    PollLinkRevokePayload,
    PollLinkRevokeResult,
    PollRemindByLinkInput,
    PollRemindByLinkPayload,
    PollRemindByLinkResult,
    PollReopenByLinkInput,
    PollReopenByLinkPayload,
    PollReopenByLinkResult,
)
from schema.polls import PollType
from services.polls import Invited, LedPoll, cursor_of

Secret = Annotated[str, strawberry.argument(description="Secret of the link of a poll's organizer.")]


@strawberry.type
class PollLinksQuery:
    """What whoever has an organizer's link can ask."""

    @strawberry.field(description="Poll by its organizer's link; null for a link that does not work.")
    async def poll_by_organizer_link(self, info: Info, token: Secret) -> OrganizedPollType | None:
        """Look."""
        try:
            return _shown(await info.context.services.polls.links.by_link(info.context.viewer, token))
        except NotFound:
            return None


@strawberry.type
class PollLinksMutation:
    """What can be done by such a link, and with it."""

    @strawberry.mutation(description="Ask more people to vote, by the organizer's link.")
    async def poll_invite_by_link(
        self, info: Info, input: Given[PollInviteByLinkInput]
    ) -> PollInviteByLinkResult:
        """Ask them."""
        links, invited = info.context.services.polls.links, [_invited(one) for one in input.voters]
        return PollInviteByLinkPayload(
            poll=_shown(await links.invite(info.context.viewer, input.token, invited))
        )

    @strawberry.mutation(description="Remind who was asked and has not voted, by the organizer's link.")
    async def poll_remind_by_link(
        self, info: Info, input: Given[PollRemindByLinkInput]
    ) -> PollRemindByLinkResult:
        """Remind them."""
        led, reminded = await info.context.services.polls.links.remind(info.context.viewer, input.token)
        return PollRemindByLinkPayload(poll=_shown(led), reminded=reminded)

    @strawberry.mutation(description="Close a poll by the organizer's link, with an option or without.")
    async def poll_close_by_link(
        self, info: Info, input: Given[PollCloseByLinkInput]
    ) -> PollCloseByLinkResult:
        """Close it."""
        links = info.context.services.polls.links
        led = await links.close(info.context.viewer, input.token, said(input.option))
        return PollCloseByLinkPayload(poll=_shown(led))

    @strawberry.mutation(description="Undo the closing of a poll, by the organizer's link.")
    async def poll_reopen_by_link(
        self, info: Info, input: Given[PollReopenByLinkInput]
    ) -> PollReopenByLinkResult:
        """Open it again."""
        led = await info.context.services.polls.links.reopen(info.context.viewer, input.token)
        return PollReopenByLinkPayload(poll=_shown(led))

    @strawberry.mutation(description="Make the link anew by which a poll is organized; the one before ends.")
    async def poll_link_renew(self, info: Info, input: Given[PollLinkRenewInput]) -> PollLinkRenewResult:
        """Make it."""
        poll_id = PollId(id_of("Poll", input.id, "id"))
        seen, secret = await info.context.services.polls.links.renew(info.context.viewer, poll_id)
        return PollLinkRenewPayload(
            poll=PollType.of(seen.poll, seen.now, seen.voters), organizer_token=secret
        )

    @strawberry.mutation(description="End the link by which a poll is organized.")
    async def poll_link_revoke(self, info: Info, input: Given[PollLinkRevokeInput]) -> PollLinkRevokeResult:
        """End it."""
        poll_id = PollId(id_of("Poll", input.id, "id"))
        seen = await info.context.services.polls.links.revoke(info.context.viewer, poll_id)
        return PollLinkRevokePayload(poll=PollType.of(seen.poll, seen.now, seen.voters))


@strawberry.type
class PollLinksSubscription:
    """What whoever has an organizer's link can follow."""

    @strawberry.subscription(description="Poll by its organizer's link, and again after each change.")
    async def poll_by_organizer_link_changed(
        self, info: Info, token: Secret, after: After = UNSET
    ) -> AsyncGenerator[OrganizedPollEventType, None]:
        """Follow one poll."""
        links = info.context.services.polls.links
        async for led in links.changed(info.context.viewer, token, said(after)):
            yield OrganizedPollEventType(cursor=cursor_of(led.seen.poll.revision), poll=_shown(led))


def _shown(led: LedPoll) -> OrganizedPollType:
    return OrganizedPollType.of(led.seen.poll, led.organizer, led.seen.voters, led.seen.now)


def _invited(voter: LinkedVoterInput) -> Invited:
    return Invited(
        name=voter.name,
        email=voter.email,
        zone=said(voter.zone),
        locale=said(voter.locale),
        is_required=said(voter.is_required) or False,
    )
