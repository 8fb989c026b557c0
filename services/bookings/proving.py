"""Proving that an address is the invitee's, by a code mailed to it, where a link is bound to one (X21)."""

from datetime import datetime
from uuid import UUID

from domain.booking_pages import BookingPage
from domain.effects import Effect, EffectKind
from domain.errors import InvalidInput
from domain.identity import (
    CODE_LIFE,
    DEFAULT_LOCALE,
    CodeNeeded,
    CodeProof,
    WrongCode,
    checked_locale,
    checked_repeat_key,
    typed_code,
)
from domain.users import Viewer
from services.booking_pages import checked
from services.bookings.desk import Desk
from services.sign_in import (
    CODES_IN_ALL,
    CODES_PER_ADDRESS,
    CODES_PER_NETWORK,
    TRIES_PER_NETWORK,
    code_of,
    hash_of_code,
    id_of_code,
    proved,
)
from storage.limits import Limits, Take
from storage.unit import Unit
from storage.vault import Vault


class Proving:
    """Mails codes and compares them; a code is for one link, and signs nobody in."""

    def __init__(self, desk: Desk, limits: Limits, vault: Vault) -> None:
        self._desk = desk
        self._limits = limits
        self._vault = vault

    async def send(
        self, viewer: Viewer, slug: str, link: str, locale: str | None, idempotency_key: str | None
    ) -> datetime:
        """Mail a code to the address that a link is bound to, and say until when it works.

        It is mailed there and nowhere else, whoever asks; a repeat with the same key mails none. Raises
        NotFound, LinkEnded, TooMany, TryAgain while budgets cannot be counted, and InvalidInput where the
        link is bound to nobody.
        """
        language = checked_locale(locale or DEFAULT_LOCALE, "locale")
        key = None if idempotency_key is None else checked_repeat_key(idempotency_key, "idempotencyKey")
        page = await self._desk.open_page(slug, link)
        checked(page, self._desk.clock())
        address = page.link.bound_to if page.link else None
        if address is None:
            raise InvalidInput("This link needs no code.", "link")
        await self._limits.take_all(
            Take(CODES_PER_ADDRESS, (address,)),
            Take(CODES_PER_NETWORK, (viewer.ip,)),
            Take(CODES_IN_ALL, ()),
        )
        code_id = id_of_code(self._vault, f"{page.link_id} {address}", key)
        async with self._desk.units.begin() as unit:
            proof = CodeProof(
                id=code_id,
                email=address,
                locale=language,
                code_hash=hash_of_code(self._vault, code_id, code_of(self._vault, code_id)),
                expires_at=unit.now + CODE_LIFE,
                tries=0,
                link_id=page.link_id,
            )
            if await unit.users.codes.replace(proof):
                kind = EffectKind.BOOKING_CODE
                unit.follow([Effect(kind, page.organization_id, code_id, 0, code_id, unit.now)])
        return proof.expires_at

    async def check(self, viewer: Viewer, page: BookingPage, code: str | None) -> UUID | None:
        """Name the code that proves the address to which the page's link is bound; None where it is to none.

        It is not used up: the booking does that. Raises CodeNeeded for none, WrongCode, which uses up a try,
        and TooMany.
        """
        address = page.link.bound_to if page.link else None
        if address is None:
            return None
        if not code:
            raise CodeNeeded("code")
        await self._limits.take(TRIES_PER_NETWORK, viewer.ip)
        async with self._desk.units.begin() as unit:
            proof = await proved(unit, self._vault, address, typed_code(code), page.link_id)
        if proof is None:
            raise WrongCode("code")
        return proof.id


async def use_code(unit: Unit, code_id: UUID | None) -> None:
    """Use a code up with the booking that it proves; WrongCode where another was first."""
    if code_id is not None and not await unit.users.codes.consume(code_id):
        raise WrongCode("code")
