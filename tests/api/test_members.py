"""Organizations of many, through the doors: from the invitation's mail to the end of a socket."""

import re
from typing import Any

import pytest

from domain.tokens import TokenKind
from tests.calling import call, outcome
from tests.installation import (
    CHANGED,
    OPEN_SLOTS,
    PAGE_CREATE,
    SIGN_IN_FINISH,
    SIGN_IN_START,
    Host,
    Installation,
    booking,
    secrets_in,
)
from tests.radicale import Radicale
from tests.world import NINE, ONE, TWO

pytestmark = pytest.mark.anyio
GRACE = "grace@example.org"
BOARD = "subscription { bookingsChanged { __typename } }"
MEMBERS = """{ viewer { user { role } accounts { accountId organizationName isCurrent }
  organization { members(first: 10) { nodes { id email role } pageInfo { hasNextPage } }
    invitations(first: 10) { nodes { id email role invitedBy { name } } }
    teams(first: 10) { nodes { name memberCount members(first: 10) { nodes { isManager user { email } } } } }
    auditLog(first: 100) { nodes { number act actor { email } objectId hash } } } } }"""


async def code_for(house: Installation, email: str) -> str:
    await house.ask(SIGN_IN_START, input={"email": email})
    await house.work()
    found = re.search(r"\b\d{8}\b", house.mails_to(email)[-1].part("text/plain"))
    assert found is not None
    return found[0]


async def invited(house: Installation, host: Host, email: str, locale: str = "en") -> str:
    """Invite an address, and read the secret in the mail that came."""
    given = {"input": {"email": email, "role": "MEMBER", "locale": locale}}
    assert outcome(await call(house, "memberInvite", host.token, given)) == "works"
    await house.work()
    return secrets_in(house.mails_to(email)[-1].part("text/plain"), TokenKind.INVITATION)[-1]


async def joined(house: Installation, host: Host) -> Host:
    """Invite Grace, and let her sign up by the mail."""
    sign_up = {"name": "Grace", "zone": "Europe/Berlin", "invitation": await invited(house, host, GRACE)}
    given = {"email": GRACE, "code": await code_for(house, GRACE), "signUp": sign_up}
    finished = (await house.ask(SIGN_IN_FINISH, input=given))["signInFinish"]
    return Host(finished["sessionToken"], finished["user"]["handle"], GRACE)


async def remove(house: Installation, host: Host, email: str) -> str:
    members = (await house.ask(MEMBERS, host.token))["viewer"]["organization"]["members"]["nodes"]
    (member,) = [one["id"] for one in members if one["email"] == email]
    return outcome(await call(house, "memberRemove", host.token, {"input": {"id": member}}))


async def test_somebody_is_invited_joins_works_and_leaves_no_rights_behind(
    house: Installation, radicale: Radicale
) -> None:
    """R8 of the security file, cases 31 and 99: session, socket, pages, connections; bookings live on."""
    ada = await house.sign_up()
    grace = await joined(house, ada)
    await house.connect_calendar(grace, radicale)
    slug = await house.page(grace)
    booked = await house.book(slug, ONE)
    seen = (await house.ask(MEMBERS, grace.token))["viewer"]

    async with house.feed(BOARD, grace.token) as board, house.feed(BOARD, ada.token) as own:
        await board.next()
        await own.next()
        removed = await remove(house, ada, GRACE)
        closed = await board.ending()
        await house.work()
        others = await own.is_silent()

    assert (removed, closed, others) == ("works", 4403, True)
    assert [member["role"] for member in seen["organization"]["members"]["nodes"]] == ["OWNER", "MEMBER"]
    assert (seen["organization"]["auditLog"], seen["organization"]["invitations"]) == (None, None)
    answer = await house.answer(MEMBERS, grace.token)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    window = {"from": NINE, "to": TWO}
    assert (await house.ask(OPEN_SLOTS, slug=slug, window=window))["bookingPage"] is None
    assert outcome(await call(house, "bookingCreate", None, {"input": booking(slug, TWO)})) == "NOT_FOUND"
    connections = await house.rows("SELECT state, secret_sealed FROM calendar_connections")
    assert connections == [("disconnected", None)]
    link = await call(house, "bookingByLink", None, {"token": booked["manageToken"]})
    assert link["data"]["bookingByLink"]["state"] == "CONFIRMED"


async def test_who_manages_sees_invitations_teams_and_the_log(house: Installation) -> None:
    """X24, R6: what was done stands there with its actor; a colleague who is a member sees none of it."""
    ada = await house.sign_up()
    grace = await joined(house, ada)
    await invited(house, ada, "lin@example.org")
    made = await call(
        house, "teamCreate", ada.token, {"input": {"name": "Mill", "slug": "mill", "zone": "UTC"}}
    )
    team = made["data"]["teamCreate"]["team"]["id"]
    members = (await house.ask(MEMBERS, ada.token))["viewer"]["organization"]["members"]["nodes"]
    entering = {"teamId": team, "memberId": members[1]["id"], "isManager": True}
    assert outcome(await call(house, "teamMemberAdd", ada.token, {"input": entering})) == "works"

    seen = (await house.ask(MEMBERS, ada.token))["viewer"]["organization"]
    managed = await call(house, "teamUpdate", grace.token, {"input": {"id": team, "name": "Mills"}})

    assert [(one["email"], one["invitedBy"]["name"]) for one in seen["invitations"]["nodes"]] == [
        ("lin@example.org", "Ada")
    ]
    assert seen["teams"]["nodes"] == [
        {
            "name": "Mill",
            "memberCount": 1,
            "members": {"nodes": [{"isManager": True, "user": {"email": GRACE}}]},
        }
    ]
    assert [entry["act"] for entry in reversed(seen["auditLog"]["nodes"])] == [
        "ORGANIZATION_FOUNDED",
        "MEMBER_INVITED",
        "MEMBER_JOINED",
        "MEMBER_INVITED",
        "TEAM_CREATED",
        "TEAM_MEMBER_ADDED",
    ]
    assert seen["auditLog"]["nodes"][-2]["actor"]["email"] == ada.email
    assert seen["auditLog"]["nodes"][0]["objectId"] == members[1]["id"]
    assert outcome(managed) == "works"


async def test_an_invitation_is_written_in_its_language_and_only_its_mail_has_the_secret(
    house: Installation,
) -> None:
    """D22, case 113: a name that carries a link is no message of ours; the secret stands nowhere else."""
    host = await house.sign_up()
    given = {"input": {"name": "Win at https://evil.example now"}}
    assert outcome(await call(house, "organizationUpdate", host.token, given)) == "works"

    secret = await invited(house, host, GRACE, "ja")

    mail = house.mails_to(GRACE)[-1]
    assert f"/invitation#{secret}" in mail.part("text/plain")
    assert "招待" in str(mail.summary["subject"])
    assert "evil.example" not in mail.part("text/plain") + mail.part("text/html") + str(mail.summary)
    assert [text for text in await house.everything_stored() if secret in text] == []
    page = await house.http.get("/invitation")
    assert (page.status_code, page.headers["referrer-policy"]) == (200, "no-referrer")


async def test_somebody_with_an_account_goes_back_and_forth(house: Installation) -> None:
    """ADR-0015, case 11."""
    ada, lin = await house.sign_up(), await house.sign_up("Lin")
    link = await invited(house, ada, lin.email)

    accepted = await call(house, "invitationAccept", lin.token, {"input": {"token": link}})
    second = accepted["data"]["invitationAccept"]["sessionToken"]
    accounts = (await house.ask(MEMBERS, second))["viewer"]["accounts"]
    home = next(one["accountId"] for one in accounts if not one["isCurrent"])
    back = await call(house, "accountSwitch", second, {"input": {"accountId": home}})
    again = await call(house, "invitationAccept", lin.token, {"input": {"token": link}})

    assert {one["organizationName"] for one in accounts} == {"Ada's studio", "Lin's studio"}
    assert back["data"]["accountSwitch"]["user"]["handle"] == lin.handle
    assert outcome(again) == "INVITATION_UNKNOWN"


async def test_scheduling_needs_a_plan_or_an_add_on(house: Installation) -> None:
    """R019: on business allowed, on basic refused by a code, on basic with the add-on allowed."""
    host = await house.sign_up()
    page: dict[str, Any] = {"name": "Intro", "durationMinutes": 30}
    came: list[str] = []

    for number, subscribed in enumerate(
        ("plan = 'business'", "plan = 'basic'", "plan = 'basic', add_ons = '{scheduler}'")
    ):
        await house.rows_changed(f"UPDATE organizations SET {subscribed}")  # noqa: S608 -- our own words
        made = await house.ask(PAGE_CREATE, host.token, input={**page, "slug": f"page-{number}"})
        came.append(made["bookingPageCreate"].get("code", "works"))

    assert came == ["works", "NOT_ENTITLED", "works"]
    assert await house.count("booking_pages") == 2


async def test_who_is_served_elsewhere_is_told_where_and_nothing_else(house: Installation) -> None:
    """D18, R138: at the door and at signing in; the endpoint is not known here."""
    host = await house.sign_up()
    code = await code_for(house, host.email)
    await house.rows_changed("UPDATE organizations SET region = 'us'")

    asked = await house.answer(MEMBERS, host.token)
    signed_in = await house.answer(SIGN_IN_FINISH, input={"email": host.email, "code": code})

    assert asked["errors"][0]["extensions"] == {"code": "WRONG_REGION"}
    assert signed_in["data"]["signInFinish"]["__typename"] == "WrongRegionError"
    assert signed_in["data"]["signInFinish"]["code"] == "WRONG_REGION"


async def test_guests_are_not_disturbed_by_somebody_who_leaves(house: Installation) -> None:
    """Sockets of guests stay open when a member's are closed."""
    ada = await house.sign_up()
    await joined(house, ada)
    slug = await house.page(ada, calendarPolicy="IGNORE_UNCONNECTED")

    async with house.feed(CHANGED, slug=slug, window={"from": NINE, "to": TWO}) as feed:
        first = await feed.next()
        await remove(house, ada, GRACE)
        await house.page(ada)
        stays = await feed.is_silent()

    assert first["openSlotsChanged"]["__typename"] == "OpenSlotsState"
    assert stays
