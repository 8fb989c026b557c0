"""Events and effects as rows, written in the statement that writes the change itself."""

from collections.abc import Iterable
from datetime import datetime

from domain.effects import Effect, EffectState
from domain.events import Happened
from storage.base import new_id
from storage.writing import Row, Write

NEW_EVENTS = Write(
    "new_events",
    "events",
    """INSERT INTO events (organization_id, id, kind, hosts, page_id, booking_id, invitee_id, created_at)
    SELECT organization_id, id, kind, hosts, page_id, booking_id, invitee_id, created_at
    FROM {rows} RETURNING 1""",
)
# An effect that was planned before is left as it is.
NEW_EFFECTS = Write(
    "new_effects",
    "effects",
    """INSERT INTO effects (organization_id, id, kind, subject_id, version, recipient_id, lead_minutes,
        due_at, state, attempts, created_at)
    SELECT organization_id, id, kind, subject_id, version, recipient_id, lead_minutes,
        due_at, state, attempts, created_at
    FROM {rows} ON CONFLICT DO NOTHING RETURNING 1""",
)


def recording(events: Iterable[Happened], effects: Iterable[Effect], now: datetime) -> dict[Write, list[Row]]:
    """Give the rows of what has happened, in its order, and of what must follow."""
    return {
        NEW_EVENTS: [
            {
                "organization_id": event.organization_id,
                "id": new_id(),
                "kind": event.kind,
                "hosts": event.hosts,
                "page_id": event.page_id,
                "booking_id": event.booking_id,
                "invitee_id": event.invitee_id,
                "created_at": now,
            }
            for event in events
        ],
        NEW_EFFECTS: [
            {
                "organization_id": effect.organization_id,
                "id": new_id(),
                "kind": effect.kind,
                "subject_id": effect.subject_id,
                "version": effect.version,
                "recipient_id": effect.recipient_id,
                "lead_minutes": effect.lead_minutes,
                "due_at": effect.due_at,
                "state": EffectState.DUE,
                "attempts": 0,
                "created_at": now,
            }
            for effect in effects
        ],
    }
