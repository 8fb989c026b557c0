"""Organizations: the tenant, its plan, and whether the plan includes scheduling."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.addresses import display_text
from domain.ids import OrganizationId

MAX_NAME = 100


class Plan(StrEnum):
    """What an organization has subscribed to, in ascending order."""

    BASIC = "basic"
    PRO = "pro"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant. `region` is its home: its data and jobs stay in the stores of that region (D18)."""

    id: OrganizationId
    name: str
    region: str
    plan: Plan
    created_at: datetime

    @property
    def is_entitled(self) -> bool:
        """Whether the plan includes scheduling; where one hosts it oneself, the plan does (D19)."""
        return self.plan in {Plan.BUSINESS, Plan.ENTERPRISE}


def organization_name(text: str, *path: str) -> str:
    """Clean an organization's name; InvalidInput where it is empty or longer than 100 characters."""
    return display_text(text, MAX_NAME, *path)
