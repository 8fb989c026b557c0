"""When those in a team are free, live: what each subscriber may see, first all of it and then what changed.

Who follows the same shares each computation, and is told by their own rights, which are read again before
each event. Redis keeps no free time of anybody, only a digest for each member: it says who changed since a
cursor, and their time is told as it is now.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from random import uniform
from uuid import UUID

import orjson

from domain.calendars import Freshness
from domain.events import EventKind, Happened
from domain.ids import OrganizationId, UserId
from domain.policy import Action
from domain.team_availability import MemberTime, TeamTime
from domain.users import SignedIn, Viewer
from services.access import asker_for, seen_team
from services.once import Once
from services.signals import Signals
from services.team_availability import FindTeamTime, TeamAvailability, shown_to
from storage.snapshots import Revision, Snapshots, revision_of
from storage.unit import Units

_PAUSE_S = 0.05  # between two looks: what comes meanwhile is shown together
_LATER = 1.1  # looks that began together are repeated apart
_NO_EPOCH = ""  # revisions made while Redis was away: nothing can be resumed from them
_ZONE = "zone"

Digests = dict[str, str]
"""Of each member, by id, a digest of what is told of them; and by `zone`, that of the dates."""


@dataclass(frozen=True, slots=True)
class TeamState:
    """When everybody in the team is free, at a revision."""

    revision: int
    cursor: str
    found: TeamTime


@dataclass(frozen=True, slots=True)
class TeamChange:
    """Whose time is another since the subscriber's last event, as it is now, and who is not in the team."""

    revision: int
    cursor: str
    found: TeamTime
    changed: tuple[MemberTime, ...]
    gone: tuple[UserId, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found at a time, and what its readers see of it; without a revision while Redis is away."""

    found: TeamTime
    digests: Digests
    revision: Revision | None

    @property
    def is_known(self) -> bool:
        return self.found.freshness is not Freshness.UNKNOWN


@dataclass(frozen=True, slots=True)
class _Seen:
    """The last state that a subscriber was told; whether it was known is not kept for who comes back."""

    revision: Revision
    digests: Digests
    is_known: bool | None = None


class _Follower:
    """A subscriber, and what may change what they are told."""

    def __init__(self, asker: UserId) -> None:
        self.touched = asyncio.Event()
        self.touchers = frozenset({asker})


class TeamFeeds:
    """Follows free times of teams for all subscribers of this process."""

    def __init__(
        self,
        units: Units,
        availability: TeamAvailability,
        signals: Signals,
        snapshots: Snapshots,
        clock: Callable[[], datetime],
        secret: bytes,
        *,
        refresh_s: float,
    ) -> None:
        self._units = units
        self._availability = availability
        self._snapshots = snapshots
        self._clock = clock
        self._secret = secret
        self._refresh_s = refresh_s
        self._looks = Once(self._look)
        self._followers: defaultdict[OrganizationId, set[_Follower]] = defaultdict(set)
        self.computed = 0  # how often free times were computed: it does not grow with the subscribers
        signals.listen(self._hear)

    async def follow(
        self, viewer: Viewer, question: FindTeamTime, after: str | None
    ) -> AsyncGenerator[TeamState | TeamChange, None]:
        """Yield the full state, then each change; with a cursor that is still known, what changed since.

        Raises NotFound and NotAllowed, also later, when the viewer may not see it any more, and InvalidInput
        for a window that cannot be asked for.
        """
        asker = asker_for(viewer, Action.TEAM_TIMES_SEE)
        _ = question.window  # what cannot be asked for is refused before anybody is told anything
        seen: _Seen | None = None
        with self._following(asker) as follower:
            while True:
                follower.touched.clear()
                oversees = await self._oversees(asker, question)
                look = await self._looks.of((asker.organization_id, question, oversees))
                follower.touchers = frozenset(
                    {asker.user_id, *(time.member.user.id for time in look.found.members)}
                )
                if after:
                    seen, after = await self._resumed(_name(question, oversees), after), None
                event, now = _event(look, seen, _name(question, oversees), asker, oversees=oversees)
                # Calendars may have taken their time: what was allowed before they were asked may not be now.
                if event is None or await self._oversees(asker, question) is oversees:
                    seen = now
                    if event is not None:
                        yield event
                await self._wait(follower)

    async def _oversees(self, asker: SignedIn, question: FindTeamTime) -> bool:
        async with self._units.read() as unit:
            return (await seen_team(unit, asker, question.team_id)).oversees

    async def _look(self, key: tuple[OrganizationId, FindTeamTime, bool]) -> _Look:
        organization_id, question, oversees = key
        self.computed += 1
        found = await self._availability.compute(organization_id, question)
        digests = self._digests(found, oversees=oversees)
        is_known = found.freshness is not Freshness.UNKNOWN
        revision = await self._snapshots.keep(
            _name(question, oversees), tuple(digests.items()), self._clock(), is_known=is_known
        )
        return _Look(found, digests, revision)

    async def _resumed(self, name: str, after: str) -> _Seen | None:
        revision = revision_of(after, name)
        rows = await self._snapshots.at(name, revision) if revision else None
        return _Seen(revision, dict(rows)) if revision and rows is not None else None

    def _digests(self, found: TeamTime, *, oversees: bool) -> Digests:
        """Say of each member in some letters what is told of them; nobody else can make or guess these."""
        digests = {_ZONE: found.zone}
        for time in found.members:
            user_id = time.member.user.id
            told = [found.team.id.hex, user_id.hex, time.free, time.degraded if oversees else None]
            body = orjson.dumps(told)
            digests[user_id.hex] = hashlib.blake2b(body, digest_size=12, key=self._secret).hexdigest()
        return digests

    @contextmanager
    def _following(self, asker: SignedIn) -> Generator[_Follower, None, None]:
        follower, of_organization = _Follower(asker.user_id), self._followers[asker.organization_id]
        of_organization.add(follower)
        try:
            yield follower
        finally:
            of_organization.discard(follower)
            if not of_organization:
                self._followers.pop(asker.organization_id, None)

    def _hear(self, event: Happened | None) -> None:
        if event is None:
            for followers in self._followers.values():
                for follower in followers:
                    follower.touched.set()
            return
        is_of_teams = event.kind is EventKind.TEAM_CHANGED
        for follower in self._followers.get(event.organization_id, ()):
            if is_of_teams or not follower.touchers.isdisjoint(event.hosts):
                follower.touched.set()

    async def _wait(self, follower: _Follower) -> None:
        await asyncio.sleep(_PAUSE_S)
        try:
            async with asyncio.timeout(self._refresh_s * uniform(1, _LATER)):  # noqa: S311 -- no secret
                await follower.touched.wait()
        except TimeoutError:
            return


def _event(
    look: _Look, seen: _Seen | None, name: str, asker: SignedIn, *, oversees: bool
) -> tuple[TeamState | TeamChange | None, _Seen]:
    """Say what leads from what was seen to the present state, if anything does."""
    if seen is not None and (
        seen.revision == look.revision or (seen.digests == look.digests and seen.is_known is look.is_known)
    ):
        return None, replace(seen, is_known=look.is_known)
    revision = look.revision or Revision(_NO_EPOCH, seen.revision.number + 1 if seen else 0)
    number, cursor = revision.number, revision.cursor(name)
    found = look.found if oversees else shown_to(asker.user_id, look.found)
    now = _Seen(revision, look.digests, look.is_known)
    if seen is None:
        return TeamState(number, cursor, found), now
    changed = (
        time
        for time in found.members
        if seen.digests.get(time.member.user.id.hex) != look.digests[time.member.user.id.hex]
    )
    gone = (UserId(UUID(hex=id_)) for id_ in seen.digests.keys() - look.digests.keys())
    return TeamChange(number, cursor, found, tuple(changed), tuple(sorted(gone))), now


def _name(question: FindTeamTime, oversees: bool) -> str:
    asked = question.start.isoformat(), question.end.isoformat(), question.zone or "own"
    return ":".join(["team", str(question.team_id), "overseer" if oversees else "member", *asked])
