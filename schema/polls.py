"""Polls: as their organizers see them, and as those do who have a link."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Self
from zoneinfo import ZoneInfo

import strawberry

from domain.ids import UserId
from domain.polls import BallotAnswer, Option, OptionFull, Poll, PollState, Visibility, Voter
from domain.proposals import ProposedTime, TimeState
from domain.users import User
from schema.context import Info
from schema.cost import ListSize
from schema.errors import ErrorCode, ErrorType
from schema.nodes import NodeType, global_id
from schema.page_links import HostTimeStateType, ProposedTimeType, TimeStateType
from schema.scalars import EmailAddress, TimeZone
from schema.users import HostType


@strawberry.enum(name="BallotAnswer", description="What a voter says of an option; nothing said is no.")
class BallotAnswerType(Enum):
    """Twin of domain.polls.BallotAnswer."""

    YES = strawberry.enum_value(BallotAnswer.YES.value, description="They can come.")
    IF_NEED_BE = strawberry.enum_value(BallotAnswer.IF_NEED_BE.value, description="They can if they must.")
    NO = strawberry.enum_value(BallotAnswer.NO.value, description="They cannot.")


@strawberry.enum(name="PollVisibility", description="What voters see of each other's ballots.")
class PollVisibilityType(Enum):
    """Twin of domain.polls.Visibility."""

    EVERYONE = strawberry.enum_value(Visibility.EVERYONE.value, description="Names, answers and counts.")
    COUNTS = strawberry.enum_value(Visibility.COUNTS.value, description="Counts alone.")
    ORGANIZER = strawberry.enum_value(
        Visibility.ORGANIZER.value, description="Nothing: the organizer alone sees them."
    )


@strawberry.enum(name="PollState", description="Where a poll stands.")
class PollStateType(Enum):
    """Twin of domain.polls.PollState."""

    OPEN = strawberry.enum_value(PollState.OPEN.value, description="One can vote.")
    OVER = strawberry.enum_value(PollState.OVER.value, description="Nobody votes any more; to be closed.")
    CLOSED = strawberry.enum_value(PollState.CLOSED.value, description="Closed, with an option or without.")


@strawberry.type(name="PollOption", description="Proposed interval, with what was counted of it.")
class PollOptionType:
    """Twin of domain.polls.Option."""

    number: int = strawberry.field(description="Number by which ballots name it; 1 is the earliest.")
    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends.")
    day: date | None = strawberry.field(description="Day in the poll's zone, of an option that is one.")
    places: int | None = strawberry.field(description="How many can come; null for any number.")
    is_full: bool = strawberry.field(description="Whether nobody more can come.")
    yes: int | None = strawberry.field(description="Ballots that say yes; null if that is not shown.")
    if_need_be: int | None = strawberry.field(description="Ballots that say if need be; null as `yes`.")
    no: int | None = strawberry.field(description="Ballots that say no or nothing; null as `yes`.")

    @classmethod
    def of(cls, option: Option, poll: Poll, *, shows_counts: bool) -> Self:
        """Shape an option; its counts only where they are shown."""
        return cls(
            number=option.number,
            start=option.start,
            end=option.end,
            day=option.start.astimezone(ZoneInfo(poll.zone)).date() if poll.is_whole_days else None,
            places=option.places,
            is_full=option.places_left == 0,
            yes=option.yes if shows_counts else None,
            if_need_be=option.if_need_be if shows_counts else None,
            no=poll.ballots - option.yes - option.if_need_be if shows_counts else None,
        )


@strawberry.type(name="PollAnswer", description="What a ballot says of one option.")
class PollAnswerType:
    """One answer."""

    option: int = strawberry.field(description="Number of the option.")
    answer: BallotAnswerType = strawberry.field(description="What is said of it.")

    @classmethod
    def all_of(cls, answers: Mapping[int, BallotAnswer] | None) -> list[Self]:
        """Shape what a ballot says."""
        said = sorted((answers or {}).items())
        return [cls(option=number, answer=BallotAnswerType(answer.value)) for number, answer in said]


@strawberry.type(name="PollBallot", description="Ballot, as voters see those that count.")
class PollBallotType:
    """Who said what; of when nothing is said, also not by the order of ballots."""

    name: str = strawberry.field(description="Name of the voter.")
    answers: list[PollAnswerType] = strawberry.field(description="What they said, in order of options.")
    comment: str = strawberry.field(description="What else they said; may be empty.")

    @classmethod
    def of(cls, voter: Voter) -> Self:
        """Shape a ballot."""
        return cls(name=voter.name, answers=PollAnswerType.all_of(voter.answers), comment=voter.comment)


@strawberry.type(name="OwnBallot", description="Ballot of whoever asks by a link of their own.")
class OwnBallotType:
    """What a voter sees of themself."""

    name: str = strawberry.field(description="Name of the voter.")
    zone: TimeZone = strawberry.field(description="Zone in which they read times.")
    has_voted: bool = strawberry.field(description="Whether they have voted.")
    is_counted: bool = strawberry.field(description="Whether the ballot counts: the address is proved.")
    answers: list[PollAnswerType] = strawberry.field(description="What they said, in order of options.")
    comment: str = strawberry.field(description="What else they said; may be empty.")

    @classmethod
    def of(cls, voter: Voter | None, poll: Poll) -> Self | None:
        """Shape one's own ballot."""
        if voter is None:
            return None
        return cls(
            name=voter.name,
            zone=TimeZone(voter.zone),
            has_voted=voter.answers is not None,
            is_counted=voter.counts_in(poll),
            answers=PollAnswerType.all_of(voter.answers),
            comment=voter.comment,
        )


@strawberry.type(name="LinkedPoll", description="Poll as whoever has a link to it sees it.")
class LinkedPollType:
    """What the link of a poll opens, or a voter's own. It has no id: nobody finds it by one."""

    title: str = strawberry.field(description="What it is about.")
    description: str = strawberry.field(description="What is said of it; may be empty.")
    organizer: HostType = strawberry.field(description="Who asks.")
    state: PollStateType = strawberry.field(description="Where it stands.")
    zone: TimeZone = strawberry.field(description="Zone of its days, and of who asks.")
    options: list[PollOptionType] = strawberry.field(description="Options, the earliest first.")
    deadline: datetime | None = strawberry.field(description="Until when one votes, if that was said.")
    asks_address: bool = strawberry.field(
        description="Whether a ballot counts only once its voter has proved a mail address."
    )
    visibility: PollVisibilityType = strawberry.field(description="What voters see of each other's ballots.")
    is_anonymous: bool = strawberry.field(
        description="Whether nobody is told who voted how, and counts are shown once nobody votes any more."
    )
    ballots_cast: int | None = strawberry.field(
        description="How many ballots count; null where voters see their own alone."
    )
    shown: strawberry.Private[tuple[Voter, ...]]
    mine: OwnBallotType | None = strawberry.field(
        description="Ballot of whoever asks, by a link of their own; null by that of the poll."
    )
    chosen: int | None = strawberry.field(
        description="Number of the option with which it was closed, once that is announced; null for none."
    )

    @strawberry.field(
        description="Ballots that count, in no order of time; empty where they are not shown.",
        directives=[ListSize(assumed_size=50)],
    )
    def ballots(self) -> list[PollBallotType]:
        """Shape ballots where somebody asks for them: a crowd that votes does not read each other's."""
        return [PollBallotType.of(voter) for voter in self.shown]

    @classmethod
    def of(
        cls, poll: Poll, organizer: User, ballots: tuple[Voter, ...], mine: Voter | None, now: datetime
    ) -> Self:
        """Shape a poll as its voters see it."""
        settings = poll.settings
        counts = poll.shows_counts(now, to_organizer=False)
        return cls(
            title=settings.title,
            description=settings.description,
            organizer=HostType.of(organizer),
            state=PollStateType(poll.shown_state(now).value),
            zone=TimeZone(poll.zone),
            options=[PollOptionType.of(option, poll, shows_counts=counts) for option in poll.options],
            deadline=settings.deadline,
            asks_address=settings.asks_address,
            visibility=PollVisibilityType(settings.visibility.value),
            is_anonymous=settings.is_anonymous,
            ballots_cast=None if poll.is_hidden else poll.ballots,
            shown=ballots,
            mine=OwnBallotType.of(mine, poll),
            chosen=poll.chosen.number if poll.chosen and poll.is_announced(now) else None,
        )


@strawberry.type(
    name="PollVoter", description="Somebody who votes or is asked to, as the organizer sees them."
)
class PollVoterType:
    """Twin of domain.polls.Voter."""

    name: str = strawberry.field(description="Name of the voter.")
    email: EmailAddress | None = strawberry.field(description="Address of the voter, if they have one.")
    is_invited: bool = strawberry.field(description="Whether they were asked.")
    is_required: bool = strawberry.field(description="Whether they have to come.")
    has_voted: bool = strawberry.field(description="Whether they have voted.")
    is_counted: bool = strawberry.field(description="Whether the ballot counts.")
    answers: list[PollAnswerType] = strawberry.field(
        description="What they said, in order of options; empty in an anonymous poll."
    )
    comment: str = strawberry.field(description="What else they said; empty in an anonymous poll.")

    @classmethod
    def of(cls, voter: Voter, poll: Poll) -> Self:
        """Shape a voter; of an anonymous poll, without what they said."""
        shown = poll.shows_ballots(to_organizer=True)
        return cls(
            name=voter.name,
            email=EmailAddress(voter.email) if voter.email else None,
            is_invited=voter.is_invited,
            is_required=voter.is_required,
            has_voted=voter.answers is not None,
            is_counted=voter.counts_in(poll),
            answers=PollAnswerType.all_of(voter.answers if shown else None),
            comment=voter.comment if shown else "",
        )


@strawberry.type(name="Poll", description="Question about when, as its organizer sees it.")
class PollType(NodeType):
    """Twin of domain.polls.Poll; of its link it says nothing."""

    poll: strawberry.Private[Poll]
    known: strawberry.Private[tuple[Voter, ...] | None]
    page_id: strawberry.ID = strawberry.field(description="Page on which closing it books.")
    title: str = strawberry.field(description="What it is about.")
    description: str = strawberry.field(description="What is said of it; may be empty.")
    state: PollStateType = strawberry.field(description="Where it stands.")
    zone: TimeZone = strawberry.field(description="Zone of its days.")
    options: list[PollOptionType] = strawberry.field(description="Options, the earliest first.")
    deadline: datetime | None = strawberry.field(description="Until when one votes, if that was said.")
    visibility: PollVisibilityType = strawberry.field(description="What voters see of each other's ballots.")
    is_anonymous: bool = strawberry.field(description="Whether nobody is told who voted how.")
    asks_address: bool = strawberry.field(description="Whether voters have to prove a mail address.")
    holds_times: bool = strawberry.field(description="Whether its times are kept free with the organizer.")
    closes_on_consensus: bool = strawberry.field(
        description="Whether it closes by itself as soon as all agree who are required."
    )
    undo_minutes: int = strawberry.field(description="How long a closing can be undone.")
    reminder_minutes: list[int] = strawberry.field(
        description="How long before the deadline those are reminded who have not voted."
    )
    ballots_cast: int = strawberry.field(description="How many ballots count.")
    version: int = strawberry.field(description="Number that grows with each change but ballots.")
    chosen: int | None = strawberry.field(
        description="Number of the option with which it was closed; null for none."
    )
    booking_id: strawberry.ID | None = strawberry.field(description="Booking that closing it has made.")
    announced_at: datetime | None = strawberry.field(
        description="When all are told that it was closed; until then that can be undone."
    )
    created_at: datetime = strawberry.field(description="Instant at which it was opened.")

    @strawberry.field(
        description="Everybody who votes or is asked to, by name.", directives=[ListSize(assumed_size=50)]
    )
    async def voters(self, info: Info) -> list[PollVoterType]:
        """Load who votes, unless that was read together with the poll."""
        known = self.known
        if known is None:
            known = await info.context.loaders.voters.load(self.poll)
        by_name = sorted(known, key=lambda voter: (voter.name.casefold(), voter.id))
        return [PollVoterType.of(voter, self.poll) for voter in by_name]

    @classmethod
    def of(cls, poll: Poll, now: datetime, voters: tuple[Voter, ...] | None = None) -> Self:
        """Shape a poll; with its voters, where they were read with it."""
        settings, chosen = poll.settings, poll.chosen
        counts = poll.shows_counts(now, to_organizer=True)
        booking = chosen.booking_id if chosen else None
        return cls(
            id=global_id("Poll", poll.id),
            poll=poll,
            known=voters,
            page_id=global_id("BookingPage", poll.page_id),
            title=settings.title,
            description=settings.description,
            state=PollStateType(poll.state(now).value),
            zone=TimeZone(poll.zone),
            options=[PollOptionType.of(option, poll, shows_counts=counts) for option in poll.options],
            deadline=settings.deadline,
            visibility=PollVisibilityType(settings.visibility.value),
            is_anonymous=settings.is_anonymous,
            asks_address=settings.asks_address,
            holds_times=settings.holds_times,
            closes_on_consensus=settings.closes_on_consensus,
            undo_minutes=int(settings.undo_within.total_seconds()) // 60,
            reminder_minutes=[int(lead.total_seconds()) // 60 for lead in settings.reminders],
            ballots_cast=poll.ballots,
            version=poll.version,
            chosen=chosen.number if chosen else None,
            booking_id=global_id("Booking", booking) if booking else None,
            announced_at=chosen.announced_at if chosen else None,
            created_at=poll.created_at,
        )


@strawberry.type(name="PollTime", description="How an option is just now, and what it would cost members.")
class PollTimeType:
    """Times are asked live, free or busy alone."""

    states: strawberry.Private[tuple[tuple[UserId, TimeState], ...]]
    time: ProposedTimeType = strawberry.field(description="How it is with the hosts of the page.")

    @strawberry.field(description="Members who are to come, with the state of their time.")
    async def members(self, info: Info) -> list[HostTimeStateType]:
        """Load the members."""
        users = await info.context.loaders.users.load_many([member for member, _ in self.states])
        return [
            HostTimeStateType(user=user, state=TimeStateType(state.value))
            for user, (_, state) in zip(users, self.states, strict=True)
        ]

    @classmethod
    def of(cls, time: ProposedTime, members: tuple[tuple[UserId, TimeState], ...]) -> Self:
        """Shape a time."""
        return cls(states=members, time=ProposedTimeType.of(time))


@strawberry.type(name="PollTimes", description="Options that somebody asked about, in order.")
class PollTimesType:
    """The answer to who picks options."""

    times: list[PollTimeType] = strawberry.field(description="Options in order of start.")


@strawberry.type(name="PollEvent", description="Poll as its organizer sees it, after a change.")
class PollEventType:
    """What is told of a poll to who organizes it."""

    cursor: str = strawberry.field(description="Point from which to resume, as `after`.")
    poll: PollType = strawberry.field(description="Poll as it was at that point.")


@strawberry.type(name="LinkedPollEvent", description="Poll as its voters see it, after a change.")
class LinkedPollEventType:
    """What is told of a poll to whoever has a link to it."""

    cursor: str = strawberry.field(description="Point from which to resume, as `after`.")
    poll: LinkedPollType = strawberry.field(description="Poll as it was at that point.")


@strawberry.type(name="PollEndedError", description="Poll in which one cannot vote any more.")
class PollEndedError(ErrorType):
    """Twin of domain.polls.PollEnded."""


@strawberry.type(name="PollAnnouncedError", description="Closing of which everybody was told.")
class PollAnnouncedError(ErrorType):
    """Twin of domain.polls.PollAnnounced."""


@strawberry.type(name="OptionFullError", description="Option whose places are taken.")
class OptionFullError(ErrorType):
    """Twin of domain.polls.OptionFull."""

    option: int = strawberry.field(description="Number of the option.")

    @classmethod
    def of(cls, broken: OptionFull, message: str) -> Self:
        """Shape the error."""
        return cls(message=message, code=ErrorCode.OPTION_FULL, path=list(broken.path), option=broken.number)
