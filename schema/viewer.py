"""Whoever is asking, for whom, and the accounts of their address."""

from typing import Self

import strawberry

from domain.members import AccountOf
from domain.users import SignedIn
from schema.nodes import global_id
from schema.organizations import OrganizationType
from schema.users import ApiKeyType, IdentityType, RoleType, ScopeType, SessionType, UserType


@strawberry.type(name="Account", description="Account of the viewer's address in one organization.")
class AccountType:
    """Twin of domain.members.AccountOf."""

    account_id: strawberry.ID = strawberry.field(description="Id of the user, for `accountSwitch`.")
    organization_name: str = strawberry.field(description="Name of the organization.")
    role: RoleType = strawberry.field(description="What the viewer is there.")
    is_current: bool = strawberry.field(description="Whether this operation was asked through it.")

    @classmethod
    def of(cls, account: AccountOf, viewer: SignedIn) -> Self:
        """Shape an account."""
        return cls(
            account_id=global_id("User", account.user.id),
            organization_name=account.organization_name,
            role=RoleType(account.user.role.value),
            is_current=account.user.id == viewer.user_id,
        )


@strawberry.type(name="Viewer", description="Whoever is asking, signed in.")
class ViewerType:
    """What users see of themselves."""

    user: UserType = strawberry.field(description="User who is asking, or for whom somebody asks.")
    delegate: UserType | None = strawberry.field(
        description="Who asks in the user's place; null for the user themselves."
    )
    organization: OrganizationType = strawberry.field(description="Organization of the user.")
    scopes: list[ScopeType] = strawberry.field(description="What this session, key or delegate may do.")
    sessions: list[SessionType] = strawberry.field(
        description="Live sessions, newest first, 100 at most; empty for an API key."
    )
    api_keys: list[ApiKeyType] = strawberry.field(
        description="API keys that were not revoked, newest first; empty for an API key."
    )
    identities: list[IdentityType] = strawberry.field(
        description="Accounts elsewhere that sign the user in, oldest first, 20 at most; none for an API key."
    )
    accounts: list[AccountType] = strawberry.field(
        description="Accounts of the proved address, the last one used first; else the present one alone."
    )
