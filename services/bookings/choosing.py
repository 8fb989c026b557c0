"""Who and what takes a booking: hosts, of whom one took a turn, with the time that they keep; resources."""

from collections.abc import Callable, Collection
from datetime import datetime

from domain.assignment import Assigned, assign
from domain.booking_pages import BookingPage
from domain.bookings import SlotTaken
from domain.ids import ResourceId, UserId
from domain.intervals import minute_of
from domain.slots import Assignment, Slot, chosen
from services.gathered import Gathered, buffers_of

Draw = Callable[[UserId], bytes]


def hosts_of(page: BookingPage) -> tuple[UserId, ...]:
    """Name a page's hosts."""
    return tuple(host.user_id for host in page.hosts)


def locks_of(page: BookingPage) -> tuple[UserId | ResourceId, ...]:
    """Name a page's hosts and the resources of which its bookings take some: all whose time they change."""
    return (*hosts_of(page), *page.resources)


def keeps_hosts(page: BookingPage) -> bool:
    """Say whether a booking of a page stays with its hosts at another time too."""
    return page.rules.assignment is not Assignment.ANY or page.sharing.keeps_host


def choose_resources(
    gathered: Gathered, start: datetime, end: datetime, kept: Collection[ResourceId] = ()
) -> tuple[ResourceId, ...]:
    """Choose what a booking takes of the resources that its page requires, what it has already first.

    To be asked under their locks, as `choose_hosts`. Raises SlotTaken where nothing is left.
    """
    found = chosen(gathered.pools, (minute_of(start), minute_of(end)), kept)
    if found is None:
        raise SlotTaken("start")
    return found


def choose_hosts(gathered: Gathered, slot: Slot, draw: Draw) -> tuple[tuple[UserId, ...], Assigned | None]:
    """Name the hosts who take a slot, the primary first, and how the one of them was chosen who takes turns.

    To be asked under the locks of all the page's hosts, with what was read there.
    """
    page = gathered.page
    if page.rules.assignment is not Assignment.ANY:
        return tuple(slot.hosts), None
    fixed = tuple(host.user_id for host in page.hosts if host.is_fixed)
    free = [host for host in page.hosts if host.user_id in slot.hosts and not host.is_fixed]
    assigned = assign(free, gathered.loads, draw)
    return (*fixed, assigned.host), assigned


def own_buffers(gathered: Gathered) -> dict[UserId, tuple[int, int]]:
    """Say how many minutes each host keeps free before and after a booking: by the page, or own rules."""
    return {time.host: buffers_of(gathered.page, time) for time in gathered.hosts}
