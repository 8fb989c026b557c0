"""Teams and the audit log: who manages which team, and that all of it is noted in the chain."""

from collections.abc import AsyncGenerator

import pytest

from domain.audit import Act
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from domain.ids import UserId
from domain.paging import Paging
from domain.teams import Team, TeamSettings, TeamSlugTaken
from domain.users import Role, SignedIn
from tests.identity import Installation, installation

pytestmark = pytest.mark.anyio
GRACE, LIN = "grace@example.com", "lin@example.com"
FIRST = Paging(10, None, is_forward=True)
ENGINES = TeamSettings("Engines", "engines", "Europe/London")


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation without users."""
    async with installation(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
async def ada(house: Installation) -> SignedIn:
    """Let Ada found an organization."""
    return await house.viewer((await house.sign_up()).token)


async def inside(house: Installation, viewer: SignedIn, team: Team) -> list[tuple[UserId, bool]]:
    part = await house.teams.members(viewer, team.organization_id, team.id, FIRST)
    return [(member.user.id, member.is_manager) for member in part.items]


async def test_a_manager_manages_their_team_and_no_other(house: Installation, ada: SignedIn) -> None:
    grace, lin = await house.joined(ada, GRACE), await house.joined(ada, LIN)
    team = await house.teams.create(ada, ENGINES)
    other = await house.teams.create(ada, TeamSettings("Looms", "looms", "UTC"))
    await house.teams.add_member(ada, team.id, grace.user_id, is_manager=True)

    await house.teams.add_member(grace, team.id, lin.user_id, is_manager=False)
    renamed = await house.teams.update(grace, team.id, lambda _: TeamSettings("Mills", "mills", "UTC"), 1)

    assert (renamed.settings.slug, renamed.revision) == ("mills", 2)
    assert await inside(house, lin, team) == [(grace.user_id, True), (lin.user_id, False)]
    with pytest.raises(NotAllowed):
        await house.teams.delete(grace, team.id)
    with pytest.raises(NotAllowed):
        await house.teams.add_member(grace, other.id, lin.user_id, is_manager=False)
    with pytest.raises(NotAllowed):
        await house.teams.update_member(lin, team.id, lin.user_id, is_manager=True)
    with pytest.raises(NotAllowed):
        await house.teams.create(grace, TeamSettings("Own", "own", "UTC"))
    assert await inside(house, ada, other) == []


async def test_a_team_is_of_its_organization_alone(house: Installation, ada: SignedIn) -> None:
    """Cases 17 and 18: no team, member or list of another organization."""
    team = await house.teams.create(ada, ENGINES)
    eve = await house.viewer((await house.sign_up("eve@example.com")).token)
    own = await house.teams.create(eve, ENGINES)

    with pytest.raises(NotFound):
        await house.teams.delete(eve, team.id)
    with pytest.raises(NotFound):
        await house.teams.listed(eve, ada.organization_id, FIRST)
    with pytest.raises(NotFound):
        await house.members.listed(eve, ada.organization_id, FIRST)
    with pytest.raises(NotFound):
        await house.audit.listed(eve, ada.organization_id, FIRST)
    with pytest.raises(NotFound):
        await house.teams.add_member(eve, own.id, ada.user_id, is_manager=False)

    assert await house.rows("SELECT count(*) FROM team_members") == [(0,)]


async def test_what_cannot_be_is_refused_by_its_name(house: Installation, ada: SignedIn) -> None:
    team = await house.teams.create(ada, ENGINES)
    looms = await house.teams.create(ada, TeamSettings("Looms", "looms", "UTC"))

    with pytest.raises(TeamSlugTaken):
        await house.teams.create(ada, ENGINES)
    with pytest.raises(TeamSlugTaken):
        await house.teams.update(ada, looms.id, lambda _: ENGINES)
    with pytest.raises(Conflict):
        await house.teams.update(ada, team.id, lambda _: ENGINES, 7)
    with pytest.raises(InvalidInput) as slug:
        await house.teams.create(ada, TeamSettings("Team", "Not a slug", "UTC"))
    with pytest.raises(InvalidInput) as zone:
        await house.teams.create(ada, TeamSettings("Team", "team", "Mars/Olympus"))

    assert (slug.value.path, zone.value.path) == (("slug",), ("zone",))


async def test_lists_are_parts_in_both_directions(house: Installation, ada: SignedIn) -> None:
    for number in range(3):
        await house.teams.create(ada, TeamSettings(f"Team {number}", f"team-{number}", "UTC"))
    of = ada.organization_id

    first = await house.teams.listed(ada, of, Paging(2, None, is_forward=True))
    rest = await house.teams.listed(ada, of, Paging(2, first.places[-1], is_forward=True))
    back = await house.teams.listed(ada, of, Paging(1, rest.places[0], is_forward=False))

    assert [team.settings.slug for team in (*first.items, *rest.items)] == ["team-0", "team-1", "team-2"]
    assert (first.has_next, first.has_previous) == (True, False)
    assert (rest.has_next, rest.has_previous) == (False, True)
    assert [team.settings.slug for team in back.items] == ["team-1"]
    assert (back.has_next, back.has_previous) == (True, True)


async def test_every_act_stands_in_the_log_with_its_actor(house: Installation, ada: SignedIn) -> None:
    """X24: newest first, to owner and administrators alone."""
    grace = await house.joined(ada, GRACE)
    team = await house.teams.create(ada, ENGINES)
    await house.teams.add_member(ada, team.id, grace.user_id, is_manager=True)
    await house.teams.update(grace, team.id, lambda _: TeamSettings("Mills", "mills", "UTC"))
    await house.members.change_role(ada, grace.user_id, Role.ADMINISTRATOR)
    await house.organizations.update(ada, "Mills and Engines")
    await house.members.remove(ada, grace.user_id)

    newest = await house.audit.listed(ada, ada.organization_id, Paging(5, None, is_forward=True))
    older = await house.audit.listed(ada, ada.organization_id, Paging(5, newest.places[-1], is_forward=True))

    assert [
        (entry.number, entry.deed.act, entry.deed.actor_id) for entry in (*newest.items, *older.items)
    ] == [
        (9, Act.MEMBER_REMOVED, ada.user_id),
        (8, Act.ORGANIZATION_RENAMED, ada.user_id),
        (7, Act.MEMBER_ROLE_CHANGED, ada.user_id),
        (6, Act.TEAM_UPDATED, grace.user_id),
        (5, Act.TEAM_MEMBER_ADDED, ada.user_id),
        (4, Act.TEAM_CREATED, ada.user_id),
        (3, Act.MEMBER_JOINED, grace.user_id),
        (2, Act.MEMBER_INVITED, ada.user_id),
        (1, Act.ORGANIZATION_FOUNDED, ada.user_id),
    ]
    assert (newest.has_next, older.has_next, older.has_previous) == (True, False, True)
    assert "Mills" not in str(await house.rows("SELECT * FROM audit_log"))
    member = await house.joined(ada, LIN)
    with pytest.raises(NotAllowed):
        await house.audit.listed(member, ada.organization_id, FIRST)


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ("UPDATE audit_log SET actor_id = NULL WHERE number = 2", 2),
        ("DELETE FROM audit_log WHERE number = 2", 2),
        ("DELETE FROM audit_log WHERE number = 3", 3),
        ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE number = 1", 1),
    ],
)
async def test_what_is_changed_in_the_database_is_found(
    house: Installation, ada: SignedIn, change: str, broken_at: int
) -> None:
    """X24."""
    await house.teams.create(ada, ENGINES)
    await house.organizations.update(ada, "Mills")
    assert (await house.audit.verify(ada.organization_id)).broken_at is None

    await house.change(change)

    assert (await house.audit.verify(ada.organization_id)).broken_at == broken_at


async def test_what_is_refused_leaves_nothing_in_the_log(house: Installation, ada: SignedIn) -> None:
    grace = await house.joined(ada, GRACE)
    before = await house.rows("SELECT number, hash FROM audit_heads")

    with pytest.raises(NotAllowed):
        await house.teams.create(grace, ENGINES)
    with pytest.raises(InvalidInput):
        await house.teams.create(ada, TeamSettings("Team", "-" * 65, "UTC"))

    assert await house.rows("SELECT number, hash FROM audit_heads") == before
