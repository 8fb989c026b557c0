"""Keys of tenants' tables contain the organization, so that they can be split by it (docs/scale.md)."""

import importlib

import pytest
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from storage.base import Base

importlib.import_module("storage.unit")  # brings every room's tables into the metadata

COLUMN = "organization_id"
TABLES = Base.metadata.tables

# Found before it is known whose they are: by an address, a session, a code, a link or a key.
WITHOUT = {
    "organizations": "is the organization; its id is the key",
    "users": "one handle over the installation; also (organization_id, id)",
    "sign_in_codes": "a code is mailed before anybody knows who asks",
    "sign_in_questions": "as codes; found by a hash of their state",
    "identities": "an account elsewhere is looked up before anybody knows whose it is",
    "sessions": "a token is looked up before anybody knows whose it is",
    "api_keys": "as sessions",
    "capabilities": "a link is looked up by its hash; its rows name the organization",
    "idempotency_keys": "a key belongs to an actor, be it a page or a link",
}
SPLIT = sorted(set(TABLES) - set(WITHOUT))

# Unique over the installation, of a table that is split otherwise.
UNIQUE_BEYOND = {
    ("booking_pages", ("owner_id", "slug")),  # an owner is of one organization
    ("waiters", ("token_hash",)),  # the same
    ("page_links", ("token_hash",)),  # as for invitations
    ("polls", ("token_hash",)),  # the same
    ("voters", ("token_hash",)),  # the same
    ("poll_links", ("token_hash",)),  # the same
    ("submissions", ("token_hash",)),  # the same
    ("invitations", ("token_hash",)),  # as sessions: the token is looked up before anybody knows whose it is
}


def _columns(constraint: PrimaryKeyConstraint | UniqueConstraint | ForeignKeyConstraint) -> tuple[str, ...]:
    return tuple(column.name for column in constraint.columns)


def _uniques(table: Table) -> list[tuple[str, ...]]:
    constraints = [_columns(it) for it in table.constraints if isinstance(it, UniqueConstraint)]
    indexes = [tuple(column.name for column in it.columns) for it in table.indexes if it.unique]
    return constraints + indexes


def test_every_table_is_known_to_be_split_or_not() -> None:
    """A new table is split, or says above why it is not."""
    assert set(WITHOUT) <= set(TABLES)
    assert len(SPLIT) == 41


@pytest.mark.parametrize("name", SPLIT)
def test_the_primary_key_begins_with_the_organization(name: str) -> None:
    assert _columns(TABLES[name].primary_key)[0] == COLUMN


@pytest.mark.parametrize("name", SPLIT)
def test_whatever_is_unique_is_so_within_an_organization(name: str) -> None:
    beyond = [(name, columns) for columns in _uniques(TABLES[name]) if COLUMN not in columns]

    assert set(beyond) == {entry for entry in UNIQUE_BEYOND if entry[0] == name}


@pytest.mark.parametrize("name", SPLIT)
def test_no_foreign_key_leaves_the_organization(name: str) -> None:
    keys = [it for it in TABLES[name].constraints if isinstance(it, ForeignKeyConstraint)]

    assert [_columns(key) for key in keys if _columns(key)[0] != COLUMN] == []
    assert [key.name for key in keys if key.elements[0].column.name not in {COLUMN, "id"}] == []


@pytest.mark.parametrize("name", SPLIT)
def test_what_excludes_each_other_is_of_one_organization(name: str) -> None:
    excluding = [it for it in TABLES[name].constraints if isinstance(it, ExcludeConstraint)]

    assert [it.name for it in excluding if COLUMN not in it.columns] == []


def test_the_constraint_against_double_bookings_is_among_them() -> None:
    excluding = [
        it.name for table in TABLES.values() for it in table.constraints if isinstance(it, ExcludeConstraint)
    ]

    assert set(excluding) == {"bookings_no_overlap", "bookings_no_shared_resource"}


def test_links_and_keys_name_their_organization_all_the_same() -> None:
    assert COLUMN in TABLES["capabilities"].columns
    assert COLUMN in TABLES["idempotency_keys"].columns
