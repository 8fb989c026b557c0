"""Delegation: offered, accepted, changed and ended; each with what it must not do."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.delegation import AlreadyAccepted, AlreadyDelegate, Delegation, DelegationTerms, NotDelegated
from domain.errors import InvalidInput, NotAllowed, NotFound, RuleBroken, TooMany
from domain.identity import FreshSignInNeeded, SignUp
from domain.ids import DelegationId
from domain.members import AddressUnproved
from domain.organizations import NotEntitled
from domain.page_settings import PageSettings
from domain.paging import Paging
from domain.places import Place, PlaceKind
from domain.users import DelegationScope, Guest, Role, Scope, SignedIn, SignInNeeded
from services.booking_pages import BookingPages
from services.delegation import INVITES_PER_USER, InviteDelegate, Side
from storage.base import new_id
from tests.identity import IP, Installation, installation

pytestmark = pytest.mark.anyio
GRACE, LIN, EVE = "grace@example.com", "lin@example.com", "eve@example.com"
FIRST = Paging(50, None, is_forward=True)
PAGES = DelegationTerms(frozenset({DelegationScope.PAGES}))
ALL = DelegationTerms(frozenset(DelegationScope), None, is_copied=True)
INTRO = PageSettings("intro", "Intro", 30, Place(PlaceKind.LINK, "https://meet.example.com/a"))


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation without users."""
    async with installation(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
async def ada(house: Installation) -> SignedIn:
    """Let Ada found an organization."""
    return await house.viewer((await house.sign_up()).token)


@pytest.fixture
async def grace(house: Installation, ada: SignedIn) -> SignedIn:
    """Let Grace join Ada's organization."""
    return await house.joined(ada, GRACE)


async def given(
    house: Installation, principal: SignedIn, delegate: SignedIn, terms: DelegationTerms = ALL
) -> Delegation:
    """Let somebody act for somebody."""
    offered = await house.delegation.invite(principal, InviteDelegate(terms, member_id=delegate.user_id))
    return await house.delegation.accept(delegate, offered.id)


async def listed(house: Installation, viewer: SignedIn, side: Side) -> list[Delegation]:
    return list((await house.delegation.listed(viewer, side, FIRST)).items)


async def refusal(step: Any) -> type[RuleBroken] | None:
    """Say how a step is refused."""
    try:
        await step
    except RuleBroken as broken:
        return type(broken)
    return None


async def test_what_is_given_is_seen_by_both_sides_until_one_of_them_ends_it(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    """R075: written, read back, and ended at once by the principal and by the delegate; by nobody else."""
    lin = await house.joined(ada, LIN)
    ends = house.clock.now + timedelta(days=9)
    wanted = InviteDelegate(replace(ALL, ends_at=ends), email="GRACE@example.com")

    offered = await house.delegation.invite(ada, wanted)
    before = await refusal(house.delegation.act_for(grace, ada.user_id))
    accepted = await house.delegation.accept(grace, offered.id)
    seen = [await listed(house, viewer, side) for viewer in (ada, grace, lin) for side in Side]
    acting = await house.delegation.act_for(grace, ada.user_id)
    others = [
        await refusal(house.delegation.end(lin, offered.id)),
        await refusal(house.delegation.by_id(lin, offered.id)),
    ]
    await house.delegation.end(grace, offered.id)
    after = await refusal(house.delegation.act_for(grace, ada.user_id))
    again = await given(house, ada, grace)
    await house.delegation.end(ada, again.id)

    assert (before, after, others) == (NotDelegated, NotDelegated, [NotFound, NotFound])
    assert seen == [[accepted], [], [], [accepted], [], []]
    assert (accepted.address, accepted.terms, accepted.delegate_id) == (GRACE, wanted.terms, grace.user_id)
    assert (acting.user, acting.actor.id, acting.session_id) == (ada.user, grace.user_id, None)
    assert await refusal(house.delegation.act_for(grace, ada.user_id)) is NotDelegated
    assert [await listed(house, viewer, side) for viewer in (ada, grace) for side in Side] == [[]] * 4
    assert await house.rows("SELECT count(*) FROM delegations WHERE ended_at IS NOT NULL") == [(2,)]


async def test_only_whose_address_it_went_to_and_is_proved_accepts_it_and_once(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    """Cases 33 and 34: another mailbox, another organization, no proof, twice, too late, unknown."""
    lin = await house.joined(ada, LIN)
    eve = await house.viewer((await house.sign_up(EVE, SignUp("Eve", "Eve's", "UTC"))).token)
    offered = await house.delegation.invite(ada, InviteDelegate(PAGES, email=GRACE))
    accept, id_ = house.delegation.accept, offered.id

    strangers = [await refusal(accept(viewer, id_)) for viewer in (lin, eve, ada)]
    unknown = await refusal(accept(grace, DelegationId(new_id())))
    await house.change("UPDATE sessions SET proof = NULL WHERE id = :id", id=grace.session_id)
    unproved = [await refusal(accept(grace, id_)), await refusal(accept(grace, DelegationId(new_id())))]
    nothing = await house.rows("SELECT count(*) FROM delegations WHERE accepted_at IS NOT NULL")
    await house.change("UPDATE sessions SET proof = 'issuer' WHERE id = :id", id=grace.session_id)
    await accept(grace, id_)
    twice = [await refusal(accept(grace, id_)), await refusal(house.delegation.decline(grace, id_))]
    late = await house.delegation.invite(ada, InviteDelegate(PAGES, email=LIN))
    house.clock.turn(days=14)
    lin = await house.viewer((await house.sign_in.finish(Guest(IP), LIN, await house.code(LIN), None)).token)

    assert strangers == [NotFound, NotFound, NotFound]
    assert (unknown, unproved, nothing) == (NotFound, [AddressUnproved, AddressUnproved], [(0,)])
    assert twice == [AlreadyAccepted, AlreadyAccepted]
    assert await refusal(accept(lin, late.id)) is NotFound


async def test_a_delegate_acts_in_person_only_and_neither_onwards_nor_for_others(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    """Case 33: no key acts, no guest, nobody who acts already; and a delegate is nobody else's delegate."""
    lin = await house.joined(ada, LIN)
    await given(house, ada, grace)
    await given(house, grace, lin)
    made = await house.users.create_api_key(grace, "Program", frozenset(Scope), None)
    key = await house.viewer(made.secret)
    acting = await house.delegation.act_for(lin, grace.user_id)
    act_for = house.delegation.act_for

    assert await refusal(act_for(key, ada.user_id)) is NotDelegated
    assert await refusal(act_for(acting, ada.user_id)) is NotDelegated
    assert await refusal(act_for(lin, ada.user_id)) is NotDelegated
    assert await refusal(act_for(ada, grace.user_id)) is NotDelegated
    assert await refusal(act_for(ada, ada.user_id)) is NotDelegated
    assert await refusal(act_for(Guest(IP), ada.user_id)) is SignInNeeded
    onwards = InviteDelegate(PAGES, email=EVE)
    assert await refusal(house.delegation.invite(acting, onwards)) is NotAllowed
    assert await refusal(house.delegation.listed(acting, Side.GIVEN, FIRST)) is NotAllowed
    assert await refusal(house.users.create_ticket(acting)) is NotAllowed
    assert await house.rows("SELECT count(*) FROM delegations") == [(2,)]


async def test_it_ends_with_its_date_and_with_either_of_the_two(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    """Case 16: disabled and removed, on both sides; who is removed leaves no offer behind either."""
    lin, kim = await house.joined(ada, LIN), await house.joined(ada, "kim@example.com")
    await given(house, ada, grace, replace(ALL, ends_at=house.clock.now + timedelta(hours=1)))
    await given(house, lin, kim)
    await given(house, grace, lin)
    await house.delegation.invite(grace, InviteDelegate(PAGES, member_id=kim.user_id))
    act_for = house.delegation.act_for

    house.clock.turn(minutes=59)
    until_then = await act_for(grace, ada.user_id)
    house.clock.turn(minutes=1)
    from_then = await refusal(act_for(grace, ada.user_id))
    acting = await act_for(kim, lin.user_id)
    await _set_disabled(house, lin, is_disabled=True)
    of_disabled = await refusal(act_for(kim, lin.user_id))
    await _set_disabled(house, lin, is_disabled=False)
    await _set_disabled(house, kim, is_disabled=True)
    by_disabled = await refusal(house.delegation.renew(acting))
    await _set_disabled(house, kim, is_disabled=False)
    stood = await house.delegation.renew(acting)
    await house.members.remove(ada, kim.user_id)
    await house.members.remove(ada, lin.user_id)

    used = await house.rows("SELECT used_at FROM delegations WHERE delegate_id = :id", id=grace.user_id)
    assert used == [(house.clock.now - timedelta(minutes=1),)]  # R23
    assert (until_then.user_id, from_then, stood) == (ada.user_id, NotDelegated, acting)
    assert (of_disabled, by_disabled) == (NotDelegated, SignInNeeded)
    assert await refusal(act_for(kim, lin.user_id)) is NotDelegated
    left = await house.rows("SELECT ends_at IS NOT NULL FROM delegations WHERE ended_at IS NULL")
    assert left == [(True,)]  # of Ada's, which has ended by its date


async def _set_disabled(house: Installation, user: SignedIn, *, is_disabled: bool) -> None:
    await house.change(
        "UPDATE users SET is_disabled = :is_disabled WHERE id = :id", id=user.user_id, is_disabled=is_disabled
    )


async def test_what_is_taken_from_a_delegate_is_taken_from_what_they_have_begun(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    """Case 31: a viewer made before goes on with more scopes, and not with fewer; nor does their write."""
    pages = BookingPages(house.units)
    delegation = await given(house, ada, grace)
    acting = await house.delegation.act_for(grace, ada.user_id)
    update = house.delegation.update

    page = await pages.create(acting, INTRO)
    await update(ada, delegation.id, lambda terms: replace(terms, scopes=PAGES.scopes, is_copied=False))
    narrowed = await house.delegation.act_for(grace, ada.user_id)
    fewer = await refusal(house.delegation.renew(acting))
    under_way = await refusal(pages.create(acting, replace(INTRO, slug="under-way")))
    await update(ada, delegation.id, lambda terms: replace(terms, scopes=ALL.scopes))
    more = await house.delegation.renew(narrowed)
    as_delegate = await refusal(update(grace, delegation.id, lambda terms: terms))
    await house.delegation.end(ada, delegation.id)
    late = [
        await refusal(pages.create(narrowed, replace(INTRO, slug="late"))),
        await refusal(pages.update(narrowed, page.id, lambda settings: replace(settings, name="Late"))),
        await refusal(pages.delete(narrowed, page.id)),
    ]

    assert isinstance(more, SignedIn)
    assert (fewer, under_way) == (NotDelegated, NotAllowed)
    assert (more.user_id, as_delegate) == (ada.user_id, NotAllowed)
    assert late == [NotAllowed] * 3
    assert await house.rows("SELECT name, deleted_at FROM booking_pages") == [("Intro", None)]
    acts = await house.rows("SELECT act, actor_id, principal_id FROM audit_log ORDER BY number DESC LIMIT 4")
    assert acts == [
        ("delegation_ended", ada.user_id, ada.user_id),
        ("delegation_updated", ada.user_id, ada.user_id),
        ("delegation_updated", ada.user_id, ada.user_id),
        ("page_created", grace.user_id, ada.user_id),
    ]


async def test_a_delegation_does_not_end_before_what_is_done_by_it(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    """Case 31: who is first is whole; a change that the end has overtaken is not stored."""
    delegation = await given(house, ada, grace)
    organization_id, id_ = delegation.organization_id, delegation.id

    async with house.units.begin() as unit:
        kept = await unit.delegations.keep(organization_id, id_, PAGES.scopes)
        ending = asyncio.create_task(house.delegation.end(ada, id_))
        await _is_waited_for(house)
        still = await unit.delegations.keep(organization_id, id_, PAGES.scopes)
    await ending
    async with house.units.begin() as unit:
        after = await unit.delegations.keep(organization_id, id_, PAGES.scopes)

    assert (kept, still, after) == (True, True, False)


async def _is_waited_for(house: Installation) -> None:
    async with asyncio.timeout(10):
        while await house.rows("SELECT 1 FROM pg_locks WHERE NOT granted") == []:  # noqa: ASYNC110 -- the database tells nobody of this
            await asyncio.sleep(0)


async def test_administrators_give_leave_for_members_only_where_they_may_and_never_to_themselves(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    """R6: off unless the owner turns it on; not for who stands as high; the principal is told."""
    admin = await house.joined(ada, "ann@example.com", Role.ADMINISTRATOR)
    lin = await house.joined(ada, LIN)
    invite = house.delegation.invite

    def for_(principal: SignedIn, delegate: SignedIn) -> InviteDelegate:
        return InviteDelegate(PAGES, member_id=delegate.user_id, principal_id=principal.user_id)

    off = [await refusal(invite(viewer, for_(grace, lin))) for viewer in (ada, admin, lin)]
    denied = await refusal(house.organizations.update(admin, None, administrators_may_delegate=True))
    await house.organizations.update(ada, None, administrators_may_delegate=True)
    on = [
        await refusal(invite(admin, for_(ada, lin))),
        await refusal(invite(admin, for_(grace, admin))),
        await refusal(invite(admin, replace(for_(grace, admin), member_id=None, email="ann@example.com"))),
        await refusal(invite(lin, for_(grace, lin))),
    ]
    offered = await invite(admin, for_(grace, lin))

    assert (off, denied, on) == ([NotAllowed] * 3, NotAllowed, [NotAllowed] * 4)
    assert (offered.principal_id, offered.given_by) == (grace.user_id, admin.user_id)
    told = await house.rows("SELECT kind, recipient_id FROM effects WHERE subject_id = :id", id=offered.id)
    assert sorted(told) == [("invite_delegate", offered.id), ("tell_delegated", grace.user_id)]
    assert await listed(house, grace, Side.GIVEN) == [offered]
    last = await house.rows("SELECT actor_id, principal_id FROM audit_log ORDER BY number DESC LIMIT 1")
    assert last == [(admin.user_id, grace.user_id)]


async def test_an_invitation_is_refused_for_what_is_wrong_with_it(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    """Cases 153 and 169: fresh, entitled, within budgets; an address of nobody is answered like any other."""
    eve = await house.viewer((await house.sign_up(EVE, SignUp("Eve", "Eve's", "UTC"))).token)
    invite = house.delegation.invite
    stranger = await invite(ada, InviteDelegate(PAGES, email="nobody@example.com"))
    await given(house, ada, grace)

    came = [
        await refusal(invite(ada, wanted))
        for wanted in (
            InviteDelegate(PAGES),
            InviteDelegate(PAGES, member_id=grace.user_id, email=GRACE),
            InviteDelegate(PAGES, member_id=ada.user_id),
            InviteDelegate(PAGES, member_id=eve.user_id),
            InviteDelegate(PAGES, member_id=grace.user_id, principal_id=eve.user_id),
            InviteDelegate(PAGES, email="no address"),
            InviteDelegate(PAGES, email=GRACE),
            InviteDelegate(DelegationTerms(frozenset()), email=LIN),
        )
    ]
    again = await invite(ada, InviteDelegate(ALL, email="nobody@example.com"))
    await house.change("UPDATE organizations SET plan = 'basic'")
    unentitled = await refusal(invite(ada, InviteDelegate(PAGES, email=LIN)))
    house.clock.turn(minutes=11)
    stale = await refusal(invite(ada, InviteDelegate(PAGES, email=LIN)))

    assert came == [InvalidInput] * 3 + [NotFound] * 2 + [InvalidInput, AlreadyDelegate, InvalidInput]
    assert (unentitled, stale) == (NotEntitled, FreshSignInNeeded)
    assert [one.id for one in await listed(house, ada, Side.GIVEN) if one.delegate_id is None] == [again.id]
    assert stranger.id != again.id
    used = 10  # what names nobody, or no address, costs nothing
    wanted = [
        InviteDelegate(PAGES, email=f"a{number}@example.com") for number in range(INVITES_PER_USER.size)
    ]
    assert [await refusal(invite(ada, one)) for one in wanted].count(TooMany) == used


async def test_what_has_ended_is_forgotten_after_a_month(
    house: Installation, ada: SignedIn, grace: SignedIn
) -> None:
    await house.delegation.end(ada, (await given(house, ada, grace)).id)
    await given(house, ada, grace, replace(PAGES, ends_at=house.clock.now + timedelta(days=1)))
    await house.delegation.invite(ada, InviteDelegate(PAGES, email=LIN))
    lasting = await given(house, grace, ada)

    counts: list[int] = []
    for days in (29, 1, 1, 13):
        house.clock.turn(days=days)
        await house.users.forget_ended()
        [(count,)] = await house.rows("SELECT count(*) FROM delegations")
        counts.append(count)

    assert counts == [4, 3, 2, 1]
    assert await house.rows("SELECT id FROM delegations") == [(lasting.id,)]
