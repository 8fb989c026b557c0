"""Which calendars of a host count on a page: each host's own choice, which nobody else's change undoes."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.booking_pages import BookingPage, PageHost
from domain.errors import InvalidInput
from domain.ids import CalendarId, OrganizationId, PageId, UserId
from domain.page_hosts import MAX_COUNTED, TeamSettings, with_counted, with_team
from domain.page_settings import PageSettings, new_page, settings_of, with_settings
from domain.slots import Assignment
from tests.clock import NOW

PEOPLE = [UserId(UUID(int=number)) for number in range(1, 5)]
CALENDARS = [CalendarId(UUID(int=number)) for number in range(10, 13)]
choices = st.none() | st.sets(st.sampled_from(CALENDARS), min_size=1)


def page_of(*hosts: UserId) -> BookingPage:
    page = new_page(
        PageId(UUID(int=5)), OrganizationId(UUID(int=6)), PEOPLE[0], PageSettings("intro", "Intro", 30), NOW
    )
    return with_team(page, team(*hosts), NOW)


def team(*hosts: UserId) -> TeamSettings:
    return TeamSettings(Assignment.ALL, tuple(PageHost(host, None) for host in hosts))


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), choices), max_size=8), st.permutations(PEOPLE))
def test_last_choice_of_each_host_holds_whatever_the_owner_changes(
    said: list[tuple[UserId, set[CalendarId] | None]], order: list[UserId]
) -> None:
    """R080: of those who stay; who comes back has said nothing."""
    page = page_of(*PEOPLE)
    for host, calendars in said:
        page = with_counted(page, host, calendars)

    changed = with_settings(page, replace(settings_of(page), name="Hello"))
    changed = with_team(changed, team(*order[:2]), NOW)
    back = with_team(changed, team(*order), NOW)

    last = {host: frozenset(calendars) if calendars else None for host, calendars in said}
    assert {host.user_id: host.counted for host in changed.hosts} == {
        host: last.get(host) for host in order[:2]
    }
    assert [back.counted_of(host) for host in order[2:]] == [None, None]


@pytest.mark.parametrize("count", [0, MAX_COUNTED + 1])
def test_choice_is_of_one_calendar_at_least_and_of_so_many_at_most(count: int) -> None:
    """D06: nobody is free for want of a calendar."""
    page = page_of(PEOPLE[0])
    with pytest.raises(InvalidInput) as refused:
        with_counted(page, PEOPLE[0], [CalendarId(UUID(int=100 + number)) for number in range(count)])

    assert refused.value.path == ("calendarIds",)
    most = [CalendarId(UUID(int=100 + number)) for number in range(MAX_COUNTED)]
    assert with_counted(page, PEOPLE[0], most).counted_of(PEOPLE[0]) == frozenset(most)
