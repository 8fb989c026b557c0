"""The policy: who may do what, as a table; whatever does not stand in it is denied."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.ids import OrganizationId, UserId
from domain.policy import (
    Action,
    Decision,
    Leave,
    Own,
    Seat,
    TeamOf,
    Tenant,
    Thing,
    delegated_by,
    may,
    scope_of,
)
from domain.users import DelegationScope, Role, Scope, User

HOME, AWAY = OrganizationId(UUID(int=1)), OrganizationId(UUID(int=2))
ALLOWED, DENIED, HIDDEN = Decision.ALLOWED, Decision.DENIED, Decision.HIDDEN
OWNER, ADMINISTRATOR, MEMBER = Role.OWNER, Role.ADMINISTRATOR, Role.MEMBER


def somebody(number: int, role: Role) -> User:
    return User(
        UserId(UUID(int=number)), HOME, f"u{number}@example.com", "U", f"u{number}", "UTC", "en", role,
        shares_availability=True, is_disabled=False, created_at=datetime(2026, 3, 27, tzinfo=UTC),
    )  # fmt: skip


ACTORS = {role: somebody(number, role) for number, role in enumerate(Role, 1)}
MINE = frozenset({ACTORS[MEMBER].id})


def seat(*roles: Role, of: int = 9, organization: OrganizationId = HOME) -> Seat:
    return Seat(organization, frozenset(roles), UserId(UUID(int=of)))


def leave(role: Role, of: int = 9, *, administrators_may: bool = True) -> Leave:
    return Leave(HOME, UserId(UUID(int=of)), role, administrators_may)


# What an owner, an administrator and a member are answered, in this order.
TABLE: dict[tuple[Action, Thing], tuple[Decision, Decision, Decision]] = {
    (Action.ORGANIZATION_SEE, Tenant(HOME)): (ALLOWED, ALLOWED, ALLOWED),
    (Action.ORGANIZATION_RENAME, Tenant(HOME)): (ALLOWED, DENIED, DENIED),
    (Action.OWNERSHIP_TRANSFER, seat(MEMBER)): (ALLOWED, DENIED, DENIED),
    (Action.MEMBER_ROLE_CHANGE, seat(MEMBER, ADMINISTRATOR)): (ALLOWED, DENIED, DENIED),
    (Action.MEMBER_ROLE_CHANGE, seat(MEMBER, OWNER)): (DENIED, DENIED, DENIED),
    (Action.MEMBER_REMOVE, seat(MEMBER)): (ALLOWED, ALLOWED, DENIED),
    (Action.MEMBER_REMOVE, seat(ADMINISTRATOR)): (ALLOWED, DENIED, DENIED),
    (Action.MEMBER_REMOVE, seat(OWNER)): (DENIED, DENIED, DENIED),
    (Action.INVITATIONS_SEE, Tenant(HOME)): (ALLOWED, ALLOWED, DENIED),
    (Action.MEMBER_INVITE, seat(MEMBER)): (ALLOWED, ALLOWED, DENIED),
    (Action.MEMBER_INVITE, seat(ADMINISTRATOR)): (ALLOWED, DENIED, DENIED),
    (Action.MEMBER_INVITE, seat(OWNER)): (DENIED, DENIED, DENIED),
    (Action.TEAM_CREATE, Tenant(HOME)): (ALLOWED, ALLOWED, DENIED),
    (Action.TEAM_UPDATE, TeamOf(HOME, frozenset())): (ALLOWED, ALLOWED, DENIED),
    (Action.TEAM_UPDATE, TeamOf(HOME, frozenset({ACTORS[MEMBER].id}))): (ALLOWED, ALLOWED, ALLOWED),
    (Action.TEAM_DELETE, TeamOf(HOME, frozenset({ACTORS[MEMBER].id}))): (ALLOWED, ALLOWED, DENIED),
    (Action.TEAM_TIMES_SEE, TeamOf(HOME, frozenset())): (ALLOWED, ALLOWED, DENIED),
    (Action.TEAM_TIMES_SEE, TeamOf(HOME, frozenset(), MINE)): (ALLOWED, ALLOWED, ALLOWED),
    (Action.TEAM_MEMBERS_OVERSEE, TeamOf(HOME, frozenset(), MINE)): (ALLOWED, ALLOWED, DENIED),
    (Action.TEAM_MEMBERS_OVERSEE, TeamOf(HOME, MINE, MINE)): (ALLOWED, ALLOWED, ALLOWED),
    (Action.AUDIT_SEE, Tenant(HOME)): (ALLOWED, ALLOWED, DENIED),
    (Action.DELEGATION_GIVE, leave(MEMBER)): (ALLOWED, ALLOWED, DENIED),
    (Action.DELEGATION_GIVE, leave(ADMINISTRATOR)): (ALLOWED, DENIED, DENIED),
    (Action.DELEGATION_GIVE, leave(OWNER)): (DENIED, DENIED, DENIED),
    (Action.DELEGATION_GIVE, leave(MEMBER, administrators_may=False)): (DENIED, DENIED, DENIED),
    (Action.DELEGATION_GIVE, leave(MEMBER, of=3, administrators_may=False)): (DENIED, DENIED, ALLOWED),
    (Action.RESOURCE_KEEP, Tenant(HOME)): (ALLOWED, ALLOWED, DENIED),
    (Action.TEMPLATES_SEE, Tenant(HOME)): (ALLOWED, ALLOWED, DENIED),
    (Action.TEMPLATES_SEE, TeamOf(HOME, frozenset(), MINE)): (ALLOWED, ALLOWED, DENIED),
    (Action.TEMPLATES_SEE, TeamOf(HOME, MINE, MINE)): (ALLOWED, ALLOWED, ALLOWED),
    (Action.TEMPLATE_KEEP, Tenant(HOME)): (ALLOWED, ALLOWED, DENIED),
    (Action.TEMPLATE_KEEP, TeamOf(HOME, frozenset(), MINE)): (ALLOWED, ALLOWED, DENIED),
    (Action.TEMPLATE_KEEP, TeamOf(HOME, MINE, MINE)): (ALLOWED, ALLOWED, ALLOWED),
    (Action.MEMBER_ATTRIBUTES_SET, Tenant(HOME)): (ALLOWED, ALLOWED, DENIED),
    (Action.KEEP, Own(HOME, frozenset({UserId(UUID(int=9))}))): (HIDDEN, HIDDEN, HIDDEN),
}


@pytest.mark.parametrize(("action", "thing"), TABLE)
def test_each_role_may_what_its_column_says(action: Action, thing: Thing) -> None:
    """R6 and T6 of the security file: an administrator does not rise, nor touch who stands as high."""
    assert tuple(may(ACTORS[role], action, thing) for role in Role) == TABLE[action, thing]


@pytest.mark.parametrize(("action", "thing"), TABLE)
def test_nothing_of_another_organization_is_there(action: Action, thing: Thing) -> None:
    """Cases 17 and 18: whatever somebody is at home, they are nobody elsewhere."""
    elsewhere = replace(thing, organization_id=AWAY)

    assert {may(ACTORS[role], action, elsewhere) for role in Role} == {HIDDEN}


@pytest.mark.parametrize("role", Role)
def test_one_keeps_ones_own_and_leaves_unless_one_is_the_owner(role: Role) -> None:
    actor = ACTORS[role]
    own, place = Own(HOME, frozenset({actor.id})), Seat(HOME, frozenset({role}), actor.id)

    assert may(actor, Action.KEEP, own) is ALLOWED
    assert may(actor, Action.MEMBER_REMOVE, place) is (DENIED if role is OWNER else ALLOWED)
    assert may(actor, Action.OWNERSHIP_TRANSFER, place) is DENIED


def test_every_action_stands_in_the_table() -> None:
    assert {action for action, _ in TABLE} == set(Action)


def test_who_keeps_their_own_time_back_is_not_told_that_of_colleagues() -> None:
    """R081; whoever manages the team is told all the same."""
    silent = replace(ACTORS[MEMBER], shares_availability=False)

    assert may(silent, Action.TEAM_TIMES_SEE, TeamOf(HOME, frozenset(), MINE)) is DENIED
    assert may(silent, Action.TEAM_TIMES_SEE, TeamOf(HOME, MINE, MINE)) is ALLOWED


def test_the_disabled_may_nothing() -> None:
    gone = replace(ACTORS[OWNER], is_disabled=True)

    assert {may(gone, action, thing) for action, thing in TABLE} == {HIDDEN}


def test_a_delegate_takes_no_action_but_to_see_who_is_there() -> None:
    """Case 32: rights over the organization and over others are nobody's to lend."""
    delegated = {action: delegated_by(action) for action in Action if delegated_by(action)}

    assert delegated == {Action.ORGANIZATION_SEE: tuple(DelegationScope)}


def test_keys_only_read_what_a_role_opens() -> None:
    """R23: no key invites, removes, or gives a role."""
    assert {scope_of(action) for action in Action} == {None, Scope.READ}
    assert [action for action in Action if scope_of(action)] == [
        Action.KEEP,
        Action.ORGANIZATION_SEE,
        Action.INVITATIONS_SEE,
        Action.TEAM_TIMES_SEE,
        Action.TEAM_MEMBERS_OVERSEE,
        Action.AUDIT_SEE,
        Action.TEMPLATES_SEE,
    ]
