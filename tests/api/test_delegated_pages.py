"""What a delegate does with what belongs to their principal's pages: links, rooms, and routing forms."""

from typing import Any

import pytest

from tests.api.test_delegation import LOG, acting
from tests.calling import call, outcome
from tests.forms import (
    CREATE,
    DELETE,
    ERASE,
    EXPLAIN,
    FUNNEL,
    SIZE,
    SUBMISSIONS,
    UPDATE,
    filled,
    listed,
    said,
    submitted,
    to_text,
)
from tests.installation import Host, Installation
from tests.links import LINK_CREATE
from tests.teams import team_of
from tests.world import NINE

pytestmark = pytest.mark.anyio

LINKS = "{ pageLinks { nodes { id label revokedAt } } }"
PAGES = "{ bookingPages { nodes { id revision requires { anyOf { id } } } } }"
RESOURCE = """mutation { resourceCreate(input: {name: "Room", kind: ROOM}) {
  ... on ResourceCreatePayload { resource { id } } } }"""


async def test_a_delegate_of_the_pages_makes_links_and_requires_rooms_for_their_principal(
    house: Installation, ada: Host
) -> None:
    """R075: what comes of it is the principal's, and the log says who has done it for whom."""
    team = await team_of(house, ada, "Ben", "Cy")
    _, ben, cy = team.hosts
    me = team.ids[ada.handle]
    await acting(team, ada, ben, scopes=["PAGES"])
    await acting(team, ada, cy, scopes=["BOOKINGS"])
    slug = await house.page(ada)
    (page,) = (await house.ask(PAGES, ada.token))["bookingPages"]["nodes"]
    room = (await house.ask(RESOURCE, ada.token))["resourceCreate"]["resource"]["id"]
    wanted = {"pageId": page["id"], "label": "For Grace", "starts": [NINE]}

    made = (await house.ask(LINK_CREATE, ben.token, me, input=wanted))["pageLinkCreate"]
    shown = [
        (await house.ask(LINKS, token, act_for))["pageLinks"]["nodes"]
        for token, act_for in ((ada.token, None), (ben.token, me), (ben.token, None))
    ]
    booked = await house.book(slug, NINE, link=made["secret"])
    changes: list[tuple[str, dict[str, Any]]] = [
        ("pageLinkUpdate", {"id": made["pageLink"]["id"], "label": "For her"}),
        ("pageLinkRevoke", {"id": made["pageLink"]["id"]}),
        ("bookingPageResourcesSet", {"id": page["id"], "requires": [{"anyOf": [room]}]}),
    ]
    changed = [
        outcome(await call(house, name, token, {"input": given}, me))
        for name, given in changes
        for token in (cy.token, ben.token)
    ]
    (after,) = (await house.ask(PAGES, ada.token))["bookingPages"]["nodes"]
    log: list[Any] = (await house.ask(LOG, ada.token))["viewer"]["organization"]["auditLog"]["nodes"]

    assert made["__typename"] == "PageLinkCreatePayload"
    assert shown[0] == shown[1] == [{"id": made["pageLink"]["id"], "label": "For Grace", "revokedAt": None}]
    assert shown[2] == []
    assert booked["__typename"] == "BookingCreatePayload"
    assert changed == ["NOT_ALLOWED", "works"] * 3
    assert after["requires"] == [{"anyOf": [{"id": room}]}]
    assert [(one["act"], one["actor"]["name"], one["principal"]["name"]) for one in log[:5] if one["actor"]
            and one["actor"]["name"] == "Ben"] == [
        ("PAGE_RESOURCES_SET", "Ben", "Ada"),
        ("PAGE_LINK_REVOKED", "Ben", "Ada"),
        ("PAGE_LINK_UPDATED", "Ben", "Ada"),
        ("PAGE_LINK_CREATED", "Ben", "Ada"),
    ]  # fmt: skip


async def test_a_delegate_of_the_pages_keeps_forms_and_does_nothing_to_answers(
    house: Installation, ada: Host
) -> None:
    """R073: what visitors say is the principal's alone; to remove a form would erase it."""
    team = await team_of(house, ada, "Ben")
    _, ben = team.hosts
    me = team.ids[ada.handle]
    await acting(team, ada, ben, scopes=["PAGES"])
    wanted = {"slug": "where", "name": "Where to?", "questions": [SIZE], "otherwise": to_text("Hello.")}

    made = (await house.ask(CREATE, ben.token, me, input=wanted))["routingFormCreate"]["routingForm"]
    form = made["id"]
    await submitted(house, filled(f"{ada.handle}/where", size="a canary"))
    (seen,) = await listed(house, ada, form)
    changes = [{"name": "Where now?", "keepsDays": 180}, {"keepsDays": 1}]
    changed = [
        (await house.ask(UPDATE, ben.token, me, input={"id": form, **change}))["routingFormUpdate"]
        for change in changes
    ]
    tried = (await house.ask(EXPLAIN, ben.token, me, form=form, answers=said(size="1")))["explainRouting"]
    looks = [await house.answer(look, ben.token, me, form=form) for look in (SUBMISSIONS, FUNNEL)]
    done = [
        (await house.ask(DELETE, ben.token, me, input={"id": form}))["routingFormDelete"],
        (await house.ask(ERASE, ben.token, me, input={"id": seen["id"]}))["submissionErase"],
    ]
    log: list[Any] = (await house.ask(LOG, ada.token))["viewer"]["organization"]["auditLog"]["nodes"]

    assert changed[0]["routingForm"]["name"] == "Where now?"
    assert (changed[1]["code"], changed[1]["path"]) == ("NOT_ALLOWED", ["keepsDays"])
    assert tried["routed"]["text"] == "Hello."
    assert [look["errors"][0]["extensions"]["code"] for look in looks] == ["FORBIDDEN"] * 2
    assert "canary" not in str(looks)
    assert [one["code"] for one in done] == ["NOT_ALLOWED"] * 2
    assert [one["isErased"] for one in await listed(house, ada, form)] == [False]
    assert [
        (one["act"], one["actor"]["name"], one["principal"]["name"]) for one in log
        if one["act"].startswith("ROUTING_FORM")
    ] == [("ROUTING_FORM_UPDATED", "Ben", "Ada"), ("ROUTING_FORM_CREATED", "Ben", "Ada")]  # fmt: skip
