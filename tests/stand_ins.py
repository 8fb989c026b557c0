"""Absences of a world and who stands in for them: what works with them, and two of a colleague's."""

from typing import Any

from tests.installation import Host, Installation


def calls_of_absences(ids: dict[str, list[str]], dates: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give what works with absences: two are the host's own, two a colleague's who asks them."""
    own, last, agreed, declined = ids["Absence"]
    return {
        "absenceCreate": {**dates, "standInId": ids["User"][1]},
        "absenceStandInSet": {"id": own, "standInId": ids["User"][1]},
        "absenceDelete": {"id": last},
        "standInAccept": {"absenceId": agreed, "pageId": ids["BookingPage"][0]},
        "standInDecline": {"absenceId": declined},
    }


async def absent(house: Installation, host: Host, *, colleague: str) -> None:
    """Let a colleague be away twice and have the host asked to stand in."""
    await house.rows_changed(
        "INSERT INTO absences (organization_id, id, user_id, first_date, last_date, zone, reason, created_at,"
        " stand_in_id, stand_in_state) SELECT c.organization_id, gen_random_uuid(), c.id,"
        " date '2026-08-01' + n, date '2026-09-01', 'UTC', 'other', c.created_at, h.id, 'asked'"
        " FROM users c, users h, generate_series(1, 2) AS n WHERE c.email = :colleague AND h.email = :host",
        colleague=colleague,
        host=host.email,
    )
