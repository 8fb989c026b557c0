"""Tables of polls: options with what was counted, voters, what each said of which option, holds, links."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, within_organization


class PollRow(Base):
    """A poll. `version` is that of its settings and state, `revision` grows with each ballot too."""

    __tablename__ = "polls"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("page_id", "booking_pages"),
        within_organization("organizer_id", "users"),
        within_organization("booking_id", "bookings"),
        CheckConstraint("visibility IN ('everyone', 'counts', 'organizer')", name="visibility_known"),
        CheckConstraint("(closed_at IS NULL) = (announced_at IS NULL)", name="closed_whole"),
        CheckConstraint("closed_at IS NOT NULL OR chosen IS NULL", name="chosen_when_closed"),
        CheckConstraint("(chosen IS NULL) = (booking_id IS NULL)", name="booked_what_was_chosen"),
        Index(None, "organization_id", "organizer_id", "created_at"),
        Index(None, "ends_at"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    page_id: Mapped[UUID]
    organizer_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str]
    zone: Mapped[str]
    is_whole_days: Mapped[bool]
    deadline: Mapped[datetime | None]
    visibility: Mapped[str]
    is_anonymous: Mapped[bool]
    asks_address: Mapped[bool]
    undo_minutes: Mapped[int]
    holds_times: Mapped[bool]
    closes_on_consensus: Mapped[bool]
    reminders_minutes: Mapped[list[int]] = mapped_column(ARRAY(Integer()))
    version: Mapped[int]
    revision: Mapped[int]
    ballots: Mapped[int]
    reminded: Mapped[int]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]
    chosen: Mapped[int | None]
    booking_id: Mapped[UUID | None]


class PollOptionRow(Base):
    """An option. That no more come than it has places is a check of this row, which ballots count up."""

    __tablename__ = "poll_options"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "poll_id", "number"),
        within_organization("poll_id", "polls", ondelete="CASCADE"),
        CheckConstraint("start_at < end_at", name="lasts"),
        CheckConstraint("yes >= 0 AND if_need_be >= 0", name="counted"),
        CheckConstraint("places IS NULL OR yes + if_need_be <= places", name="places_fit"),
    )

    organization_id: Mapped[UUID]
    poll_id: Mapped[UUID]
    number: Mapped[int]
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    places: Mapped[int | None]
    yes: Mapped[int]
    if_need_be: Mapped[int]


class VoterRow(Base):
    """Who votes. `person` is set where one person has one ballot: of who was invited or proves an address.

    When somebody voted stands nowhere, and ids are hashes: their order says nothing (case 150).
    """

    __tablename__ = "voters"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("poll_id", "polls", ondelete="CASCADE"),
        within_organization("user_id", "users"),
        UniqueConstraint("organization_id", "poll_id", "id"),
        Index(
            "voters_person_key",
            "organization_id",
            "poll_id",
            "person",
            unique=True,
            postgresql_where=text("person IS NOT NULL"),
        ),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    poll_id: Mapped[UUID]
    name: Mapped[str]
    email: Mapped[str | None]
    person: Mapped[str | None]
    zone: Mapped[str]
    locale: Mapped[str]
    user_id: Mapped[UUID | None]
    is_invited: Mapped[bool]
    is_required: Mapped[bool]
    is_proved: Mapped[bool]
    has_voted: Mapped[bool]
    comment: Mapped[str]
    mailed: Mapped[int]
    token_hash: Mapped[bytes] = mapped_column(unique=True)


class BallotAnswerRow(Base):
    """What a voter said of an option of the same poll."""

    __tablename__ = "ballot_answers"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "voter_id", "number"),
        ForeignKeyConstraint(
            ["organization_id", "poll_id", "voter_id"],
            ["voters.organization_id", "voters.poll_id", "voters.id"],
            name="ballot_answers_voter_fkey",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "poll_id", "number"],
            ["poll_options.organization_id", "poll_options.poll_id", "poll_options.number"],
            name="ballot_answers_option_fkey",
            ondelete="CASCADE",
        ),
        CheckConstraint("answer IN ('yes', 'if_need_be', 'no')", name="answer_known"),
        Index(None, "organization_id", "poll_id", "number"),
    )

    organization_id: Mapped[UUID]
    voter_id: Mapped[UUID]
    poll_id: Mapped[UUID]
    number: Mapped[int]
    answer: Mapped[str]


class PollHoldRow(Base):
    """A booking in state *held* that keeps the time of options free with their poll's organizer."""

    __tablename__ = "poll_holds"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "poll_id", "booking_id"),
        within_organization("poll_id", "polls", ondelete="CASCADE"),
        within_organization("booking_id", "bookings"),
        Index(None, "organization_id", "booking_id"),
    )

    organization_id: Mapped[UUID]
    poll_id: Mapped[UUID]
    booking_id: Mapped[UUID]


class PollLinkRow(Base):
    """The link by which a poll is organized: the last one, until it is revoked, and how many there were."""

    __tablename__ = "poll_links"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "poll_id"),
        within_organization("poll_id", "polls", ondelete="CASCADE"),
    )

    organization_id: Mapped[UUID]
    poll_id: Mapped[UUID]
    number: Mapped[int]
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)
