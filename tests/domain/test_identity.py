"""Identity: how handles, codes and lives are read and made."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.identity import (
    RESERVED_HANDLES,
    Session,
    checked_handle,
    checked_locale,
    handle_from,
    sign_in_code,
    typed_code,
)
from domain.ids import OrganizationId, SessionId, UserId
from domain.organizations import Organization, Plan, organization_name

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
NIL = UUID(int=0)


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("Ada Lovelace", "ada-lovelace"),
        ("  Zoë  O'Brien-Müller ", "zoe-o-brien-muller"),
        ("太郎", None),
        ("Admin", None),
        ("--", None),
        ("x" * 200, "x" * 48),
    ],
)
def test_handle_is_made_of_a_name(name: str, handle: str | None) -> None:
    assert handle_from(name) == handle


@given(st.text(max_size=200))
def test_handle_that_we_make_is_one_that_we_take(name: str) -> None:
    handle = handle_from(name) or "host-1"

    assert checked_handle(handle) == handle


@pytest.mark.parametrize("handle", sorted(RESERVED_HANDLES))
def test_reserved_handle_is_refused(handle: str) -> None:
    with pytest.raises(InvalidInput):
        checked_handle(handle, "handle")


@given(st.binary(min_size=20, max_size=20))
def test_code_has_eight_digits_and_is_read_as_it_was_written(secret: bytes) -> None:
    code = sign_in_code(secret)

    assert (len(code), code.isascii(), code.isdigit()) == (8, True, True)
    assert typed_code(f" {code[:4]} {code[4:]}\n") == code


@pytest.mark.parametrize(
    ("typed", "code"), [("１２３４５６７８", "12345678"), ("٣٤", ""), ("", ""), ("1" * 100_000, "1" * 64)]
)
def test_code_is_read_as_people_type_it(typed: str, code: str) -> None:
    assert typed_code(typed) == code


@pytest.mark.parametrize("locale", ["en", "ja-JP", "zh-Hant-TW", "de"])
def test_language_tag_is_a_locale(locale: str) -> None:
    assert checked_locale(locale) == locale


@pytest.mark.parametrize("locale", ["", "e", "en_GB", "en-", "en\n", "en-GB-" + "x" * 40])
def test_anything_else_is_no_locale(locale: str) -> None:
    with pytest.raises(InvalidInput):
        checked_locale(locale)


@pytest.mark.parametrize(
    ("used_days_ago", "expires_in_s", "is_live"), [(13.9, 1, True), (14, 1, False), (0, 0, False)]
)
def test_session_ends_by_age_and_by_disuse(used_days_ago: float, expires_in_s: int, is_live: bool) -> None:
    session = Session(
        SessionId(NIL),
        UserId(NIL),
        created_at=NOW,
        used_at=NOW - timedelta(days=used_days_ago),
        expires_at=NOW + timedelta(seconds=expires_in_s),
    )

    assert session.is_live(NOW) is is_live


@pytest.mark.parametrize(
    ("plan", "is_entitled"),
    [(Plan.BASIC, False), (Plan.PRO, False), (Plan.BUSINESS, True), (Plan.ENTERPRISE, True)],
)
def test_scheduling_is_included_from_business_upward(plan: Plan, is_entitled: bool) -> None:
    """Entitlement by plan (R019, D19)."""
    assert Organization(OrganizationId(NIL), "A", "eu", plan, NOW).is_entitled is is_entitled


def test_organization_has_a_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        organization_name(" \u200b ", "name")

    assert caught.value.path == ("name",)
