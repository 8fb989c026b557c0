"""How Zoom's API is spoken: calls with an access token, JSON that is checked, and what its refusals mean.

Zoom's own number in the body says more than the status: a missing scope is a 400, not a 403.
"""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import quote, urlencode

from integrations import failures
from integrations.http import UNREADABLE, Answer, Bearer, Request, SafeHttp, Session
from integrations.ports import Account, Expired, ProviderFailed, Revoked, Transient

Clock = Callable[[], datetime]
Json = dict[str, object]

SCOPE_MISSING = "scope_missing"
QUOTA = "quota"
THROTTLED = "throttled"

OK, CREATED, NO_CONTENT = 200, 201, 204
GONE = frozenset({404, 410})
MEETING_GONE_CODE = 3001
_UNAUTHORIZED = 401
_TOO_MANY = 429
_FIRST_REFUSAL = 400
_TOKEN_CODE = 124
_SCOPE_CODE = 4711
_OLD_SCOPE_CODE = 104  # seen with the sentence of 4711; alone it may mean something else
_SCOPE_TEXT = "does not contain scopes"
_DAILY = "daily-limit"


class Zoom:
    """Zoom's API at one address, which every token is sent to and no other.

    `clock` measures waits that Zoom names as a point in time.
    """

    def __init__(self, http: SafeHttp, url: str, clock: Clock) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._clock = clock

    @asynccontextmanager
    async def session(self, account: Account, deadline_s: float) -> AsyncGenerator["Calls"]:
        """Open connections for one piece of work on an account."""
        bearer = Bearer(self._http.origin(self._url), account.secret)
        async with self._http.session(deadline_s, bearer) as session:
            yield Calls(session, self._url, self._clock)


class Calls:
    """Calls that belong to one piece of work."""

    def __init__(self, session: Session, url: str, clock: Clock) -> None:
        self._session = session
        self._url = url
        self._clock = clock

    async def ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Json | None = None
    ) -> Answer:
        """Ask once; a refusal is an answer like any other."""
        url = f"{self._url}{path}" + (f"?{urlencode(query)}" if query else "")
        if body is None:
            return await self._session.send(Request(method, url))
        headers = {"Content-Type": "application/json"}
        return await self._session.send(Request(method, url, headers, json.dumps(body).encode()))

    async def read(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        *,
        status: int = OK,
    ) -> Json:
        """Ask for a JSON object; whatever else comes, raises ProviderFailed."""
        answer = await self.ask(method, path, query, body)
        if answer.status != status:
            raise self.failure_of(answer)
        return object_in(answer)

    def failure_of(self, answer: Answer) -> ProviderFailed:
        """Judge an answer that is not what was asked for."""
        code, message = _said(answer)
        if code == _SCOPE_CODE or (code == _OLD_SCOPE_CODE and _SCOPE_TEXT in message):
            return Revoked(SCOPE_MISSING)
        if answer.status == _UNAUTHORIZED or code == _TOKEN_CODE:
            return Expired(failures.REFUSED)
        if answer.status == _TOO_MANY:
            is_daily = answer.headers.get("x-ratelimit-type", "").strip().lower() == _DAILY
            return Transient(QUOTA if is_daily else THROTTLED, _wait_s(answer, self._clock()))
        if answer.status < _FIRST_REFUSAL:  # it says yes, but not as Zoom does: somebody else answered
            return Transient(UNREADABLE)
        return failures.failure_of(answer)


def code_of(answer: Answer) -> int | None:
    """Give Zoom's own number of a refusal, if it has one."""
    return _said(answer)[0]


def object_in(answer: Answer) -> Json:
    """Read an answer's JSON object; Transient("answer_unreadable") for anything else."""
    try:
        return an_object(json.loads(answer.body))
    except (ValueError, RecursionError):
        raise unreadable() from None


def an_object(value: object) -> Json:
    """Take a value for an object, or the answer for unreadable."""
    if not isinstance(value, dict):
        raise unreadable()
    return cast("Json", value)


def a_list(value: object) -> list[object]:
    """Take a value for a list, or the answer for unreadable."""
    if not isinstance(value, list):
        raise unreadable()
    return cast("list[object]", value)


def a_text(value: object) -> str:
    """Take a value for a text that is not empty, or the answer for unreadable."""
    if not isinstance(value, str) or not value:
        raise unreadable()
    return value


def an_instant(value: object) -> datetime:
    """Take a value for a time with its offset, in UTC, or the answer for unreadable."""
    try:
        when = datetime.fromisoformat(a_text(value))
        if when.tzinfo is None:
            raise unreadable()
        return when.astimezone(UTC)
    except (ValueError, OverflowError):
        raise unreadable() from None


def unreadable() -> Transient:
    """Make the failure for an answer that is not what Zoom says of itself."""
    return Transient(UNREADABLE)


def part(text: str) -> str:
    """Spell an id as one part of a path; an address has an @, a meeting's uuid may have slashes."""
    return quote(text, safe="")


def zulu(when: datetime) -> str:
    """Spell an instant in UTC to the second; Zoom documents no other offset."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _said(answer: Answer) -> tuple[int | None, str]:
    """Read number and sentence of a refusal; the sentence is only compared, never kept."""
    if answer.status < _FIRST_REFUSAL:
        return None, ""
    try:
        said = object_in(answer)
    except Transient:
        return None, ""
    code, message = said.get("code"), said.get("message")
    return (code if isinstance(code, int) else None), (message if isinstance(message, str) else "")


def _wait_s(answer: Answer, now: datetime) -> float | None:
    """Read how long to wait: seconds, or for a day's quota the time at which it is full again."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            until = read(text)
        except (ValueError, TypeError):
            continue
        aware = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    return None
