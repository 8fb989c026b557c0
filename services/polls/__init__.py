"""Polls: organized by hosts, voted in by whoever has their link, closed with a booking, and followed live."""

from dataclasses import dataclass

from services.polls.closing import Closing
from services.polls.following import Following, cursor_of
from services.polls.holding import Holding
from services.polls.looking import PollTimes
from services.polls.organizer_links import LedPoll, OrganizerLinks
from services.polls.organizing import Organizing
from services.polls.seeing import Seeing
from services.polls.values import (
    Cast,
    CastBallot,
    Invited,
    LinkedPoll,
    OpenedPoll,
    OpenPoll,
    OptionTime,
    OrganizedPoll,
    Picked,
)
from services.polls.voting import Voting

__all__ = [
    "Cast",
    "CastBallot",
    "Closing",
    "Following",
    "Holding",
    "Invited",
    "LedPoll",
    "LinkedPoll",
    "OpenPoll",
    "OpenedPoll",
    "OptionTime",
    "OrganizedPoll",
    "OrganizerLinks",
    "Organizing",
    "Picked",
    "PollTimes",
    "Polls",
    "Seeing",
    "Voting",
    "cursor_of",
]


@dataclass(frozen=True, slots=True)
class Polls:
    """The room's use cases, by who needs them."""

    organizing: Organizing
    voting: Voting
    closing: Closing
    following: Following
    links: OrganizerLinks
