"""Who may do what: the one place that judges. Everything that is not allowed here is denied.

What belongs to another organization, or is another user's own, is *hidden*: the answer is that there is no
such thing. What a colleague may see but not do is *denied*. Which scope a key needs for an action, or that
only a person may take it, stands beside the rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType

from domain.ids import OrganizationId, UserId
from domain.users import DelegationScope, Role, Scope, User


class Decision(Enum):
    """What comes of a question."""

    ALLOWED = "allowed"
    DENIED = "denied"
    HIDDEN = "hidden"


class Action(StrEnum):
    """What somebody wants to do."""

    KEEP = "keep"  # see and change what is one's own: a page, a schedule, a booking, a connection
    ORGANIZATION_SEE = "organization_see"  # its members, teams, rooms and equipment
    ORGANIZATION_RENAME = "organization_rename"
    OWNERSHIP_TRANSFER = "ownership_transfer"  # to a colleague
    MEMBER_ROLE_CHANGE = "member_role_change"
    MEMBER_REMOVE = "member_remove"
    INVITATIONS_SEE = "invitations_see"
    MEMBER_INVITE = "member_invite"  # also to send an invitation again, and to revoke it
    TEAM_CREATE = "team_create"
    TEAM_UPDATE = "team_update"  # its settings and its members
    TEAM_DELETE = "team_delete"
    TEAM_TIMES_SEE = "team_times_see"  # when those in it are free
    TEAM_MEMBERS_OVERSEE = "team_members_oversee"  # what is booked with them, and whose calendars fail
    AUDIT_SEE = "audit_see"
    DELEGATION_GIVE = "delegation_give"  # let a colleague act for somebody
    RESOURCE_KEEP = "resource_keep"  # make, change and delete rooms and equipment
    TEMPLATES_SEE = "templates_see"  # templates of pages, and who has pages from them
    TEMPLATE_KEEP = "template_keep"  # make, change and delete them, give pages from them, take them off
    MEMBER_ATTRIBUTES_SET = "member_attributes_set"  # by which routing forms find members


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization as a whole."""

    organization_id: OrganizationId


@dataclass(frozen=True, slots=True)
class Own:
    """Something that is some users' own."""

    organization_id: OrganizationId
    users: frozenset[UserId]


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in an organization, taken or offered: who has it, and each role that the action is about."""

    organization_id: OrganizationId
    roles: frozenset[Role]
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class TeamOf:
    """A team, those who manage it, and everybody who is in it, where the action asks for that."""

    organization_id: OrganizationId
    managers: frozenset[UserId]
    members: frozenset[UserId] = frozenset()


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave to act for a principal: who and what they are, and whether administrators may give it too."""

    organization_id: OrganizationId
    principal_id: UserId
    role: Role
    administrators_may: bool


Thing = Tenant | Own | Seat | TeamOf | Leave

_RANK = MappingProxyType({Role.OWNER: 2, Role.ADMINISTRATOR: 1, Role.MEMBER: 0})


def _is_own(actor: User, thing: Thing) -> bool:
    return isinstance(thing, Own) and actor.id in thing.users


def _anybody(actor: User, thing: Thing) -> bool:
    del actor, thing
    return True


def _owner(actor: User, thing: Thing) -> bool:
    del thing
    return actor.role is Role.OWNER


def _administrator(actor: User, thing: Thing) -> bool:
    del thing
    return _RANK[actor.role] >= _RANK[Role.ADMINISTRATOR]


def _above(actor: User, thing: Thing) -> bool:
    """Nobody gives, takes or removes what is as high as their own: so nobody rises by themselves."""
    return isinstance(thing, Seat) and all(_RANK[actor.role] > _RANK[role] for role in thing.roles)


def _above_or_own(actor: User, thing: Thing) -> bool:
    """One may leave, but not as the owner: an organization always has one."""
    is_own = isinstance(thing, Seat) and thing.user_id == actor.id
    return actor.role is not Role.OWNER if is_own else _above(actor, thing)


def _owner_to_another(actor: User, thing: Thing) -> bool:
    return actor.role is Role.OWNER and isinstance(thing, Seat) and thing.user_id != actor.id


def _manager(actor: User, thing: Thing) -> bool:
    manages = isinstance(thing, TeamOf) and actor.id in thing.managers
    return manages or _administrator(actor, thing)


def _own_or_of_those_below(actor: User, thing: Thing) -> bool:
    """One gives leave for oneself; for a member below, where the organization lets its administrators."""
    if not isinstance(thing, Leave):
        return False
    is_below = _RANK[actor.role] > _RANK[thing.role]
    return thing.principal_id == actor.id or (thing.administrators_may and is_below)


def _manager_or_sharing(actor: User, thing: Thing) -> bool:
    """Who keeps their own free time to themselves (R081) is not told that of their colleagues."""
    is_in = isinstance(thing, TeamOf) and actor.id in thing.members
    return (is_in and actor.shares_availability) or _manager(actor, thing)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Who is allowed; `scope` is what a key needs, None where only a person may.

    `delegated` are the scopes of which a delegate needs one; none, and no delegate may.
    """

    allows: Callable[[User, Thing], bool]
    scope: Scope | None = None
    delegated: tuple[DelegationScope, ...] = ()
    hides: bool = False


_RULES: Mapping[Action, _Rule] = MappingProxyType(
    {
        Action.KEEP: _Rule(_is_own, Scope.READ, hides=True),
        Action.ORGANIZATION_SEE: _Rule(_anybody, Scope.READ, tuple(DelegationScope)),
        Action.ORGANIZATION_RENAME: _Rule(_owner),
        Action.OWNERSHIP_TRANSFER: _Rule(_owner_to_another),
        Action.MEMBER_ROLE_CHANGE: _Rule(_above),
        Action.MEMBER_REMOVE: _Rule(_above_or_own),
        Action.INVITATIONS_SEE: _Rule(_administrator, Scope.READ),
        Action.MEMBER_INVITE: _Rule(_above),
        Action.TEAM_CREATE: _Rule(_administrator),
        Action.TEAM_UPDATE: _Rule(_manager),
        Action.TEAM_DELETE: _Rule(_administrator),
        Action.TEAM_TIMES_SEE: _Rule(_manager_or_sharing, Scope.READ),
        Action.TEAM_MEMBERS_OVERSEE: _Rule(_manager, Scope.READ),
        Action.AUDIT_SEE: _Rule(_administrator, Scope.READ),
        Action.DELEGATION_GIVE: _Rule(_own_or_of_those_below),
        Action.RESOURCE_KEEP: _Rule(_administrator),
        Action.TEMPLATES_SEE: _Rule(_manager, Scope.READ),
        Action.TEMPLATE_KEEP: _Rule(_manager),
        Action.MEMBER_ATTRIBUTES_SET: _Rule(_administrator),
    }
)


def may(actor: User, action: Action, thing: Thing) -> Decision:
    """Judge an action; whoever is disabled, and whatever is another organization's, is judged alike."""
    rule = _RULES[action]
    if actor.is_disabled or actor.organization_id != thing.organization_id:
        return Decision.HIDDEN
    if rule.allows(actor, thing):
        return Decision.ALLOWED
    return Decision.HIDDEN if rule.hides else Decision.DENIED


def scope_of(action: Action) -> Scope | None:
    """Give the scope that a key needs for an action; None where no key may take it."""
    return _RULES[action].scope


def delegated_by(action: Action) -> tuple[DelegationScope, ...]:
    """Give the scopes of which a delegate needs one for an action; none where no delegate may take it."""
    return _RULES[action].delegated
