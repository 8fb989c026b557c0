"""Who takes a booking: the hosts of a slot, of whom one took a turn, and the time that each keeps free."""

from collections.abc import Callable

from domain.assignment import Assigned, assign
from domain.booking_pages import BookingPage
from domain.ids import UserId
from domain.slots import Assignment, Slot
from services.gathered import Gathered, buffers_of

Draw = Callable[[UserId], bytes]


def hosts_of(page: BookingPage) -> tuple[UserId, ...]:
    """Name a page's hosts."""
    return tuple(host.user_id for host in page.hosts)


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
