"""How polls end: on which option all agree who are required, who comes then, and what follows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.addresses import one_person
from domain.booking_pages import BookingPage
from domain.bookings import Booking
from domain.effects import Effect, EffectKind
from domain.polls import BallotAnswer, Option, Poll, Voter
from domain.reactions import on_confirmed

_OF_BOOKING = frozenset({EffectKind.ENTRY, EffectKind.MEETING})


def agreed(poll: Poll, voters: Iterable[Voter], now: datetime) -> tuple[Option, ...]:
    """List the options to which nobody says no who is required, the best first; none before all have voted.

    The best has the most of them with a plain yes; of such, the most optional voters who can come, with a
    yes rather than if need be; of such, it is the earliest. A poll that requires nobody agrees on nothing.
    """
    counted = [voter for voter in voters if voter.is_required or voter.counts_in(poll)]
    required = [voter for voter in counted if voter.is_required]
    if not required or not all(voter.counts_in(poll) for voter in required):
        return ()
    optional = [voter for voter in counted if not voter.is_required]

    def worth(option: Option) -> tuple[int, int, int, datetime]:
        plain = _count(required, option, BallotAnswer.YES)
        yes = _count(optional, option, BallotAnswer.YES)
        return -plain, -yes, -_count(optional, option, BallotAnswer.IF_NEED_BE), option.start

    found = [
        option
        for option in poll.options
        if option.start > now and not _count(required, option, BallotAnswer.NO)
    ]
    return tuple(sorted(found, key=worth))


def _count(voters: Sequence[Voter], option: Option, answer: BallotAnswer) -> int:
    return sum(voter.answer(option.number) is answer for voter in voters)


def comers(poll: Poll, voters: Iterable[Voter], number: int) -> tuple[Voter, ...]:
    """Name those who come at an option: who said that they can, and who is required. Each address comes once.

    Of an anonymous poll all who have voted come: who comes would say how somebody voted.
    """
    come: dict[str, Voter] = {}
    # Whoever gave somebody else's address does not sit in their place.
    for voter in sorted(voters, key=lambda voter: not (voter.is_invited or voter.is_proved)):
        says_no = voter.answer(number) is BallotAnswer.NO and not poll.settings.is_anonymous
        if voter.is_required or (voter.counts_in(poll) and not says_no):
            come.setdefault(one_person(voter.email) if voter.email else str(voter.id), voter)
    return tuple(come.values())


def on_closed(page: BookingPage, booking: Booking, announced_at: datetime) -> tuple[Effect, ...]:
    """List what follows a poll that was closed with a booking, none of it before it is announced.

    Each invitee is told and reminded, the hosts once; there is one entry for each host, and one meeting.
    """
    effects: list[Effect] = []
    addressed = [seat for seat in booking.invitees if seat.email]
    for seat in addressed or booking.invitees[:1]:
        is_first = seat is (addressed or booking.invitees)[0]
        for effect in on_confirmed(page, booking, seat, announced_at):
            is_told = effect.recipient_id == seat.id
            of_booking = effect.kind in _OF_BOOKING
            if (is_first and (of_booking or addressed)) or (is_told and seat.email):
                effects.append(replace(effect, due_at=max(effect.due_at, announced_at)))
    return tuple(effects)
