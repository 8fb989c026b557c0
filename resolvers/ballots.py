"""Voting over GraphQL, for whoever has a link: see a poll, follow it, cast a ballot, change it."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.polls import BallotAnswer
from resolvers.context import Given, Info
from resolvers.users import said
from schema.pagination import After
from schema.poll_changes import (
    BallotAnswerInput,
    BallotCastInput,
    BallotCastPayload,
    BallotCastResult,
    BallotUpdateInput,
    BallotUpdatePayload,
    BallotUpdateResult,
)
from schema.polls import LinkedPollEventType, LinkedPollType
from services.polls import CastBallot, LinkedPoll, cursor_of

Secret = Annotated[str, strawberry.argument(description="Secret of a poll's link, or of a voter's own.")]


@strawberry.type
class BallotsQuery:
    """What voters can ask."""

    @strawberry.field(description="Poll by a link to it; null for a link that does not work.")
    async def poll_by_link(self, info: Info, token: Secret) -> LinkedPollType | None:
        """Look."""
        try:
            return _shown(await info.context.services.polls.voting.by_link(token))
        except NotFound:
            return None


@strawberry.type
class BallotsMutation:
    """What voters can do."""

    @strawberry.mutation(description="Vote by the link of a poll.")
    async def ballot_cast(self, info: Info, input: Given[BallotCastInput]) -> BallotCastResult:
        """Vote."""
        cast = await info.context.services.polls.voting.cast(
            info.context.viewer,
            CastBallot(
                token=input.token,
                name=input.voter.name,
                email=said(input.voter.email),
                zone=input.voter.zone,
                locale=said(input.voter.locale) or info.context.locale,
                answers=_answers(input.answers),
                comment=said(input.comment) or "",
                idempotency_key=input.idempotency_key,
            ),
        )
        return BallotCastPayload(poll=_shown(cast.seen), token=cast.token)

    @strawberry.mutation(description="Vote by a link of one's own, in place of what one said before.")
    async def ballot_update(self, info: Info, input: Given[BallotUpdateInput]) -> BallotUpdateResult:
        """Vote anew."""
        seen = await info.context.services.polls.voting.update(
            info.context.viewer, input.token, _answers(input.answers), said(input.comment), said(input.name)
        )
        return BallotUpdatePayload(poll=_shown(seen))


@strawberry.type
class BallotsSubscription:
    """What voters can follow."""

    @strawberry.subscription(description="Poll by a link to it, and again after each change.")
    async def poll_by_link_changed(
        self, info: Info, token: Secret, after: After = UNSET
    ) -> AsyncGenerator[LinkedPollEventType, None]:
        """Follow one poll."""
        async for seen in info.context.services.polls.following.by_link(token, said(after)):
            yield LinkedPollEventType(cursor=cursor_of(seen.revision), poll=_shown(seen))


def _shown(seen: LinkedPoll) -> LinkedPollType:
    return LinkedPollType.of(seen.poll, seen.organizer, seen.ballots, seen.mine, seen.now)


def _answers(given: list[BallotAnswerInput]) -> list[tuple[int, BallotAnswer]]:
    return [(one.option, BallotAnswer(one.answer.value)) for one in given]
