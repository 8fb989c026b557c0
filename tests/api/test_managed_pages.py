"""Pages of members that follow a template, over the API (X18)."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.installation import CHANGED, Host, Installation
from tests.links import made_link
from tests.radicale import Radicale
from tests.teams import HOSTS_SET, Team, team_of
from tests.templates import (
    BASIC,
    MEMBERS_ADD,
    MEMBERS_REMOVE,
    PAGE_DELETE,
    PAGE_UPDATE,
    TEMPLATE_CREATE,
    TEMPLATE_DELETE,
    TEMPLATE_UPDATE,
    TEMPLATES,
    made_template,
    own_pages,
)

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
NINE = "2026-03-30T07:00:00Z"
WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
TEAM_CREATE = """mutation ($input: TeamCreateInput!) { teamCreate(input: $input) {
  ... on TeamCreatePayload { team { id } } } }"""
TEAM_DELETE = "mutation ($input: TeamDeleteInput!) { teamDelete(input: $input) { __typename } }"
MEMBER_ADD = "mutation ($input: TeamMemberAddInput!) { teamMemberAdd(input: $input) { __typename } }"
MEMBER_REMOVE = "mutation ($input: TeamMemberRemoveInput!) { teamMemberRemove(input: $input) { __typename } }"
LEAVE = "mutation ($input: MemberRemoveInput!) { memberRemove(input: $input) { __typename } }"
MANY_PAGES = """INSERT INTO booking_pages SELECT (jsonb_populate_record(p,
  jsonb_build_object('id', gen_random_uuid(), 'slug', 'more-' || n))).*
  FROM booking_pages p JOIN users u ON u.id = p.owner_id, generate_series(1, 99) AS n
  WHERE u.email = :email"""
LOG = """{ viewer { organization { auditLog(first: 50) { nodes { act objectId detail
  actor { name } } } } } }"""


async def update(house: Installation, host: Host, **given: Any) -> dict[str, Any]:
    """Change a page; whatever comes of it."""
    return (await house.ask(PAGE_UPDATE, host.token, input=given))["bookingPageUpdate"]


async def change(house: Installation, keeper: Host, template: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Change a template; whatever comes of it."""
    asked = {"id": template["id"], **given}
    return (await house.ask(TEMPLATE_UPDATE, keeper.token, input=asked))["pageTemplateUpdate"]


async def add(house: Installation, keeper: Host, template: dict[str, Any], *members: str) -> dict[str, Any]:
    """Give members pages from a template; whatever comes of it."""
    asked = {"id": template["id"], "memberIds": members}
    return (await house.ask(MEMBERS_ADD, keeper.token, input=asked))["pageTemplateMembersAdd"]


async def crew(house: Installation, team: Team, *, manager: Host, members: tuple[Host, ...] = ()) -> str:
    """Make a team of the organization with a manager; its id."""
    given = {"name": "Crew", "slug": "crew", "zone": "UTC"}
    made = (await house.ask(TEAM_CREATE, team.hosts[0].token, input=given))["teamCreate"]["team"]["id"]
    for host in (manager, *members):
        await join(house, team, made, host, isManager=host is manager)
    return made


async def join(house: Installation, team: Team, made: str, host: Host, **more: Any) -> None:
    """Put somebody into a team."""
    given = {"teamId": made, "memberId": team.ids[host.handle], **more}
    await house.ask(MEMBER_ADD, team.hosts[0].token, input=given)


async def test_what_is_locked_follows_the_template_at_once_and_is_not_the_members_to_change(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """The rest is: live slots follow both, bookings stay, and only the owner is told of it."""
    team = await team_of(house, ada, "Ben", "Cleo")
    _, ben, cleo = team.hosts
    await house.connect_calendar(ben, radicale)
    template = await made_template(
        house, ada, lockedFields=["DURATION_MINUTES", "NAME"], description="Theirs", slug="intro"
    )
    added = await add(house, ada, template, team.ids[ben.handle], team.ids[cleo.handle])
    [page] = await own_pages(house, ben)
    slug = f"{ben.handle}/intro"
    booked = await house.book(slug, NINE)

    refused = await update(house, ben, id=page["id"], durationMinutes=45)
    same = await update(house, ben, id=page["id"], durationMinutes=30, description="Mine", noticeMinutes=5)
    hosts = {"id": page["id"], "assignment": "ALL", "hosts": team.seats(ben, cleo)}
    longer = await made_link(house, ben, slug, durationMinutes=90)
    shared = (await house.ask(HOSTS_SET, ben.token, input=hosts))["bookingPageHostsSet"]
    removed = (await house.ask(PAGE_DELETE, ben.token, input={"id": page["id"]}))["bookingPageDelete"]
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        before = (await feed.next())["openSlotsChanged"]
        changed = await change(
            house, ada, template, durationMinutes=60, description="Ours", name="Talk", expectedRevision=1
        )
        after = (await feed.next())["openSlotsChanged"]
    [now] = await own_pages(house, ben)
    [of_cleo] = await own_pages(house, cleo)

    assert {one["owner"]["name"] for one in added["pageTemplate"]["pages"]["nodes"]} == {"Ben", "Cleo"}
    assert page["managed"] == {
        "lockedFields": ["NAME", "DURATION_MINUTES"],
        "template": {"name": "Introduction", "team": None},
    }
    assert (refused["code"], refused["path"]) == ("PAGE_MANAGED", ["durationMinutes"])
    assert refused["template"] == {"name": "Introduction", "team": None}
    assert same["bookingPage"] == {"revision": 2, "name": "Introduction", "durationMinutes": 30}
    assert [(one["code"], one["path"]) for one in (longer, shared, removed)] == [
        ("PAGE_MANAGED", ["durationMinutes"]),
        ("PAGE_MANAGED", ["hosts"]),
        ("PAGE_MANAGED", ["id"]),
    ]
    assert changed["pageTemplate"]["revision"] == 2
    assert (now["durationMinutes"], now["name"], now["description"], now["noticeMinutes"]) == (
        60,
        "Talk",
        "Mine",
        5,
    )
    assert (now["revision"], of_cleo["description"], of_cleo["name"]) == (3, "Theirs", "Talk")
    assert before["slots"]
    assert after["removed"]
    assert booked["__typename"] == "BookingCreatePayload"
    assert await house.count("bookings") == 1
    assert (await change(house, ada, template, name="Late", expectedRevision=1))["path"] == [
        "expectedRevision"
    ]
    assert len(await house.starts(slug, MONDAY)) > 0


async def test_an_impossible_change_changes_no_page_and_two_changes_are_both_made(
    house: Installation, ada: Host
) -> None:
    """What of a member's own does not fit beside what is locked begins anew; nothing is half done."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    template = await made_template(house, ada, lockedFields=["KIND"])
    await add(house, ada, template, team.ids[ben.handle])
    [page] = await own_pages(house, ben)
    await update(house, ben, id=page["id"], otherLengthsMinutes=[60], approvalMinutes=60)

    wrong = await change(house, ada, template, kind="GROUP", capacity=1)
    [kept] = await own_pages(house, ben)
    right, mine = await asyncio.gather(
        change(house, ada, template, kind="GROUP", capacity=4),
        update(house, ben, id=page["id"], description="Mine"),
    )
    [now] = await own_pages(house, ben)

    assert (wrong["code"], wrong["path"]) == ("INVALID_INPUT", ["capacity"])
    assert (kept["kind"], kept["otherLengthsMinutes"], kept["revision"]) == ("ONE_TO_ONE", [60], 2)
    assert right["__typename"] == "PageTemplateUpdatePayload"
    assert mine["__typename"] == "BookingPageUpdatePayload"
    assert (now["kind"], now["capacity"], now["otherLengthsMinutes"], now["approvalMinutes"]) == (
        "GROUP",
        4,
        [],
        None,
    )
    assert (now["description"], now["revision"]) == ("Mine", 4)


async def test_who_is_taken_off_has_an_ordinary_page_or_an_inactive_one(
    house: Installation, ada: Host
) -> None:
    """So does everybody where the template is deleted; who gets a page again gets another one."""
    team = await team_of(house, ada, "Ben", "Cleo")
    _, ben, cleo = team.hosts
    template = await made_template(house, ada, lockedFields=["NAME"])
    await add(house, ada, template, *team.ids.values())
    off = {"id": template["id"], "memberIds": [team.ids[ben.handle]], "pages": "DEACTIVATED"}

    taken = (await house.ask(MEMBERS_REMOVE, ada.token, input=off))["pageTemplateMembersRemove"]
    twice = (await house.ask(MEMBERS_REMOVE, ada.token, input=off))["pageTemplateMembersRemove"]
    again = await add(house, ada, template, team.ids[ben.handle], team.ids[cleo.handle])
    gone = {"id": template["id"], "pages": "KEPT"}
    deleted = (await house.ask(TEMPLATE_DELETE, ada.token, input=gone))["pageTemplateDelete"]
    of_ben, [of_cleo] = await own_pages(house, ben), await own_pages(house, cleo)
    renamed = await update(house, cleo, id=of_cleo["id"], name="Mine")
    log = (await house.ask(LOG, ada.token))["viewer"]["organization"]["auditLog"]["nodes"]

    assert {one["owner"]["name"] for one in taken["pageTemplate"]["pages"]["nodes"]} == {"Ada", "Cleo"}
    assert (twice["code"], twice["path"]) == ("NOT_FOUND", ["memberIds", "0"])
    assert len(again["pageTemplate"]["pages"]["nodes"]) == 3
    assert deleted["__typename"] == "PageTemplateDeletePayload"
    assert [(one["slug"], one["isActive"], one["managed"]) for one in of_ben] == [
        ("intro", False, None),
        ("intro-2", True, None),
    ]
    assert (of_cleo["isActive"], renamed["bookingPage"]["name"]) == (True, "Mine")
    acts = [one["act"] for one in log if "PAGE" in one["act"]]
    assert acts[::-1] == [
        "PAGE_TEMPLATE_CREATED",
        *["PAGE_MANAGED"] * 3,
        "PAGE_RELEASED",
        "PAGE_MANAGED",
        *["PAGE_RELEASED"] * 3,
        "PAGE_TEMPLATE_DELETED",
    ]


async def test_a_teams_manager_keeps_templates_for_its_members_and_for_nobody_else(
    house: Installation, ada: Host
) -> None:
    team = await team_of(house, ada, "Ben", "Cleo", "Dan")
    _, ben, cleo, dan = team.hosts
    made = await crew(house, team, manager=ben, members=(cleo,))

    template = await made_template(house, ben, team=made, lockedFields=["NAME"])
    of_all = (await house.ask(TEMPLATE_CREATE, ben.token, input=BASIC))["pageTemplateCreate"]
    foreign = (await house.ask(TEMPLATE_CREATE, cleo.token, input={**BASIC, "team": made}))[
        "pageTemplateCreate"
    ]
    inside = await add(house, ben, template, team.ids[cleo.handle])
    outside = await add(house, ben, template, team.ids[cleo.handle], team.ids[dan.handle])
    [page] = await own_pages(house, cleo)
    refused = await update(house, cleo, id=page["id"], name="Mine")
    other = await change(house, cleo, template, name="Mine")
    listed = [
        await house.answer(TEMPLATES, host.token, team=asked)
        for host, asked in ((ben, made), (ada, None), (ben, None), (cleo, made))
    ]

    assert [one["code"] for one in (of_all, foreign, other)] == ["NOT_ALLOWED"] * 3
    assert [one["link"] for one in inside["pageTemplate"]["pages"]["nodes"]] == [f"{cleo.handle}/intro"]
    assert (outside["code"], outside["path"]) == ("NOT_FOUND", ["memberIds", "1"])
    assert refused["template"] == {"name": "Introduction", "team": {"name": "Crew"}}
    assert await own_pages(house, dan) == []
    shown = [one["data"]["pageTemplates"]["nodes"] for one in listed[:2]]
    assert [[each["team"]["id"] for each in one] for one in shown] == [[made], [made]]
    assert [one["errors"][0]["extensions"]["code"] for one in listed[2:]] == ["FORBIDDEN"] * 2


async def test_members_are_mailed_of_the_pages_they_are_given(house: Installation, ada: Host) -> None:
    """Not who gives it to themselves, nor of a page that is managed no more by then."""
    team = await team_of(house, ada, "Ben", "Cleo")
    _, ben, cleo = team.hosts
    template = await made_template(house, ada, lockedFields=["NAME"])
    await add(house, ada, template, *team.ids.values())
    off = {"id": template["id"], "memberIds": [team.ids[cleo.handle]], "pages": "KEPT"}
    await house.ask(MEMBERS_REMOVE, ada.token, input=off)

    await house.work()

    [mail] = [one for one in house.mails_to(ben.email) if "booking page" in one.message["Subject"]]
    assert mail.message["Subject"] == "You have a new booking page: Introduction"
    assert f"{ben.handle}/intro" in mail.part("text/plain")
    others = [str(one.message["Subject"]) for host in (ada, cleo) for one in house.mails_to(host.email)]
    assert [one for one in others if "booking page" in one] == []


async def test_a_template_for_a_whole_team_follows_who_comes_and_goes(house: Installation, ada: Host) -> None:
    """Who leaves the organization has inactive pages that nobody manages, as all their pages are."""
    team = await team_of(house, ada, "Ben", "Cleo", "Dan")
    _, ben, cleo, dan = team.hosts
    made = await crew(house, team, manager=ben)
    template = await made_template(
        house, ben, team=made, isForWholeTeam=True, lockedFields=["NAME"], onLeaving="DEACTIVATED"
    )

    await join(house, team, made, cleo)
    await join(house, team, made, dan)
    out = {"teamId": made, "memberId": team.ids[cleo.handle]}
    [of_cleo] = await own_pages(house, cleo)
    await house.ask(MEMBER_REMOVE, ben.token, input=out)
    [after] = await own_pages(house, cleo)
    await house.ask(LEAVE, ada.token, input={"id": team.ids[dan.handle]})
    nodes = (await house.ask(TEMPLATES, ada.token, team=made))["pageTemplates"]["nodes"]
    rows = await house.rows(
        "SELECT is_active, template_id FROM booking_pages p JOIN users u ON u.id = p.owner_id"
        " WHERE u.email = :email",
        email=dan.email,
    )
    await house.ask(TEAM_DELETE, ada.token, input={"id": made})
    [of_ben] = await own_pages(house, ben)

    assert [one["owner"]["name"] for one in template["pages"]["nodes"]] == ["Ben"]
    assert of_cleo["managed"]["lockedFields"] == ["NAME"]
    assert (after["managed"], after["isActive"]) == (None, False)
    assert [each["owner"]["name"] for each in nodes[0]["pages"]["nodes"]] == ["Ben"]
    assert [tuple(row) for row in rows] == [(False, None)]
    assert (of_ben["managed"], of_ben["isActive"]) == (None, False)
    assert await house.count("page_templates") == 0


async def test_who_has_as_many_pages_as_one_may_have_is_given_none_and_comes_into_a_team_all_the_same(
    house: Installation, ada: Host
) -> None:
    team = await team_of(house, ada, "Ben", "Cleo")
    _, ben, cleo = team.hosts
    await house.page(cleo)
    await house.rows_changed(MANY_PAGES, email=cleo.email)
    made = await crew(house, team, manager=ben)
    template = await made_template(house, ben, team=made, isForWholeTeam=True)

    await join(house, team, made, cleo)
    asked = {"id": template["id"], "memberIds": [team.ids[ben.handle], team.ids[cleo.handle]]}
    refused = (await house.ask(MEMBERS_ADD, ada.token, input=asked))["pageTemplateMembersAdd"]
    members = await house.rows("SELECT count(*) FROM team_members")

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["memberIds", "1"])
    assert [tuple(row) for row in members] == [(2,)]
    assert await house.count("booking_pages") == 101


async def test_who_leaves_the_organization_meanwhile_is_given_no_page(house: Installation, ada: Host) -> None:
    """They are waited for, and looked at again: else a page would be open whose owner is gone."""
    team = await team_of(house, ada, "Ben", "Cleo")
    _, ben, cleo = team.hosts
    made = await crew(house, team, manager=ben, members=(cleo,))
    template = await made_template(house, ben, team=made)
    whose = "(SELECT id FROM users WHERE email = :email)"

    async with house.parts.engine.begin() as leaving:
        for statement in (
            "UPDATE users SET left_at = now(), is_disabled = true WHERE email = :email",
            f"DELETE FROM team_members WHERE user_id = {whose}",  # noqa: S608 -- a test's own words
        ):
            await leaving.execute(text(statement), {"email": cleo.email})
        asked = asyncio.create_task(change(house, ben, template, isForWholeTeam=True))
        async with asyncio.timeout(10):
            while await house.rows("SELECT 1 FROM pg_locks WHERE NOT granted") == []:  # noqa: ASYNC110 -- the database tells nobody of this
                await asyncio.sleep(0)
    answer = await asked

    assert [one["owner"]["name"] for one in answer["pageTemplate"]["pages"]["nodes"]] == ["Ben"]
    assert await house.count("booking_pages") == 1
