"""Carries effects out: claims what is due, acts, and writes down how it went. At least once, each."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from domain.effects import ClaimedEffect, Effect, EffectKind, EffectState, Outcome, next_try
from domain.ids import BookingId, ConnectionId, UserId
from domain.notifications import OF_POLLS, OF_SERIES
from integrations.ports import ProviderFailed, Transient
from services.bookings import Answering, Offering
from services.calendars import Calendars
from services.entries import SettleLater
from services.grants import Grants
from services.looking import Looking
from services.meetings import Meetings
from services.notices import Notices
from services.poll_notices import PollNotices
from services.polls import Closing
from services.telling import Tellings
from services.watching import Watching
from storage.base import StorageFailed
from storage.failpoints import Failpoint, reach
from storage.unit import Units

_log = logging.getLogger("slotgraph.effects")
_DEADLINE_S = 40.0  # shorter than the lease: an act that is taken over has ended before
_WAITS = 5  # 2, 4, 8, 16 and 32 seconds: a minute, after which a mail says that the link follows
_SOON = timedelta(seconds=10)


class Effects:
    """The workers' use cases."""

    def __init__(
        self,
        units: Units,
        tellings: Tellings,
        notices: Notices,
        grants: Grants,
        meetings: Meetings,
        watching: Watching,
        looking: Looking,
        calendars: Calendars,
        clock: Callable[[], datetime],
        answering: Answering,
        offering: Offering,
        closing: Closing,
        poll_notices: PollNotices,
    ) -> None:
        self._units = units
        self._tellings = tellings
        self._notices = notices
        self._grants = grants
        self._meetings = meetings
        self._watching = watching
        self._looking = looking
        self._calendars = calendars
        self._clock = clock
        self._answering = answering
        self._offering = offering
        self._closing = closing
        self._poll_notices = poll_notices

    async def exchange(self, ended: Sequence[Outcome], room: int) -> list[ClaimedEffect]:
        """Write down how acts went and claim what is due, `room` at most, in one unit.

        What is claimed is to be begun at once: it is this process's until its lease ends, and then
        somebody else's. What is due in vain, since its lease ran out, is claimed too.
        """
        if not ended:
            async with self._units.at_once() as unit:
                return await unit.outbox.claim(room, max_due=unit.now) if room else []
        async with self._units.begin() as unit:
            await unit.outbox.settle(ended)
            claimed = await unit.outbox.claim(room, max_due=unit.now) if room else []
        reach(Failpoint.AFTER_FINISH)
        for outcome in ended:
            if outcome.state is EffectState.FAILED:
                kind = outcome.claimed.effect.kind
                _log.warning("effect_failed", extra={"effect": kind, "reason": outcome.reason})
        return claimed

    async def act(self, claimed: ClaimedEffect) -> Outcome:
        """Act on one claimed effect and say how it went; that is still to be written down.

        What may pass is tried again with growing pauses; what will not ends as *failed*, with a code
        that names no person. A process that dies in between leaves a lease that runs out.
        """
        reach(Failpoint.BEFORE_ACT)
        outcome = await self._acted(claimed)
        effect = claimed.effect
        if outcome.state is EffectState.FAILED and effect.kind is EffectKind.MEETING:
            try:
                await self._meetings.give_up(effect, outcome.reason or "")
            except StorageFailed:
                return Outcome(claimed, EffectState.DUE, "storage", self._clock() + _SOON)
        return outcome

    async def _acted(self, claimed: ClaimedEffect) -> Outcome:
        try:
            async with asyncio.timeout(_DEADLINE_S):
                skipped = await self._act(claimed.effect, claimed.attempts)
            reach(Failpoint.AFTER_ACT)
        except SettleLater:
            return self.later(claimed, "busy")
        except Transient as failure:
            return self.later(claimed, failure.reason, failure.retry_after_s)
        except ProviderFailed as failure:
            return Outcome(claimed, EffectState.FAILED, failure.reason)
        except TimeoutError:
            return self.later(claimed, "timeout")
        except StorageFailed:
            return self.later(claimed, "storage")
        return Outcome(claimed, EffectState.SKIPPED if skipped else EffectState.DONE, skipped)

    def later(self, claimed: ClaimedEffect, reason: str, retry_after_s: float | None = None) -> Outcome:
        """Say that an effect is to be tried again after a pause, or is given up after too many tries."""
        until = next_try(claimed.attempts, self._clock(), int(retry_after_s) if retry_after_s else None)
        return Outcome(claimed, EffectState.DUE if until else EffectState.FAILED, reason, until)

    async def _act(self, effect: Effect, attempts: int) -> str | None:  # noqa: PLR0911 -- one line for each kind
        organization_id = effect.organization_id
        match effect.kind:
            case EffectKind.ENTRY | EffectKind.MEETING:
                is_entry = effect.kind is EffectKind.ENTRY
                settle = self._meetings.settle_entry if is_entry else self._meetings.settle
                return await settle(
                    organization_id, BookingId(effect.subject_id), UserId(effect.recipient_id)
                )
            case EffectKind.LAPSE | EffectKind.OFFER:
                act = self._answering.lapse if effect.kind is EffectKind.LAPSE else self._offering.offer
                return await act(effect)
            case EffectKind.CLOSE_POLL:
                return await self._closing.on_consensus(effect)
            case EffectKind.END_GRANT:
                return await self._grants.end(organization_id, effect.subject_id)
            case EffectKind.WATCH:
                return await self._watching.tend(organization_id, ConnectionId(effect.subject_id))
            case EffectKind.LOOK:
                return await self._looking.look(organization_id, effect.subject_id, effect.version)
            case EffectKind.END_CONNECTIONS:
                return await self._calendars.end_all(organization_id, UserId(effect.subject_id))
            case _:
                return await self._tell(effect, waits_for_link=attempts <= _WAITS)

    async def _tell(self, effect: Effect, *, waits_for_link: bool) -> str | None:  # noqa: C901, PLR0911, PLR0912 -- as above
        match effect.kind:
            case kind if kind in OF_SERIES:
                return await self._tellings.tell_series(effect, waits_for_link=waits_for_link)
            case EffectKind.TELL_MEETING_FAILED:
                return await self._tellings.tell_meeting_failed(effect)
            case EffectKind.TELL_UNWRITTEN:
                return await self._tellings.tell_unwritten(effect)
            case EffectKind.TELL_RECONNECT:
                return await self._notices.ask_to_reconnect(effect)
            case EffectKind.INVITE:
                return await self._notices.invite(effect)
            case EffectKind.TELL_WAITING | EffectKind.TELL_OFFERED | EffectKind.TELL_REMOVED:
                return await self._notices.tell_waiter(effect)
            case kind if kind in OF_POLLS:
                return await self._poll_notices.tell(effect)
            case EffectKind.INVITE_DELEGATE | EffectKind.TELL_DELEGATED:
                return await self._notices.tell_of_delegation(effect)
            case EffectKind.BOOKING_CODE:
                return await self._notices.send_booking_code(effect)
            case EffectKind.ASK_STAND_IN | EffectKind.TELL_STAND_IN_DECLINED:
                return await self._notices.tell_of_stand_in(effect)
            case EffectKind.TELL_STAND_IN_OVER:
                return await self._notices.tell_of_ended_stand_in(effect)
            case EffectKind.TELL_PAGE_GIVEN:
                return await self._notices.tell_of_page(effect)
            case EffectKind.SIGN_IN_CODE:
                return await self._notices.send_code(effect)
            case _:
                return await self._tellings.tell(effect, waits_for_link=waits_for_link)
