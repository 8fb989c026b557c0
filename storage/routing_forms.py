"""Routing forms and their versions: kept by their owners, found by a public link."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    Select,
    UniqueConstraint,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped

from domain.ids import OrganizationId, RoutingFormId, UserId
from domain.paging import Paging, Part, Place
from domain.routing_forms import FormSettings, FormSlugTaken, RoutingForm
from domain.users import User
from storage.base import Base, Document, Documents, within_organization
from storage.page_documents import questions_document, questions_of
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record
from storage.routing_documents import destination_document, destination_of, rules_document, rules_of
from storage.submissions import SubmissionRow
from storage.users.people import USER_COLUMNS, user_of
from storage.users.rows import UserRow

# Whoever submits keeps the form as it is until they are done: by an old version nobody submits any more.
_FORGET_VERSIONS = """DELETE FROM routing_form_versions AS v USING routing_forms AS f
    WHERE f.organization_id = v.organization_id AND f.id = v.form_id
        AND (v.number < f.revision OR f.deleted_at IS NOT NULL)
        AND NOT EXISTS (SELECT FROM submissions AS s WHERE s.organization_id = v.organization_id
            AND s.form_id = v.form_id AND s.version = v.number)"""
_FORGET_FORMS = """DELETE FROM routing_forms AS f WHERE f.deleted_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM routing_form_versions AS v
        WHERE v.organization_id = f.organization_id AND v.form_id = f.id)"""


class RoutingFormRow(Base):
    """A form; what it asks and where it leads stands in the version of its revision."""

    __tablename__ = "routing_forms"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("owner_id", "users"),
        UniqueConstraint("organization_id", "owner_id", "slug"),
        CheckConstraint("keeps_days >= 1", name="kept"),
        Index(None, "organization_id", "owner_id", "created_at"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    owner_id: Mapped[UUID]
    slug: Mapped[str]
    is_active: Mapped[bool]
    keeps_days: Mapped[int]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class RoutingFormVersionRow(Base):
    """What a form asked and where it led, as of one revision of it."""

    __tablename__ = "routing_form_versions"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "form_id", "number"),
        within_organization("form_id", "routing_forms"),
    )

    organization_id: Mapped[UUID]
    form_id: Mapped[UUID]
    number: Mapped[int]
    name: Mapped[str]
    description: Mapped[str]
    questions: Mapped[Documents]
    rules: Mapped[Documents]
    otherwise: Mapped[Document]
    created_at: Mapped[datetime]


_OF_FORM = and_(
    RoutingFormVersionRow.organization_id == RoutingFormRow.organization_id,
    RoutingFormVersionRow.form_id == RoutingFormRow.id,
)
_COLUMNS = (
    RoutingFormRow.organization_id,
    RoutingFormRow.id,
    RoutingFormRow.owner_id,
    RoutingFormRow.slug,
    RoutingFormRow.is_active,
    RoutingFormRow.keeps_days,
    RoutingFormRow.created_at,
    RoutingFormVersionRow.number,
    RoutingFormVersionRow.name,
    RoutingFormVersionRow.description,
    RoutingFormVersionRow.questions,
    RoutingFormVersionRow.rules,
    RoutingFormVersionRow.otherwise,
)


class RoutingForms:
    """Routing forms, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, form: RoutingForm) -> None:
        """Store a new form; raises FormSlugTaken, also to whoever loses a race."""
        statement = insert(RoutingFormRow).values(
            organization_id=form.organization_id,
            id=form.id,
            owner_id=form.owner_id,
            created_at=form.created_at,
            **_values(form),
        )
        await self._unique(statement)
        await self._add_version(form)

    async def update(self, form: RoutingForm) -> None:
        """Store the next version of a form, which the caller has locked; raises FormSlugTaken.

        The version before goes where nobody has submitted by it.
        """
        its = _is(form.organization_id, form.id)
        await self._unique(update(RoutingFormRow).where(its).values(**_values(form)))
        await self._add_version(form)
        used = exists().where(
            SubmissionRow.organization_id == RoutingFormVersionRow.organization_id,
            SubmissionRow.form_id == RoutingFormVersionRow.form_id,
            SubmissionRow.version == RoutingFormVersionRow.number,
        )
        await self._connection.core.execute(
            delete(RoutingFormVersionRow).where(
                RoutingFormVersionRow.organization_id == form.organization_id,
                RoutingFormVersionRow.form_id == form.id,
                RoutingFormVersionRow.number == form.revision - 1,
                ~used,
            )
        )

    async def remove(self, organization_id: OrganizationId, form_id: RoutingFormId) -> None:
        """Take a form away from everybody; its slug is free again."""
        await self._connection.core.execute(
            update(RoutingFormRow)
            .where(_is(organization_id, form_id))
            .values(deleted_at=self._now, is_active=False, slug=form_id.hex)
        )

    async def by_id(
        self, organization_id: OrganizationId, form_id: RoutingFormId, *, locks: bool = False
    ) -> RoutingForm | None:
        """Find a form as it is now; with `locks`, nobody changes it or submits by it until the unit ends."""
        if locks:
            await self._connection.core.execute(
                select(RoutingFormRow.id).where(_is(organization_id, form_id)).with_for_update()
            )
        statement = _present().where(_is(organization_id, form_id), RoutingFormRow.deleted_at.is_(None))
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return form_of(row) if row else None

    async def keep(self, form: RoutingForm) -> int | None:
        """Let nobody change a form until the unit ends, and give its revision; None where it is closed."""
        statement = (
            select(RoutingFormRow.revision)
            .where(
                _is(form.organization_id, form.id),
                RoutingFormRow.is_active,
                RoutingFormRow.deleted_at.is_(None),
            )
            .with_for_update(read=True)
        )
        return await self._connection.core.scalar(statement)

    async def by_slug(self, handle: str, slug: str) -> tuple[RoutingForm, User] | None:
        """Find an active form by its public link, in whatever organization, with its owner."""
        statement = (
            _present(*USER_COLUMNS)
            .join(
                UserRow,
                and_(
                    UserRow.organization_id == RoutingFormRow.organization_id,
                    UserRow.id == RoutingFormRow.owner_id,
                ),
            )
            .where(
                UserRow.handle == handle,
                UserRow.is_disabled.is_(False),
                RoutingFormRow.slug == slug,
                RoutingFormRow.is_active,
                RoutingFormRow.deleted_at.is_(None),
            )
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return (form_of(row), user_of(row)) if row else None

    async def of_owner(
        self, organization_id: OrganizationId, owner_id: UserId, paging: Paging
    ) -> Part[RoutingForm]:
        """List an owner's forms, oldest first: inactive ones too."""
        statement = _present().where(
            RoutingFormRow.organization_id == organization_id,
            RoutingFormRow.owner_id == owner_id,
            RoutingFormRow.deleted_at.is_(None),
        )
        key = (RoutingFormRow.created_at, RoutingFormRow.id)
        return await part_of(self._connection, statement, key, paging, _placed)

    async def count_of_owner(self, organization_id: OrganizationId, owner_id: UserId) -> int:
        """Count an owner's forms."""
        statement = select(func.count()).where(
            RoutingFormRow.organization_id == organization_id,
            RoutingFormRow.owner_id == owner_id,
            RoutingFormRow.deleted_at.is_(None),
        )
        return (await self._connection.core.execute(statement)).scalar_one()

    async def versions(
        self, organization_id: OrganizationId, wanted: set[tuple[RoutingFormId, int]]
    ) -> dict[tuple[RoutingFormId, int], RoutingForm]:
        """Give forms as they were at versions of theirs, deleted forms too, in one statement."""
        statement = (
            select(*_COLUMNS)
            .join(RoutingFormVersionRow, _OF_FORM)
            .where(
                RoutingFormRow.organization_id == organization_id,
                tuple_(RoutingFormVersionRow.form_id, RoutingFormVersionRow.number).in_(wanted),
            )
        )
        rows = (await self._connection.core.execute(statement)).mappings()
        return {(form.id, form.revision): form for form in map(form_of, rows)}

    async def leave(self, organization_id: OrganizationId, owner_id: UserId) -> list[RoutingFormId]:
        """Close the forms of somebody who leaves, and name them."""
        statement = (
            update(RoutingFormRow)
            .where(
                RoutingFormRow.organization_id == organization_id,
                RoutingFormRow.owner_id == owner_id,
                RoutingFormRow.deleted_at.is_(None),
            )
            .values(is_active=False)
            .returning(RoutingFormRow.id)
        )
        return [RoutingFormId(id_) for id_ in await self._connection.core.scalars(statement)]

    async def forget(self) -> None:
        """Drop versions by which nothing is submitted any more, and what is left of deleted forms."""
        await self._connection.driver.fetchrow(_FORGET_VERSIONS)
        await self._connection.driver.fetchrow(_FORGET_FORMS)

    async def _unique(self, statement: Any) -> None:
        try:
            async with self._connection.core.begin_nested():
                await self._connection.core.execute(statement)
        except IntegrityError as failure:
            if "routing_forms_organization_id_owner_id_slug_key" in str(failure.orig):
                raise FormSlugTaken("slug") from None
            raise

    async def _add_version(self, form: RoutingForm) -> None:
        settings = form.settings
        await self._connection.core.execute(
            insert(RoutingFormVersionRow).values(
                organization_id=form.organization_id,
                form_id=form.id,
                number=form.revision,
                name=settings.name,
                description=settings.description,
                questions=questions_document(settings.questions),
                rules=rules_document(settings.rules),
                otherwise=destination_document(settings.otherwise),
                created_at=self._now,
            )
        )


def _present(*more: Any) -> Select[*tuple[Any, ...]]:
    """Select forms with the version that holds now."""
    return select(*_COLUMNS, *more).join(
        RoutingFormVersionRow, and_(_OF_FORM, RoutingFormVersionRow.number == RoutingFormRow.revision)
    )


def _is(organization_id: OrganizationId, form_id: RoutingFormId) -> ColumnElement[bool]:
    return and_(RoutingFormRow.organization_id == organization_id, RoutingFormRow.id == form_id)


def _values(form: RoutingForm) -> dict[str, object]:
    """Give the columns that change."""
    return {
        "slug": form.settings.slug,
        "is_active": form.settings.is_active,
        "keeps_days": form.settings.keeps_days,
        "revision": form.revision,
    }


def _placed(row: Record) -> tuple[RoutingForm, Place]:
    return form_of(row), place_at(row, "created_at", "id")


def form_of(row: Record) -> RoutingForm:
    """Make a form of a row that has its columns and those of one of its versions."""
    return RoutingForm(
        id=RoutingFormId(row["id"]),
        organization_id=OrganizationId(row["organization_id"]),
        owner_id=UserId(row["owner_id"]),
        settings=FormSettings(
            slug=row["slug"],
            name=row["name"],
            otherwise=destination_of(row["otherwise"]),
            description=row["description"],
            questions=questions_of(row["questions"]),
            rules=rules_of(row["rules"]),
            is_active=row["is_active"],
            keeps_days=row["keeps_days"],
        ),
        revision=row["number"],
        created_at=row["created_at"],
    )
