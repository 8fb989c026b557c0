"""One account's talk with Graph: whole addresses, preferences, pages, and at most four calls at once."""

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from integrations.failures import ELSEWHERE
from integrations.http import Answer, Request, Session
from integrations.microsoft.answers import OK, Fields, failure, fields_of, listed, perhaps, unreadable
from integrations.ports import Permanent

CALLS_AT_ONCE = 4
"""As many as Outlook takes from one application for one mailbox; it refuses a fifth."""

_MAX_PAGES = 40
_IMMUTABLE = 'IdType="ImmutableId"'  # else an entry's id changes when it moves to another calendar


def part(identifier: str) -> str:
    """Spell an id as a part of a path; Graph's hold slashes, pluses and equals signs."""
    return quote(identifier, safe="")


class Api:
    """A session for one account; `base` is the address of Graph with its version, without a slash."""

    def __init__(self, session: Session, base: str, turns: asyncio.Semaphore) -> None:
        self._session = session
        self._base = base
        self._turns = turns

    async def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        zone: str = "UTC",
        body: Mapping[str, object] | None = None,
        etag: str | None = None,
    ) -> Answer:
        """Ask once; `zone` is the one in which times are answered, as Graph names it."""
        words = f"?{urlencode(query, quote_via=quote, safe='$')}" if query else ""
        return await self._send(method, f"{self._base}{path}{words}", zone, body, etag)

    async def read(self, path: str, query: Mapping[str, str], *, zone: str = "UTC") -> Fields:
        """Read one thing."""
        answer = await self.send("GET", path, query, zone=zone)
        if answer.status != OK:
            raise failure(answer)
        return fields_of(answer)

    async def pages(self, path: str, query: Mapping[str, str], *, zone: str = "UTC") -> list[Fields]:
        """Read a list to its end. The address of a next page is followed as it is, but nowhere else.

        A list that does not end is a failure, never a shorter list.
        """
        page = await self.read(path, query, zone=zone)
        found = listed(page, "value")
        for _ in range(_MAX_PAGES):
            url = perhaps(page, "@odata.nextLink")
            if url is None:
                if page.get("@odata.nextLink") is not None:
                    raise unreadable()
                return found
            if not self._session.trusts(url):
                raise Permanent(ELSEWHERE)
            answer = await self._send("GET", url, zone)
            if answer.status != OK:
                raise failure(answer)
            page = fields_of(answer)
            found += listed(page, "value")
        raise unreadable()

    async def _send(
        self,
        method: str,
        url: str,
        zone: str,
        body: Mapping[str, object] | None = None,
        etag: str | None = None,
    ) -> Answer:
        headers = {"Accept": "application/json", "Prefer": f'{_IMMUTABLE}, outlook.timezone="{zone}"'}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if etag is not None:
            headers["If-Match"] = etag
        content = b"" if body is None else json.dumps(body).encode()
        async with self._turns:
            return await self._session.send(Request(method, url, headers, content))
