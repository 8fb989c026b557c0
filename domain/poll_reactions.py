"""What follows in polls: voters are asked, reminded and sent their links, organizers told, polls closed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from domain.addresses import one_person
from domain.effects import Effect, EffectKind
from domain.events import EventKind, Happened
from domain.polls import Poll, PollState, Voter

_MINUTE = timedelta(minutes=1)


def changed(poll: Poll) -> Happened:
    """Say that a poll has changed, be it by a ballot."""
    return Happened(EventKind.POLL_CHANGED, poll.organization_id)


def on_invited(poll: Poll, voters: Iterable[Voter], now: datetime) -> tuple[Effect, ...]:
    """List what follows when voters are asked: each is told, and reminded before the deadline."""
    return tuple(
        effect
        for voter in voters
        for effect in (
            _tell(EffectKind.INVITE_VOTER, poll, voter.id, 1, now),
            *_reminders(poll, voter, now),
        )
    )


def on_settings(poll: Poll, voters: Iterable[Voter], now: datetime) -> tuple[Effect, ...]:
    """List what follows the settings of a poll as they are now; what followed older ones is past by that."""
    over = () if poll.settings.deadline is None else (_over(poll, poll.settings.deadline),)
    return (*over, *(effect for voter in voters for effect in _reminders(poll, voter, now)))


def on_reminded(poll: Poll, voters: Iterable[Voter], now: datetime) -> tuple[Effect, ...]:
    """List what follows when an organizer reminds by hand: who was asked and has not voted is told."""
    return tuple(
        _tell(EffectKind.REMIND_VOTER, poll, voter.id, poll.reminded, now)
        for voter in voters
        if awaits(poll, voter)
    )


def on_ballot(poll: Poll, voter: Voter, now: datetime) -> tuple[Effect, ...]:
    """List what follows when somebody has to be sent the link to their ballot."""
    return (_tell(EffectKind.TELL_BALLOT, poll, voter.id, voter.mailed, now),)


def on_agreed(poll: Poll, now: datetime) -> tuple[Effect, ...]:
    """List what follows when all agree who are required: a worker asks the calendars, and closes."""
    kind = EffectKind.CLOSE_POLL
    return (Effect(kind, poll.organization_id, poll.id, poll.revision, poll.id, now),)


def on_linked(poll: Poll, number: int, now: datetime) -> tuple[Effect, ...]:
    """List what follows when a poll has a new link by which it is organized: its organizer is sent it."""
    kind = EffectKind.TELL_POLL_OPENED
    return (Effect(kind, poll.organization_id, poll.id, number, poll.organizer_id, now),)


def on_stuck(poll: Poll, now: datetime) -> tuple[Effect, ...]:
    """List what follows when all agree, but every option on which they do is taken; once for each version."""
    kind = EffectKind.TELL_POLL_STUCK
    return (Effect(kind, poll.organization_id, poll.id, poll.version, poll.organizer_id, now),)


def on_ended(poll: Poll, voters: Iterable[Voter], seated: Iterable[str]) -> tuple[Effect, ...]:
    """List what follows a closing for voters without a seat: each address is told once it is announced.

    `seated` are the persons who have one. Who merely named an address that had to be proved is told nothing.
    """
    if poll.chosen is None:
        return ()
    told, effects = set(seated), list[Effect]()
    for voter in sorted(voters, key=lambda voter: not voter.is_invited):
        person = one_person(voter.email) if voter.email else None
        if person and person not in told and (voter.is_invited or voter.counts_in(poll)):
            told.add(person)
            due = poll.chosen.announced_at
            effects.append(_tell(EffectKind.TELL_POLL_CLOSED, poll, voter.id, poll.version, due))
    return tuple(effects)


def awaits(poll: Poll, voter: Voter) -> bool:
    """Say whether somebody was asked to vote and has not, or nobody knows that it was they."""
    return voter.is_invited and not voter.counts_in(poll)


def still_reminds(effect: Effect, poll: Poll, voter: Voter, now: datetime) -> bool:
    """Say whether a reminder that was planned is still to be sent."""
    version = poll.version if effect.lead_minutes else poll.reminded
    return effect.version == version and awaits(poll, voter) and poll.state(now) is PollState.OPEN


def _over(poll: Poll, deadline: datetime) -> Effect:
    kind = EffectKind.TELL_POLL_OVER
    return Effect(kind, poll.organization_id, poll.id, poll.version, poll.organizer_id, deadline)


def _reminders(poll: Poll, voter: Voter, now: datetime) -> Iterable[Effect]:
    deadline = poll.settings.deadline
    for lead in poll.settings.reminders if deadline else ():
        due = deadline - lead if deadline else now
        if due > now and awaits(poll, voter):
            yield _tell(EffectKind.REMIND_VOTER, poll, voter.id, poll.version, due, lead // _MINUTE)


def _tell(kind: EffectKind, poll: Poll, voter: UUID, version: int, due: datetime, lead: int = 0) -> Effect:
    return Effect(kind, poll.organization_id, voter, version, voter, due, lead)
