"""Leaving an organization: what happens to the pages of who leaves, in three statements."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from domain.ids import OrganizationId, PageId, UserId
from storage.postgres import Connection

_RETIRE_OWN = text(
    """UPDATE booking_pages SET is_active = false, template_id = NULL, revision = revision + 1
    WHERE organization_id = :organization AND owner_id = :leaver AND deleted_at IS NULL
      AND (is_active OR template_id IS NOT NULL)
    RETURNING id"""
)
_LEAVE = text(
    """DELETE FROM page_hosts AS h USING booking_pages AS p
    WHERE h.organization_id = :organization AND h.host_id = :leaver
      AND p.organization_id = h.organization_id AND p.id = h.page_id AND p.owner_id <> :leaver
    RETURNING h.page_id, h.is_fixed"""
)
_GO_ON = text(
    """UPDATE booking_pages AS p SET revision = revision + 1, is_active = p.is_active AND EXISTS (
      SELECT FROM page_hosts AS h
      WHERE h.organization_id = p.organization_id AND h.page_id = p.id AND NOT h.is_fixed),
      counted_from = CASE WHEN p.id = ANY(:turned) THEN :now ELSE p.counted_from END
    WHERE p.organization_id = :organization AND p.id = ANY(:pages)"""
).bindparams(
    bindparam("pages", type_=ARRAY(Uuid())),
    bindparam("turned", type_=ARRAY(Uuid())),
    bindparam("now", type_=DateTime(timezone=True)),
)


async def leave_pages(
    connection: Connection, organization_id: OrganizationId, user_id: UserId, now: datetime
) -> list[PageId]:
    """Make somebody's pages inactive and take them out of all others; name what has changed.

    No template manages their pages any more.
    A page that is left without a host is inactive too, and so is one where nobody is left to take turns.
    Where who leaves took turns, bookings count anew for those who stay, as whenever these hosts change.
    """
    values: dict[str, UUID] = {"organization": organization_id, "leaver": user_id}
    own = list(await connection.core.scalars(_RETIRE_OWN, values))
    left = (await connection.core.execute(_LEAVE, values)).all()
    pages = [page_id for page_id, _ in left]
    if pages:
        turned = [page_id for page_id, is_fixed in left if not is_fixed]
        told = {"organization": organization_id, "pages": pages, "turned": turned, "now": now}
        await connection.core.execute(_GO_ON, told)
    return [PageId(page_id) for page_id in (*own, *pages)]
