"""Routing forms: visitors answer, and are sent where the first rule that they meet leads (M81, R073)."""

import asyncio

import pytest

from domain.tokens import TokenKind, token
from schema.nodes import split_id
from services.routing import SUBMISSIONS_TO_FORM
from storage.limits import Take
from tests.forms import (
    ATTRIBUTES_OF,
    CREATE,
    EXPLAIN,
    FUNNEL,
    OPEN,
    PARTNER,
    QUESTIONS,
    SIZE,
    UPDATE,
    asked,
    filled,
    give,
    id_of,
    listed,
    made_form,
    rule,
    rules_to,
    said,
    submitted,
    to_text,
    when,
)
from tests.installation import Host, Installation
from tests.links import page_id
from tests.radicale import Radicale
from tests.teams import colleague

pytestmark = pytest.mark.anyio

TEN, ELEVEN = "2026-03-30T08:00:00Z", "2026-03-30T09:00:00Z"
PAGE_UPDATE = "mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename } }"
TEAM = """mutation ($input: TeamCreateInput!) { teamCreate(input: $input) {
  ... on TeamCreatePayload { team { id } } } }"""
TEAM_DELETE = "mutation ($input: TeamDeleteInput!) { teamDelete(input: $input) { __typename } }"
ADD = "mutation ($input: TeamMemberAddInput!) { teamMemberAdd(input: $input) { __typename } }"


async def test_a_form_sends_four_kinds_of_visitors_to_the_right_place(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R073, X19, M81: page, address, member by attribute, the last one; the funnel counts who booked."""
    kenji = await colleague(house, ada, "Kenji")
    await house.connect_calendar(kenji, radicale)
    intro = await house.page(kenji, slug="intro")
    its = [SIZE, asked("topic", "SELECT", "Museums", "Zoos"), asked("x", "TEXT")]
    large = await house.page(ada, questions=its)
    await give(house, ada, await id_of(house, kenji), language="deutsch")
    form = (await made_form(house, ada, questions=QUESTIONS, rules=rules_to(large)))["routingForm"]
    slug = f"{ada.handle}/where"

    shown = (await house.ask(OPEN, slug=slug))["routingForm"]
    came = [
        await submitted(house, filled(slug, **answers))
        for answers in (
            {"size": "1２0", "topic": ["Museums"]},
            {"size": "3", "mail": "Lin@PARTNER.example"},
            {"size": "3", "tongue": "DEUTSCH"},
            {"size": "many", "topic": ["Museums", "Shops"]},
        )
    ]
    booked = await house.book(large, TEN, submission=came[0]["secret"], answers=said(size="120"))
    again = await house.book(large, ELEVEN, submission=came[0]["secret"], answers=said(size="120"))
    seen = await listed(house, ada, form["id"])
    funnel = (await house.ask(FUNNEL, ada.token, form=form["id"]))["routingFunnel"]

    assert (shown["name"], shown["version"], shown["owner"]) == ("Where to?", 1, {"handle": ada.handle})
    assert [question["key"] for question in shown["questions"]] == ["size", "mail", "tongue", "topic"]
    routed = [one["routed"] for one in came]
    assert [(one["kind"], one["slug"], one["text"], one["url"]) for one in routed] == [
        ("PAGE", large, None, None),
        ("URL", None, None, PARTNER["url"]),
        ("PAGE", intro, None, None),
        ("TEXT", None, "Write to us.", None),
    ]
    assert [one["secret"] is None for one in came] == [False, True, False, True]
    assert routed[0]["answers"] == [
        {"key": "size", "label": "Size?", "values": ["1２0"]},
        {"key": "topic", "label": "Topic?", "values": ["Museums"]},
    ]
    assert [booked["__typename"], again["__typename"]] == ["BookingCreatePayload"] * 2
    assert [(one["ruleName"], one["isBooked"], one["version"]) for one in seen] == [
        ("Large", True, 1),
        ("Partner", False, 1),
        ("Speaks", False, 1),
        (None, False, 1),
    ]
    assert seen[1]["answers"][1] == {"key": "mail", "label": "Mail?", "values": ["Lin@PARTNER.example"]}
    assert (funnel["submitted"], funnel["booked"]) == (4, 1)
    assert sorted(
        (one["kind"], one["slug"] or "", one["routed"], one["booked"]) for one in funnel["arrivals"]
    ) == (sorted([("PAGE", large, 1, 1), ("URL", "", 1, 0), ("PAGE", intro, 1, 0), ("TEXT", "", 1, 0)]))


async def test_answers_that_cannot_be_used_and_other_secrets_are_refused(
    house: Installation, ada: Host
) -> None:
    """Each refusal, and nothing is stored by it; a secret is good for the page to which it led."""
    page, other = await house.page(ada), await house.page(ada)
    made = await made_form(
        house,
        ada,
        questions=QUESTIONS,
        rules=[rule("All", {"kind": "PAGE", "page": page}, when("size", "ANSWERED"))],
    )
    slug = f"{ada.handle}/where"
    good = filled(slug, size="3")

    refused = [
        await submitted(house, given)
        for given in (
            filled(slug),
            filled(slug, size="3", nothing="1"),
            filled(slug, size="3", topic=["Gardens"]),
            {**filled(slug, size="3"), "version": 2},
            filled(f"{ada.handle}/nowhere", size="3"),
            {**good, "idempotencyKey": "short"},
        )
    ]
    assert [(one["code"], one["path"]) for one in refused] == [
        ("INVALID_INPUT", ["answers", "size"]),
        ("INVALID_INPUT", ["answers", "nothing"]),
        ("INVALID_INPUT", ["answers", "topic"]),
        ("CONFLICT", ["version"]),
        ("NOT_FOUND", ["slug"]),
        ("INVALID_INPUT", ["idempotencyKey"]),
    ]
    assert await house.count("submissions") == 0

    first, repeated = await submitted(house, good), await submitted(house, good)
    used = await submitted(house, {**good, "answers": said(size="4")})
    at_once = filled(slug, size="5")
    racers = await asyncio.gather(*(submitted(house, at_once) for _ in range(3)))
    wrong = [
        await house.book(slug, TEN, submission=secret)
        for slug, secret in (
            (other, first["secret"]),
            (page, token(TokenKind.SUBMISSION, b"a secret that nobody was given!!")),
            (page, "sgr_nonsense"),
        )
    ]
    assert (repeated, used["code"], used["path"]) == (first, "CONFLICT", ["idempotencyKey"])
    assert racers == [racers[0]] * 3
    assert await house.count("submissions") == 2
    assert [(one["code"], one["path"]) for one in wrong] == [("NOT_FOUND", ["submission"])] * 3
    assert await house.count("bookings") == 0

    parts = split_id(made["routingForm"]["id"])
    assert parts is not None
    keys = (str(parts[1]), "127.0.0.1")
    spent = Take(SUBMISSIONS_TO_FORM, keys, amount=99 * SUBMISSIONS_TO_FORM.size)
    await house.parts.services.limits.take_all(spent)
    many = [await submitted(house, filled(slug, size="6")) for _ in range(21)]
    assert many[-1]["code"] == "RATE_LIMITED"
    assert await submitted(house, good) == first, "a repeat costs nothing"


async def test_what_is_not_to_be_had_falls_back_and_then_nothing_is_stored(
    house: Installation, ada: Host
) -> None:
    """A closed or secret page, nobody with an attribute; the last destination too."""
    page, last = await house.page(ada), await house.page(ada, slug="intro")
    form = (
        await made_form(
            house,
            ada,
            questions=QUESTIONS,
            rules=[
                rule("Page", {"kind": "PAGE", "page": page}, when("size", "EQUALS", "1")),
                rules_to(page)[2],
            ],
            otherwise={"kind": "PAGE", "page": last},
        )
    )["routingForm"]
    slug, ids = f"{ada.handle}/where", [await page_id(house, ada, one) for one in (page, last)]

    nobody = await submitted(house, filled(slug, size="2", tongue="Deutsch"))
    await house.ask(PAGE_UPDATE, ada.token, input={"id": ids[0], "isSecret": True})
    secret = await submitted(house, filled(slug, size="1"))
    tried = (await house.ask(EXPLAIN, ada.token, form=form["id"], answers=said(size="1")))["explainRouting"]
    await house.ask(PAGE_UPDATE, ada.token, input={"id": ids[1], "isActive": False})
    gone = await submitted(house, filled(slug, size="1"))
    tried_again = (await house.ask(EXPLAIN, ada.token, form=form["id"], answers=said(size="9")))[
        "explainRouting"
    ]
    seen = await listed(house, ada, form["id"])

    assert [one["routed"]["slug"] for one in (nobody, secret)] == [last] * 2
    assert (tried["fellBack"], tried["routed"]["slug"]) == (True, last)
    assert (gone["__typename"], gone["code"]) == ("NoDestinationError", "NO_DESTINATION")
    assert (tried_again["fellBack"], tried_again["routed"]) == (False, None)
    assert [(one["ruleName"], one["fellBack"], one["slug"]) for one in seen] == [
        ("Speaks", True, None),
        ("Page", True, None),
    ]


async def test_trying_says_of_each_rule_why_and_stores_nothing(house: Installation, ada: Host) -> None:
    """The dry run is decided by what decides for visitors."""
    page = await house.page(ada)
    form = (await made_form(house, ada, questions=QUESTIONS, rules=rules_to(page)))["routingForm"]
    answers = {"size": "many", "mail": "nobody", "tongue": "English"}

    tried = (await house.ask(EXPLAIN, ada.token, form=form["id"], answers=said(**answers)))["explainRouting"]
    stored = await house.count("submissions")
    real = await submitted(house, filled(f"{ada.handle}/where", **answers))
    wrong = await house.answer(EXPLAIN, ada.token, form=form["id"], answers=said(mail="x"))

    assert [
        (
            one["name"],
            one["isMet"],
            one["isTaken"],
            [(each["isMet"], each["reason"]) for each in one["conditions"]],
        )
        for one in tried["rules"]
    ] == [
        ("Large", False, False, [(False, "NO_NUMBER"), (True, "UNANSWERED")]),
        ("Partner", False, False, [(False, "NO_ADDRESS")]),
        ("Speaks", True, True, [(True, "FITS"), (False, "DIFFERS")]),
    ]
    assert tried["routed"] == real["routed"]
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert stored == 0


async def test_pages_and_teams_of_others_lead_nowhere(house: Installation, ada: Host) -> None:
    """Only open pages of the organization; a link that is taken; attributes are set by those above."""
    eve, kenji = await house.sign_up("Eve"), await colleague(house, ada, "Kenji")
    hers, secret = await house.page(eve), await house.page(ada, isSecret=True)
    nowhere = [
        await made_form(house, ada, otherwise={"kind": "PAGE", "page": page})
        for page in (hers, secret, "x/y")
    ]
    first, taken = await made_form(house, ada), await made_form(house, ada)
    others = await house.ask(
        CREATE, kenji.token, input={"slug": "where", "name": "W", "otherwise": to_text("Hello.")}
    )
    stored = '{"kind": "url", "url": "javascript:alert(1)"}'
    await house.rows_changed("UPDATE routing_form_versions SET otherwise = CAST(:it AS jsonb)", it=stored)
    never = await submitted(house, filled(f"{kenji.handle}/where"))
    me = await id_of(house, kenji)

    denied = await give(house, kenji, me, language="en")
    strange = await give(house, eve, me, language="en")
    wrong = await give(house, ada, me, Language="en")
    done = await give(house, ada, me, language="en", city="Köln")

    assert [(one["code"], one["path"]) for one in nowhere] == [("NOT_FOUND", ["otherwise", "page"])] * 3
    assert [first["__typename"], taken["code"], taken["path"]] == [
        "RoutingFormCreatePayload",
        "CONFLICT",
        ["slug"],
    ]
    assert others["routingFormCreate"]["__typename"] == "RoutingFormCreatePayload"
    assert (never["code"], await house.count("submissions")) == ("NO_DESTINATION", 0)
    assert [denied["code"], strange["code"], wrong["path"]] == [
        "NOT_ALLOWED",
        "NOT_FOUND",
        ["attributes", "0", "name"],
    ]
    its = [{"name": "city", "value": "Köln"}, {"name": "language", "value": "en"}]
    assert done["memberAttributes"]["attributes"] == its
    assert (await house.ask(ATTRIBUTES_OF, kenji.token, id=me))["memberAttributes"]["attributes"] == its
    assert (await house.ask(ATTRIBUTES_OF, eve.token, id=me))["memberAttributes"] is None


async def test_visitors_are_shared_among_those_who_fit(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Who is in the team and was sent fewest of late; not who has no such page, nor a team that is gone."""
    kenji, maya = [await colleague(house, ada, name) for name in ("Kenji", "Maya")]
    slugs: list[str] = []
    for host in (ada, kenji):
        await house.connect_calendar(host, radicale)
        slugs.append(await house.page(host, slug="intro"))
    made_team = {"name": "Looms", "slug": "looms", "zone": "UTC"}
    team = await house.ask(TEAM, ada.token, input=made_team)
    team_id = team["teamCreate"]["team"]["id"]
    for host in (ada, kenji, maya):
        member = await id_of(house, host)
        await house.ask(ADD, ada.token, input={"teamId": team_id, "memberId": member, "isManager": False})
    sought = {"kind": "MEMBER", "member": {"pageSlug": "intro", "teamId": team_id}}
    made = await made_form(house, ada, questions=[SIZE], otherwise=sought)

    came = [await submitted(house, filled(f"{ada.handle}/where", size="1")) for _ in range(4)]
    await house.ask(TEAM_DELETE, ada.token, input={"id": team_id})
    nobody = await submitted(house, filled(f"{ada.handle}/where", size="1"))
    its = {"id": made["routingForm"]["id"]}
    changed = [
        (await house.ask(UPDATE, ada.token, input={**its, **change}))["routingFormUpdate"]
        for change in ({"isActive": False}, {"rules": [rule("Team", sought, when("size", "ANSWERED"))]})
    ]

    assert (nobody["code"], changed[0]["routingForm"]["isActive"]) == ("NO_DESTINATION", False)
    assert changed[1]["path"] == ["rules", "0", "destination", "member", "teamId"]
    assert made["routingForm"]["otherwise"]["member"]["teamId"] == team_id
    found = [one["routed"]["slug"] for one in came]
    assert sorted(found[:2]) == sorted(found[2:]) == sorted(slugs)
