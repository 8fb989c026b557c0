"""Delegation: a user's leave for a colleague to act for them, within scopes, until it ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.errors import Conflict, InvalidInput, RuleBroken
from domain.ids import DelegationId, OrganizationId, UserId
from domain.users import DelegationScope

ANSWER_WITHIN = timedelta(days=14)
MAX_DELEGATIONS = 20
MAX_LIFE = timedelta(days=3653)


class NotDelegated(RuleBroken):
    """Somebody for whom the asker does not act: unknown, of another organization, or not any more.

    The answer is the same, so that nobody learns who there is.
    """

    code = "NOT_DELEGATED"
    sentence = "You do not act for this user, or not any more."


class AlreadyDelegate(Conflict):
    """Somebody who acts for the principal already."""

    sentence = "This person acts for you already. Change what they may do, or end it first."


class AlreadyAccepted(Conflict):
    """An invitation to act for somebody that was accepted before."""

    sentence = "You have accepted this already."


class DelegationState(StrEnum):
    """Where a delegation stands."""

    INVITED = "invited"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class DelegationTerms:
    """What a principal allows: scopes, until when, and whether mails about bookings are copied."""

    scopes: frozenset[DelegationScope]
    ends_at: datetime | None = None
    is_copied: bool = False


@dataclass(frozen=True, slots=True)
class Delegation:
    """Leave to act for `principal_id`, offered to the member with an `address`; `delegate_id` once accepted.

    `given_by` is the principal, or an administrator. `used_at` is when the delegate last acted.
    """

    id: DelegationId
    organization_id: OrganizationId
    principal_id: UserId
    address: str
    given_by: UserId
    terms: DelegationTerms
    created_at: datetime
    answer_until: datetime
    delegate_id: UserId | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    used_at: datetime | None = None

    def state(self, now: datetime) -> DelegationState:
        """Say where it stands: by what was done, and by the clock."""
        ends_at = self.terms.ends_at
        if self.ended_at is not None or (ends_at is not None and ends_at <= now):
            return DelegationState.ENDED
        if self.accepted_at is not None:
            return DelegationState.ACTIVE
        return DelegationState.INVITED if now < self.answer_until else DelegationState.ENDED


def checked_terms(terms: DelegationTerms, now: datetime) -> DelegationTerms:
    """Check that a delegate may do something, for some time to come, and is copied on what they may see."""
    if not terms.scopes:
        raise InvalidInput("Who acts for somebody needs at least one scope.", "scopes")
    if terms.ends_at is not None and not now < terms.ends_at <= now + MAX_LIFE:
        raise InvalidInput("A delegation ends in the future, and within ten years.", "endsAt")
    if terms.is_copied and DelegationScope.BOOKINGS not in terms.scopes:
        raise InvalidInput("Only who may see bookings is copied in on mails about them.", "isCopied")
    return terms
