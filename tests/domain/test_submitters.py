"""Who submitted a form: an address is found where it stands, and is not taken for another one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.booking_pages import Answer
from domain.errors import InvalidInput
from domain.ids import OrganizationId, RoutingFormId, SubmissionId
from domain.routing_forms import Result, Submission
from domain.submitters import submitted_by
from storage.base import new_id

NONE = Submission(
    SubmissionId(new_id()),
    OrganizationId(new_id()),
    RoutingFormId(new_id()),
    1,
    None,
    fell_back=False,
    result=Result.TEXT,
    page_id=None,
    answers=None,
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def saying(*values: str) -> Submission:
    return replace(NONE, answers=(Answer("a", "A?", ("3",)), Answer("b", "B?", values)))


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        " ADA@Example.COM ",
        "Write to ada@example.com. Thanks",
        "Ada <ada@example.com>",
        "mailto:ada@example.com",
        "'ada@example.com'",
        "メールはada@example.comです",
        "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "a@b.example, ada@example.com",
    ],
)
def test_an_address_is_found_where_it_stands(text: str) -> None:
    assert submitted_by("Ada@EXAMPLE.com")(saying("nothing", text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "example.com",
        "lada@example.com",
        "l.ada@example.com",
        "l-ada@example.com",
        "o'ada@example.com",
        "x+ada@example.com",
        "ada+x@example.com",
        "ada@example.com.au",
        "ada@example.community",
        "ada@example.com-x.de",
        "ada@exampleXcom",
        "ada@mail.example.com",
    ],
)
def test_an_address_that_only_looks_alike_is_somebody_elses(text: str) -> None:
    assert not submitted_by("ada@example.com")(saying(text))
    assert not submitted_by("ada@example.com")(NONE)


def test_a_domain_has_two_spellings_and_an_address_may_have_signs() -> None:
    found = submitted_by("o'neil.x@Köln.example")

    assert found(saying("O'Neil.X@xn--kln-sna.example"))
    assert found(saying("bei o'neil.x@köln.example,"))
    assert not found(saying("o'neilyx@köln.example"))
    with pytest.raises(InvalidInput) as refused:
        submitted_by("köln.example")
    assert refused.value.path == ("email",)
