"""A team of ten in ten zones with four providers, run by its manager, a delegate and an integrator's key."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.calling import call, outcome
from tests.fakes.oauth import Person
from tests.installation import Host, Installation, stamp
from tests.radicale import Radicale
from tests.street import Street, opened_street
from tests.teams import HOSTS_SET, ME, RULES, colleague

pytestmark = pytest.mark.anyio

MONDAY, TUESDAY = datetime(2026, 3, 30, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
# Who is where, whose calendar they have, and their hours on the wall.
PEOPLE = {
    "Ada": ("Europe/Berlin", "GOOGLE", "09:00", "17:00"),
    "Ben": ("America/New_York", "MICROSOFT", "07:30", "16:00"),
    "Cy": ("Asia/Tokyo", "ZOOM", "13:00", "23:00"),
    "Dee": ("Asia/Kolkata", "CALDAV", "10:00", "20:00"),
    "Eli": ("Asia/Kathmandu", "GOOGLE", "11:15", "20:15"),
    "Fay": ("Australia/Lord_Howe", "MICROSOFT", "08:30", "16:30"),
    "Gus": ("America/Sao_Paulo", "ZOOM", "08:00", "17:00"),
    "Hal": ("Africa/Nairobi", "CALDAV", "08:00", "18:00"),
    "Ivy": ("Pacific/Auckland", "CALDAV", "06:00", "22:00"),
    "Jo": ("Europe/London", "CALDAV", "08:00", "18:00"),
}
FIVE = ("Ada", "Ben", "Cy", "Dee", "Eli")
GUESTS = ("Mia", "Noé", "Olu", "Pia", "Qi", "Ros", "Sam", "Tui", "Uma", "Vic")
SCHEDULES = "{ schedules { id } }"
HOURS_SET = """mutation ($input: ScheduleUpdateInput!) { scheduleUpdate(input: $input) {
  ... on ScheduleUpdatePayload { schedule { id } } ... on Error { code path } } }"""
TEAM = """mutation ($input: TeamCreateInput!) { teamCreate(input: $input) {
  ... on TeamCreatePayload { team { id } } } }"""
KEY = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  ... on ApiKeyCreatePayload { secret } } }"""
PAGE_IDS = "{ bookingPages { nodes { id slug } } }"
INVITE = """mutation ($input: DelegationInviteInput!) { delegationInvite(input: $input) {
  ... on DelegationInvitePayload { delegation { id } } } }"""
AWAY = """mutation ($input: AbsenceCreateInput!) { absenceCreate(input: $input) { __typename } }"""
FREE = """query ($team: ID!, $window: WindowInput!) { teamAvailability(team: $team, window: $window) {
  members { user { name } free { start end } } counts { start end free } } }"""
FOLLOW = """subscription ($team: ID!) { teamBookingsChanged(team: $team) { __typename
  ... on BookingsChange { kind booking { start hostNames } } } }"""
BOOKINGS = "{ bookings(first: 50) { nodes { id start state hostNames } } }"


@dataclass(frozen=True)
class Ten:
    """The team, and what its people may find out of each other."""

    street: Street
    people: dict[str, Host]
    ids: dict[str, str]
    team: str

    @property
    def house(self) -> Installation:
        """Give the installation."""
        return self.street.house

    async def page(self, owner: str, assignment: str, names: tuple[str, ...]) -> str:
        """Let somebody publish a page of these hosts."""
        host = self.people[owner]
        slug = await self.house.page(host)
        (page,) = [
            one["id"]
            for one in (await self.house.ask(PAGE_IDS, host.token))["bookingPages"]["nodes"]
            if slug.endswith(f"/{one['slug']}")
        ]
        hosts = [{"user": self.ids[name]} for name in names]
        set_ = await self.house.ask(
            HOSTS_SET, host.token, input={"id": page, "assignment": assignment, "hosts": hosts}
        )
        assert set_["bookingPageHostsSet"]["__typename"] == "BookingPageHostsSetPayload", set_
        return slug

    def entries(self, radicale: Radicale, start: datetime) -> Counter[str]:
        """Count what stands at a time in the calendars at each provider."""
        fakes: dict[str, Any] = dict(self.street.fakes)
        boxes = [box for mailbox in fakes["MICROSOFT"].mailboxes.values() for box in mailbox.calendars]
        counted = Counter(
            MICROSOFT=sum(event.start == start for box in boxes for event in box.events.values())
        )
        for name, calendars in (
            ("GOOGLE", fakes["GOOGLE"].calendars.values()),
            (
                "ZOOM",
                [calendar for one in fakes["ZOOM"].accounts.values() for calendar in one.calendars.values()],
            ),
        ):
            counted[name] = sum(
                event["status"] != "cancelled" and datetime.fromisoformat(event["start"]["dateTime"]) == start
                for calendar in calendars
                for event in calendar.events.values()
            )
        at = f"DTSTART:{start:%Y%m%dT%H%M%SZ}".encode()
        counted["CALDAV"] = sum(at in entry for entry in radicale.stored().values())
        return counted


def open_at(name: str, start: datetime) -> bool:
    """Say by the wall clock alone whether somebody's hours hold a half hour."""
    zone, _, opens, closes = PEOPLE[name]
    wall, end = start.astimezone(ZoneInfo(zone)), (start + HALF_HOUR).astimezone(ZoneInfo(zone))
    is_weekday = wall.weekday() < 5 and wall.date() == end.date()
    return (
        is_weekday and time.fromisoformat(opens) <= wall.time() and end.time() <= time.fromisoformat(closes)
    )


@pytest.fixture
async def ten(database_url: str, redis_url: str, tmp_path: Path, radicale: Radicale) -> AsyncGenerator[Ten]:
    """Open the house with its ten people, their hours and their calendars."""
    mails = {name: f"{name.lower()}@cal.example.com" for name in PEOPLE}
    known = [Person(f"subject-{name}", mail, name) for name, mail in mails.items()]
    async with opened_street(database_url, redis_url, tmp_path, known) as street:
        house = street.house
        ada = await house.sign_up()
        people = {"Ada": ada} | {name: await colleague(house, ada, name) for name in list(PEOPLE)[1:]}
        ids: dict[str, str] = {}
        for name, host in people.items():
            zone, provider, opens, closes = PEOPLE[name]
            ids[name] = (await house.ask(ME, host.token))["viewer"]["user"]["id"]
            (usual,) = (await house.ask(SCHEDULES, host.token))["schedules"]
            days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
            weekly = [{"days": days, "from": opens, "to": closes}]
            await house.ask(HOURS_SET, host.token, input={"id": usual["id"], "zone": zone, "weekly": weekly})
            if provider == "CALDAV":
                await house.connect_calendar(host, radicale)
            else:
                await street.connect(host, provider, email=mails[name])
        made = await house.ask(
            TEAM, ada.token, input={"name": "All of us", "slug": "all", "zone": "Europe/Berlin"}
        )
        team = made["teamCreate"]["team"]["id"]
        for name, member in ids.items():
            given = {"input": {"teamId": team, "memberId": member, "isManager": name == "Ben"}}
            assert outcome(await call(house, "teamMemberAdd", ada.token, given)) == "works"
        yield Ten(street, people, ids, team)


async def test_it_is_run_by_its_manager_a_delegate_and_a_key(ten: Ten, radicale: Radicale) -> None:
    """R005, R009, R023, R024, R075, R079, D12, X05: slots, turns, entries, absence, hand-over, live."""
    house, ben, cy, dee = ten.house, ten.people["Ben"], ten.people["Cy"], ten.people["Dee"]
    any_of = await ten.page("Ben", "ANY", tuple(PEOPLE))
    all_of = await ten.page("Ben", "ALL", FIVE)
    key = (await house.ask(KEY, ben.token, input={"name": "Desk", "scopes": ["READ", "BOOKINGS"]}))[
        "apiKeyCreate"
    ]["secret"]
    grid = [MONDAY + HALF_HOUR * number for number in range(48)]

    # The manager sees who is free, and the pages offer the union and the intersection of their hours.
    together = [stamp(start) for start in grid if all(open_at(name, start) for name in FIVE)]
    assert await house.starts(all_of, MONDAY) == together
    assert len(together) >= 4
    assert await house.starts(any_of, MONDAY) == [
        stamp(start) for start in grid if any(open_at(name, start) for name in PEOPLE)
    ]
    window = {"from": stamp(MONDAY), "to": stamp(TUESDAY)}
    seen = (await house.ask(FREE, ben.token, team=ten.team, window=window))["teamAvailability"]
    assert {member["user"]["name"] for member in seen["members"] if member["free"]} == set(PEOPLE)

    # A key follows and books: at one time as many as are free, each another, and then nobody.
    noon = MONDAY + timedelta(hours=12)
    free = {name for name in PEOPLE if open_at(name, noon)}
    counted = [one["free"] for one in seen["counts"] if one["start"] <= stamp(noon) < one["end"]]
    assert counted == [len(free)]
    async with house.feed(FOLLOW, key, team=ten.team) as board:
        await board.next()
        invitee = {"zone": "Europe/Lisbon"}
        booked = await asyncio.gather(
            *(
                house.book(
                    any_of, stamp(noon), invitee={**invitee, "name": name, "email": f"g{number}@example.org"}
                )
                for number, name in enumerate(GUESTS)
            )
        )
        kinds = Counter(one["__typename"] for one in booked)
        assert kinds == {"BookingCreatePayload": len(free), "SlotTakenError": len(GUESTS) - len(free)}
        told = [(await board.next())["teamBookingsChanged"] for _ in free]
        assert sorted(one["booking"]["hostNames"][0] for one in told) == sorted(free)
    await house.work()
    assert ten.entries(radicale, noon) == Counter(PEOPLE[name][1] for name in free)
    one_o_clock = MONDAY + timedelta(hours=13)
    assert (await house.book(all_of, stamp(one_o_clock)))["__typename"] == "BookingCreatePayload"
    await house.work()
    assert ten.entries(radicale, one_o_clock) == Counter(PEOPLE[name][1] for name in FIVE)

    # Each host's own rules hold in the team's pages: who takes one booking a day is not asked again.
    capped = await house.ask(RULES, ten.people["Hal"].token, input={"caps": {"perDay": 1}})
    assert capped["hostRulesUpdate"]["__typename"] == "HostRulesUpdatePayload"
    two = MONDAY + timedelta(hours=14)
    others = {name for name in PEOPLE if open_at(name, two)} - {"Hal"}
    taken = [await house.book(any_of, stamp(two)) for _ in range(len(others) + 1)]
    assert [one["__typename"] for one in taken] == ["BookingCreatePayload"] * len(others) + ["SlotTakenError"]

    # A delegate keeps the absent one's calendar and hands a booking over, and nothing else.
    wanted = {"memberId": ten.ids["Dee"], "scopes": ["BOOKINGS", "AVAILABILITY"]}
    made = (await house.ask(INVITE, cy.token, input=wanted))["delegationInvite"]["delegation"]["id"]
    assert outcome(await call(house, "delegationAccept", dee.token, {"input": {"id": made}})) == "works"
    for_cy = ten.ids["Cy"]
    away = {"first": "2026-03-31", "last": "2026-03-31", "zone": "Asia/Tokyo"}
    gone = await house.ask(AWAY, dee.token, for_cy, input=away)
    assert gone["absenceCreate"]["__typename"] == "AbsenceCreatePayload"
    assert await house.starts(all_of, TUESDAY) == []
    assert stamp(TUESDAY + timedelta(hours=12)) in await house.starts(any_of, TUESDAY)
    mine = (await house.ask(BOOKINGS, dee.token, for_cy))["bookings"]["nodes"]
    (alone,) = [one for one in mine if one["hostNames"] == ["Cy"] and one["start"] == stamp(noon)]
    refused = await call(house, "bookingReassign", dee.token, {"input": {"id": alone["id"]}}, for_cy)
    assert outcome(refused) == "HOST_NOT_FREE"
    page = {"input": {"slug": "hers", "name": "Hers", "durationMinutes": 30}}
    assert outcome(await call(house, "bookingPageCreate", dee.token, page, for_cy)) == "NOT_ALLOWED"

    # The key reads and cancels what its holder may, and makes no pages.
    nodes = (await house.ask(BOOKINGS, key))["bookings"]["nodes"]
    assert Counter(one["start"] for one in nodes) == {stamp(it): 1 for it in (noon, one_o_clock, two)}
    assert outcome(await call(house, "bookingPageCreate", key, page)) == "NOT_ALLOWED"
    (own,) = [one["id"] for one in nodes if one["start"] == stamp(noon)]
    assert outcome(await call(house, "bookingCancelByHost", key, {"input": {"id": own}})) == "works"
    await house.work()  # the entry goes, and with it what made Ben's calendar busy
    handed = await call(house, "bookingReassign", dee.token, {"input": {"id": alone["id"]}}, for_cy)
    assert outcome(handed) == "works"
    await house.work()
    mine = (await house.ask(BOOKINGS, ben.token))["bookings"]["nodes"]
    states = [one["state"] for one in mine if one["start"] == stamp(noon)]
    assert sorted(states) == ["CANCELLED", "CONFIRMED"]
    assert ten.entries(radicale, noon) == Counter(PEOPLE[name][1] for name in free - {"Cy"})
