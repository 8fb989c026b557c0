"""When those in a team are free, over the API: who is told, what takes their time, and nothing of why."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.installation import HOLD, Host, Installation
from tests.radicale import Radicale
from tests.teams import Team, team_of

pytestmark = pytest.mark.anyio

NINE, TEN, HALF_PAST, FIVE = (f"2026-03-30T{hour}:00Z" for hour in ("07:00", "08:00", "08:30", "15:00"))
WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
TIMES = """query ($team: ID!, $window: WindowInput!, $zone: TimeZone) {
  teamAvailability(team: $team, window: $window, zone: $zone) { zone freshness team { name }
    members { user { name } free { start end } freshness degradation }
    counts { start end free } days { date most } } }"""
CREATE = """mutation ($input: TeamCreateInput!) { teamCreate(input: $input) {
  ... on TeamCreatePayload { team { id } } } }"""
ADD = """mutation ($input: TeamMemberAddInput!) { teamMemberAdd(input: $input) { __typename } }"""
REMOVE = """mutation ($input: TeamMemberRemoveInput!) { teamMemberRemove(input: $input) { __typename } }"""
UPDATE = "mutation ($input: UserUpdateInput!) { userUpdate(input: $input) { __typename } }"


async def gathered(house: Installation, ada: Host, radicale: Radicale) -> tuple[Team, str]:
    """Give Ada two colleagues, of whom Grace is in her team and has a calendar, and Lin is not."""
    team = await team_of(house, ada, "Grace", "Lin")
    await house.connect_calendar(team.hosts[1], radicale)
    given = {"name": "Engines", "slug": "engines", "zone": "Europe/Berlin"}
    team_id = (await house.ask(CREATE, ada.token, input=given))["teamCreate"]["team"]["id"]
    for member in team.hosts[:2]:
        added = {"teamId": team_id, "memberId": team.ids[member.handle], "isManager": False}
        await house.ask(ADD, ada.token, input=added)
    return team, team_id


async def asked(house: Installation, host: Host | None, team_id: str, **more: Any) -> dict[str, Any]:
    """Ask when a team is free, whatever comes of it."""
    given: dict[str, Any] = {"team": team_id, "window": WINDOW, **more}
    return await house.answer(TIMES, host.token if host else None, **given)


def free(answer: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Say of each member when they are free."""
    return {
        time["user"]["name"]: [(one["start"], one["end"]) for one in time["free"]]
        for time in answer["data"]["teamAvailability"]["members"]
    }


async def test_a_team_sees_when_it_is_free_and_a_hold_takes_time(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R009, X22: bookings and holds count as calendars do, at the next read."""
    _, team_id = await gathered(house, ada, radicale)
    slug = await house.page(ada)

    before = await asked(house, ada, team_id)
    await house.ask(HOLD, input={"slug": slug, "start": TEN, "idempotencyKey": str(uuid4())})
    after = await asked(house, ada, team_id, zone="Asia/Tokyo")

    day = (NINE, FIVE)
    assert free(before) == {"Ada": [day], "Grace": [day]}
    assert free(after) == {"Ada": [(NINE, TEN), (HALF_PAST, FIVE)], "Grace": [day]}
    found = after["data"]["teamAvailability"]
    assert (found["zone"], found["freshness"], found["team"]["name"]) == ("Asia/Tokyo", "RECENT", "Engines")
    assert [(one["start"], one["free"]) for one in found["counts"]] == [(NINE, 2), (TEN, 1), (HALF_PAST, 2)]
    assert found["days"] == [{"date": "2026-03-30", "most": 2}, {"date": "2026-03-31", "most": 0}]


async def test_nobody_else_is_told_and_who_goes_is_not_told_any_more(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Case 171, R081: not outside the team, not another organization, no guest, and no page of a team."""
    team, team_id = await gathered(house, ada, radicale)
    _, grace, lin = team.hosts
    eve = await house.sign_up("Eve")
    slug = await team.page(assignment="ANY", hosts=team.seats(ada, grace))

    came = [await asked(house, host, team_id) for host in (eve, lin, None, grace)]
    await house.ask(UPDATE, ada.token, input={"sharesAvailability": False})
    hidden = await asked(house, grace, team_id)
    removed = {"teamId": team_id, "memberId": team.ids[grace.handle]}
    await house.ask(REMOVE, ada.token, input=removed)
    gone = await asked(house, grace, team_id)

    assert came[0]["data"] == {"teamAvailability": None}
    assert "errors" not in came[0]
    codes = [answer["errors"][0]["extensions"]["code"] for answer in (came[1], came[2], gone)]
    assert codes == ["FORBIDDEN", "UNAUTHENTICATED", "FORBIDDEN"]
    assert free(came[3]) == {"Ada": [(NINE, FIVE)], "Grace": [(NINE, FIVE)]}
    told = came[3]["data"]["teamAvailability"]["members"]
    assert [time["freshness"] for time in told] == [None, "LIVE"]
    assert free(hidden) == {"Ada": [], "Grace": [(NINE, FIVE)]}
    assert len(await house.starts(slug, datetime.fromisoformat(WINDOW["from"]))) == 16
    persons = "query ($slug: String!) { bookingPage(slug: $slug) { degradedHosts { reason } } }"
    assert "errors" in await house.answer(persons, slug=slug)


async def test_what_cannot_be_asked_names_its_argument(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    _, team_id = await gathered(house, ada, radicale)
    long = {"from": WINDOW["from"], "to": "2026-06-30T00:00:00Z"}

    came = [await asked(house, ada, team_id, **more) for more in ({"zone": "Mars/Olympus"}, {"window": long})]

    told = [answer["errors"][0]["extensions"] for answer in came]
    assert [(one["code"], one["inputPath"]) for one in told] == [
        ("BAD_USER_INPUT", ["zone"]),
        ("BAD_USER_INPUT", ["window", "to"]),
    ]
