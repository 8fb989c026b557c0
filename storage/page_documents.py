"""Rules and questions of booking pages as the JSON documents in which they are stored, and back.

The document of the rules says which version of this file can read it: the first that understands all that
it says. One of a version that this file does not know is refused: to guess would offer times that nobody
wanted to offer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, assert_never
from uuid import UUID

from domain.booking_pages import Conditions, Question, QuestionFormat
from domain.ids import ResourceId
from domain.resources import Pools
from domain.slots import (
    Assignment,
    Caps,
    DateRange,
    GridOrigin,
    RollingBusinessDays,
    RollingDays,
    Rules,
    Unlimited,
)
from domain.statuses import USUAL, StatusRule
from storage.base import Json, JsonList

RULES_VERSION = 1
WITH_STATUSES = 2  # the first version that knows a rule of statuses other than the usual one
_MINUTE = timedelta(minutes=1)

Ahead = Unlimited | RollingDays | RollingBusinessDays | DateRange


class UnknownVersion(Exception):
    """A stored document that a newer Slotgraph has written."""


def rules_document(rules: Rules) -> Json:
    """Turn rules into their document."""
    statuses = {} if rules.status_rule == USUAL else {"status_rule": rules.status_rule._asdict()}
    return {
        "version": WITH_STATUSES if statuses else RULES_VERSION,
        "duration_minutes": rules.duration_minutes,
        "interval_minutes": rules.interval_minutes,
        "grid_origin": rules.grid_origin.value,
        "buffer_before_minutes": rules.buffer_before_minutes,
        "buffer_after_minutes": rules.buffer_after_minutes,
        "notice_minutes": rules.notice_minutes,
        "window": _window_document(rules.window),
        "caps": asdict(rules.caps),
        "zone": rules.zone,
        "assignment": rules.assignment.value,
        **statuses,
        "other_lengths": list(rules.other_lengths),
    }


def rules_of(document: Mapping[str, Any]) -> Rules:
    """Turn a document back into rules; UnknownVersion for one that this version cannot read."""
    version = document.get("version")
    if version not in (RULES_VERSION, WITH_STATUSES):
        raise UnknownVersion(f"rules of version {version}")
    return Rules(
        duration_minutes=document["duration_minutes"],
        interval_minutes=document["interval_minutes"],
        grid_origin=GridOrigin(document["grid_origin"]),
        buffer_before_minutes=document["buffer_before_minutes"],
        buffer_after_minutes=document["buffer_after_minutes"],
        notice_minutes=document["notice_minutes"],
        window=_window_of(document["window"]),
        caps=Caps(**document["caps"]),
        zone=document["zone"],
        assignment=Assignment(document["assignment"]),
        status_rule=StatusRule(**document["status_rule"]) if version == WITH_STATUSES else USUAL,
        other_lengths=tuple(document.get("other_lengths", ())),
    )


def conditions_document(conditions: Conditions) -> Json:
    """Turn conditions into their document."""
    return {
        "upcoming_per_invitee": conditions.upcoming_per_invitee,
        "series_up_to": conditions.series_up_to,
        "approval_minutes": conditions.approval_within and conditions.approval_within // _MINUTE,
        "offer_minutes": conditions.offer_lasts and conditions.offer_lasts // _MINUTE,
    }


def conditions_of(document: Mapping[str, Any]) -> Conditions:
    """Turn a document back into conditions; what it does not say is as on a page that sets nothing."""
    minutes, offer = document.get("approval_minutes"), document.get("offer_minutes")
    return Conditions(
        upcoming_per_invitee=document.get("upcoming_per_invitee"),
        series_up_to=document.get("series_up_to"),
        approval_within=None if minutes is None else minutes * _MINUTE,
        offer_lasts=None if offer is None else offer * _MINUTE,
    )


def questions_document(questions: Iterable[Question]) -> JsonList:
    """Turn questions into their document, in order."""
    return [asdict(question) for question in questions]


def questions_of(documents: Iterable[Any]) -> tuple[Question, ...]:
    """Turn a document back into questions, in order."""
    return tuple(
        Question(
            key=document["key"],
            label=document["label"],
            format=QuestionFormat(document["format"]),
            choices=tuple(document["choices"]),
            is_required=document["is_required"],
            is_enabled=document["is_enabled"],
            takes_other=document["takes_other"],
        )
        for document in documents
    )


def _window_document(window: Ahead) -> Json:
    match window:
        case Unlimited():
            return {"kind": "unlimited"}
        case RollingDays(days):
            return {"kind": "rolling_days", "days": days}
        case RollingBusinessDays(days):
            return {"kind": "rolling_business_days", "days": days}
        case DateRange(first, last):
            return {"kind": "date_range", "first": first.isoformat(), "last": last.isoformat()}
        case _:
            assert_never(window)


def _window_of(document: Mapping[str, Any]) -> Ahead:
    match document["kind"]:
        case "unlimited":
            return Unlimited()
        case "rolling_days":
            return RollingDays(document["days"])
        case "rolling_business_days":
            return RollingBusinessDays(document["days"])
        case "date_range":
            return DateRange(date.fromisoformat(document["first"]), date.fromisoformat(document["last"]))
        case kind:
            raise UnknownVersion(f"booking window of kind {kind}")


def requires_document(pools: Pools) -> JsonList:
    """Turn the resources that a page requires into their document."""
    return [[str(resource) for resource in pool] for pool in pools]


def requires_of(document: Iterable[Iterable[str]]) -> Pools:
    """Turn the document of required resources back."""
    return tuple(tuple(ResourceId(UUID(resource)) for resource in pool) for pool in document)
