"""One look at a poll with all its ballots, shared by everybody who asks for it before it begins."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import NotFound
from domain.ids import OrganizationId, PollId, VoterId
from domain.polls import Voter
from domain.users import User
from services.once import Once
from services.polls.values import LinkedPoll, OrganizedPoll
from storage.unit import Units

_LONGEST_S = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """A poll as it was at one look, with what its link lets see: made once for all."""

    poll: OrganizedPoll
    organizer: User
    ballots: tuple[Voter, ...]
    by_id: Mapping[VoterId, Voter]

    @classmethod
    def of(cls, seen: OrganizedPoll, organizer: User) -> "Seen":
        """Sort out whose ballots are shown."""
        poll = seen.poll
        shown = seen.voters if poll.shows_ballots(to_organizer=False) else ()
        counted = tuple(voter for voter in shown if voter.counts_in(poll))
        return cls(seen, organizer, counted, {voter.id: voter for voter in seen.voters})


class Seeing:
    """Looks at polls, each time at one snapshot: a crowd that votes or watches costs a look at a time."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._took_s = 0.0
        self._looks: Once[tuple[OrganizationId, PollId], Seen | None] = Once(self._look)

    async def of(self, organization_id: OrganizationId, poll_id: PollId) -> Seen | None:
        """Give a poll with everybody who votes in it, and its organizer; None where it is gone."""
        return await self._looks.of((organization_id, poll_id))

    async def by_voter(
        self, organization_id: OrganizationId, poll_id: PollId, voter_id: VoterId | None
    ) -> LinkedPoll:
        """Give a poll as whoever has its link sees it, or one of its voters; NotFound."""
        found = await self.of(organization_id, poll_id)
        if found is None:
            raise NotFound("token")
        return shown_to(found, voter_id)

    async def _look(self, key: tuple[OrganizationId, PollId]) -> Seen | None:
        await asyncio.sleep(self._took_s)  # a process that is voted in looks half of its time at most
        began = time.monotonic()
        async with self._units.read() as unit:
            poll = await unit.polls.by_id(*key)
            organizer = await unit.users.by_id(key[0], poll.organizer_id) if poll else None
            voters = tuple(await unit.polls.voters(poll)) if poll else ()
        self._took_s = min(time.monotonic() - began, _LONGEST_S)
        if poll is None or organizer is None or organizer.is_disabled:
            return None  # it has gone with its organizer
        return Seen.of(OrganizedPoll(poll, voters, unit.now), organizer)


def shown_to(found: Seen, voter_id: VoterId | None) -> LinkedPoll:
    """Show of a poll what its link lets see, and of a voter's own ballot everything."""
    return LinkedPoll(
        poll=found.poll.poll,
        organizer=found.organizer,
        ballots=found.ballots,
        mine=found.by_id.get(voter_id) if voter_id else None,
        now=found.poll.now,
    )
