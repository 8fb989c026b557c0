"""Which calendar takes over where the one that received bookings is gone."""

from uuid import UUID

from domain.calendars import Calendar, next_to_receive
from domain.ids import CalendarId, ConnectionId


def calendar(number: int, position: int, *, is_writable: bool = True) -> Calendar:
    """Make a calendar; in what order they are listed says nothing."""
    return Calendar(
        id=CalendarId(UUID(int=number)),
        connection_id=ConnectionId(UUID(int=0)),
        remote_url=f"https://dav.example.com/{number}/",
        name="Work",
        zone="UTC",
        counts_as_busy=True,
        receives_bookings=False,
        is_writable=is_writable,
        position=position,
    )


def test_first_in_its_providers_order_of_the_oldest_connection_that_can_takes_over() -> None:
    """Case 65."""
    only_read = [calendar(1, 0, is_writable=False)]
    oldest = [calendar(2, 2), calendar(3, 1), calendar(4, 0, is_writable=False)]
    newest = [calendar(5, 0)]

    assert next_to_receive([only_read, oldest, newest]) == oldest[1]
    assert next_to_receive([newest, oldest]) == newest[0]
    assert next_to_receive([only_read, []]) is None
