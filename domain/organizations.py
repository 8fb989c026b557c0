"""Organizations: the tenant, its plan, and the one gate that says whether it may use scheduling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.addresses import display_text
from domain.errors import RuleBroken
from domain.ids import OrganizationId

MAX_NAME = 100


class Plan(StrEnum):
    """What an organization has subscribed to, in ascending order."""

    BASIC = "basic"
    PRO = "pro"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"


class AddOn(StrEnum):
    """What an organization can have beside its plan."""

    SCHEDULER = "scheduler"


class NotEntitled(RuleBroken):
    """A step that the organization's plan does not include, nor any add-on (R019)."""

    code = "NOT_ENTITLED"
    sentence = "Your organization's plan does not include scheduling."


class WrongRegion(RuleBroken):
    """An organization whose home is another region; `endpoint` is where it is served, if we know (D18)."""

    code = "WRONG_REGION"
    sentence = "Your organization is served in another region. Sign in there."

    def __init__(self, endpoint: str | None) -> None:
        super().__init__()
        self.endpoint = endpoint


class RegionUnsupported(RuleBroken):
    """A region in which nobody can sign up here; `contact` is whom to ask (R139), `endpoint` where it is."""

    code = "REGION_UNSUPPORTED"
    sentence = "Our service is not offered here for this region. Please contact us."

    def __init__(self, contact: str | None, endpoint: str | None, *path: str) -> None:
        super().__init__(*path)
        self.contact = contact
        self.endpoint = endpoint


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant. `region` is its home: its data and jobs stay in the stores of that region (D18).

    `administrators_may_delegate` lets them have somebody act for a member below them.
    """

    id: OrganizationId
    name: str
    region: str
    plan: Plan
    created_at: datetime
    add_ons: frozenset[AddOn] = frozenset()
    administrators_may_delegate: bool = False

    @property
    def is_entitled(self) -> bool:
        """Whether it may use scheduling, by its plan or by an add-on (D19)."""
        return self.plan in _WITH_SCHEDULING or AddOn.SCHEDULER in self.add_ons


_WITH_SCHEDULING = frozenset({Plan.BUSINESS, Plan.ENTERPRISE})


def entitled(organization: Organization) -> None:
    """Let an organization go on that may use scheduling; else NotEntitled: the one gate (R019)."""
    if not organization.is_entitled:
        raise NotEntitled


@dataclass(frozen=True, slots=True)
class Regions:
    """Which regions are served here, and where others are; the endpoints are public addresses.

    `contact` is a web or mail address of whoever runs this.
    """

    served: frozenset[str] | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict[str, str])
    contact: str | None = None

    def serve(self, region: str) -> None:
        """Let go on whose home is here; else WrongRegion. None serves all, where there is but one."""
        if self.served is not None and region not in self.served:
            raise WrongRegion(self.endpoints.get(region))

    def chosen(self, region: str | None, home: str, *path: str) -> str:
        """Say in which region to found: `home` if none is wished for; else RegionUnsupported (R139)."""
        wanted = home if region is None else region
        if wanted != home and wanted not in (self.served or ()):
            raise RegionUnsupported(self.contact, self.endpoints.get(wanted), *path)
        return wanted


def organization_name(text: str, *path: str) -> str:
    """Clean an organization's name; InvalidInput where it is empty or longer than 100 characters."""
    return display_text(text, MAX_NAME, *path)
