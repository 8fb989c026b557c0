"""Members of an organization: invited, joined, promoted, removed; each with what it must not do."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from domain.booking_pages import PageHost
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.identity import BadCredentials, FreshSignInNeeded, SignUp, SignUpNeeded
from domain.ids import UserId
from domain.members import AddressUnproved, AlreadyMember, InvitationUnknown
from domain.organizations import Plan, Regions, RegionUnsupported, WrongRegion
from domain.page_hosts import TeamSettings
from domain.page_settings import PageSettings
from domain.paging import Paging
from domain.slots import Assignment
from domain.users import Role, Scope, SignedIn
from services.booking_pages import BookingPages
from services.page_hosts import PageHosts
from tests.identity import ADA, GUEST, Installation, installation

pytestmark = pytest.mark.anyio
GRACE, EVE, LIN = "grace@example.com", "eve@example.com", "lin@example.com"
FIRST = Paging(10, None, is_forward=True)


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


async def names(house: Installation, viewer: SignedIn) -> list[tuple[str, Role]]:
    part = await house.members.listed(viewer, viewer.organization_id, FIRST)
    return [(user.email, user.role) for user in part.items]


async def test_an_invited_newcomer_joins_by_signing_up(house: Installation, ada: SignedIn) -> None:
    grace = await house.joined(ada, GRACE, Role.ADMINISTRATOR)

    assert grace.organization_id == ada.organization_id
    assert await names(house, grace) == [("ada@example.com", Role.OWNER), (GRACE, Role.ADMINISTRATOR)]
    assert await house.rows("SELECT count(*) FROM organizations") == [(1,)]
    assert await house.rows("SELECT count(*) FROM schedules WHERE user_id = :id", id=grace.user_id) == [(1,)]


async def test_an_invitation_opens_nothing_twice_for_nobody_else_and_not_for_ever(
    house: Installation, ada: SignedIn
) -> None:
    """Cases 11, 33 and 34: used, for another address, revoked, sent anew, too old, made up: all alike."""
    await house.joined(ada, "first@example.com")
    used = await house.link_of_any("first@example.com")
    sent = await house.invitations.invite(ada, GRACE, Role.MEMBER, None)
    old = await house.link(GRACE)
    await house.invitations.resend(ada, sent.id)
    again = await house.link(GRACE)
    refused = [("first2@example.com", used), (EVE, again), (GRACE, old), (GRACE, "sgi_made-up"), (GRACE, "")]

    messages = {await refusal(house, email, link) for email, link in refused}
    await house.invitations.revoke(ada, sent.id)
    messages.add(await refusal(house, GRACE, again))
    await house.invitations.invite(ada, GRACE, Role.MEMBER, None)
    late = await house.link(GRACE)
    house.clock.turn(days=7)
    messages.add(await refusal(house, GRACE, late))

    assert len(messages) == 1
    assert await house.rows("SELECT count(*) FROM users") == [(2,)]


async def refusal(house: Installation, email: str, link: str) -> str:
    """Sign up by a link that is to be refused; what is said."""
    with pytest.raises(InvitationUnknown) as refused:
        await house.sign_up(email, SignUp("Somebody", None, "UTC", invitation=link))
    return f"{refused.value.code} {refused.value.message} {refused.value.path}"


async def test_who_has_an_account_joins_with_another_and_keeps_the_first(
    house: Installation, ada: SignedIn
) -> None:
    """Case 11: nothing of the account that was there is changed; each is reached by the proved address."""
    first = await house.sign_up(GRACE, SignUp("Grace", "Hopper's", "America/New_York"))
    grace = await house.viewer(first.token)
    before = await house.rows("SELECT * FROM users WHERE id = :id", id=grace.user_id)
    await house.invitations.invite(ada, GRACE, Role.MEMBER, None)
    link = await house.link(GRACE)
    house.clock.turn(minutes=1)

    joined = await house.viewer((await house.invitations.accept(grace, link)).token)
    after = await house.rows("SELECT * FROM users WHERE id = :id", id=grace.user_id)
    again = await house.viewer(
        (await house.sign_in.finish(GUEST, GRACE, await house.code(GRACE), None)).token
    )
    listed = await house.accounts.listed(again)
    back = await house.viewer((await house.accounts.switch(again, grace.user_id)).token)

    assert after == before
    assert (joined.organization_id, joined.user.name) == (ada.organization_id, "Grace")
    assert again.user_id == joined.user_id  # the account last used
    assert [one.organization_name for one in listed] == [ADA.organization_name, "Hopper's"]
    assert back.user_id == grace.user_id
    with pytest.raises(InvitationUnknown):
        await house.invitations.accept(grace, link)


async def test_only_a_proved_address_accepts_and_goes_over(house: Installation, ada: SignedIn) -> None:
    """Case 34: a session without a proof of the address; the answer is the same for any link."""
    grace = await house.viewer((await house.sign_up(GRACE)).token)
    await house.invitations.invite(ada, GRACE, Role.MEMBER, None)
    link = await house.link(GRACE)

    await house.change("UPDATE sessions SET proof = NULL WHERE user_id = :id", id=grace.user_id)
    for given in (link, "sgi_made-up"):
        with pytest.raises(AddressUnproved):
            await house.invitations.accept(grace, given)
    await house.change("UPDATE sessions SET proof = 'issuer' WHERE user_id = :id", id=grace.user_id)
    joined = await house.invitations.accept(grace, link)

    # The word of an issuer opens no account but the one that is linked there (case 55).
    assert len(await house.accounts.listed(await house.viewer(joined.token))) == 1
    with pytest.raises(AddressUnproved):
        await house.accounts.switch(grace, joined.user.id)


async def test_a_session_that_was_gone_over_to_is_no_fresher(house: Installation, ada: SignedIn) -> None:
    """Case 5: a stolen session of a month makes no fresh one elsewhere."""
    grace = await house.viewer((await house.sign_up(GRACE)).token)
    await house.invitations.invite(ada, GRACE, Role.MEMBER, None)
    link = await house.link(GRACE)
    house.clock.turn(minutes=11)

    joined = await house.viewer((await house.invitations.accept(grace, link)).token)

    with pytest.raises(FreshSignInNeeded):
        await house.users.create_api_key(joined, "Key", frozenset({Scope.READ}), None)


async def test_nobody_goes_over_to_an_account_of_another_address(house: Installation, ada: SignedIn) -> None:
    """Case 17."""
    eve = await house.viewer((await house.sign_up(EVE)).token)

    with pytest.raises(NotFound):
        await house.accounts.switch(eve, ada.user_id)


async def test_inviting_says_nothing_of_accounts_elsewhere(house: Installation, ada: SignedIn) -> None:
    """Case 169: known or not, the same comes of it; who is a colleague already is no secret."""
    await house.sign_up(EVE)

    known = await house.invitations.invite(ada, EVE, Role.MEMBER, None)
    unknown = await house.invitations.invite(ada, "nobody@example.com", Role.MEMBER, None)

    assert (known.role, known.version) == (unknown.role, unknown.version)
    with pytest.raises(AlreadyMember):
        await house.invitations.invite(ada, "Ada@Example.com", Role.MEMBER, None)


async def test_nobody_invites_or_promotes_to_what_is_not_below_them(
    house: Installation, ada: SignedIn
) -> None:
    """T6 of the security file: an administrator does not rise, and makes no other one."""
    admin = await house.joined(ada, GRACE, Role.ADMINISTRATOR)
    member = await house.joined(admin, EVE)

    with pytest.raises(NotAllowed):
        await house.invitations.invite(admin, "x@example.com", Role.ADMINISTRATOR, None)
    with pytest.raises(NotAllowed):
        await house.invitations.invite(member, "x@example.com", Role.MEMBER, None)
    with pytest.raises(InvalidInput):
        await house.members.change_role(ada, member.user_id, Role.OWNER)
    for user_id in (admin.user_id, member.user_id, ada.user_id):
        with pytest.raises(NotAllowed):
            await house.members.change_role(admin, user_id, Role.ADMINISTRATOR)
    promoted = await house.members.change_role(ada, member.user_id, Role.ADMINISTRATOR)

    assert promoted.role is Role.ADMINISTRATOR
    assert await house.rows("SELECT count(*) FROM invitations WHERE email = 'x@example.com'") == [(0,)]


async def test_rights_are_those_of_now_not_of_when_one_came(house: Installation, ada: SignedIn) -> None:
    """R8 of the security file: somebody was an administrator when this request began."""
    admin = await house.joined(ada, GRACE, Role.ADMINISTRATOR)
    await house.members.change_role(ada, admin.user_id, Role.MEMBER)

    with pytest.raises(NotAllowed):
        await house.invitations.invite(admin, EVE, Role.MEMBER, None)

    assert await house.rows("SELECT count(*) FROM invitations WHERE email = :email", email=EVE) == [(0,)]


async def test_who_is_removed_is_out_at_once_and_may_come_again_as_somebody_new(
    house: Installation, ada: SignedIn
) -> None:
    """R8 of the security file: sessions, keys, invitations and teams; the old account never comes back."""
    grace = await house.joined(ada, GRACE, Role.ADMINISTRATOR)
    key = await house.users.create_api_key(grace, "Key", frozenset({Scope.READ}), None)
    session = (await house.sign_in.finish(GUEST, GRACE, await house.code(GRACE), None)).token
    await house.invitations.invite(grace, EVE, Role.MEMBER, None)

    await house.members.remove(ada, grace.user_id)

    for token in (session, key.secret):
        with pytest.raises(BadCredentials):
            await house.viewer(token)
    assert await names(house, ada) == [("ada@example.com", Role.OWNER)]
    assert await house.rows(
        "SELECT count(*) FROM invitations WHERE revoked_at IS NULL AND email = :e", e=EVE
    ) == [(0,)]
    assert await house.rows("SELECT kind FROM effects WHERE subject_id = :id", id=grace.user_id) == [
        ("end_connections",)
    ]
    with pytest.raises(SignUpNeeded):
        await house.sign_in.finish(GUEST, GRACE, await house.code(GRACE), None)
    assert (await house.joined(ada, GRACE)).user_id != grace.user_id


async def test_pages_go_on_without_who_is_removed_unless_nobody_is_left_to_take_turns(
    house: Installation, ada: SignedIn
) -> None:
    grace = await house.joined(ada, GRACE)
    settings = TeamSettings(Assignment.ANY, [PageHost(ada.user_id, None), PageHost(grace.user_id, None)])
    fixed = replace(settings, hosts=[PageHost(ada.user_id, None, is_fixed=True), settings.hosts[1]])
    leaves = replace(settings, hosts=[settings.hosts[0], PageHost(grace.user_id, None, is_fixed=True)])
    pages = BookingPages(house.units)
    hosts = PageHosts(house.units)
    slugs = ("turns", "fixed", "leaves")
    ids = [(await pages.create(ada, PageSettings(slug, "Intro", 30))).id for slug in slugs]
    for page_id, wanted in zip(ids, (settings, fixed, leaves), strict=True):
        await hosts.set_hosts(ada, page_id, wanted, None)

    house.clock.turn(minutes=1)
    await house.members.remove(ada, grace.user_id)

    async with house.units.read() as unit:
        left = await unit.pages.by_ids(ada.organization_id, ids)
    assert [[host.user_id for host in left[page_id].hosts] for page_id in ids] == [[ada.user_id]] * 3
    assert [left[page_id].is_active for page_id in ids] == [True, False, True]
    # Bookings count from when those who take turns last changed: not where somebody goes who was fixed.
    now = house.clock.now
    assert [left[page_id].sharing.counted_from for page_id in ids] == [now, now, None]


async def test_page_whose_hosts_have_all_left_is_changed_but_not_published_before_it_has_some(
    house: Installation, ada: SignedIn
) -> None:
    grace = await house.joined(ada, GRACE)
    pages, hosts = BookingPages(house.units), PageHosts(house.units)
    page = await pages.create(ada, PageSettings("alone", "Intro", 30))
    await hosts.set_hosts(ada, page.id, TeamSettings(Assignment.ONE, [PageHost(grace.user_id, None)]), None)
    await house.members.remove(ada, grace.user_id)

    renamed = await pages.update(ada, page.id, lambda settings: replace(settings, name="Later"))
    with pytest.raises(InvalidInput) as refused:
        await pages.update(ada, page.id, lambda settings: replace(settings, is_active=True))
    again = TeamSettings(Assignment.ONE, [PageHost(ada.user_id, None)])
    await hosts.set_hosts(ada, page.id, again, renamed.revision)
    published = await pages.update(ada, page.id, lambda settings: replace(settings, is_active=True))

    assert (renamed.hosts, renamed.is_active, refused.value.path) == ((), False, ("isActive",))
    assert published.is_active


async def test_page_is_saved_while_its_hosts_leave_one_by_one(house: Installation, ada: SignedIn) -> None:
    """Whoever comes second waits for the first: neither meets a deadlock, and nobody who left stays."""
    leaving = [await house.joined(ada, email) for email in (GRACE, EVE, "lin@example.com")]
    pages = BookingPages(house.units)
    page = await pages.create(ada, PageSettings("together", "Intro", 30))
    people = [PageHost(user.user_id, None) for user in (ada, *leaving)]
    await PageHosts(house.units).set_hosts(ada, page.id, TeamSettings(Assignment.ANY, people), None)

    async def save(number: int) -> None:
        await pages.update(ada, page.id, lambda settings: replace(settings, name=f"Intro {number}"))

    for user in leaving:
        await asyncio.gather(*map(save, range(4)), house.members.remove(ada, user.user_id))

    left = await pages.by_id(ada, page.id)
    assert [host.user_id for host in left.hosts] == [ada.user_id]
    assert left.revision == 2 + 3 * 5


async def test_an_organization_always_has_its_owner(house: Installation, ada: SignedIn) -> None:
    """An owner is not removed and does not leave; the ownership is handed over, by a fresh sign-in."""
    grace = await house.joined(ada, GRACE, Role.ADMINISTRATOR)
    for asker in (ada, grace):
        with pytest.raises(NotAllowed):
            await house.members.remove(asker, ada.user_id)
    with pytest.raises(NotAllowed):
        await house.members.transfer_ownership(ada, ada.user_id)
    with pytest.raises(NotFound):
        await house.members.transfer_ownership(ada, UserId(ada.organization_id))
    house.clock.turn(minutes=11)
    with pytest.raises(FreshSignInNeeded):
        await house.members.transfer_ownership(ada, grace.user_id)
    fresh = await house.viewer(
        (await house.sign_in.finish(GUEST, ada.user.email, await house.code(ada.user.email), None)).token
    )

    owner = await house.members.transfer_ownership(fresh, grace.user_id)
    await house.members.remove(await house.viewer_again(grace), ada.user_id)

    assert owner.role is Role.OWNER
    assert await names(house, grace) == [(GRACE, Role.OWNER)]


async def test_an_organization_of_another_region_is_named_its_endpoint_and_nothing_else(
    database_url: str, redis_url: str
) -> None:
    """D18: at signing in, and of a session that was opened before the organization moved."""
    regions = Regions(frozenset({"eu"}), {"us": "https://us.example.com"})
    async with installation(database_url, redis_url, regions=regions) as house:
        token = (await house.sign_up()).token
        await house.change("UPDATE organizations SET region = 'us'")

        with pytest.raises(WrongRegion) as asked:
            await house.viewer(token)
        with pytest.raises(WrongRegion) as signed_in:
            await house.sign_up()

        assert {asked.value.endpoint, signed_in.value.endpoint} == {"https://us.example.com"}
        assert "Analytical" not in asked.value.message
        await house.change("UPDATE organizations SET region = 'asia'")
        with pytest.raises(WrongRegion) as unknown:
            await house.viewer(token)
        assert unknown.value.endpoint is None


async def test_who_wants_a_region_that_is_not_served_is_told_whom_to_ask_and_nothing_is_made(
    database_url: str, redis_url: str
) -> None:
    """R139: no half-made account; the same code signs up for a region that is served."""
    regions = Regions(frozenset({"eu", "uk"}), {"us": "https://us.example.com"}, "ask@example.com")
    async with installation(database_url, redis_url, regions=regions) as house:
        wanted = SignUp("Lin", "Looms", "Asia/Tokyo", region="us")
        code = await house.code(LIN)
        with pytest.raises(RegionUnsupported) as known:
            await house.sign_in.finish(GUEST, LIN, code, wanted)
        with pytest.raises(RegionUnsupported) as unknown:
            await house.sign_in.finish(GUEST, LIN, code, replace(wanted, region="mars"))
        made = await house.rows(
            "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM organizations)"
            " + (SELECT count(*) FROM sessions) + (SELECT count(*) FROM audit_log)"
        )

        usual = await house.sign_in.finish(GUEST, LIN, code, replace(wanted, region="uk"))

        assert (known.value.contact, known.value.endpoint) == ("ask@example.com", "https://us.example.com")
        assert (unknown.value.contact, unknown.value.endpoint) == ("ask@example.com", None)
        assert known.value.path == ("signUp", "homeRegion")
        assert "mars" not in unknown.value.message
        assert made == [(0,)]
        assert usual.user.email == LIN
        assert await house.rows("SELECT region FROM organizations") == [("uk",)]


async def test_who_is_invited_into_another_region_does_not_join_here(
    database_url: str, redis_url: str
) -> None:
    """D18, R139."""
    regions = Regions(frozenset({"eu"}), {"us": "https://us.example.com"})
    async with installation(database_url, redis_url, regions=regions) as house:
        ada = await house.viewer((await house.sign_up()).token)
        await house.invitations.invite(ada, GRACE, Role.MEMBER, None)
        await house.change("UPDATE organizations SET region = 'us'")
        invited = SignUp("Grace", None, "America/New_York", invitation=await house.link(GRACE))

        with pytest.raises(WrongRegion):
            await house.sign_up(GRACE, invited)

        assert await house.rows("SELECT count(*) FROM users") == [(1,)]
        assert await house.rows("SELECT accepted_at FROM invitations") == [(None,)]


async def test_new_organizations_have_the_plan_that_is_set(database_url: str, redis_url: str) -> None:
    """R019, D19."""
    async with installation(database_url, redis_url, plan=Plan.BASIC) as house:
        ada = await house.viewer((await house.sign_up()).token)

        account = await house.users.account(ada)

        assert account is not None
        assert (account.organization.plan, account.organization.is_entitled) == (Plan.BASIC, False)
