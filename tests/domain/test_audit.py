"""The chain of the audit log: whatever is changed, put in or taken out is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.audit import Act, AuditEntry, Deed, Head, beginning, following, verified
from domain.ids import ApiKeyId, OrganizationId, UserId

HOME, AWAY = OrganizationId(UUID(int=1)), OrganizationId(UUID(int=2))
ADA, KEY = UserId(UUID(int=3)), ApiKeyId(UUID(int=4))
NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)


def log() -> list[AuditEntry]:
    """Make a log of four."""
    entries: list[AuditEntry] = []
    head = beginning(HOME)
    for number in range(4):
        deed = Deed(HOME, Act.TEAM_CREATED, UUID(int=10 + number), ADA, ADA, None, "x")
        entries.append(following(head, deed, NOW + timedelta(minutes=number)))
        head = Head(entries[-1].number, entries[-1].hash)
    return entries


def head_of(entries: list[AuditEntry]) -> Head:
    return Head(entries[-1].number, entries[-1].hash)


def with_deed(entry: AuditEntry, **changes: Any) -> AuditEntry:
    return replace(entry, deed=replace(entry.deed, **changes))


TAMPERED: dict[str, Callable[[AuditEntry], AuditEntry]] = {
    "act": lambda entry: with_deed(entry, act=Act.TEAM_DELETED),
    "object": lambda entry: with_deed(entry, object_id=UUID(int=99)),
    "actor": lambda entry: with_deed(entry, actor_id=UserId(UUID(int=99))),
    "principal": lambda entry: with_deed(entry, principal_id=None),
    "key": lambda entry: with_deed(entry, key_id=KEY),
    "detail": lambda entry: with_deed(entry, detail=None),
    "organization": lambda entry: with_deed(entry, organization_id=AWAY),
    "instant": lambda entry: replace(entry, at=NOW + timedelta(hours=1)),
    "hash": lambda entry: replace(entry, hash=b"x" * 32),
    "number": lambda entry: replace(entry, number=7),
}


def test_a_whole_log_is_verified_also_in_parts() -> None:
    """X24."""
    entries = log()
    middle = head_of(entries[:2])

    assert verified(HOME, entries, head_of(entries)).broken_at is None
    assert verified(HOME, entries[:2], middle).broken_at is None
    assert verified(HOME, entries[2:], head_of(entries), middle).broken_at is None
    assert verified(HOME, [], beginning(HOME)).broken_at is None


@pytest.mark.parametrize("change", TAMPERED)
def test_a_changed_entry_is_found_where_it_stands(change: str) -> None:
    """X24: each single part of an entry is covered."""
    entries = log()
    entries[1] = TAMPERED[change](entries[1])

    assert verified(HOME, entries, head_of(entries)).broken_at == 2


def test_what_is_taken_out_or_cut_off_is_found() -> None:
    """X24: the head is kept apart, so that the end of a log cannot go unseen."""
    entries = log()

    assert verified(HOME, [entries[0], *entries[2:]], head_of(entries)).broken_at == 2
    assert verified(HOME, entries[:3], head_of(entries)).broken_at == 4
    assert verified(HOME, [], head_of(entries)).broken_at == 1


def test_logs_of_two_organizations_begin_differently() -> None:
    deed = Deed(HOME, Act.TEAM_CREATED, UUID(int=9), ADA)

    assert beginning(HOME) != beginning(AWAY)
    assert following(beginning(HOME), deed, NOW).hash != following(beginning(AWAY), deed, NOW).hash
