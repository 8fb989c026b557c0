"""The Redis-protocol client as we use it: typed, bytes in and out, every failure one error.

redis-py's own annotations are partial; the protocols here say what we call, and nothing else is called.
"""

import asyncio
import socket
from collections.abc import Awaitable
from typing import Any, Protocol, Self, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

# What a caller catches when Redis is away or refuses.
RedisFailed = (RedisError, OSError, TimeoutError)

Value = bytes | str | int | float


DEADLINE_S = 0.5  # what is kept in Redis can be found out otherwise, and somebody waits meanwhile


class Pipeline(Protocol):
    """Commands sent together; `execute` answers them in their order."""

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(self, *args: object) -> None:
        """Give the connection back."""
        ...

    def publish(self, channel: str, message: Value) -> object:
        """Queue PUBLISH."""
        ...

    def set(self, name: str, value: Value, *, px: int | None = None) -> object:
        """Queue SET with a time to live in milliseconds."""
        ...

    def get(self, name: str) -> Awaitable[object]:
        """Queue GET; after WATCH and before `multi` it is sent at once and can be awaited."""
        ...

    def incrby(self, name: str, amount: int) -> object:
        """Queue INCRBY."""
        ...

    def pexpire(self, name: str, time: int, *, nx: bool = False) -> object:
        """Queue PEXPIRE in milliseconds, only if the key has no end yet where `nx` is set."""
        ...

    def pttl(self, name: str) -> object:
        """Queue PTTL."""
        ...

    def delete(self, *names: str) -> object:
        """Queue DEL."""
        ...

    async def watch(self, *names: str) -> object:
        """WATCH keys: `execute` fails with WatchError if one of them changed."""
        ...

    def multi(self) -> None:
        """Begin to queue after WATCH."""
        ...

    async def execute(self) -> list[object]:
        """Send what was queued."""
        ...


class PubSub(Protocol):
    """One connection that listens."""

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(self, *args: object) -> None:
        """Give the connection back."""
        ...

    async def subscribe(self, *channels: str) -> None:
        """Listen to channels."""
        ...

    async def unsubscribe(self, *channels: str) -> None:
        """Listen to channels no more."""
        ...

    async def get_message(
        self, *, ignore_subscribe_messages: bool, timeout: float | None
    ) -> dict[str, bytes] | None:
        """Wait for a message, `timeout` seconds at most."""
        ...


class RedisClient(Protocol):
    """A pool of connections. A server that takes longer than `deadline_s` is not waited for (`in_time`)."""

    deadline_s: float

    def pipeline(self, *, transaction: bool) -> Pipeline:
        """Begin a pipeline."""
        ...

    def pubsub(self) -> PubSub:
        """Begin to listen."""
        ...

    async def get(self, name: str) -> bytes | None:
        """GET."""
        ...

    async def getdel(self, name: str) -> bytes | None:
        """GETDEL."""
        ...

    async def mget(self, keys: list[str]) -> list[bytes | None]:
        """MGET, in the order of the keys."""
        ...

    async def set(self, name: str, value: Value, *, px: int | None = None, nx: bool = False) -> bool | None:
        """SET with a time to live in milliseconds; None if `nx` was asked for and the key was there."""
        ...

    async def delete(self, *names: str) -> int:
        """DEL."""
        ...

    async def publish(self, channel: str, message: Value) -> int:
        """PUBLISH."""
        ...

    async def ping(self) -> bool:
        """PING."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


def _watched(url: str) -> dict[str, Any]:
    """Let the system notice, within half a minute, a link that has died without a word (TCP keepalive).

    Whoever only listens sends nothing that would fail. A Unix socket cannot die so.
    """
    if url.startswith("unix:"):
        return {}
    asked = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
    known = {getattr(socket, name): value for name, value in asked.items() if hasattr(socket, name)}
    return {"socket_keepalive": True, "socket_keepalive_options": known}


class _Client(Redis):
    deadline_s: float = DEADLINE_S


def in_time(redis: RedisClient) -> asyncio.Timeout:
    """End with TimeoutError, which is a failure of Redis, what is not done by the client's deadline."""
    return asyncio.timeout(redis.deadline_s)


def connect(url: str, deadline_s: float = DEADLINE_S) -> RedisClient:
    """Make a client for a `redis://`, `rediss://` or `unix://` address; it connects when first used.

    Connecting ends after two seconds. A server that hangs is each caller's to leave: whoever calls knows
    how long its own caller waits, and what a failure means there.
    """
    client = _Client.from_url(  # pyright: ignore[reportUnknownMemberType] -- redis-py types its options as unknown
        url,
        socket_timeout=None,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[RedisConnectionError],
        health_check_interval=15,
        **_watched(url),
    )
    client.deadline_s = deadline_s
    return cast("RedisClient", client)  # the protocol above is the part of redis-py that we use
