"""Hours that recur, travels and absences, over the API."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.test_availability import EXPLAIN, page_id
from tests.installation import CHANGED, Host, Installation

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
UPDATE = """mutation ($input: ScheduleUpdateInput!) { scheduleUpdate(input: $input) { __typename
  ... on ScheduleUpdatePayload { schedule {
    weekly { days from to recurrence { everyWeeks anchor nthOfMonth } }
    travels { first last zone } } } ... on Error { message path } } }"""
AWAY = """mutation ($input: AbsenceCreateInput!) { absenceCreate(input: $input) { __typename
  ... on AbsenceCreatePayload { absence { id first last zone reason } } ... on Error { message path } } }"""
BACK = """mutation ($input: AbsenceDeleteInput!) { absenceDelete(input: $input) { __typename
  ... on AbsenceDeletePayload { absenceId } ... on Error { code path } } }"""
FORTNIGHT = {"everyWeeks": 2, "anchor": "2026-03-30"}


def hours(recurrence: dict[str, Any] | None = None, start: str = "09:00") -> dict[str, Any]:
    """Make an hour on Mondays."""
    end = f"{int(start[:2]) + 1:02d}:00"
    return {"days": ["MONDAY"], "from": start, "to": end, "recurrence": recurrence}


async def change(house: Installation, host: Host, **said: Any) -> dict[str, Any]:
    """Change the host's only schedule."""
    schedule = (await house.ask("{ schedules { id } }", host.token))["schedules"][0]["id"]
    data = await house.ask(UPDATE, host.token, input={"id": schedule, **said})
    return data["scheduleUpdate"]


async def test_hours_recur_and_are_those_of_the_zone_where_their_owner_is(
    house: Installation, ada: Host
) -> None:
    """X06, X17: fortnightly, on the last Monday of a month, and for a week in Tokyo."""
    slug = await house.page(ada, durationMinutes=60)
    last = {"nthOfMonth": [-1]}
    tokyo = {"first": "2026-04-10", "last": "2026-04-14", "zone": "Asia/Tokyo"}

    changed = await change(house, ada, weekly=[hours(FORTNIGHT), hours(last, "11:00")], travels=[tokyo])
    starts = await house.starts(slug, MONDAY, 40)

    assert changed["schedule"]["weekly"] == [
        {"days": ["MONDAY"], "from": "09:00", "to": "10:00", "recurrence": {**FORTNIGHT, "nthOfMonth": []}},
        {
            "days": ["MONDAY"],
            "from": "11:00",
            "to": "12:00",
            "recurrence": {"everyWeeks": None, "anchor": None, "nthOfMonth": [-1]},
        },
    ]
    assert changed["schedule"]["travels"] == [tokyo]
    assert starts == [
        "2026-03-30T07:00:00Z",
        "2026-03-30T09:00:00Z",
        "2026-04-13T00:00:00Z",
        "2026-04-27T07:00:00Z",
        "2026-04-27T09:00:00Z",
    ]


@pytest.mark.parametrize(
    ("recurrence", "path"),
    [
        pytest.param({"everyWeeks": 2}, ["weekly", "recurrence"], id="weeks from nowhere"),
        pytest.param({**FORTNIGHT, "nthOfMonth": [1]}, ["weekly", "recurrence"], id="weeks and months"),
        pytest.param({}, ["weekly", "recurrence"], id="nothing"),
        pytest.param({"nthOfMonth": [0]}, ["weekly", "recurrence", "nthOfMonth"], id="a zeroth Monday"),
    ],
)
async def test_a_recurrence_that_cannot_be_is_named(
    house: Installation, ada: Host, recurrence: dict[str, Any], path: list[str]
) -> None:
    """X06."""
    refused = await change(house, ada, weekly=[hours(recurrence)])

    assert (refused["__typename"], refused["path"]) == ("InvalidInputError", path)


async def test_an_absence_takes_its_host_out_until_it_is_removed(house: Installation, ada: Host) -> None:
    """X17, X12: an open page sees it at once, and the owner is told that it is the absence."""
    slug = await house.page(ada)
    dates = {"first": "2026-03-30", "last": "2026-03-31", "zone": "Europe/Berlin"}
    window = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}

    async with house.feed(CHANGED, slug=slug, window=window) as feed:
        before = (await feed.next())["openSlotsChanged"]["slots"]
        made = await house.ask(AWAY, ada.token, input={**dates, "reason": "VACATION"})
        gone = (await feed.next())["openSlotsChanged"]
    absence: dict[str, Any] = made["absenceCreate"]["absence"]
    explained = await house.ask(
        EXPLAIN, ada.token, page=await page_id(house, ada), start="2026-03-30T07:00:00Z"
    )
    wrong = await house.ask(AWAY, ada.token, input={**dates, "last": "2026-03-29"})
    removed = await house.ask(BACK, ada.token, input={"id": absence["id"]})
    again = await house.ask(BACK, ada.token, input={"id": absence["id"]})

    assert {**dates, "id": absence["id"], "reason": "VACATION"} == absence
    assert len(gone["removed"]) == len(before) == 16
    assert [refusal["rule"] for refusal in explained["explainSlot"]["refusals"]] == ["AWAY"]
    assert (wrong["absenceCreate"]["__typename"], wrong["absenceCreate"]["path"]) == (
        "InvalidInputError",
        ["last"],
    )
    assert removed["absenceDelete"]["absenceId"] == absence["id"]
    assert again["absenceDelete"]["code"] == "NOT_FOUND"
    assert len(await house.starts(slug, MONDAY)) == 16
