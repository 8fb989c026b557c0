"""Logs: one JSON object a line, made of fields that are named here, each of a form that cannot carry more.

Texts that were filled in are not logged: a message is what stands in the program, its arguments are left
out unless they are fields. An exception is its kinds and the places of ours that it came through, never
its text, which can quote what people typed, a statement's parameters or an address.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any
from uuid import uuid4

_ROOT = Path(__file__).parent.parent
_LONGEST = 200
_MOST = 20
_WITHHELD = "(withheld)"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_ .,-]{0,199}")
_PLACE = re.compile(r"[\w./ <>-]{1,200}:\d{1,6}( [\w<>.]{1,80})?", re.ASCII)
# What a record may carry, and the form it must have; numbers and truth values always fit.
FIELDS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "incident": _ID,
        "kinds": _NAME,
        "places": _PLACE,
        "request_id": _ID,
        "organization_id": _ID,
        "user_id": _ID,
        "connection_id": _ID,
        "booking_id": _ID,
        "effect_id": _ID,
        "effect": _NAME,
        "event_kind": _NAME,
        "field": _NAME,
        "operation_type": _NAME,
        "room": _NAME,
        "job": _NAME,
        "provider": _NAME,
        "code": _NAME,
        "reason": _WORDS,
        "status": _NAME,
        "attempt": _ID,
        "count": _ID,
        "duration_ms": _ID,
        "port": _ID,
        "region": _NAME,
    }
)
# Libraries that say more than anybody reads, or say it with addresses and parameters.
_QUIET = MappingProxyType(
    {
        "uvicorn.access": logging.CRITICAL,
        "uvicorn.error": logging.WARNING,
        "uvicorn": logging.WARNING,
        "asyncio": logging.WARNING,
        "arq": logging.WARNING,
        "sqlalchemy": logging.WARNING,
        "alembic": logging.WARNING,
        "httpx": logging.WARNING,
        "httpcore": logging.WARNING,
        "websockets": logging.WARNING,
        "strawberry": logging.CRITICAL,  # the door tells defects itself, with an incident
        "aiosmtplib": logging.WARNING,
    }
)


class JsonLines(logging.Formatter):
    """Makes one line of a record: time, level, logger, event, the fields and, if any, the exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; nothing in it can end it early, since everything is ASCII and escaped."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name[:_LONGEST],
            "event": _event(record.msg),
        }
        given = vars(record)
        line |= {name: _value(given[name], form) for name, form in FIELDS.items() if name in given}
        cause = record.exc_info[1] if record.exc_info else None
        if cause is not None:
            line |= describe(cause)
            line.setdefault("incident", str(uuid4()))
        return json.dumps(line)


def configure(level: str) -> None:
    """Send every log of the process to stderr as JSON lines, from `level` on; also what ends the process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(least, root.level))
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a broken log call would print its arguments
    sys.excepthook = _log_the_end


def describe(cause: BaseException) -> dict[str, object]:
    """Describe an exception without its text: its kinds, outermost first, and our places, innermost last."""
    kinds: list[str] = []
    step: BaseException | None = cause
    while step is not None and len(kinds) < _MOST:
        kinds.append(type(step).__qualname__)
        step = step.__cause__ or step.__context__
    return {"kinds": kinds, "places": _places(cause.__traceback__)}


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)
    ours = [frame for frame in frames if _is_ours(Path(frame.filename))]
    return [f"{Path(frame.filename).relative_to(_ROOT)}:{frame.lineno} {frame.name}" for frame in ours][
        -_MOST:
    ]


def _is_ours(file: Path) -> bool:
    return file.is_relative_to(_ROOT) and "site-packages" not in file.parts


def _event(message: object) -> str:
    """Give the first line of what the program says, not filled in; only the kind of anything but text."""
    if not isinstance(message, str):
        return type(message).__qualname__
    return next(iter(message.splitlines()), "")[:_LONGEST]


def _value(given: object, form: re.Pattern[str]) -> object:
    if given is None or isinstance(given, bool | int | float):
        return given
    if isinstance(given, list | tuple):
        items: list[Any] = list(given)  # pyright: ignore[reportUnknownArgumentType] -- anything may be logged
        return [_value(item, form) for item in items[:_MOST]]
    text = str(given).removeprefix(f"{_ROOT}/")
    return text if form.fullmatch(text) else _WITHHELD


def _log_the_end(kind: type[BaseException], cause: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("slotgraph").critical("process ended by an error", exc_info=(kind, cause, trace))
