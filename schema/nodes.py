"""Node, and the opaque global ids that name entities of every type."""

import base64
import binascii
from uuid import UUID

import strawberry

from domain.errors import NotFound


@strawberry.interface(name="Node", description="Thing with an id of its own over all types (Relay).")
class NodeType:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Opaque id, unique over all types.")


def global_id(type_name: str, id_: UUID) -> strawberry.ID:
    """Spell the global id of an entity."""
    return strawberry.ID(base64.urlsafe_b64encode(f"{type_name}:{id_.hex}".encode()).decode().rstrip("="))


def split_id(global_id_: str) -> tuple[str, UUID] | None:
    """Read a global id; None for anything that is not one."""
    try:
        raw = base64.b64decode(
            global_id_ + "=" * (-len(global_id_) % 4), altchars=b"-_", validate=True
        ).decode()
        type_name, _, digits = raw.partition(":")
        return (type_name, UUID(hex=digits)) if len(global_id_) <= _LONGEST else None
    except (binascii.Error, ValueError):
        return None


_LONGEST = 120


def id_of(type_name: str, global_id_: str, *path: str) -> UUID:
    """Read the id of an entity of one type; an id of another kind, or no id, is *not found*."""
    parts = split_id(global_id_)
    if parts is None or parts[0] != type_name:
        raise NotFound(*path)
    return parts[1]
