"""Zoom as it answers: OAuth with tokens that burn, its Calendar and Meetings APIs, limits, webhooks.

Strict: what Zoom does not know, or what none of our clients may do, is refused as Zoom refuses it and
written down as a violation. Entries do not recur here.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from tests.fakes.kit import Asked
from tests.fakes.oauth import Grant, Habits, OAuthFake, Person
from tests.fakes.zoom_answers import Pages, invalid, refused
from tests.fakes.zoom_events import ZoomEvents
from tests.fakes.zoom_meetings import ZoomMeetingsFake
from tests.fakes.zoom_state import ZoomAccount, ZoomCalendar
from tests.fakes.zoom_webhooks import ZoomWebhooks

SCOPES = frozenset(
    {
        "user:read:user",
        "calendar:read:list_calendar_lists",
        "calendar:read:list_events",
        "calendar:read:event",
        "calendar:write:event",
        "calendar:update:event",
        "calendar:delete:event",
        "meeting:read:meeting",
        "meeting:read:list_meetings",
        "meeting:write:meeting",
        "meeting:update:meeting",
        "meeting:delete:meeting",
    }
)
HABITS = Habits(
    "/zoom",
    {"authorize": "/zoom/oauth/authorize", "token": "/zoom/oauth/token", "revoke": "/zoom/oauth/revoke"},
    SCOPES,
    rotates=True,
    burns=True,
    asks_basic=True,
    fixed_scopes=SCOPES,
)
BUSINESS = {"LIGHT": 80, "MEDIUM": 60, "HEAVY": 40}  # calls a second for one account
MEETINGS_A_DAY = 100
CALENDAR_PAGES = Pages("maxResults", "pageToken", "nextPageToken", 250)


class ZoomFake(OAuthFake):
    """All of Zoom; `accounts` by mail address can be filled by whoever runs it.

    `counts_seconds` holds the limits of calls a second too: by a clock that stands still, all calls are
    in one second.
    """

    def __init__(
        self,
        people: Iterable[Person] = (Person("zoom-user-1", "host@example.com"),),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        counts_seconds: bool = False,
    ) -> None:
        super().__init__(HABITS, people, clock)
        self.accounts = {person.email: ZoomAccount.of(person) for person in self.people.values()}
        self.webhooks = ZoomWebhooks(clock)
        self.counts_seconds = counts_seconds
        self._seconds: defaultdict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._meeting_calls: Counter[tuple[str, date]] = Counter()
        self.events = ZoomEvents(self)
        self.meetings = ZoomMeetingsFake(self)
        self.route("GET", "/zoom/v2/users/me", "user", self._user)
        self.route("GET", "/zoom/v2/calendars/users/{user}/calendarList", "calendarList", self._calendar_list)

    # What tests and demos do at Zoom.

    def token_for(self, email: str, *, without: Iterable[str] = ()) -> str:
        """Give an access token that holds, as if its person had consented, perhaps to less."""
        grant = Grant(self.people[email], SCOPES - set(without), f"canary-refresh-{len(self.grants)}")
        token = f"canary-access-{len(self.grants)}"
        grant.access[token] = self.clock() + timedelta(seconds=HABITS.lifetime_s)
        self.grants.append(grant)
        return token

    def calendar(self, email: str, id_: str | None = None) -> ZoomCalendar:
        """Give one of a person's calendars, their main one unless another is named."""
        return self.accounts[email].calendars[id_ or email]

    def uninstalls(self, email: str) -> None:
        """Let a person remove our app at Zoom: nothing of theirs holds any more, and a webhook says so."""
        self.revokes_all(email)
        account = self.accounts[email]
        payload = {
            "account_id": account.account_id,
            "user_id": account.person.subject,
            "signature": "canary-signature",
            "deauthorization_time": self.clock().isoformat(),
            "client_id": self.client_id,
        }
        self.webhooks.emit("app_deauthorized", payload)

    # What the APIs share.

    def caller(self, asked: Asked, scope: str, label: str) -> ZoomAccount:
        """Say whose token a call bears; raises Zoom's own refusals for tokens, scopes and limits."""
        if asked.bearer is None:
            self.violation(f"{asked.operation}: no access token")
            raise refused(401, 124, "Invalid access token.")
        grant = self.granted(asked)
        if grant is None:
            raise refused(401, 124, "Access token is expired.")
        if scope not in grant.scopes:
            raise refused(400, 4711, f"Invalid access token, does not contain scopes:[{scope}].")
        account = self.accounts[grant.person.email]
        self._count(account, label)
        return account

    def counted_meeting(self, account: ZoomAccount) -> None:
        """Count one making or changing of a meeting; raises 429 after a hundred in a UTC day."""
        today = self.clock().astimezone(UTC).date()
        self._meeting_calls[account.account_id, today] += 1
        if self._meeting_calls[account.account_id, today] > MEETINGS_A_DAY:
            tomorrow = datetime.combine(today + timedelta(days=1), datetime.min.time())
            headers = {
                "X-RateLimit-Category": "LIGHT",
                "X-RateLimit-Type": "Daily-limit",
                "X-RateLimit-Limit": str(MEETINGS_A_DAY),
                "X-RateLimit-Remaining": "0",
                "Retry-After": f"{tomorrow.isoformat()}Z",
            }
            said = "You have exceeded the daily rate limit of (100) for Meeting Create/Update API requests."
            raise refused(429, 429, said, headers=headers)

    def known(self, asked: Asked, given: Iterable[str], known: Iterable[str]) -> None:
        """Refuse what Zoom does not know."""
        if unknown := self.only(asked.operation, given, known):
            raise invalid(*unknown)

    async def _handled(self, handler: Callable[[Asked], Any], asked: Asked) -> Response:
        answer = await super()._handled(handler, asked)
        if label := LABELS.get(asked.operation):
            limit = BUSINESS[label]
            answer.headers.setdefault("X-RateLimit-Category", label)
            answer.headers.setdefault("X-RateLimit-Type", "QPS")
            answer.headers.setdefault("X-RateLimit-Limit", str(limit))
            answer.headers.setdefault("X-RateLimit-Remaining", str(limit - 1))
        return answer

    def _count(self, account: ZoomAccount, label: str) -> None:
        if not self.counts_seconds:
            return
        calls, now = self._seconds[account.account_id, label], self.clock()
        while calls and now - calls[0] >= timedelta(seconds=1):
            calls.popleft()
        if len(calls) >= BUSINESS[label]:
            headers = {"X-RateLimit-Remaining": "0", "Retry-After": "1"}
            raise refused(429, 429, "You have reached the maximum per-second rate limit.", headers=headers)
        calls.append(now)

    # OAuth as Zoom has it, and the two smallest calls.

    def more_of_tokens(self) -> dict[str, object]:
        """Name the API's address, and the kind of token in small letters."""
        return {"token_type": "bearer", "api_url": f"{self.url}/zoom/v2"}

    def revoked(self) -> Response:
        """Answer a revocation that was carried out."""
        return JSONResponse({"status": "success"})

    def _token(self, asked: Asked) -> Response:
        answer = super()._token(asked)
        if answer.status_code == 400 and b"invalid_grant" in bytes(answer.body):
            return JSONResponse({"reason": "Invalid Token!", "error": "invalid_grant"}, 400)
        return answer

    def _user(self, asked: Asked) -> object:
        account = self.caller(asked, "user:read:user", "LIGHT")
        self.known(asked, asked.query, ())
        return {
            "id": account.person.subject,
            "account_id": account.account_id,
            "email": account.person.email,
            "display_name": account.person.name,
            "timezone": account.zone,
            "type": 2,
            "status": "active",
        }

    def _calendar_list(self, asked: Asked) -> object:
        account = self.caller(asked, "calendar:read:list_calendar_lists", "HEAVY")
        self.known(
            asked, asked.query, {"maxResults", "minAccessRole", "pageToken", "showDeleted", "showHidden"}
        )
        if asked.path["user"] != "me":
            self.violation("calendarList: of somebody else")
            raise refused(404, 1001, "User does not exist.")
        listed = [calendar.listed() for calendar in account.calendars.values()]
        page, token = CALENDAR_PAGES.of(listed, asked.query)
        return {"kind": "calendar#calendarList", "etag": '"1"', "items": page, **token}


LABELS = {
    "user": "LIGHT",
    "calendarList": "HEAVY",
    "freeBusy": "MEDIUM",
    "listEvents": "MEDIUM",
    "getEvent": "LIGHT",
    "insertEvent": "HEAVY",
    "patchEvent": "HEAVY",
    "deleteEvent": "HEAVY",
    "createMeeting": "MEDIUM",
    "listMeetings": "MEDIUM",
    "getMeeting": "LIGHT",
    "updateMeeting": "LIGHT",
    "deleteMeeting": "LIGHT",
}
