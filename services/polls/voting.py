"""Use cases of voters: look at a poll, vote, change one's ballot. Nobody needs an account (X09).

Who changes a ballot waits for the others of the poll in memory first, and then for its row: what an option
counts, and the places that are left, follow from one ballot after the other. New ballots are stored together.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID
from weakref import WeakValueDictionary

from domain.addresses import canonical, email_address, one_person
from domain.errors import InvalidInput, NotFound
from domain.ids import PollId, VoterId
from domain.poll_reactions import changed
from domain.polls import (
    BallotAnswer,
    Poll,
    Voter,
    checked_answers,
    checked_comment,
    checked_name,
    recounted,
)
from domain.tokens import TokenKind, token_hash, token_kind
from domain.users import Viewer
from domain.zones import zone
from services.bookings.budgets import visitor
from services.bookings.desk import Desk, use_of
from services.once import Once
from services.polls.casting import Casting
from services.polls.counting import close_on_consensus
from services.polls.seeing import Seeing
from services.polls.values import Cast, CastBallot, LinkedPoll
from storage.limits import Budget, Limits, Take, WhenAway
from storage.unit import Reading, Unit

_LOCALES = ("en", "ja")
_AT_ONCE = 4
BALLOTS_PER_IP = Budget("ballots", 120, per_seconds=600, when_away=WhenAway.OPEN_LOCAL)
# A company votes from one address; one client does not vote a thousand times (case 149).
BALLOTS_PER_POLL = Budget("ballots-poll", 60, per_seconds=3600, when_away=WhenAway.OPEN_LOCAL)
BALLOTS_PER_ADDRESS = Budget("ballots-address", 20, per_seconds=86400, when_away=WhenAway.OPEN_LOCAL)


class Voting:
    """What can be done by the link of a poll, and by that of a ballot."""

    def __init__(self, desk: Desk, limits: Limits, seeing: Seeing) -> None:
        self._desk = desk
        self._limits = limits
        self._seeing = seeing
        self._opening = Once(self._open, at_once=_AT_ONCE)
        self._reading = asyncio.Semaphore(_AT_ONCE)
        self._casting = Casting(desk)
        self._turns: WeakValueDictionary[PollId, asyncio.Lock] = WeakValueDictionary()

    async def by_link(self, text: str) -> LinkedPoll:
        """Give a poll as its voters see it, by its link or a voter's own; NotFound, always the same."""
        poll, voter_id = await self._opening.of(text)
        return await self._seeing.by_voter(poll.organization_id, poll.id, voter_id)

    async def _open(self, text: str) -> tuple[Poll, VoterId | None]:
        # A crowd waits here, and leaves the database's connections to others.
        async with self._reading, self._desk.units.read() as unit:
            return await opened(unit, text)

    async def cast(self, viewer: Viewer, command: CastBallot) -> Cast:
        """Vote by the link of a poll; a repeated request is answered alike.

        Where a poll asks for a proved address, the ballot counts once its voter has come back by the link
        that is mailed there; whether somebody has voted by that address is not said. Raises NotFound,
        PollEnded, OptionFull, Conflict, InvalidInput, TooMany.
        """
        poll, own = await self._opening.of(command.token)
        if own is not None:
            raise NotFound("token")  # by their own link people change their ballot
        use = use_of("ballot", str(poll.id), command.idempotency_key)
        wanted = _wanted(poll, command, use.key_hash)
        takes = [
            Take(BALLOTS_PER_IP, (visitor(viewer),)),
            Take(BALLOTS_PER_POLL, (str(poll.id), visitor(viewer))),
        ]
        if wanted.email:
            takes.append(Take(BALLOTS_PER_ADDRESS, (one_person(wanted.email),)))
        await self._limits.take_all(*takes)
        voter = await self._casting.cast(poll, wanted)
        # Beyond the lock: those who vote meanwhile share a look.
        is_mailed = poll.settings.asks_address
        shown_to = None if is_mailed else voter.id
        seen = await self._seeing.by_voter(poll.organization_id, poll.id, shown_to)
        return Cast(seen, None if is_mailed else self._desk.token_for(TokenKind.BALLOT, voter.id))

    async def update(
        self,
        viewer: Viewer,
        text: str,
        answers: Sequence[tuple[int, BallotAnswer]],
        comment: str | None,
        name: str | None,
    ) -> LinkedPoll:
        """Vote by one's own link, in place of what one said before; unsaid comment and name stay.

        Whoever came by a link that was mailed has proved the address by that. Raises NotFound, PollEnded,
        OptionFull, InvalidInput, TooMany.
        """
        poll, voter_id = await self._opening.of(text)
        if voter_id is None:
            raise NotFound("token")
        await self._limits.take_all(
            Take(BALLOTS_PER_IP, (visitor(viewer),)), Take(BALLOTS_PER_POLL, (str(voter_id), visitor(viewer)))
        )
        async with self._turn(poll), self._desk.units.begin() as unit:
            poll = await _locked(unit, poll)
            before = await unit.polls.voter(poll, voter_id)
            if before is None:
                raise NotFound("token")
            poll.check_open(unit.now)
            after = replace(
                before,
                answers=checked_answers(poll, answers),
                comment=before.comment if comment is None else checked_comment(comment),
                name=before.name if name is None else checked_name(name, "name"),
                is_proved=before.is_proved or before.is_invited or poll.settings.asks_address,
            )
            await unit.polls.save_voter(poll, after)
            await self._count(unit, poll, before, after)
        return await self._seeing.by_voter(poll.organization_id, poll.id, voter_id)

    async def _count(self, unit: Unit, poll: Poll, before: Voter | None, after: Voter) -> None:
        """Count a ballot, and have the poll closed where all agree now who are required."""
        counted = recounted(poll, before, after)
        await unit.polls.save(poll, counted)
        unit.record(changed(counted))
        await close_on_consensus(unit, counted)

    def _turn(self, poll: Poll) -> asyncio.Lock:
        return self._turns.setdefault(poll.id, asyncio.Lock())


async def opened(unit: Reading, text: str) -> tuple[Poll, VoterId | None]:
    """Find the poll that a secret opens, and whose ballot, if it is a voter's own; NotFound."""
    kind, found = token_kind(text), None
    if kind is TokenKind.POLL:
        poll = await unit.polls.by_link(token_hash(text))
        found = (poll, None) if poll else None
    elif kind is TokenKind.BALLOT:
        found = await unit.polls.by_ballot(token_hash(text))
    organizer = await unit.users.by_id(found[0].organization_id, found[0].organizer_id) if found else None
    if found is None or organizer is None or organizer.is_disabled:
        raise NotFound("token")
    return found


async def _locked(unit: Unit, poll: Poll) -> Poll:
    present = await unit.polls.by_id(poll.organization_id, poll.id, locks=True)
    if present is None:
        raise NotFound("token")
    return present


def _wanted(poll: Poll, command: CastBallot, key_hash: bytes) -> Voter:
    """Check what somebody says who votes, and give them an id that says nothing (case 150)."""
    locale = command.locale or "en"
    if locale not in _LOCALES:
        raise InvalidInput("The languages are en and ja.", "voter", "locale")
    zone(command.zone, "voter", "zone")
    email = canonical(email_address(command.email, "voter", "email")) if command.email else None
    if poll.settings.asks_address and email is None:
        raise InvalidInput("This poll asks for a mail address.", "voter", "email")
    return Voter(
        id=VoterId(UUID(bytes=hashlib.sha256(poll.id.bytes + key_hash).digest()[:16])),
        name=checked_name(command.name, "voter", "name"),
        email=email,
        zone=command.zone,
        locale=locale,
        answers=checked_answers(poll, command.answers),
        comment=checked_comment(command.comment),
        mailed=1,
    )
