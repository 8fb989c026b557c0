"""Use cases of the accounts of one address: see them all, and go over to another one (ADR-0015).

All of them are one person's only as far as that person has proved the address by a mailed code: the word of
an issuer opens the account that is linked there, and no other (case 55).
"""

from collections.abc import Callable

from domain.errors import NotFound
from domain.identity import AddressProof, Session
from domain.ids import UserId
from domain.members import AccountOf, AddressUnproved
from domain.organizations import Regions
from domain.users import SignedIn, User, Viewer, in_person
from services.access import session_of
from services.sign_in import EVERYWHERE, OpenedSession, account_to_open, open_session
from storage.unit import Reading, Units


class Accounts:
    """The accounts of whoever asks."""

    def __init__(
        self, units: Units, random_bytes: Callable[[int], bytes], regions: Regions = EVERYWHERE
    ) -> None:
        self._units = units
        self._random_bytes = random_bytes
        self._regions = regions

    async def listed(self, viewer: Viewer) -> list[AccountOf]:
        """List the accounts that the session that asks can go over to, and its own, the last used first.

        Only its own where the address was not proved by a mailed code, and for an API key.
        """
        if not isinstance(viewer, SignedIn):
            return []
        async with self._units.read() as unit:
            session = await session_of(unit, viewer) if viewer.session_id else None
            accounts = await _accounts(unit, viewer, session)
            homes = await unit.organizations.by_ids([account.organization_id for account in accounts])
        return [AccountOf(account, homes[account.organization_id].name) for account in accounts]

    async def switch(self, viewer: Viewer, user_id: UserId) -> OpenedSession:
        """Open a session for another account of the same address; the one that asks goes on.

        It is no fresher and lives no longer than that one. AddressUnproved, NotFound, WrongRegion.
        """
        asker = in_person(viewer)
        async with self._units.begin() as unit:
            session = await session_of(unit, asker)
            if session.proof is not AddressProof.MAIL:
                raise AddressUnproved
            accounts = await _accounts(unit, asker, session)
            wanted = [account for account in accounts if account.id == user_id]
            if not wanted:
                raise NotFound("accountId")
            opened = await account_to_open(unit, wanted, self._regions)
            return await open_session(unit, opened, self._random_bytes, session.proof, like=session)


async def _accounts(unit: Reading, asker: SignedIn, session: Session | None) -> list[User]:
    if session is None or session.proof is not AddressProof.MAIL:
        return [asker.user]
    return [account for account in await unit.users.accounts(asker.user.email) if not account.is_disabled]
