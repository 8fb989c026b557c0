"""Delegation by its rules: what may be given, and where it stands by deeds and by the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.delegation import (
    ANSWER_WITHIN,
    MAX_LIFE,
    Delegation,
    DelegationState,
    DelegationTerms,
    checked_terms,
)
from domain.errors import InvalidInput, NotAllowed
from domain.ids import DelegationId, OrganizationId, UserId
from domain.users import Acting, DelegationScope, Role, Scope, SignedIn, User, in_person, signed_in

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
BOOKINGS = frozenset({DelegationScope.BOOKINGS})
OFFERED = Delegation(
    DelegationId(UUID(int=1)), OrganizationId(UUID(int=2)), UserId(UUID(int=3)), "grace@example.com",
    UserId(UUID(int=3)), DelegationTerms(BOOKINGS), NOW, NOW + ANSWER_WITHIN,
)  # fmt: skip
ACCEPTED = replace(OFFERED, delegate_id=UserId(UUID(int=4)), accepted_at=NOW)
SCOPES = st.frozensets(st.sampled_from(DelegationScope))


def somebody(number: int) -> User:
    return User(
        UserId(UUID(int=number)), OrganizationId(UUID(int=2)), f"u{number}@example.com", "U", f"u{number}",
        "UTC", "en", Role.OWNER, shares_availability=True, is_disabled=False, created_at=NOW,
    )  # fmt: skip


@given(
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.booleans(),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=40)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=40)),
)
@settings(max_examples=50)
def test_it_ends_by_whatever_comes_first_and_never_begins_again(
    passed: timedelta, is_accepted: bool, ends: timedelta | None, ended: timedelta | None
) -> None:
    now = NOW + passed
    by_deed = NOW + ended if ended is not None and ended <= passed else None
    terms = DelegationTerms(BOOKINGS, None if ends is None else NOW + ends)
    delegation = replace(ACCEPTED if is_accepted else OFFERED, terms=terms, ended_at=by_deed)

    stands = by_deed is None and (ends is None or passed < ends) and (is_accepted or passed < ANSWER_WITHIN)
    wanted = DelegationState.ACTIVE if is_accepted else DelegationState.INVITED
    assert delegation.state(now) is (wanted if stands else DelegationState.ENDED)
    later = delegation.state(now + timedelta(days=1))
    assert later is DelegationState.ENDED or stands


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (DelegationTerms(frozenset()), "scopes"),
        (DelegationTerms(BOOKINGS, NOW), "endsAt"),
        (DelegationTerms(BOOKINGS, NOW + MAX_LIFE + timedelta(seconds=1)), "endsAt"),
        (DelegationTerms(frozenset({DelegationScope.PAGES}), None, is_copied=True), "isCopied"),
    ],
)
def test_terms_that_allow_nothing_end_before_or_tell_too_much_are_refused(
    terms: DelegationTerms, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_terms(terms, NOW)

    assert refused.value.path == (field,)


def test_terms_may_end_within_ten_years_and_copy_bookings() -> None:
    terms = DelegationTerms(BOOKINGS, NOW + MAX_LIFE, is_copied=True)

    assert checked_terms(terms, NOW) == terms


@given(SCOPES, SCOPES, st.sampled_from(Scope))
@settings(max_examples=50)
def test_a_delegate_is_let_in_by_a_scope_that_was_named_and_by_no_other_way(
    has: frozenset[DelegationScope], named: frozenset[DelegationScope], scope: Scope
) -> None:
    """Case 32: what names no scope of delegates lets none in, whatever scope a key would need for it."""
    delegate = SignedIn(somebody(4), frozenset(Scope), None, None, "")
    acting = SignedIn(
        somebody(3), frozenset(Scope), None, None, "", Acting(DelegationId(UUID(int=1)), delegate, has)
    )

    try:
        is_let_in = signed_in(acting, scope, *named) is acting
    except NotAllowed:
        is_let_in = False

    assert is_let_in is bool(has & named)
    assert (acting.user_id, acting.actor.id) == (somebody(3).id, somebody(4).id)
    with pytest.raises(NotAllowed):
        in_person(acting)
