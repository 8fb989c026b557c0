"""Templates of pages: what they lock, what stays a member's, and which links pages get."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.booking_pages import BookingPage, Conditions, PageKind, Place, PlaceKind, Question, QuestionFormat
from domain.errors import InvalidInput
from domain.ids import CalendarId, OrganizationId, PageId, ScheduleId, TemplateId, UserId
from domain.page_settings import PageSettings, settings_of, with_settings
from domain.page_templates import (
    PageField,
    PageManaged,
    PageTemplate,
    TemplateSettings,
    check_unlocked,
    checked_template,
    following,
    free_slug,
    page_from,
)
from tests.clock import NOW

ADA = UserId(UUID(int=1))
PHONE = Question(
    "phone", "Number?", QuestionFormat.PHONE_NUMBER, (), is_required=True, is_enabled=True, takes_other=False
)
ANYWHERE = Place(PlaceKind.IN_PERSON, "")
CALLS = Place(PlaceKind.HOST_CALLS, "")
BY_ATTRIBUTE = {
    "other_lengths": "otherLengthsMinutes",
    "reminders": "reminderMinutes",
    "cancel_until": "cancelUntilMinutes",
    "reschedule_until": "rescheduleUntilMinutes",
}


def template_of(page: PageSettings, *locked: PageField) -> PageTemplate:
    return PageTemplate(
        TemplateId(UUID(int=5)),
        OrganizationId(UUID(int=6)),
        None,
        TemplateSettings(page, frozenset(locked)),
        1,
        NOW,
    )


def page_of(template: PageTemplate, *taken: str) -> BookingPage:
    return page_from(template, PageId(UUID(int=7)), ADA, taken, NOW)


@st.composite
def possible(draw: st.DrawFn) -> PageSettings:
    """Draw settings that a page can have, of those above all that depend on each other."""
    is_group = draw(st.booleans())
    approval = None if is_group else draw(st.sampled_from([None, timedelta(hours=1)]))
    series = None if is_group or approval else draw(st.sampled_from([None, 4]))
    calls = draw(st.booleans())
    return PageSettings(
        slug=draw(st.sampled_from(["intro", "talk"])),
        name=draw(st.sampled_from(["Intro", "Talk"])),
        duration_minutes=draw(st.sampled_from([30, 45])),
        place=CALLS if calls else ANYWHERE,
        kind=PageKind.GROUP if is_group else PageKind.ONE_TO_ONE,
        capacity=draw(st.integers(2, 9)) if is_group else 1,
        questions=(PHONE,) if calls or draw(st.booleans()) else (),
        other_lengths=() if is_group else draw(st.sampled_from([(), (60,)])),
        notice_minutes=draw(st.integers(0, 9)),
        is_hidden=draw(st.booleans()),
        conditions=Conditions(
            upcoming_per_invitee=draw(st.sampled_from([None, 2])),
            series_up_to=series,
            approval_within=approval,
        ),
    )


def said(page: PageSettings) -> dict[str, Any]:
    """Give every setting under its name in the API."""
    plain = {each.name: getattr(page, each.name) for each in fields(PageSettings)}
    own = plain.pop("conditions")
    named = {BY_ATTRIBUTE.get(name, camel(name)): value for name, value in plain.items()}
    return named | {
        "upcomingPerInvitee": own.upcoming_per_invitee,
        "seriesUpTo": own.series_up_to,
        "approvalMinutes": own.approval_within,
        "waitlistOfferMinutes": own.offer_lasts,
    }


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def test_every_setting_can_be_locked_but_what_is_a_members_own() -> None:
    """A new setting of pages is named among those of templates, or here."""
    known = set(said(PageSettings("intro", "Intro", 30)))

    assert known - {field.value for field in PageField} == {"slug", "scheduleId", "calendarId"}
    assert {field.value for field in PageField} <= known
    assert {each.name for each in fields(Conditions)} == {
        *("upcoming_per_invitee", "series_up_to", "approval_within", "offer_lasts")
    }


@settings(max_examples=150, deadline=None)
@given(possible(), possible(), st.sets(st.sampled_from(list(PageField))))
def test_what_is_locked_is_the_templates_and_what_is_free_stays_where_it_can(
    of_member: PageSettings, of_template: PageSettings, locked: set[PageField]
) -> None:
    page = with_settings(page_of(template_of(of_member)), of_member)
    template = template_of(of_template, *locked)

    followed = following(page, template)

    now, was, wanted = said(settings_of(followed)), said(settings_of(page)), said(of_template)
    changed = {name for name in now if now[name] != was[name]}
    depending = {
        *("kind", "capacity", "otherLengthsMinutes", "place", "questions"),
        *("seriesUpTo", "approvalMinutes"),
    }
    assert {field.value for field in locked if now[field.value] != wanted[field.value]} - {
        "otherLengthsMinutes"
    } == set()
    assert changed <= {field.value for field in locked} | depending
    assert all(now[name] == wanted[name] for name in changed - {"otherLengthsMinutes"})
    assert with_settings(followed, settings_of(followed)) == followed
    assert following(followed, template) == followed


def test_only_what_is_not_possible_any_more_begins_anew() -> None:
    """Seats leave no room for other lengths and approval; the member's words and their own length stay."""
    mine = PageSettings(
        "mine",
        "Mine",
        45,
        Place(PlaceKind.IN_PERSON, "At mine"),
        other_lengths=(60,),
        description="My words",
        schedule_id=ScheduleId(UUID(int=8)),
        calendar_id=CalendarId(UUID(int=9)),
        conditions=Conditions(approval_within=timedelta(hours=1), upcoming_per_invitee=3),
    )
    page = with_settings(page_of(template_of(mine)), mine)
    template = template_of(
        PageSettings("intro", "Intro", 30, kind=PageKind.GROUP, capacity=5), PageField.KIND
    )

    followed = settings_of(following(page, template))

    assert followed == replace(
        mine,
        kind=PageKind.GROUP,
        capacity=5,
        other_lengths=(),
        conditions=Conditions(upcoming_per_invitee=3),
    )


def test_an_owner_changes_what_is_free_and_is_told_what_is_not() -> None:
    template = template_of(PageSettings("intro", "Intro", 30), PageField.NAME, PageField.APPROVAL_MINUTES)
    page = page_of(template)
    mine = settings_of(page)
    asks = replace(mine, conditions=Conditions(approval_within=timedelta(hours=1)))

    check_unlocked(page, with_settings(page, replace(mine, slug="mine", notice_minutes=5)), template)
    with pytest.raises(PageManaged) as named:
        check_unlocked(page, with_settings(page, replace(mine, name="Mine")), template)
    with pytest.raises(PageManaged) as approved:
        check_unlocked(page, with_settings(page, asks), template)

    assert (named.value.path, approved.value.path) == (("name",), ("approvalMinutes",))
    assert named.value.template is template


def test_a_template_is_as_possible_as_a_page() -> None:
    for_all = template_of(PageSettings("intro", "Intro", 30))
    for_all = replace(for_all, settings=replace(for_all.settings, is_for_whole_team=True))

    with pytest.raises(InvalidInput) as seats:
        checked_template(template_of(PageSettings("intro", "Intro", 30, capacity=2)))
    with pytest.raises(InvalidInput) as nobody:
        checked_template(for_all)

    assert (seats.value.path, nobody.value.path) == (("capacity",), ("isForWholeTeam",))
    assert checked_template(template_of(PageSettings("intro", " Intro ", 30))).settings.page.name == "Intro"


def test_a_page_gets_the_link_that_is_wanted_or_the_next_that_is_free() -> None:
    page = page_of(template_of(PageSettings("intro", "Intro", 30)), "intro", "intro-2", "other")

    assert (page.slug, page.template_id, page.owner_id) == ("intro-3", UUID(int=5), ADA)
    assert free_slug("intro", ()) == "intro"
    assert free_slug("x" * 64, ("x" * 64,)) == "x" * 62 + "-2"
