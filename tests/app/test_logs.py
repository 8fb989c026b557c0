"""Logs: fields by name, one line each, and nothing that people wrote."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from app.logs import JsonLines

ROOT = Path(__file__).parents[2]


def line(message: object, *args: object, **fields: object) -> dict[str, object]:
    record = logging.LogRecord("services.bookings", logging.WARNING, __file__, 1, message, args, None)
    vars(record).update(fields)
    return json.loads(JsonLines().format(record))


def failing(text: str) -> logging.LogRecord:
    with pytest.raises(ValueError, match=text) as failed:
        int(text)
    return logging.LogRecord(
        "app", logging.ERROR, __file__, 1, "failed", (), (failed.type, failed.value, failed.tb)
    )


def test_a_line_is_made_of_known_fields_only() -> None:
    """R24: an allow-list of fields; case 164 and case 173."""
    told = line("effect failed", effect="SEND_MAIL", attempt=3, email="ann@example.com", title="Divorce")

    assert set(told) == {"time", "level", "logger", "event", "effect", "attempt"}
    assert (told["effect"], told["attempt"], told["level"]) == ("SEND_MAIL", 3, "warning")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", "smtp said ann@example.com is unknown"),
        ("reason", "see https://book.example.com/m/hush"),
        ("user_id", "ann@example.com"),
        ("code", "x\r\nlevel=critical"),
        ("kinds", ["ValueError", "hush hush"]),
        ("places", ["https://example.com/?token=hush"]),
        ("field", "a" * 201),
    ],
)
def test_a_field_cannot_carry_what_has_not_its_form(field: str, value: object) -> None:
    """R24: a wrong value in a right field is withheld."""
    told = json.dumps(line("said", **{field: value}))

    assert "(withheld)" in told
    assert "hush" not in told
    assert "ann@" not in told


def test_what_is_filled_into_a_message_stays_out() -> None:
    """R24: what a library formats is not ours to trust."""
    told = line("Task failed for %s\nfuture: <Task hush>", "ann@example.com")

    assert told["event"] == "Task failed for %s"


def test_a_message_that_is_no_text_is_told_by_its_kind() -> None:
    assert line(ValueError("hush"))["event"] == "ValueError"


def test_an_exception_is_its_kinds_and_our_places() -> None:
    """R24: never its text, which may quote a statement's parameters."""
    written = JsonLines().format(failing("hush ann@example.com"))
    told = json.loads(written)

    assert "hush" not in written
    assert told["kinds"] == ["ValueError"]
    assert [place.rsplit(":", 1)[0] for place in told["places"]] == ["tests/app/test_logs.py"]
    assert len(told["incident"]) == 36


def test_nobody_can_begin_a_line_of_their_own() -> None:
    """R24: CR, LF and whatever else a terminal obeys are escaped."""
    record = logging.LogRecord("a\r\nb\x1b[2J\u2028", logging.INFO, __file__, 1, "a\x85b", (), None)
    written = JsonLines().format(record)

    assert len(written.splitlines()) == 1
    assert written.isprintable()


def test_a_process_that_ends_by_an_error_says_so_in_a_line() -> None:
    """R24: also the last words are without what people wrote."""
    program = "from app.logs import configure; configure('info'); raise ValueError('hush')"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert "hush" not in ended.stderr
    assert json.loads(ended.stderr)["kinds"] == ["ValueError"]


def test_libraries_speak_through_us() -> None:
    program = """
import logging
logging.basicConfig()
logging.getLogger("uvicorn.error").addHandler(logging.StreamHandler())
from app.logs import configure
configure("debug")
logging.getLogger("uvicorn.access").error("GET /m/hush")
logging.getLogger("httpx").info("GET https://hush.example.com")
logging.getLogger("uvicorn.error").warning("slow")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert [json.loads(said)["event"] for said in ended.stderr.splitlines()] == ["slow"]
