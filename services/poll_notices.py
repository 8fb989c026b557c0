"""Mails of polls: voters are asked, reminded, sent links and told the end; organizers what is theirs to do.

As with every mail, the poll is looked at in the moment of sending.
"""

from collections.abc import Callable
from datetime import datetime

from domain.effects import Effect, EffectKind
from domain.ids import PollId, VoterId
from domain.notifications import Audience, Reader, Telling
from domain.poll_reactions import awaits, still_reminds
from domain.polls import Poll, PollState
from domain.tokens import TokenKind, token_hash
from integrations.ports import PostmanPort
from services.bookings import Desk
from services.mails.compose import Composer
from services.mails.poll_letters import PollFacts
from storage.poll_links import PollLink
from storage.unit import Units

_TO_ORGANIZERS = frozenset(
    {EffectKind.TELL_POLL_OVER, EffectKind.TELL_POLL_OPENED, EffectKind.TELL_POLL_STUCK}
)


class PollNotices:
    """Sends what effects ask for; each says why not, if there is nothing to send. Raises ProviderFailed."""

    def __init__(
        self,
        units: Units,
        desk: Desk,
        composer: Composer,
        postman: PostmanPort,
        clock: Callable[[], datetime],
        public_url: str,
    ) -> None:
        self._units = units
        self._desk = desk
        self._composer = composer
        self._postman = postman
        self._clock = clock
        self._public_url = public_url.rstrip("/")

    async def tell(self, effect: Effect) -> str | None:
        """Send one mail about a poll."""
        return await (self._tell_organizer if effect.kind in _TO_ORGANIZERS else self._tell_voter)(effect)

    async def _tell_voter(self, effect: Effect) -> str | None:
        """Ask a voter, remind them, or send them the link to their ballot."""
        async with self._units.begin() as unit:
            found = await unit.polls.of_voter(effect.organization_id, VoterId(effect.subject_id))
            if found is None or found[1].email is None:
                return "gone"
            poll, voter = found
            is_open = poll.state(unit.now) is PollState.OPEN
            match effect.kind:
                case EffectKind.INVITE_VOTER:
                    telling, is_due = Telling.POLL_INVITATION, is_open and awaits(poll, voter)
                case EffectKind.REMIND_VOTER:
                    telling, is_due = Telling.POLL_REMINDER, still_reminds(effect, poll, voter, unit.now)
                case EffectKind.TELL_POLL_CLOSED:
                    is_due = poll.version == effect.version and poll.is_announced(unit.now)
                    telling = Telling.POLL_CLOSED
                case _:
                    telling, is_due = Telling.BALLOT, voter.mailed == effect.version
            organizer = await unit.users.by_id(poll.organization_id, poll.organizer_id)
            if organizer is None or organizer.is_disabled or not is_due:
                return "superseded"
            link = self._desk.token_for(TokenKind.BALLOT, voter.id)
            await unit.polls.renew(poll, voter.id, token_hash(link))
        asks_proof = telling is Telling.BALLOT and not voter.counts_in(poll)
        key = f"{voter.id}.{effect.version}.{effect.lead_minutes}"
        tells_chosen = telling is Telling.POLL_CLOSED
        facts = _facts(poll, key, organizer.name, asks_proof=asks_proof, tells_chosen=tells_chosen)
        reader = Reader(voter.name, voter.email or "", voter.zone, voter.locale, Audience.INVITEE)
        url = f"{self._public_url}/poll#{link}"
        message = self._composer.poll(telling, facts, url, reader, self._clock())
        await self._postman.send(message, reader.address)
        return None

    async def _tell_organizer(self, effect: Effect) -> str | None:
        """Send an organizer the link of their poll, or tell them that it is to be closed by hand."""
        async with self._units.begin() as unit:
            poll = await unit.polls.by_id(effect.organization_id, PollId(effect.subject_id), locks=True)
            organizer = await unit.users.by_id(poll.organization_id, poll.organizer_id) if poll else None
            if poll is None or organizer is None or organizer.is_disabled:
                return "gone"
            state, number, path = poll.state(unit.now), poll.version, ""
            match effect.kind:
                case EffectKind.TELL_POLL_OPENED:
                    link = await unit.poll_links.of(poll)
                    number = link.number if link and link.token_hash else 0
                    secret = self._desk.token_for(TokenKind.ORGANIZER, poll.id, number)
                    telling, is_due, path = Telling.POLL_OPENED, True, f"organize#{secret}"
                    if number == effect.version:
                        # It works also when the link key has changed since it was made.
                        await unit.poll_links.put(poll, PollLink(number, token_hash(secret)))
                case EffectKind.TELL_POLL_STUCK:
                    telling, is_due = Telling.POLL_STUCK, state is not PollState.CLOSED
                case _:
                    telling, is_due = Telling.POLL_OVER, state is PollState.OVER
        if not is_due or number != effect.version:
            return "superseded"
        reader = Reader(organizer.name, organizer.email, organizer.zone, organizer.locale, Audience.HOST)
        facts = _facts(poll, f"{poll.id}.{effect.version}", organizer.name)
        url = f"{self._public_url}/{path}"
        message = self._composer.poll(telling, facts, url, reader, self._clock())
        await self._postman.send(message, reader.address)
        return None


def _facts(
    poll: Poll, key: str, organizer: str, *, asks_proof: bool = False, tells_chosen: bool = False
) -> PollFacts:
    number = poll.chosen.number if poll.chosen and tells_chosen else None
    options = poll.options if number is None else (poll.option(number),)
    return PollFacts(
        key=key,
        title=poll.settings.title,
        organizer=organizer,
        options=[(option.start, option.end) for option in options],
        is_chosen=number is not None,
        day_zone=poll.zone if poll.is_whole_days else None,
        deadline=poll.settings.deadline,
        ballots=poll.ballots,
        asks_proof=asks_proof,
    )
