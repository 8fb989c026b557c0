"""Delegations: stored, accepted by who was invited, looked up at each operation, ended by either side."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from domain.delegation import Delegation, DelegationTerms
from domain.ids import DelegationId, OrganizationId, UserId
from domain.paging import Paging, Part, Place
from domain.users import DelegationScope, User
from storage.base import Base, within_organization
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record
from storage.users.people import USER_COLUMNS, user_of
from storage.users.rows import UserRow

_KEPT = timedelta(days=30)


class DelegationRow(Base):
    """A member's leave for another to act for them; of one principal and address one at most is not ended."""

    __tablename__ = "delegations"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("principal_id", "users"),
        within_organization("delegate_id", "users"),
        within_organization("given_by", "users"),
        CheckConstraint("principal_id <> delegate_id", name="for_another"),
        CheckConstraint(
            "cardinality(scopes) > 0 AND scopes <@ ARRAY['pages', 'bookings', 'availability', 'polls']",
            name="scopes_known",
        ),
        CheckConstraint("NOT is_copied OR 'bookings' = ANY (scopes)", name="copied_may_see"),
        CheckConstraint("(accepted_at IS NULL) = (delegate_id IS NULL)", name="accepted_by_somebody"),
        Index(
            "delegations_standing_key",
            "organization_id",
            "principal_id",
            "address",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "organization_id", "principal_id", "created_at"),
        Index(None, "organization_id", "address", "created_at"),
        Index(None, "organization_id", "delegate_id"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    principal_id: Mapped[UUID]
    address: Mapped[str]
    given_by: Mapped[UUID]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    is_copied: Mapped[bool]
    created_at: Mapped[datetime]
    answer_until: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    delegate_id: Mapped[UUID | None]
    accepted_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


_ROW = DelegationRow.__table__
_COLUMNS = (*_ROW.columns,)
_USER = tuple(column for column in USER_COLUMNS if column is not UserRow.organization_id)
_STANDS = DelegationRow.ended_at.is_(None)


class Delegations:
    """Delegations, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    # Made when they are asked for: every unit has one of these, and is mostly about something else.
    @property
    def _lasts(self) -> ColumnElement[bool]:
        return or_(DelegationRow.ends_at.is_(None), DelegationRow.ends_at > self._now)

    @property
    def _is_active(self) -> ColumnElement[bool]:
        return and_(_STANDS, self._lasts, DelegationRow.accepted_at.is_not(None))

    @property
    def _is_open(self) -> ColumnElement[bool]:
        answerable = or_(DelegationRow.accepted_at.is_not(None), DelegationRow.answer_until > self._now)
        return and_(_STANDS, self._lasts, answerable)

    async def add(self, delegation: Delegation) -> None:
        """Store a new delegation, which nobody has accepted; what stood for the same two has to be ended."""
        await self._connection.core.execute(
            insert(DelegationRow).values(
                organization_id=delegation.organization_id,
                id=delegation.id,
                principal_id=delegation.principal_id,
                address=delegation.address,
                given_by=delegation.given_by,
                created_at=delegation.created_at,
                answer_until=delegation.answer_until,
                **_terms(delegation.terms),
            )
        )

    async def by_id(
        self, organization_id: OrganizationId, delegation_id: DelegationId, *, locks: bool = False
    ) -> Delegation | None:
        """Find a delegation that nobody has ended; `locks` keeps others from changing it meanwhile.

        It may have ended by the clock.
        """
        statement = select(_ROW).where(_is(organization_id, delegation_id), _STANDS)
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        return _delegation(row) if row else None

    async def accept(self, delegation: Delegation, delegate_id: UserId) -> None:
        """Store who has accepted."""
        await self._connection.core.execute(
            update(DelegationRow)
            .where(_is(delegation.organization_id, delegation.id), _STANDS)
            .values(delegate_id=delegate_id, accepted_at=self._now)
        )

    async def change(self, delegation: Delegation) -> None:
        """Store other terms."""
        await self._connection.core.execute(
            update(DelegationRow)
            .where(_is(delegation.organization_id, delegation.id), _STANDS)
            .values(**_terms(delegation.terms))
        )

    async def end(self, delegation: Delegation) -> None:
        """End a delegation for good."""
        await self._end(_is(delegation.organization_id, delegation.id))

    async def end_unaccepted(
        self, organization_id: OrganizationId, principal_id: UserId, address: str
    ) -> None:
        """End what was offered to an address and not accepted, and what has ended by its date."""
        given = and_(
            DelegationRow.organization_id == organization_id,
            DelegationRow.principal_id == principal_id,
            DelegationRow.address == address,
        )
        await self._end(and_(given, or_(DelegationRow.accepted_at.is_(None), ~self._lasts)))

    async def end_of(self, user: User) -> list[UserId]:
        """End all that a user has given, has, or was offered; name the delegates of what was accepted."""
        return await self._end(
            and_(
                DelegationRow.organization_id == user.organization_id,
                or_(
                    DelegationRow.principal_id == user.id,
                    DelegationRow.delegate_id == user.id,
                    DelegationRow.address == user.email,
                ),
            )
        )

    async def acting(
        self, organization_id: OrganizationId, principal_id: UserId, delegate_id: UserId
    ) -> tuple[Delegation, User] | None:
        """Find by what somebody acts for a principal now, and the principal, who is not disabled."""
        statement = (
            select(*_COLUMNS, *_USER)
            .join(UserRow, _joins(DelegationRow.principal_id))
            .where(
                DelegationRow.organization_id == organization_id,
                DelegationRow.principal_id == principal_id,
                DelegationRow.delegate_id == delegate_id,
                self._is_active,
                UserRow.is_disabled.is_(False),
            )
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return (_delegation(row), user_of(row)) if row else None

    async def note_used(self, delegation: Delegation) -> None:
        """Note that somebody acts by a delegation now."""
        await self._connection.core.execute(
            update(DelegationRow)
            .where(_is(delegation.organization_id, delegation.id), _STANDS)
            .values(used_at=self._now)
        )

    async def keep(
        self, organization_id: OrganizationId, delegation_id: DelegationId, scopes: Iterable[DelegationScope]
    ) -> bool:
        """Say whether somebody acts by a delegation now, within scopes; if so, it stays for this unit."""
        may = DelegationRow.scopes.contains(sorted(scopes))
        statement = select(DelegationRow.id).where(_is(organization_id, delegation_id), self._is_active, may)
        found = await self._connection.core.execute(statement.with_for_update(read=True))
        return found.one_or_none() is not None

    async def copies(
        self, organization_id: OrganizationId, recipient_id: UUID
    ) -> list[tuple[Delegation, User]]:
        """List who is copied on the mails of a principal, or by one delegation; each with the delegate."""
        statement = (
            select(*_COLUMNS, *_USER)
            .join(UserRow, _joins(DelegationRow.delegate_id))
            .where(
                DelegationRow.organization_id == organization_id,
                or_(DelegationRow.principal_id == recipient_id, DelegationRow.id == recipient_id),
                DelegationRow.is_copied,
                self._is_active,
                UserRow.is_disabled.is_(False),
            )
            .order_by(DelegationRow.created_at, DelegationRow.id)
        )
        rows = (await self._connection.core.execute(statement)).mappings()
        return [(_delegation(row), user_of(row)) for row in rows]

    async def is_active(self, organization_id: OrganizationId, principal_id: UserId, address: str) -> bool:
        """Say whether somebody with an address acts for a principal."""
        statement = select(func.count()).where(
            DelegationRow.organization_id == organization_id,
            DelegationRow.principal_id == principal_id,
            DelegationRow.address == address,
            self._is_active,
        )
        return (await self._connection.core.execute(statement)).scalar_one() > 0

    async def count(self, organization_id: OrganizationId, principal_id: UserId) -> int:
        """Count what a principal has given and has not ended."""
        statement = select(func.count()).where(self._given(organization_id, principal_id))
        return (await self._connection.core.execute(statement)).scalar_one()

    async def given(
        self, organization_id: OrganizationId, principal_id: UserId, paging: Paging
    ) -> Part[Delegation]:
        """List what a principal has given and has not ended, oldest first."""
        return await self._listed(self._given(organization_id, principal_id), paging)

    async def received(self, user: User, paging: Paging) -> Part[Delegation]:
        """List what a user was offered or has, oldest first."""
        own = and_(
            DelegationRow.organization_id == user.organization_id,
            DelegationRow.address == user.email,
            or_(DelegationRow.delegate_id.is_(None), DelegationRow.delegate_id == user.id),
            self._is_open,
        )
        return await self._listed(own, paging)

    async def forget_ended(self) -> None:
        """Delete what ended a month ago, in whatever way."""
        limit = self._now - _KEPT
        unanswered = and_(DelegationRow.accepted_at.is_(None), DelegationRow.answer_until <= limit)
        await self._connection.core.execute(
            delete(DelegationRow).where(
                or_(DelegationRow.ended_at <= limit, DelegationRow.ends_at <= limit, unanswered)
            )
        )

    def _given(self, organization_id: OrganizationId, principal_id: UserId) -> ColumnElement[bool]:
        return and_(
            DelegationRow.organization_id == organization_id,
            DelegationRow.principal_id == principal_id,
            self._is_open,
        )

    async def _listed(self, condition: ColumnElement[bool], paging: Paging) -> Part[Delegation]:
        statement = select(_ROW).where(condition)
        key = (DelegationRow.created_at, DelegationRow.id)
        return await part_of(self._connection, statement, key, paging, _placed)

    async def _end(self, condition: ColumnElement[bool]) -> list[UserId]:
        statement = (
            update(DelegationRow)
            .where(condition, _STANDS)
            .values(ended_at=self._now)
            .returning(DelegationRow.delegate_id)
        )
        ended: Sequence[UUID | None] = (await self._connection.core.execute(statement)).scalars().all()
        return sorted({UserId(delegate) for delegate in ended if delegate is not None})


def _is(organization_id: OrganizationId, delegation_id: DelegationId) -> ColumnElement[bool]:
    return and_(DelegationRow.organization_id == organization_id, DelegationRow.id == delegation_id)


def _joins(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return and_(UserRow.organization_id == DelegationRow.organization_id, UserRow.id == column)


def _terms(terms: DelegationTerms) -> dict[str, object]:
    return {"scopes": sorted(terms.scopes), "is_copied": terms.is_copied, "ends_at": terms.ends_at}


def _placed(row: Record) -> tuple[Delegation, Place]:
    return _delegation(row), place_at(row, "created_at", "id")


def _delegation(row: Record) -> Delegation:
    return Delegation(
        id=DelegationId(row["id"]),
        organization_id=OrganizationId(row["organization_id"]),
        principal_id=UserId(row["principal_id"]),
        address=row["address"],
        given_by=UserId(row["given_by"]),
        terms=DelegationTerms(
            frozenset(scope for scope in DelegationScope if scope in row["scopes"]),
            row["ends_at"],
            row["is_copied"],
        ),
        created_at=row["created_at"],
        answer_until=row["answer_until"],
        delegate_id=UserId(row["delegate_id"]) if row["delegate_id"] else None,
        accepted_at=row["accepted_at"],
        ended_at=row["ended_at"],
        used_at=row["used_at"],
    )
