"""What can be asked of polls, and what is answered, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.errors import InvalidInput
from domain.ids import PageId, UserId
from domain.polls import BallotAnswer, Option, Poll, PollSettings, Voter, days_of, times_of
from domain.proposals import ProposedTime, TimeState
from domain.users import User
from domain.zones import zone as checked_zone


@dataclass(frozen=True, slots=True)
class Picked:
    """Options as somebody picked them: starts of one length, or days of a zone; each with its places."""

    starts: tuple[datetime, ...] = ()
    days: tuple[date, ...] = ()
    places: tuple[int | None, ...] = ()
    length: timedelta = timedelta(0)
    zone: str | None = None

    def options(self, now: datetime, zone: str) -> tuple[Option, ...]:
        """Make options of them, in their order, days of the `zone` if none is said; InvalidInput."""
        zone = self.zone or zone
        checked_zone(zone, "zone")
        if self.starts and self.days:
            raise InvalidInput("The options of a poll are all times, or all whole days.", "options")
        if self.days:
            return days_of(self.days, zone, self.places, now)
        return times_of(self.starts, self.length, self.places, now)


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who is asked to vote, by their address, or as a member."""

    name: str = ""
    email: str = ""
    zone: str | None = None
    locale: str | None = None
    is_required: bool = False
    member: UserId | None = None


@dataclass(frozen=True, slots=True)
class OpenPoll:
    """Open a poll whose closing books on a page. Everything is as the client sent it."""

    page_id: PageId
    picked: Picked
    settings: PollSettings
    invited: Sequence[Invited] = ()
    offers_busy: bool = False


@dataclass(frozen=True, slots=True)
class OptionTime:
    """How an option is in the calendars of a page's hosts, and what it would cost members: free, or busy."""

    time: ProposedTime
    members: tuple[tuple[UserId, TimeState], ...]


@dataclass(frozen=True, slots=True)
class OrganizedPoll:
    """A poll as its organizer sees it at `now`, with everybody who votes or is asked to."""

    poll: Poll
    voters: tuple[Voter, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class OpenedPoll:
    """A new poll, the secret of its link, and the times that were looked at for it.

    `organizer_token` is the secret by which it is organized, None to who did not open it in person.
    """

    seen: OrganizedPoll
    token: str
    times: tuple[OptionTime, ...]
    organizer_token: str | None


@dataclass(frozen=True, slots=True)
class CastBallot:
    """Vote by a poll's link. Everything is as the client sent it."""

    token: str
    name: str
    email: str | None
    zone: str
    locale: str | None
    answers: Sequence[tuple[int, BallotAnswer]]
    comment: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class LinkedPoll:
    """A poll as somebody sees it at `now` by a link: all ballots that they may see, and their own."""

    poll: Poll
    organizer: User
    ballots: tuple[Voter, ...]
    mine: Voter | None
    now: datetime

    @property
    def revision(self) -> int:
        """Number of what is shown, which says nothing of ballots that are not."""
        return self.poll.version if self.poll.is_hidden else self.poll.revision

    def visible(self) -> tuple[object, ...]:
        """Give all that may change of what is shown: two that have the same are shown alike."""
        poll, now = self.poll, self.now
        full = tuple(option.places_left == 0 for option in poll.options)
        announced = poll.chosen if poll.is_announced(now) else None
        return poll.settings, poll.shown_state(now), announced, full, self.mine, self.organizer


@dataclass(frozen=True, slots=True)
class Cast:
    """A ballot that was cast, and the secret by which its voter changes it; None where that is mailed."""

    seen: LinkedPoll
    token: str | None


Answers = Mapping[int, BallotAnswer]
