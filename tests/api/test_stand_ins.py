"""Who stands in while a host is away, over the API (X17)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.installation import Host, Installation
from tests.radicale import Radicale
from tests.teams import team_of

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
NOON = "2026-03-30T10:00:00Z"
DATES = {"first": "2026-03-30", "last": "2026-04-02", "zone": "Europe/Berlin", "reason": "SICK_LEAVE"}
BACK = "2026-04-02T22:00:00Z"
_ABSENCE = "absence { id reason standIn { state member { name } } }"
CREATE = f"""mutation ($input: AbsenceCreateInput!) {{ absenceCreate(input: $input) {{ __typename
  ... on AbsenceCreatePayload {{ {_ABSENCE} }} ... on Error {{ code path }} }} }}"""
SET = f"""mutation ($input: AbsenceStandInSetInput!) {{ absenceStandInSet(input: $input) {{ __typename
  ... on AbsenceStandInSetPayload {{ {_ABSENCE} }} ... on Error {{ code path }} }} }}"""
_DUTY = "absenceId first last zone isAgreed pageId host { name }"
ACCEPT = f"""mutation ($input: StandInAcceptInput!) {{ standInAccept(input: $input) {{ __typename
  ... on StandInAcceptPayload {{ duty {{ {_DUTY} }} }} ... on Error {{ code path }} }} }}"""
DECLINE = """mutation ($input: StandInDeclineInput!) { standInDecline(input: $input) { __typename
  ... on Error { code path } } }"""
DELETE = "mutation ($input: AbsenceDeleteInput!) { absenceDelete(input: $input) { __typename } }"
DUTIES = f"{{ standInDuties {{ {_DUTY} }} }}"
ABSENCES = "{ absences { standIn { state member { name } } } }"
AWAY = """query ($slug: String!, $at: Instant) { bookingPage(slug: $slug) { away(at: $at) {
  until standInLink } } }"""
PAGES = "{ bookingPages { nodes { id } } }"
PAGE_UPDATE = "mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename } }"
LEAVE = "mutation ($input: MemberRemoveInput!) { memberRemove(input: $input) { __typename } }"


async def away(house: Installation, slug: str, at: str | None = NOON) -> Any:
    """Open a page as a visitor: what is told of an absence."""
    return (await house.ask(AWAY, slug=slug, at=at))["bookingPage"]["away"]


async def create(house: Installation, host: Host, **more: Any) -> dict[str, Any]:
    """Add an absence; whatever comes of it."""
    return (await house.ask(CREATE, host.token, input={**DATES, **more}))["absenceCreate"]


async def accept(house: Installation, host: Host, absence: str, page: str) -> dict[str, Any]:
    """Agree to stand in; whatever comes of it."""
    given = {"absenceId": absence, "pageId": page}
    return (await house.ask(ACCEPT, host.token, input=given))["standInAccept"]


async def first_page(house: Installation, host: Host) -> str:
    """Name a host's first page."""
    return (await house.ask(PAGES, host.token))["bookingPages"]["nodes"][0]["id"]


async def test_visitors_are_told_until_when_and_where_else_once_the_stand_in_agrees(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Neither why nor who; and only while that page is open and its owner is there."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    await house.connect_calendar(ben, radicale)
    of_ada, of_ben = await house.page(ada), await house.page(ben)
    page = await first_page(house, ben)

    absence = (await create(house, ada, standInId=team.ids[ben.handle]))["absence"]
    asked = await away(house, of_ada)
    duties = (await house.ask(DUTIES, ben.token))["standInDuties"]
    agreed = await accept(house, ben, absence["id"], page)
    shown = await away(house, of_ada)
    around = [await away(house, of_ada, at) for at in ("2026-03-29T12:00:00Z", "2026-04-03T12:00:00Z", None)]
    offered = [await house.starts(slug, MONDAY) for slug in (of_ada, of_ben)]
    await house.ask(PAGE_UPDATE, ben.token, input={"id": page, "isActive": False})
    closed = await away(house, of_ada)
    await house.ask(PAGE_UPDATE, ben.token, input={"id": page, "isActive": True, "isSecret": True})
    secret = await away(house, of_ada)
    await house.ask(DELETE, ada.token, input={"id": absence["id"]})

    assert absence["standIn"] == {"state": "ASKED", "member": {"name": "Ben"}}
    assert asked == closed == secret == {"until": BACK, "standInLink": None}
    assert [(one["host"]["name"], one["isAgreed"], one["pageId"]) for one in duties] == [("Ada", False, None)]
    assert (agreed["duty"]["isAgreed"], agreed["duty"]["pageId"]) == (True, page)
    assert shown == {"until": BACK, "standInLink": of_ben}
    assert around == [None, None, None]
    assert (offered[0], len(offered[1]) > 0) == ([], True)
    assert await away(house, of_ada) is None
    assert (await house.ask(DUTIES, ben.token))["standInDuties"] == []


async def test_visitors_are_not_sent_round_among_those_who_are_away(house: Installation, ada: Host) -> None:
    """Two who stand in for each other: while both are away, visitors are told until when and nothing more."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    of_ada, of_ben = await house.page(ada), await house.page(ben)
    pages = {host: await first_page(house, host) for host in team.hosts}
    later = {"first": "2026-04-02", "last": "2026-04-05"}
    first = (await create(house, ada, standInId=team.ids[ben.handle]))["absence"]["id"]
    second = (await create(house, ben, **later, standInId=team.ids[ada.handle]))["absence"]["id"]
    await accept(house, ben, first, pages[ben])
    await accept(house, ada, second, pages[ada])

    both = [await away(house, slug, "2026-04-02T10:00:00Z") for slug in (of_ada, of_ben)]
    one = await away(house, of_ada), await away(house, of_ben, "2026-04-03T10:00:00Z")

    assert both == [
        {"until": BACK, "standInLink": None},
        {"until": "2026-04-05T22:00:00Z", "standInLink": None},
    ]
    assert [shown["standInLink"] for shown in one] == [of_ben, of_ada]


async def test_who_is_asked_is_mailed_and_who_declines_has_the_host_mailed(
    house: Installation, ada: Host
) -> None:
    """The reason is in neither mail; who was asked before and is not any more gets none."""
    team = await team_of(house, ada, "Ben", "Cleo")
    _, ben, cleo = team.hosts
    absence = (await create(house, ada, standInId=team.ids[ben.handle]))["absence"]
    await house.work()
    asked = house.mails_to(ben.email)[-1]
    before = len(house.mails_to(ben.email))

    declined = (await house.ask(DECLINE, ben.token, input={"absenceId": absence["id"]}))["standInDecline"]
    await house.work()
    told = house.mails_to(ada.email)[-1]
    twice = (await house.ask(DECLINE, ben.token, input={"absenceId": absence["id"]}))["standInDecline"]
    given = {"id": absence["id"], "standInId": team.ids[cleo.handle]}
    other = (await house.ask(SET, ada.token, input=given))["absenceStandInSet"]
    await house.ask(SET, ada.token, input={"id": absence["id"], "standInId": team.ids[ben.handle]})
    count = len(house.mails_to(cleo.email))
    await house.work()
    nobody = (await house.ask(SET, ada.token, input={"id": absence["id"]}))["absenceStandInSet"]

    assert asked.message["Subject"] == "Ada is away and asks you to stand in."
    assert told.message["Subject"] == "Ben does not stand in for you while you are away."
    assert all("ick" not in mail.part("text/plain") for mail in (asked, told))
    assert "March 30, 2026" in asked.part("text/plain")
    assert "April 2, 2026" in asked.part("text/plain")
    assert declined["__typename"] == "StandInDeclinePayload"
    assert (twice["code"], twice["path"]) == ("CONFLICT", [])
    assert other["absence"]["standIn"] == {"state": "ASKED", "member": {"name": "Cleo"}}
    assert nobody["absence"]["standIn"] is None
    assert (len(house.mails_to(ben.email)), len(house.mails_to(cleo.email))) == (before + 1, count)


async def test_who_had_agreed_is_told_when_the_absence_ends_for_them(house: Installation, ada: Host) -> None:
    """Removed, or somebody else is asked; with what they still stand in for, and never why."""
    team = await team_of(house, ada, "Ben", "Cleo")
    _, ben, cleo = team.hosts
    await house.page(ben)
    page = await first_page(house, ben)
    later = {"first": "2026-05-04", "last": "2026-05-06"}
    given = {"standInId": team.ids[ben.handle]}
    made = [(await create(house, ada, **given, **more))["absence"]["id"] for more in ({}, later, later)]
    for absence in made[:2]:
        await accept(house, ben, absence, page)
    await house.work()

    await house.ask(DELETE, ada.token, input={"id": made[0]})
    await house.work()
    first = house.mails_to(ben.email)[-1]
    other = {"id": made[1], "standInId": team.ids[cleo.handle]}
    await house.ask(SET, ada.token, input=other)
    await house.ask(DELETE, ada.token, input={"id": made[2]})  # for which nobody had agreed
    await house.work()
    second = house.mails_to(ben.email)[-1]
    told = [mail for mail in house.mails_to(ben.email) if "not need you" in str(mail.summary["subject"])]
    await house.ask(DELETE, cleo.token, input={"id": made[1]})  # which is not hers

    assert first.message["Subject"] == "Ada does not need you to stand in any more, as you had agreed."
    assert "May 4, 2026" in first.part("text/plain")
    assert "May 4, 2026" not in second.part("text/plain")
    assert len(told) == 2
    assert [one for one in told if "ick" in one.part("text/plain")] == []
    assert len((await house.ask(ABSENCES, ada.token))["absences"]) == 1


async def test_only_who_is_asked_answers_and_only_with_a_page_of_theirs(
    house: Installation, ada: Host
) -> None:
    """Who leaves stands in no more, and nobody for them; the others are told."""
    team = await team_of(house, ada, "Ben", "Cleo", "Dan")
    _, ben, cleo, dan = team.hosts
    of_ada = await house.page(ada)
    foreign, elsewhere = await first_page(house, ada), await house.sign_up("Eve")
    for host in (ben, cleo):
        await house.page(host)
    of_ben, of_cleo = await first_page(house, ben), await first_page(house, cleo)
    own = await create(house, ada, standInId=team.ids[ada.handle])
    stranger = (await house.ask("{ viewer { user { id } } }", elsewhere.token))["viewer"]["user"]["id"]
    outside = await create(house, ada, standInId=stranger)
    absence = (await create(house, ada, standInId=team.ids[ben.handle]))["absence"]["id"]
    of_cleos = (await create(house, cleo, standInId=team.ids[ben.handle]))["absence"]["id"]

    refused = [
        await accept(house, cleo, absence, of_cleo),
        await accept(house, ben, absence, foreign),
        await accept(house, elsewhere, absence, of_ben),
    ]
    taken = [await accept(house, ben, one, of_ben) for one in (absence, of_cleos)]
    of_dans = (await create(house, dan, standInId=team.ids[cleo.handle]))["absence"]["id"]
    await accept(house, cleo, of_dans, of_cleo)
    await house.ask(LEAVE, ada.token, input={"id": team.ids[ben.handle]})
    left = [(await house.ask(ABSENCES, host.token))["absences"] for host in (ada, cleo)]
    await house.work()
    await house.ask(LEAVE, ada.token, input={"id": team.ids[dan.handle]})
    await house.work()

    assert [(one["code"], one["path"]) for one in (own, outside)] == [
        ("INVALID_INPUT", ["standInId"]),
        ("NOT_FOUND", ["standInId"]),
    ]
    assert [(one["code"], one["path"]) for one in refused] == [
        ("NOT_FOUND", ["absenceId"]),
        ("NOT_FOUND", ["pageId"]),
        ("NOT_FOUND", ["pageId"]),
    ]
    assert [one["__typename"] for one in taken] == ["StandInAcceptPayload"] * 2
    assert left == [[{"standIn": None}], [{"standIn": None}]]
    assert house.mails_to(ada.email)[-1].message["Subject"] == (
        "A colleague does not stand in for you while you are away."
    )
    assert [str(mail.message["Subject"]) for mail in house.mails_to(cleo.email)[-2:]] == [
        "A colleague does not stand in for you while you are away.",
        "Dan does not need you to stand in any more, as you had agreed.",
    ]
    assert await away(house, of_ada) is None
