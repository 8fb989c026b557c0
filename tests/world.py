"""A host who has one of everything, and for each root field of the API variables that work for them."""

import json
import re
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import orjson
from httpx import Response

from domain.tokens import TokenKind, token
from schema.nodes import split_id
from tests.delegations import calls_of_delegation, delegated
from tests.graph import graph
from tests.installation import HOLD, SIGN_IN_FINISH, SIGN_IN_START, Host, Installation, booking, headers_of
from tests.links import link_calls, secret_of
from tests.queues import wait_for
from tests.radicale import USER, WORD, Radicale

DAY = "2026-03-30"  # the Monday after Europe's clocks went forward
TUESDAY, WEDNESDAY = "2026-03-31", "2026-04-01"
NINE, TEN, ELEVEN, NOON, ONE, TWO = (f"{DAY}T{hour:02d}:00:00Z" for hour in range(7, 13))  # 9 to 14 in Berlin
SCHEMA = graph()
Variables = dict[str, Any]

_IDS = """{ viewer { user { id } organization { id members { nodes { id } } invitations { nodes { id } }
  teams { nodes { id } } resources { nodes { id } } } sessions { id isCurrent } apiKeys { id name }
  identities { id } }
  calendarConnections { id calendars { id isWritable } } schedules { id } absences { id }
  given: delegations(side: GIVEN) { nodes { id } } received: delegations(side: RECEIVED) { nodes { id } }
  bookingPages { nodes { id } } pageLinks { nodes { id } } bookings { nodes { id invitees { id } } } }"""
_KEY = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  ... on ApiKeyCreatePayload { secret } ... on Error { message } } }"""
_INVITE = """mutation ($input: MemberInviteInput!) { memberInvite(input: $input) { __typename
  ... on Error { message } } }"""
_TEAM = """mutation ($input: TeamCreateInput!) { teamCreate(input: $input) { __typename
  ... on TeamCreatePayload { team { id } } } }"""
_RESOURCE = """mutation ($input: ResourceCreateInput!) { resourceCreate(input: $input) { __typename } }"""
_SCHEDULE = """mutation ($input: ScheduleCreateInput!) { scheduleCreate(input: $input) { __typename } }"""
_ABSENCE = """mutation ($input: AbsenceCreateInput!) { absenceCreate(input: $input) { __typename } }"""
_AWAY = {"first": "2026-08-03", "last": "2026-08-14", "zone": "Europe/Berlin", "reason": "VACATION"}
_FORTNIGHT = {"everyWeeks": 2, "anchor": "2026-03-30", "nthOfMonth": None}
_CHANGE = "mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename } }"
_SERIES = """mutation ($input: BookingSeriesCreateInput!) { bookingSeriesCreate(input: $input) {
  ... on BookingSeriesCreatePayload { bookings { manageToken } } } }"""
_WEEK: list[dict[str, object]] = [{"days": ["MONDAY", "TUESDAY"], "from": "09:00", "to": "17:00"}]
_WEEKS = [*_WEEK, {"days": ["SATURDAY"], "from": "09:00", "to": "17:00", "recurrence": _FORTNIGHT}]
_TRAVELS = [{"first": "2026-05-04", "last": "2026-05-08", "zone": "Asia/Tokyo"}]
_OVERRIDES = [{"date": "2026-04-06", "windows": [{"from": "10:00", "to": "12:00"}]}]
_SIGN_UP = {
    "name": "Lin",
    "organizationName": "Lin's",
    "zone": "Asia/Tokyo",
    "handle": "lin",
    "homeRegion": "local",
}
_RETURNED = {
    "provider": "GOOGLE",
    "returnedState": token(TokenKind.SIGN_IN, b"a state that nobody was given!!!"),
    "code": "code",
    "issuer": "https://accounts.google.com",
    "browserSecret": token(TokenKind.BROWSER, b"a secret that nobody was given!!"),
}

_PLACE: dict[str, object] = {"kind": "LINK", "details": "https://meet.example.com/ada", "choices": []}

_GRACE = {"name": "Grace", "email": "grace@example.org", "zone": "America/New_York", "locale": "en"}
_QUESTION = {
    "key": "topic",
    "label": "Topic?",
    "format": "CHOICES_ONE",
    "choices": ["Engines", "Looms"],
    "isRequired": False,
    "isEnabled": True,
    "takesOther": True,
}


@dataclass(frozen=True)
class World:
    """What a host has: ids by type, the first one to keep and the last one to lose; links and secrets."""

    host: Host
    ids: dict[str, list[str]]
    slug: str
    tokens: list[str]
    hold: str
    calendar: str
    stranger: str
    code: str
    other_slug: str
    series: list[str]
    waits: list[str]
    link: str

    async def colleague(self, house: Installation, number: int) -> str:
        """Sign one of the host's two colleagues in; the token of their session."""
        email = f"{number}{self.host.email}"
        given = {"email": email, "code": await code_for(house, email)}
        return (await house.ask(SIGN_IN_FINISH, input=given))["signInFinish"]["sessionToken"]

    def calls(self) -> dict[str, Variables]:
        """Give variables that work for each query and mutation; in this order each finds what it needs."""
        page, schedule, seen = self.ids["BookingPage"], self.ids["Schedule"], self.ids["Booking"]
        given: dict[str, Variables] = {
            "signInStart": {"email": "lin@example.org", "locale": "ja", "idempotencyKey": str(uuid4())},
            "signInFinish": {
                "email": self.stranger,
                "code": self.code,
                "signUp": _SIGN_UP,
                "isMobile": False,
            },
            "signInWithStart": {"provider": "GOOGLE", "locale": "ja"},
            "signInWithFinish": {**_RETURNED, "signUp": _SIGN_UP, "isMobile": True},
            "identityLinkStart": {"provider": "GOOGLE"},
            "identityLinkFinish": _RETURNED,
            "identityUnlink": {"id": self.ids["Identity"][-1]},
            "userUpdate": {
                "name": "Ada",
                "zone": "Europe/Berlin",
                "locale": "en",
                "sharesAvailability": True,
            },
            "organizationUpdate": {"name": "Engines", "administratorsMayDelegate": True},
            **calls_of_delegation(self.ids, f"{WEDNESDAY}T00:00:00Z"),
            **self._of_many(),
            "apiKeyCreate": {
                "name": "Program",
                "scopes": ["READ"],
                "expiresAt": f"{DAY}T00:00:00Z",
                "isMobile": True,
            },
            "socketTicketCreate": {},
            "calendarConnect": {
                "provider": "CALDAV",
                "url": self.calendar,
                "username": USER,
                "password": WORD,
                "label": "Home",
            },
            "calendarReconnect": {
                "id": self.ids["CalendarConnection"][0],
                "password": WORD,
                "username": USER,
            },
            "calendarConsentStart": {"provider": "GOOGLE", "connectionId": self.ids["CalendarConnection"][0]},
            "calendarConsentFinish": {
                "provider": "GOOGLE",
                "returnedState": token(TokenKind.CONSENT, b"a state that nobody was given!!!"),
                "code": "code",
                "issuer": "https://accounts.google.com",
            },
            "calendarUpdate": {
                "id": self.ids["Calendar"][0],
                "countsAsBusy": True,
                "receivesBookings": True,
            },
            "scheduleCreate": {
                "name": "Late",
                "zone": "Asia/Tokyo",
                "weekly": _WEEKS,
                "overrides": _OVERRIDES,
                "travels": _TRAVELS,
                "isDefault": False,
            },
            "scheduleUpdate": {
                "id": schedule[0],
                "expectedRevision": 1,
                "name": "Usual",
                "zone": "Europe/Berlin",
                "weekly": _WEEKS,
                "overrides": _OVERRIDES,
                "travels": _TRAVELS,
                "isDefault": True,
            },
            "absenceCreate": _AWAY,
            "absenceDelete": {"id": self.ids["Absence"][-1]},
            "bookingPageCreate": self._settings(f"made-{uuid4().hex[:8]}"),
            "bookingPageUpdate": {
                "id": page[0],
                "expectedRevision": 1,
                **self._settings(self.slug.split("/")[1]),
            },
            "holdCreate": {
                "slug": self.slug,
                "start": TWO,
                "idempotencyKey": str(uuid4()),
                "link": self.link,
            },
            "holdRelease": {"token": self.hold},
            "bookingCreate": {
                **booking(self.slug, ONE),
                "invitee": _GRACE,
                "answers": [{"key": "topic", "values": ["Engines"]}],
                "placeKind": "LINK",
                "link": None,
            },
            "bookingApprove": {"id": seen[3], "version": 1},
            "bookingDecline": {"id": seen[4], "reason": "Ill", "version": 1},
            "bookingSeriesCreate": {
                **_series(self.other_slug, f"{TUESDAY}T07:30:00Z"),
                "answers": [],
                "placeKind": None,
            },
            "waitlistJoin": {
                **booking(self.other_slug, f"{TUESDAY}T07:00:00Z"),
                "invitee": {"name": "Lin", "email": "lin@example.org", "zone": "UTC", "locale": "ja"},
                "durationMinutes": None,
            },
            "waitlistLeave": {"token": self.waits[0]},
            "waitlistTake": {
                "token": self.waits[1],
                "answers": [],
                "placeKind": None,
                "idempotencyKey": str(uuid4()),
            },
            "bookingSeriesCancel": {"token": self.series[1], "reason": "Ill", "idempotencyKey": str(uuid4())},
            "bookingSeriesCancelByHost": {"id": seen[2], "reason": "Ill", "version": 1},
            "bookingLinksSend": {"slug": self.slug, "email": "grace@example.org"},
            "bookingReschedule": {
                "token": self.tokens[0],
                "start": ELEVEN,
                "version": 0,
                "idempotencyKey": str(uuid4()),
            },
            "bookingRescheduleByHost": {"id": seen[1], "start": NINE, "version": 1, "waives": ["HOURS"]},
            "bookingCreateByHost": {
                **booking(self.slug, f"{DAY}T06:00:00Z"),
                "invitee": _GRACE,
                "answers": [{"key": "topic", "values": ["Engines"]}],
                "placeKind": "LINK",
                "waives": ["NOTICE", "HOURS"],
            },
            "bookingMeetingRetry": {"id": seen[1]},
            "bookingPageHostsSet": {
                "id": page[0],
                "assignment": "ONE",
                "hosts": [
                    {
                        "user": self.ids["User"][0],
                        "scheduleId": schedule[0],
                        "isFixed": False,
                        "priority": "HIGH",
                        "weight": 10,
                    }
                ],
                "turns": "FAIRNESS",
                "maxLead": 5,
                "keepsHost": False,
            },
            "bookingPageCalendarsSet": {"id": page[0], "calendarIds": [self.ids["Calendar"][0]]},
            "resourceCreate": {"name": "Beamer", "kind": "EQUIPMENT", "seats": 1},
            "resourceUpdate": {
                "id": self.ids["Resource"][0],
                "expectedRevision": 1,
                "name": "Large room",
                "kind": "ROOM",
                "seats": 12,
            },
            "bookingPageResourcesSet": {
                "id": self.ids["BookingPage"][1],
                "expectedRevision": 2,
                "requires": [{"anyOf": [self.ids["Resource"][0]]}],
            },
            "resourceDelete": {"id": self.ids["Resource"][-1]},
            "hostRulesUpdate": {
                "bufferBeforeMinutes": 0,
                "bufferAfterMinutes": 0,
                "noticeMinutes": 0,
                "caps": {"perDay": 40, "weekStart": "SUNDAY"},
            },
            "bookingReassign": {"id": seen[1], "to": self.ids["User"][0], "from": self.ids["User"][0]},
            **link_calls(page[0], self.ids["PageLink"]),
            "bookingCancel": {"token": self.tokens[0], "reason": "Ill", "idempotencyKey": str(uuid4())},
            "bookingCancelByHost": {"id": seen[1], "reason": "Ill"},
            "bookingPageDelete": {"id": page[-1]},
            "scheduleDelete": {"id": schedule[-1]},
            "calendarDisconnect": {"id": self.ids["CalendarConnection"][-1]},
            "apiKeyRevoke": {"id": self.ids["ApiKey"][0]},
            "sessionRevoke": {"id": self.ids["Session"][-1]},
            "sessionRevokeOthers": {},
            "accountSwitch": {"accountId": self.ids["User"][0]},
            "ownershipTransfer": {"id": self.ids["User"][1]},
            "signOut": {},
        }
        return {**self._questions(), **{name: {"input": it} if it else {} for name, it in given.items()}}

    def _of_many(self) -> dict[str, Variables]:
        """Give what works for an organization of several: its members, invitations and teams."""
        member, team, sent = self.ids["User"], self.ids["Team"], self.ids["Invitation"]
        return {
            "memberInvite": {"email": f"new{self.stranger}", "role": "MEMBER", "locale": "ja"},
            "invitationResend": {"id": sent[0]},
            "invitationRevoke": {"id": sent[-1]},
            "invitationAccept": {"token": token(TokenKind.INVITATION, b"a link that nobody was sent!!!!!")},
            "memberRoleChange": {"id": member[1], "role": "ADMINISTRATOR"},
            "teamCreate": {"name": "Looms", "slug": f"looms-{uuid4().hex[:8]}", "zone": "Europe/London"},
            "teamUpdate": {
                "id": team[0],
                "expectedRevision": 1,
                "name": "Engines",
                "slug": "engines",
                "zone": "Asia/Tokyo",
            },
            "teamMemberAdd": {"teamId": team[0], "memberId": member[-1], "isManager": True},
            "teamMemberUpdate": {"teamId": team[0], "memberId": member[1], "isManager": False},
            "teamMemberRemove": {"teamId": team[0], "memberId": member[1]},
            "teamDelete": {"id": team[-1]},
            "memberRemove": {"id": member[-1]},
        }

    def _questions(self) -> dict[str, Variables]:
        page, seen = self.ids["BookingPage"][0], self.ids["Booking"][0]
        part: Variables = {"first": 10, "after": None, "last": None, "before": None}
        wanted = {"states": ["CONFIRMED"], "startFrom": NINE, "startBefore": TWO}
        return {
            "node": {"id": page},
            "nodes": {"ids": [page, seen]},
            "viewer": {},
            "signInProviders": {},
            "calendarConnections": {},
            "consentProviders": {},
            "schedules": {},
            "absences": {},
            "bookingPage": {"slug": self.slug},
            "profile": {"handle": self.host.handle},
            "bookingPages": part,
            "bookingPageByLink": {"secret": self.link},
            "pageLinks": part,
            "proposedTimes": {"pageId": page, "starts": [TWO], "durationMinutes": 30},
            "explainSlot": {"pageId": page, "start": TEN, "linkId": self.ids["PageLink"][0]},
            "bookingByLink": {"token": self.tokens[0]},
            "hostRules": {},
            "delegations": {"side": "GIVEN", **part},
            "hostedPages": part,
            "bookings": {"filter": wanted, **part},
            "limits": {},
            "waiter": {"token": self.waits[0]},
            "teamAvailability": {
                "team": self.ids["Team"][0],
                "window": {"from": NINE, "to": TWO},
                "zone": "Asia/Tokyo",
            },
        }

    def _settings(self, slug: str) -> Variables:
        return {
            "slug": slug,
            "name": "Workshop",
            "durationMinutes": 30,
            "place": _PLACE,
            "description": "Bring a laptop.",
            "kind": "ONE_TO_ONE",
            "capacity": 1,
            "intervalMinutes": 30,
            "gridOrigin": "HOUR",
            "bufferBeforeMinutes": 0,
            "bufferAfterMinutes": 0,
            "noticeMinutes": 0,
            "window": {"kind": "DATE_RANGE", "days": None, "first": "2026-03-01", "last": "2026-04-30"},
            "caps": {
                **dict.fromkeys(("perDay", "perWeek", "perMonth", "perYear"), 50),
                **dict.fromkeys((f"per{each}Minutes" for each in ("Day", "Week", "Month", "Year")), 5000),
                "weekStart": "SUNDAY",
            },
            "zone": "Europe/Berlin",
            "scheduleId": self.ids["Schedule"][0],
            "calendarId": self.ids["Calendar"][0],
            "questions": [_QUESTION],
            "reminderMinutes": [60],
            "invitation": "See you.",
            "cancellationPolicy": "Any time.",
            "cancelUntilMinutes": 0,
            "rescheduleUntilMinutes": 0,
            "calendarPolicy": "REQUIRED",
            "statusRule": {
                "free": False,
                "tentative": False,
                "workingElsewhere": True,
                "outOfOffice": True,
                "allDay": True,
            },
            "isActive": True,
            "isHidden": False,
            "otherLengthsMinutes": [60],
            "upcomingPerInvitee": 20,
            "seriesUpTo": 5,
            "approvalMinutes": None,
        }


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
    await house.ask(_SCHEDULE, host.token, input={"name": "Other", "zone": "Asia/Tokyo", "weekly": _WEEK})
    for _ in range(2):
        await house.ask(_ABSENCE, host.token, input=_AWAY)
        await house.ask(_RESOURCE, host.token, input={"name": "Room", "kind": "ROOM"})
    slug = await house.page(host, questions=[_QUESTION], place=_PLACE)
    other_slug = await house.page(host, approvalMinutes=600)
    for hour in ("07", "08"):
        await house.book(other_slug, f"{WEDNESDAY}T{hour}:00:00Z")
    pages = (await house.ask("{ bookingPages { nodes { id } } }", host.token))["bookingPages"]["nodes"]
    changed = {"id": pages[-1]["id"], "approvalMinutes": None, "seriesUpTo": 3, "waitlistOfferMinutes": 60}
    await house.ask(_CHANGE, host.token, input=changed)
    series = await house.ask(_SERIES, input=_series(other_slug, f"{TUESDAY}T07:00:00Z"))
    booked = [await house.book(slug, start) for start in (TEN, NOON)]
    links = [await secret_of(house, host, slug, maxUses=None) for _ in range(2)]
    held = await house.ask(HOLD, input={"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())})
    waits = await wait_for(house, other_slug, f"{WEDNESDAY}T07:00:00Z", f"{WEDNESDAY}T09:00:00Z")
    await _link(house, host)
    await _gather(house, host)
    mine = await house.ask(_IDS, host.token)
    sessions: list[Variables] = mine["viewer"]["sessions"]
    sessions.sort(key=lambda session: not session["isCurrent"])
    for connection in mine["calendarConnections"]:
        connection["calendars"].sort(key=_cannot_be_written)
    stranger = f"stranger{next(house.numbers)}@example.com"
    return World(
        host,
        _by_type(mine),
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
    )


def _series(slug: str, start: str) -> Variables:
    """Make the input of two bookings, a week apart."""
    return {**booking(slug, start), "frequency": "WEEKLY", "count": 2}


async def send(
    house: Installation, name: str, token: str | None, variables: Variables, act_for: str | None = None
) -> Response:
    """Call a root field with everything it can answer; non-ASCII text and lone surrogates go as escapes."""
    headers = {"Content-Type": "application/json", **headers_of(token, act_for)}
    body = json.dumps({"query": SCHEMA.operation(name), "variables": variables})
    return await house.http.post("/graphql", content=body, headers=headers)


async def call(
    house: Installation, name: str, token: str | None, variables: Variables, act_for: str | None = None
) -> dict[str, Any]:
    """Call a root field and read the answer, whatever it is."""
    return orjson.loads((await send(house, name, token, variables, act_for)).content)


def outcome(answer: dict[str, Any]) -> str:
    """Say in a word what came of a call: the code of what went wrong, or that it worked."""
    if "errors" in answer:
        return answer["errors"][0]["extensions"]["code"]
    data: dict[str, Variables | list[Variables] | None] = answer["data"]
    (value,) = data.values()
    if isinstance(value, dict) and str(value["__typename"]).endswith("Error"):
        return value["code"]
    return "nothing" if value is None else "works"


async def code_for(house: Installation, email: str) -> str:
    """Ask for a sign-in code and read it in the mail."""
    await house.ask(SIGN_IN_START, input={"email": email})
    await house.work()
    found = re.search(r"\b\d{8}\b", house.mails_to(email)[-1].part("text/plain"))
    assert found is not None
    return found[0]


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
