"""Templates of booking pages: settings with which members get pages, and which of them stay as they are."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.booking_pages import BookingPage
from domain.errors import InvalidInput, RuleBroken
from domain.ids import OrganizationId, PageId, TemplateId, UserId
from domain.page_settings import PageSettings, new_page, settings_of, with_settings
from domain.teams import MAX_MEMBERS, Team
from domain.users import User

MAX_TEMPLATES = 100
MAX_MANAGED = MAX_MEMBERS  # of one template: so a whole team can have it
MAX_AT_ONCE = 100
_LONGEST_SLUG = 64
_NOBODY = UserId(UUID(int=0))


class PageField(StrEnum):
    """A setting that a template can lock, by its name in the API.

    Link, schedule and calendar are always the member's own, and so is what only pages of several hosts have.
    """

    NAME = "name"
    DESCRIPTION = "description"
    KIND = "kind"
    CAPACITY = "capacity"
    DURATION_MINUTES = "durationMinutes"
    OTHER_LENGTHS_MINUTES = "otherLengthsMinutes"
    INTERVAL_MINUTES = "intervalMinutes"
    GRID_ORIGIN = "gridOrigin"
    BUFFER_BEFORE_MINUTES = "bufferBeforeMinutes"
    BUFFER_AFTER_MINUTES = "bufferAfterMinutes"
    NOTICE_MINUTES = "noticeMinutes"
    WINDOW = "window"
    CAPS = "caps"
    ZONE = "zone"
    PLACE = "place"
    QUESTIONS = "questions"
    REMINDER_MINUTES = "reminderMinutes"
    INVITATION = "invitation"
    CANCELLATION_POLICY = "cancellationPolicy"
    CANCEL_UNTIL_MINUTES = "cancelUntilMinutes"
    RESCHEDULE_UNTIL_MINUTES = "rescheduleUntilMinutes"
    CALENDAR_POLICY = "calendarPolicy"
    STATUS_RULE = "statusRule"
    FOLLOWS_CALENDAR = "followsCalendar"
    IS_ACTIVE = "isActive"
    IS_HIDDEN = "isHidden"
    IS_SECRET = "isSecret"  # noqa: S105 -- the name of a setting
    UPCOMING_PER_INVITEE = "upcomingPerInvitee"
    SERIES_UP_TO = "seriesUpTo"
    APPROVAL_MINUTES = "approvalMinutes"
    WAITLIST_OFFER_MINUTES = "waitlistOfferMinutes"


_NAMES = {
    PageField.OTHER_LENGTHS_MINUTES: "other_lengths",
    PageField.REMINDER_MINUTES: "reminders",
    PageField.CANCEL_UNTIL_MINUTES: "cancel_until",
    PageField.RESCHEDULE_UNTIL_MINUTES: "reschedule_until",
}
_CONDITIONS = {
    PageField.UPCOMING_PER_INVITEE: "upcoming_per_invitee",
    PageField.SERIES_UP_TO: "series_up_to",
    PageField.APPROVAL_MINUTES: "approval_within",
    PageField.WAITLIST_OFFER_MINUTES: "offer_lasts",
}
# Whether one of these is possible depends on others of them; all other settings stand alone.
_COUPLED = frozenset(
    {
        PageField.KIND,
        PageField.CAPACITY,
        PageField.OTHER_LENGTHS_MINUTES,
        PageField.PLACE,
        PageField.QUESTIONS,
        PageField.SERIES_UP_TO,
        PageField.APPROVAL_MINUTES,
    }
)


class Afterwards(StrEnum):
    """What becomes of a page that is managed no more: it stays as it is, or is inactive."""

    KEPT = "kept"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True)
class TemplateSettings:
    """What is said of a template.

    `page` are the settings with which a page begins, its link among them, as far as it is free; `locked` are
    those that stay the template's. `is_for_whole_team` gives everybody a page who is in the team or comes
    into it; `on_leaving` says what becomes of the page of who goes out of it.
    """

    page: PageSettings
    locked: frozenset[PageField] = frozenset()
    is_for_whole_team: bool = False
    on_leaving: Afterwards = Afterwards.KEPT


@dataclass(frozen=True, slots=True)
class PageTemplate:
    """A template of an organization, or of a team, whose managers keep it; `revision` grows with changes."""

    id: TemplateId
    organization_id: OrganizationId
    team: Team | None
    settings: TemplateSettings
    revision: int
    created_at: datetime

    @property
    def sample(self) -> BookingPage:
        """Give a page with all of its settings, which is nobody's."""
        return new_page(PageId(self.id), self.organization_id, _NOBODY, self.settings.page, self.created_at)


@dataclass(frozen=True, slots=True)
class ManagedPage:
    """A page that follows a template, as those see it who keep the template: whose it is, and its link."""

    owner: User
    slug: str
    is_active: bool


class PageManaged(RuleBroken):
    """A change of what a template says of a page; `template` is the one."""

    code = "PAGE_MANAGED"
    sentence = "A template of your organization or team says this. Those who manage it can change it."

    def __init__(self, template: PageTemplate, *path: str) -> None:
        super().__init__(*path)
        self.template = template


def checked_template(template: PageTemplate) -> PageTemplate:
    """Check and clean what is said of a template; InvalidInput names the field."""
    if template.settings.is_for_whole_team and template.team is None:
        raise InvalidInput("Only a template of a team is for all who are in it.", "isForWholeTeam")
    cleaned = settings_of(template.sample)
    return replace(template, settings=replace(template.settings, page=cleaned))


def page_from(
    template: PageTemplate, page_id: PageId, owner_id: UserId, taken: Collection[str], now: datetime
) -> BookingPage:
    """Make a member's page from a template; `taken` are the links of their other pages."""
    settings = replace(template.settings.page, slug=free_slug(template.settings.page.slug, taken))
    page = new_page(page_id, template.organization_id, owner_id, settings, now)
    return replace(page, template_id=template.id)


def free_slug(wanted: str, taken: Collection[str]) -> str:
    """Give a link as it is wanted, or with the first number from 2 on with which it is free."""
    slug, number = wanted, 2
    while slug in taken:
        ending = f"-{number}"
        slug, number = f"{wanted[: _LONGEST_SLUG - len(ending)]}{ending}", number + 1
    return slug


def following(page: BookingPage, template: PageTemplate) -> BookingPage:
    """Give a managed page with what its template has locked.

    What its owner has set stays, but where it is not possible beside that: such a setting begins anew with
    the template's value.
    """
    of_template, locked = template.settings.page, template.settings.locked
    wanted = _taking(settings_of(page), of_template, locked)
    left = _COUPLED - locked
    while True:
        try:
            return with_settings(page, wanted)
        except InvalidInput as refused:
            if not left:
                raise
            again = {field for field in left if [field] == list(refused.path[:1])} or left
            wanted, left = _taking(wanted, of_template, again), left - again


def check_unlocked(before: BookingPage, after: BookingPage, template: PageTemplate) -> None:
    """Let go on where a change leaves alone what the template has locked; PageManaged names the field."""
    was, wanted = settings_of(before), settings_of(after)
    for field in PageField:
        if field in template.settings.locked and _value(was, field) != _value(wanted, field):
            raise PageManaged(template, field.value)


def _value(settings: PageSettings, field: PageField) -> object:
    if field in _CONDITIONS:
        return getattr(settings.conditions, _CONDITIONS[field])
    return getattr(settings, _NAMES.get(field, field.name.lower()))


def _taking(settings: PageSettings, other: PageSettings, fields: Collection[PageField]) -> PageSettings:
    """Give settings with the values of some fields from other ones."""
    plain: dict[str, Any] = {
        _NAMES.get(field, field.name.lower()): _value(other, field)
        for field in fields
        if field not in _CONDITIONS
    }
    conditions: dict[str, Any] = {
        _CONDITIONS[field]: _value(other, field) for field in fields if field in _CONDITIONS
    }
    return replace(settings, **plain, conditions=replace(settings.conditions, **conditions))
