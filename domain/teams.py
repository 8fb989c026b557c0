"""Teams: some members of an organization under one name, and who of them manage it."""

from dataclasses import dataclass
from datetime import datetime

from domain.addresses import display_text
from domain.errors import Conflict
from domain.ids import OrganizationId, TeamId
from domain.page_settings import checked_slug
from domain.users import User
from domain.zones import zone

MAX_TEAMS = 1000
MAX_MEMBERS = 500
_MAX_NAME = 100


class TeamSlugTaken(Conflict):
    """A slug that another team of the organization has."""

    sentence = "Another team has this link. Choose another."


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """What can be said of a team; `zone` is the IANA zone in which it is shown."""

    name: str
    slug: str
    zone: str


@dataclass(frozen=True, slots=True)
class Team:
    """A team. `revision` grows with each change of its settings."""

    id: TeamId
    organization_id: OrganizationId
    settings: TeamSettings
    revision: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A member of a team; managers change the team and who is in it."""

    team_id: TeamId
    user: User
    is_manager: bool
    joined_at: datetime


def checked_settings(wanted: TeamSettings) -> TeamSettings:
    """Check and clean what is said of a team; InvalidInput names the field."""
    return TeamSettings(
        display_text(wanted.name, _MAX_NAME, "name"),
        checked_slug(wanted.slug, "slug"),
        zone(wanted.zone, "zone").key,
    )
