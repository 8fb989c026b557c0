"""Who was sent to a page by a routing form: what they hand on when they book, and what is noted of it."""

from domain.booking_pages import BookingPage
from domain.errors import NotFound
from domain.ids import InviteeId
from domain.tokens import TokenKind, token_hash, token_kind
from storage.unit import Unit, Units


async def check_routed(units: Units, page: BookingPage, secret: str | None) -> None:
    """Let go on who was sent to this page, or does not say so; NotFound for every other secret."""
    if secret is None:
        return
    if token_kind(secret) is TokenKind.SUBMISSION:
        async with units.at_once() as reading:
            if await reading.submissions.is_of_page(token_hash(secret), page):
                return
    raise NotFound("submission")


async def note_routed(unit: Unit, page: BookingPage, secret: str | None, invitee_id: InviteeId) -> None:
    """Note that who was sent to the page has booked; the seat is stored. The first booking counts alone."""
    if secret is not None:
        await unit.submissions.book(token_hash(secret), page, invitee_id)


def by_submission(secret: str | None) -> tuple[str, ...]:
    """Say of a request by what submission it is; of one by none, nothing."""
    return () if secret is None else ("submission", secret)
