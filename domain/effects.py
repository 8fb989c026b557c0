"""Effects: the acts on the outside world that must follow a change, as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.ids import EffectId, OrganizationId


class EffectKind(StrEnum):
    """What is to be done. The subject of each kind stands behind it."""

    ENTRY = "entry"  # a booking: make the host's calendar agree with it; the recipient is the host
    MEETING = "meeting"  # a booking: make its meeting agree with it; the recipient is the host who makes it
    TELL_INVITEE_CONFIRMED = "tell_invitee_confirmed"  # an invitee's seat; so for all that tell
    TELL_INVITEE_RESCHEDULED = "tell_invitee_rescheduled"
    TELL_INVITEE_CANCELLED = "tell_invitee_cancelled"
    REMIND_INVITEE = "remind_invitee"
    TELL_HOST_CONFIRMED = "tell_host_confirmed"
    TELL_HOST_RESCHEDULED = "tell_host_rescheduled"
    TELL_HOST_CANCELLED = "tell_host_cancelled"
    REMIND_HOST = "remind_host"
    TELL_INVITEE_REASSIGNED = "tell_invitee_reassigned"  # a seat whose booking has another host now
    TELL_HOST_REASSIGNED = "tell_host_reassigned"  # the same, to the host who has it now
    TELL_HOST_RELIEVED = "tell_host_relieved"  # the same, to the host who had it
    TELL_INVITEE_LINK = "tell_invitee_link"  # a seat whose meeting's link comes after its confirmation
    TELL_HOST_LINK = "tell_host_link"
    TELL_INVITEE_SERIES = "tell_invitee_series"  # the first seat of a series; so for those that follow
    TELL_HOST_SERIES = "tell_host_series"
    TELL_INVITEE_SERIES_CANCELLED = "tell_invitee_series_cancelled"  # the first seat that was cancelled
    TELL_HOST_SERIES_CANCELLED = "tell_host_series_cancelled"
    TELL_INVITEE_REQUESTED = "tell_invitee_requested"
    TELL_HOST_REQUESTED = "tell_host_requested"
    TELL_INVITEE_DECLINED = "tell_invitee_declined"
    TELL_INVITEE_LAPSED = "tell_invitee_lapsed"
    TELL_HOST_LAPSED = "tell_host_lapsed"
    OFFER = "offer"  # a waitlist: offer its slot to who is next, if it is free; the recipient is it too
    TELL_WAITING = "tell_waiting"  # somebody who begins to wait; the recipient is they too
    TELL_OFFERED = "tell_offered"  # the same, whose turn it is
    TELL_REMOVED = "tell_removed"  # the same, whom the page's side has taken off
    INVITE_VOTER = "invite_voter"  # a voter who is asked to vote; the recipient is they too; so for the next
    REMIND_VOTER = "remind_voter"  # the same, who has not voted yet
    TELL_BALLOT = "tell_ballot"  # the same, who has: the link to their ballot, and its proof
    TELL_POLL_OVER = "tell_poll_over"  # a poll past its deadline; the recipient is its organizer
    TELL_POLL_OPENED = "tell_poll_opened"  # a poll with a link by which it is organized; so is the recipient
    TELL_POLL_STUCK = "tell_poll_stuck"  # a poll whose agreed options are all taken; so is the recipient
    TELL_POLL_CLOSED = "tell_poll_closed"  # a voter without a seat; the recipient is they too
    CLOSE_POLL = "close_poll"  # a poll on which all may agree who are required; the recipient is it too
    LAPSE = "lapse"  # a seat that waits for approval, at the end of its time; the recipient is it too
    TELL_MEETING_FAILED = "tell_meeting_failed"  # a booking; the recipient is the host who makes the meeting
    TELL_UNWRITTEN = "tell_unwritten"  # a booking; the recipient is the host in whose calendars it is not
    END_GRANT = "end_grant"  # a grant that was ended here: end it at the provider; the recipient is it too
    WATCH = "watch"  # a connection: make its watches agree with its calendars; the recipient is by chance
    LOOK = "look"  # a calendar that may have changed, its look planned; the recipient is the look too
    TELL_RECONNECT = "tell_reconnect"  # a connection that its host must open again; the recipient is the host
    SIGN_IN_CODE = "sign_in_code"  # a sign-in code; the recipient is the code too
    BOOKING_CODE = "booking_code"  # a code that proves an invitee's address; the recipient is the code too
    INVITE = "invite"  # an invitation: mail its link; the recipient is the invitation too
    INVITE_DELEGATE = "invite_delegate"  # a delegation: ask its delegate; the recipient is it too
    TELL_DELEGATED = "tell_delegated"  # a delegation that somebody gave for its principal, the recipient
    ASK_STAND_IN = "ask_stand_in"  # an absence: ask who is to stand in, the recipient
    TELL_STAND_IN_DECLINED = "tell_stand_in_declined"  # the same, to whose it is
    TELL_STAND_IN_OVER = "tell_stand_in_over"  # whose absence it was; the recipient had agreed to stand in
    TELL_PAGE_GIVEN = "tell_page_given"  # a page that a template has made; the recipient is its owner
    END_CONNECTIONS = "end_connections"  # a user who has left: end what they connected; so is the recipient


class EffectState(StrEnum):
    """Where an effect stands; *skipped* means that the world had moved on before it was due."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Effect:
    """An act that must follow: once per kind, subject, version, recipient and lead.

    `lead_minutes` tells several reminders of one booking apart: how long before the start each is due.
    `version` is the subject's when the effect was planned: an effect of an older version is
    skipped at the moment of acting (R27 of the security file).
    """

    kind: EffectKind
    organization_id: OrganizationId
    subject_id: UUID
    version: int
    recipient_id: UUID
    due_at: datetime
    lead_minutes: int = 0


@dataclass(frozen=True, slots=True)
class ClaimedEffect:
    """An effect that one worker has claimed, until its lease ends."""

    id: EffectId
    effect: Effect
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How acting on a claimed effect went; `due_at` is when it is tried again, None where it has ended."""

    claimed: ClaimedEffect
    state: EffectState
    reason: str | None = None
    due_at: datetime | None = None


MAX_ATTEMPTS = 80  # some three days: a server that is away over a weekend loses nothing


def next_try(attempts: int, now: datetime, retry_after_s: int | None) -> datetime | None:
    """Say when a failed effect is tried again: 2 s, doubling, an hour at most; None gives it up.

    What the provider asked for (`retry_after_s`) is kept to, up to an hour.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    pause = min(2 ** min(attempts, 12), 3600)
    return now + timedelta(seconds=max(pause, min(retry_after_s or 0, 3600)))
