"""How picked times are just now: in the calendars of a page's hosts and of members who come (R087)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from domain.booking_pages import BookingPage, PageHost
from domain.errors import NotFound
from domain.ids import UserId
from domain.intervals import minute_of
from domain.page_links import reach_of_starts
from domain.polls import Option, picked
from domain.proposals import TimeState, states_at
from domain.slots import Assignment
from domain.users import SignedIn
from services.availability import Availability
from services.page_links import PROPOSALS_PER_USER, proposed
from services.polls.values import OptionTime
from storage.limits import Limits
from storage.unit import Reading


class PollTimes:
    """Asks calendars, live, before any unit."""

    def __init__(self, availability: Availability, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._availability = availability
        self._limits = limits
        self._clock = clock

    async def of(
        self, asker: SignedIn, page: BookingPage, options: Sequence[Option], members: Sequence[UserId]
    ) -> tuple[OptionTime, ...]:
        """Say of each option how it is, in order; of members only whether they are free. Raises TooMany."""
        await self._limits.take(PROPOSALS_PER_USER, str(asker.user_id))

        def length(option: Option) -> timedelta:
            return option.length

        by_length = groupby(sorted(options, key=length), key=length)
        found: list[OptionTime] = []
        for _, of_one in by_length:
            found += await self._look(asker, page, [*of_one], members)
        return tuple(sorted(found, key=lambda one: one.time.start))

    async def _look(
        self, asker: SignedIn, page: BookingPage, options: Sequence[Option], members: Sequence[UserId]
    ) -> list[OptionTime]:
        link = picked(page.organization_id, page.id, asker.user_id, options)
        starts, now = link.settings.terms.starts, self._clock()
        window, its = reach_of_starts(starts), page.by_link(link)
        times = proposed(await self._availability.gather(its, window, live=True), starts, now)
        if not members or not asker.user.shares_availability:
            # Who keeps their own free time to themselves is not told that of their colleagues (R081).
            untold = tuple((member, TimeState.UNKNOWN) for member in members)
            return [OptionTime(time, untold) for time in times]
        # As if they were the hosts of such a page, each alone: by the rules that decide.
        rules = replace(its.rules, assignment=Assignment.ALL)
        theirs = replace(its, rules=rules, hosts=tuple(PageHost(id_, None) for id_ in members), requires=())
        gathered = await self._availability.gather(theirs, window, live=True)
        return [
            OptionTime(time, states_at(rules, gathered.hosts, minute_of(time.start), now)) for time in times
        ]


async def check_members(unit: Reading, asker: SignedIn, members: Sequence[UserId], *path: str) -> None:
    """Check that members are of the asker's organization, and there; raises NotFound."""
    users = await unit.users.by_ids(members)
    for id_ in members:
        user = users.get(id_)
        if user is None or user.organization_id != asker.organization_id or user.is_disabled:
            raise NotFound(*path)
