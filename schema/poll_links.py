"""Polls by the link of their organizer: what is shown by it, what is said by it, and what comes of that."""

from datetime import datetime
from typing import Annotated, Self

import strawberry
from strawberry import UNSET

from domain.polls import Poll, Voter
from domain.users import User
from schema.bookings import SlotNotOfferedError, SlotTakenError
from schema.cost import ListSize
from schema.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
)
from schema.polls import (
    PollAnnouncedError,
    PollAnswerType,
    PollEndedError,
    PollOptionType,
    PollStateType,
    PollType,
    PollVisibilityType,
)
from schema.scalars import EmailAddress, TimeZone
from schema.users import HostType


@strawberry.type(name="OrganizedVoter", description="Voter, as whoever has the organizer's link sees them.")
class OrganizedVoterType:
    """What the organizer sees of a voter but for the address: links get about."""

    name: str = strawberry.field(description="Name of the voter.")
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
            is_invited=voter.is_invited,
            is_required=voter.is_required,
            has_voted=voter.answers is not None,
            is_counted=voter.counts_in(poll),
            answers=PollAnswerType.all_of(voter.answers if shown else None),
            comment=voter.comment if shown else "",
        )


@strawberry.type(name="OrganizedPoll", description="Poll, as whoever has its organizer's link sees it.")
class OrganizedPollType:
    """What that link opens: no id, neither of the poll nor of its page or booking."""

    title: str = strawberry.field(description="What it is about.")
    description: str = strawberry.field(description="What is said of it; may be empty.")
    organizer: HostType = strawberry.field(description="In whose name it is organized.")
    state: PollStateType = strawberry.field(description="Where it stands.")
    zone: TimeZone = strawberry.field(description="Zone of its days, and of its organizer.")
    options: list[PollOptionType] = strawberry.field(description="Options, the earliest first.")
    deadline: datetime | None = strawberry.field(description="Until when one votes, if that was said.")
    visibility: PollVisibilityType = strawberry.field(description="What voters see of each other's ballots.")
    is_anonymous: bool = strawberry.field(description="Whether nobody is told who voted how.")
    ballots_cast: int = strawberry.field(description="How many ballots count.")
    chosen: int | None = strawberry.field(
        description="Number of the option with which it was closed; null for none."
    )
    announced_at: datetime | None = strawberry.field(
        description="When all are told that it was closed; until then that can be undone."
    )
    voters: list[OrganizedVoterType] = strawberry.field(
        description="Everybody who votes or is asked to, by name.", directives=[ListSize(assumed_size=50)]
    )

    @classmethod
    def of(cls, poll: Poll, organizer: User, voters: tuple[Voter, ...], now: datetime) -> Self:
        """Shape a poll."""
        settings, counts = poll.settings, poll.shows_counts(now, to_organizer=True)
        by_name = sorted(voters, key=lambda voter: (voter.name.casefold(), voter.id))
        return cls(
            title=settings.title,
            description=settings.description,
            organizer=HostType.of(organizer),
            state=PollStateType(poll.state(now).value),
            zone=TimeZone(poll.zone),
            options=[PollOptionType.of(option, poll, shows_counts=counts) for option in poll.options],
            deadline=settings.deadline,
            visibility=PollVisibilityType(settings.visibility.value),
            is_anonymous=settings.is_anonymous,
            ballots_cast=poll.ballots,
            chosen=poll.chosen.number if poll.chosen else None,
            announced_at=poll.chosen.announced_at if poll.chosen else None,
            voters=[OrganizedVoterType.of(voter, poll) for voter in by_name],
        )


@strawberry.type(name="OrganizedPollEvent", description="Poll by its organizer's link, after a change.")
class OrganizedPollEventType:
    """What is told to whoever has that link."""

    cursor: str = strawberry.field(description="Point from which to resume, as `after`.")
    poll: OrganizedPollType = strawberry.field(description="Poll as it was at that point.")


@strawberry.input(description="Somebody to be asked to vote, by their address.")
class LinkedVoterInput:
    """Who is asked by who has the organizer's link: members by their addresses, too."""

    name: str = strawberry.field(description="Name, 1 to 200 characters.")
    email: EmailAddress = strawberry.field(description="Address to which it is mailed.")
    zone: TimeZone | None = strawberry.field(
        default=UNSET, description="Zone in which they read times; the poll's if unsaid."
    )
    locale: str | None = strawberry.field(default=UNSET, description="Language of mails, `en` or `ja`.")
    is_required: bool | None = strawberry.field(default=UNSET, description="Whether they have to come.")


@strawberry.input(description="People to be asked to vote, by the organizer's link.")
class PollInviteByLinkInput:
    """What pollInviteByLink takes; 50 people a day can be asked by one link."""

    token: str = strawberry.field(description="Secret of the organizer's link.")
    voters: list[LinkedVoterInput] = strawberry.field(description="Who is asked.")


@strawberry.input(description="Poll whose voters are to be reminded, by the organizer's link.")
class PollRemindByLinkInput:
    """What pollRemindByLink takes."""

    token: str = strawberry.field(description="Secret of the organizer's link.")


@strawberry.input(description="Poll to close, by the organizer's link.")
class PollCloseByLinkInput:
    """What pollCloseByLink takes; no rules of the page are passed by a link."""

    token: str = strawberry.field(description="Secret of the organizer's link.")
    option: int | None = strawberry.field(
        default=UNSET, description="Number of the option to book; none closes it without a booking."
    )


@strawberry.input(description="Poll to open again, by the organizer's link.")
class PollReopenByLinkInput:
    """What pollReopenByLink takes."""

    token: str = strawberry.field(description="Secret of the organizer's link.")


@strawberry.input(description="Poll whose organizer's link is to be made anew.")
class PollLinkRenewInput:
    """What pollLinkRenew takes."""

    id: strawberry.ID = strawberry.field(description="Poll that one organizes.")


@strawberry.input(description="Poll whose organizer's link is to be ended.")
class PollLinkRevokeInput:
    """What pollLinkRevoke takes."""

    id: strawberry.ID = strawberry.field(description="Poll that one organizes.")


@strawberry.type(description="Poll to which more people were asked.")
class PollInviteByLinkPayload:
    """What comes of pollInviteByLink."""

    poll: OrganizedPollType = strawberry.field(description="Poll as it is now.")


@strawberry.type(description="Poll whose voters are reminded.")
class PollRemindByLinkPayload:
    """What comes of pollRemindByLink."""

    poll: OrganizedPollType = strawberry.field(description="Poll as it is now.")
    reminded: int = strawberry.field(description="How many were asked, have not voted, and are reminded.")


@strawberry.type(description="Poll that was closed.")
class PollCloseByLinkPayload:
    """What comes of pollCloseByLink."""

    poll: OrganizedPollType = strawberry.field(description="Poll as it is now.")


@strawberry.type(description="Poll that is open again.")
class PollReopenByLinkPayload:
    """What comes of pollReopenByLink."""

    poll: OrganizedPollType = strawberry.field(description="Poll as it is now.")


@strawberry.type(description="Poll with a new link, by which everybody organizes it who has it.")
class PollLinkRenewPayload:
    """What comes of pollLinkRenew."""

    poll: PollType = strawberry.field(description="Poll as it is now.")
    organizer_token: str = strawberry.field(description="Secret of the link; shown this once, and mailed.")


@strawberry.type(description="Poll that is organized by no link any more.")
class PollLinkRevokePayload:
    """What comes of pollLinkRevoke."""

    poll: PollType = strawberry.field(description="Poll as it is now.")


PollInviteByLinkResult = Annotated[
    PollInviteByLinkPayload | PollEndedError | InvalidInputError | NotFoundError | RateLimitedError,
    strawberry.union("PollInviteByLinkResult", description="What comes of asking people by link."),
]
PollRemindByLinkResult = Annotated[
    PollRemindByLinkPayload | PollEndedError | NotFoundError | RateLimitedError,
    strawberry.union("PollRemindByLinkResult", description="What comes of reminding voters by link."),
]
PollCloseByLinkResult = Annotated[
    PollCloseByLinkPayload
    | SlotTakenError
    | SlotNotOfferedError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("PollCloseByLinkResult", description="What comes of closing a poll by link."),
]
PollReopenByLinkResult = Annotated[
    PollReopenByLinkPayload | PollAnnouncedError | NotFoundError | ConflictError | RateLimitedError,
    strawberry.union("PollReopenByLinkResult", description="What comes of undoing a closing by link."),
]
PollLinkRenewResult = Annotated[
    PollLinkRenewPayload | NotFoundError | NotAllowedError,
    strawberry.union("PollLinkRenewResult", description="What comes of making a link anew."),
]
PollLinkRevokeResult = Annotated[
    PollLinkRevokePayload | NotFoundError | NotAllowedError,
    strawberry.union("PollLinkRevokeResult", description="What comes of ending a link."),
]
