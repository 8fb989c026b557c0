"""Google as a strict server of its own: OAuth with its habits, and the calendar API (v3) with state.

People, their calendars and what stands in them are plain state that a test or a demo fills. What Google's
API does not know is a violation, and refused as Google refuses it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from starlette.responses import JSONResponse, Response

from tests.fakes.google_events import Call, Events
from tests.fakes.google_push import Pushes
from tests.fakes.google_shapes import (
    ALL_SCOPES,
    ANSWERS,
    AUTH,
    BODIES,
    COMMON,
    PARAMETERS,
    SCOPES,
    TELLING,
    Mask,
    masked,
    read_mask,
    refusal,
    tells_of_entries,
    unknown_fields,
    unknown_names,
)
from tests.fakes.google_state import LONGEST, OWNER, READER, WRITER, GoogleCalendar, read_instant, spelled
from tests.fakes.kit import Asked
from tests.fakes.oauth import Grant, Habits, OAuthFake, Person

API = "/google/calendar/v3"
WANTED_SCOPES = (
    "openid",
    "email",
    f"{AUTH}calendar.freebusy",
    f"{AUTH}calendar.events.owned",
    f"{AUTH}calendar.calendarlist.readonly",
)
"""The smallest set for a scheduler that writes into calendars which its hosts own."""

_RANKS = ("freeBusyReader", READER, WRITER, OWNER)
_MOST_CALENDARS = 50
_MOST_REFRESH_TOKENS = 100
_LONG_NAMES = {"email": f"{AUTH}userinfo.email", "profile": f"{AUTH}userinfo.profile"}
_OWNED_ONLY = frozenset({f"{AUTH}calendar.events.owned", f"{AUTH}calendar.events.owned.readonly"})
_HABITS = Habits(
    issuer="/google",
    paths={
        "authorize": "/google/o/oauth2/v2/auth",
        "token": "/google/token",
        "revoke": "/google/revoke",
        "userinfo": "/google/oauth2/v3/userinfo",
        "keys": "/google/oauth2/v3/certs",
        "discovery": "/google/.well-known/openid-configuration",
    },
    scopes=ALL_SCOPES | set(_LONG_NAMES.values()),
    parameters=frozenset({"access_type", "include_granted_scopes"}),
    refresh_needs={"access_type": "offline"},
)


class GoogleFake(OAuthFake):
    """Google. `calendars` are all of everybody, by id; each person has a primary one under their address.

    `events.meet` and `events.most_per_page` say how meetings and pages come, `pushes` holds the channels.
    """

    def __init__(
        self,
        people: Iterable[Person],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        zone: str = "UTC",
    ) -> None:
        super().__init__(_HABITS, people, clock)
        self.calendars: dict[str, GoogleCalendar] = {}
        self.events = Events()
        self.pushes = Pushes(clock)
        for email in self.people:
            self.add_calendar(email, email, zone=zone, calendar_id=email)
        self.route("GET", _HABITS.paths["userinfo"], "userinfo", self._userinfo)
        one, entries = "/calendars/{calendar}", "/calendars/{calendar}/events"
        self._api("GET", "/users/me/calendarList", "calendarList.list", self._list_calendars)
        self._api("GET", "/users/me/calendarList/{calendar}", "calendarList.get", self._listed)
        self._api("GET", one, "calendars.get", self._calendar)
        self._api("POST", "/freeBusy", "freebusy.query", self._free_busy)
        self._api("POST", "/channels/stop", "channels.stop", self._stop)
        self._on_events("GET", entries, "events.list", self.events.listed, READER)
        self._on_events("POST", entries, "events.insert", self.events.insert, WRITER)
        self._on_events("POST", f"{entries}/watch", "events.watch", self._watch, READER)
        self._on_events("GET", f"{entries}/{{event}}", "events.get", self.events.get, READER)
        self._on_events("PATCH", f"{entries}/{{event}}", "events.patch", self.events.patch, WRITER)
        self._on_events("DELETE", f"{entries}/{{event}}", "events.delete", self.events.delete, WRITER)

    # State.

    def add_calendar(
        self, email: str, summary: str, *, zone: str = "UTC", role: str = OWNER, calendar_id: str = ""
    ) -> GoogleCalendar:
        """Give a person one more calendar; where they do not own it, somebody else does."""
        made_id = calendar_id or f"c_{len(self.calendars):04}@group.calendar.google.com"
        roles = {email: role} if role == OWNER else {"colleague@elsewhere.example": OWNER, email: role}
        self.calendars[made_id] = GoogleCalendar(made_id, summary, zone, self.clock, roles)
        return self.calendars[made_id]

    def allows(self, email: str, scopes: Iterable[str] = WANTED_SCOPES) -> str:
        """Let a person have consented already; gives the access token."""
        token = f"canary-access-{len(self.grants)}-{email.partition('@')[0]}"
        ends_at = self.clock() + timedelta(seconds=self.habits.lifetime_s)
        refresh_token = f"canary-refresh-{len(self.grants)}"
        grant = Grant(self.people[email], frozenset(scopes), refresh_token, {token: ends_at})
        self.grants.append(grant)
        return token

    # Google's habits at consent and with tokens.

    def consents(self, authorize_query: Mapping[str, str], email: str, *, without: Iterable[str] = ()) -> str:
        """Consent: a refresh token comes with the first, and later only with prompt=consent."""
        sent_to = super().consents(authorize_query, email, without=without)
        grant = list(self._codes.values())[-1].grant
        before = [one for one in self.grants if one.person == grant.person and not one.is_revoked]
        if before and "consent" not in authorize_query.get("prompt", "").split():
            grant.refresh_token = None
        if authorize_query.get("include_granted_scopes") == "true":
            grant.scopes = grant.scopes.union(*(one.scopes for one in before))
        with_token = [one for one in before if one.refresh_token]
        for oldest in with_token[: max(0, len(with_token) - _MOST_REFRESH_TOKENS + 1)]:
            oldest.refresh_token = None  # it dies, and nobody is told
        return sent_to

    def _answer_tokens(self, grant: Grant, refresh_token: str | None, nonce: str | None) -> Response:
        answer: dict[str, Any] = json.loads(bytes(super()._answer_tokens(grant, refresh_token, nonce).body))
        # Google grants `email` and `profile` under their long names.
        granted: list[str] = answer["scope"].split()
        answer["scope"] = " ".join(_LONG_NAMES.get(name, name) for name in granted)
        return JSONResponse(answer)

    def _revoke(self, asked: Asked) -> Response:
        """End all that a person ever granted this client, whichever of its tokens is given."""
        self.only("revoke", asked.form, {"token"})
        token = asked.form.get("token", "")
        for grant in self.grants:
            if token and not grant.is_revoked and token in {grant.refresh_token, *grant.access}:
                self.revokes_all(grant.person.email)
                return self.revoked()
        error = {"error": "invalid_token", "error_description": "Token expired or revoked"}
        return JSONResponse(error, 400)

    def _userinfo(self, asked: Asked) -> object:
        grant = self.granted(asked)
        if grant is None or "openid" not in grant.scopes:
            raise refusal(401, "authError", "Invalid Credentials")
        told: dict[str, object] = {"sub": grant.person.subject}
        if "email" in grant.scopes:
            told |= {"email": grant.person.email, "email_verified": grant.person.is_verified}
        return told

    # What every call of the API goes through.

    def _api(self, method: str, path: str, operation: str, handler: Callable[[Call], Any]) -> None:
        def guarded(asked: Asked) -> Response:
            call = self._read(operation, asked)
            answer = handler(call)
            if isinstance(answer, Response):
                return answer
            return JSONResponse(masked(answer, call.mask))

        self.route(method, f"{API}{path}", operation, guarded)

    def _on_events(
        self,
        method: str,
        path: str,
        operation: str,
        handler: Callable[[Call, GoogleCalendar], Any],
        least: str,
    ) -> None:
        def found(call: Call) -> Any:
            calendar = self._reachable(call, least)
            is_owned_only = not SCOPES[operation] & call.scopes - _OWNED_ONLY
            if is_owned_only and calendar.roles[call.email] != OWNER:
                raise refusal(403, "insufficientPermissions", "Insufficient Permission")
            return handler(call, calendar)

        self._api(method, path, operation, found)

    def _read(self, operation: str, asked: Asked) -> Call:
        grant = self.granted(asked)
        if grant is None:
            raise refusal(401, "authError", "Invalid Credentials")
        if unknown := self.only(operation, asked.query, PARAMETERS[operation] | COMMON):
            raise refusal(400, "badRequest", f'Invalid JSON payload received. Unknown name "{unknown[0]}"')
        if {"oauth_token", "key"} & set(asked.query) or asked.query.get("alt", "json") != "json":
            self.violation(f"{operation}: a secret, or another format than JSON, in the address")
            raise refusal(400, "badRequest", "Bad Request")
        if not SCOPES[operation] & grant.scopes:
            raise refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
        mask = self._mask(operation, asked)
        return Call(asked, grant.person.email, grant.scopes, mask, self._body(operation, asked))

    def _mask(self, operation: str, asked: Asked) -> Mask | None:
        text = asked.query.get("fields")
        try:
            mask: Mask = {"*": None} if text is None else read_mask(text)
        except ValueError:
            mask = {"": None}
        if unknown := unknown_names(mask, ANSWERS[operation]):
            self.violation(f"{operation}: mask with {', '.join(unknown)}")
            raise refusal(400, "invalidParameter", f"Invalid field selection {unknown[0]}")
        is_own_only = "privateExtendedProperty" in asked.query
        tells = {"events.list": tells_of_entries(mask), "events.get": bool(TELLING & set(mask))}
        if tells.get(operation) and not is_own_only:
            self.violation(f"{operation}: a mask that lets through what foreign entries say (case 165)")
        return None if text is None else mask

    def _body(self, operation: str, asked: Asked) -> Mapping[str, Any]:
        if operation not in BODIES:
            if asked.body:
                self.violation(f"{operation}: has no body")
            return {}
        if not asked.headers.get("content-type", "").startswith("application/json"):
            self.violation(f"{operation}: body is not JSON")
        try:
            body = asked.json
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refusal(400, "parseError", "Parse Error")
        if unknown := unknown_fields(body, BODIES[operation]):
            self.only(operation, unknown, ())
            raise refusal(400, "badRequest", f'Invalid JSON payload received. Unknown name "{unknown[0]}"')
        return cast("dict[str, Any]", body)

    def _reachable(self, call: Call, least: str) -> GoogleCalendar:
        calendar = self._known(call.asked.path["calendar"], call.email)
        if calendar is None:
            raise refusal(404, "notFound", "Not Found")
        if _RANKS.index(calendar.roles[call.email]) < _RANKS.index(least):
            message = "You need to have writer access to this calendar."
            raise refusal(403, "requiredAccessLevel", message, "calendar")
        return calendar

    def _known(self, calendar_id: str, email: str) -> GoogleCalendar | None:
        calendar = self.calendars.get(email if calendar_id == "primary" else calendar_id)
        return calendar if calendar is not None and email in calendar.roles else None

    # Operations.

    def _list_calendars(self, call: Call) -> object:
        least = call.asked.query.get("minAccessRole", _RANKS[0])
        if least not in _RANKS:
            raise refusal(400, "invalidParameter", "Invalid value for minAccessRole")
        mine = [
            _entry(calendar, call.email)
            for calendar in self.calendars.values()
            if call.email in calendar.roles
            and _RANKS.index(calendar.roles[call.email]) >= _RANKS.index(least)
        ]
        most = call.number("maxResults", 100, 250)
        token = call.asked.query.get("pageToken", "c0")
        if not token.startswith("c") or not token[1:].isdigit():
            raise refusal(400, "invalid", "Invalid page token value.")
        start = int(token[1:])
        end = start + min(most, self.events.most_per_page or most)
        answer: dict[str, Any] = {"kind": "calendar#calendarList", "etag": '"p1"', "items": mine[start:end]}
        if end < len(mine):
            return answer | {"nextPageToken": f"c{end}"}
        return answer | {"nextSyncToken": "cs1"}

    def _listed(self, call: Call) -> object:
        return _entry(self._reachable(call, _RANKS[0]), call.email)

    def _calendar(self, call: Call) -> object:
        calendar = self._reachable(call, READER)
        return {
            "kind": "calendar#calendar",
            "etag": '"c1"',
            "id": calendar.id,
            "summary": calendar.summary,
            "timeZone": calendar.zone,
        }

    def _free_busy(self, call: Call) -> object:
        body = call.body
        start, end = (read_instant(body.get(name), name) for name in ("timeMin", "timeMax"))
        if end <= start:
            raise refusal(400, "timeRangeEmpty", "The specified time range is empty.", "calendar")
        if end - start > LONGEST:
            raise refusal(400, "timeRangeTooLong", "The requested time range is too long.", "calendar")
        zone = ZoneInfo(body.get("timeZone", "UTC"))
        items = [item.get("id", "") for item in body.get("items", [])]
        calendars: dict[str, Any] = {}
        for calendar_id in items:
            calendar = self._known(calendar_id, call.email)
            if len(items) > _MOST_CALENDARS:
                reason: str | None = "tooManyCalendarsRequested"
            else:
                reason = "notFound" if calendar is None else calendar.breaks
            if calendar is None or reason is not None:
                calendars[calendar_id] = {"errors": [{"domain": "global", "reason": reason}], "busy": []}
                continue
            calendars[calendar_id] = {
                "busy": [
                    {"start": _in_zone(begins, zone), "end": _in_zone(ends, zone)}
                    for begins, ends in calendar.busy(start.astimezone(UTC), end.astimezone(UTC))
                ]
            }
        return {
            "kind": "calendar#freeBusy",
            "timeMin": spelled(start),
            "timeMax": spelled(end),
            "calendars": calendars,
        }

    def _watch(self, call: Call, calendar: GoogleCalendar) -> object:
        channel = self.pushes.open(dict(call.body), calendar, call.email, self.url)
        answer = {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource_id,
            "resourceUri": channel.uri,
            "expiration": str(int(channel.ends_at.timestamp() * 1000)),
        }
        return answer | ({"token": channel.token} if channel.token else {})

    def _stop(self, call: Call) -> Response:
        self.pushes.stop(dict(call.body), call.email)
        return Response(status_code=204)


def _entry(calendar: GoogleCalendar, email: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "kind": "calendar#calendarListEntry",
        "etag": '"l1"',
        "id": calendar.id,
        "summary": calendar.summary,
        "timeZone": calendar.zone,
        "accessRole": calendar.roles[email],
        "selected": True,
        "defaultReminders": [],
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }
    return entry | ({"primary": True} if calendar.id == email else {})


def _in_zone(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")
