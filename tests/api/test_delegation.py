"""A delegate's story through the doors: asked by mail, acting for a host, copied in, and ended at once."""

from typing import Any

import pytest

from domain.effects import EffectState
from tests.calling import call, outcome
from tests.installation import Host, Installation
from tests.radicale import Radicale
from tests.teams import REASSIGN, Team, team_of
from tests.world import NINE, ONE

pytestmark = pytest.mark.anyio
BOARD = "subscription { bookingsChanged { __typename } }"
LISTED = """query ($side: DelegationSide!) { delegations(side: $side) { nodes { id email scopes state isCopied
  endsAt principal { name } delegate { name } givenBy { name } } } }"""
INVITE = """mutation ($input: DelegationInviteInput!) { delegationInvite(input: $input) { __typename
  ... on DelegationInvitePayload { delegation { id } } ... on Error { code path } } }"""
BOOKED = "{ bookings { nodes { id start state version } } }"
CANCEL = """mutation ($input: BookingCancelByHostInput!) { bookingCancelByHost(input: $input) { __typename
  ... on BookingPayload { booking { state } } ... on Error { code } } }"""
LOG = """{ viewer { organization { auditLog { nodes { act actor { name } principal { name }
  objectId } } } } }"""
ME = "{ viewer { user { name } } }"


async def acting(team: Team, principal: Host, delegate: Host, **terms: Any) -> str:
    """Let somebody act for somebody; the delegation's id."""
    given = {"scopes": ["BOOKINGS"], "memberId": team.ids[delegate.handle], **terms}
    made = await team.house.ask(INVITE, principal.token, input=given)
    id_ = made["delegationInvite"]["delegation"]["id"]
    accepted = await call(team.house, "delegationAccept", delegate.token, {"input": {"id": id_}})
    assert outcome(accepted) == "works", accepted
    return id_


async def test_a_delegate_is_asked_accepts_acts_and_is_stopped_at_once(
    house: Installation, ada: Host
) -> None:
    """R075, cases 31 and 35: the next request, an open socket; the log has both names, the guest sees one."""
    team = await team_of(house, ada, "Ben")
    ben, me = team.hosts[1], team.ids[ada.handle]
    slug = await house.page(ada)
    await house.book(slug, NINE)
    ends = "2026-12-24T17:00:00Z"
    wanted = {"email": ben.email.upper(), "scopes": ["BOOKINGS"], "endsAt": ends}

    made = (await house.ask(INVITE, ada.token, input=wanted))["delegationInvite"]
    await house.work()
    asked = house.mails_to(ben.email)[-1]
    before = await house.answer(BOOKED, ben.token, me)
    (offered,) = (await house.ask(LISTED, ben.token, side="RECEIVED"))["delegations"]["nodes"]
    accepted = await call(house, "delegationAccept", ben.token, {"input": {"id": offered["id"]}})
    (given,) = (await house.ask(LISTED, ada.token, side="GIVEN"))["delegations"]["nodes"]
    (booked,) = (await house.ask(BOOKED, ben.token, me))["bookings"]["nodes"]
    cancelled = await house.ask(CANCEL, ben.token, me, input={"id": booked["id"], "reason": "Ill"})
    await house.work()
    async with house.feed(BOARD, ben.token, me) as board, house.feed(BOARD, ben.token) as own:
        await board.next()
        await own.next()
        ended = await call(house, "delegationEnd", ada.token, {"input": {"id": given["id"]}})
        closed = await board.ending()
        await house.book(slug, ONE)
        others = await own.is_silent()
    after = await house.answer(BOOKED, ben.token, me)

    assert "Ada asks you to act for them." in asked.part("text/plain")
    assert before["errors"][0]["extensions"] == {"code": "NOT_DELEGATED"}
    assert offered == {
        "id": made["delegation"]["id"], "email": ben.email, "scopes": ["BOOKINGS"], "state": "INVITED",
        "isCopied": False, "endsAt": ends, "principal": {"name": "Ada"}, "delegate": None,
        "givenBy": {"name": "Ada"},
    }  # fmt: skip
    assert given == {**offered, "state": "ACTIVE", "delegate": {"name": "Ben"}}
    assert (outcome(accepted), outcome(ended), closed, others) == ("works", "works", 4403, True)
    assert cancelled["bookingCancelByHost"]["booking"]["state"] == "CANCELLED"
    assert after == before
    log = (await house.ask(LOG, ada.token))["viewer"]["organization"]["auditLog"]["nodes"]
    assert [(entry["act"], entry["actor"]["name"], entry["principal"]["name"]) for entry in log[:4]] == [
        ("DELEGATION_ENDED", "Ada", "Ada"),
        ("BOOKING_CANCELLED", "Ben", "Ada"),
        ("DELEGATION_ACCEPTED", "Ben", "Ada"),
        ("DELEGATION_INVITED", "Ada", "Ada"),
    ]
    assert [log[1]["objectId"], log[3]["objectId"]] == [booked["id"], given["id"]]
    to_guest = house.mails_to("grace@example.org")[-1]
    assert "Cancelled" in str(to_guest.summary["subject"])
    assert "Ben" not in to_guest.part("text/plain") + str(to_guest.summary)


async def test_who_does_not_act_for_somebody_is_told_the_same_whoever_that_is(
    house: Installation, ada: Host
) -> None:
    """Case 169: a colleague, another organization's user, nobody, no id at all, and by a key: 403."""
    team = await team_of(house, ada, "Ben", "Cy")
    _, ben, cy = team.hosts
    eve = await house.sign_up("Eve")
    theirs = (await house.ask("{ viewer { user { id } } }", eve.token))["viewer"]["user"]["id"]
    await acting(team, ada, ben)
    scoped = {"input": {"name": "Program", "scopes": ["READ", "BOOKINGS"]}}
    key = (await call(house, "apiKeyCreate", ben.token, scoped))["data"]["apiKeyCreate"]["secret"]
    mine = team.ids[ada.handle]

    asked = [(cy.token, mine), (ben.token, theirs), (ben.token, team.ids[cy.handle]), (ben.token, "x"),
             (ben.token, team.ids[ben.handle]), (ben.token, ""), (key, mine)]  # fmt: skip
    answers = [
        await house.http.post(
            "/graphql",
            json={"query": ME},
            headers={"Authorization": f"Bearer {token}", "Slotgraph-Act-For": for_},
        )
        for token, for_ in asked
    ]
    guest = await house.answer(ME, None, mine)
    works = await house.ask(ME, ben.token, mine)
    origin = f"http://127.0.0.1:{house.port}"
    preflight = await house.http.options("/graphql", headers={"Origin": origin})

    assert {(answer.status_code, answer.content) for answer in answers} == {(403, answers[0].content)}
    assert b"NOT_DELEGATED" in answers[0].content
    assert guest["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert works["viewer"]["user"]["name"] == "Ada"
    assert "Slotgraph-Act-For" in preflight.headers["Access-Control-Allow-Headers"]


async def test_mails_to_the_host_are_copied_to_a_delegate_as_long_as_they_act(
    house: Installation, ada: Host
) -> None:
    """Case 31: in the delegate's language, no secret, no file; and not what was queued before the end."""
    team = await team_of(house, ada, "Ben", "Cy")
    _, ben, cy = team.hosts
    await house.rows_changed("UPDATE users SET locale = 'ja' WHERE email = :email", email=ben.email)
    await acting(team, ada, ben, isCopied=True)
    await acting(team, ada, cy)
    slug = await house.page(ada, reminderMinutes=[60])
    await house.work()
    before = {host.handle: len(house.mails_to(host.email)) for host in team.hosts}

    booked = await house.book(slug, NINE)
    await house.work()
    copy = house.mails_to(ben.email)[-1]
    counts = {host.handle: len(house.mails_to(host.email)) - before[host.handle] for host in team.hosts}
    house.clock.turn(days=2, hours=18, minutes=10)  # the reminder is due
    effects = house.parts.services.effects
    for claimed in await effects.exchange([], 100):
        await effects.act(claimed)
    due = await house.rows("SELECT count(*) FROM effects WHERE kind = 'remind_host' AND state = 'due'")
    (given,) = (await house.ask(LISTED, ben.token, side="RECEIVED"))["delegations"]["nodes"]
    ended = await call(house, "delegationEnd", ben.token, {"input": {"id": given["id"]}})
    states = await house.work()

    assert counts == {ada.handle: 1, ben.handle: 1, cy.handle: 0}
    assert "Ada さんへのお知らせの写しです。" in copy.part("text/plain")
    assert "Grace Hopper" in copy.part("text/plain")
    assert booked["manageToken"] not in copy.part("text/plain") + copy.part("text/html")
    assert "写し" not in house.mails_to(ada.email)[-1].part("text/plain")
    assert (due, outcome(ended), states) == ([(1,)], "works", [EffectState.SKIPPED])
    assert len(house.mails_to(ben.email)) == before[ben.handle] + 1
    assert len(house.mails_to(ada.email)) == before[ada.handle] + 2


async def test_a_principal_is_told_by_mail_who_is_to_act_for_them(house: Installation, ada: Host) -> None:
    """R6: in their language, where an administrator has done it; an address of nobody gets no mail."""
    team = await team_of(house, ada, "Ben", "Cy")
    _, ben, cy = team.hosts
    await house.rows_changed("UPDATE users SET locale = 'ja' WHERE email = :email", email=ben.email)
    wanted = {"scopes": ["PAGES"], "principalId": team.ids[ben.handle], "memberId": team.ids[cy.handle]}
    off = (await house.ask(INVITE, ada.token, input=wanted))["delegationInvite"]
    allowed = {"input": {"administratorsMayDelegate": True}}
    assert outcome(await call(house, "organizationUpdate", ada.token, allowed)) == "works"

    on = (await house.ask(INVITE, ada.token, input=wanted))["delegationInvite"]
    stranger = {"scopes": ["PAGES"], "email": "nobody@example.net"}
    nobody = (await house.ask(INVITE, ada.token, input=stranger))["delegationInvite"]
    states = await house.work()

    assert off == {"__typename": "NotAllowedError", "code": "NOT_ALLOWED", "path": ["principalId"]}
    assert on["__typename"] == nobody["__typename"] == "DelegationInvitePayload"
    assert sorted(states) == [EffectState.DONE, EffectState.DONE, EffectState.SKIPPED]
    assert "Ada さんが Cy さんにあなたの代理を依頼しました。" in house.mails_to(ben.email)[-1].part(
        "text/plain"
    )
    assert "Ben asks you to act for them." in house.mails_to(cy.email)[-1].part("text/plain")
    assert house.mails_to("nobody@example.net") == []


async def test_a_delegate_hands_a_booking_over_in_the_hosts_name(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Case 35."""
    team = await team_of(house, ada, "Ben", "Cy")
    _, ben, cy = team.hosts
    for host in (ben, cy):
        await house.connect_calendar(host, radicale)
    slug = await team.page(assignment="ANY", hosts=team.seats(ben, cy))
    await house.book(slug, NINE)
    first = await team.who()
    second = cy if first == ben else ben
    await acting(team, ada, second)
    (booking,) = await team.bookings(first)

    given = {"id": booking["id"], "to": team.ids[second.handle]}
    mine = await house.ask(REASSIGN, second.token, input=given)
    done = await house.ask(REASSIGN, second.token, team.ids[ada.handle], input=given)

    assert mine["bookingReassign"]["code"] == "NOT_FOUND"
    assert done["bookingReassign"]["booking"]["assignmentReason"]["host"] == {"handle": second.handle}
    log = (await house.ask(LOG, ada.token))["viewer"]["organization"]["auditLog"]["nodes"]
    assert (log[0]["act"], log[0]["principal"]) == ("BOOKING_REASSIGNED", {"name": "Ada"})


async def test_a_mobile_client_that_acts_for_somebody_changes_nothing_either(
    house: Installation, ada: Host
) -> None:
    """D09 with R075: the mark of the delegate's session stays with them."""
    team = await team_of(house, ada, "Ben")
    ben, me = team.hosts[1], team.ids[ada.handle]
    await acting(team, ada, ben)
    await house.book(await house.page(ada), NINE)
    await house.rows_changed(
        "UPDATE sessions SET is_mobile = true FROM users WHERE users.id = user_id AND email = :email",
        email=ben.email,
    )

    (booked,) = (await house.ask(BOOKED, ben.token, me))["bookings"]["nodes"]
    refused = await house.ask(CANCEL, ben.token, me, input={"id": booked["id"], "reason": "Ill"})

    assert refused["bookingCancelByHost"]["code"] == "CLIENT_NOT_ALLOWED"
