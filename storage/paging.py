"""A part of a list by keyset: what every list that grows asks of the database, in two short statements."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, literal, select, true, tuple_

from domain.paging import Paging, Part, Place
from storage.postgres import Connection, Record

T = TypeVar("T")
Key = tuple[Any, Any]
"""The columns of an instant and an id by which a list is ordered: oldest first."""


async def part_of(
    connection: Connection,
    statement: Select[*tuple[Any, ...]],
    key: Key,
    paging: Paging,
    make: Callable[[Record], tuple[T, Place]],
) -> Part[T]:
    """Give the part of a list that is asked for; `make` gives of a row the item and its place."""
    beyond, behind = _sides(key, paging)
    order = key if paging.is_forward else tuple(column.desc() for column in key)
    rows = (
        await connection.core.execute(statement.where(beyond).order_by(*order).limit(paging.limit + 1))
    ).mappings()
    found = [make(row) for row in rows]
    is_behind = paging.place is not None and bool(
        await connection.core.scalar(select(exists(statement.where(behind).subquery().select())))
    )
    has_more = len(found) > paging.limit
    kept = found[: paging.limit] if paging.is_forward else found[: paging.limit][::-1]
    return Part(
        items=[item for item, _ in kept],
        places=[place for _, place in kept],
        has_next=has_more if paging.is_forward else is_behind,
        has_previous=is_behind if paging.is_forward else has_more,
    )


def _sides(key: Key, paging: Paging) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Tell what is asked for from what lies on the other side of the place."""
    if paging.place is None:
        return true(), false()
    here = tuple_(literal(paging.place.instant), literal(paging.place.id))
    there = tuple_(*key)
    return (there > here, there <= here) if paging.is_forward else (there < here, there >= here)


def place_at(row: Record, instant: str, id_: str) -> Place:
    """Read a row's place from two of its columns."""
    found: UUID = row[id_]
    return Place(row[instant], found)
