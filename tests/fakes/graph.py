"""Microsoft Graph v1.0 as far as calendars go, strict and with a memory, and the sign-in that leads to it."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.fakes import graph_rules as rules
from tests.fakes.graph_rules import Preferences, graph_error, not_found
from tests.fakes.graph_shapes import problems
from tests.fakes.graph_sign_in import MicrosoftSignIn
from tests.fakes.graph_state import TEAMS, CalendarState, EventState, Mailbox, own_properties
from tests.fakes.graph_watching import SubscriptionState, Watching
from tests.fakes.kit import Asked, Fault, Handler
from tests.fakes.oauth import Person

_API = "/graph/v1.0"
_READS = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
_WRITES = frozenset({"Calendars.ReadWrite"})
_CALLS_AT_ONCE = 4
_GROUPS = MappingProxyType(
    {"event.create": "put", "event.update": "put", "event.get": "find", "search": "find"}
)


class GraphFake(MicrosoftSignIn):
    """A provider with mailboxes; each person begins with one, and a default calendar in it.

    `tells_existing` names the event that a repeated creation made before. `makes_meetings` is False while
    the link of a meeting is still to come. `refused_zones` are zones that Graph does not know.
    `next_origin` is put before the addresses of next pages, where a test wants them to lead elsewhere.
    """

    def __init__(
        self, people: Iterable[Person], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        people = list(people)
        super().__init__(people, clock)
        self.mailboxes = {person.email: Mailbox(person.email) for person in people}
        for mailbox in self.mailboxes.values():
            mailbox.calendar("Calendar", is_default=True)
        self.watching = Watching(self, self.clock)
        self.tells_existing = True
        self.makes_meetings = True
        self.refused_zones: frozenset[str] = frozenset()
        self.next_origin: str | None = None
        self.most_at_once = 0
        self._at_once: Counter[str] = Counter()
        calendar, event = f"{_API}/me/calendars/{{calendar:path}}", "/events/{event:path}"
        self.route("GET", f"{_API}/me/calendars", "calendars", self._calendars)
        self.route("GET", f"{calendar}/calendarView", "view", self._view)
        self.route("GET", f"{calendar}/events", "search", self._search)
        self.route("POST", f"{calendar}/events", "event.create", self._create)
        for base in (calendar, f"{_API}/me"):
            self.route("GET", f"{base}{event}", "event.get", self._get)
            self.route("PATCH", f"{base}{event}", "event.update", self._update)
            self.route("DELETE", f"{base}{event}", "event.delete", self._delete)
        self.route("GET", calendar, "calendar", self._calendar)
        self.route("POST", f"{_API}/subscriptions", "watch", self._watch)
        one = f"{_API}/subscriptions/{{subscription}}"
        self.route("PATCH", one, "prolong", self._prolong)
        self.route("DELETE", one, "stop", self._stop)
        self.route("POST", f"{one}/reauthorize", "reauthorize", self._reauthorize)

    def personal(self, email: str) -> Mailbox:
        """Make a person's account one of Outlook.com, which makes no Teams meetings."""
        self.personal_people.add(email)
        mailbox = self.mailboxes[email]
        mailbox.is_personal = True
        for calendar in mailbox.calendars:
            calendar.providers = ()
        return mailbox

    # How every call is taken.

    async def _answer(self, operation: str, handler: Handler, request: Request) -> Response:
        token = request.headers.get("authorization", "")
        self._at_once[token] += 1
        try:
            if token:
                self.most_at_once = max(self.most_at_once, self._at_once[token])
                if self._at_once[token] > _CALLS_AT_ONCE:
                    self.violation("more than four calls at once")
                    return graph_error(429, "ApplicationThrottled").answer
            if not _has_escaped_ids(request):
                self.violation(f"{operation}: an id with a bare slash")
                return graph_error(400, "BadRequest", "Resource not found for the segment.").answer
            if request.url.path.startswith(_API) and not _is_json(request):
                self.violation(f"{operation}: a body that is not called JSON")
                return graph_error(415, "RequestBodyRead", "The content type is not supported.").answer
            return await super()._answer(operation, handler, request)
        finally:
            self._at_once[token] -= 1

    def _next_fault(self, operation: str) -> Fault | None:
        return super()._next_fault(operation) or super()._next_fault(_GROUPS.get(operation, operation))

    def _mailbox(self, asked: Asked, scopes: frozenset[str]) -> Mailbox:
        grant = self.granted(asked)
        if grant is None:
            refusal = graph_error(401, "InvalidAuthenticationToken", "Lifetime validation failed.")
            refusal.answer.headers["WWW-Authenticate"] = 'Bearer realm="", error="invalid_token"'
            raise refusal
        if not scopes & grant.scopes:
            raise graph_error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        mailbox = self.mailboxes[grant.person.email]
        if mailbox.is_on_premises:
            raise graph_error(
                404, "MailboxNotEnabledForRESTAPI", "REST API is not supported for this mailbox."
            )
        return mailbox

    def _calendar_in(self, mailbox: Mailbox, asked: Asked) -> CalendarState:
        for calendar in mailbox.calendars:
            if calendar.id == asked.path["calendar"]:
                return calendar
        raise not_found()

    def _event_in(self, mailbox: Mailbox, asked: Asked) -> tuple[CalendarState, EventState]:
        """Find an event; without a calendar in the path, in those of the mailbox itself."""
        if "calendar" in asked.path:
            calendars = [self._calendar_in(mailbox, asked)]
        else:
            calendars = [calendar for calendar in mailbox.calendars if calendar.owner == mailbox.address]
        for calendar in calendars:
            event = calendar.found(asked.path["event"])
            if event is not None:
                return calendar, event
        raise not_found()

    def _to_write(self, asked: Asked) -> tuple[Mailbox, CalendarState, EventState]:
        mailbox = self._mailbox(asked, _WRITES)
        rules.check_query(self, asked)
        calendar, event = self._event_in(mailbox, asked)
        if not event.is_ours:
            self.violation(f"{asked.operation}: a foreign event (case 166)")
        if "if-match" not in asked.headers:
            self.violation(f"{asked.operation}: no If-Match")
        elif asked.headers["if-match"] != event.etag:
            raise graph_error(412, "ErrorIrresolvableConflict", "The change key does not match.")
        _check_can_edit(calendar)
        return mailbox, calendar, event

    # Reading.

    def _calendars(self, asked: Asked) -> object:
        mailbox = self._mailbox(asked, _READS)
        rules.preferences(self, asked)
        rules.check_query(self, asked, "$select", "$top", "$skip")
        names = rules.selected(self, asked, "calendar")
        return self._page(asked, "", [_chosen(each.rendered(), names) for each in mailbox.calendars])

    def _calendar(self, asked: Asked) -> object:
        mailbox = self._mailbox(asked, _READS)
        rules.check_query(self, asked, "$select")
        names = rules.selected(self, asked, "calendar")
        return _chosen(self._calendar_in(mailbox, asked).rendered(), names)

    def _view(self, asked: Asked) -> object:
        mailbox = self._mailbox(asked, _READS)
        prefers = rules.preferences(self, asked)
        rules.check_query(self, asked, "startDateTime", "endDateTime", "$select", "$top", "$skip")
        names = rules.selected(self, asked, "event")
        since, until = rules.bound(asked, "startDateTime"), rules.bound(asked, "endDateTime")
        events = self._calendar_in(mailbox, asked).events.values()
        within = [each for each in events if each.bounds()[0] < until and each.bounds()[1] > since]
        rows = [self._spelled_event(each, prefers, names) for each in within]
        return self._page(asked, f"/{quote(asked.path['calendar'], safe='')}/calendarView", rows)

    def _search(self, asked: Asked) -> object:
        mailbox = self._mailbox(asked, _READS)
        prefers = rules.preferences(self, asked)
        rules.check_query(self, asked, "$select", "$top", "$skip", "$filter", "$expand")
        names = rules.selected(self, asked, "event")
        property_id = rules.expanded(self, asked)
        events = self._calendar_in(mailbox, asked).events.values()
        found = [each for each in events if rules.filtered(self, asked, each.extended)]
        rows = [self._spelled_event(each, prefers, names, property_id) for each in found]
        return self._page(asked, f"/{quote(asked.path['calendar'], safe='')}/events", rows)

    def _get(self, asked: Asked) -> object:
        mailbox = self._mailbox(asked, _READS)
        prefers = rules.preferences(self, asked)
        rules.check_query(self, asked, "$select", "$expand")
        names = rules.selected(self, asked, "event")
        property_id = rules.expanded(self, asked)
        return self._spelled_event(self._event_in(mailbox, asked)[1], prefers, names, property_id)

    def _page(self, asked: Asked, path: str, rows: list[dict[str, Any]]) -> object:
        size, skip = rules.page_size(self, asked)
        context = f"{self.url}{_API}/$metadata"
        answer: dict[str, Any] = {"@odata.context": context, "value": rows[skip : skip + size]}
        if len(rows) > skip + size:
            query = urlencode(dict(asked.query) | {"$skip": str(skip + size)}, quote_via=quote)
            origin = self.next_origin or self.url
            answer["@odata.nextLink"] = f"{origin}{_API}/me/calendars{path}?{query}"
        return answer

    def _spelled_event(
        self, event: EventState, prefers: Preferences, names: list[str] | None, property_id: str | None = None
    ) -> dict[str, Any]:
        zone = rules.zone_of(prefers.zone, self.refused_zones)
        whole = event.rendered(zone, prefers.zone, is_immutable=prefers.is_immutable)
        spelled = {"@odata.etag": event.etag, **(whole if names is None else _chosen(whole, names))}
        if property_id in event.extended:
            value = {"id": property_id, "value": event.extended[property_id]}
            spelled["singleValueExtendedProperties"] = [value]
        return spelled

    # Writing.

    def _create(self, asked: Asked) -> Response:
        mailbox = self._mailbox(asked, _WRITES)
        prefers = rules.preferences(self, asked)
        rules.check_query(self, asked)
        calendar = self._calendar_in(mailbox, asked)
        _check_can_edit(calendar)
        body = self._read_event(asked)
        if "start" not in body or "end" not in body:
            raise graph_error(400, "ErrorPropertyValidationFailure", "start and end are required.")
        transaction = body.pop("transactionId", None)
        if transaction in mailbox.transactions:
            existing = {"@event.existingEventId": mailbox.transactions[transaction]}
            more = existing if self.tells_existing else {}
            raise graph_error(
                409, "ErrorDuplicateTransactionId", "The transaction id was used before.", **more
            )
        event = EventState(self.clock(), self.clock(), own_properties(""), is_ours=True)
        self._apply(calendar, event, body)
        calendar.events[event.id] = event
        if transaction:
            mailbox.transactions[transaction] = event.id
        self.watching.changed(mailbox, calendar, event, "created")
        return JSONResponse(self._spelled_event(event, prefers, None), 201)

    def _update(self, asked: Asked) -> object:
        mailbox, calendar, event = self._to_write(asked)
        prefers = rules.preferences(self, asked)
        body = self._read_event(asked)
        if "transactionId" in body:
            raise graph_error(400, "ErrorInvalidPropertySet", "transactionId can be set only at creation.")
        self._apply(calendar, event, body)
        event.version += 1
        self.watching.changed(mailbox, calendar, event, "updated")
        return self._spelled_event(event, prefers, None)

    def _delete(self, asked: Asked) -> Response:
        mailbox, calendar, event = self._to_write(asked)
        del calendar.events[event.id]
        self.watching.changed(mailbox, calendar, event, "deleted")
        return Response(status_code=204)

    def _read_event(self, asked: Asked) -> dict[str, Any]:
        body = asked.json
        wrong = problems("event", body, is_written=True)
        if wrong:
            self.violation(f"{asked.operation}: {wrong}")
            raise graph_error(400, "RequestBodyRead", "A property cannot be read.")
        if body.get("attendees"):
            self.violation(f"{asked.operation}: Graph would mail the attendees")
        return dict(body)

    def _apply(self, calendar: CalendarState, event: EventState, body: dict[str, Any]) -> None:
        whole_day = body.pop("isAllDay", False)
        times = {name: body.pop(name) for name in ("start", "end") if name in body}
        read = {name: rules.instant_in(value, self.refused_zones) for name, value in times.items()}
        if read:
            event.zone = times["start"]["timeZone"]
            event.start = read["start"].date() if whole_day else read["start"]
            event.end = read["end"].date() if whole_day else read["end"]
            if event.end < event.start:
                raise graph_error(400, "ErrorPropertyValidationFailure", "The end is before the start.")
        for each in body.pop("singleValueExtendedProperties", []):
            event.extended[each["id"]] = each["value"]
        wants_meeting = body.pop("isOnlineMeeting", False)
        provider = body.pop("onlineMeetingProvider", "unknown")
        if "body" in body and event.meeting is not None:
            event.meeting = None  # what led into it stood in the old body
        if wants_meeting and provider == TEAMS and TEAMS in calendar.providers:
            event.meeting = f"https://teams.example/l/{event.number}" if self.makes_meetings else ""
        event.properties |= body

    # Watching.

    async def _watch(self, asked: Asked) -> Response:
        mailbox = self._mailbox(asked, _READS)
        made = await self.watching.begin(mailbox, asked.json)
        return JSONResponse(made.rendered(), 201)

    def _prolong(self, asked: Asked) -> object:
        subscription = self._subscription(asked)
        self.watching.prolong(subscription, asked.json)
        return subscription.rendered()

    def _reauthorize(self, asked: Asked) -> Response:
        self._subscription(asked)
        return Response(status_code=204)

    def _stop(self, asked: Asked) -> Response:
        del self.watching.standing[self._subscription(asked).id]
        return Response(status_code=204)

    def _subscription(self, asked: Asked) -> SubscriptionState:
        mailbox = self._mailbox(asked, _READS)
        found = self.watching.standing.get(asked.path["subscription"])
        if found is None or found.mailbox is not mailbox:
            raise graph_error(404, "ResourceNotFound", "The object was not found.")
        return found


def _chosen(whole: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Keep what $select names, and the id, which always comes along."""
    return {name: value for name, value in whole.items() if name in names or name == "id"}


def _has_escaped_ids(request: Request) -> bool:
    """Say whether each id is one segment of the path as it was sent."""
    segments = {unquote(segment) for segment in request.scope["raw_path"].decode().split("/")}
    return segments >= {str(value) for value in request.path_params.values()}


def _is_json(request: Request) -> bool:
    """Say whether a body, if there is one, is called JSON."""
    has_body = request.headers.get("content-length", "0") != "0"
    return not has_body or request.headers.get("content-type", "").startswith("application/json")


def _check_can_edit(calendar: CalendarState) -> None:
    if not calendar.can_edit:
        raise graph_error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def refuses(status: int, code: str, **headers: str) -> Fault:
    """Make a fault that speaks as Graph does; underscores in the names of headers are dashes."""
    answer = graph_error(status, code).answer
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status, bytes(answer.body), named)
