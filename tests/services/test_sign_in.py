"""Signing in and up by a mailed code: what opens a session, and what never does."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import UUID

import pytest

from domain.errors import InvalidInput, NotAllowed, RuleBroken, TooMany, TryAgain
from domain.identity import BadCredentials, HandleTaken, SignUp, SignUpNeeded, WrongCode
from domain.tokens import TokenKind, token_hash, token_kind
from domain.users import Guest, Role, SignedIn
from services.sign_in import OpenedSession
from tests.clock import NOW
from tests.identity import ADA, GUEST, IP, Installation, another_code, installation

pytestmark = pytest.mark.anyio
EMAIL = "ada@example.com"


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation without users."""
    async with installation(database_url, redis_url) as opened:
        yield opened


async def outcome(house: Installation, email: str, code: str) -> type[RuleBroken]:
    with pytest.raises(RuleBroken) as caught:
        await house.sign_in.finish(GUEST, email, code, None)
    return caught.type


async def test_sign_up_founds_an_organization_with_its_owner_and_a_week(house: Installation) -> None:
    opened = await house.sign_up()

    viewer = await house.viewer(opened.token)
    account = await house.users.account(viewer)
    schedules = await house.rows("SELECT user_id, zone, is_default, created_at FROM schedules")
    assert account is not None
    assert (viewer.user.name, viewer.user.handle, viewer.user.role) == (
        "Ada Lovelace",
        "ada-lovelace",
        Role.OWNER,
    )
    assert (viewer.user.email, viewer.user.zone, viewer.user.locale) == (EMAIL, "Europe/London", "en")
    assert (account.organization.name, account.organization.region) == ("Analytical Engines", "eu")
    assert account.organization.is_entitled
    assert schedules == [(viewer.user_id, "Europe/London", True, NOW)]


async def test_first_week_is_monday_to_friday_nine_to_five(house: Installation) -> None:
    opened = await house.sign_up()

    async with house.units.read() as reading:
        (schedule,) = await reading.schedules.of_user(opened.user.organization_id, opened.user.id)
    windows = [(window.weekday, window.start_minute, window.end_minute) for window in schedule.hours.weekly]
    assert windows == [(weekday, 540, 1020) for weekday in range(5)]


async def test_second_sign_in_finds_the_same_user_whatever_it_says_of_itself(house: Installation) -> None:
    """Nothing that a client says changes an identity that exists (case 1)."""
    first = await house.sign_up()
    mallory = SignUp("Mallory", "Mallory and Sons", "Asia/Tokyo", "mallory")

    code = await house.code(EMAIL)
    second = await house.sign_in.finish(GUEST, " ADA@Example.com", code, mallory)

    assert second.user == first.user
    assert second.token != first.token
    assert await house.rows("SELECT count(*) FROM users") == [(1,)]
    assert await house.rows("SELECT count(*) FROM organizations") == [(1,)]


async def test_proved_address_without_a_user_is_asked_to_sign_up_with_the_same_code(
    house: Installation,
) -> None:
    code = await house.code(EMAIL)

    assert await outcome(house, EMAIL, code) is SignUpNeeded
    assert await outcome(house, EMAIL, code) is SignUpNeeded

    opened = await house.sign_in.finish(GUEST, EMAIL, code, ADA)
    assert opened.user.email == EMAIL


async def test_refused_sign_up_leaves_the_code_usable(house: Installation) -> None:
    code = await house.code(EMAIL)

    with pytest.raises(InvalidInput) as caught:
        await house.sign_in.finish(GUEST, EMAIL, code, replace(ADA, zone="Mars/Olympus"))

    assert caught.value.path == ("signUp", "zone")
    assert await house.rows("SELECT count(*) FROM organizations") == [(0,)]
    assert (await house.sign_in.finish(GUEST, EMAIL, code, ADA)).user.zone == "Europe/London"


@pytest.mark.parametrize(
    "handle", ["", "Ada", "a_b", "ä", "a" * 65, "admin", "graphql", "api", "login", "ada\n"]
)
async def test_handle_of_another_form_or_of_ours_is_refused(house: Installation, handle: str) -> None:
    code = await house.code(EMAIL)

    with pytest.raises(InvalidInput) as caught:
        await house.sign_in.finish(GUEST, EMAIL, code, replace(ADA, handle=handle))

    assert caught.value.path == ("signUp", "handle")


async def test_wanted_handle_of_somebody_else_is_refused(house: Installation) -> None:
    await house.sign_up()
    code = await house.code("other@example.com")

    with pytest.raises(HandleTaken) as caught:
        await house.sign_in.finish(GUEST, "other@example.com", code, replace(ADA, handle="ada-lovelace"))

    assert caught.value.path == ("signUp", "handle")
    assert await house.rows("SELECT count(*) FROM organizations") == [(1,)]


async def test_namesakes_get_handles_of_their_own(house: Installation) -> None:
    first = await house.sign_up()
    second = await house.sign_up("other@example.com")
    third = await house.sign_up("taro@example.jp", replace(ADA, name="太郎"))

    assert first.user.handle == "ada-lovelace"
    assert second.user.handle.startswith("ada-lovelace-")
    assert third.user.handle.startswith("host-")


async def test_wrong_code_opens_nothing(house: Installation) -> None:
    code = await house.code(EMAIL)

    assert await outcome(house, EMAIL, another_code(code)) is WrongCode

    assert await house.rows("SELECT count(*) FROM sessions") == [(0,)]


async def test_code_works_once(house: Installation) -> None:
    await house.sign_up()
    code = await house.code(EMAIL)
    await house.sign_in.finish(GUEST, EMAIL, code, None)

    assert await outcome(house, EMAIL, code) is WrongCode


async def test_code_ends_after_ten_minutes(house: Installation) -> None:
    code = await house.code(EMAIL)
    house.clock.turn(minutes=9, seconds=59)
    assert await outcome(house, EMAIL, code) is SignUpNeeded

    house.clock.turn(seconds=1)

    assert await outcome(house, EMAIL, code) is WrongCode


async def test_only_the_newest_code_works(house: Installation) -> None:
    older = await house.code(EMAIL)
    newer = await house.code(EMAIL)

    assert older != newer
    assert await outcome(house, EMAIL, older) is WrongCode
    assert await outcome(house, EMAIL, newer) is SignUpNeeded


async def test_code_works_for_its_own_address_only(house: Installation) -> None:
    code = await house.code(EMAIL)
    await house.code("other@example.com")

    assert await outcome(house, "other@example.com", code) is WrongCode


async def test_after_five_wrong_tries_the_right_code_is_refused_alike(house: Installation) -> None:
    """A locked code answers as a wrong one does (case 8)."""
    code = await house.code(EMAIL)
    wrong = [await outcome(house, EMAIL, another_code(code)) for _ in range(5)]

    assert await outcome(house, EMAIL, code) is WrongCode
    assert wrong == [WrongCode] * 5


@pytest.mark.parametrize("typed", ["{0}{1}", " {0} {1} ", "{0}-{1}"])
async def test_code_may_be_typed_with_gaps(house: Installation, typed: str) -> None:
    code = await house.code(EMAIL)

    assert await outcome(house, EMAIL, typed.format(code[:4], code[4:])) is SignUpNeeded


@pytest.mark.parametrize("typed", ["", "0", "x" * 10_000, "\ud800", "\x00", "1" * 64])
async def test_anything_else_is_a_wrong_code(house: Installation, typed: str) -> None:
    await house.code(EMAIL)

    assert await outcome(house, EMAIL, typed) is WrongCode


async def test_two_who_finish_with_one_code_at_once_open_one_session(house: Installation) -> None:
    code = await house.code(EMAIL)

    results = await asyncio.gather(
        *(house.sign_in.finish(GUEST, EMAIL, code, ADA) for _ in range(4)), return_exceptions=True
    )

    opened = [result for result in results if isinstance(result, OpenedSession)]
    refused = [type(result) for result in results if isinstance(result, Exception)]
    assert (len(opened), refused) == (1, [WrongCode] * 3)
    assert await house.rows("SELECT count(*) FROM sessions") == [(1,)]
    assert await house.rows("SELECT count(*) FROM users") == [(1,)]


async def test_asking_says_and_does_the_same_whether_the_address_is_known(house: Installation) -> None:
    """Nobody learns from asking whether an address is known (case 169)."""
    await house.sign_up()

    await house.sign_in.start(GUEST, EMAIL, "en", None)
    await house.sign_in.start(GUEST, "nobody@example.com", "en", None)

    assert await outcome(house, EMAIL, "00000000") is await outcome(house, "nobody@example.com", "00000000")
    left = await house.rows("SELECT count(*) FROM sign_in_codes WHERE attempts = 1 GROUP BY email")
    assert left == [(1,), (1,)]


async def test_code_is_mailed_once_by_an_effect_of_its_own(house: Installation) -> None:
    await house.sign_in.start(GUEST, EMAIL, "ja-JP", None)

    effects = await house.rows("SELECT kind, organization_id, subject_id, recipient_id, due_at FROM effects")
    codes = await house.rows("SELECT id FROM sign_in_codes")
    code_id = codes[0][0]
    assert effects == [("sign_in_code", UUID(int=0), code_id, code_id, NOW)]
    mail = await house.users.code_for(code_id)
    assert mail is not None
    assert (mail.email, mail.locale, mail.code) == (EMAIL, "ja-JP", await house.mailed(EMAIL))
    assert mail.code not in repr(mail)


async def test_code_that_was_used_or_ended_is_mailed_no_more(house: Installation) -> None:
    code = await house.code(EMAIL)
    ((used,),) = await house.rows("SELECT id FROM sign_in_codes")
    await house.sign_in.finish(GUEST, EMAIL, code, ADA)
    await house.code("other@example.com")
    ((late,),) = await house.rows("SELECT id FROM sign_in_codes WHERE email = 'other@example.com'")
    house.clock.turn(minutes=10)

    assert await house.users.code_for(used) is None
    assert await house.users.code_for(late) is None


async def test_repeat_with_the_same_key_mails_nothing_more(house: Installation) -> None:
    await house.sign_in.start(GUEST, EMAIL, None, "a-key-of-sixteen-characters")
    code = await house.mailed(EMAIL)
    await house.sign_in.start(GUEST, EMAIL, None, "a-key-of-sixteen-characters")

    assert await house.mailed(EMAIL) == code
    assert await house.rows("SELECT count(*) FROM effects") == [(1,)]


async def test_sixth_mail_of_a_day_to_one_address_is_refused(house: Installation) -> None:
    """Nobody's mailbox is flooded through us (case 153)."""
    for number in range(5):
        await house.sign_in.start(Guest(f"198.51.100.{number}"), EMAIL, None, None)

    with pytest.raises(TooMany) as caught:
        await house.sign_in.start(GUEST, EMAIL, None, None)

    assert 0 < caught.value.retry_after_s <= 2 * 86_400
    assert await house.rows("SELECT count(*) FROM effects") == [(5,)]


async def test_one_network_may_ask_for_twenty_codes_an_hour(house: Installation) -> None:
    for number in range(20):
        await house.sign_in.start(Guest(f"2001:db8::{number:x}"), f"u{number}@example.com", None, None)

    with pytest.raises(TooMany):
        await house.sign_in.start(Guest("2001:db8::ffff"), "another@example.com", None, None)

    await house.sign_in.start(Guest("2001:db8:0:1::1"), "another@example.com", None, None)


async def test_sign_in_is_closed_while_redis_is_away(database_url: str) -> None:
    """Budgets of sign-in fail closed (case 187)."""
    async with installation(database_url, "redis://127.0.0.1:1/0") as house:
        with pytest.raises(TryAgain):
            await house.sign_in.start(GUEST, EMAIL, None, None)
        with pytest.raises(TryAgain):
            await house.sign_in.finish(GUEST, EMAIL, "12345678", None)

        assert await house.rows("SELECT count(*) FROM sign_in_codes") == [(0,)]


async def test_disabled_user_gets_no_session(house: Installation) -> None:
    await house.sign_up()
    code = await house.code(EMAIL)
    await house.change("UPDATE users SET is_disabled = true")

    with pytest.raises(NotAllowed):
        await house.sign_in.finish(GUEST, EMAIL, code, None)

    assert await house.rows("SELECT count(*) FROM sessions") == [(1,)]


@pytest.mark.parametrize(
    "email", ["ada", "ada@", "ada@example", "a@b.de, c@d.de", "a@b.de\r\nBcc: x@y.de", "a\x00@b.de"]
)
async def test_address_that_is_not_one_mailbox_is_refused(house: Installation, email: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await house.sign_in.start(GUEST, email, None, None)

    assert caught.value.path == ("email",)
    assert await house.rows("SELECT count(*) FROM sign_in_codes") == [(0,)]


async def test_database_holds_neither_code_nor_token(house: Installation) -> None:
    """Only hashes are stored; of eight digits a keyed one (cases 15 and 76)."""
    code = await house.code(EMAIL)
    opened = await house.sign_in.finish(GUEST, EMAIL, code, ADA)

    stored = await house.rows("SELECT token_hash FROM sessions")
    dump = repr(
        [await house.rows(table) for table in ("TABLE sessions", "TABLE sign_in_codes", "TABLE users")]
    )
    assert stored == [(token_hash(opened.token),)]
    assert opened.token not in dump
    assert code not in dump
    assert token_hash(code).hex() not in dump
    assert opened.token not in repr(opened)
    assert token_kind(opened.token) is TokenKind.SESSION


async def test_session_opens_for_its_token_alone(house: Installation) -> None:
    opened = await house.sign_up()

    by_cookie = await house.users.viewer_of(None, opened.token, IP)

    assert isinstance(by_cookie, SignedIn)
    assert by_cookie.user == opened.user
    with pytest.raises(BadCredentials):
        await house.users.viewer_of(f"Bearer {opened.token[:-1]}", opened.token, IP)


async def test_ended_codes_and_sessions_are_forgotten_after_a_day(house: Installation) -> None:
    await house.sign_up()
    await house.code("stranger@example.com")
    house.clock.turn(days=1, minutes=10)
    await house.users.forget_ended()
    assert await house.rows("SELECT count(*) FROM sign_in_codes") == [(0,)]
    assert await house.rows("SELECT count(*) FROM sessions") == [(1,)]

    house.clock.turn(days=31)
    await house.users.forget_ended()

    assert await house.rows("SELECT count(*) FROM sessions") == [(0,)]
