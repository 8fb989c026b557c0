"""One-time tickets of WebSocket connections: they live in Redis for seconds and open one session once."""

import hmac
from uuid import UUID

from domain.errors import TryAgain
from domain.identity import TICKET_LIFE
from domain.ids import SessionId
from storage.redis import RedisClient, RedisFailed, in_time
from storage.vault import Vault

_ID_BYTES = 16


class Tickets:
    """Tickets by the hash of their token, marked by the vault: who writes into Redis makes no ticket."""

    def __init__(self, redis: RedisClient, vault: Vault) -> None:
        self._redis = redis
        self._vault = vault

    async def put(self, token_hash: bytes, session_id: SessionId) -> None:
        """Keep a ticket for 30 seconds; TryAgain while Redis is away."""
        life_ms = int(TICKET_LIFE.total_seconds() * 1000)
        try:
            async with in_time(self._redis):
                await self._redis.set(_key(token_hash), self._marked(token_hash, session_id), px=life_ms)
        except RedisFailed:
            raise TryAgain from None

    async def take(self, token_hash: bytes) -> SessionId | None:
        """Take a ticket out: whoever comes second, or too late, gets None; TryAgain while Redis is away."""
        try:
            async with in_time(self._redis):
                found = await self._redis.getdel(_key(token_hash))
        except RedisFailed:
            raise TryAgain from None
        if found is None or len(found) < _ID_BYTES:
            return None
        session_id = SessionId(UUID(bytes=found[:_ID_BYTES]))
        return session_id if hmac.compare_digest(found, self._marked(token_hash, session_id)) else None

    def _marked(self, token_hash: bytes, session_id: SessionId) -> bytes:
        return session_id.bytes + self._vault.token_bytes("ticket", token_hash.hex(), session_id.hex)


def _key(token_hash: bytes) -> str:
    return f"slotgraph:ticket:{token_hash.hex()}"
