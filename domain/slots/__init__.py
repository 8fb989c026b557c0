"""The slot engine: hours, busy times, rules and now in; slots out, or why not."""

from domain.slots.engine import find_slots, nearest, open_slots, slot_at
from domain.slots.explanation import explain
from domain.slots.frame import Frame, Measure, frame_of, whole_days
from domain.slots.prepared import Prepared, combine, prepare
from domain.slots.values import (
    Assignment,
    Caps,
    DateRange,
    GridOrigin,
    HostTime,
    OpenSlot,
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
    "Frame",
    "GridOrigin",
    "HostTime",
    "Measure",
    "OpenSlot",
    "Own",
    "Prepared",
    "Refusal",
    "RefusalRule",
    "RollingBusinessDays",
    "RollingDays",
    "Rules",
    "Session",
    "Slot",
    "Unknown",
    "Unlimited",
    "combine",
    "explain",
    "find_slots",
    "frame_of",
    "nearest",
    "open_slots",
    "prepare",
    "slot_at",
    "whole_days",
]
