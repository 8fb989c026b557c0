"""Declarative base, names of constraints, column types and new ids."""

import secrets
import time
from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as SATimeoutError
from sqlalchemy.orm import DeclarativeBase, mapped_column

from storage.postgres import DriverFailed

# What a caller catches when the database is away or refuses in a way that may pass.
StorageFailed = (DBAPIError, SATimeoutError, OSError, *DriverFailed)

Json = dict[str, object]
JsonList = list[object]

Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Document = Annotated[Json, mapped_column(JSONB)]
Documents = Annotated[JsonList, mapped_column(JSONB)]
Big = Annotated[int, mapped_column(BigInteger)]


class Base(DeclarativeBase):
    """Root of every table; constraint names are fixed so that code may recognize them.

    Rows of a tenant have the key (organization_id, id): a foreign key then cannot cross two
    organizations, and every table can be partitioned by organization.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        },
    )
    type_annotation_map = {UUID: Uuid(), str: Text(), datetime: DateTime(timezone=True)}  # noqa: RUF012 -- SQLAlchemy reads it from the class


def within_organization(column: str, target: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Tie `column` to a row of table `target` of the same organization."""
    return ForeignKeyConstraint(
        ["organization_id", column],
        [f"{target}.organization_id", f"{target}.id"],
        ondelete=ondelete,
    )


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562): milliseconds first, so that keys grow with time; never a secret."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
