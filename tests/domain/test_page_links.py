"""Links to pages: their terms, their end, and what is theirs of a refusal."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.availability import Hours, WeeklyWindow
from domain.errors import InvalidInput
from domain.ids import OrganizationId, PageId, PageLinkId, UserId
from domain.intervals import instant_of, minute_of
from domain.page_links import (
    Ending,
    LinkEnded,
    LinkSettings,
    PageLink,
    Terms,
    checked_link,
    named,
    starts_of,
)
from domain.slots import (
    DateRange,
    HostTime,
    Refusal,
    RefusalRule,
    RollingDays,
    Rules,
    Unlimited,
    find_slots,
)

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)  # the Friday before Europe's clocks go forward
MAKER, OTHER = UserId(UUID(int=1)), UserId(UUID(int=2))
NINE_TO_FIVE = Hours("Europe/Berlin", tuple(WeeklyWindow(day, 540, 1020) for day in range(5)))
HOUR = timedelta(hours=1)
LINK = PageLink(
    PageLinkId(UUID(int=3)), OrganizationId(UUID(int=4)), PageId(UUID(int=5)), MAKER, LinkSettings(), None, 0,
    1, NOW,
)  # fmt: skip


NO_TERMS = Terms()


def link(terms: Terms = NO_TERMS, **settings: Any) -> PageLink:
    """Make a link."""
    return replace(LINK, settings=LinkSettings(terms=terms, **settings))


@given(
    st.lists(st.integers(0, 6 * 24 * 60), min_size=1, max_size=8, unique=True),
    st.sampled_from([5, 45, 1440]),
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_whoever_picked_times_is_open_then_and_at_no_other_time(
    after: list[int], length: int, zone: str
) -> None:
    """R087: at midnight, at night, when clocks change, whatever hours, notice, window and grid say."""
    starts = tuple(sorted(minute_of(NOW) + each for each in after))
    terms = Terms(length=length, starts=starts)
    page = Rules(30, notice_minutes=60_000, window=RollingDays(0), other_lengths=(60,))
    host = HostTime("maker", terms.hours_of(replace(NINE_TO_FIVE, zone=zone)), ())

    rules = terms.applied_to(page)
    found = find_slots(rules, [host], (starts[0] - 3000, starts[-1] + 3000), NOW)

    assert [(slot.start, slot.end) for slot in found] == [(start, start + length) for start in starts]
    assert rules.lengths == (length,)


def test_terms_that_say_nothing_change_nothing() -> None:
    rules = Rules(30, window=RollingDays(7), other_lengths=(60,))

    assert Terms().applied_to(rules) == rules
    assert Terms().hours_of(NINE_TO_FIVE) == NINE_TO_FIVE


def test_a_length_and_dates_of_a_link_hold_instead_of_the_pages() -> None:
    dates = DateRange(date(2026, 4, 1), date(2026, 4, 2))
    rules = Rules(30, window=RollingDays(7), other_lengths=(60,), notice_minutes=60)

    after = Terms(length=45, dates=dates).applied_to(rules)

    assert (after.lengths, after.interval, after.window, after.notice_minutes) == ((45,), 30, dates, 60)
    assert Terms(starts=(0,)).applied_to(rules).window == Unlimited()


def test_a_link_ends_when_it_is_used_up_or_by_whatever_comes_first() -> None:
    later = link(expires_at=NOW + 2 * HOUR)
    assert (LINK.ending(NOW), LINK.uses_left, later.ends_at) == (None, 1, NOW + 2 * HOUR)

    ended = {
        "used": replace(LINK, used=1),
        "expired": link(expires_at=NOW),
        "over": replace(later, over_at=NOW),
        "revoked": replace(later, revoked_at=NOW),
        "used and over": replace(LINK, used=1, over_at=NOW),
    }

    assert {name: one.ending(NOW) for name, one in ended.items()} == {
        "used": Ending.USED_UP,
        "expired": Ending.OVER,
        "over": Ending.OVER,
        "revoked": Ending.OVER,
        "used and over": Ending.USED_UP,
    }
    assert link(max_uses=None).uses_left is None
    assert replace(link(max_uses=None), used=10_000).ending(NOW) is None
    with pytest.raises(LinkEnded) as caught:
        ended["revoked"].check(NOW)
    assert (caught.value.path, "revoked" in caught.value.message) == (("link",), False)


def test_the_last_slot_says_when_a_link_is_over() -> None:
    """By picked times and their length, or by the last date on the wall of the zone that counts."""

    def over_at(terms: Terms, length: int = 30) -> datetime | None:
        wanted = LinkSettings(terms=terms)
        return checked_link(wanted, None, NOW, length=length, zone="Asia/Tokyo", has_seats=False)[1]

    start = minute_of(NOW + HOUR)
    dates = DateRange(date(2026, 3, 28), date(2026, 3, 29))

    assert over_at(Terms()) is None
    assert over_at(Terms(starts=(start, start + 60))) == NOW + 2.5 * HOUR
    assert over_at(Terms(starts=(start,), length=90)) == NOW + 2.5 * HOUR
    assert over_at(Terms(dates=dates)) == datetime(2026, 3, 29, 15, tzinfo=UTC)
    # The link's hours are elsewhere; its dates are those of the page.
    assert over_at(Terms(dates=dates, hours=NINE_TO_FIVE)) == datetime(2026, 3, 29, 15, tzinfo=UTC)


def test_what_was_set_before_may_be_past_by_now() -> None:
    terms = Terms(starts=(minute_of(NOW - HOUR),))
    before = LinkSettings(label="old", expires_at=NOW - HOUR, terms=terms)

    def check(wanted: LinkSettings, before: LinkSettings | None) -> LinkSettings:
        return checked_link(wanted, before, NOW, length=30, zone="UTC", has_seats=False)[0]

    assert check(replace(before, label=" new "), before).label == "new"
    for wanted in (replace(before, expires_at=None), replace(before, terms=Terms())):
        with pytest.raises(InvalidInput):
            check(wanted, None)


def test_a_page_with_seats_keeps_its_length_and_hours() -> None:
    for terms, path in ((Terms(length=60), "durationMinutes"), (Terms(hours=NINE_TO_FIVE), "hours")):
        with pytest.raises(InvalidInput) as caught:
            checked_link(LinkSettings(terms=terms), None, NOW, length=30, zone="UTC", has_seats=True)
        assert caught.value.path == (path,)


def test_an_address_that_is_bound_is_compared_as_addresses_are() -> None:
    bound = link(email="Grace@example.org", is_bound=True)

    bound.admit("grace@example.org")
    link(email="grace@example.org").admit("eve@example.org")
    with pytest.raises(InvalidInput):
        bound.admit("grace+1@example.org")


def test_what_is_the_links_own_doing_is_named() -> None:
    """X12: another host's hours, and the page's window where the link has no dates, are not."""
    refusals = [
        Refusal(RefusalRule.WINDOW, None, "Window."),
        Refusal(RefusalRule.HOURS, MAKER, "Closed."),
        Refusal(RefusalRule.HOURS, OTHER, "Closed."),
        Refusal(RefusalRule.BUSY, MAKER, "Busy."),
    ]
    terms = Terms(dates=DateRange(date(2026, 4, 1), date(2026, 4, 1)), hours=NINE_TO_FIVE)

    own = named(refusals, link(terms), NOW)
    none = named(refusals, replace(link(), used=1), NOW)

    assert [(refusal.rule, refusal.host) for refusal in own] == [
        (RefusalRule.LINK, None),
        (RefusalRule.LINK, MAKER),
        (RefusalRule.HOURS, OTHER),
        (RefusalRule.BUSY, MAKER),
    ]
    assert none == (Refusal(RefusalRule.LINK, None, "The link is used up."), *refusals)


def test_picked_times_are_put_in_order() -> None:
    times = [NOW + HOUR, NOW, NOW + 2 * HOUR]

    assert [instant_of(start) for start in starts_of(times, "starts")] == sorted(times)
