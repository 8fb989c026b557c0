"""Use cases of the link by which a poll is organized: whoever has it follows, asks, reminds, closes, reopens.

They act in the name of the poll's organizer, on this one poll, as far as that user could now; the audit log
says of each deed that it was by link. What shows more than the poll does, or cannot be undone by its
organizer, is not among it: no addresses, no results, no members, no rules of the page to be passed, no
changing and no deleting.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from domain.audit import Act
from domain.errors import NotFound
from domain.ids import PollId
from domain.poll_reactions import changed, on_linked
from domain.polls import Poll
from domain.tokens import TokenKind, token_hash, token_kind
from domain.users import DelegationScope, Scope, SignedIn, User, Viewer, in_person, signed_in
from services.access import noted, own_poll
from services.bookings.budgets import visitor
from services.bookings.desk import Desk
from services.polls.closing import Closing
from services.polls.following import Following
from services.polls.organizing import Organizing
from services.polls.values import Invited, OrganizedPoll
from storage.limits import Budget, Limits, WhenAway
from storage.poll_links import PollLink
from storage.unit import Unit

_MAY = frozenset({Scope.READ, Scope.POLLS})
# Against guessing, beside the 160 bits of a secret: charged before it is known whether there is such a link.
KNOCKS_PER_IP = Budget("poll-organizer-links", 240, 600, when_away=WhenAway.OPEN_LOCAL)
# A link that has got about is no way to mail strangers; its organizer has a larger budget.
INVITATIONS_PER_LINK = Budget("poll-link-invitations", 50, 86_400, when_away=WhenAway.OPEN_LOCAL)


@dataclass(frozen=True, slots=True)
class LedPoll:
    """A poll as whoever has its organizer's link sees it, and in whose name they act."""

    seen: OrganizedPoll
    organizer: User


class OrganizerLinks:
    """What can be done by such a link, and how it is made anew or ended."""

    def __init__(
        self, desk: Desk, limits: Limits, organizing: Organizing, closing: Closing, following: Following
    ) -> None:
        self._desk = desk
        self._limits = limits
        self._organizing = organizing
        self._closing = closing
        self._following = following

    async def by_link(self, viewer: Viewer, text: str) -> LedPoll:
        """Give a poll; NotFound, always the same, and TooMany."""
        asker, poll_id = await self._asker(viewer, text)
        return LedPoll(await self._organizing.by_id(asker, poll_id), asker.user)

    async def changed(self, viewer: Viewer, text: str, after: str | None) -> AsyncGenerator[LedPoll, None]:
        """Yield a poll, from a cursor on; NotFound, also when the link ends meanwhile, and TooMany."""
        asker, poll_id = await self._asker(viewer, text)
        async for seen in self._following.organized(asker, poll_id, after):
            yield LedPoll(seen, asker.user)

    async def invite(self, viewer: Viewer, text: str, invited: Sequence[Invited]) -> LedPoll:
        """Ask more people to vote, by their addresses; as `Organizing.invite`."""
        asker, poll_id = await self._asker(viewer, text)
        if invited:
            await self._limits.take(INVITATIONS_PER_LINK, str(poll_id), amount=len(invited))
        return LedPoll(await self._organizing.invite(asker, poll_id, invited), asker.user)

    async def remind(self, viewer: Viewer, text: str) -> tuple[LedPoll, int]:
        """Remind who was asked and has not voted; as `Organizing.remind`."""
        asker, poll_id = await self._asker(viewer, text)
        seen, reminded = await self._organizing.remind(asker, poll_id)
        return LedPoll(seen, asker.user), reminded

    async def close(self, viewer: Viewer, text: str, number: int | None) -> LedPoll:
        """Close a poll as `Closing.close` does, past no rule of the page."""
        asker, poll_id = await self._asker(viewer, text)
        return LedPoll(await self._closing.close(asker, poll_id, number, None), asker.user)

    async def reopen(self, viewer: Viewer, text: str) -> LedPoll:
        """Undo a closing; as `Closing.reopen`."""
        asker, poll_id = await self._asker(viewer, text)
        return LedPoll(await self._closing.reopen(asker, poll_id), asker.user)

    async def renew(self, viewer: Viewer, poll_id: PollId) -> tuple[OrganizedPoll, str]:
        """Make the link of a poll anew, which ends the one before; in person alone, since it outlasts a key.

        It is mailed, too. Raises NotFound.
        """
        asker = in_person(viewer)
        async with self._desk.units.begin() as unit:
            poll = await _touched(unit, asker, poll_id)
            earlier = await unit.poll_links.of(poll)
            number = earlier.number + 1 if earlier else 1
            secret = self._desk.token_for(TokenKind.ORGANIZER, poll.id, number)
            await unit.poll_links.put(poll, PollLink(number, token_hash(secret)))
            unit.record(changed(poll), on_linked(poll, number, unit.now))
            await noted(unit, asker, Act.POLL_LINK_RENEWED, poll.id)
            return OrganizedPoll(poll, tuple(await unit.polls.voters(poll)), unit.now), secret

    async def revoke(self, viewer: Viewer, poll_id: PollId) -> OrganizedPoll:
        """End the link of a poll at once; one that has none is answered alike. Raises NotFound."""
        asker = signed_in(viewer, Scope.POLLS, DelegationScope.POLLS)
        async with self._desk.units.begin() as unit:
            poll = await _touched(unit, asker, poll_id)
            if await unit.poll_links.revoke(poll):
                unit.record(changed(poll))
                await noted(unit, asker, Act.POLL_LINK_REVOKED, poll.id)
            return OrganizedPoll(poll, tuple(await unit.polls.voters(poll)), unit.now)

    async def _asker(self, viewer: Viewer, text: str) -> tuple[SignedIn, PollId]:
        """Say who asks by a secret: the poll's organizer, with neither session nor key."""
        await self._limits.take(KNOCKS_PER_IP, visitor(viewer))
        if token_kind(text) is not TokenKind.ORGANIZER:
            raise NotFound("token")
        hashed = token_hash(text)
        async with self._desk.units.read() as unit:
            found = await unit.poll_links.by_hash(hashed)
            poll = await unit.polls.by_id(*found) if found else None
            user = await unit.users.by_id(poll.organization_id, poll.organizer_id) if poll else None
        if poll is None or user is None or user.is_disabled:
            raise NotFound("token")
        return SignedIn(user, _MAY, None, None, viewer.ip, poll_link=hashed), poll.id


async def _touched(unit: Unit, asker: SignedIn, poll_id: PollId) -> Poll:
    """Lock a poll, and let those look anew who follow it."""
    before = await own_poll(unit, asker, poll_id, locks=True)
    poll = replace(before, revision=before.revision + 1)
    await unit.polls.save(before, poll)
    return poll
