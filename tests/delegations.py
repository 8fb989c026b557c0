"""Delegations of a world: between which colleagues they are, and what works with them."""

from typing import Any

from tests.installation import Installation


def calls_of_delegation(ids: dict[str, list[str]], ends_at: str) -> dict[str, dict[str, Any]]:
    """Give what works with delegations: of four the host has given two, and received two."""
    member, (given, pending, asked, declined) = ids["User"], ids["Delegation"]
    terms: dict[str, Any] = {"scopes": ["PAGES", "BOOKINGS"], "endsAt": ends_at}
    return {
        "delegationUpdate": {"id": given, **terms, "isCopied": True},
        "delegationAccept": {"id": asked},
        "delegationDecline": {"id": declined},
        "delegationEnd": {"id": pending},
        "delegationInvite": {
            **terms,
            "memberId": member[-1],
            "principalId": member[0],
            "isCopied": False,
        },
    }


async def delegated(house: Installation, principal: str, delegate: str, *, is_accepted: bool = False) -> None:
    """Let one colleague be asked to act for another, and accept; both by their addresses."""
    await house.rows_changed(
        "INSERT INTO delegations (organization_id, id, principal_id, address, given_by, scopes, is_copied,"
        " created_at, answer_until, delegate_id, accepted_at) SELECT p.organization_id, gen_random_uuid(),"
        " p.id, d.email, p.id, '{pages,bookings,availability}', false, d.created_at,"
        " d.created_at + interval '14 days', CASE WHEN :accepted THEN d.id END,"
        " CASE WHEN :accepted THEN d.created_at END FROM users p, users d"
        " WHERE p.email = :principal AND d.email = :delegate",
        principal=principal,
        delegate=delegate,
        accepted=is_accepted,
    )
