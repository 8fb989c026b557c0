"""Booking pages: their owners' changes, and what everybody may see of them."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.booking_pages import (
    BookingPage,
    CalendarPolicy,
    PageKind,
    Place,
    PlaceKind,
    Question,
    QuestionFormat,
    SlugTaken,
)
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from domain.ids import PageId
from domain.page_settings import PageSettings, settings_of
from domain.paging import Paging
from domain.slots import Caps, DateRange, GridOrigin
from domain.users import Scope, SignedIn, SignInNeeded
from services.booking_pages import BookingPages
from storage.base import new_id
from tests.identity import GUEST, Installation, installation

pytestmark = pytest.mark.anyio

INTRO = PageSettings("intro", "Introduction", 30, Place(PlaceKind.LINK, "https://meet.example.com/ada"))
QUESTION = Question(
    "topic", "Which topic?", QuestionFormat.SELECT, ("A", "B"),
    is_required=True, is_enabled=True, takes_other=True,
)  # fmt: skip
EVERYTHING = PageSettings(
    slug="workshop-2",
    name="Workshop",
    description="Bring a laptop.\n\nAnd tea.",
    duration_minutes=90,
    place=Place(PlaceKind.IN_PERSON, "12 St James's Square\nLondon"),
    kind=PageKind.GROUP,
    capacity=12,
    interval_minutes=45,
    grid_origin=GridOrigin.HOUR,
    buffer_before_minutes=10,
    buffer_after_minutes=15,
    notice_minutes=120,
    window=DateRange(date(2026, 4, 1), date(2026, 4, 30)),
    caps=Caps(per_day=2, per_month_minutes=600, week_start=6),
    zone="Asia/Tokyo",
    questions=(QUESTION,),
    reminders=(timedelta(days=1), timedelta(minutes=10)),
    invitation="See you there.",
    cancellation_policy="Up to a day before.",
    cancel_until=timedelta(days=1),
    reschedule_until=timedelta(hours=2),
    calendar_policy=CalendarPolicy.IGNORE_UNCONNECTED,
    is_active=False,
    is_hidden=True,
)


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
    """Sign Ada up; her handle is ada-lovelace."""
    return await house.viewer((await house.sign_up()).token)


@pytest.fixture
def pages(house: Installation) -> BookingPages:
    """Give the use cases."""
    return BookingPages(house.units)


async def test_everything_set_is_read_back(pages: BookingPages, ada: SignedIn) -> None:
    """Name, link, description, place, reminders, invitation, policy, participants, questions (R070)."""
    made = await pages.create(ada, EVERYTHING)

    read = await pages.by_id(ada, made.id)

    assert read == made
    assert settings_of(read) == EVERYTHING
    assert [host.user_id for host in read.hosts] == [ada.user_id]


async def test_change_keeps_what_is_unsaid_and_is_an_event(
    house: Installation, pages: BookingPages, ada: SignedIn
) -> None:
    made = await pages.create(ada, INTRO)

    changed = await pages.update(ada, made.id, lambda now: replace(now, duration_minutes=45), 1)

    assert settings_of(changed) == replace(INTRO, duration_minutes=45)
    assert changed.revision == 2
    assert await pages.by_id(ada, made.id) == changed
    assert await house.rows("SELECT kind, page_id, hosts FROM events") == [
        ("page_changed", made.id, [ada.user_id]),
        ("page_changed", made.id, [ada.user_id]),
    ]


async def test_refused_change_changes_nothing(
    house: Installation, pages: BookingPages, ada: SignedIn
) -> None:
    made = await pages.create(ada, INTRO)

    with pytest.raises(InvalidInput) as refused:
        await pages.update(ada, made.id, lambda now: replace(now, name="Other", duration_minutes=0))

    assert refused.value.path == ("durationMinutes",)
    assert await pages.by_id(ada, made.id) == made
    assert await house.rows("SELECT count(*) FROM events") == [(1,)]


async def test_stale_revision_is_a_conflict(pages: BookingPages, ada: SignedIn) -> None:
    made = await pages.create(ada, INTRO)

    outcomes = await asyncio.gather(
        *(
            pages.update(ada, made.id, lambda now, name=name: replace(now, name=name), 1)
            for name in ("A", "B", "C")
        ),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes].count(BookingPage) == 1
    assert [outcome.path for outcome in outcomes if isinstance(outcome, Conflict)] == [
        ("expectedRevision",),
        ("expectedRevision",),
    ]


async def test_racing_pages_of_one_link_have_one_winner(
    house: Installation, pages: BookingPages, ada: SignedIn
) -> None:
    """Two pages never share a link (R084)."""
    outcomes = await asyncio.gather(*(pages.create(ada, INTRO) for _ in range(4)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes].count(BookingPage) == 1
    assert [outcome.path for outcome in outcomes if isinstance(outcome, SlugTaken)] == [("slug",)] * 3
    assert await house.rows("SELECT count(*) FROM booking_pages") == [(1,)]


async def test_link_of_another_page_cannot_be_taken_by_a_change(
    house: Installation, pages: BookingPages, ada: SignedIn
) -> None:
    """Two pages never share a link (R084); two owners may use the same word."""
    await pages.create(ada, INTRO)
    other = await pages.create(ada, replace(INTRO, slug="other"))
    bob = await house.viewer((await house.sign_up("bob@example.com")).token)
    bobs = await pages.create(bob, INTRO)

    with pytest.raises(SlugTaken):
        await pages.update(ada, other.id, lambda now: replace(now, slug="intro"))

    assert await pages.open_page("ada-lovelace/other") == other
    assert await pages.open_page(f"{bob.user.handle}/intro") == bobs


async def test_link_is_free_again_when_its_page_is_removed(pages: BookingPages, ada: SignedIn) -> None:
    first = await pages.create(ada, INTRO)
    await pages.delete(ada, first.id)

    second = await pages.create(ada, INTRO)

    assert await pages.open_page("ada-lovelace/intro") == second
    with pytest.raises(NotFound):
        await pages.by_id(ada, first.id)
    with pytest.raises(NotFound):
        await pages.open_page(f"ada-lovelace/{first.id.hex}")


async def test_removed_page_is_kept_for_its_bookings(
    house: Installation, pages: BookingPages, ada: SignedIn
) -> None:
    """Bookings are never orphaned (case 162)."""
    made = await pages.create(ada, INTRO)

    await pages.delete(ada, made.id)

    async with house.units.read() as unit:
        kept = await unit.pages.by_id(ada.organization_id, made.id, deleted=True)
        assert await unit.pages.pages_of_hosts(ada.organization_id, [ada.user_id]) == set()
    assert kept is not None
    assert (kept.name, kept.is_active, kept.hosts) == ("Introduction", False, made.hosts)


@pytest.mark.parametrize(
    ("settings", "is_open", "is_listed"),
    [
        ({}, True, True),
        ({"is_hidden": True}, True, False),
        ({"is_active": False}, False, False),
        ({"is_active": False, "is_hidden": True}, False, False),
    ],
)
async def test_active_and_hidden_decide_who_sees_a_page(
    pages: BookingPages, ada: SignedIn, settings: dict[str, bool], is_open: bool, is_listed: bool
) -> None:
    """R085 and R086; cases 26 and 27."""
    made = await pages.create(ada, replace(INTRO, **settings))

    opened = await asyncio.gather(
        pages.open_page("ada-lovelace/intro"), pages.by_slug("ada-lovelace/intro"), return_exceptions=True
    )
    profile = await pages.profile("ada-lovelace")

    assert [isinstance(found, NotFound) for found in opened] == [not is_open] * 2
    assert profile.owner == ada.user
    assert list(profile.pages) == [made] * is_listed
    assert list((await pages.own(ada, Paging(10, None, is_forward=True))).items) == [made]


async def test_switched_off_page_is_back_when_it_is_switched_on(pages: BookingPages, ada: SignedIn) -> None:
    """R085."""
    made = await pages.create(ada, INTRO)
    await pages.update(ada, made.id, lambda now: replace(now, is_active=False))
    with pytest.raises(NotFound) as off:
        await pages.by_slug("ada-lovelace/intro")
    with pytest.raises(NotFound) as unknown:
        await pages.by_slug("ada-lovelace/nothing")

    back = await pages.update(ada, made.id, lambda now: replace(now, is_active=True))

    assert (await pages.by_slug("ada-lovelace/intro")).page == back
    assert (off.value.path, off.value.message) == (unknown.value.path, unknown.value.message)


@pytest.mark.parametrize(
    "slug",
    ["", "/", "ada-lovelace", "ada-lovelace/", "/intro", "ada-lovelace/intro/", "ADA-LOVELACE/INTRO",
     "ada-lovelace/intro\x00", "ada-lovelace/intro ", f"{'x' * 65}/intro", "ａda-lovelace/intro"],
)  # fmt: skip
async def test_what_is_no_link_is_not_found(pages: BookingPages, ada: SignedIn, slug: str) -> None:
    await pages.create(ada, INTRO)

    with pytest.raises(NotFound) as refused:
        await pages.open_page(slug)

    assert refused.value.path == ("slug",)


async def test_profile_of_nobody_and_of_the_disabled_is_not_found(
    house: Installation, pages: BookingPages, ada: SignedIn
) -> None:
    await pages.create(ada, INTRO)
    with pytest.raises(NotFound):
        await pages.profile("nobody\x00")
    await house.change("UPDATE users SET is_disabled = true")

    with pytest.raises(NotFound):
        await pages.profile("ada-lovelace")


async def test_pages_of_others_are_not_found(house: Installation, pages: BookingPages, ada: SignedIn) -> None:
    made = await pages.create(ada, INTRO)
    mallory = await house.viewer((await house.sign_up("mallory@example.com")).token)

    with pytest.raises(NotFound):
        await pages.by_id(mallory, made.id)
    with pytest.raises(NotFound):
        await pages.update(mallory, made.id, lambda now: now)
    with pytest.raises(NotFound):
        await pages.delete(mallory, made.id)
    with pytest.raises(NotFound):
        await pages.delete(ada, PageId(new_id()))

    assert await pages.by_id(ada, made.id) == made
    assert list((await pages.own(mallory, Paging(10, None, is_forward=True))).items) == []


async def test_guests_and_keys_without_the_scope_are_refused(
    house: Installation, pages: BookingPages, ada: SignedIn
) -> None:
    made = await pages.create(ada, INTRO)
    reader = replace(ada, scopes=frozenset({Scope.READ}))

    with pytest.raises(SignInNeeded):
        await pages.by_id(GUEST, made.id)
    with pytest.raises(SignInNeeded):
        await pages.create(GUEST, replace(INTRO, slug="b"))
    with pytest.raises(NotAllowed):
        await pages.create(reader, replace(INTRO, slug="b"))
    with pytest.raises(NotAllowed):
        await pages.update(reader, made.id, lambda now: now)
    with pytest.raises(NotAllowed):
        await pages.delete(reader, made.id)

    assert await pages.by_id(reader, made.id) == made
    assert await house.rows("SELECT count(*) FROM booking_pages WHERE deleted_at IS NULL") == [(1,)]


async def test_new_questions_get_keys_that_stay(pages: BookingPages, ada: SignedIn) -> None:
    unnamed = replace(QUESTION, key="")
    made = await pages.create(ada, replace(INTRO, questions=(unnamed, unnamed)))
    keys = [question.key for question in made.questions]

    changed = await pages.update(
        ada, made.id, lambda now: replace(now, questions=(unnamed, now.questions[1]))
    )

    assert len(set(keys)) == 2
    assert changed.questions[1].key == keys[1]
    assert changed.questions[0].key not in ("", *keys)


async def test_hundred_and_first_page_is_refused(
    house: Installation, pages: BookingPages, ada: SignedIn
) -> None:
    made = await pages.create(ada, INTRO)
    columns = [name for (name,) in await house.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'booking_pages'"
        " AND column_name NOT IN ('id', 'slug') ORDER BY ordinal_position"
    )]  # fmt: skip
    await house.change(
        f"INSERT INTO booking_pages (id, slug, {', '.join(columns)})"  # noqa: S608 -- the table's own columns
        f" SELECT gen_random_uuid(), 'page-' || n, {', '.join(columns)}"
        " FROM booking_pages, generate_series(1, 99) AS n"
    )

    with pytest.raises(InvalidInput):
        await pages.create(ada, replace(INTRO, slug="one-more"))
    await pages.delete(ada, made.id)

    assert (await pages.create(ada, replace(INTRO, slug="one-more"))).slug == "one-more"
