"""What was submitted as CSV, and what one person submitted: found and erased by their address (R073)."""

import csv
import io
from typing import Any

import pytest

from tests.forms import MAIL, SIZE, TOPIC, UPDATE, asked, filled, listed, made_form, submitted
from tests.installation import Host, Installation
from tests.teams import colleague

pytestmark = pytest.mark.anyio

SHEET = """query ($form: ID!, $filter: SubmissionFilterInput, $first: Int, $after: String) {
  submissionsSheet(formId: $form, filter: $filter, first: $first, after: $after) { csv nextCursor } }"""
FOUND = """query ($form: ID!, $email: EmailAddress!, $after: String) {
  submissionsBy(formId: $form, email: $email, after: $after) { nextCursor
    submissions { id answers { key values } questions { key } } } }"""
ERASE_ALL = """mutation ($input: SubmissionsEraseInput!) { submissionsErase(input: $input) { __typename
  ... on SubmissionsErasePayload { erased nextCursor } ... on Error { code path } } }"""
# Rows that nobody can open: their answers were sealed for another place.
MANY = """INSERT INTO submissions (organization_id, id, form_id, version, fell_back, result, answers_sealed,
    created_at) SELECT organization_id, gen_random_uuid(), form_id, version, false, 'text', answers_sealed,
    created_at + interval '1 microsecond' FROM submissions, generate_series(1, 500)
    WHERE created_at = (SELECT min(created_at) FROM submissions)"""


async def test_submissions_are_exported_as_csv_by_their_owner_alone(house: Installation, ada: Host) -> None:
    """Case 121: columns of all versions, part by part; a formula is text; nobody else has any of it."""
    kenji = await colleague(house, ada, "Kenji")
    page = await house.page(ada)
    form = (await made_form(house, ada, questions=[SIZE, MAIL], otherwise={"kind": "PAGE", "page": page}))[
        "routingForm"
    ]["id"]
    slug = f"{ada.handle}/where"
    first = await submitted(house, filled(slug, size="=1+1", mail="+81"))
    await house.book(page, "2026-03-30T08:00:00Z", submission=first["secret"])
    changes = {"questions": [asked("size", "STRING"), TOPIC], "otherwise": {"kind": "TEXT", "text": "-Bye"}}
    await house.ask(UPDATE, ada.token, input={"id": form, **changes})
    await submitted(house, {**filled(slug, topic=["Shops", "Museums"]), "version": 2})

    whole = (await house.ask(SHEET, ada.token, form=form))["submissionsSheet"]
    part = (await house.ask(SHEET, ada.token, form=form, first=1))["submissionsSheet"]
    rest = (await house.ask(SHEET, ada.token, form=form, after=part["nextCursor"]))["submissionsSheet"]
    booked = (await house.ask(SHEET, ada.token, form=form, filter={"isBooked": True}))["submissionsSheet"]
    wrong = await house.answer(SHEET, ada.token, form=form, after="x")
    none = await house.ask(SHEET, ada.token, form=form, first=0)
    others = [
        (await house.ask(SHEET, token, form=form))["submissionsSheet"]
        for token in (kenji.token, (await house.sign_up("Eve")).token)
    ]

    header, large, bye = rows(whole)
    assert header[8:] == ["Size?", "Topic?", "Mail?"]
    assert [large[1], *large[4:6], large[6] != "", *large[8:]] == [
        "1",
        "page",
        page,
        True,
        "'=1+1",
        "",
        "'+81",
    ]
    assert [bye[1], *bye[4:]] == ["2", "text", "'-Bye", "", "no", "", "Shops\nMuseums", ""]
    assert (whole["nextCursor"], rest["nextCursor"]) == (None, None)
    assert [len(rows(one)) for one in (part, rest, booked)] == [2, 2, 2]
    assert rows(rest)[0][8:] == ["Size?", "Topic?"]
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (none["submissionsSheet"]["nextCursor"], others) == (None, [None, None])


async def test_what_one_person_submitted_is_found_and_erased_by_their_address(
    house: Installation, ada: Host
) -> None:
    """Of all versions and however many others came; another's, and another form's, stay as they are."""
    kenji, text = await colleague(house, ada, "Kenji"), asked("said", "TEXT")
    form, other = [
        (await made_form(house, ada, slug=slug, questions=[MAIL, text]))["routingForm"]["id"]
        for slug in ("where", "other")
    ]
    slug, grace = f"{ada.handle}/where", "Grace@Example.org"
    await submitted(house, filled(slug, mail="ada@example.org"))
    await house.rows_changed(MANY)
    await submitted(house, filled(slug, mail=grace))
    await house.ask(UPDATE, ada.token, input={"id": form, "questions": [text]})
    await submitted(house, {**filled(slug, said="I am <grace@EXAMPLE.org>."), "version": 2})
    await submitted(house, {**filled(slug, said="grace@example.org.uk"), "version": 2})
    await submitted(house, filled(f"{ada.handle}/other", mail=grace))

    async def erased(token: str, **given: Any) -> dict[str, Any]:
        wanted = {"formId": form, "email": "grace@example.org", **given}
        return (await house.ask(ERASE_ALL, token, input=wanted))["submissionsErase"]

    strangers = [kenji.token, (await house.sign_up("Eve")).token]
    nobody = [await erased(token) for token in strangers]
    nothing = [await house.ask(FOUND, token, form=form, email=grace) for token in strangers]
    found: list[dict[str, Any]] = []
    looks, after = 0, None
    while looks == 0 or after:
        look = (await house.ask(FOUND, ada.token, form=form, email=grace, after=after))["submissionsBy"]
        found, looks, after = [*found, *look["submissions"]], looks + 1, look["nextCursor"]
    wrong = await erased(ada.token, after="x")
    first = await erased(ada.token)
    second = await erased(ada.token, after=first["nextCursor"])
    again = await erased(ada.token, after=first["nextCursor"])
    left = await house.rows("SELECT count(*), count(answers_sealed) FROM submissions")
    noted = await house.rows("SELECT count(*) FROM audit_log WHERE act = 'submission_erased'")

    assert [one["code"] for one in nobody] == ["NOT_FOUND"] * 2
    assert nothing == [{"submissionsBy": None}] * 2
    assert [one["answers"][0]["values"] for one in found] == [[grace], ["I am <grace@EXAMPLE.org>."]]
    assert [len(one["questions"]) for one in found] == [2, 1]
    assert looks == 6
    assert (wrong["code"], wrong["path"]) == ("INVALID_INPUT", ["after"])
    assert (first["erased"], first["nextCursor"] is None) == (0, False)
    assert [one["erased"] for one in (second, again)] == [2, 0]
    assert (second["nextCursor"], left, noted) == (None, [(505, 503)], [(2,)])
    assert [one["isErased"] for one in await listed(house, ada, other)] == [False]


def rows(sheet: dict[str, Any]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(sheet["csv"], newline="")))
