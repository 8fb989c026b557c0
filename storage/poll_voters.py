"""Voters of polls, as their rows say them."""

from collections.abc import Mapping

from domain.ids import UserId, VoterId
from domain.polls import BallotAnswer, Voter
from storage.postgres import Record


def said_of(voter: Voter) -> dict[str, object]:
    """Give the columns of a voter that change."""
    return {
        "name": voter.name,
        "zone": voter.zone,
        "locale": voter.locale,
        "is_invited": voter.is_invited,
        "is_required": voter.is_required,
        "is_proved": voter.is_proved,
        "has_voted": voter.answers is not None,
        "comment": voter.comment,
        "mailed": voter.mailed,
    }


def voter_of(row: Record, answers: Mapping[int, BallotAnswer]) -> Voter:
    """Make a voter of their row and what they said of options."""
    user = row["user_id"]
    return Voter(
        id=VoterId(row["id"]),
        name=row["name"],
        email=row["email"],
        zone=row["zone"],
        locale=row["locale"],
        is_invited=row["is_invited"],
        is_required=row["is_required"],
        is_proved=row["is_proved"],
        user_id=UserId(user) if user else None,
        answers=answers if row["has_voted"] else None,
        comment=row["comment"],
        mailed=row["mailed"],
    )
