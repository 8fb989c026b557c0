"""Carries effects out: claims what is due, acts, and writes down how it went. At least once, each."""

import logging
from collections.abc import Callable
from datetime import datetime

from domain.effects import ClaimedEffect, Effect, EffectKind, EffectState, next_try
from domain.ids import BookingId, EffectId, OrganizationId, UserId
from integrations.ports import ProviderFailed, Revoked, Transient
from services.entries import Entries, SettleLater
from services.telling import Tellings
from storage.failpoints import Failpoint, reach
from storage.unit import Units

_log = logging.getLogger("slotgraph.effects")


class Effects:
    """The relay's and the workers' use cases."""

    def __init__(
        self, units: Units, entries: Entries, tellings: Tellings, clock: Callable[[], datetime]
    ) -> None:
        self._units = units
        self._entries = entries
        self._tellings = tellings
        self._clock = clock

    async def claim(self, limit: int) -> list[ClaimedEffect]:
        """Claim effects that are due or whose worker died; each is this process's until its lease ends."""
        async with self._units.begin() as unit:
            return await unit.outbox.claim(limit, max_due=unit.now)

    async def claimed(
        self, organization_id: OrganizationId, effect_id: EffectId, attempts: int
    ) -> ClaimedEffect | None:
        """Give an effect that is claimed, with a lease that begins now, if nobody claimed it again since."""
        async with self._units.begin() as unit:
            claimed = await unit.outbox.claimed(organization_id, effect_id, attempts)
            return claimed if claimed is not None and await unit.outbox.start(claimed) else None

    async def run(self, claimed: ClaimedEffect) -> EffectState:
        """Act on one claimed effect and write down how it went.

        What may pass is tried again with growing pauses; what will not ends as *failed*, with a code
        that names no person. A process that dies in between leaves a lease that runs out.
        """
        reach(Failpoint.BEFORE_ACT)
        try:
            skipped = await self._act(claimed.effect)
            reach(Failpoint.AFTER_ACT)
        except SettleLater:
            return await self._put_off(claimed, None, "busy")
        except Transient as failure:
            return await self._put_off(claimed, failure.retry_after_s, failure.reason)
        except Revoked as failure:
            return await self._finish(claimed, EffectState.FAILED, failure.reason)
        except ProviderFailed as failure:
            return await self._finish(claimed, EffectState.FAILED, failure.reason)
        return await self._finish(claimed, EffectState.SKIPPED if skipped else EffectState.DONE, skipped)

    async def _act(self, effect: Effect) -> str | None:
        match effect.kind:
            case EffectKind.ENTRY:
                return await self._entries.settle(
                    effect.organization_id, BookingId(effect.subject_id), UserId(effect.recipient_id)
                )
            case EffectKind.SIGN_IN_CODE:
                return await self._tellings.send_code(effect)
            case _:
                return await self._tellings.tell(effect)

    async def _put_off(self, claimed: ClaimedEffect, retry_after_s: float | None, reason: str) -> EffectState:
        now = self._clock()
        until = next_try(claimed.attempts, now, int(retry_after_s) if retry_after_s else None)
        if until is None:
            return await self._finish(claimed, EffectState.FAILED, reason)
        async with self._units.begin() as unit:
            await unit.outbox.put_off(claimed, until, reason)
        return EffectState.DUE

    async def _finish(self, claimed: ClaimedEffect, state: EffectState, reason: str | None) -> EffectState:
        async with self._units.begin() as unit:
            await unit.outbox.finish(claimed, state, reason)
        reach(Failpoint.AFTER_FINISH)
        if state is EffectState.FAILED:
            _log.warning("effect_failed", extra={"effect": claimed.effect.kind, "reason": reason})
        return state
