"""The short list of what is stored: each column of each table has its class here, or the build fails.

R070: a page and how it is booked. R071: what invitees gave. R075: who acts for whom. Technical: who signs
in, ids, states, times and settings that the service needs to run. Sealed: bytes that only the vault opens.
Hash: bytes from which nobody gets back what was hashed. R072: polls. R073: routing forms, and by what they
find members; what is answered to them is sealed. Pictures and payments (R074, R076) are not stored yet.
"""

from enum import StrEnum

import pytest
from sqlalchemy import LargeBinary

from storage.base import Base, new_id
from storage.sealed import SEALED
from storage.vault import KeyRing, Place, SealBroken, Vault
from tests.proofs.scene import Scene

pytestmark = pytest.mark.anyio


class Class(StrEnum):
    """What a column holds."""

    PAGE = "R070"
    ANSWERS = "R071"
    POLL = "R072"
    ROUTING = "R073"
    DELEGATION = "R075"
    TECHNICAL = "technical"
    SEALED = "sealed"
    HASH = "hash"


_COLUMNS: dict[str, dict[Class, str]] = {
    "organizations": {Class.TECHNICAL: "id name region plan created_at add_ons administrators_may_delegate"},
    "users": {
        Class.TECHNICAL: "id organization_id email name handle zone locale role shares_availability"
        " is_disabled created_at signed_in_at left_at"
    },
    "invitations": {
        Class.TECHNICAL: "organization_id id email role locale invited_by version created_at expires_at"
        " accepted_at revoked_at",
        Class.HASH: "token_hash",
    },
    "waitlists": {
        Class.TECHNICAL: "organization_id id page_id start_at length_minutes hosts version created_at"
        " ended_at"
    },
    "waiters": {
        Class.ANSWERS: "name email person zone",
        Class.TECHNICAL: "organization_id id waitlist_id number locale offered_seat joined_at left_at"
        " is_removed",
        Class.HASH: "token_hash",
    },
    "polls": {
        Class.TECHNICAL: "organization_id id page_id organizer_id version revision ballots reminded"
        " created_at ends_at closed_at announced_at booking_id",
        Class.POLL: "title description zone is_whole_days deadline visibility is_anonymous asks_address"
        " undo_minutes holds_times closes_on_consensus reminders_minutes chosen",
        Class.HASH: "token_hash",
    },
    "poll_options": {
        Class.TECHNICAL: "organization_id poll_id number yes if_need_be",
        Class.POLL: "start_at end_at places",
    },
    "poll_holds": {Class.TECHNICAL: "organization_id poll_id booking_id"},
    "poll_links": {Class.TECHNICAL: "organization_id poll_id number", Class.HASH: "token_hash"},
    "voters": {
        Class.ANSWERS: "name email person zone comment",
        Class.TECHNICAL: "organization_id id poll_id locale user_id is_invited is_required is_proved"
        " has_voted mailed",
        Class.HASH: "token_hash",
    },
    "ballot_answers": {
        Class.ANSWERS: "answer",
        Class.TECHNICAL: "organization_id voter_id poll_id number",
    },
    "delegations": {
        Class.DELEGATION: "organization_id id principal_id address given_by scopes is_copied created_at"
        " answer_until ends_at delegate_id accepted_at used_at ended_at"
    },
    "teams": {Class.TECHNICAL: "organization_id id name slug zone revision created_at"},
    "team_members": {Class.TECHNICAL: "organization_id team_id user_id is_manager joined_at"},
    "audit_log": {
        Class.TECHNICAL: "organization_id number at act object_id actor_id principal_id key_id detail",
        Class.HASH: "hash",
    },
    "audit_heads": {Class.TECHNICAL: "organization_id number", Class.HASH: "hash"},
    "sign_in_codes": {
        Class.TECHNICAL: "id email locale created_at expires_at attempts consumed_at link_id",
        Class.HASH: "code_hash",
    },
    "identities": {Class.TECHNICAL: "id issuer subject organization_id user_id created_at"},
    "sign_in_questions": {
        Class.TECHNICAL: "provider nonce locale session_id ends_at answered_at issuer subject email",
        Class.HASH: "state_hash browser_hash",
    },
    "sessions": {
        Class.TECHNICAL: "id user_id created_at used_at expires_at revoked_at proof is_mobile",
        Class.HASH: "token_hash",
    },
    "api_keys": {
        Class.TECHNICAL: "id user_id name prefix scopes created_at expires_at used_at revoked_at is_mobile",
        Class.HASH: "token_hash",
    },
    "schedules": {
        Class.TECHNICAL: "organization_id id user_id is_default revision created_at",
        Class.PAGE: "name zone weekly overrides travels",
    },
    "absences": {
        Class.TECHNICAL: "organization_id id user_id created_at version",
        Class.PAGE: "first_date last_date zone reason stand_in_id stand_in_state stand_in_page_id",
    },
    "booking_pages": {
        Class.TECHNICAL: "organization_id id owner_id calendar_id revision created_at deleted_at template_id",
        Class.PAGE: "slug kind name description place rules questions capacity reminders_minutes invitation"
        " cancellation_policy cancel_until_minutes reschedule_until_minutes calendar_policy is_active"
        " is_hidden follows_calendar conditions turns max_lead keeps_host counted_from"
        " requires is_secret",
    },
    "page_templates": {
        Class.TECHNICAL: "organization_id id team_id revision created_at",
        Class.PAGE: "settings locked is_for_whole_team on_leaving",
    },
    "page_links": {
        Class.TECHNICAL: "organization_id id page_id made_by used email revision created_at"
        " changed_at revoked_at",
        Class.PAGE: "label max_uses expires_at over_at is_bound length_minutes first_date last_date"
        " hours starts",
        Class.HASH: "token_hash",
    },
    "routing_forms": {
        Class.TECHNICAL: "organization_id id owner_id revision created_at deleted_at",
        Class.ROUTING: "slug is_active keeps_days",
    },
    "routing_form_versions": {
        Class.TECHNICAL: "organization_id form_id number created_at",
        Class.ROUTING: "name description questions rules otherwise",
    },
    "submissions": {
        Class.TECHNICAL: "organization_id id form_id version rule fell_back result page_id invitee_id"
        " booked_at created_at",
        Class.SEALED: "answers_sealed",
        Class.HASH: "token_hash",
    },
    "member_attributes": {Class.TECHNICAL: "organization_id user_id", Class.ROUTING: "name spelled value"},
    "page_hosts": {
        Class.TECHNICAL: "organization_id page_id schedule_id position counted_calendars",
        Class.PAGE: "host_id is_fixed priority weight",
    },
    "host_rules": {
        Class.TECHNICAL: "organization_id user_id changed_at",
        Class.PAGE: "buffer_before_minutes buffer_after_minutes notice_minutes caps",
    },
    "bookings": {
        Class.TECHNICAL: "organization_id id page_id state during occupies capacity version created_at"
        " changed_at series_id waived waived_by",
        Class.PAGE: "place",
    },
    "booking_hosts": {
        Class.TECHNICAL: "organization_id booking_id during occupies buffer_before_minutes"
        " buffer_after_minutes position assigned_at assignment",
        Class.PAGE: "host_id",
    },
    "booking_resources": {Class.TECHNICAL: "organization_id booking_id resource_id during occupies position"},
    "resources": {
        Class.TECHNICAL: "organization_id id name kind seats is_public calendar_id revision created_at"
        " deleted_at"
    },
    "invitees": {
        Class.TECHNICAL: "organization_id id booking_id capacity seat state hold_expires_at moved_from"
        " version cancelled_by created_at changed_at link_id",
        Class.ANSWERS: "name email zone locale answers cancel_reason",
    },
    "capabilities": {
        Class.TECHNICAL: "organization_id booking_id invitee_id scope created_at revoked_at",
        Class.HASH: "token_hash",
    },
    "idempotency_keys": {
        Class.TECHNICAL: "actor operation organization_id booking_id invitee_id created_at",
        Class.HASH: "key_hash request_hash",
    },
    "events": {
        Class.TECHNICAL: "organization_id id transaction position kind hosts page_id booking_id invitee_id"
        " created_at announced_at"
    },
    "effects": {
        Class.TECHNICAL: "organization_id id kind subject_id version recipient_id lead_minutes due_at state"
        " attempts lease_until failure created_at finished_at"
    },
    "data_keys": {
        Class.TECHNICAL: "organization_id id kek_id reserved_seals created_at retired_at destroyed_at",
        Class.SEALED: "wrapped",
    },
    "calendar_connections": {
        Class.TECHNICAL: "organization_id id user_id provider label url username state failing_since failure"
        " created_at version subject missing secret_version renewal_id renewal_until unheard_since",
        Class.SEALED: "secret_sealed",
    },
    "consents": {
        Class.TECHNICAL: "organization_id user_id session_id provider connection_id nonce ends_at",
        Class.HASH: "state_hash",
    },
    "watches": {
        Class.TECHNICAL: "organization_id id connection_id calendar_url provider state remote_id resource_id"
        " ends_at due_at failures created_at",
        Class.HASH: "token_hash",
    },
    "looks": {
        Class.TECHNICAL: "organization_id id connection_id calendar_url number look_at looked_at whole_since"
        " is_touched"
    },
    "meetings": {
        Class.TECHNICAL: "organization_id booking_id host_id kind connection_id remote_id state failure"
        " written_start written_end link_awaited claim_id claimed_until updated_at",
        Class.PAGE: "join_url",
    },
    "grant_endings": {
        Class.TECHNICAL: "organization_id id provider created_at",
        Class.SEALED: "secret_sealed",
    },
    "calendars": {
        Class.TECHNICAL: "organization_id id connection_id user_id remote_url name zone counts_as_busy"
        " receives_bookings is_writable position"
    },
    # Of our own entries, never of anybody else's (R016).
    "entries": {
        Class.TECHNICAL: "organization_id id booking_id host_id connection_id calendar_url uid marker state"
        " written_version remote_id written_start written_end written_texts failure claim_id claimed_until"
        " updated_at checked_at drift drift_start drift_end"
    },
}
_NOT_OURS = {"alembic_version"}
_CREATED_BY_MIGRATIONS = """SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public'"""


def _classes() -> dict[tuple[str, str], Class]:
    return {
        (table, column): kind
        for table, kinds in _COLUMNS.items()
        for kind, columns in kinds.items()
        for column in columns.split()
    }


def test_every_column_has_a_class_and_every_class_its_column() -> None:
    """R016, R069, P9: a new column is named here first."""
    stored = {(table.name, column.name) for table in Base.metadata.sorted_tables for column in table.columns}
    assert stored == set(_classes())
    listed = [
        column for kinds in _COLUMNS.values() for columns in kinds.values() for column in columns.split()
    ]
    assert len(listed) == len(_classes()), "a column has two classes"


def test_what_is_sealed_or_hashed_is_bytes_and_nothing_else_is() -> None:
    """R069: nobody can put a secret in such a column by mistake, nor bytes of an unknown kind elsewhere."""
    columns = [column for table in Base.metadata.sorted_tables for column in table.columns]
    are_bytes = {
        (column.table.name, column.name) for column in columns if isinstance(column.type, LargeBinary)
    }
    kinds = _classes()
    assert are_bytes == {name for name, kind in kinds.items() if kind in (Class.SEALED, Class.HASH)}
    sealed = {name for name, kind in kinds.items() if kind is Class.SEALED} - {("data_keys", "wrapped")}
    assert sealed == {(one.table, one.column) for one in SEALED}, "keys are changed for all of them"


@pytest.mark.parametrize("scene", ["GOOGLE", "CALDAV"], indirect=True)
async def test_database_has_these_columns_and_no_other(scene: Scene) -> None:
    """R069: as the migrations make it; what is sealed opens with the vault in its own row, not elsewhere."""
    house = scene.house
    found = await house.rows(_CREATED_BY_MIGRATIONS)
    assert {(table, column) for table, column, _ in found if table not in _NOT_OURS} == set(_classes())
    host = await house.sign_up()
    await scene.connect(host)

    rows = await house.rows("SELECT organization_id, id, secret_sealed FROM calendar_connections")
    [(organization_id, row_id, sealed)] = rows
    place = Place("calendar_connections", "secret", organization_id, (str(row_id),))
    elsewhere = Place("calendar_connections", "secret", organization_id, (str(new_id()),))
    assert b"canary" not in sealed
    assert b"canary" in await _vault(scene, b"k" * 32).open(sealed, place)
    for key, where in ((b"k" * 32, elsewhere), (b"x" * 32, place)):
        with pytest.raises(SealBroken):
            await _vault(scene, key).open(sealed, where)


@pytest.mark.parametrize("scene", ["GOOGLE"], indirect=True)
async def test_hashes_are_no_plain_values(scene: Scene) -> None:
    """R069, case 76: each has 160 bits or more and is not what came in."""
    host = await scene.house.sign_up()
    await scene.house.page(host)
    hashes = await scene.house.rows(
        "SELECT token_hash FROM sessions UNION ALL SELECT code_hash FROM sign_in_codes"
    )
    assert hashes
    assert min(len(one) for (one,) in hashes) >= 20
    assert host.token.encode() not in [one for (one,) in hashes]


def _vault(scene: Scene, key: bytes) -> Vault:
    """Make the installation's vault, or that of somebody who has other keys."""
    return Vault(KeyRing({"first": key}), b"l" * 32, scene.house.parts.services.units, scene.clock)
