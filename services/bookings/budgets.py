"""How often a visitor may hold and book: honest use never meets these (R15 of the security file)."""

from domain.users import Guest, Viewer
from storage.limits import Budget, WhenAway

HOLDS_PER_IP = Budget("holds", 60, per_seconds=600, when_away=WhenAway.OPEN_LOCAL)
# A page cannot be emptied by holds: so many of one visitor live at once, at most (case 152).
HOLDS_PER_PAGE = Budget("holds-page", 6, per_seconds=300, when_away=WhenAway.OPEN_LOCAL)
BOOKINGS_PER_IP = Budget("bookings", 40, per_seconds=600, when_away=WhenAway.OPEN_LOCAL)
BOOKINGS_PER_ADDRESS = Budget("bookings-address", 20, per_seconds=86400, when_away=WhenAway.OPEN_LOCAL)
WAITS_PER_IP = Budget("waits", 20, per_seconds=600, when_away=WhenAway.OPEN_LOCAL)
WAITS_PER_ADDRESS = Budget("waits-address", 20, per_seconds=86400, when_away=WhenAway.OPEN_LOCAL)
CHANGES_PER_IP = Budget("changes", 60, per_seconds=600, when_away=WhenAway.OPEN_LOCAL)
LINKS_PER_IP = Budget("links", 20, per_seconds=600, when_away=WhenAway.OPEN_LOCAL)
LINKS_PER_ADDRESS = Budget("links-address", 4, per_seconds=3600, when_away=WhenAway.OPEN_LOCAL)


def visitor(viewer: Viewer) -> str:
    """Say by whom a visitor's doings are counted."""
    return viewer.ip if isinstance(viewer, Guest) else str(viewer.actor.id)
