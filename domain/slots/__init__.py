"""The slot engine: hours, busy times, rules and now in; slots out, or why not."""

from domain.slots.engine import find_slots, nearest, slot_at
from domain.slots.explanation import explain
from domain.slots.values import (
    Assignment,
    Caps,
    DateRange,
    GridOrigin,
    HostTime,
    Own,
    Refusal,
    RefusalRule,
    RollingBusinessDays,
    RollingDays,
    Rules,
    Session,
    Slot,
    Unknown,
    Unlimited,
)

__all__ = [
    "Assignment",
    "Caps",
    "DateRange",
    "GridOrigin",
    "HostTime",
    "Own",
    "Refusal",
    "RefusalRule",
    "RollingBusinessDays",
    "RollingDays",
    "Rules",
    "Session",
    "Slot",
    "Unknown",
    "Unlimited",
    "explain",
    "find_slots",
    "nearest",
    "slot_at",
]
