"""Links that are bound to an address, which a mailed code proves (X21)."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest

from services.sign_in import CODES_PER_ADDRESS
from storage.limits import Take
from tests.calling import code_for
from tests.installation import HOLD, SIGN_IN_FINISH, Host, Installation
from tests.links import LINK_UPDATE, made_link, secret_of

pytestmark = pytest.mark.anyio

NINE, TEN, NOON = (f"2026-03-30T{at}:00:00Z" for at in ("07", "08", "10"))
GRACE = "grace@example.org"
SEND = """mutation ($input: BookingCodeSendInput!) { bookingCodeSend(input: $input) { __typename
  ... on BookingCodeSendPayload { expiresAt } ... on Error { code path } } }"""


async def send(house: Installation, slug: str, link: str, **more: Any) -> dict[str, Any]:
    """Ask for a code; whatever comes of it."""
    return (await house.ask(SEND, input={"slug": slug, "link": link, **more}))["bookingCodeSend"]


async def mailed(house: Installation, slug: str, link: str) -> str:
    """Ask for a code and read it in the mail."""
    assert (await send(house, slug, link))["__typename"] == "BookingCodeSendPayload"
    await house.work()
    found = re.search(r"\b\d{8}\b", house.mails_to(GRACE)[-1].part("text/plain"))
    assert found is not None
    return found[0]


def other_than(code: str) -> str:
    return str((int(code) + 1) % 10**8).zfill(8)


async def test_who_has_the_code_from_the_mail_books_once_by_it(house: Installation, ada: Host) -> None:
    """It is mailed to the link's address alone, and kept through a refusal that has another reason."""
    slug = await house.page(ada)
    link = await secret_of(house, ada, slug, email=GRACE, isBound=True, maxUses=3)
    await house.book(slug, NINE)
    key = str(uuid4())

    sent = await send(house, slug, link, idempotencyKey=key, locale="ja")
    again = await send(house, slug, link, idempotencyKey=key, locale="ja")
    await house.work()
    code = await mailed(house, slug, link)
    needed = await house.book(slug, TEN, link=link)
    wrong = await house.book(slug, TEN, link=link, code=other_than(code))
    taken = await house.book(slug, NINE, link=link, code=code)
    wanted = {"link": link, "code": f" {code[:4]} {code[4:]} ", "idempotencyKey": str(uuid4())}
    booked = await house.book(slug, TEN, **wanted)
    repeated = await house.book(slug, TEN, **wanted)
    used = await house.book(slug, NOON, link=link, code=code)

    assert sent == again == {"__typename": "BookingCodeSendPayload", "expiresAt": "2026-03-27T12:10:00Z"}
    about = [str(mail.summary["subject"]) for mail in house.mails_to(GRACE)]
    assert len([one for one in about if one.endswith("の予約コードです")]) == 1
    assert len([one for one in about if "is your code to book: Intro" in one]) == 1
    assert [(one["code"], one["path"]) for one in (needed, wrong, used)] == [
        ("CODE_NEEDED", ["code"]),
        ("WRONG_CODE", ["code"]),
        ("WRONG_CODE", ["code"]),
    ]
    assert taken["code"] == "SLOT_TAKEN"
    assert booked["__typename"] == "BookingCreatePayload"
    assert repeated["manageToken"] == booked["manageToken"]
    assert await house.count("bookings") == 2


async def test_guesses_age_and_codes_for_something_else_open_nothing(house: Installation, ada: Host) -> None:
    """Five tries, ten minutes, one link; and neither a sign-in by it nor a booking by one that signs in."""
    slug = await house.page(ada)
    bound = {"email": GRACE, "isBound": True, "maxUses": None}
    link, other = [await secret_of(house, ada, slug, **bound) for _ in range(2)]
    free = await secret_of(house, ada, slug, email=GRACE)

    code = await mailed(house, slug, link)
    for_other = await house.book(slug, NINE, link=other, code=code)
    signed_in = await house.ask(SIGN_IN_FINISH, input={"email": GRACE, "code": code})
    of_sign_in = await house.book(slug, NINE, link=link, code=await code_for(house, GRACE))
    guesses = [await house.book(slug, NINE, link=link, code=other_than(code)) for _ in range(4)]
    spent = await house.book(slug, NINE, link=link, code=code)
    fresh = await mailed(house, slug, link)
    house.clock.turn(minutes=10)
    old = await house.book(slug, NINE, link=link, code=fresh)
    newest = await house.book(slug, NINE, link=link, code=await mailed(house, slug, link))
    unbound = await send(house, slug, free)
    # Here budgets are a hundred times larger, and four of this one are spent.
    spent_today = Take(CODES_PER_ADDRESS, (GRACE,), amount=100 * CODES_PER_ADDRESS.size - 4)
    await house.parts.services.limits.take_all(spent_today)
    limited = await send(house, slug, link)

    refused = [for_other, of_sign_in, *guesses, spent, old]
    assert {one["code"] for one in refused} == {"WRONG_CODE"}
    assert signed_in["signInFinish"]["code"] == "WRONG_CODE"
    assert newest["__typename"] == "BookingCreatePayload"
    assert (unbound["code"], unbound["path"]) == ("INVALID_INPUT", ["link"])
    assert limited["__typename"] == "RateLimitedError"
    assert await house.count("bookings") == 1


async def test_a_code_is_good_for_one_booking_whoever_is_first_and_for_the_address_of_now(
    house: Installation, ada: Host
) -> None:
    """Two at once, by a hold too; and none that was mailed before the link was bound to somebody else."""
    slug = await house.page(ada)
    made = await made_link(house, ada, slug, email=GRACE, isBound=True, maxUses=None)
    link, id_ = made["secret"], made["pageLink"]["id"]
    code = await mailed(house, slug, link)
    given = {"slug": slug, "start": NINE, "link": link, "idempotencyKey": str(uuid4())}
    held = (await house.ask(HOLD, input=given))["holdCreate"]["hold"]

    bare = await house.book(slug, NINE, link=link, hold=held["token"])
    first, second = await asyncio.gather(
        house.book(slug, NINE, link=link, hold=held["token"], code=code),
        house.book(slug, NOON, link=link, code=code),
    )
    old = await mailed(house, slug, link)
    changed = await house.ask(LINK_UPDATE, ada.token, input={"id": id_, "email": "mallory@example.org"})
    late = [
        await house.book(
            slug,
            TEN,
            link=link,
            code=old,
            invitee={"name": "Grace", "email": whose, "zone": "UTC"},
        )
        for whose in (GRACE, "mallory@example.org")
    ]

    assert bare["code"] == "CODE_NEEDED"
    assert sorted(one.get("code", "") for one in (first, second)) == ["", "WRONG_CODE"]
    assert changed["pageLinkUpdate"]["__typename"] == "PageLinkUpdatePayload"
    assert [one["code"] for one in late] == ["INVALID_INPUT", "WRONG_CODE"]
    confirmed = await house.rows("SELECT count(*) FROM bookings WHERE state = 'confirmed'")
    assert [tuple(row) for row in confirmed] == [(1,)]
