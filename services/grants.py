"""Access tokens on demand: found in Redis, or renewed once for all who need one (D04, R053–R055, R18).

Nothing renews by a timer. A refresh token that turns is stored before the access token that came with it
is used. No transaction is held while the provider is asked: a claim on the connection's row, which ends
by itself, keeps other processes away.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from domain.calendars import CalendarConnection, Provider
from domain.ids import ConnectionId, OrganizationId
from integrations.ports import Grant, OAuthPort, Permanent, ProviderFailed, Revoked, Secret, Transient
from storage.access_tokens import AccessTokens
from storage.base import StorageFailed, new_id
from storage.calendars import Linked, StoredEnding, StoredSecret
from storage.sealed import ENDINGS, SECRETS, SealedColumn
from storage.unit import Units
from storage.vault import Place, SealBroken, Vault

RENEWING = "renewing"
_DEADLINE_S = 8.0
_CLAIM = timedelta(seconds=15)  # longer than the deadline
_PATIENCE_S = 3.0
_LOOK_S = 0.05


class Grants:
    """The grants of all connections. One for each process: it knows the renewals that are under way."""

    def __init__(
        self,
        units: Units,
        vault: Vault,
        ports: Mapping[Provider, OAuthPort],
        tokens: AccessTokens,
        clock: Callable[[], datetime],
    ) -> None:
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
        await self._tokens.keep(connection, version, grant.access_token.reveal(), grant.lasts_s)

    async def access(self, linked: Linked, *, refused: Secret | None = None) -> Secret:
        """Give an access token for a connection; another one than `refused`.

        Raises Revoked where the grant is over, Transient where nobody can say now, Permanent where the
        fault is ours. To be called outside units.
        """
        connection, version = linked.connection, linked.secret_version
        found = await self._tokens.find(connection, version)
        if found is not None and (refused is None or found != refused.reveal()):
            return Secret(found)
        if refused is not None:
            await self._tokens.drop(connection.id)
        key = (connection.id, version)
        renewal = self._renewals.get(key)
        if renewal is None:
            renewal = asyncio.create_task(self._renew(linked, refused))
            self._renewals[key] = renewal
            renewal.add_done_callback(lambda _: self._renewals.pop(key, None))
        # Who stops waiting does not stop the renewal: a token that turned must be stored.
        return await asyncio.shield(renewal)

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
        turned: StoredSecret | None = None
        version = claimed.version
        try:
            # Somebody may have renewed between our look and our claim.
            found = await self._tokens.find(connection, version)
            if found is not None and (refused is None or found != refused.reveal()):
                return Secret(found)
            token = await self._opened(connection, claimed)
            grant = await self.port(connection.provider).renew(token, deadline_s=_DEADLINE_S)
            if grant.refresh_token is not None:
                version += 1
                sealed = await self.seal(
                    connection.organization_id, connection.id, grant.refresh_token, version
                )
                turned = StoredSecret(sealed, version)
        finally:
            async with self._units.begin() as unit:
                is_stored = await unit.calendars.grants.end_renewal(connection, claim_id, turned)
        if not is_stored:
            # Ended meanwhile, or taken over: what we got is nobody's to use.
            raise Transient(RENEWING)
        await self._tokens.keep(connection, version, grant.access_token.reveal(), grant.lasts_s)
        return grant.access_token

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

    async def prepare_ending(self, linked: Linked) -> StoredEnding | None:
        """Make what lets a grant be ended at its provider once its connection has ended here.

        None where there is no grant that could be ended. To be called outside units.
        """
        connection = linked.connection
        if linked.secret_sealed is None:
            return None
        try:
            token = await self._opened(connection, StoredSecret(linked.secret_sealed, linked.secret_version))
        except Revoked:
            return None
        ending_id = new_id()
        sealed = await self._vault.seal(
            token.reveal().encode(), _place(ENDINGS, connection.organization_id, ending_id)
        )
        return StoredEnding(connection.organization_id, ending_id, connection.provider, sealed)

    async def ended_here(self, connection_id: ConnectionId) -> None:
        """Forget the access token of a connection that has ended."""
        await self._tokens.drop(connection_id)

    async def end(self, organization_id: OrganizationId, ending_id: UUID) -> str | None:
        """End a grant at its provider; say why nothing was to be done. Raises ProviderFailed."""
        async with self._units.read() as reading:
            ending = await reading.calendars.grants.ending(organization_id, ending_id)
        if ending is None:
            return "gone"
        reason = None
        try:
            token = await self._vault.open(ending.secret_sealed, _place(ENDINGS, organization_id, ending_id))
            if not await self.port(ending.provider).revoke(Secret(token.decode())):
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

    async def forget_ended(self) -> None:
        """Delete what nobody can use any more."""
        async with self._units.begin() as unit:
            await unit.calendars.grants.forget_ended()


def _place(column: SealedColumn, organization_id: OrganizationId, row_id: UUID) -> Place:
    return Place(column.table, column.name, organization_id, (str(row_id),))
