"""User, host, viewer, and what proves a viewer: sessions and API keys."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from domain.identities import Identity
from domain.identity import ApiKey, Session
from domain.users import Role, Scope, SignedIn, User
from schema.context import Info
from schema.nodes import NodeType, global_id
from schema.scalars import EmailAddress, TimeZone


@strawberry.enum(name="Role", description="What a user is in the organization.")
class RoleType(Enum):
    """Twin of domain.users.Role."""

    OWNER = strawberry.enum_value(Role.OWNER.value, description="Whoever may do everything.")
    ADMINISTRATOR = strawberry.enum_value(Role.ADMINISTRATOR.value, description="Whoever manages users.")
    MEMBER = strawberry.enum_value(Role.MEMBER.value, description="Whoever manages their own things.")


@strawberry.enum(name="Scope", description="What an API key may be allowed.")
class ScopeType(Enum):
    """Twin of domain.users.Scope."""

    READ = strawberry.enum_value(
        Scope.READ.value, description="Reading of everything that is the user's but calendar connections."
    )
    PAGES = strawberry.enum_value(Scope.PAGES.value, description="Changes of booking pages.")
    AVAILABILITY = strawberry.enum_value(Scope.AVAILABILITY.value, description="Changes of schedules.")
    BOOKINGS = strawberry.enum_value(Scope.BOOKINGS.value, description="Changes of bookings.")
    CALENDARS = strawberry.enum_value(
        Scope.CALENDARS.value,
        description="Reading, choice and end of calendar connections; no new ones.",
    )
    PROFILE = strawberry.enum_value(Scope.PROFILE.value, description="Changes of the user's own profile.")
    POLLS = strawberry.enum_value(Scope.POLLS.value, description="Changes of polls; closing one books.")


@strawberry.type(name="Host", description="Person whose time a page offers, as everybody may see them.")
class HostType:
    """What a guest sees of a user."""

    name: str = strawberry.field(description="Name of the person.")
    handle: str = strawberry.field(description="Public name in links.")

    @classmethod
    def of(cls, user: User) -> Self:
        """Shape what everybody may see of a user."""
        return cls(name=user.name, handle=user.handle)


@strawberry.type(name="User", description="Person who can sign in.")
class UserType(NodeType):
    """Twin of domain.users.User, for the user and their organization."""

    user: strawberry.Private[User]
    is_own: strawberry.Private[bool]
    name: str = strawberry.field(description="Name as others see it.")
    handle: str = strawberry.field(description="Public name in links, unique over the installation.")
    zone: TimeZone = strawberry.field(description="Zone in which times are shown to the user.")
    locale: str = strawberry.field(description="Language in which the user is written to, like `en` or `ja`.")
    role: RoleType = strawberry.field(description="What the user is in the organization.")
    shares_availability: bool = strawberry.field(
        description="Whether pages show free times of the user at all."
    )
    created_at: datetime = strawberry.field(description="Instant of signing up.")

    @strawberry.field(description="Mail address; null for viewers of another organization.")
    def email(self, info: Info) -> EmailAddress | None:
        """Show the address to who has just proved it, and within the organization."""
        viewer = info.context.viewer
        is_colleague = isinstance(viewer, SignedIn) and viewer.organization_id == self.user.organization_id
        return EmailAddress(self.user.email) if self.is_own or is_colleague else None

    @classmethod
    def of(cls, user: User, *, is_own: bool = False) -> Self:
        """Shape a user; `is_own` says that the reader has proved to be the user, whoever they were before."""
        return cls(
            id=global_id("User", user.id),
            user=user,
            is_own=is_own,
            name=user.name,
            handle=user.handle,
            zone=TimeZone(user.zone),
            locale=user.locale,
            role=RoleType(user.role.value),
            shares_availability=user.shares_availability,
            created_at=user.created_at,
        )


@strawberry.type(name="Session", description="Signed-in browser or program.")
class SessionType(NodeType):
    """Twin of domain.identity.Session."""

    created_at: datetime = strawberry.field(description="Instant of signing in.")
    used_at: datetime = strawberry.field(description="Instant of the last use, to the minute.")
    expires_at: datetime = strawberry.field(description="Instant at which it ends in any case.")
    is_current: bool = strawberry.field(description="Whether this operation was asked through it.")
    is_mobile: bool = strawberry.field(description="Whether it is a mobile client's, which only reads.")

    @classmethod
    def of(cls, session: Session, *, is_current: bool) -> Self:
        """Shape a session."""
        return cls(
            id=global_id("Session", session.id),
            created_at=session.created_at,
            used_at=session.used_at,
            expires_at=session.expires_at,
            is_current=is_current,
            is_mobile=session.is_mobile,
        )


@strawberry.type(name="ApiKey", description="Key with which a program acts for a user, within scopes.")
class ApiKeyType(NodeType):
    """Twin of domain.identity.ApiKey."""

    name: str = strawberry.field(description="What the user calls it.")
    prefix: str = strawberry.field(description="First characters of the secret, to know it again by.")
    scopes: list[ScopeType] = strawberry.field(description="What it may do.")
    created_at: datetime = strawberry.field(description="Instant at which it was made.")
    expires_at: datetime | None = strawberry.field(description="Instant at which it ends, if it does.")
    used_at: datetime | None = strawberry.field(description="Instant of the last use, to the minute.")
    is_mobile: bool = strawberry.field(description="Whether it is a mobile client's, which only reads.")

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """Shape a key."""
        return cls(
            id=global_id("ApiKey", key.id),
            name=key.name,
            prefix=key.prefix,
            scopes=scope_types(key.scopes),
            created_at=key.created_at,
            expires_at=key.expires_at,
            used_at=key.used_at,
            is_mobile=key.is_mobile,
        )


@strawberry.type(name="Identity", description="Account elsewhere with which a user signs in.")
class IdentityType(NodeType):
    """Twin of domain.identities.Identity; its subject is the issuer's own affair."""

    issuer: str = strawberry.field(description="OpenID issuer of the account, as it names itself.")
    linked_at: datetime = strawberry.field(description="Instant at which it was linked.")

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """Shape an identity."""
        return cls(
            id=global_id("Identity", identity.id), issuer=identity.issuer, linked_at=identity.created_at
        )


def scope_types(scopes: frozenset[Scope]) -> list[ScopeType]:
    """List scopes in the order in which the schema has them."""
    return [ScopeType(scope.value) for scope in Scope if scope in scopes]
