"""New ballots of one poll, stored by one transaction for all who have come meanwhile.

Each changes what the poll's options count, so ballots wait for each other. Done one by one, a crowd would
wait for a dozen statements each; here they are counted one after the other in memory, in the order in which
they came, each with its own answer, and written together under the lock of their poll.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.addresses import one_person
from domain.bookings import KeyUsed
from domain.errors import InvalidInput, NotFound
from domain.ids import OrganizationId, PollId, VoterId
from domain.poll_reactions import changed, on_ballot
from domain.polls import MAX_VOTERS, OptionFull, Poll, PollEnded, Voter, recounted
from domain.tokens import TokenKind, token_hash
from services.bookings.desk import Desk
from services.polls.counting import close_on_consensus
from services.together import Together
from storage.unit import Unit

_AT_MOST = 100
_REFUSED = (KeyUsed, PollEnded, OptionFull, InvalidInput)
PollKey = tuple[OrganizationId, PollId]


class Casting:
    """Stores new ballots."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._together = Together(self._store, at_most=_AT_MOST)

    async def cast(self, poll: Poll, wanted: Voter) -> Voter:
        """Store a ballot, and give it as it stands: a repeated one, and one of who is known, as before.

        Raises NotFound, PollEnded, OptionFull, KeyUsed, InvalidInput.
        """
        return await self._together.of((poll.organization_id, poll.id), wanted)

    async def _store(self, key: PollKey, wishes: Sequence[Voter]) -> Sequence[Voter | Exception]:
        async with self._desk.units.begin() as unit:
            poll = await unit.polls.by_id(*key, locks=True)
            if poll is None:
                raise NotFound("token")
            people = {one_person(voter.email) for voter in wishes if voter.email}
            known = await unit.polls.known(poll, [voter.id for voter in wishes], people)
            ballots = _Ballots(
                poll, {voter.id: voter for voter in known}, await unit.polls.count_voters(poll)
            )
            answers = [ballots.answer(voter, unit.now) for voter in wishes]
            await self._write(unit, poll, ballots)
        return answers

    async def _write(self, unit: Unit, before: Poll, ballots: "_Ballots") -> None:
        is_person = before.settings.asks_address
        new = ballots.new.values()
        hashes = [token_hash(self._desk.token_for(TokenKind.BALLOT, voter.id)) for voter in new]
        await unit.polls.add_voters(before, zip(new, hashes, strict=True), are_persons=is_person)
        await unit.polls.add_answers(before, new)
        for voter in ballots.again.values():
            await unit.polls.save_voter(before, voter)
        for voter in (*new, *ballots.again.values()):
            if voter.email:
                unit.follow(on_ballot(before, voter, unit.now))
        if new:
            await unit.polls.save(before, ballots.poll)
            unit.record(changed(ballots.poll))
            await close_on_consensus(unit, ballots.poll)


@dataclass(slots=True)
class _Ballots:
    """A poll with the ballots that are added to it: `new` ones, and who voted `again` by their address."""

    poll: Poll
    known: dict[VoterId, Voter]
    count: int
    new: dict[VoterId, Voter] = field(default_factory=dict[VoterId, Voter])
    again: dict[VoterId, Voter] = field(default_factory=dict[VoterId, Voter])

    def answer(self, wanted: Voter, now: datetime) -> Voter | Exception:
        """Count a ballot; give it as it stands, or why it is refused."""
        try:
            return self._add(wanted, now)
        except _REFUSED as refused:
            return refused

    def _add(self, wanted: Voter, now: datetime) -> Voter:
        is_person = self.poll.settings.asks_address
        repeated = self.known.get(wanted.id)
        if repeated is not None:
            if repeated.email != wanted.email or (repeated.name != wanted.name and not is_person):
                raise KeyUsed
            return repeated
        self.poll.check_open(now)
        earlier = self._person(wanted) if is_person else None
        if earlier is not None:
            # Whoever reads the mails of that address has the link to the ballot, or is sent it now.
            voter = replace(earlier, mailed=earlier.mailed + 1)
            (self.new if earlier.id in self.new else self.again)[voter.id] = voter
        else:
            if self.count >= MAX_VOTERS:
                raise InvalidInput("This poll has as many voters as one may have.", "token")
            self.poll = recounted(self.poll, None, wanted)
            self.count += 1
            voter = self.new[wanted.id] = wanted
        self.known[voter.id] = voter
        return voter

    def _person(self, wanted: Voter) -> Voter | None:
        person = one_person(wanted.email or "")
        return next(
            (each for each in self.known.values() if each.email and one_person(each.email) == person), None
        )
