"""A host settles: what there is to be made is made, through the API where that can be."""

from typing import cast
from uuid import uuid4

from schema.nodes import split_id
from tests.calling import Variables, code_for
from tests.delegations import delegated
from tests.forms import with_forms
from tests.installation import HOLD, SIGN_IN_FINISH, Host, Installation
from tests.links import secret_of
from tests.polls import ballots_of
from tests.queues import wait_for
from tests.radicale import Radicale
from tests.stand_ins import absent
from tests.templates import templated
from tests.world import (
    AWAY,
    NINE,
    NOON,
    PLACE,
    QUESTION,
    TEN,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    WEEK,
    World,
    series_at,
)

_IDS = """{ viewer { user { id } organization { id members { nodes { id } } invitations { nodes { id } }
  teams { nodes { id } } resources { nodes { id } } } sessions { id isCurrent } apiKeys { id name }
  identities { id } }
  calendarConnections { id calendars { id isWritable } } schedules { id } absences { id }
  standInDuties { id: absenceId }
  given: delegations(side: GIVEN) { nodes { id } } received: delegations(side: RECEIVED) { nodes { id } }
  bookingPages { nodes { id } } pageTemplates { nodes { id } }
  pageLinks { nodes { id } } polls { nodes { id } } routingForms { nodes { id } }
  bookings { nodes { id invitees { id } } } }"""
_WAITERS = "query ($page: ID!) { pageWaiters(pageId: $page) { nodes { id place } } }"
_MEMBERS = "{ viewer { organization { members { nodes { id } } } } }"
_KEY = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  ... on ApiKeyCreatePayload { secret } ... on Error { message } } }"""
_INVITE = """mutation ($input: MemberInviteInput!) { memberInvite(input: $input) { __typename
  ... on Error { message } } }"""
_TEAM = """mutation ($input: TeamCreateInput!) { teamCreate(input: $input) { __typename
  ... on TeamCreatePayload { team { id } } } }"""
_RESOURCE = """mutation ($input: ResourceCreateInput!) { resourceCreate(input: $input) { __typename } }"""
_SCHEDULE = """mutation ($input: ScheduleCreateInput!) { scheduleCreate(input: $input) { __typename } }"""
_ABSENCE = """mutation ($input: AbsenceCreateInput!) { absenceCreate(input: $input) { __typename } }"""
_CHANGE = "mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename } }"
_SERIES = """mutation ($input: BookingSeriesCreateInput!) { bookingSeriesCreate(input: $input) {
  ... on BookingSeriesCreatePayload { bookings { manageToken } } } }"""


async def settle(house: Installation, radicale: Radicale, name: str = "Ada") -> World:
    """Sign a host up and let them make what there is to be made; nine, ten and eleven o'clock are taken."""
    host = await house.sign_up(name)
    await house.connect_calendar(host, radicale)
    await house.connect_calendar(host, radicale)
    return await settled(house, host, radicale.calendar(f"home-{uuid4().hex[:8]}"))


async def settled(house: Installation, host: Host, calendar: str) -> World:
    """Let a host who has connected something make the rest; `calendar` is one that they can connect."""
    await _sign_in_again(house, host)
    await house.ask(_KEY, host.token, input={"name": "Old", "scopes": ["READ"]})
    await house.ask(_SCHEDULE, host.token, input={"name": "Other", "zone": "Asia/Tokyo", "weekly": WEEK})
    for _ in range(2):
        await house.ask(_ABSENCE, host.token, input=AWAY)
        await house.ask(_RESOURCE, host.token, input={"name": "Room", "kind": "ROOM"})
    slug = await house.page(host, questions=[QUESTION], place=PLACE)
    other_slug = await house.page(host, approvalMinutes=600)
    for hour in ("07", "08"):
        await house.book(other_slug, f"{WEDNESDAY}T{hour}:00:00Z")
    pages = (await house.ask("{ bookingPages { nodes { id } } }", host.token))["bookingPages"]["nodes"]
    changed = {"id": pages[-1]["id"], "approvalMinutes": None, "seriesUpTo": 3, "waitlistOfferMinutes": 60}
    await house.ask(_CHANGE, host.token, input=changed)
    series = await house.ask(_SERIES, input=series_at(other_slug, f"{TUESDAY}T07:00:00Z"))
    booked = [await house.book(slug, start) for start in (TEN, NOON)]
    bound = {"email": "grace@example.org", "isBound": True}
    links = [await secret_of(house, host, slug, maxUses=None, **more) for more in ({}, bound, {})]
    held = await house.ask(HOLD, input={"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())})
    polls = [await ballots_of(house, host, slug, THURSDAY) for _ in range(2)]
    waits = await wait_for(house, other_slug, f"{WEDNESDAY}T07:00:00Z", f"{WEDNESDAY}T09:00:00Z")
    await _link(house, host)
    await _gather(house, host)
    await absent(house, host, colleague=f"1{host.email}")
    people = await house.ask(_MEMBERS, host.token)
    await templated(house, host, people["viewer"]["organization"]["members"]["nodes"][1]["id"])
    submissions = await with_forms(house, host)
    mine = await house.ask(_IDS, host.token)
    mine |= await house.ask(_WAITERS, host.token, page=pages[-1]["id"])
    mine["pageWaiters"]["nodes"].sort(key=_place)
    sessions: list[Variables] = mine["viewer"]["sessions"]
    sessions.sort(key=lambda session: not session["isCurrent"])
    for connection in mine["calendarConnections"]:
        connection["calendars"].sort(key=_cannot_be_written)
    stranger = f"stranger{next(house.numbers)}@example.com"
    return World(
        host,
        {**_by_type(mine), "Submission": submissions},
        slug,
        [one["manageToken"] for one in booked],
        held["holdCreate"]["hold"]["token"],
        calendar,
        stranger,
        await code_for(house, stranger),
        other_slug,
        [one["manageToken"] for one in series["bookingSeriesCreate"]["bookings"]],
        waits,
        links[0],
        polls[0],
        links[1],
    )


async def _link(house: Installation, host: Host) -> None:
    """Link two accounts of a provider that nobody runs here."""
    await house.rows_changed(
        "INSERT INTO identities (id, issuer, subject, organization_id, user_id, created_at) "
        "SELECT gen_random_uuid(), 'https://issuer.example', id || number, organization_id, id, created_at "
        "FROM users, (VALUES ('1'), ('2')) AS accounts (number) WHERE email = :email",
        email=host.email,
    )


async def _gather(house: Installation, host: Host) -> None:
    """Let two colleagues be in the host's organization, two invitations out, and two teams be there."""
    await house.rows_changed(
        "INSERT INTO users (id, organization_id, email, name, handle, zone, locale, role,"
        " shares_availability, is_disabled, created_at) SELECT gen_random_uuid(), organization_id,"
        " n || email, name, handle || '-' || n, zone, locale, 'member', true, false,"
        " created_at + n * interval '1 second' FROM users, generate_series(1, 2) AS n WHERE email = :email",
        email=host.email,
    )
    for number in (1, 2):
        invited = {"email": f"invited{number}.{host.email}", "role": "MEMBER"}
        await house.ask(_INVITE, host.token, input=invited)
        await delegated(house, host.email, f"{number}{host.email}", is_accepted=number == 1)
        await delegated(house, f"{number}{host.email}", host.email)
        made = {"name": "Team", "slug": f"team-{number}", "zone": "UTC"}
        team = (await house.ask(_TEAM, host.token, input=made))["teamCreate"]["team"]["id"]
        parts = split_id(team)
        assert parts is not None
        await house.rows_changed(
            "INSERT INTO team_members (organization_id, team_id, user_id, is_manager, joined_at)"
            " SELECT organization_id, :team, id, false, created_at FROM users WHERE email = :email",
            team=parts[1],
            email=f"1{host.email}",
        )


async def _sign_in_again(house: Installation, host: Host) -> None:
    await house.ask(SIGN_IN_FINISH, input={"email": host.email, "code": await code_for(house, host.email)})


def _cannot_be_written(calendar: Variables) -> bool:
    return not calendar["isWritable"]


def _place(waiter: Variables) -> int:
    return waiter["place"] or 3  # who is offered something has none


def _by_type(answer: object) -> dict[str, list[str]]:
    """Collect every id of an answer under the name of its type, the one that asks put first."""
    ids: dict[str, list[str]] = {}
    for id_ in _ids(answer):
        parts = split_id(id_)
        assert parts is not None
        known = ids.setdefault(parts[0], [])
        known += [] if id_ in known else [id_]
    return ids


def _ids(answer: object) -> list[str]:
    if isinstance(answer, dict):
        here = cast("Variables", answer)
        first = [str(here["id"])] if "id" in here else []
        return [*first, *(id_ for value in here.values() for id_ in _ids(value))]
    return (
        [id_ for item in cast("list[object]", answer) for id_ in _ids(item)]
        if isinstance(answer, list)
        else []
    )
