"""Colleagues of a host, who are put into the organization behind everybody's back, and pages of theirs."""

import re
from dataclasses import dataclass, replace
from typing import Any

from domain.availability import Hours, Schedule, WeeklyWindow
from domain.ids import ScheduleId, UserId
from domain.users import Role
from storage.base import new_id
from tests.installation import SIGN_IN_FINISH, SIGN_IN_START, Host, Installation

ME = "{ viewer { user { id } } }"
PAGES = """{ bookingPages { nodes { id slug revision assignment turns maxLead keepsHost
  hosts { isFixed priority weight host { handle } } degradedHosts { reason since host { handle } } } } }"""
HOSTS_SET = """mutation ($input: BookingPageHostsSetInput!) { bookingPageHostsSet(input: $input) { __typename
  ... on BookingPageHostsSetPayload { bookingPage { revision hosts { host { handle } } } }
  ... on Error { code path } } }"""
RULES = """mutation ($input: HostRulesUpdateInput!) { hostRulesUpdate(input: $input) { __typename
  ... on HostRulesUpdatePayload { hostRules { bufferAfterMinutes caps { perDay } } }
  ... on Error { code path } } }"""
BOOKINGS = """{ bookings(first: 50) { nodes { id start state version hostNames
  assignmentReason { by free booked host { handle } } } } }"""
REASSIGN = """mutation ($input: BookingReassignInput!) { bookingReassign(input: $input) { __typename
  ... on BookingPayload { booking { version hostNames assignmentReason { by host { handle } } } }
  ... on Error { code path } } }"""


@dataclass(frozen=True)
class Team:
    """The owner of pages and colleagues, all of one organization, and their ids."""

    house: Installation
    hosts: tuple[Host, ...]
    ids: dict[str, str]

    def seats(self, *hosts: Host, **more: Any) -> list[dict[str, Any]]:
        """Make what names hosts of a page."""
        return [{"user": self.ids[host.handle], **more} for host in hosts]

    async def page(self, *, assignment: str, hosts: list[dict[str, Any]] | None = None, **more: Any) -> str:
        """Publish a page of the owner with hosts, everybody if unsaid; its link."""
        settings = {name: more.pop(name) for name in ("turns", "maxLead", "keepsHost") if name in more}
        slug = await self.house.page(self.hosts[0], **more)
        said = hosts or self.seats(*self.hosts)
        answer = await self.set_hosts(slug, assignment=assignment, hosts=said, **settings)
        assert answer["__typename"] == "BookingPageHostsSetPayload", answer
        return slug

    async def set_hosts(self, slug: str, **given: Any) -> dict[str, Any]:
        """Set the hosts of a page of the owner; whatever comes of it."""
        page = await self.seen(slug)
        given = {"id": page["id"], **given}
        return (await self.house.ask(HOSTS_SET, self.hosts[0].token, input=given))["bookingPageHostsSet"]

    async def seen(self, slug: str) -> dict[str, Any]:
        """Give a page as its owner sees it."""
        nodes = (await self.house.ask(PAGES, self.hosts[0].token))["bookingPages"]["nodes"]
        return next(node for node in nodes if node["slug"] == slug.split("/")[1])

    async def bookings(self, host: Host) -> list[dict[str, Any]]:
        """List a host's bookings."""
        return (await self.house.ask(BOOKINGS, host.token))["bookings"]["nodes"]

    async def who(self) -> Host:
        """Name the only one of the team who has bookings."""
        (one,) = [host for host in self.hosts if await self.bookings(host)]
        return one

    async def reassign(self, asker: Host, **given: Any) -> dict[str, Any]:
        """Hand a booking over; whatever comes of it."""
        return (await self.house.ask(REASSIGN, asker.token, input=given))["bookingReassign"]


async def team_of(house: Installation, owner: Host, *names: str) -> Team:
    """Give a host colleagues."""
    hosts = (owner, *[await colleague(house, owner, name) for name in names])
    ids = {host.handle: (await house.ask(ME, host.token))["viewer"]["user"]["id"] for host in hosts}
    return Team(house, hosts, ids)


async def colleague(house: Installation, owner: Host, name: str) -> Host:
    """Put somebody into a host's organization, with the usual hours, and let them sign in."""
    number = next(house.numbers)
    async with house.parts.services.units.begin() as unit:
        (boss,) = await unit.users.accounts(owner.email)
        user = replace(
            boss,
            id=UserId(new_id()),
            email=f"{name.lower()}{number}@example.com",
            name=name,
            handle=f"{name.lower()}-{number}",
            role=Role.MEMBER,
        )
        assert await unit.users.add(user)
        week = tuple(WeeklyWindow(day, 9 * 60, 17 * 60) for day in range(5))
        hours = Hours(user.zone, week, ())
        schedule = Schedule(ScheduleId(new_id()), user.id, "Usual", is_default=True, hours=hours, revision=1)
        await unit.schedules.add(user.organization_id, schedule)
    await house.ask(SIGN_IN_START, input={"email": user.email})
    await house.work()
    code = re.search(r"\b\d{8}\b", house.mails_to(user.email)[-1].part("text/plain"))
    assert code is not None
    signed_in = await house.ask(SIGN_IN_FINISH, input={"email": user.email, "code": code[0]})
    return Host(signed_in["signInFinish"]["sessionToken"], user.handle, user.email)
