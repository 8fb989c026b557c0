"""Links to pages that have changed since: other hosts, seats, another zone than the link's hours."""

from typing import Any

import pytest

from tests.installation import Host, Installation
from tests.links import LINK_CREATE, LINK_REVOKE, LINK_UPDATE, made_link, offered, opened, page_id
from tests.radicale import Radicale
from tests.teams import team_of

pytestmark = pytest.mark.anyio

NINE = "2026-03-30T07:00:00Z"
COPIES = """INSERT INTO page_links (organization_id, id, page_id, made_by, token_hash, label, max_uses, used,
  is_bound, starts, revision, created_at, changed_at) SELECT organization_id, gen_random_uuid(), page_id,
  made_by, sha256(number::text::bytea), label, 1, 1, is_bound, starts, revision, created_at, changed_at
  FROM page_links, generate_series(1, 499) AS number"""
DELETE = """mutation ($input: BookingPageDeleteInput!) { bookingPageDelete(input: $input) { __typename } }"""
UPDATE = """mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename } }"""


async def test_who_hosts_a_page_no_more_learns_nothing_of_its_hosts_by_a_link_of_theirs(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Case 171: picked times would say of each host whether they are free. Revoking says nothing."""
    team = await team_of(house, ada, "Bo")
    bo = team.hosts[1]
    await house.connect_calendar(bo, radicale)
    slug = await team.page(assignment="ALL")
    wanted: dict[str, Any] = {"pageId": await page_id(house, ada, slug)}
    made = (await house.ask(LINK_CREATE, bo.token, input=wanted))["pageLinkCreate"]
    link = made["pageLink"]["id"]
    await team.set_hosts(slug, assignment="ONE", hosts=team.seats(ada))

    asked = {"id": link, "starts": [NINE], "offersBusyTimes": True}
    refused = (await house.ask(LINK_UPDATE, bo.token, input=asked))["pageLinkUpdate"]
    by_owner = (await house.ask(LINK_UPDATE, ada.token, input={"id": link, "label": "Bo's"}))[
        "pageLinkUpdate"
    ]
    revoked = (await house.ask(LINK_REVOKE, bo.token, input={"id": link}))["pageLinkRevoke"]

    assert (refused["code"], refused["path"]) == ("NOT_FOUND", ["id"])
    assert by_owner["pageLink"]["label"] == "Bo's"
    assert revoked["pageLink"]["revision"] == 3


async def test_a_link_lasts_as_long_as_its_dates_in_the_zone_of_the_page(
    house: Installation, ada: Host
) -> None:
    """Its own hours are read in another zone, where the last date ends nineteen hours before."""
    slug = await house.page(ada, zone="America/Los_Angeles")
    all_day = [{"days": ["MONDAY", "TUESDAY"], "from": "00:00", "to": "24:00"}]
    hours = {"zone": "Pacific/Auckland", "weekly": all_day}
    dates = {"first": "2026-03-30", "last": "2026-03-30"}

    made = await made_link(house, ada, slug, hours=hours, dates=dates, maxUses=2)
    starts = await offered(house, made["secret"])
    house.clock.turn(hours=75)  # Monday morning at the page, Tuesday morning where the hours are
    booked = await house.book(slug, "2026-03-31T06:30:00Z", link=made["secret"])

    assert (starts[0], starts[-1]) == (NINE, "2026-03-31T06:30:00Z")
    assert made["pageLink"]["endsAt"] == "2026-03-31T07:00:00Z"
    assert booked["__typename"] == "BookingCreatePayload"


async def test_a_page_that_gets_seats_has_its_own_length_and_hours_by_every_link(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    early = [{"days": ["MONDAY"], "from": "05:00", "to": "07:00"}]
    hours = {"zone": "Europe/Berlin", "weekly": early}
    made = await made_link(house, ada, slug, hours=hours, durationMinutes=45)
    page = await page_id(house, ada, slug)

    await house.ask(UPDATE, ada.token, input={"id": page, "kind": "GROUP", "capacity": 3})
    shown = (await opened(house, made["secret"]))["page"]
    refused = await house.book(slug, "2026-03-30T03:00:00Z", link=made["secret"])
    booked = await house.book(slug, NINE, link=made["secret"])

    assert shown["lengthsMinutes"] == [30]
    assert shown["openSlots"]["slots"][0]["start"] == NINE
    assert refused["code"] == "SLOT_NOT_OFFERED"
    assert booked["booking"]["end"] == "2026-03-30T07:30:00Z"


async def test_links_that_open_nothing_leave_room_for_others(house: Installation, ada: Host) -> None:
    """Who makes a link for each invitee has as many open as one may have, however many were used.

    So have links of a page that is gone.
    """
    slug, other = await house.page(ada), await house.page(ada)
    await made_link(house, ada, slug)
    await house.rows_changed(COPIES)

    made = await made_link(house, ada, slug)
    await house.rows_changed("UPDATE page_links SET used = 0")
    refused = await made_link(house, ada, slug)
    await house.ask(DELETE, ada.token, input={"id": await page_id(house, ada, slug)})
    elsewhere = await made_link(house, ada, other)

    assert [one["__typename"] for one in (made, elsewhere)] == ["PageLinkCreatePayload"] * 2
    assert refused["code"] == "INVALID_INPUT"
    assert await house.count("page_links") == 502


async def test_links_go_a_month_after_their_page(house: Installation, ada: Host) -> None:
    """They open nothing any more, and have addresses of strangers in them."""
    slug = await house.page(ada)
    await made_link(house, ada, slug, maxUses=None, email="eve@example.org")
    forget = house.parts.services.page_links.forget_ended

    await house.ask(DELETE, ada.token, input={"id": await page_id(house, ada, slug)})
    await forget()
    before = await house.count("page_links")
    house.clock.turn(days=31)
    await forget()

    assert (before, await house.count("page_links")) == (1, 0)
