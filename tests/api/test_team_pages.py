"""Pages of several hosts: who is offered, who takes a booking and why, and what others may know of it."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.installation import BOOK, CANCEL, HOLD, RESCHEDULE, Host, Installation, booking
from tests.radicale import Radicale
from tests.teams import HOSTS_SET, RULES, Team, colleague, team_of

pytestmark = pytest.mark.anyio

DAY = datetime(2026, 3, 30, tzinfo=UTC)  # the Monday after Europe's clocks went forward
NINE, HALF_PAST, TEN, ELEVEN, NOON = (
    f"2026-03-30T{time}:00Z" for time in ("07:00", "07:30", "08:00", "09:00", "10:00")
)  # 9 to 12 in Berlin
EXPLAIN = """query ($page: ID!, $start: Instant!) { explainSlot(pageId: $page, start: $start) { isOffered
  refusals { rule host { handle } } } }"""
OVERLAPS = """SELECT count(*) FROM booking_hosts a JOIN booking_hosts b
  ON a.host_id = b.host_id AND a.booking_id < b.booking_id AND a.during && b.during
  WHERE a.occupies AND b.occupies"""


@pytest.fixture
async def team(house: Installation, ada: Host, radicale: Radicale) -> Team:
    """Three hosts, each with a calendar."""
    team = await team_of(house, ada, "Ben", "Cy")
    for host in team.hosts[1:]:
        await house.connect_calendar(host, radicale)
    return team


def meeting_at(start: str, end: str) -> str:
    return (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\nBEGIN:VEVENT\nUID:foreign\n"
        f"DTSTAMP:20260301T000000Z\nDTSTART:{start}\nDTEND:{end}\nSUMMARY:Dentist\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )


async def test_any_host_takes_a_time_until_nobody_is_left_and_all_take_it_together(
    house: Installation, team: Team, radicale: Radicale
) -> None:
    """R009, R023, R024, D12: each booking has one host who was free, and says why it was their turn."""
    ada = team.hosts[0]
    any_of = await team.page(assignment="ANY")
    all_of = await team.page(assignment="ALL")

    booked = [await house.book(any_of, NINE) for _ in range(3)]
    refused = await house.book(any_of, NINE)
    both = await house.book(all_of, TEN)
    await house.work()

    assert {one["__typename"] for one in [*booked, both]} == {"BookingCreatePayload"}
    assert refused["__typename"] == "SlotTakenError"
    assert refused["nextSlots"][0]["start"] == HALF_PAST
    mine = {host.handle: await team.bookings(host) for host in team.hosts}
    assert [[one["start"] for one in of_host] for of_host in mine.values()] == [[NINE, TEN]] * 3
    reasons = [of_host[0]["assignmentReason"] for of_host in mine.values()]
    assert {reason["host"]["handle"] for reason in reasons} == set(mine)
    assert sorted(reason["free"] for reason in reasons) == [1, 2, 3]
    assert mine[ada.handle][1]["assignmentReason"] is None
    assert mine[ada.handle][1]["hostNames"] == ["Ada", "Ben", "Cy"]
    assert NINE not in await house.starts(all_of, DAY)
    assert TEN not in await house.starts(any_of, DAY)
    together = [entry for entry in radicale.stored().values() if b"DTSTART:20260330T080000Z" in entry]
    assert len(together) >= 3  # one in each calendar
    for host in team.hosts:
        assert [str(mail.summary["subject"])[:11] for mail in house.mails_to(host.email)[1:]] == [
            "New booking",
            "New booking",
        ]


async def test_fixed_host_comes_to_every_booking_with_one_who_takes_turns(
    house: Installation, team: Team
) -> None:
    ada, ben, cy = team.hosts
    hosts = [*team.seats(ben, isFixed=True), *team.seats(ada, cy)]
    slug = await team.page(assignment="ANY", hosts=hosts)

    first, second, third = [await house.book(slug, start) for start in (NINE, TEN, NINE)]

    assert (first["__typename"], second["__typename"]) == ("BookingCreatePayload", "BookingCreatePayload")
    assert third["__typename"] == "SlotTakenError"  # one who takes turns is free, and the fixed one is not
    names = [one["hostNames"] for one in await team.bookings(ben)]
    assert [name[0] for name in names] == ["Ben", "Ben"]
    assert {name[1] for name in names} == {"Ada", "Cy"}


async def test_host_without_a_calendar_is_left_out_or_leaves_nothing_and_its_owner_knows(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R079, R081, D05, X10: nothing is assumed to be free, and nobody but the owner is told who it is."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    any_of, all_of = await team.page(assignment="ANY"), await team.page(assignment="ALL")

    assert len(await house.starts(any_of, DAY)) == 16
    assert await house.starts(all_of, DAY) == []
    page = await team.seen(all_of)
    why = {"reason": "UNCONNECTED", "since": None, "host": {"handle": ben.handle}}
    assert page["degradedHosts"] == [why]
    explained = (await house.ask(EXPLAIN, ada.token, page=page["id"], start=NINE))["explainSlot"]
    assert explained["refusals"] == [{"rule": "CALENDAR_UNKNOWN", "host": {"handle": ben.handle}}]
    refused = await house.book(all_of, NINE)
    assert (refused["__typename"], refused["nextSlots"]) == ("SlotNotOfferedError", [])
    await house.book(any_of, NINE)
    assert await team.who() == ada

    await house.connect_calendar(ben, radicale)
    assert len(await house.starts(all_of, DAY)) == 15  # but nine, which Ada has given away
    share = "mutation ($input: UserUpdateInput!) { userUpdate(input: $input) { __typename } }"
    await house.book(all_of, HALF_PAST)
    held = {"slug": all_of, "start": TEN, "idempotencyKey": str(uuid4())}
    hold = (await house.ask(HOLD, input=held))["holdCreate"]["hold"]["token"]
    await house.ask(share, ben.token, input={"sharesAvailability": False})
    assert await house.starts(all_of, DAY) == []
    # To try again would not help, and says no more than that the time is gone.
    assert (await house.book(all_of, ELEVEN))["__typename"] == "SlotNotOfferedError"
    assert (await house.book(all_of, TEN, hold=hold))["__typename"] == "SlotTakenError"
    assert (await team.seen(all_of))["degradedHosts"][0]["reason"] == "NOT_SHARING"
    shown = "query ($id: ID!) { node(id: $id) { ... on BookingPage { degradedHosts { reason } } } }"
    assert (await house.ask(shown, ben.token, id=page["id"]))["node"] is None
    through_booking = "{ bookings { nodes { page { degradedHosts { reason } } } } }"
    (shared,) = (await house.ask(through_booking, ben.token))["bookings"]["nodes"]
    assert shared["page"] is None


async def test_hosts_are_people_of_the_organization_and_only_the_owner_names_them(
    house: Installation, team: Team
) -> None:
    """Bad input names the host at fault; what one may not see is not found."""
    ada, ben, _ = team.hosts
    stranger = await house.sign_up("Eve")
    strange = await team_of(house, stranger)
    slug = await team.page(assignment="ALL")
    schedule = (await house.ask("{ schedules { id } }", ada.token))["schedules"][0]["id"]

    async def refused(hosts: list[dict[str, Any]], assignment: str = "ANY", **more: Any) -> object:
        return (await team.set_hosts(slug, assignment=assignment, hosts=hosts, **more)).get("path")

    assert await refused([*team.seats(ada), *strange.seats(stranger)]) == ["hosts", "1", "user"]
    assert await refused([{"user": schedule}]) == ["hosts", "0", "user"]
    assert await refused(team.seats(ada, ada)) == ["hosts", "1"]
    assert await refused(team.seats(ben, scheduleId=schedule)) == ["hosts", "0", "scheduleId"]
    assert await refused(team.seats(ada, weight=1001)) == ["hosts", "0", "weight"]
    assert await refused(team.seats(ada, isFixed=True)) == ["hosts"]
    assert await refused(team.seats(ada, ben), "ONE") == ["hosts"]
    assert await refused([]) == ["hosts"]
    assert await refused(team.seats(ada), maxLead=0) == ["maxLead"]
    assert await refused(team.seats(ada), expectedRevision=7) == ["expectedRevision"]
    page = await team.seen(slug)
    given = {"id": page["id"], "assignment": "ONE", "hosts": team.seats(ben)}
    by_another = (await house.ask(HOSTS_SET, ben.token, input=given))["bookingPageHostsSet"]
    assert (by_another["__typename"], by_another["path"]) == ("NotFoundError", ["id"])
    assert page["revision"] == 2
    assert [host["host"]["handle"] for host in page["hosts"]] == [host.handle for host in team.hosts]


async def test_own_rules_of_a_host_hold_inside_every_page(house: Installation, team: Team) -> None:
    """X05: the stricter of the host's own buffers, notice and caps and the page's holds, and is explained."""
    ada, ben, _ = team.hosts
    slug = await team.page(assignment="ALL", hosts=team.seats(ada, ben))
    page = (await team.seen(slug))["id"]
    own = {"bufferAfterMinutes": 30, "noticeMinutes": 70 * 60, "caps": {"perDay": 2}}

    changed = await house.ask(RULES, ben.token, input=own)
    before = await house.starts(slug, DAY)
    await house.book(slug, NOON)
    between = await house.starts(slug, DAY)
    await house.book(slug, "2026-03-30T12:00:00Z")

    assert changed["hostRulesUpdate"]["hostRules"] == {"bufferAfterMinutes": 30, "caps": {"perDay": 2}}
    assert before[0] == NOON  # it is noon on Friday, and Ben wants to know seventy hours before
    assert "2026-03-30T10:30:00Z" not in between
    assert "2026-03-30T11:00:00Z" in between
    assert await house.starts(slug, DAY) == []
    explained = await house.ask(EXPLAIN, ada.token, page=page, start="2026-03-30T14:00:00Z")
    assert explained["explainSlot"]["refusals"] == [{"rule": "CAP", "host": {"handle": ben.handle}}]
    explained = await house.ask(EXPLAIN, ada.token, page=page, start="2026-03-30T09:30:00Z")
    assert {"rule": "NOTICE", "host": {"handle": ben.handle}} in explained["explainSlot"]["refusals"]
    buffers = await house.rows("SELECT DISTINCT buffer_after_minutes FROM booking_hosts ORDER BY 1")
    assert buffers == [(0,), (30,)]


async def test_hold_takes_one_host_and_its_booking_keeps_them(
    house: Installation, team: Team, radicale: Radicale
) -> None:
    """X04, D14: the slot stays while another host is free, and a hold is on somebody."""
    slug = await team.page(assignment="ANY")

    async def hold() -> dict[str, Any]:
        given = {"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())}
        return (await house.ask(HOLD, input=given))["holdCreate"]

    held = [await hold() for _ in range(2)]
    assert NINE in await house.starts(slug, DAY)
    await house.book(slug, NINE)
    assert NINE not in await house.starts(slug, DAY)
    booked = await house.book(slug, NINE, hold=held[0]["hold"]["token"])
    assert booked["__typename"] == "BookingCreatePayload"
    assert (await hold())["__typename"] == "SlotTakenError"

    # Whose hold it is decides: their calendar is busy by now, and nobody else's is asked.
    holder = await house.rows(
        "SELECT u.email FROM booking_hosts h JOIN bookings b ON b.id = h.booking_id "
        "JOIN users u ON u.id = h.host_id WHERE b.state = 'held'"
    )
    (calendar,) = await house.rows(
        "SELECT c.remote_url FROM calendars c JOIN users u ON u.id = c.user_id WHERE u.email = :email",
        email=holder[0][0],
    )
    radicale.put(calendar[0], "dentist", meeting_at("20260330T070000Z", "20260330T080000Z"))
    taken = await house.book(slug, NINE, hold=held[1]["hold"]["token"])
    assert taken["__typename"] == "SlotTakenError"


async def test_cap_of_an_invitee_holds_though_their_holds_are_on_several_hosts(
    house: Installation, team: Team
) -> None:
    """X16: whoever takes them, the bookings of one person at the same instant are counted."""
    slug = await team.page(assignment="ANY", upcomingPerInvitee=1)
    wanted = [{"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())} for _ in range(3)]
    holds = [(await house.ask(HOLD, input=one))["holdCreate"]["hold"]["token"] for one in wanted]

    booked = await asyncio.gather(*(house.book(slug, NINE, hold=hold) for hold in holds))

    came = sorted(one["__typename"] for one in booked)
    assert came == ["AlreadyBookedError", "AlreadyBookedError", "BookingCreatePayload"]


async def test_host_too_far_ahead_is_not_offered_where_fairness_matters_more(
    house: Installation, team: Team
) -> None:
    """D12, mode fairness: in the slots shown as well, and who cannot be offered holds nobody back."""
    ada, ben, _ = team.hosts
    idle = await colleague(house, ada, "Dee")  # without a calendar
    team = await team_of_all(house, team, idle)
    hosts = team.seats(ada, ben, idle)
    slug = await team.page(assignment="ANY", hosts=hosts, turns="FAIRNESS", maxLead=1)

    await house.book(slug, NINE)
    second = ben if await team.bookings(ada) else ada
    assert NINE in await house.starts(slug, DAY)
    await house.book(slug, NINE)
    assert len(await team.bookings(second)) == 1
    await house.book(slug, TEN)
    assert TEN in await house.starts(slug, DAY)
    away = await house.book(slug, TEN)
    assert away["__typename"] == "BookingCreatePayload"
    await house.book(slug, ELEVEN)
    page = (await team.seen(slug))["id"]
    explained = (await house.ask(EXPLAIN, ada.token, page=page, start=NINE))["explainSlot"]
    rules = [(one["rule"], one["host"]["handle"]) for one in explained["refusals"]]
    assert [rule for rule, _ in rules].count("AHEAD") == 1


async def team_of_all(house: Installation, team: Team, more: Host) -> Team:
    """Give a team with one more host, who is in the organization already."""
    one = await team_of(house, more)
    return Team(house, (*team.hosts, more), {**team.ids, **one.ids})


async def test_moved_booking_stays_with_its_host_or_finds_another(house: Installation, team: Team) -> None:
    """M40: as the page says; where it keeps its host, the times of the others are none."""
    ada, ben, _ = team.hosts
    hosts = team.seats(ada, ben)
    slug = await team.page(assignment="ANY", hosts=hosts)
    one, two = [await house.book(slug, start) for start in (NINE, NINE)]
    at_ten = await house.book(slug, TEN)
    assert at_ten["__typename"] == "BookingCreatePayload"
    owned = ada if len(await team.bookings(ada)) == 2 else ben
    other = ben if owned == ada else ada

    async def move(token: str, start: str) -> dict[str, Any]:
        return (await house.ask(RESCHEDULE, input={"token": token, "start": start}))["bookingReschedule"]

    of_owned = await token_at_nine(team, owned, one, two)
    kept = await move(of_owned, TEN)
    assert kept["__typename"] == "SlotTakenError"  # their host has ten, and the other one is free

    await team.set_hosts(slug, assignment="ANY", hosts=hosts, keepsHost=False)
    moved = await move(of_owned, TEN)
    assert moved["__typename"] == "InviteeBookingPayload"
    assert [one["start"] for one in await team.bookings(other)] == [NINE, TEN]
    assert [one["start"] for one in await team.bookings(owned)] == [TEN]
    await house.work()
    assert any("Handed over" in str(mail.summary["subject"]) for mail in house.mails_to(owned.email))


async def token_at_nine(team: Team, host: Host, *booked: dict[str, Any]) -> str:
    """Find the link of the booking at nine o'clock that a host has."""
    show = "query ($secret: String!) { bookingByLink(token: $secret) { hostNames } }"
    (name,) = (await team.bookings(host))[0]["hostNames"]
    for one in booked:
        seen = await team.house.ask(show, secret=one["manageToken"])
        if seen["bookingByLink"]["hostNames"] == [name]:
            return one["manageToken"]
    raise AssertionError(name)


async def test_four_hundred_at_once_make_no_overlap_and_nobody_meets_a_deadlock(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Case 134: all of three, any of five, pages with hosts in common, four hundred at once."""
    team = await team_of(house, ada, "Ben", "Cy", "Dee", "Eli")
    for host in team.hosts[1:]:
        await house.connect_calendar(host, radicale)
    pages = [
        await team.page(assignment="ALL", hosts=team.seats(*team.hosts[:3])),
        await team.page(assignment="ANY", hosts=team.seats(*team.hosts)),
        await team.page(assignment="ANY", hosts=team.seats(*team.hosts[::-1])),
        await house.page(ada),
    ]
    starts = [NINE, HALF_PAST, TEN]

    async with httpx.AsyncClient(base_url=house.http.base_url, trust_env=False, timeout=300) as patient:
        crowd = replace(house, http=patient)
        asked = [crowd.ask(BOOK, input=booking(pages[n % 4], starts[n % 3])) for n in range(400)]
        answers = [answer["bookingCreate"] for answer in await asyncio.gather(*asked)]

    kinds = Counter(answer["__typename"] for answer in answers)
    assert set(kinds) <= {"BookingCreatePayload", "SlotTakenError", "TryAgainError"}
    assert await house.rows(OVERLAPS) == [(0,)]
    assert kinds["BookingCreatePayload"] == await house.count("bookings")
    # Each host's every half hour is taken, by whichever page; where somebody is told to try again, perhaps
    # not by these.
    times = await house.count("booking_hosts")
    assert times <= len(starts) * len(team.hosts)
    assert kinds["TryAgainError"] or times == len(starts) * len(team.hosts)


async def test_page_of_several_hosts_tells_no_persons_apart(house: Installation, team: Team) -> None:
    """Case 171: slots, errors and the page itself are alike, whoever of the hosts is behind them."""
    slug = await team.page(assignment="ANY")
    whole = """query ($slug: String!, $window: WindowInput!) { bookingPage(slug: $slug) { host { handle }
      openSlots(window: $window) { freshness slots { start end seatsLeft } } } }"""
    window = {"from": NINE, "to": "2026-03-30T07:01:00Z"}

    seen: list[dict[str, Any]] = []
    for _ in range(3):
        seen.append(await house.ask(whole, slug=slug, window=window))
        await house.book(slug, NINE)

    handle = slug.split("/")[0]
    assert [one["bookingPage"]["host"]["handle"] for one in seen] == [handle] * 3
    assert [one["bookingPage"]["openSlots"]["slots"] for one in seen] == [
        [{"start": NINE, "end": HALF_PAST, "seatsLeft": None}]
    ] * 3


async def test_cancelled_booking_counts_for_its_host_a_day_longer(house: Installation, team: Team) -> None:
    """Case 151: who books and cancels gets the next host, and the one before is not asked again for it."""
    ada, ben, _ = team.hosts
    slug = await team.page(assignment="ANY", hosts=team.seats(ada, ben))

    first = await house.book(slug, NINE)
    await house.ask(CANCEL, input={"token": first["manageToken"]})
    await house.book(slug, NINE)

    counts = [len(await team.bookings(host)) for host in (ada, ben)]
    assert counts == [1, 1]
