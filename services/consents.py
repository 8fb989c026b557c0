"""Connecting an account by its user's consent at the provider, which is asked for in person (R043–R046).

The question belongs to the session that began it: its state is a secret of which only a hash is stored,
good once and for ten minutes. Nobody consents for somebody else, an administrator neither (R080, R098).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.addresses import cleaned
from domain.audit import Act
from domain.calendars import CalendarConnection, ConnectionState, Permission, Provider
from domain.connections import (
    CONSENT_LIFE,
    MAX_LABEL,
    AnotherAccount,
    ConsentUnknown,
    ProviderRefused,
    ProviderUnsupported,
)
from domain.effects import EffectKind
from domain.errors import NotAllowed, NotFound
from domain.ids import ConnectionId
from domain.tokens import TokenKind, token, token_hash, token_kind
from domain.users import Scope, SignedIn, Viewer, in_person, signed_in
from integrations.ports import Consent, Grant, ProviderFailed, RemoteCalendar
from services.access import deed, locked
from services.busy import BusyTimes
from services.calendars import check_room, chosen, made_calendars, own, take_over
from services.connections import Connections, changed, origin, tended
from services.grants import Grants
from services.redeeming import Redeemed, Redeeming
from services.verifiers import url64, verifier_of
from storage.base import new_id
from storage.calendars import Linked, StoredConsent, StoredSecret
from storage.limits import Budget, Limits
from storage.unit import Unit, Units
from storage.vault import Vault

_STARTS = Budget("consent_start", 30, 600)
_FINISHES = Budget("consent_finish", 30, 600)
_MAX_ANSWER = 4096
_STATE_BYTES = 32
_TRIES = 3
_NAMES = {Provider.GOOGLE: "Google", Provider.MICROSOFT: "Microsoft 365", Provider.ZOOM: "Zoom"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a person is to be sent to consent, and until when the answer is waited for."""

    address: str
    ends_at: datetime

    def __repr__(self) -> str:
        return f"Asked({self.ends_at})"


@dataclass(frozen=True, slots=True)
class Registration:
    """Our registration at a provider; none of it is secret."""

    provider: Provider
    client_id: str
    scopes: tuple[str, ...]


class Consents:
    """Begins and finishes connections. `public_url` is where providers send people back to.

    `deadline_s` is for how long a person waits for what a provider makes of their answer.
    """

    def __init__(
        self,
        units: Units,
        connections: Connections,
        grants: Grants,
        busy: BusyTimes,
        vault: Vault,
        limits: Limits,
        random_bytes: Callable[[int], bytes],
        public_url: str,
        deadline_s: float,
    ) -> None:
        self._redeeming = Redeeming(units, connections, grants, deadline_s)
        self._units = units
        self._connections = connections
        self._grants = grants
        self._busy = busy
        self._vault = vault
        self._limits = limits
        self._random_bytes = random_bytes
        self._public_url = public_url.rstrip("/")

    def providers(self, viewer: Viewer) -> list[Registration]:
        """List the providers at which this installation is registered, for who is signed in (R105)."""
        signed_in(viewer, Scope.CALENDARS)
        return [
            Registration(provider, self._grants.port(provider).client_id, self._grants.port(provider).scopes)
            for provider in self._grants.providers
            if self._connections.supports(provider)
        ]

    async def start(
        self, viewer: Viewer, provider_name: str, connection_id: ConnectionId | None = None
    ) -> Asked:
        """Begin to connect an account of the viewer's, or to connect one again.

        Raises ProviderUnsupported, NotFound, NotAllowed, InvalidInput, TooMany.
        """
        asker = in_person(viewer)
        if asker.session_id is None:
            raise NotAllowed
        provider = self._provider(provider_name)
        await self._limits.take(_STARTS, str(asker.user_id))
        state = token(TokenKind.CONSENT, self._random_bytes(_STATE_BYTES))
        consent = Consent(
            redirect_uri=self._redirect(provider),
            state=state,
            nonce=url64(self._random_bytes(_STATE_BYTES)),
            verifier=verifier_of(self._vault, state),
        )
        async with self._units.begin() as unit:
            if connection_id is None:
                await check_room(unit, asker)
            else:
                linked = await own(unit, asker, connection_id, "connectionId")
                if linked.connection.provider is not provider:
                    raise ProviderUnsupported("provider")
                consent = replace(consent, login_hint=linked.username)
            stored = StoredConsent(
                state_hash=token_hash(state),
                organization_id=asker.organization_id,
                user_id=asker.user_id,
                session_id=asker.session_id,
                provider=provider,
                connection_id=connection_id,
                nonce=consent.nonce,
                ends_at=unit.now + CONSENT_LIFE,
            )
            await unit.calendars.grants.ask(stored)
        return Asked(self._grants.port(provider).address(consent), stored.ends_at)

    async def finish(
        self, viewer: Viewer, provider_name: str, state: str, code: str, issuer: str | None = None
    ) -> Linked:
        """Connect the account that a provider's answer leads to, in the session that asked.

        The first connection's own calendars count as busy; the first that can be written to receives
        bookings if none does yet. An account that is connected already is connected again.

        Raises ConsentUnknown (whatever does not fit), ConsentDenied, AnotherAccount, ProviderRefused,
        ProviderUnsupported, InvalidInput, TooMany.
        """
        asker = in_person(viewer)
        provider = self._provider(provider_name)
        await self._limits.take(_FINISHES, str(asker.user_id))
        stored = await self._answered(asker, provider, state)
        port = self._grants.port(provider)
        if not port.is_issuer(issuer) or not 0 < len(code) <= _MAX_ANSWER:
            raise ConsentUnknown("issuer" if not port.is_issuer(issuer) else "code")
        consent = Consent(self._redirect(provider), state, stored.nonce, verifier_of(self._vault, state))
        async with self._units.read() as reading:
            now = reading.now
        try:
            redeemed = await self._redeeming.redeem(stored, code, consent, now)
        except (ProviderFailed, TimeoutError):
            raise ProviderRefused from None
        is_kept = False
        try:
            linked = await self._connected(asker, stored, redeemed)
            is_kept = True
        finally:
            if not is_kept:
                await self._redeeming.leave(stored, redeemed)
        return linked

    async def close(self) -> None:
        """Wait for the exchanges that are under way."""
        await self._redeeming.close()

    async def _answered(self, asker: SignedIn, provider: Provider, state: str) -> StoredConsent:
        is_ours = state.isascii() and token_kind(state) is TokenKind.CONSENT
        if asker.session_id is None or not is_ours:
            raise ConsentUnknown("returnedState")
        async with self._units.begin() as unit:
            stored = await unit.calendars.grants.answered(
                asker.organization_id, token_hash(state), provider, asker.user_id, asker.session_id
            )
        if stored is None:
            raise ConsentUnknown("returnedState")
        return stored

    async def _connected(self, asker: SignedIn, stored: StoredConsent, redeemed: Redeemed) -> Linked:
        grant, found, subject = redeemed.grant, list(redeemed.found), redeemed.subject
        missing = frozenset(Permission) - redeemed.permissions
        if Permission.WRITE_ENTRIES in missing:
            found = [replace(remote, is_writable=False) for remote in found]
        for _ in range(_TRIES):
            known = await self._known(asker, stored, subject)
            connection_id = known.connection.id if known else ConnectionId(new_id())
            version = known.secret_version if known else 0
            sealed = known.secret_sealed if known else None
            if grant.refresh_token is not None:
                # Without a new one, the one that we have stays good.
                version += 1
                sealed = await self._grants.seal(
                    asker.organization_id, connection_id, grant.refresh_token, version
                )
            if sealed is None:
                raise ProviderRefused
            secret = StoredSecret(sealed, version)
            async with self._units.begin() as unit:
                await locked(unit, asker)
                if known is None:
                    linked = await self._open(
                        unit, asker, connection_id, stored, subject, secret, grant, found, missing
                    )
                else:
                    linked = await self._reopen(unit, asker, known, secret, grant, found, missing)
            if linked is not None:
                await self._grants.began(linked.connection, version, grant)
                await self._busy.drop((linked.connection.id,))
                return linked
        raise ProviderRefused

    async def _known(self, asker: SignedIn, stored: StoredConsent, subject: str) -> Linked | None:
        """Find the connection to be opened again: the one that was asked for, or that of the same account."""
        async with self._units.read() as reading:
            if stored.connection_id is None:
                return await reading.calendars.by_subject(
                    asker.organization_id, asker.user_id, stored.provider, subject
                )
            try:
                again = await own(reading, asker, stored.connection_id)
            except NotFound:
                raise ConsentUnknown("returnedState") from None  # ended since it was asked for
        if again.subject != subject:
            raise AnotherAccount
        return again

    async def _open(
        self,
        unit: Unit,
        asker: SignedIn,
        connection_id: ConnectionId,
        stored: StoredConsent,
        subject: str,
        secret: StoredSecret,
        grant: Grant,
        found: list[RemoteCalendar],
        missing: frozenset[Permission],
    ) -> Linked | None:
        """Make a connection; None if the same account was connected meanwhile."""
        provider = stored.provider
        if await unit.calendars.by_subject(asker.organization_id, asker.user_id, provider, subject):
            return None
        await check_room(unit, asker)
        main = next((remote.name for remote in found if remote.is_own), "")
        # Their words, not the person's: whatever they are, a label is made of them.
        label = cleaned((grant.email or main)[: 4 * MAX_LABEL])[:MAX_LABEL] or _NAMES[provider]
        connection = CalendarConnection(
            id=connection_id,
            organization_id=asker.organization_id,
            user_id=asker.user_id,
            provider=provider,
            label=label,
            url=origin(self._connections.api_url(provider)),
            state=ConnectionState.CONNECTED,
            failing_since=None,
            failure=None,
            created_at=unit.now,
            version=1,
            missing=missing,
        )
        await unit.calendars.add(
            connection, grant.email, secret.sealed, secret_version=secret.version, subject=subject
        )
        calendars = chosen(
            made_calendars(connection, found, asker.user.zone),
            has_receiving=bool(await unit.calendars.receiving(asker.organization_id, asker.user_id)),
        )
        await unit.calendars.add_calendars(connection, calendars)
        await _revive_meetings(unit, connection)
        unit.record(await changed(unit, connection), tended(connection, unit.now))
        unit.note(deed(asker, Act.CALENDAR_CONNECTED, connection_id))
        return await own(unit, asker, connection_id)

    async def _reopen(
        self,
        unit: Unit,
        asker: SignedIn,
        known: Linked,
        secret: StoredSecret,
        grant: Grant,
        found: list[RemoteCalendar],
        missing: frozenset[Permission],
    ) -> Linked | None:
        """Put a new grant in the place of an old one; None if that has turned or ended since it was seen."""
        present = await unit.calendars.by_id(asker.organization_id, known.connection.id)
        if present is None or present.secret_sealed != known.secret_sealed:
            return None
        connection = replace(present.connection, missing=missing)
        if not await unit.calendars.reopen(
            connection,
            grant.email or present.username,
            secret.sealed,
            seen_version=connection.version,
            secret_version=secret.version,
        ):
            return None
        await take_over(unit, present, found, asker.user.zone)
        # Entries that could not be written meanwhile are written now.
        await unit.outbox.revive(connection.organization_id, EffectKind.ENTRY, connection.user_id)
        await _revive_meetings(unit, connection)
        unit.record(await changed(unit, connection), tended(connection, unit.now))
        unit.note(deed(asker, Act.CALENDAR_RECONNECTED, connection.id))
        return await own(unit, asker, connection.id)

    def _provider(self, name: str) -> Provider:
        for provider in self._grants.providers:
            if provider.value == name and self._connections.supports(provider):
                return provider
        raise ProviderUnsupported("provider")

    def _redirect(self, provider: Provider) -> str:
        """Give where a provider sends people back to: each has an address of its own (case 50)."""
        return f"{self._public_url}/connect/{provider.value}"


async def _revive_meetings(unit: Unit, connection: CalendarConnection) -> None:
    """Let meetings that a user could not make be made now: an account that was missing is there."""
    await unit.meetings.revive(connection.organization_id, connection.user_id)
    await unit.outbox.revive(connection.organization_id, EffectKind.MEETING, connection.user_id)
