"""Links to pages over the API: their uses, terms, address and end; pages that only links open."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from domain.tokens import TokenKind, token
from services.page_links import OPENINGS_PER_IP
from storage.limits import Take
from tests.installation import BOOK, CANCEL, HOLD, OPEN_SLOTS, RESCHEDULE, Host, Installation, booking
from tests.links import (
    BY_LINK,
    EXPLAIN,
    FOLLOW_LINK,
    LINK_CREATE,
    LINK_REVOKE,
    LINK_UPDATE,
    LINKS,
    WINDOW,
    held,
    made_link,
    offered,
    opened,
    page_id,
    secret_of,
)
from tests.radicale import Radicale
from tests.teams import team_of

pytestmark = pytest.mark.anyio

NINE, HALF_PAST, TEN, ELEVEN = (f"2026-03-30T{at}:00Z" for at in ("07:00", "07:30", "08:00", "09:00"))
MONDAY = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
BOOKINGS = "{ bookings { nodes { id version state } } }"
CANCEL_BY_HOST = """mutation ($input: BookingCancelByHostInput!) { bookingCancelByHost(input: $input) {
  __typename ... on BookingPayload { booking { state } } } }"""
BY_HOST = """mutation ($input: BookingRescheduleByHostInput!) { bookingRescheduleByHost(input: $input) {
  __typename ... on BookingPayload { booking { start } } ... on Error { code } } }"""
DECLINE = "mutation ($input: BookingDeclineInput!) { bookingDecline(input: $input) { __typename } }"
PROFILE = "query ($handle: String!) { profile(handle: $handle) { pages { slug } } }"
SECRET_PAGE = """mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) {
  ... on BookingPageUpdatePayload { bookingPage { isSecret } } } }"""
ENDED = {"__typename": "LinkEndedError", "code": "LINK_ENDED", "path": ["link"]}


async def cancel_as_host(house: Installation, host: Host) -> None:
    """Cancel the first of a host's bookings that stands."""
    nodes = (await house.ask(BOOKINGS, host.token))["bookings"]["nodes"]
    first = next(node["id"] for node in nodes if node["state"] == "CONFIRMED")
    await house.ask(CANCEL_BY_HOST, host.token, input={"id": first})


async def uses(house: Installation) -> list[tuple[int, int | None]]:
    """Read how often each link was used, and how often it may be."""
    return [(used, most) for used, most in await house.rows("SELECT used, max_uses FROM page_links")]


def said(answer: Any) -> dict[str, Any]:
    """Give of an error what does not depend on its words."""
    return {key: value for key, value in answer.items() if key in ENDED}


async def test_a_link_is_good_for_one_booking_whoever_has_it(house: Installation, ada: Host) -> None:
    """Case 28: used at commit, not when it is opened; a repeat is answered; its end shows nothing."""
    slug = await house.page(ada)
    secret = await secret_of(house, ada, slug)
    wanted = booking(slug, NINE, link=secret)

    first, again = await opened(house, secret), await opened(house, secret)
    booked, repeated = [(await house.ask(BOOK, input=wanted))["bookingCreate"] for _ in range(2)]
    refused = await house.book(slug, TEN, link=secret)
    unasked = await house.book(slug, TEN, link=secret, durationMinutes=77)
    on_hold = (await house.ask(HOLD, input=held(slug, TEN, link=secret)))["holdCreate"]
    shown = await opened(house, secret)

    assert first == again
    assert (first["usesLeft"], first["page"]["slug"]) == (1, slug)
    assert booked["__typename"] == "BookingCreatePayload"
    assert repeated == booked
    assert [said(answer) for answer in (refused, unasked, on_hold, shown)] == [ENDED] * 4
    assert shown["ending"] == "USED_UP"
    assert set(shown) == {*ENDED, "message", "ending"}
    assert await uses(house) == [(1, 1)]
    assert await house.count("bookings") == 1


async def test_of_many_who_race_by_one_link_as_many_book_as_it_has_uses(
    house: Installation, ada: Host
) -> None:
    """Case 28: twenty at once, each at a time of their own, by a link of one use and by one of three."""
    slug = await house.page(ada, durationMinutes=15)
    once, thrice = await secret_of(house, ada, slug), await secret_of(house, ada, slug, maxUses=3)
    times = [datetime(2026, 3, 30, 7, tzinfo=UTC) + timedelta(minutes=15 * number) for number in range(20)]

    came = [
        await asyncio.gather(
            *(house.book(slug, (time + later).strftime("%Y-%m-%dT%H:%M:%SZ"), link=secret) for time in times)
        )
        for secret, later in ((once, timedelta(0)), (thrice, timedelta(days=1)))
    ]

    kinds = [sorted(answer["__typename"] for answer in answers) for answers in came]
    assert kinds == [["BookingCreatePayload"] * most + ["LinkEndedError"] * (20 - most) for most in (1, 3)]
    assert sorted(await uses(house)) == [(1, 1), (3, 3)]
    assert await house.count("bookings") == 4


async def test_the_hosts_cancellation_gives_the_use_back_and_the_invitees_does_not(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    secret = await secret_of(house, ada, slug)
    await house.book(slug, NINE, link=secret)

    await cancel_as_host(house, ada)
    by_host = (await opened(house, secret))["usesLeft"]
    again = await house.book(slug, NINE, link=secret)
    await house.ask(CANCEL, input={"token": again["manageToken"]})
    by_invitee = await opened(house, secret)

    assert by_host == 1
    assert said(by_invitee) == ENDED
    assert await uses(house) == [(1, 1)]


async def test_a_request_that_is_declined_gives_the_use_back(house: Installation, ada: Host) -> None:
    slug = await house.page(ada, approvalMinutes=600)
    secret = await secret_of(house, ada, slug)
    await house.book(slug, NINE, link=secret)
    waiting = await opened(house, secret)

    nodes = (await house.ask(BOOKINGS, ada.token))["bookings"]["nodes"]
    await house.ask(DECLINE, ada.token, input={"id": nodes[0]["id"], "reason": "Ill"})

    assert said(waiting) == ENDED
    assert (await opened(house, secret))["usesLeft"] == 1


async def test_a_hold_by_a_link_is_booked_by_that_link_alone(house: Installation, ada: Host) -> None:
    """A hold uses nothing up: whoever holds many times still books once."""
    slug = await house.page(ada)
    secret, other = await secret_of(house, ada, slug), await secret_of(house, ada, slug, label="other")
    holds = [
        (await house.ask(HOLD, input=held(slug, start, link=secret)))["holdCreate"]["hold"]["token"]
        for start in (NINE, TEN)
    ]

    without = await house.book(slug, NINE, hold=holds[0])
    by_other = await house.book(slug, NINE, hold=holds[0], link=other)
    booked = await house.book(slug, NINE, hold=holds[0], link=secret)
    second = await house.book(slug, TEN, hold=holds[1], link=secret)

    assert [without["code"], by_other["code"]] == ["HOLD_EXPIRED"] * 2
    assert booked["__typename"] == "BookingCreatePayload"
    assert said(second) == ENDED


async def test_a_link_has_a_length_dates_and_hours_of_its_own(house: Installation, ada: Host) -> None:
    """X21, M63: slots, booking and the invitee's moves are the link's; the host moves as the page says."""
    slug = await house.page(ada, otherLengthsMinutes=[60], seriesUpTo=3)
    evening = {"zone": "Europe/Berlin", "weekly": [{"days": ["TUESDAY"], "from": "18:00", "to": "19:30"}]}
    made = await made_link(
        house,
        ada,
        slug,
        durationMinutes=45,
        hours=evening,
        dates={"first": "2026-03-30", "last": "2026-04-07"},
    )
    page, link, secret = await page_id(house, ada, slug), made["pageLink"]["id"], made["secret"]

    starts = await offered(house, secret)
    lengths = (await opened(house, secret))["page"]["lengthsMinutes"]
    booked = await house.book(slug, starts[0], link=secret)
    moves = [
        (await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": start}))
        for start in (NINE, "2026-04-07T16:30:00Z")
    ]
    nodes = (await house.ask(BOOKINGS, ada.token))["bookings"]["nodes"]
    by_host = await house.ask(BY_HOST, ada.token, input={"id": nodes[0]["id"], "start": NINE})
    told = [
        (await house.ask(EXPLAIN, ada.token, page=page, start=start, link=link))["explainSlot"]
        for start in (TEN, "2026-04-14T16:00:00Z")
    ]

    assert starts == [
        "2026-03-31T16:00:00Z",
        "2026-03-31T16:30:00Z",
        "2026-04-07T16:00:00Z",
        "2026-04-07T16:30:00Z",
    ]
    assert lengths == [45]
    assert (booked["booking"]["start"], booked["booking"]["end"]) == (starts[0], "2026-03-31T16:45:00Z")
    assert moves[0]["bookingReschedule"]["code"] == "SLOT_NOT_OFFERED"
    assert moves[1]["bookingReschedule"]["booking"]["end"] == "2026-04-07T17:15:00Z"
    assert by_host["bookingRescheduleByHost"]["booking"]["start"] == NINE
    assert made["pageLink"]["endsAt"] == "2026-04-07T22:00:00Z"
    assert [[(one["rule"], one["detail"][:19]) for one in each["refusals"]] for each in told] == [
        [("LINK", "The link is used up"), ("LINK", "By the link's hours")],
        [("LINK", "The link is used up"), ("LINK", "By the link's dates")],
    ]


async def test_a_link_may_be_for_one_address_alone(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    secret = await secret_of(house, ada, slug, email="grace@EXAMPLE.org", isBound=True)
    stranger = {"name": "Eve", "email": "eve@example.org", "zone": "UTC"}

    shown = await opened(house, secret)
    refused = await house.book(slug, NINE, link=secret, invitee=stranger)
    unproved = await house.book(slug, NINE, link=secret)

    assert (shown["email"], shown["isBound"]) == ("grace@example.org", True)
    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["invitee", "email"])
    assert (unproved["code"], unproved["path"]) == ("CODE_NEEDED", ["code"])


async def test_a_secret_page_is_opened_by_its_links_alone(house: Installation, ada: Host) -> None:
    """Cases 28 and 30: its public link is as unknown as any; a link opens its own page and no other."""
    slug, other = await house.page(ada), await house.page(ada)
    page = await page_id(house, ada, slug)
    secret = await secret_of(house, ada, slug, maxUses=None)
    await house.ask(SECRET_PAGE, ada.token, input={"id": page, "isSecret": True})

    by_slug = await house.ask(OPEN_SLOTS, slug=slug, window=MONDAY)
    profile = await house.ask(PROFILE, handle=ada.handle)
    unlinked, elsewhere = await house.book(slug, NINE), await house.book(other, NINE, link=secret)
    held_by_slug = (await house.ask(HOLD, input=held(slug, NINE)))["holdCreate"]
    booked = await house.book(slug, NINE, link=secret)
    unknown = token(TokenKind.PAGE_LINK, b"a link that nobody was sent!!!!!")
    wrong = [await opened(house, text) for text in (unknown, "sgl_x", booked["manageToken"])]
    refused = await house.book(slug, TEN, link=unknown)

    assert by_slug["bookingPage"] is None
    assert [shown["slug"] for shown in profile["profile"]["pages"]] == [other]
    assert [(answer["code"], answer["path"]) for answer in (unlinked, elsewhere, refused, held_by_slug)] == [
        ("NOT_FOUND", ["slug"]),
        ("NOT_FOUND", ["link"]),
        ("NOT_FOUND", ["link"]),
        ("NOT_FOUND", ["slug"]),
    ]
    assert booked["__typename"] == "BookingCreatePayload"
    assert wrong == [None] * 3


@pytest.mark.parametrize("ends", ["expires", "is revoked", "page is inactive", "dates are over"])
async def test_a_link_ends(house: Installation, ada: Host, ends: str) -> None:
    """Case 28: what is told is the same however it was ended; who has booked keeps their booking."""
    slug = await house.page(ada)
    given: dict[str, dict[str, Any]] = {
        "expires": {"expiresAt": "2026-03-29T12:00:00Z"},
        "dates are over": {"dates": {"first": "2026-03-28", "last": "2026-03-29"}},
    }
    made = await made_link(house, ada, slug, maxUses=2, **given.get(ends, {}))
    booked = await house.book(slug, NINE, link=made["secret"]) if ends != "dates are over" else None

    if ends == "is revoked":
        for _ in range(2):
            gone = {"id": made["pageLink"]["id"]}
            revoked = (await house.ask(LINK_REVOKE, ada.token, input=gone))["pageLinkRevoke"]
            assert revoked["pageLink"]["revision"] == 2
    elif ends == "page is inactive":
        await house.ask(
            SECRET_PAGE, ada.token, input={"id": await page_id(house, ada, slug), "isActive": False}
        )
    house.clock.turn(hours=60)
    shown, refused = await opened(house, made["secret"]), await house.book(slug, TEN, link=made["secret"])

    if ends == "page is inactive":
        assert (shown, refused["code"]) == (None, "NOT_FOUND")
    else:
        assert [said(shown), said(refused)] == [ENDED] * 2
        assert shown["ending"] == "OVER"
    if booked:
        moved = {"token": booked["manageToken"], "start": ELEVEN}
        answer = (await house.ask(RESCHEDULE, input=moved))["bookingReschedule"]
        assert (answer["__typename"] == "InviteeBookingPayload") is (ends != "page is inactive")


async def test_slots_by_a_link_are_live_until_it_ends(house: Installation, ada: Host) -> None:
    """X01: the same feed, by the link's terms; the booking that uses it up is its last event."""
    slug = await house.page(ada)
    secret = await secret_of(house, ada, slug, durationMinutes=240)
    async with house.feed(FOLLOW_LINK, slug=slug, window=MONDAY, link=secret) as feed:
        state = (await feed.next())["openSlotsChanged"]
        await house.book(slug, "2026-03-30T13:00:00Z")
        changed = (await feed.next())["openSlotsChanged"]
        await house.book(slug, NINE, link=secret)
        ended = (await feed.next())["openSlotsChanged"]
    async with house.feed(FOLLOW_LINK, slug=slug, window=MONDAY, link=secret) as feed:
        refused = await feed.message()

    assert len(state["slots"]) == 9
    assert [slot["start"] for slot in changed["removed"]][-1] == "2026-03-30T11:00:00Z"
    assert ended == {"__typename": "OpenSlotsEnd", "reason": "LINK_UNAVAILABLE"}
    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "LINK_ENDED"


async def test_links_are_listed_and_changed_by_who_made_them(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = [await made_link(house, ada, slug, label=f"for {name}", maxUses=2) for name in ("Bo", "Cy", "Di")]
    await house.book(slug, NINE, link=made[0]["secret"])

    first = (await house.ask(LINKS, ada.token, first=2))["pageLinks"]
    rest = await house.ask(LINKS, ada.token, first=2, after=first["pageInfo"]["endCursor"])
    ids = [one["pageLink"]["id"] for one in made]
    changes: list[dict[str, Any]] = [
        {"id": ids[0], "maxUses": 1, "label": "one left", "expectedRevision": 1},
        {"id": ids[0], "maxUses": None, "expectedRevision": 1},
        {"id": ids[1], "expiresAt": "2026-01-01T00:00:00Z"},
        {"id": ids[1], "isBound": True},
    ]
    came = [(await house.ask(LINK_UPDATE, ada.token, input=each))["pageLinkUpdate"] for each in changes]

    nodes = [*first["nodes"], *rest["pageLinks"]["nodes"]]
    assert [(node["label"], node["used"], node["usesLeft"]) for node in nodes] == [
        ("for Bo", 1, 1),
        ("for Cy", 0, 2),
        ("for Di", 0, 2),
    ]
    assert first["pageInfo"]["hasNextPage"]
    assert (came[0]["pageLink"]["usesLeft"], came[0]["pageLink"]["revision"]) == (0, 2)
    assert [(each["code"], each["path"]) for each in came[1:]] == [
        ("CONFLICT", ["expectedRevision"]),
        ("INVALID_INPUT", ["expiresAt"]),
        ("INVALID_INPUT", ["email"]),
    ]
    assert said(await opened(house, made[0]["secret"])) == ENDED


async def test_a_host_of_a_page_makes_links_that_give_their_own_time_alone(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """The other host's hours and the page's length stay; with the host, their links go."""
    team = await team_of(house, ada, "Bo")
    bo = team.hosts[1]
    await house.connect_calendar(bo, radicale)
    slug = await team.page(assignment="ALL")
    page = await page_id(house, ada, slug)
    early = {"zone": "Europe/Berlin", "weekly": [{"days": ["MONDAY"], "from": "06:00", "to": "10:00"}]}

    secret = (await made_link_to(house, bo, page, hours=early))["secret"]
    longer = await made_link_to(house, bo, page, durationMinutes=90)
    starts = await offered(house, secret, MONDAY)
    seen = [len((await house.ask(LINKS, host.token))["pageLinks"]["nodes"]) for host in (ada, bo)]
    await team.set_hosts(slug, assignment="ONE", hosts=team.seats(ada))
    gone = await opened(house, secret)

    assert (longer["code"], longer["path"]) == ("NOT_ALLOWED", ["durationMinutes"])
    assert starts == [NINE, HALF_PAST]
    assert seen == [1, 1]
    assert gone is None


async def made_link_to(house: Installation, host: Host, page: str, **given: Any) -> dict[str, Any]:
    """Make a link to a page by its id; whatever comes of it."""
    return (await house.ask(LINK_CREATE, host.token, input={"pageId": page, **given}))["pageLinkCreate"]


async def test_secrets_of_links_are_stored_nowhere_and_are_each_another(
    house: Installation, ada: Host
) -> None:
    """R5, ADR 0009, cases 24 and 76."""
    slug = await house.page(ada)
    secrets = [await secret_of(house, ada, slug) for _ in range(2)]
    await opened(house, secrets[0])
    await house.book(slug, NINE, link=secrets[0], idempotencyKey=str(uuid4()))
    async with house.feed(FOLLOW_LINK, slug=slug, window=WINDOW, link=secrets[1]) as feed:
        await feed.next()
        stored = "".join(await house.everything_stored())

    assert len(set(secrets)) == 2
    assert [secret in stored or secret[4:-6] in stored for secret in secrets] == [False, False]


async def test_who_tries_too_many_secrets_is_told_so_whatever_they_try(
    house: Installation, ada: Host
) -> None:
    """Case 24: also by following slots; charged before anything is looked up."""
    slug = await house.page(ada)
    secret = await secret_of(house, ada, slug)
    spent = Take(OPENINGS_PER_IP, ("127.0.0.1",), amount=100 * OPENINGS_PER_IP.size)
    await house.parts.services.limits.take_all(spent)

    known, unknown = [
        await house.answer(BY_LINK, secret=text, window=WINDOW)
        for text in (secret, token(TokenKind.PAGE_LINK, b"a link that nobody was sent!!!!!"))
    ]
    async with house.feed(FOLLOW_LINK, slug=slug, window=WINDOW, link=secret) as feed:
        followed = await feed.message()

    codes = [one["errors"][0]["extensions"]["code"] for one in (known, unknown)]
    assert [*codes, followed["payload"][0]["extensions"]["code"]] == ["RATE_LIMITED"] * 3


async def test_the_row_of_a_link_decides_how_often_it_is_used(house: Installation, ada: Host) -> None:
    """Case 28: whatever was read before; other terms are another revision."""
    await made_link(house, ada, await house.page(ada), maxUses=2)
    [(organization, link_id)] = await house.rows("SELECT organization_id, id FROM page_links")
    units = house.parts.services.units

    async with units.begin() as unit:
        link = await unit.page_links.by_id(organization, link_id)
        assert link is not None
        came = [await unit.page_links.use(replace(link, revision=revision)) for revision in (2, 1, 1, 1)]
        for _ in range(3):
            await unit.page_links.give_back(organization, link_id)

    assert came == [False, True, True, False]
    assert await uses(house) == [(0, 2)]
    with pytest.raises(IntegrityError):
        await house.rows_changed("UPDATE page_links SET used = 3")


async def test_links_that_ended_are_forgotten_but_for_those_of_bookings_to_come(
    house: Installation, ada: Host
) -> None:
    """With them go the addresses of strangers."""
    slug, in_may = await house.page(ada), "2026-05-18T07:00:00Z"
    used, *_ = [
        await secret_of(house, ada, slug, label=label, **given)
        for label, given in (
            ("used", {}),
            ("expired", {"expiresAt": "2026-03-29T00:00:00Z", "email": "eve@example.org"}),
            ("open", {}),
        )
    ]
    assert (await house.book(slug, in_may, link=used))["__typename"] == "BookingCreatePayload"

    async def labels() -> list[str]:
        await house.parts.services.page_links.forget_ended()
        return [label for (label,) in await house.rows("SELECT label FROM page_links ORDER BY id")]

    before = await labels()
    house.clock.turn(days=40)
    after = await labels()
    house.clock.turn(days=60)
    in_the_end = await labels()

    assert (before, after, in_the_end) == (["used", "expired", "open"], ["used", "open"], ["open"])
    assert await house.rows("SELECT state, link_id FROM invitees") == [("confirmed", None)]
