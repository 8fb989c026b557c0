"""Links to booking pages: secret, for so many uses, until an instant, on terms of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.addresses import canonical, display_text, email_address
from domain.availability import Hours, WeeklyWindow
from domain.errors import InvalidInput, RuleBroken
from domain.ids import OrganizationId, PageId, PageLinkId, UserId
from domain.intervals import Span, instant_of, minute_of
from domain.slots import DateRange, Refusal, RefusalRule, Rules, Unlimited
from domain.zones import DAY, FIRST_YEAR, LAST_YEAR, day_bounds

MAX_OPEN_LINKS = 500
MAX_USES = 1_000
MAX_STARTS = 50
_LABEL = 200
_SHORTEST = 5
_REACH = timedelta(days=62)


class Ending(StrEnum):
    """Why a link opens nothing any more, as far as whoever has it is told: not whether it was revoked."""

    USED_UP = "used_up"
    OVER = "over"


class LinkEnded(RuleBroken):
    """A link that was used as often as it may be, is too old, or was revoked."""

    code = "LINK_ENDED"
    sentence = "This link has ended. Please ask whoever sent it for another one."

    def __init__(self, ending: Ending) -> None:
        super().__init__("link")
        self.ending = ending


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds by a link instead of what its page says; what is None or empty is as on the page.

    `length` is in minutes. `hours` are those of who made the link, and nobody else's. `starts`, in minutes
    since 1970, are all that a one-off meeting offers: whoever picked them is open then, whatever their hours.
    """

    length: int | None = None
    dates: DateRange | None = None
    hours: Hours | None = None
    starts: tuple[int, ...] = ()

    def hours_of(self, usual: Hours) -> Hours:
        """Give the hours of who made the link, who has these as usual."""
        if self.starts:
            return Hours(usual.zone, tuple(WeeklyWindow(day, 0, DAY) for day in range(7)))
        return self.hours or usual

    def applied_to(self, rules: Rules) -> Rules:
        """Give a page's rules by these terms: picked times need no notice, and no booking window."""
        if self.length is not None:
            rules = replace(rules.lasting(self.length), other_lengths=())
        if self.dates is not None:
            rules = replace(rules, window=self.dates)
        if self.starts:
            rules = replace(rules, starts=self.starts, notice_minutes=0, window=Unlimited(), other_lengths=())
        return rules


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What whoever makes a link says of it; no `max_uses` is any number.

    Where it `is_bound`, nobody books by it with another address than `email`, which is suggested else.
    """

    label: str = ""
    max_uses: int | None = 1
    expires_at: datetime | None = None
    email: str | None = None
    is_bound: bool = False
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link; its secret is stored nowhere. `over_at` is when the last of its times or dates ends."""

    id: PageLinkId
    organization_id: OrganizationId
    page_id: PageId
    made_by: UserId
    settings: LinkSettings
    over_at: datetime | None
    used: int
    revision: int
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def uses_left(self) -> int | None:
        """How often it may still be used; None for any number."""
        return None if self.settings.max_uses is None else max(self.settings.max_uses - self.used, 0)

    @property
    def ends_at(self) -> datetime | None:
        """When it ends by the clock, whichever comes first; None for never."""
        ends = [end for end in (self.settings.expires_at, self.over_at, self.revoked_at) if end]
        return min(ends, default=None)

    @property
    def bound_to(self) -> str | None:
        """Whose address books by it alone, and is proved by a mailed code; None for anybody's."""
        return canonical(self.settings.email) if self.settings.is_bound and self.settings.email else None

    def ending(self, now: datetime) -> Ending | None:
        """Say why it opens nothing; None while it does."""
        if self.uses_left == 0:
            return Ending.USED_UP
        return Ending.OVER if self.ends_at and self.ends_at <= now else None

    def with_seats(self) -> "PageLink":
        """Give the link as it is on a page with seats, be it that the page has got them since it was made.

        Whoever comes to a session has the same length and hours.
        """
        terms = replace(self.settings.terms, length=None, hours=None)
        return replace(self, settings=replace(self.settings, terms=terms))

    def check(self, now: datetime) -> None:
        """Let go on while it opens its page; raises LinkEnded."""
        if ending := self.ending(now):
            raise LinkEnded(ending)

    def admit(self, address: str) -> None:
        """Let only the address book for which it was made, where it is bound to one; raises InvalidInput."""
        if self.bound_to not in (None, canonical(address)):
            raise InvalidInput("This link is for another address.", "invitee", "email")


def checked_link(
    wanted: LinkSettings,
    before: LinkSettings | None,
    now: datetime,
    *,
    length: int,
    zone: str,
    has_seats: bool,
) -> tuple[LinkSettings, datetime | None]:
    """Check and clean settings, and say when the last slot ends; InvalidInput names the field.

    `length` is the page's, in minutes, and `zone` that in which its days are counted by the link. What was
    set `before` may be past by now.
    """
    terms = _checked_terms(wanted.terms, has_seats=has_seats)
    is_same = before is not None and before.terms == terms
    if terms.starts and not is_same and terms.starts[0] < minute_of(now):
        raise InvalidInput("A picked time is past already.", "starts")
    if wanted.max_uses is not None and not 1 <= wanted.max_uses <= MAX_USES:
        raise InvalidInput("A link has 1 to 1000 uses.", "maxUses")
    is_kept = before is not None and before.expires_at == wanted.expires_at
    if wanted.expires_at is not None and not is_kept and wanted.expires_at <= now:
        raise InvalidInput("This is past already.", "expiresAt")
    if wanted.is_bound and wanted.email is None:
        raise InvalidInput("A link that is bound needs an address.", "email")
    over_at = _over_at(terms, terms.length or length, zone)
    if over_at is not None and not is_same and over_at <= now:
        raise InvalidInput("These dates are over.", "dates", "last")
    checked = replace(
        wanted,
        label=display_text(wanted.label, _LABEL, "label", is_required=False),
        email=None if wanted.email is None else email_address(wanted.email, "email"),
        terms=terms,
    )
    return checked, over_at


def starts_of(instants: Sequence[datetime], *path: str) -> tuple[int, ...]:
    """Read picked times: whole minutes, none twice, in order; InvalidInput."""
    if len(instants) > MAX_STARTS:
        raise InvalidInput("At most 50 times can be picked.", *path)
    if any(not FIRST_YEAR < instant.year < LAST_YEAR for instant in instants):
        raise InvalidInput("A start lies in the years 1971 to 2198.", *path)
    if any(instant.second or instant.microsecond for instant in instants):
        raise InvalidInput("A start is a whole minute.", *path)
    if len(set(instants)) < len(instants):
        raise InvalidInput("A time is picked twice.", *path)
    if instants and max(instants) - min(instants) > _REACH:
        raise InvalidInput("Picked times lie within 62 days.", *path)
    return tuple(sorted(map(minute_of, instants)))


def _checked_terms(terms: Terms, *, has_seats: bool) -> Terms:
    if terms.length is not None and not _SHORTEST <= terms.length <= DAY:
        raise InvalidInput("A booking lasts 5 to 1440 minutes.", "durationMinutes")
    if has_seats and terms.length is not None:
        raise InvalidInput("On a page with seats every booking has the same length.", "durationMinutes")
    if has_seats and terms.hours is not None:
        raise InvalidInput("On a page with seats the hours are the same for everybody.", "hours")
    if terms.starts and (terms.dates is not None or terms.hours is not None):
        raise InvalidInput("Picked times need no dates and no hours.", "starts")
    return terms


def _over_at(terms: Terms, length: int, zone: str) -> datetime | None:
    if terms.starts:
        return instant_of(terms.starts[-1] + length)
    if terms.dates is not None:
        return instant_of(day_bounds(terms.dates.last, zone)[1])
    return None


def named(refusals: Iterable[Refusal], link: PageLink, now: datetime) -> tuple[Refusal, ...]:
    """Say of what refuses a start by a link which of it is the link's own doing (X12)."""
    terms = link.settings.terms
    ending = link.ending(now)
    ended = {Ending.USED_UP: "The link is used up.", Ending.OVER: "The link has expired, or was revoked."}
    found = [Refusal(RefusalRule.LINK, None, ended[ending])] if ending else []
    for refusal in refusals:
        if refusal.rule is RefusalRule.WINDOW and terms.dates:
            found.append(Refusal(RefusalRule.LINK, None, f"By the link's dates. {refusal.detail}"))
        elif refusal.rule is RefusalRule.HOURS and terms.hours and refusal.host == link.made_by:
            found.append(Refusal(RefusalRule.LINK, refusal.host, f"By the link's hours. {refusal.detail}"))
        else:
            found.append(refusal)
    return tuple(found)


def reach_of_starts(starts: Sequence[int]) -> Span:
    """Give the window in which picked times lie."""
    return starts[0], starts[-1] + 1
