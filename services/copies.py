"""Copies: to which delegates a mail to a host about a booking goes too, and by which delegation.

A copy is an effect like the host's own, whose recipient is the delegation. So it is planned when the host is
told, and looked up anew when it is sent: who does not act for the host any more is sent nothing (case 31).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.effects import Effect
from domain.ids import DelegationId, UserId
from domain.notifications import Audience, Reader
from domain.users import User
from storage.unit import Reading, Units


@dataclass(frozen=True, slots=True)
class Recipient:
    """The host whom a mail is about, the delegate who is sent a copy of it, and by what it is copied."""

    host: UserId
    delegate: User | None = None
    copies: Sequence[DelegationId] = ()

    def reader(self, host: User | None) -> Reader | None:
        """Make the reader of a mail to the host's side: the delegate of a copy, else the host."""
        user = host and (self.delegate or host)
        return Reader(user.name, user.email, user.zone, user.locale, Audience.HOST) if user else None


async def recipient_of(unit: Reading, effect: Effect, audience: Audience) -> Recipient:
    """Read for whom an effect that tells is: a host, or a delegate by their delegation."""
    if audience is Audience.INVITEE:
        return Recipient(UserId(effect.recipient_id))
    found = await unit.delegations.copies(effect.organization_id, effect.recipient_id)
    for delegation, delegate in found:
        if delegation.id == effect.recipient_id:
            return Recipient(delegation.principal_id, delegate)
    return Recipient(UserId(effect.recipient_id), None, [delegation.id for delegation, _ in found])


async def plan_copies(units: Units, effect: Effect, recipient: Recipient) -> None:
    """Plan the copies of a mail to a host; what was planned before is left as it is."""
    if recipient.copies:
        async with units.begin() as unit:
            unit.follow(replace(effect, recipient_id=copy, due_at=unit.now) for copy in recipient.copies)
