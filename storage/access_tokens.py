"""Access tokens in Redis, sealed, for as long as the provider lets them live, and nowhere else (D01, R050).

Nothing here is ever needed: without Redis a token is asked for anew each time.
"""

from domain.calendars import CalendarConnection
from domain.ids import ConnectionId
from storage.base import StorageFailed
from storage.redis import RedisClient, RedisFailed, in_time
from storage.vault import Place, SealBroken, Vault

MAX_LIFE_S = 3600
_MARGIN_S = 60  # a token is not used in its last minute: the call with it would come too late


class AccessTokens:
    """The access token of each connection, bound to the version of the secret that it came from."""

    def __init__(self, redis: RedisClient, vault: Vault) -> None:
        self._redis = redis
        self._vault = vault

    async def find(self, connection: CalendarConnection, secret_version: int) -> str | None:
        """Give the token of a connection; None where there is none that is still good."""
        try:
            async with in_time(self._redis):
                sealed = await self._redis.get(_key(connection.id))
            if sealed is None:
                return None
            return (await self._vault.open(sealed, _place(connection, secret_version))).decode()
        except (*RedisFailed, *StorageFailed, SealBroken):
            return None

    async def keep(
        self, connection: CalendarConnection, secret_version: int, token: str, lasts_s: int
    ) -> None:
        """Keep a token for as long as it lasts, less a margin; an hour at most (R052)."""
        life_s = min(lasts_s, MAX_LIFE_S) - _MARGIN_S
        if life_s <= 0:
            return
        try:
            sealed = await self._vault.seal(token.encode(), _place(connection, secret_version))
            async with in_time(self._redis):
                await self._redis.set(_key(connection.id), sealed, px=life_s * 1000)
        except (*RedisFailed, *StorageFailed, SealBroken):
            return

    async def drop(self, connection_id: ConnectionId) -> None:
        """Forget the token of a connection."""
        try:
            async with in_time(self._redis):
                await self._redis.delete(_key(connection_id))
        except RedisFailed:
            return


def _key(connection_id: ConnectionId) -> str:
    return f"slotgraph:access:{connection_id.hex}"


def _place(connection: CalendarConnection, secret_version: int) -> Place:
    row = (str(connection.id), str(secret_version))
    return Place("redis", "access_token", connection.organization_id, row)
