"""Teams and who is in them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    and_,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from domain.ids import OrganizationId, TeamId, UserId
from domain.paging import Paging, Part, Place
from domain.teams import Team, TeamMember, TeamSettings, TeamSlugTaken
from domain.users import User
from storage.base import Base, within_organization
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record
from storage.users.people import USER_COLUMNS, user_of
from storage.users.rows import UserRow


class TeamRow(Base):
    """Some members of an organization under one name."""

    __tablename__ = "teams"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "slug"),
        Index(None, "organization_id", "created_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    id: Mapped[UUID]
    name: Mapped[str]
    slug: Mapped[str]
    zone: Mapped[str]
    revision: Mapped[int]
    created_at: Mapped[datetime]


class TeamMemberRow(Base):
    """A user in a team of their organization."""

    __tablename__ = "team_members"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "team_id", "user_id"),
        within_organization("team_id", "teams", ondelete="CASCADE"),
        within_organization("user_id", "users"),
        Index(None, "organization_id", "user_id"),
    )

    organization_id: Mapped[UUID]
    team_id: Mapped[UUID]
    user_id: Mapped[UUID]
    is_manager: Mapped[bool]
    joined_at: Mapped[datetime]


_WITH_USER = select(
    *USER_COLUMNS, TeamMemberRow.team_id, TeamMemberRow.is_manager, TeamMemberRow.joined_at
).join(
    UserRow,
    and_(UserRow.organization_id == TeamMemberRow.organization_id, UserRow.id == TeamMemberRow.user_id),
)


class Teams:
    """Teams, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, team: Team) -> None:
        """Store a new team; raises TeamSlugTaken, also to whoever loses a race."""
        statement = (
            insert(TeamRow)
            .values(
                organization_id=team.organization_id,
                id=team.id,
                revision=team.revision,
                created_at=team.created_at,
                **_values(team.settings),
            )
            .on_conflict_do_nothing(index_elements=["organization_id", "slug"])
            .returning(TeamRow.id)
        )
        if (await self._connection.core.execute(statement)).first() is None:
            raise TeamSlugTaken("slug")

    async def update(self, team: Team) -> None:
        """Store a team's settings; raises TeamSlugTaken. To be called with the team's lock."""
        statement = (
            update(TeamRow)
            .where(_is(team.organization_id, team.id))
            .values(revision=team.revision, **_values(team.settings))
        )
        try:
            async with self._connection.core.begin_nested():
                await self._connection.core.execute(statement)
        except IntegrityError as failure:
            if "teams_organization_id_slug_key" in str(failure.orig):
                raise TeamSlugTaken("slug") from None
            raise

    async def remove(self, organization_id: OrganizationId, team_id: TeamId) -> None:
        """Delete a team; its members stay in the organization."""
        await self._connection.core.execute(delete(TeamRow).where(_is(organization_id, team_id)))

    async def by_id(
        self, organization_id: OrganizationId, team_id: TeamId, *, locks: bool = False
    ) -> Team | None:
        """Find a team of an organization; `locks` keeps others from changing it and its members meanwhile."""
        statement = select(TeamRow.__table__).where(_is(organization_id, team_id))
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        return _team(row) if row else None

    async def of_organization(self, organization_id: OrganizationId, paging: Paging) -> Part[Team]:
        """List an organization's teams, oldest first."""
        statement = select(TeamRow.__table__).where(TeamRow.organization_id == organization_id)
        return await part_of(
            self._connection, statement, (TeamRow.created_at, TeamRow.id), paging, _placed_team
        )

    async def count(self, organization_id: OrganizationId) -> int:
        """Count an organization's teams."""
        statement = select(func.count()).where(TeamRow.organization_id == organization_id)
        return (await self._connection.core.execute(statement)).scalar_one()

    async def counts(self, organization_id: OrganizationId, ids: Sequence[TeamId]) -> dict[TeamId, int]:
        """Count the members of several teams; a team without any is left out."""
        statement = (
            select(TeamMemberRow.team_id, func.count().label("members"))
            .where(TeamMemberRow.organization_id == organization_id, TeamMemberRow.team_id.in_(ids))
            .group_by(TeamMemberRow.team_id)
        )
        return {TeamId(row.team_id): row.members for row in await self._connection.core.execute(statement)}

    async def managers(self, organization_id: OrganizationId, team_id: TeamId) -> frozenset[UserId]:
        """Name those who manage a team."""
        found = await self._connection.core.scalars(
            select(TeamMemberRow.user_id).where(
                TeamMemberRow.organization_id == organization_id,
                TeamMemberRow.team_id == team_id,
                TeamMemberRow.is_manager,
            )
        )
        return frozenset(UserId(user_id) for user_id in found)

    async def members(
        self, organization_id: OrganizationId, team_id: TeamId, paging: Paging
    ) -> Part[TeamMember]:
        """List a team's members, those first who came first."""
        statement = _WITH_USER.where(
            TeamMemberRow.organization_id == organization_id, TeamMemberRow.team_id == team_id
        )
        key = (TeamMemberRow.joined_at, TeamMemberRow.user_id)
        return await part_of(self._connection, statement, key, paging, _placed_member)

    async def everybody(self, organization_id: OrganizationId, team_id: TeamId) -> list[TeamMember]:
        """Give all members of a team, which has a bound, those first who came first."""
        statement = _WITH_USER.where(
            TeamMemberRow.organization_id == organization_id, TeamMemberRow.team_id == team_id
        ).order_by(TeamMemberRow.joined_at, TeamMemberRow.user_id)
        return [_member(row) for row in (await self._connection.core.execute(statement)).mappings()]

    async def member(
        self, organization_id: OrganizationId, team_id: TeamId, user_id: UserId
    ) -> TeamMember | None:
        """Find somebody in a team."""
        statement = _WITH_USER.where(_sits(organization_id, team_id, user_id))
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return _member(row) if row else None

    async def add_member(self, team: Team, user: User, *, is_manager: bool) -> bool:
        """Put a member of the organization into a team; False where they are in it already."""
        statement = (
            insert(TeamMemberRow)
            .values(
                organization_id=team.organization_id,
                team_id=team.id,
                user_id=user.id,
                is_manager=is_manager,
                joined_at=self._now,
            )
            .on_conflict_do_nothing()
            .returning(TeamMemberRow.user_id)
        )
        return (await self._connection.core.execute(statement)).first() is not None

    async def set_manager(self, team: Team, user_id: UserId, *, is_manager: bool) -> bool:
        """Say whether somebody manages a team; False where they are not in it."""
        statement = (
            update(TeamMemberRow)
            .where(_sits(team.organization_id, team.id, user_id))
            .values(is_manager=is_manager)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def remove_member(self, team: Team, user_id: UserId) -> bool:
        """Take somebody out of a team; False where they are not in it."""
        statement = delete(TeamMemberRow).where(_sits(team.organization_id, team.id, user_id))
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def remove_user(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Take somebody out of all teams."""
        await self._connection.core.execute(
            delete(TeamMemberRow).where(
                TeamMemberRow.organization_id == organization_id, TeamMemberRow.user_id == user_id
            )
        )


def _is(organization_id: OrganizationId, team_id: TeamId) -> ColumnElement[bool]:
    return and_(TeamRow.organization_id == organization_id, TeamRow.id == team_id)


def _sits(organization_id: OrganizationId, team_id: TeamId, user_id: UserId) -> ColumnElement[bool]:
    return and_(
        TeamMemberRow.organization_id == organization_id,
        TeamMemberRow.team_id == team_id,
        TeamMemberRow.user_id == user_id,
    )


def _values(settings: TeamSettings) -> dict[str, object]:
    return {"name": settings.name, "slug": settings.slug, "zone": settings.zone}


def _team(row: Record) -> Team:
    return Team(
        TeamId(row["id"]),
        OrganizationId(row["organization_id"]),
        TeamSettings(row["name"], row["slug"], row["zone"]),
        row["revision"],
        row["created_at"],
    )


def _placed_team(row: Record) -> tuple[Team, Place]:
    return _team(row), place_at(row, "created_at", "id")


def _member(row: Record) -> TeamMember:
    return TeamMember(TeamId(row["team_id"]), user_of(row), row["is_manager"], row["joined_at"])


def _placed_member(row: Record) -> tuple[TeamMember, Place]:
    return _member(row), place_at(row, "joined_at", "user_id")
