"""Rules and destinations of routing forms as the JSON documents in which they are stored, and back."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from domain.ids import PageId, TeamId
from domain.routing import (
    Comparison,
    Condition,
    Destination,
    DestinationKind,
    Joining,
    MemberSought,
    Rule,
)
from storage.base import Json, JsonList


def rules_document(rules: Iterable[Rule]) -> JsonList:
    """Turn rules into their document, in order."""
    return [
        {
            "name": rule.name,
            "joining": rule.joining.value,
            "conditions": [_condition_document(condition) for condition in rule.conditions],
            "destination": destination_document(rule.destination),
        }
        for rule in rules
    ]


def rules_of(documents: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Turn a document back into rules, in order."""
    return tuple(
        Rule(
            document["name"],
            Joining(document["joining"]),
            tuple(map(_condition_of, document["conditions"])),
            destination_of(document["destination"]),
        )
        for document in documents
    )


def destination_document(destination: Destination) -> Json:
    """Turn a destination into its document; a page is known by its id alone."""
    document: Json = {"kind": destination.kind.value}
    if destination.page_id:
        document["page_id"] = str(destination.page_id)
    if destination.text:
        document["text"] = destination.text
    if destination.url:
        document["url"] = destination.url
    if destination.member:
        sought = destination.member
        document["member"] = {
            "page_slug": sought.page_slug,
            "team_id": str(sought.team_id) if sought.team_id else None,
            "attribute": sought.attribute,
            "value": sought.value,
            "question": sought.question,
        }
    return document


def destination_of(document: Mapping[str, Any]) -> Destination:
    """Turn a document back into a destination."""
    page_id, member = document.get("page_id"), document.get("member")
    return Destination(
        DestinationKind(document["kind"]),
        page_id=PageId(UUID(page_id)) if page_id else None,
        member=_member_of(member) if member else None,
        text=document.get("text", ""),
        url=document.get("url", ""),
    )


def _member_of(document: Mapping[str, Any]) -> MemberSought:
    team_id = document["team_id"]
    return MemberSought(
        document["page_slug"],
        TeamId(UUID(team_id)) if team_id else None,
        document["attribute"],
        document["value"],
        document["question"],
    )


def _condition_document(condition: Condition) -> Json:
    return {
        "question": condition.question,
        "comparison": condition.comparison.value,
        "values": list(condition.values),
        "is_negated": condition.is_negated,
    }


def _condition_of(document: Mapping[str, Any]) -> Condition:
    return Condition(
        document["question"],
        Comparison(document["comparison"]),
        tuple(document["values"]),
        document["is_negated"],
    )
