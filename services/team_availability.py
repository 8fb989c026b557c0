"""When those in a team are free, for those who may see it: hours, bookings, and their calendars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.calendars import Freshness
from domain.errors import NotFound
from domain.ids import OrganizationId, TeamId, UserId
from domain.intervals import Span, instant_of
from domain.page_hosts import Degraded
from domain.policy import Action
from domain.slots import HostTime, Unknown
from domain.team_availability import MemberTime, TeamTime, free_spans
from domain.teams import Team, TeamMember
from domain.users import User, Viewer
from domain.zones import DAY
from domain.zones import zone as checked_zone
from services.access import asker_for, seen_team
from services.availability import window_of
from services.busy import NEEDS_RECONNECTION, UNCONNECTED, Answer, BusyTimes, Known
from storage.availability import HostHours
from storage.bookings import Taken
from storage.calendars import HostCalendars
from storage.unit import Reading, Units

_DEGRADED = {UNCONNECTED: Degraded.UNCONNECTED, NEEDS_RECONNECTION: Degraded.NEEDS_RECONNECTION}


@dataclass(frozen=True, slots=True)
class FindTeamTime:
    """When those in a team are free between two instants; days are of the team's zone if none is named."""

    team_id: TeamId
    start: datetime
    end: datetime
    zone: str | None = None

    @property
    def window(self) -> Span:
        """Check what is asked for; raises InvalidInput that names the argument."""
        if self.zone is not None:
            checked_zone(self.zone, "zone")
        return window_of(self.start, self.end)


@dataclass(frozen=True, slots=True)
class _Held:
    """What we hold ourselves of those in a team whose time may be shown."""

    hours: Mapping[UserId, HostHours]
    calendars: Mapping[UserId, HostCalendars]
    taken: Taken


class TeamAvailability:
    """Free times of teams. Whoever does not share theirs is asked nothing about and shown as never free."""

    def __init__(self, units: Units, busy: BusyTimes) -> None:
        self._units = units
        self._busy = busy

    async def find(self, viewer: Viewer, question: FindTeamTime) -> TeamTime:
        """Say when those in a team are free, as the viewer may see it.

        Raises NotFound, NotAllowed, and InvalidInput for a window that cannot be asked for.
        """
        asker = asker_for(viewer, Action.TEAM_TIMES_SEE)
        window = question.window
        async with self._units.read() as unit:
            seen = await seen_team(unit, asker, question.team_id)
            held = await _hold(unit, seen.team, seen.members, window)
        found = await self._ask(seen.team, seen.members, held, question)
        return found if seen.oversees else shown_to(asker.user_id, found)

    async def compute(self, organization_id: OrganizationId, question: FindTeamTime) -> TeamTime:
        """Say the same for whoever was let to ask, and with all that those are told who oversee the team."""
        async with self._units.read() as unit:
            team = await unit.teams.by_id(organization_id, question.team_id)
            if team is None:
                raise NotFound("team")
            members = await unit.teams.everybody(organization_id, team.id)
            held = await _hold(unit, team, members, question.window)
        return await self._ask(team, members, held, question)

    async def _ask(
        self, team: Team, members: Sequence[TeamMember], held: _Held, question: FindTeamTime
    ) -> TeamTime:
        """Ask all calendars at once, outside any unit; each member is told by what it says."""
        times: dict[UserId, MemberTime] = {}
        by_id, window = {member.user.id: member for member in members}, question.window

        def know(user_id: UserId, answer: Answer) -> None:
            times[user_id] = _time_of(by_id[user_id], held, answer, window)

        asked = {user_id: held.calendars[user_id] for user_id in held.hours if user_id in held.calendars}
        for user_id in by_id:
            if user_id not in asked:
                know(user_id, Unknown(UNCONNECTED))
        busy = await self._busy.of(asked, window, live=False, told=know)
        answers = [busy.get(user_id) for user_id in held.hours]
        return TeamTime(
            team=team,
            window=window,
            zone=question.zone or team.settings.zone,
            freshness=_worst(answers),
            members=tuple(times[user_id] for user_id in by_id),
        )


def shown_to(reader: UserId, found: TeamTime) -> TeamTime:
    """Leave out whose calendars fail, but for the reader's own."""
    members = (
        time if time.member.user.id == reader else replace(time, freshness=None, degraded=None)
        for time in found.members
    )
    return replace(found, members=tuple(members))


async def _hold(unit: Reading, team: Team, members: Sequence[TeamMember], window: Span) -> _Held:
    """Read three statements, whatever the number of members; nothing of who does not share."""
    willing = [member.user.id for member in members if _is_willing(member.user)]
    organization_id = team.organization_id
    hours = await unit.schedules.for_hosts(organization_id, [(user_id, None) for user_id in willing])
    calendars = await unit.calendars.of_hosts(organization_id, list(hours))
    # A booking a day away may still keep time free in the window: no buffer is longer.
    taken = await unit.bookings.taken(
        organization_id, instant_of(window[0] - DAY), instant_of(window[1] + DAY), hosts=list(hours)
    )
    return _Held(hours, calendars, taken)


def _is_willing(user: User) -> bool:
    return user.shares_availability and not user.is_disabled


def _time_of(member: TeamMember, held: _Held, answer: Answer, window: Span) -> MemberTime:
    user, hours = member.user, held.hours.get(member.user.id)
    if user.is_disabled:
        return MemberTime(member, (), Freshness.UNKNOWN, Degraded.DISABLED)
    if not user.shares_availability:
        return MemberTime(member, (), Freshness.UNKNOWN, Degraded.NOT_SHARING)
    if hours is None:
        return MemberTime(member, (), Freshness.UNKNOWN, Degraded.NO_HOURS)
    if isinstance(answer, Unknown):
        reason = _DEGRADED.get(answer.reason, Degraded.FAILING)
        return MemberTime(member, (), Freshness.UNKNOWN, reason)
    time = HostTime(
        host=user.id,
        hours=hours.schedule.hours,
        busy=answer.spans,
        own=held.taken.own.get(user.id, ()),
        away=tuple(dates.span for dates in hours.away),
    )
    return MemberTime(member, free_spans(time, window), answer.freshness)


def _worst(answers: Sequence[Answer | None]) -> Freshness:
    known = [answer.freshness for answer in answers if isinstance(answer, Known)]
    if len(known) < len(answers):
        return Freshness.UNKNOWN
    return Freshness.RECENT if Freshness.RECENT in known else Freshness.LIVE
