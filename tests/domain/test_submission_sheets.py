"""What was submitted as a table: columns of all versions, and no cell that is a formula."""

import csv
import io
from datetime import UTC, datetime, timedelta

from domain.booking_pages import Answer, Question, QuestionFormat
from domain.ids import OrganizationId, RoutingFormId, SubmissionId
from domain.routing import Comparison, Condition, Destination, DestinationKind, Joining, Rule
from domain.routing_forms import FormSettings, Result, Submission
from domain.submission_sheets import SheetRow, submissions_sheet
from storage.base import new_id

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
CAME, BOOKED = "2026-03-01T09:00:00+00:00", "2026-03-01T10:00:00+00:00"
TEXT = Destination(DestinationKind.TEXT, text="Hello.")


def question(key: str, label: str) -> Question:
    return Question(
        key, label, QuestionFormat.STRING, (), is_required=False, is_enabled=True, takes_other=False
    )


def form(*questions: Question, rule: str = "=Rule") -> FormSettings:
    condition = Condition("size", Comparison.ANSWERED)
    return FormSettings(
        "where", "W", TEXT, questions=questions, rules=(Rule(rule, Joining.ALL, (condition,), TEXT),)
    )


def submission(version: int, rule: int | None, *answers: Answer, is_erased: bool = False) -> Submission:
    return Submission(
        SubmissionId(new_id()),
        OrganizationId(new_id()),
        RoutingFormId(new_id()),
        version,
        rule,
        fell_back=rule is not None,
        result=Result.TEXT,
        page_id=None,
        answers=None if is_erased else answers,
        created_at=NOW,
        booked_at=NOW + timedelta(hours=1) if rule is None else None,
    )


def table(*rows: SheetRow) -> list[list[str]]:
    return list(csv.reader(io.StringIO(submissions_sheet(rows), newline="")))


def test_columns_are_the_questions_of_all_versions_by_key_as_they_were_asked_last() -> None:
    first = form(question("gone", "Gone?"), question("size", "How many?"))
    last = form(question("size", "Size?"), question("other", "Size?"), question("version", "version"))

    size, gone = Answer("size", "How many?", ("3",)), Answer("gone", "Gone?", ("yes",))
    header, *rows = table(
        SheetRow(submission(1, 0, size, gone), first, "a/b"),
        SheetRow(submission(4, None, Answer("other", "Size?", ("=1+1", "x"))), last, "Hello."),
        SheetRow(submission(4, None, is_erased=True), last, "@Hello."),
    )

    assert header[:8] == [
        *("submitted", "version", "rule", "fell back", "result", "destination", "booked", "erased"),
    ]
    assert header[8:] == ["Size? (size)", "Size? (other)", "version (version)", "Gone?"]
    assert rows == [
        [CAME, "1", "'=Rule", "yes", "text", "a/b", "", "no", "3", "", "", "yes"],
        [CAME, "4", "", "no", "text", "Hello.", BOOKED, "no", "", "'=1+1\nx", "", ""],
        [CAME, "4", "", "no", "text", "'@Hello.", BOOKED, "yes", "", "", "", ""],
    ]


def test_of_nothing_there_is_a_header() -> None:
    assert [len(row) for row in table()] == [8]
