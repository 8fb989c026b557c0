"""Submissions: read by the form that they were made with, by its owner alone, and erased (R073)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.forms import (
    DELETE,
    ERASE,
    FUNNEL,
    MAIL,
    OPEN,
    QUESTIONS,
    SIZE,
    SUBMISSIONS,
    TOPIC,
    UPDATE,
    filled,
    give,
    id_of,
    listed,
    made_form,
    rules_to,
    submitted,
    to_text,
)
from tests.installation import CANCEL, Host, Installation
from tests.radicale import Radicale
from tests.teams import colleague
from workers.housekeeping import forget

pytestmark = pytest.mark.anyio

REMOVE = "mutation ($input: MemberRemoveInput!) { memberRemove(input: $input) { __typename } }"
NODE = "query ($id: ID!) { node(id: $id) { __typename } }"


async def test_submissions_are_read_by_the_form_that_they_were_made_with(
    house: Installation, ada: Host
) -> None:
    """Versions: a question that is removed is read as it was asked; who saw the form before is told so."""
    form = (await made_form(house, ada, questions=[SIZE]))["routingForm"]
    slug, started = f"{ada.handle}/where", house.clock.now.isoformat()
    await submitted(house, filled(slug, size="1"))
    changes: list[dict[str, Any]] = [
        {"questions": [TOPIC], "expectedRevision": 1},
        {"name": "Where now?"},
        {"name": "Where now?"},
        {"otherwise": to_text("Call us."), "expectedRevision": 1},
        {"otherwise": {"kind": "URL", "url": "javascript:alert(1)"}},
    ]

    changed = [
        (await house.ask(UPDATE, ada.token, input={"id": form["id"], **change}))["routingFormUpdate"]
        for change in changes
    ]
    late = await submitted(house, filled(slug, size="1"))
    house.clock.turn(minutes=1)
    await submitted(house, {**filled(slug, topic=["Shops"]), "version": 3})
    seen = await listed(house, ada, form["id"])
    page = (await house.ask(SUBMISSIONS, ada.token, form=form["id"], first=1))["submissions"]
    rest = (await house.ask(SUBMISSIONS, ada.token, form=form["id"], after=page["pageInfo"]["endCursor"]))[
        "submissions"
    ]
    filters: list[dict[str, Any]] = [
        {"kind": "TEXT"},
        {"kind": "PAGE"},
        {"isBooked": False},
        {"isBooked": True},
    ]
    kinds = [len(await listed(house, ada, form["id"], **wanted)) for wanted in filters]
    later = await listed(house, ada, form["id"], createdFrom=house.clock.now.isoformat())
    before = await listed(
        house, ada, form["id"], createdBefore=house.clock.now.isoformat(), createdFrom=started
    )

    assert [one.get("routingForm", one).get("revision") for one in changed] == [2, 3, 3, None, None]
    assert [(one["code"], one["path"]) for one in changed[3:]] == [
        ("CONFLICT", ["expectedRevision"]),
        ("INVALID_INPUT", ["otherwise", "url"]),
    ]
    assert (late["code"], late["path"]) == ("CONFLICT", ["version"])
    assert [(one["version"], one["answers"][0]["label"], len(one["questions"])) for one in seen] == [
        (1, "Size?", 1),
        (3, "Topic?", 1),
    ]
    assert (page["nodes"], page["pageInfo"]["hasNextPage"], rest["nodes"]) == (seen[:1], True, seen[1:])
    assert (kinds, later, before) == ([2, 0, 2, 0], seen[1:], seen[:1])
    assert await house.rows("SELECT number FROM routing_form_versions ORDER BY number") == [(1,), (3,)]


async def test_answers_are_the_owners_alone_sealed_and_erased_when_they_say_or_in_time(
    house: Installation, ada: Host
) -> None:
    """R073: no colleague, whoever they are, reads them; the database has them sealed, and loses them."""
    kenji = await colleague(house, ada, "Kenji")
    form = (await made_form(house, kenji, questions=[SIZE, MAIL], keepsDays=30))["routingForm"]
    slug = f"{kenji.handle}/where"
    for size in ("a canary", "another canary"):
        await submitted(house, filled(slug, size=size, mail="grace@example.org"))
    first, second = await listed(house, kenji, form["id"])

    for nobody in (ada.token, (await house.sign_up("Eve")).token):
        assert (await house.ask(SUBMISSIONS, nobody, form=form["id"]))["submissions"] is None
        assert (await house.ask(FUNNEL, nobody, form=form["id"]))["routingFunnel"] is None
        assert (await house.ask(NODE, nobody, id=first["id"]))["node"] is None
        erased = await house.ask(ERASE, nobody, input={"id": first["id"]})
        assert erased["submissionErase"]["code"] == "NOT_FOUND"
    stored = " ".join(await house.everything_stored())
    assert [word in stored for word in ("canary", "grace@example.org", slug.split("/")[1])] == [
        False,
        False,
        True,
    ]

    done = (await house.ask(ERASE, kenji.token, input={"id": first["id"]}))["submissionErase"]
    assert done["submission"] == {"isErased": True, "answers": []}
    assert [one["isErased"] for one in await listed(house, kenji, form["id"])] == [True, False]
    organization = (await house.rows("SELECT DISTINCT organization_id FROM submissions"))[0][0]
    await house.parts.keys.renew(organization)
    resealed = await house.parts.keys.reseal(organization)
    assert [one["isErased"] for one in await listed(house, kenji, form["id"])] == [True, False]
    await house.parts.keys.destroy(organization)
    house.clock.turn(minutes=6)
    assert [one["isErased"] for one in await listed(house, kenji, form["id"])] == [True, True]
    assert (resealed.done, resealed.failed) == (2, 0), "the answers that are left, and a calendar's password"
    house.clock.turn(days=29)
    await forget({"services": house.parts.services})
    assert (await house.rows("SELECT count(answers_sealed) FROM submissions")) == [(1,)]
    house.clock.turn(days=2)
    await forget({"services": house.parts.services})
    assert (await house.rows("SELECT count(*), count(answers_sealed) FROM submissions")) == [(2, 0)]
    house.clock.turn(days=2 * 365)
    await forget({"services": house.parts.services})
    assert await house.count("submissions") == 0
    assert second["answers"][0]["values"] == ["another canary"]


async def test_what_goes_takes_the_answers_with_it(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """A form that is deleted or whose owner leaves; its link is free, and a member is found no more."""
    kenji = await colleague(house, ada, "Kenji")
    await house.connect_calendar(kenji, radicale)
    me, intro = await id_of(house, kenji), await house.page(kenji, slug="intro")
    await give(house, ada, me, language="Deutsch")
    form = (await made_form(house, ada, questions=QUESTIONS, rules=rules_to(intro)))["routingForm"]
    other = (await made_form(house, kenji, questions=QUESTIONS))["routingForm"]
    slugs = [f"{one.handle}/where" for one in (ada, kenji)]
    for slug in slugs:
        await submitted(house, filled(slug, size="1", tongue="Deutsch"))
    sealed = "SELECT count(answers_sealed) FROM submissions"

    deleted = (await house.ask(DELETE, ada.token, input={"id": form["id"]}))["routingFormDelete"]
    left = await house.rows(sealed)
    twice = (await house.ask(DELETE, ada.token, input={"id": form["id"]}))["routingFormDelete"]
    anew = await made_form(house, ada, questions=QUESTIONS, rules=rules_to(intro))
    await house.ask(REMOVE, ada.token, input={"id": me})
    nobody = await submitted(house, filled(slugs[0], size="1", tongue="Deutsch"))

    assert (deleted["__typename"], twice["code"]) == ("RoutingFormDeletePayload", "NOT_FOUND")
    assert (left, await house.rows(sealed)) == ([(1,)], [(1,)])
    assert anew["__typename"] == "RoutingFormCreatePayload"
    assert (await house.ask(OPEN, slug=slugs[1]))["routingForm"] is None
    assert nobody["routed"]["text"] == "Write to us."
    assert await house.count("member_attributes") == 0
    forms, versions = await house.count("routing_forms"), await house.count("routing_form_versions")
    house.clock.turn(hours=23)
    await forget({"services": house.parts.services})
    assert (await house.count("routing_forms"), await house.count("submissions")) == (forms, 3)
    house.clock.turn(hours=2)
    await forget({"services": house.parts.services})
    assert await house.rows("SELECT count(*) FROM routing_forms WHERE deleted_at IS NOT NULL") == [(0,)]
    assert await house.count("routing_forms") == forms - 1
    assert (await house.count("routing_form_versions"), await house.count("submissions")) == (versions - 1, 2)
    assert other["isActive"] is True


async def test_who_books_after_their_answers_are_erased_is_counted_and_not_named(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Erased stays erased, and booked is booked, even where it is cancelled. Old versions go in time."""
    await house.connect_calendar(ada, radicale)
    page = await house.page(ada)
    form = (await made_form(house, ada, questions=[SIZE], otherwise={"kind": "PAGE", "page": page}))[
        "routingForm"
    ]
    slug = f"{ada.handle}/where"
    came = [await submitted(house, filled(slug, size=size)) for size in ("1", "2")]
    first, _ = await listed(house, ada, form["id"])
    await house.ask(ERASE, ada.token, input={"id": first["id"]})
    await house.ask(UPDATE, ada.token, input={"id": form["id"], "name": "Where now?"})

    booked = [
        await house.book(page, start, submission=one["secret"])
        for start, one in zip(("2026-03-30T08:00:00Z", "2026-03-30T09:00:00Z"), came, strict=True)
    ]
    await house.book(page, "2026-03-30T10:00:00Z", submission=came[0]["secret"])

    cancelled = {"token": booked[1]["manageToken"], "reason": "", "idempotencyKey": str(uuid4())}
    ended = (await house.ask(CANCEL, input=cancelled))["bookingCancel"]

    assert [one["__typename"] for one in booked] == ["BookingCreatePayload"] * 2
    assert ended["__typename"] == "InviteeBookingPayload"
    named = "SELECT booked_at IS NULL, invitee_id IS NULL FROM submissions ORDER BY created_at"
    assert await house.rows(named) == [(False, True), (False, False)]
    funnel = (await house.ask(FUNNEL, ada.token, form=form["id"]))["routingFunnel"]
    assert (funnel["submitted"], funnel["booked"]) == (2, 2)
    house.clock.turn(days=2 * 365 + 1)
    await forget({"services": house.parts.services})
    assert await house.rows("SELECT number FROM routing_form_versions") == [(2,)]
