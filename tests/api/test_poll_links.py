"""The link by which a poll is organized without signing in: what it does, what it never does, how it ends."""

from typing import Any

import pytest

from schema.nodes import split_id
from services.polls.organizer_links import INVITATIONS_PER_LINK
from storage.limits import Take
from tests.installation import Host, Installation
from tests.polls import answers, cast, changed, forged, linked, opened
from tests.world import NINE, TEN

pytestmark = pytest.mark.anyio

_POLL = """title state chosen announcedAt ballotsCast organizer { name }
  options { number yes ifNeedBe no } voters { name hasVoted answers { option answer } comment }"""
_ERROR = "... on Error { code path }"
LED = f"query ($secret: String!) {{ pollByOrganizerLink(token: $secret) {{ {_POLL} }} }}"
FOLLOW = f"""subscription ($secret: String!, $after: String) {{
  pollByOrganizerLinkChanged(token: $secret, after: $after) {{ cursor poll {{ {_POLL} }} }} }}"""
RENEW = f"""mutation ($input: PollLinkRenewInput!) {{ pollLinkRenew(input: $input) {{ __typename
  ... on PollLinkRenewPayload {{ organizerToken }} {_ERROR} }} }}"""
REVOKE = f"""mutation ($input: PollLinkRevokeInput!) {{ pollLinkRevoke(input: $input) {{ __typename
  {_ERROR} }} }}"""
AUDIT = """{ viewer { organization { auditLog(first: 4) { nodes { act detail actor { name } } } } } }"""
KEY = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  ... on ApiKeyCreatePayload { secret } } }"""


async def by_link(house: Installation, verb: str, secret: str, **more: Any) -> dict[str, Any]:
    """Do something by an organizer's link; whatever comes of it."""
    name = f"poll{verb}ByLink"
    document = f"""mutation ($input: Poll{verb}ByLinkInput!) {{ {name}(input: $input) {{ __typename
      ... on Poll{verb}ByLinkPayload {{ poll {{ {_POLL} }} }} {_ERROR} }} }}"""
    return (await house.ask(document, input={"token": secret, **more}))[name]


async def led(house: Installation, secret: str) -> Any:
    """See a poll by a link of its organizer."""
    return (await house.ask(LED, secret=secret))["pollByOrganizerLink"]


async def test_whoever_has_the_organizers_link_asks_reminds_closes_and_reopens(
    house: Installation, ada: Host
) -> None:
    """In the organizer's name, who was mailed it; the audit log says that it was by link."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN, undoMinutes=10)
    secret = made["organizerToken"]
    await house.work()
    mail = house.mails_to(ada.email)[-1]
    await cast(house, made["token"], "Bea", "yn", voter={"email": "bea@example.org"}, comment="Soon")

    asked = await by_link(house, "Invite", secret, voters=[{"name": "Cem", "email": "cem@example.org"}])
    reminded = await by_link(house, "Remind", secret)
    done = await by_link(house, "Close", secret, option=1)
    again = await by_link(house, "Close", secret, option=1)
    other = await by_link(house, "Close", secret, option=2)
    reopened = await by_link(house, "Reopen", secret)
    seen = await led(house, secret)
    log = (await house.ask(AUDIT, ada.token))["viewer"]["organization"]["auditLog"]["nodes"]

    assert str(mail.summary["subject"]).startswith("Your poll is open")
    assert f"/organize#{secret}" in mail.part("text/plain")
    assert [one["name"] for one in asked["poll"]["voters"]] == ["Bea", "Cem"]
    assert reminded["__typename"] == "PollRemindByLinkPayload"
    assert (done["poll"]["state"], done["poll"]["chosen"], again["poll"]) == ("CLOSED", 1, done["poll"])
    assert (other["code"], other["path"]) == ("CONFLICT", ["option"])
    assert (reopened["poll"]["state"], seen) == ("OPEN", reopened["poll"])
    assert seen["organizer"] == {"name": "Ada"}
    assert [one["answers"] for one in seen["voters"]] == [answers("yn"), []]
    assert [(one["act"], one["detail"], one["actor"]["name"]) for one in log] == [
        (act, "link", "Ada") for act in ("POLL_REOPENED", "POLL_CLOSED", "POLL_REMINDED", "POLL_INVITED")
    ]


async def test_the_links_of_a_poll_open_nothing_of_each_other(house: Installation, ada: Host) -> None:
    """Case 149: no secret is another, no id is one, and what the link shows has no address and no id."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    other = await opened(house, ada, slug, TEN)
    bea = await cast(house, made["token"], "Bea", "y", voter={"email": "bea@example.org"})
    own, poll = made["organizerToken"], made["poll"]["id"]
    wrong = (made["token"], bea["token"], poll, forged(own), own.replace("sgo_", "sgp_"))

    came = [await led(house, text) for text in wrong]
    done = [await by_link(house, "Close", text, option=None) for text in wrong]
    voted = [await cast(house, own, "Eve", "y"), await changed(house, own, "n")]
    fields = await house.ask(
        '{ one: __type(name: "OrganizedPoll") { fields { name } }'
        ' two: __type(name: "OrganizedVoter") { fields { name } } }'
    )
    names = {field["name"] for one in fields.values() for field in one["fields"]}

    assert came == [None] * 5
    assert {(one["code"], *one["path"]) for one in done} == {("NOT_FOUND", "token")}
    assert [one["code"] for one in voted] == ["NOT_FOUND", "NOT_FOUND"]
    assert await linked(house, own) is None
    assert names & {"id", "pageId", "bookingId", "email", "times", "members"} == set()
    assert (await led(house, other["organizerToken"]))["ballotsCast"] == 0
    assert (await led(house, own))["state"] == "OPEN"


async def test_a_link_passes_no_rule_and_is_told_no_other_times(house: Installation, ada: Host) -> None:
    """Its holder sees of calendars no more than that the option they chose cannot be booked."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    await cast(house, made["token"], "Bea", "y")
    await house.book(slug, NINE)
    document = """mutation ($input: PollCloseByLinkInput!) { pollCloseByLink(input: $input) { __typename
      ... on SlotTakenError { path nextSlots { start } } } }"""

    taken = await house.ask(document, input={"token": made["organizerToken"], "option": 1})

    assert taken["pollCloseByLink"] == {"__typename": "SlotTakenError", "path": ["option"], "nextSlots": []}
    assert (await led(house, made["organizerToken"]))["state"] == "OPEN"


async def test_a_link_ends_when_it_is_renewed_or_revoked_and_with_its_organizer(
    house: Installation, ada: Host
) -> None:
    """Case 99: also for who follows; nothing is told by a link that has ended."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    first, poll = made["organizerToken"], {"id": made["poll"]["id"]}
    async with house.feed(FOLLOW, secret=first) as feed:
        shown = (await feed.next())["pollByOrganizerLinkChanged"]["poll"]
        second = (await house.ask(RENEW, ada.token, input=poll))["pollLinkRenew"]["organizerToken"]
        ended = await feed.message()
    await house.work()
    mail = house.mails_to(ada.email)[-1].part("text/plain")

    renewed = [await led(house, first), (await led(house, second))["state"]]
    await house.rows_changed("UPDATE users SET is_disabled = true")
    gone = [await led(house, second), await linked(house, made["token"])]
    late = [await by_link(house, "Close", second), await cast(house, made["token"], "Bea", "y")]
    await house.rows_changed("UPDATE users SET is_disabled = false")
    back = (await led(house, second))["state"]
    revoked = [(await house.ask(REVOKE, ada.token, input=poll))["pollLinkRevoke"] for _ in range(2)]

    assert shown["ballotsCast"] == 0
    assert ended["payload"][0]["extensions"]["code"] == "NOT_FOUND"
    assert first != second
    assert f"#{second}" in mail
    assert renewed == [None, "OPEN"]
    assert (gone, [one["code"] for one in late], back) == ([None, None], ["NOT_FOUND"] * 2, "OPEN")
    assert {one["__typename"] for one in revoked} == {"PollLinkRevokePayload"}
    assert await led(house, second) is None
    assert (await by_link(house, "Invite", second, voters=[]))["code"] == "NOT_FOUND"


async def test_who_opens_a_poll_by_a_key_is_given_no_link_that_would_outlast_it(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    wanted = {"name": "Program", "scopes": ["POLLS", "READ", "PAGES"]}
    key = (await house.ask(KEY, ada.token, input=wanted))["apiKeyCreate"]["secret"]
    program = Host(key, ada.handle, ada.email)

    made = await opened(house, program, slug, NINE)
    refused = (await house.ask(RENEW, key, input={"id": made["poll"]["id"]}))["pollLinkRenew"]
    await house.work()

    assert made["organizerToken"] is None
    assert refused["code"] == "NOT_ALLOWED"
    assert "/organize#sgo_" in house.mails_to(ada.email)[-1].part("text/plain")


async def test_strangers_are_mailed_few_by_a_link(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    parts = split_id(made["poll"]["id"])
    assert parts is not None
    spent = Take(INVITATIONS_PER_LINK, (str(parts[1]),), amount=100 * INVITATIONS_PER_LINK.size)
    await house.parts.services.limits.take_all(spent)
    people = [{"name": "Eve", "email": f"eve{number}@example.org"} for number in range(51)]

    refused = await by_link(house, "Invite", made["organizerToken"], voters=people)

    assert refused["code"] == "RATE_LIMITED"
    assert await house.count("voters") == 0
