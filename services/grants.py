"""Access tokens on demand: found in Redis, or renewed once for all who need one (D04, R053–R055, R18).

Nothing renews by a timer. A refresh token that turns is stored before the access token that came with it
is used. No transaction is held while the provider is asked: a claim on the connection's row, which ends
by itself, keeps other processes away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import orjson

from domain.calendars import CalendarConnection, Provider
from domain.effects import Effect, EffectKind
from domain.events import EventKind, Happened
from domain.ids import ConnectionId, OrganizationId
from integrations.ports import (
    Account,
    Grant,
    OAuthPort,
    Permanent,
    ProviderFailed,
    Revoked,
    Secret,
    Transient,
    Watch,
    WatchPort,
)
from storage.access_tokens import AccessTokens
from storage.base import StorageFailed, new_id
from storage.calendars import Linked, StoredEnding, StoredSecret, StoredWatch
from storage.failpoints import Failpoint, reach
from storage.sealed import ENDINGS, SECRETS, SealedColumn
from storage.unit import Unit, Units
from storage.vault import Place, SealBroken, Vault

RENEWING = "renewing"
CONNECTED_AGAIN = "connected_again"
_DEADLINE_S = 8.0
_CLAIM = timedelta(seconds=15)  # longer than the deadline
_PATIENCE_S = 3.0
_LOOK_S = 0.05
_PAUSES_S = (0.2, 0.5, 1.0, 2.0)  # between tries to store what turned

Ended = Callable[[Linked, Revoked], Awaitable[None]]
"""Notes that the grant of a connection is over."""


class Grants:
    """The grants of all connections. One for each process: it knows the renewals that are under way.

    `watch_ports` and `api_urls` are for the watches that end with a grant.
    """

    def __init__(
        self,
        units: Units,
        vault: Vault,
        ports: Mapping[Provider, OAuthPort],
        tokens: AccessTokens,
        clock: Callable[[], datetime],
        watch_ports: Mapping[Provider, WatchPort] = MappingProxyType({}),
        api_urls: Mapping[Provider, str] = MappingProxyType({}),
    ) -> None:
        self._watch_ports = watch_ports
        self._api_urls = api_urls
        self._units = units
        self._vault = vault
        self._ports = ports
        self._tokens = tokens
        self._clock = clock
        self._renewals: dict[tuple[ConnectionId, int], asyncio.Task[Secret]] = {}

    def port(self, provider: Provider) -> OAuthPort:
        """Give the port to a provider's authorization server; Permanent where there is none."""
        port = self._ports.get(provider)
        if port is None:
            raise Permanent("provider_unsupported")
        return port

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The providers that this installation is registered with."""
        return tuple(self._ports)

    async def seal(
        self,
        organization_id: OrganizationId,
        connection_id: ConnectionId,
        refresh_token: Secret,
        version: int,
    ) -> bytes:
        """Seal a refresh token for its row, with its version: an older one put back does not open."""
        secret = orjson.dumps({"refresh_token": refresh_token.reveal(), "version": version})
        return await self._vault.seal(secret, _place(SECRETS, organization_id, connection_id))

    async def began(self, connection: CalendarConnection, version: int, grant: Grant) -> None:
        """Keep the access token that came with a new grant."""
        await self._keep(connection, version, grant)

    async def access(
        self, linked: Linked, *, refused: Secret | None = None, ended: Ended | None = None
    ) -> Secret:
        """Give an access token for a connection; another one than `refused`.

        Raises Revoked where the grant is over, Transient where nobody can say now, Permanent where the
        fault is ours. `ended` is told of the first, though whoever asked has gone. To be called outside
        units.
        """
        connection, version = linked.connection, linked.secret_version
        found = await self._tokens.find(connection, version)
        if found is not None:
            if refused is None or found != refused.reveal():
                return Secret(found)
            # Only the one that was refused: under another version there may be its successor.
            await self._tokens.drop(connection.id)
        key = (connection.id, version)
        renewal = self._renewals.get(key)
        if renewal is None:
            renewal = asyncio.create_task(self._renew_and_tell(linked, refused, ended))
            self._renewals[key] = renewal

            def over(done: asyncio.Task[Secret]) -> None:
                del self._renewals[key]
                _ = done.cancelled() or done.exception()  # looked at, though nobody waits any more

            renewal.add_done_callback(over)
        # Who stops waiting does not stop the renewal: a token that turned must be stored.
        token = await asyncio.shield(renewal)
        if token == refused:
            raise Transient(RENEWING)  # begun by somebody who did not know that it was refused
        return token

    async def close(self) -> None:
        """Wait for the renewals that are under way: what turns must be stored before a process ends."""
        if self._renewals:
            await asyncio.wait(list(self._renewals.values()), timeout=_CLAIM.total_seconds())

    async def _renew_and_tell(self, linked: Linked, refused: Secret | None, ended: Ended | None) -> Secret:
        try:
            return await self._renew(linked, refused)
        except Revoked as revoked:
            if ended is not None:
                await ended(linked, revoked)
            raise

    async def _renew(self, linked: Linked, refused: Secret | None) -> Secret:
        connection = linked.connection
        claim_id = new_id()
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_S
        while True:
            async with self._units.begin() as unit:
                claimed = await unit.calendars.grants.claim_renewal(connection, claim_id, _CLAIM)
                present = (
                    None if claimed else await unit.calendars.by_id(connection.organization_id, connection.id)
                )
            if claimed is not None:
                return await self._renew_claimed(linked, claimed, claim_id, refused)
            if present is None or not present.is_usable:
                raise Revoked("disconnected")
            found = await self._tokens.find(connection, present.secret_version)
            if found is not None and (refused is None or found != refused.reveal()):
                return Secret(found)
            if loop.time() >= until:
                raise Transient(RENEWING)
            await asyncio.sleep(_LOOK_S)

    async def _renew_claimed(
        self, linked: Linked, claimed: StoredSecret, claim_id: UUID, refused: Secret | None
    ) -> Secret:
        connection = linked.connection
        grant: Grant | None = None
        refusal: Revoked | None = None
        try:
            # Somebody may have renewed between our look and our claim.
            found = await self._tokens.find(connection, claimed.version)
            if found is not None and (refused is None or found != refused.reveal()):
                return Secret(found)
            token = await self._opened(connection, claimed)
            grant = await self.port(connection.provider).renew(token, deadline_s=_DEADLINE_S)
            reach(Failpoint.AFTER_RENEWAL)
        except Revoked as revoked:
            refusal = revoked
        finally:
            version = await self._given_back(connection, claimed, claim_id, grant)
        if version is None:
            # Ended meanwhile, or another secret stands there: neither a yes nor a no to ours counts.
            if grant is not None and grant.refresh_token is not None:
                await self._end_unstored(linked, grant.refresh_token)
            raise Transient(RENEWING)
        if grant is None:
            raise refusal or Transient(RENEWING)
        await self._keep(connection, version, grant)
        return grant.access_token

    async def _given_back(
        self, connection: CalendarConnection, claimed: StoredSecret, claim_id: UUID, grant: Grant | None
    ) -> int | None:
        """Store the refresh token that turned, if one did, and give the claim back.

        Gives the version of the secret that stands then; None if it does not follow the claimed one.
        A token that turned is tried to be stored several times: there is no other that is good.
        """
        token = grant.refresh_token if grant else None
        turned: StoredSecret | None = None
        for pause_s in (*_PAUSES_S, None):
            try:
                if token is not None and turned is None:
                    version = claimed.version + 1
                    sealed = await self.seal(connection.organization_id, connection.id, token, version)
                    turned = StoredSecret(sealed, version)
                async with self._units.begin() as unit:
                    is_next = await unit.calendars.grants.end_renewal(
                        connection, claim_id, claimed.version, turned
                    )
            except StorageFailed:
                if token is None or pause_s is None:
                    raise
                await asyncio.sleep(pause_s)
            else:
                return (turned or claimed).version if is_next else None
        return None

    async def _keep(self, connection: CalendarConnection, version: int, grant: Grant) -> None:
        await self._tokens.keep(connection, version, grant.access_token.reveal(), grant.lasts_s)
        # Whoever ends a connection drops its token afterwards: that may just have been before ours came.
        try:
            async with self._units.read() as reading:
                present = await reading.calendars.by_id(connection.organization_id, connection.id)
        except StorageFailed:
            present = None
        if present is None or present.secret_sealed is None:
            await self._tokens.drop(connection.id)

    async def _end_unstored(self, linked: Linked, token: Secret) -> None:
        """End a grant whose newest token came when its connection had ended: the provider knows no other."""
        connection = linked.connection
        ending = await self._ending(linked, token)
        async with self._units.begin() as unit:
            present = await unit.calendars.by_id(connection.organization_id, connection.id)
            if present is None or present.secret_sealed is None:
                changed = Happened(
                    EventKind.CONNECTION_CHANGED, connection.organization_id, hosts=(connection.user_id,)
                )
                unit.record(changed, [await end_later(unit, ending)])

    async def _opened(self, connection: CalendarConnection, claimed: StoredSecret) -> Secret:
        try:
            opened = await self._vault.open(
                claimed.sealed, _place(SECRETS, connection.organization_id, connection.id)
            )
        except StorageFailed:
            raise Transient("keys_away") from None
        except SealBroken:
            raise Revoked("secret_unreadable") from None
        document = orjson.loads(opened)
        if document.get("version") != claimed.version:
            raise Revoked("secret_unreadable")
        return Secret(document["refresh_token"])

    async def prepare_ending(
        self, linked: Linked, watches: Iterable[StoredWatch] = ()
    ) -> StoredEnding | None:
        """Make what lets a grant be ended at its provider once its connection has ended here.

        Its watches are stopped before, while that can still be asked for. None where there is no grant
        that could be ended. To be called outside units.
        """
        connection = linked.connection
        if linked.secret_sealed is None:
            return None
        try:
            token = await self._opened(connection, StoredSecret(linked.secret_sealed, linked.secret_version))
        except Revoked:
            return None
        return await self._ending(linked, token, watches)

    async def prepare_unused(
        self, organization_id: OrganizationId, provider: Provider, token: Secret, subject: str | None
    ) -> StoredEnding:
        """Make what lets a grant be ended that no connection came of. To be called outside units."""
        return await self._sealed_ending(organization_id, provider, token, subject)

    async def _ending(
        self, linked: Linked, token: Secret, watches: Iterable[StoredWatch] = ()
    ) -> StoredEnding:
        connection = linked.connection
        known = [
            (watch.remote_id, watch.resource_id, watch.ends_at)
            for watch in watches
            if watch.remote_id is not None and watch.ends_at is not None
        ]
        return await self._sealed_ending(
            connection.organization_id, connection.provider, token, linked.subject, known
        )

    async def _sealed_ending(
        self,
        organization_id: OrganizationId,
        provider: Provider,
        token: Secret,
        subject: str | None,
        watches: Sequence[tuple[str, str | None, datetime]] = (),
    ) -> StoredEnding:
        ending_id = new_id()
        sealed = await self._vault.seal(
            orjson.dumps({"refresh_token": token.reveal(), "watches": watches, "subject": subject}),
            _place(ENDINGS, organization_id, ending_id),
        )
        return StoredEnding(organization_id, ending_id, provider, sealed)

    async def ended_here(self, connection_id: ConnectionId) -> None:
        """Forget the access token of a connection that has ended."""
        await self._tokens.drop(connection_id)

    async def end(self, organization_id: OrganizationId, ending_id: UUID) -> str | None:
        """End a grant at its provider; say why nothing was to be done. Raises ProviderFailed.

        An account that is connected again by now, or is in another organization (case 63), keeps its
        grant: providers end all that an account gave us by any one token of it.
        """
        async with self._units.read() as reading:
            ending = await reading.calendars.grants.ending(organization_id, ending_id)
        if ending is None:
            return "gone"
        reason = None
        try:
            place = _place(ENDINGS, organization_id, ending_id)
            document = orjson.loads(await self._vault.open(ending.secret_sealed, place))
            token = Secret(document["refresh_token"])
            await self._stop_watches(ending, document["watches"], token)
            if await self._is_connected(ending, document.get("subject")):
                reason = CONNECTED_AGAIN
            elif not await self.port(ending.provider).revoke(token):
                reason = "no_revocation"
        except SealBroken:
            reason = "secret_unreadable"
        except StorageFailed:
            raise Transient("keys_away") from None
        except Transient:
            raise
        except ProviderFailed as failure:
            reason = failure.reason  # the provider has said its word; the token goes all the same
        async with self._units.begin() as unit:
            await unit.calendars.grants.ended(organization_id, ending_id)
        return reason

    async def _is_connected(self, ending: StoredEnding, subject: str | None) -> bool:
        async with self._units.read() as reading:
            return subject is not None and await reading.calendars.grants.is_connected(
                ending.provider, subject
            )

    async def _stop_watches(
        self, ending: StoredEnding, watches: Sequence[tuple[str, str | None, str]], token: Secret
    ) -> None:
        """Stop the watches of a grant that ends (R112); raises Transient where that is to be tried again.

        A refresh token that turns by this is not stored: of the providers that are watched, the older
        one stays good too.
        """
        port = self._watch_ports.get(ending.provider)
        if port is None or not watches:
            return
        try:
            grant = await self.port(ending.provider).renew(token, deadline_s=_DEADLINE_S)
            account = Account(ending.provider, self._api_urls[ending.provider], "", grant.access_token)
            for remote_id, resource_id, ends_at in watches:
                await port.stop(account, Watch(remote_id, resource_id, datetime.fromisoformat(ends_at)))
        except Transient:
            raise
        except ProviderFailed:
            return  # who took the grant away has ended them too, and else they end by themselves

    async def forget_ended(self) -> None:
        """Delete what nobody can use any more."""
        async with self._units.begin() as unit:
            await unit.calendars.grants.forget_ended()


async def end_later(unit: Unit, ending: StoredEnding, after: timedelta = timedelta(0)) -> Effect:
    """Note a grant that is to be ended at its provider; the effect, to be recorded, ends it."""
    await unit.calendars.grants.add_ending(ending)
    return Effect(EffectKind.END_GRANT, ending.organization_id, ending.id, 0, ending.id, unit.now + after)


def _place(column: SealedColumn, organization_id: OrganizationId, row_id: UUID) -> Place:
    return Place(column.table, column.name, organization_id, (str(row_id),))
