"""When those in a team are free: few statements, one call a connection, and nothing of who keeps it back."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from domain.availability import Hours, Schedule, WeeklyWindow
from domain.calendars import Freshness
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.ids import ScheduleId, TeamId
from domain.intervals import instant_of
from domain.page_hosts import Degraded
from domain.team_availability import TeamTime
from domain.teams import Team, TeamSettings
from domain.users import Guest as Nobody
from domain.users import Role, SignedIn, SignInNeeded
from integrations.ports import Transient
from services.team_availability import FindTeamTime, TeamAvailability
from storage.base import new_id
from tests.calendars import DAY, HOME, MONDAY, NOW, WORK, World, at, opened_world, other_organization
from tests.statements import listen

pytestmark = pytest.mark.anyio
MORNING = Hours("UTC", tuple(WeeklyWindow(day, 540, 720) for day in range(7)))  # 09:00 to 12:00
TO = instant_of(DAY[1])
SHARES = "UPDATE users SET shares_availability = :shares WHERE id = :id"


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
def times(world: World) -> TeamAvailability:
    """Make the use cases of the room."""
    return TeamAvailability(world.units, world.busy)


async def team_of(world: World, *members: SignedIn, managers: tuple[SignedIn, ...] = ()) -> TeamId:
    """Make a team; each of them has the morning."""
    team = Team(
        TeamId(new_id()), world.organization_id, TeamSettings("Engines", f"e{new_id()}", "UTC"), 1, NOW
    )
    async with world.units.begin() as unit:
        await unit.teams.add(team)
        for member in members:
            await unit.teams.add_member(team, member.user, is_manager=member in managers)
            schedule = Schedule(ScheduleId(new_id()), member.user_id, "Usual", True, MORNING, 1)  # noqa: FBT003
            await unit.schedules.add(world.organization_id, schedule)
    return team.id


def monday(team_id: TeamId, zone: str | None = None) -> FindTeamTime:
    """Question the Monday."""
    return FindTeamTime(team_id, MONDAY, TO, zone)


def seen(found: TeamTime) -> dict[str, tuple[list[int], Freshness | None, Degraded | None]]:
    """Say of each member, by name, the hours at which free time begins, and what is said of the rest."""
    return {
        time.member.user.name: (
            [instant_of(start).hour for start, _ in time.free],
            time.freshness,
            time.degraded,
        )
        for time in found.members
    }


@pytest.mark.parametrize("count", [1, 12])
async def test_a_team_is_read_by_six_statements_and_one_call_a_connection(
    world: World, times: TeamAvailability, count: int
) -> None:
    members = [await world.host(f"M{number:02d}") for number in range(count)]
    for member in members:
        await world.connected(member)
    team_id = await team_of(world, *members)
    world.provider.calls.clear()

    sent = await listen(world.engine)
    found = await times.find(members[0], monday(team_id))
    asked = list(world.provider.calls)
    again = await times.find(members[0], monday(team_id))

    assert len(sent.statements) == 12
    assert asked == world.provider.calls == ["busy"] * count
    assert [time.free for time in found.members] == [((at(10), at(12)),)] * count
    assert found.counts == again.counts == ((at(10), at(12), count),)
    assert (found.freshness, again.freshness) == (Freshness.LIVE, Freshness.RECENT)


async def test_hours_bookings_absences_and_calendars_all_take_time(
    world: World, times: TeamAvailability
) -> None:
    ada, grace = await world.host("Ada"), await world.host("Grace")
    for member in (ada, grace):
        await world.connected(member)
    team_id = await team_of(world, ada, grace)
    await world.booking(ada, hour=11)
    await world.change(
        "INSERT INTO absences (organization_id, id, user_id, first_date, last_date, zone, reason, created_at)"
        " VALUES (:org, :id, :user, '2026-03-30', '2026-03-30', 'America/New_York', 'other', now())",
        org=world.organization_id,
        id=new_id(),
        user=grace.user_id,
    )  # which begins at 04:00 UTC

    found = await times.find(ada, monday(team_id, "Asia/Tokyo"))

    assert seen(found) == {
        "Ada": ([10, 11], Freshness.LIVE, None),
        "Grace": ([], None, None),
    }
    assert found.members[0].free == ((at(10), at(11)), (at(11, 30), at(12)))
    assert [(day.date.day, day.most) for day in found.days] == [(30, 1), (31, 0)]


async def test_who_stops_sharing_is_not_free_from_the_next_read_and_is_asked_nothing(
    world: World, times: TeamAvailability
) -> None:
    """R081, R083: neither are those who never connected a calendar, or have no hours."""
    ada, grace, lin = [await world.host(name) for name in ("Ada", "Grace", "Lin")]
    linked = [await world.connected(member) for member in (ada, grace)]
    team_id = await team_of(world, ada, grace, lin, managers=(ada,))
    before = await times.find(ada, monday(team_id))
    await world.change(SHARES, shares=False, id=grace.user_id)
    await world.busy.drop(one.connection.id for one in linked)
    world.provider.calls.clear()

    after = await times.find(ada, monday(team_id))
    await world.change("DELETE FROM schedules WHERE user_id = :id", id=ada.user_id)
    idle = await times.find(ada, monday(team_id))

    assert before.counts == ((at(10), at(12), 2),)
    assert after.counts == ((at(10), at(12), 1),)
    assert world.provider.calls == ["busy"]
    assert seen(after) == {
        "Ada": ([10], Freshness.LIVE, None),
        "Grace": ([], Freshness.UNKNOWN, Degraded.NOT_SHARING),
        "Lin": ([], Freshness.UNKNOWN, Degraded.UNCONNECTED),
    }
    assert seen(idle)["Ada"] == ([], Freshness.UNKNOWN, Degraded.NO_HOURS)


async def test_a_calendar_that_fails_is_busy_and_named_to_those_alone_who_may_know(
    world: World, times: TeamAvailability
) -> None:
    """Unknown is busy. A colleague is told no more than that not all is known."""
    ada, grace, lin = [await world.host(name) for name in ("Ada", "Grace", "Lin")]
    await world.connected(grace)
    team_id = await team_of(world, ada, grace, lin, managers=(ada,))
    world.provider.failure = Transient("canary", is_outage=True)

    manager, member, herself = [await times.find(asker, monday(team_id)) for asker in (ada, lin, grace)]

    assert seen(manager)["Grace"] == ([], Freshness.UNKNOWN, Degraded.FAILING)
    assert seen(member)["Grace"] == ([], None, None)
    assert seen(herself)["Grace"] == ([], Freshness.UNKNOWN, Degraded.FAILING)
    assert (member.freshness, member.counts) == (Freshness.UNKNOWN, ())


async def test_only_those_whom_the_policy_lets_ask_are_told(world: World, times: TeamAvailability) -> None:
    """Rights are those of now: administrators, managers, and members who share their own (R081)."""
    ada, grace, lin = [await world.host(name) for name in ("Ada", "Grace", "Lin")]
    team_id = await team_of(world, ada, grace, managers=(grace,))
    stranger = await world.host("Eve", organization_id=await other_organization(world))
    boss = await world.host("Boss")
    await world.change("UPDATE users SET role = 'administrator' WHERE id = :id", id=boss.user_id)
    for unwilling in (ada, grace):
        await world.change(SHARES, shares=False, id=unwilling.user_id)
    unread = replace(boss, scopes=frozenset())

    assert boss.user.role is Role.MEMBER
    assert [len((await times.find(asker, monday(team_id))).members) for asker in (boss, grace)] == [2, 2]
    refused = {ada: NotAllowed, lin: NotAllowed, unread: NotAllowed, stranger: NotFound}
    for asker, refusal in refused.items():
        with pytest.raises(refusal):
            await times.find(asker, monday(team_id))
    with pytest.raises(SignInNeeded):
        await times.find(Nobody("203.0.113.7"), monday(team_id))
    with pytest.raises(NotFound):
        await times.find(boss, monday(TeamId(new_id())))
    with pytest.raises(InvalidInput) as zone:
        await times.find(boss, monday(team_id, "Mars/Olympus"))
    with pytest.raises(InvalidInput) as window:
        await times.find(boss, FindTeamTime(team_id, TO, MONDAY))
    assert (zone.value.path, window.value.path) == (("zone",), ("window", "to"))


async def test_each_counted_calendar_of_a_connection_counts(world: World, times: TeamAvailability) -> None:
    ada = await world.host("Ada")
    await world.connected(ada)
    team_id = await team_of(world, ada)
    world.provider.busy_at = {WORK: [(at(9), at(10))], HOME: [(at(11), at(12))]}
    await world.change("UPDATE calendars SET counts_as_busy = true")

    found = await times.find(ada, monday(team_id))

    assert found.members[0].free == ((at(10), at(11)),)
