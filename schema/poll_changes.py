"""What is said by who organizes polls and by who votes in them, and what comes of it."""

from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.booking_waivers import NotWaivedError, WaivableRuleType
from schema.bookings import SlotNotOfferedError, SlotTakenError
from schema.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
)
from schema.organizations import NotEntitledError
from schema.page_links import TimesNotFreeError
from schema.polls import (
    BallotAnswerType,
    LinkedPollType,
    OptionFullError,
    PollAnnouncedError,
    PollEndedError,
    PollTimeType,
    PollType,
    PollVisibilityType,
)
from schema.scalars import EmailAddress, TimeZone


@strawberry.input(description="Option to offer: a start, or a whole day of the poll's zone.")
class PollOptionInput:
    """One option; all of a poll's are starts, or all are days."""

    start: datetime | None = strawberry.field(default=UNSET, description="Start, a whole minute.")
    day: date | None = strawberry.field(default=UNSET, description="Day, instead of a start.")
    places: int | None = strawberry.field(
        default=UNSET, description="How many can come then, 1 to 1,000; null for any number."
    )


@strawberry.input(description="Somebody to be asked to vote: a member, or anybody by their address.")
class PollVoterInput:
    """Who is asked."""

    member_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="User of the organization, instead of name and address."
    )
    name: str | None = strawberry.field(default=UNSET, description="Name, 1 to 200 characters.")
    email: EmailAddress | None = strawberry.field(default=UNSET, description="Address to which it is mailed.")
    zone: TimeZone | None = strawberry.field(
        default=UNSET, description="Zone in which they read times; the poll's if unsaid."
    )
    locale: str | None = strawberry.field(default=UNSET, description="Language of mails, `en` or `ja`.")
    is_required: bool | None = strawberry.field(default=UNSET, description="Whether they have to come.")


@strawberry.input(description="Poll to open.")
class PollOpenInput:
    """What pollOpen takes."""

    page_id: strawberry.ID = strawberry.field(
        description="Page on which closing it books: its hosts, place, mails and reminders."
    )
    title: str = strawberry.field(description="What it is about, 1 to 100 characters.")
    description: str | None = strawberry.field(
        default=UNSET, description="What is said of it, 5,000 characters at most."
    )
    options: list[PollOptionInput] = strawberry.field(description="Options, 1 to 50 within 62 days.")
    duration_minutes: int | None = strawberry.field(
        default=UNSET, description="How long options last that are starts, 5 to 1440."
    )
    zone: TimeZone | None = strawberry.field(
        default=UNSET, description="Zone of its days; that of who organizes it if unsaid."
    )
    deadline: datetime | None = strawberry.field(
        default=UNSET, description="Until when one votes; else until the last option begins."
    )
    visibility: PollVisibilityType | None = strawberry.field(
        default=UNSET, description="What voters see of each other's ballots; everything if unsaid."
    )
    is_anonymous: bool | None = strawberry.field(
        default=UNSET, description="Whether nobody is told who voted how, its organizer neither."
    )
    asks_address: bool | None = strawberry.field(
        default=UNSET, description="Whether a ballot counts only once its voter has proved an address."
    )
    holds_times: bool | None = strawberry.field(
        default=UNSET, description="Whether nothing else can be booked with the organizer at its times."
    )
    closes_on_consensus: bool | None = strawberry.field(
        default=UNSET, description="Whether it closes by itself as soon as all agree who are required."
    )
    undo_minutes: int | None = strawberry.field(
        default=UNSET, description="How long a closing can be undone before all are told, 0 to 1440."
    )
    reminder_minutes: list[int] | None = strawberry.field(
        default=UNSET,
        description="How long before the deadline those are reminded who have not voted; 5 at most.",
    )
    voters: list[PollVoterInput] | None = strawberry.field(
        default=UNSET, description="Who is asked to vote, 200 at most."
    )
    offers_busy_times: bool | None = strawberry.field(
        default=UNSET, description="Whether options may be offered that could not be booked now."
    )


@strawberry.input(description="Change of a poll that is not closed; what is unsaid stays.")
class PollUpdateInput:
    """What pollUpdate takes. Options and what voters see are what ballots were given for: they stay."""

    id: strawberry.ID = strawberry.field(description="Poll to change.")
    expected_version: int | None = strawberry.field(
        default=UNSET, description="Version that was seen; another one is a conflict."
    )
    title: str | None = strawberry.field(default=UNSET, description="What it is about, 1 to 100 characters.")
    description: str | None = strawberry.field(
        default=UNSET, description="What is said of it, 5,000 characters at most."
    )
    deadline: datetime | None = strawberry.field(
        default=UNSET, description="Until when one votes; null for until the last option begins."
    )
    reminder_minutes: list[int] | None = strawberry.field(
        default=UNSET, description="How long before the deadline those are reminded who have not voted."
    )


@strawberry.input(description="People to be asked to vote.")
class PollInviteInput:
    """What pollInvite takes; who was asked before is not asked again."""

    id: strawberry.ID = strawberry.field(description="Poll to vote in.")
    voters: list[PollVoterInput] = strawberry.field(description="Who is asked, 200 at most.")


@strawberry.input(description="Poll whose voters are to be reminded.")
class PollRemindInput:
    """What pollRemind takes."""

    id: strawberry.ID = strawberry.field(description="Poll to vote in.")


@strawberry.input(description="Poll to close.")
class PollCloseInput:
    """What pollClose takes; closing twice with the same closes once."""

    id: strawberry.ID = strawberry.field(description="Poll to close.")
    option: int | None = strawberry.field(
        default=UNSET, description="Number of the option to book; none closes it without a booking."
    )
    waives: list[WaivableRuleType] | None = strawberry.field(
        default=UNSET, description="Rules of the page past which to book, if they refuse the option."
    )


@strawberry.input(description="Poll to open again.")
class PollReopenInput:
    """What pollReopen takes."""

    id: strawberry.ID = strawberry.field(description="Poll to open again.")


@strawberry.input(description="Poll to delete.")
class PollDeleteInput:
    """What pollDelete takes."""

    id: strawberry.ID = strawberry.field(description="Poll to delete.")


@strawberry.input(description="Who votes.")
class BallotVoterInput:
    """What somebody says of themself."""

    name: str = strawberry.field(description="Name that is shown, 1 to 200 characters.")
    email: EmailAddress | None = strawberry.field(
        default=UNSET, description="Address to which the link of the ballot is mailed, and the booking."
    )
    zone: TimeZone = strawberry.field(description="Zone in which they read times.")
    locale: str | None = strawberry.field(default=UNSET, description="Language of mails, `en` or `ja`.")


@strawberry.input(description="What is said of one option.")
class BallotAnswerInput:
    """One answer."""

    option: int = strawberry.field(description="Number of the option.")
    answer: BallotAnswerType = strawberry.field(description="What is said of it.")


@strawberry.input(description="Ballot to cast by the link of a poll.")
class BallotCastInput:
    """What ballotCast takes."""

    token: str = strawberry.field(description="Secret of the poll's link.")
    voter: BallotVoterInput = strawberry.field(description="Who votes.")
    answers: list[BallotAnswerInput] = strawberry.field(description="What they say; no is left out or said.")
    comment: str | None = strawberry.field(
        default=UNSET, description="What else they say, 500 characters at most."
    )
    idempotency_key: str = strawberry.field(
        description="New UUID for each ballot: a repeat with the same key is answered by the same one."
    )


@strawberry.input(description="Ballot in place of the one before, by a link of one's own.")
class BallotUpdateInput:
    """What ballotUpdate takes; whoever was invited votes by it."""

    token: str = strawberry.field(description="Secret of the voter's own link.")
    answers: list[BallotAnswerInput] = strawberry.field(description="What they say; no is left out or said.")
    comment: str | None = strawberry.field(default=UNSET, description="What else they say; unsaid it stays.")
    name: str | None = strawberry.field(default=UNSET, description="Name that is shown; unsaid it stays.")


@strawberry.type(description="Poll that was opened, and the secret of its link.")
class PollOpenPayload:
    """What comes of pollOpen."""

    poll: PollType = strawberry.field(description="Poll.")
    token: str = strawberry.field(description="Secret by which everybody votes who has it; shown this once.")
    organizer_token: str | None = strawberry.field(
        description="Secret by which everybody organizes it who has it; shown this once, to who opened it in "
        "person, and mailed to its organizer."
    )
    times: list[PollTimeType] = strawberry.field(description="Options as they were found, in order.")


@strawberry.type(description="Poll that was changed.")
class PollUpdatePayload:
    """What comes of pollUpdate."""

    poll: PollType = strawberry.field(description="Poll as it is now.")


@strawberry.type(description="Poll to which more people were asked.")
class PollInvitePayload:
    """What comes of pollInvite."""

    poll: PollType = strawberry.field(description="Poll as it is now.")


@strawberry.type(description="Poll whose voters are reminded.")
class PollRemindPayload:
    """What comes of pollRemind."""

    poll: PollType = strawberry.field(description="Poll as it is now.")
    reminded: int = strawberry.field(description="How many were asked, have not voted, and are reminded.")


@strawberry.type(description="Poll that was closed.")
class PollClosePayload:
    """What comes of pollClose."""

    poll: PollType = strawberry.field(description="Poll as it is now.")


@strawberry.type(description="Poll that is open again.")
class PollReopenPayload:
    """What comes of pollReopen."""

    poll: PollType = strawberry.field(description="Poll as it is now.")


@strawberry.type(description="Poll that was deleted.")
class PollDeletePayload:
    """What comes of pollDelete."""

    poll_id: strawberry.ID = strawberry.field(description="Id of the deleted poll.")


@strawberry.type(description="Ballot that was cast.")
class BallotCastPayload:
    """What comes of ballotCast."""

    poll: LinkedPollType = strawberry.field(description="Poll as its voter sees it.")
    token: str | None = strawberry.field(
        description="Secret by which the voter changes it; null where that is mailed, to prove an address."
    )


@strawberry.type(description="Ballot as it is now.")
class BallotUpdatePayload:
    """What comes of ballotUpdate."""

    poll: LinkedPollType = strawberry.field(description="Poll as its voter sees it.")


PollOpenResult = Annotated[
    PollOpenPayload
    | TimesNotFreeError
    | NotEntitledError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | RateLimitedError,
    strawberry.union("PollOpenResult", description="What comes of opening a poll."),
]
PollUpdateResult = Annotated[
    PollUpdatePayload
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | RateLimitedError,
    strawberry.union("PollUpdateResult", description="What comes of changing a poll."),
]
PollInviteResult = Annotated[
    PollInvitePayload
    | PollEndedError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | RateLimitedError,
    strawberry.union("PollInviteResult", description="What comes of asking more people to vote."),
]
PollRemindResult = Annotated[
    PollRemindPayload | PollEndedError | NotFoundError | NotAllowedError | RateLimitedError,
    strawberry.union("PollRemindResult", description="What comes of reminding voters."),
]
PollCloseResult = Annotated[
    PollClosePayload
    | NotWaivedError
    | SlotTakenError
    | SlotNotOfferedError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | TryAgainError,
    strawberry.union("PollCloseResult", description="What comes of closing a poll."),
]
PollReopenResult = Annotated[
    PollReopenPayload | PollAnnouncedError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("PollReopenResult", description="What comes of undoing a closing."),
]
PollDeleteResult = Annotated[
    PollDeletePayload | NotFoundError | NotAllowedError,
    strawberry.union("PollDeleteResult", description="What comes of deleting a poll."),
]
BallotCastResult = Annotated[
    BallotCastPayload
    | PollEndedError
    | OptionFullError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | RateLimitedError,
    strawberry.union("BallotCastResult", description="What comes of voting."),
]
BallotUpdateResult = Annotated[
    BallotUpdatePayload
    | PollEndedError
    | OptionFullError
    | InvalidInputError
    | NotFoundError
    | RateLimitedError,
    strawberry.union("BallotUpdateResult", description="What comes of changing a ballot."),
]
