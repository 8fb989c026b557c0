"""States of live feeds in Redis, by revision: from them a client that comes back learns what it missed.

The revision of a feed grows by one with each change of its slots, over all processes. An epoch names one
unbroken row of revisions: a cursor of another epoch is answered with the full state.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from redis.exceptions import WatchError

from storage.redis import RedisClient, RedisFailed, in_time

_HEAD_MS = 6 * 3600 * 1000
_STATE_MS = 15 * 60 * 1000
_TRIES = 8
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)  # counted from here, revisions fit GraphQL's Int until 2094

Column = tuple[int, int, int | None]
"""A slot as it is kept: start and end in UTC minutes, seats left where the page has seats."""
Rows = tuple[tuple[int | str | None, ...], ...]
"""What a feed keeps of a state: slots, which everybody may see, or digests of what only some may."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A point in a feed's row of revisions."""

    epoch: str
    number: int

    def cursor(self, feed: str) -> str:
        """Spell the point as a cursor of a feed."""
        raw = orjson.dumps([1, _name(feed), self.epoch, self.number])
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def revision_of(cursor: str, feed: str) -> Revision | None:
    """Read a cursor; None for one of another feed, or that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        version, name, epoch, number = orjson.loads(raw)
    except (binascii.Error, ValueError, TypeError):
        return None
    if version != 1 or name != _name(feed) or not isinstance(epoch, str) or not isinstance(number, int):
        return None
    return Revision(epoch, number)


def _name(feed: str) -> str:
    return hashlib.sha256(feed.encode()).hexdigest()[:24]


class Snapshots:
    """Keeps the states of feeds for a quarter of an hour."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def keep(self, feed: str, rows: Rows, now: datetime, *, is_known: bool = True) -> Revision | None:
        """Note a feed's present state; the same state keeps its revision. None if Redis is away.

        Whether the calendars behind it are known is a part of the state. The first revision of an
        epoch is the second in which it began, so that numbers only ever grow.
        """
        body = orjson.dumps(rows)
        digest = hashlib.sha256(body if is_known else body + b"?").hexdigest()
        head = f"slotgraph:feed:{_name(feed)}"
        try:
            for _ in range(_TRIES):
                async with (
                    in_time(self._redis),
                    self._redis.pipeline(transaction=True) as pipe,
                ):
                    await pipe.watch(head)
                    revision, known = _head(await pipe.get(head), now)
                    if known != digest:
                        revision = Revision(revision.epoch, revision.number + 1)
                    pipe.multi()
                    pipe.set(head, orjson.dumps([revision.epoch, revision.number, digest]), px=_HEAD_MS)
                    pipe.set(f"{head}:{revision.epoch}:{revision.number}", body, px=_STATE_MS)
                    try:
                        await pipe.execute()
                    except WatchError:
                        continue
                    return revision
        except RedisFailed:
            return None
        return None

    async def at(self, feed: str, revision: Revision) -> tuple[tuple[Any, ...], ...] | None:
        """Give a feed's state at a revision, if it is still kept."""
        try:
            async with in_time(self._redis):
                body = await self._redis.get(
                    f"slotgraph:feed:{_name(feed)}:{revision.epoch}:{revision.number}"
                )
        except RedisFailed:
            return None
        return tuple(map(tuple, orjson.loads(body))) if body else None


def _head(raw: object, now: datetime) -> tuple[Revision, str]:
    if not isinstance(raw, bytes):
        return Revision(secrets.token_hex(6), int((now - _BEGINNING).total_seconds())), ""
    epoch, number, digest = orjson.loads(raw)
    return Revision(epoch, number), digest
