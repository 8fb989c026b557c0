"""What was submitted by a routing form as a table: a row for each submission, a column for each question."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.routing_forms import FormSettings, Submission
from domain.spreadsheets import sheet

_HEADER = ("submitted", "version", "rule", "fell back", "result", "destination", "booked", "erased")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A submission with the settings of its version, and the address, link or text to which it led."""

    submission: Submission
    settings: FormSettings
    led_to: str


def submissions_sheet(rows: Sequence[SheetRow]) -> str:
    """Write submissions as CSV. A question is a column by its key, named as it was asked last.

    Where two are named alike, their keys stand beside their names. Of several answers each has a line.
    """
    columns = _columns(rows)
    return sheet([[*_HEADER, *_named(columns)], *(_cells(row, columns) for row in rows)])


def _columns(rows: Sequence[SheetRow]) -> dict[str, str]:
    """Give the questions of all versions by their keys, those of the newest version first."""
    versions = {row.submission.version: row.settings.questions for row in rows}
    labels: dict[str, str] = {}
    for _, questions in sorted(versions.items(), reverse=True):
        for question in questions:
            labels.setdefault(question.key, question.label)
    return labels


def _named(columns: dict[str, str]) -> list[str]:
    labels = [*_HEADER, *columns.values()]
    return [label if labels.count(label) == 1 else f"{label} ({key})" for key, label in columns.items()]


def _cells(row: SheetRow, columns: dict[str, str]) -> list[str]:
    submission = row.submission
    answers = {answer.key: answer.values for answer in submission.answers or ()}
    return [
        submission.created_at.isoformat(timespec="seconds"),
        str(submission.version),
        "" if submission.rule is None else row.settings.rules[submission.rule].name,
        _said(submission.fell_back),
        submission.result.value,
        row.led_to,
        submission.booked_at.isoformat(timespec="seconds") if submission.booked_at else "",
        _said(submission.answers is None),
        *("\n".join(answers.get(key, ())) for key in columns),
    ]


def _said(is_so: bool) -> str:
    return "yes" if is_so else "no"
