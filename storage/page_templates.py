"""Templates of booking pages, and whose pages follow them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.ids import OrganizationId, TeamId, TemplateId, UserId
from domain.page_settings import PageSettings, settings_of
from domain.page_templates import Afterwards, ManagedPage, PageField, PageTemplate, TemplateSettings
from domain.paging import Paging, Part, Place
from domain.teams import Team, TeamSettings
from storage.base import Base, Document, within_organization
from storage.page_rows import PageRow, page_of, template_values
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record
from storage.teams import TeamRow
from storage.users.people import USER_COLUMNS, user_of
from storage.users.rows import UserRow


class PageTemplateRow(Base):
    """Settings that pages begin with, as a page's columns have them, and which of them are locked."""

    __tablename__ = "page_templates"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("team_id", "teams"),
        CheckConstraint("on_leaving IN ('kept', 'deactivated')", name="on_leaving_known"),
        CheckConstraint("team_id IS NOT NULL OR NOT is_for_whole_team", name="team_named"),
        Index(None, "organization_id", "created_at"),
        Index(None, "organization_id", "team_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    id: Mapped[UUID]
    team_id: Mapped[UUID | None]
    settings: Mapped[Document]
    locked: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    is_for_whole_team: Mapped[bool]
    on_leaving: Mapped[str]
    revision: Mapped[int]
    created_at: Mapped[datetime]


_TEAM = tuple(
    column.label(f"team_{column.name}") for column in TeamRow.__table__.columns if column.name != "id"
)
_TEMPLATE = select(PageTemplateRow.__table__, *_TEAM).join(
    TeamRow,
    and_(TeamRow.organization_id == PageTemplateRow.organization_id, TeamRow.id == PageTemplateRow.team_id),
    isouter=True,
)


class PageTemplates:
    """Templates, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, template: PageTemplate) -> None:
        """Store a new template."""
        await self._connection.core.execute(
            insert(PageTemplateRow).values(
                organization_id=template.organization_id,
                id=template.id,
                team_id=template.team.id if template.team else None,
                created_at=template.created_at,
                **_values(template),
            )
        )

    async def update(self, template: PageTemplate) -> None:
        """Store a change of a template that is locked."""
        await self._connection.core.execute(
            update(PageTemplateRow)
            .where(_is(template.organization_id, template.id))
            .values(**_values(template))
        )

    async def remove(self, template: PageTemplate) -> None:
        """Delete a template, which manages no page any more."""
        await self._connection.core.execute(
            delete(PageTemplateRow).where(_is(template.organization_id, template.id))
        )

    async def by_id(
        self, organization_id: OrganizationId, template_id: TemplateId, *, locks: bool = False
    ) -> PageTemplate | None:
        """Find a template of an organization; `locks` keeps others from changing it."""
        statement = _TEMPLATE.where(_is(organization_id, template_id))
        if locks:
            statement = statement.with_for_update(of=PageTemplateRow)
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return _template(row) if row else None

    async def by_ids(
        self, organization_id: OrganizationId, ids: Sequence[TemplateId]
    ) -> dict[TemplateId, PageTemplate]:
        """Find templates in one statement; unknown ids are left out."""
        statement = _TEMPLATE.where(
            PageTemplateRow.organization_id == organization_id, PageTemplateRow.id.in_(ids)
        )
        rows = (await self._connection.core.execute(statement)).mappings()
        return {template.id: template for template in map(_template, rows)}

    async def of_team(self, organization_id: OrganizationId, team_id: TeamId) -> list[PageTemplate]:
        """Give all templates of a team, which have a bound, oldest first, and lock them."""
        statement = (
            _TEMPLATE.where(
                PageTemplateRow.organization_id == organization_id, PageTemplateRow.team_id == team_id
            )
            .order_by(PageTemplateRow.created_at, PageTemplateRow.id)
            .with_for_update(of=PageTemplateRow)
        )
        return [_template(row) for row in (await self._connection.core.execute(statement)).mappings()]

    async def listed(
        self, organization_id: OrganizationId, team_id: TeamId | None, paging: Paging
    ) -> Part[PageTemplate]:
        """List an organization's templates, oldest first, or only those of a team."""
        statement = _TEMPLATE.where(PageTemplateRow.organization_id == organization_id)
        if team_id is not None:
            statement = statement.where(PageTemplateRow.team_id == team_id)
        key = (PageTemplateRow.created_at, PageTemplateRow.id)
        return await part_of(self._connection, statement, key, paging, _placed)

    async def count(self, organization_id: OrganizationId) -> int:
        """Count an organization's templates."""
        statement = select(func.count()).where(PageTemplateRow.organization_id == organization_id)
        return (await self._connection.core.execute(statement)).scalar_one()

    async def owners(self, organization_id: OrganizationId, template_id: TemplateId) -> set[UserId]:
        """Name whose pages follow a template."""
        statement = select(PageRow.owner_id).where(
            PageRow.organization_id == organization_id, PageRow.template_id == template_id
        )
        return set(map(UserId, await self._connection.core.scalars(statement)))

    async def pages(
        self, organization_id: OrganizationId, template_id: TemplateId, paging: Paging
    ) -> Part[ManagedPage]:
        """List whose pages follow a template, oldest first."""
        statement = (
            select(
                *USER_COLUMNS,
                PageRow.id.label("page_id"),
                PageRow.slug.label("page_slug"),
                PageRow.is_active.label("page_is_active"),
                PageRow.created_at.label("page_created_at"),
            )
            .join(
                PageRow,
                and_(PageRow.organization_id == UserRow.organization_id, PageRow.owner_id == UserRow.id),
            )
            .where(PageRow.organization_id == organization_id, PageRow.template_id == template_id)
        )
        return await part_of(
            self._connection, statement, (PageRow.created_at, PageRow.id), paging, _placed_page
        )


def _is(organization_id: OrganizationId, template_id: TemplateId) -> ColumnElement[bool]:
    return and_(PageTemplateRow.organization_id == organization_id, PageTemplateRow.id == template_id)


def _values(template: PageTemplate) -> dict[str, object]:
    settings = template.settings
    return {
        "settings": {"slug": settings.page.slug, **template_values(template.sample)},
        "locked": sorted(settings.locked),
        "is_for_whole_team": settings.is_for_whole_team,
        "on_leaving": settings.on_leaving,
        "revision": template.revision,
    }


def _template(row: Record) -> PageTemplate:
    return PageTemplate(
        TemplateId(row["id"]),
        OrganizationId(row["organization_id"]),
        _team(row),
        TemplateSettings(
            _settings(row),
            frozenset(map(PageField, row["locked"])),
            row["is_for_whole_team"],
            Afterwards(row["on_leaving"]),
        ),
        row["revision"],
        row["created_at"],
    )


# What is no template's to say, as on a page that only its owner hosts.
_BLANK: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(("calendar_id", "hosts", "counted_from", "template_id")),
        "turns": "availability",
        "max_lead": 3,
        "keeps_host": True,
        "requires": (),
    }
)


def _settings(row: Record) -> PageSettings:
    its = {name: row[name] for name in ("id", "organization_id", "revision", "created_at")}
    return settings_of(page_of({**_BLANK, **its, "owner_id": row["id"], **row["settings"]}))


def _team(row: Record) -> Team | None:
    if row["team_id"] is None:
        return None
    return Team(
        TeamId(row["team_id"]),
        OrganizationId(row["organization_id"]),
        TeamSettings(row["team_name"], row["team_slug"], row["team_zone"]),
        row["team_revision"],
        row["team_created_at"],
    )


def _placed(row: Record) -> tuple[PageTemplate, Place]:
    return _template(row), place_at(row, "created_at", "id")


def _placed_page(row: Record) -> tuple[ManagedPage, Place]:
    page = ManagedPage(user_of(row), row["page_slug"], row["page_is_active"])
    return page, place_at(row, "page_created_at", "page_id")
