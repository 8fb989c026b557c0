"""Pages and schedules in PostgreSQL: parts of lists, hosts in one statement, documents and their versions."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.availability import Hours, Schedule
from domain.booking_pages import BookingPage, CalendarPolicy, Conditions, PageHost, Place, PlaceKind
from domain.ids import OrganizationId, PageId, ScheduleId, TemplateId, UserId
from domain.page_settings import PageSettings, new_page
from domain.page_templates import Afterwards, PageField, PageTemplate, TemplateSettings
from domain.paging import Paging
from domain.paging import Place as Cursor
from domain.slots import (
    Assignment,
    Caps,
    DateRange,
    GridOrigin,
    RollingBusinessDays,
    RollingDays,
    Rules,
    Unlimited,
)
from domain.statuses import StatusRule
from domain.users import Role, SignedIn
from storage.base import new_id
from storage.page_documents import UnknownVersion, rules_document, rules_of
from tests.identity import Installation, installation
from tests.statements import listen

pytestmark = pytest.mark.anyio


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
    """Sign Ada up."""
    return await house.viewer((await house.sign_up()).token)


async def colleague(house: Installation, ada: SignedIn, number: int) -> UserId:
    """Put one more user with a default schedule into Ada's organization."""
    user = replace(
        ada.user,
        id=UserId(new_id()),
        email=f"{number}@example.com",
        handle=f"colleague-{number}",
        role=Role.MEMBER,
    )
    schedule = Schedule(
        ScheduleId(new_id()), user.id, f"Hours {number}", is_default=True, hours=Hours("UTC", ()), revision=1
    )
    async with house.units.begin() as unit:
        await unit.users.add(user)
        await unit.schedules.add(ada.organization_id, schedule)
    return user.id


async def page(house: Installation, ada: SignedIn, slug: str, *more: UserId) -> BookingPage:
    """Store a page of Ada's with more hosts than her."""
    made = new_page(
        PageId(new_id()), ada.organization_id, ada.user_id, PageSettings(slug, "Intro", 30), house.clock.now
    )
    made = replace(made, hosts=(*(PageHost(host, None) for host in more), *made.hosts))
    async with house.units.begin() as unit:
        await unit.pages.add(made)
    return made


async def test_hosts_have_their_schedules_by_one_statement(house: Installation, ada: SignedIn) -> None:
    others = [await colleague(house, ada, number) for number in range(3)]
    named = Schedule(
        ScheduleId(new_id()), others[0], "Named", is_default=False, hours=Hours("UTC", ()), revision=1
    )
    async with house.units.begin() as unit:
        await unit.schedules.add(ada.organization_id, named)
    wanted = [(others[0], named.id), (others[1], None), (others[2], named.id), (ada.user_id, None)]

    sent = await listen(house.engine)
    async with house.units.read() as unit:
        found = await unit.schedules.for_hosts(ada.organization_id, wanted)

    assert len(sent.statements) == 1
    assert {host: of_host.schedule.name for host, of_host in found.items()} == {
        others[0]: "Named",
        others[1]: "Hours 1",
        ada.user_id: "Working hours",
    }


async def test_schedules_of_another_organization_are_not_found(house: Installation, ada: SignedIn) -> None:
    elsewhere = OrganizationId(UUID(int=7))

    async with house.units.read() as unit:
        (own,) = await unit.schedules.of_user(ada.organization_id, ada.user_id)
        assert await unit.schedules.for_hosts(elsewhere, [(ada.user_id, own.id)]) == {}
        assert await unit.schedules.defaults_of(elsewhere, [ada.user_id]) == {}
        assert await unit.schedules.by_ids(elsewhere, [own.id]) == {}
        assert await unit.schedules.for_hosts(ada.organization_id, []) == {}
        assert await unit.schedules.defaults_of(ada.organization_id, [ada.user_id]) == {ada.user_id: own}


async def test_pages_come_with_their_hosts_in_order_by_one_statement(
    house: Installation, ada: SignedIn
) -> None:
    others = [await colleague(house, ada, number) for number in range(2)]
    made = [
        await page(house, ada, "one", others[1], others[0]),
        await page(house, ada, "two", others[0], others[1]),
    ]

    sent = await listen(house.engine)
    async with house.units.read() as unit:
        found = await unit.pages.by_ids(ada.organization_id, [item.id for item in made])
        asked = len(sent.statements)
        offering = await unit.pages.pages_of_hosts(ada.organization_id, [others[0]])
        elsewhere = await unit.pages.by_ids(OrganizationId(UUID(int=7)), [made[0].id])

    assert asked == 1
    assert found == {item.id: item for item in made}
    assert offering == {item.id for item in made}
    assert elsewhere == {}


async def test_list_is_the_same_forwards_and_backwards(house: Installation, ada: SignedIn) -> None:
    made = [await page(house, ada, "a")]
    house.clock.turn(minutes=1)
    made += [await page(house, ada, "b"), await page(house, ada, "c")]
    made.sort(key=lambda item: (item.created_at, item.id))
    middle = Cursor(made[1].created_at, made[1].id)

    async with house.units.read() as unit:
        parts = [
            await unit.pages.of_owner(ada.organization_id, ada.user_id, paging)
            for paging in (
                Paging(2, None, is_forward=True),
                Paging(2, middle, is_forward=True),
                Paging(2, None, is_forward=False),
                Paging(2, middle, is_forward=False),
                Paging(3, None, is_forward=True),
                Paging(0, None, is_forward=True),
            )
        ]

    assert [(list(part.items), part.has_previous, part.has_next) for part in parts] == [
        (made[:2], False, True),
        (made[2:], True, False),
        (made[1:], True, False),
        (made[:1], False, True),
        (made, False, False),
        ([], False, True),
    ]
    assert parts[0].places[1] == middle


@pytest.mark.parametrize(
    "window",
    [Unlimited(), RollingDays(30), RollingBusinessDays(10), DateRange(date(2026, 4, 1), date(2026, 4, 30))],
)
async def test_rules_are_read_as_they_were_written(
    window: Unlimited | RollingDays | RollingBusinessDays | DateRange,
) -> None:
    rules = Rules(
        duration_minutes=50,
        interval_minutes=15,
        grid_origin=GridOrigin.HOUR,
        buffer_before_minutes=5,
        buffer_after_minutes=10,
        notice_minutes=60,
        window=window,
        caps=Caps(1, 2, 3, 4, 5, 6, 6),
        zone="Asia/Tokyo",
        assignment=Assignment.ANY,
    )

    assert rules_of(rules_document(rules)) == rules


async def test_rule_of_statuses_is_stored_and_the_usual_one_can_be_read_by_older_versions() -> None:
    """X07: an older process refuses what it does not know, instead of offering what counts here."""
    usual, other = Rules(30), Rules(30, status_rule=StatusRule(tentative=False, all_day=False))

    assert [rules_document(rules)["version"] for rules in (usual, other)] == [1, 2]
    assert rules_of(rules_document(usual)) == usual
    assert rules_of(rules_document(other)) == other


@pytest.mark.parametrize("change", [{"version": 3}, {"version": None}, {"window": {"kind": "moon_phase"}}])
async def test_rules_of_a_newer_version_are_not_guessed(change: dict[str, object]) -> None:
    document = rules_document(Rules(duration_minutes=30)) | change

    with pytest.raises(UnknownVersion):
        rules_of(document)


async def test_a_template_keeps_every_setting_of_a_page(house: Installation, ada: SignedIn) -> None:
    settings = PageSettings(
        "intro",
        "Intro",
        45,
        Place(PlaceKind.LINK, "https://meet.example.com/ada"),
        window=DateRange(date(2026, 3, 1), date(2026, 4, 1)),
        caps=Caps(per_day=3, per_year_minutes=900),
        zone="Asia/Tokyo",
        reminders=(timedelta(hours=2),),
        cancel_until=timedelta(hours=1),
        calendar_policy=CalendarPolicy.IGNORE_UNCONNECTED,
        status_rule=StatusRule(free=True),
        is_secret=True,
        other_lengths=(60,),
        conditions=Conditions(2, 3, None, timedelta(hours=1)),
    )
    said = TemplateSettings(
        settings, frozenset({PageField.NAME, PageField.CAPS}), on_leaving=Afterwards.DEACTIVATED
    )
    made = PageTemplate(TemplateId(new_id()), ada.organization_id, None, said, 1, house.clock.now)

    async with house.units.begin() as unit:
        await unit.page_templates.add(made)
        found = await unit.page_templates.by_id(ada.organization_id, made.id, locks=True)
        elsewhere = await unit.page_templates.by_id(OrganizationId(UUID(int=7)), made.id)

    assert found == made
    assert elsewhere is None
