"""One-off meetings over the API: times picked with the calendars in view, one of which an invitee books."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.test_availability import CANARY, ENTRY
from tests.installation import RESCHEDULE, Host, Installation
from tests.links import (
    EXPLAIN,
    FOLLOW_LINK,
    LINK_UPDATE,
    PROPOSED,
    made_link,
    offered,
    opened,
    page_id,
    secret_of,
)
from tests.radicale import Radicale
from tests.teams import team_of

pytestmark = pytest.mark.anyio

# Saturday to Monday, when Europe's clocks go forward; none in the hours of the page, one over midnight.
EVENING, NIGHT, EARLY = "2026-03-28T18:10:00Z", "2026-03-28T22:45:00Z", "2026-03-30T04:00:00Z"
PICKED = [NIGHT, EARLY, EVENING]
WEEKEND = {"from": "2026-03-27T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
STRICT: dict[str, Any] = {"noticeMinutes": 14 * 24 * 60, "window": {"kind": "ROLLING_DAYS", "days": 0}}


def states(times: list[dict[str, Any]]) -> list[tuple[str, bool, list[str]]]:
    """Say of each time whether it could be booked, and how each host's is."""
    return [(time["start"], time["isFree"], [host["state"] for host in time["hosts"]]) for time in times]


def dentist(start: str) -> str:
    """Write an entry of ten minutes, with words in it that nobody else may see."""
    ends = f"{at(start) + timedelta(minutes=10):%Y%m%dT%H%M%SZ}"
    return ENTRY.replace("20260330T080000Z", ends).replace("20260330T070000Z", f"{at(start):%Y%m%dT%H%M%SZ}")


def at(text: str) -> datetime:
    """Read an instant of the API."""
    return datetime.fromisoformat(text).astimezone(UTC)


async def test_an_invitee_books_one_of_the_picked_times_and_moves_among_them(
    house: Installation, ada: Host
) -> None:
    """R087, M60: whatever hours, grid, notice and booking window say; nothing else of the page is offered."""
    slug = await house.page(ada, **STRICT)
    made = await made_link(house, ada, slug, starts=PICKED, durationMinutes=90, maxUses=1)
    secret, link = made["secret"], made["pageLink"]["id"]

    shown = await opened(house, secret, WEEKEND)
    other = await house.book(slug, "2026-03-30T08:00:00Z", link=secret)
    booked = await house.book(slug, NIGHT, link=secret)
    moved, beside = [
        (await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": start}))[
            "bookingReschedule"
        ]
        for start in (EARLY, "2026-03-30T05:00:00Z")
    ]
    told = await house.ask(
        EXPLAIN, ada.token, page=await page_id(house, ada, slug), start="2026-03-30T08:00:00Z", link=link
    )

    assert made["pageLink"]["starts"] == [EVENING, NIGHT, EARLY]
    assert made["pageLink"]["endsAt"] == "2026-03-30T05:30:00Z"
    assert [slot["start"] for slot in shown["page"]["openSlots"]["slots"]] == [EVENING, NIGHT, EARLY]
    assert (shown["firstStart"], shown["lastStart"], shown["page"]["lengthsMinutes"]) == (
        EVENING,
        EARLY,
        [90],
    )
    assert (other["code"], [slot["start"] for slot in other["nextSlots"]]) == (
        "SLOT_NOT_OFFERED",
        [EVENING, NIGHT, EARLY],
    )
    assert booked["booking"]["end"] == "2026-03-29T00:15:00Z"
    assert (moved["booking"]["start"], beside["code"]) == (EARLY, "SLOT_NOT_OFFERED")
    assert [one["rule"] for one in told["explainSlot"]["refusals"]] == ["LINK", "LINK"]


async def test_busy_times_are_seen_and_offered_only_if_the_host_says_so(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R087: free, busy, or unknown, and nothing of titles; what is busy is not booked until it is free."""
    address = await house.connect_calendar(ada, radicale)
    radicale.put(address, "dentist", dentist(NIGHT))
    slug = await house.page(ada)
    page = await page_id(house, ada, slug)

    asked = await house.ask(PROPOSED, ada.token, page=page, starts=PICKED)
    refused = await made_link(house, ada, slug, starts=PICKED)
    made = await made_link(house, ada, slug, starts=PICKED, offersBusyTimes=True, maxUses=2)
    while_busy = await offered(house, made["secret"], WEEKEND)
    taken = await house.book(slug, NIGHT, link=made["secret"])
    more = {"id": made["pageLink"]["id"], "starts": [EARLY, NIGHT, EVENING, "2026-03-30T05:00:00Z"]}
    changed = (await house.ask(LINK_UPDATE, ada.token, input=more))["pageLinkUpdate"]

    expected = [(EVENING, True, ["FREE"]), (NIGHT, False, ["BUSY"]), (EARLY, True, ["FREE"])]
    assert states(asked["proposedTimes"]["times"]) == expected
    assert (refused["code"], refused["path"], states(refused["times"])) == (
        "TIMES_NOT_FREE",
        ["starts"],
        expected,
    )
    assert states(made["times"]) == expected
    assert CANARY not in str([asked, refused, made])
    assert while_busy == [EVENING, EARLY]
    assert taken["code"] == "SLOT_TAKEN"
    assert changed["code"] == "TIMES_NOT_FREE"


async def test_the_state_of_each_host_is_told(house: Installation, ada: Host, radicale: Radicale) -> None:
    """R087: a host whose calendar is not there is unknown; where any host will do, one who is free does."""
    team = await team_of(house, ada, "Bo", "Cy")
    address = await house.connect_calendar(team.hosts[1], radicale)
    radicale.put(address, "dentist", dentist("2026-03-30T08:00:00Z"))
    all_of_them = await team.page(assignment="ALL")
    any_of_them = await team.page(assignment="ANY")
    starts = ["2026-03-30T08:00:00Z", "2026-03-30T09:00:00Z"]

    asked = [
        (await house.ask(PROPOSED, ada.token, page=await page_id(house, ada, slug), starts=starts))
        for slug in (all_of_them, any_of_them)
    ]

    rows = [["FREE", "BUSY", "UNKNOWN"], ["FREE", "FREE", "UNKNOWN"]]
    assert [states(each["proposedTimes"]["times"]) for each in asked] == [
        [(start, is_free, row) for start, row in zip(starts, rows, strict=True)] for is_free in (False, True)
    ]


async def test_a_picked_time_that_is_taken_leaves_the_link_by_itself(house: Installation, ada: Host) -> None:
    """X01, R087: live; the last slot's end ends the link."""
    slug = await house.page(ada)
    nine, ten = "2026-03-30T07:00:00Z", "2026-03-30T08:00:00Z"
    secret = await secret_of(house, ada, slug, starts=[nine, ten])

    async with house.feed(FOLLOW_LINK, slug=slug, window=WEEKEND, link=secret) as feed:
        state = (await feed.next())["openSlotsChanged"]
        await house.book(slug, nine)
        changed = (await feed.next())["openSlotsChanged"]
    house.clock.turn(hours=(at(ten) - house.clock()) / timedelta(hours=1) + 0.25)
    during = await offered(house, secret, WEEKEND)
    house.clock.turn(hours=0.25)
    after = await opened(house, secret, WEEKEND)

    assert [slot["start"] for slot in state["slots"]] == [nine, ten]
    assert changed == {"__typename": "OpenSlotsChange", "added": [], "removed": [{"start": nine}]}
    assert during == []
    assert (after["code"], after["ending"]) == ("LINK_ENDED", "OVER")


async def test_wrong_times_are_refused_by_name(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    day = {"first": "2026-03-30", "last": "2026-03-30"}
    wrong: list[dict[str, Any]] = [
        {"starts": ["2026-01-01T10:00:00Z"]},
        {"starts": [EARLY, EARLY]},
        {"starts": ["2026-03-30T08:00:30Z"]},
        {"starts": [EARLY, "2026-06-30T08:00:00Z"]},
        {"starts": [EARLY], "dates": day},
        {"dates": {"first": "2026-03-30", "last": "2026-03-29"}},
        {"dates": {"first": "2026-01-01", "last": "2026-01-02"}},
        {"durationMinutes": 4},
        {"maxUses": 0},
        {"email": "nobody"},
        {"hours": {"zone": "Mars/Olympus", "weekly": []}},
    ]

    came = [await made_link(house, ada, slug, **given) for given in wrong]

    assert [(each["code"], *each["path"]) for each in came] == [
        ("INVALID_INPUT", *path.split("."))
        for path in (
            *["starts"] * 5,
            "dates.last",
            "dates.last",
            "durationMinutes",
            "maxUses",
            "email",
            "hours.zone",
        )
    ]
    assert await house.count("page_links") == 0
