"""Google's free-busy question, which answers with times and nothing else: in pieces, and read strictly."""

from collections.abc import Iterator, Sequence

import orjson

from domain.intervals import Span, instant_of, intersect, merge, outward
from integrations.google.answers import (
    SERVER_FAILED,
    failure_by,
    fields,
    instant,
    items,
    text,
    unreadable,
)
from integrations.ports import Transient

FREE_BUSY = "/freeBusy?fields=calendars"
_MOST_CALENDARS = 50
_MOST_MINUTES = 60 * 24 * 60  # Google refuses what is longer than some three months

Piece = tuple[tuple[str, ...], Span]
"""Ids of calendars, and the window in which they are asked about."""


def pieces(calendar_ids: Sequence[str], window: Span) -> Iterator[Piece]:
    """Cut a question into pieces that Google answers; an empty window has none."""
    asked = tuple(dict.fromkeys(calendar_ids))
    for first in range(0, len(asked), _MOST_CALENDARS):
        for start in range(window[0], window[1], _MOST_MINUTES):
            yield asked[first : first + _MOST_CALENDARS], (start, min(start + _MOST_MINUTES, window[1]))


def question(piece: Piece) -> bytes:
    """Spell the question about a piece."""
    calendar_ids, (start, end) = piece
    return orjson.dumps(
        {
            "timeMin": spelled(start),
            "timeMax": spelled(end),
            "timeZone": "UTC",
            "calendarExpansionMax": _MOST_CALENDARS,
            "items": [{"id": calendar_id} for calendar_id in calendar_ids],
        }
    )


def busy_spans(answer: object, piece: Piece) -> dict[str, list[Span]]:
    """Read when each calendar of a piece is busy; one that is missing or failed fails the whole piece."""
    calendar_ids, window = piece
    told = fields(fields(answer).get("calendars"))
    found: dict[str, list[Span]] = {}
    for calendar_id in calendar_ids:
        one = fields(told.get(calendar_id))
        for error in items(one.get("errors", [])):
            raise failure_by(text(fields(error).get("reason"))) or Transient(SERVER_FAILED)
        spans: list[Span] = []
        for taken in items(one.get("busy")):
            start, end = (instant(fields(taken).get(name)) for name in ("start", "end"))
            if end < start:
                raise unreadable()
            spans.extend(span for span in [outward(start, end)] if span is not None)
        found[calendar_id] = intersect(merge(spans), [window])
    return found


def spelled(minute: int) -> str:
    """Spell a minute as Google's API takes an instant."""
    return instant_of(minute).isoformat().replace("+00:00", "Z")
