"""Links by which polls are organized: one for each poll, stored by its hash, renewed and revoked."""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import OrganizationId, PollId
from domain.polls import Poll
from storage.poll_rows import PollLinkRow
from storage.postgres import Connection


@dataclass(frozen=True, slots=True)
class PollLink:
    """The link of a poll's organizer. `number` counts them; `token_hash` is None once it is revoked."""

    number: int
    token_hash: bytes | None = field(repr=False)


class PollLinks:
    """Links of polls' organizers, seen from one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, poll: Poll) -> PollLink | None:
        """Give the link of a poll; None for a poll that never had one."""
        statement = select(PollLinkRow.number, PollLinkRow.token_hash).where(_of(poll))
        row = (await self._connection.core.execute(statement)).one_or_none()
        return PollLink(*row) if row else None

    async def by_hash(self, token_hash: bytes) -> tuple[OrganizationId, PollId] | None:
        """Find the poll that a link organizes."""
        statement = select(PollLinkRow.organization_id, PollLinkRow.poll_id).where(
            PollLinkRow.token_hash == token_hash
        )
        row = (await self._connection.core.execute(statement)).one_or_none()
        return (OrganizationId(row[0]), PollId(row[1])) if row else None

    async def put(self, poll: Poll, link: PollLink) -> None:
        """Store the link of a poll, in place of the one before, which ends by that."""
        given = {"number": link.number, "token_hash": link.token_hash}
        statement = insert(PollLinkRow).values(organization_id=poll.organization_id, poll_id=poll.id, **given)
        key = [PollLinkRow.organization_id, PollLinkRow.poll_id]
        await self._connection.core.execute(statement.on_conflict_do_update(index_elements=key, set_=given))

    async def revoke(self, poll: Poll) -> bool:
        """End the link of a poll, and say whether there was one."""
        statement = (
            update(PollLinkRow)
            .where(_of(poll), PollLinkRow.token_hash.is_not(None))
            .values(token_hash=None)
            .returning(PollLinkRow.number)
        )
        return (await self._connection.core.execute(statement)).scalar_one_or_none() is not None


def _of(poll: Poll) -> ColumnElement[bool]:
    return and_(PollLinkRow.organization_id == poll.organization_id, PollLinkRow.poll_id == poll.id)
