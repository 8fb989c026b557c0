"""One entry of each kind at each provider, and what each rule makes of it (X07).

What a provider does not tell is plainly busy under every rule; the table here says what each one tells.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest

from domain.calendars import Provider
from domain.intervals import Span, minute_of
from domain.statuses import PLAIN, USUAL, BusyStatus, BusyTimes, Kind, StatusRule
from integrations.google.statuses import MASK, on_page
from integrations.http import SafeHttp
from integrations.ics import IcsFeeds
from integrations.ports import Account, BusyAt, Secret, Transient
from tests.fakes.caldav_side import caldav_side, marks
from tests.fakes.google_side import EMAIL, GoogleSide, google_side
from tests.fakes.google_state import READER
from tests.fakes.microsoft_side import microsoft_side
from tests.fakes.oauth import Grant
from tests.fakes.sides import CANARY, Side
from tests.fakes.zoom_side import zoom_side
from tests.integrations.outside import answer, outside

pytestmark = pytest.mark.anyio

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
WINDOW = (minute_of(FIRST), minute_of(FIRST + timedelta(days=20)))
KINDS = [Kind(status, is_all_day) for status in BusyStatus for is_all_day in (False, True)]
DAYS = {kind: FIRST + timedelta(days=2 * number) for number, kind in enumerate(KINDS)}  # none touch
RULES = [
    USUAL,
    USUAL._replace(free=True),
    USUAL._replace(tentative=False),
    USUAL._replace(working_elsewhere=True),
    USUAL._replace(out_of_office=False),
    USUAL._replace(all_day=False),
    StatusRule(*[True] * 5),
    StatusRule(*[False] * 5),
]
TOLD: dict[str, Callable[[Kind], Kind | None]] = {
    "microsoft": lambda kind: kind,
    "google": lambda kind: kind,
    # The words of Outlook are none of the properties that a server is asked for.
    "caldav": lambda kind: {
        BusyStatus.OUT_OF_OFFICE: kind._replace(status=BusyStatus.BUSY),
        BusyStatus.WORKING_ELSEWHERE: kind._replace(status=BusyStatus.FREE),
    }.get(kind.status, kind),
    "zoom": lambda kind: None if kind.status is BusyStatus.FREE else PLAIN,
}
"""As what each provider tells an entry of each kind; None for one that it keeps to itself."""


def times_of(kind: Kind) -> tuple[datetime, datetime]:
    """Say when the only entry of a kind lies."""
    day = DAYS[kind]
    if kind.is_all_day:
        return day, day + timedelta(days=1)
    return day + timedelta(hours=9), day + timedelta(hours=10)


def span_of(kind: Kind) -> Span:
    start, end = times_of(kind)
    return minute_of(start), minute_of(end)


def kinds_at(spans: tuple[Span, ...]) -> list[Kind]:
    """Name the kinds whose entries are the spans, all of each and nothing else."""
    by_span = {span_of(kind): kind for kind in KINDS}
    return [by_span[span] for span in spans]


@pytest.fixture(params=sorted(TOLD))
async def side(request: pytest.FixtureRequest) -> AsyncGenerator[Side]:
    """Open each provider's side; at the end our client has done nothing that it may not do."""
    name: str = request.param
    opened: dict[str, Callable[[], AbstractAsyncContextManager[Side]]] = {
        "google": google_side,
        "microsoft": microsoft_side,
        "zoom": zoom_side,
        "caldav": lambda: caldav_side(request.getfixturevalue("radicale")),
    }
    async with opened[name]() as one:
        yield one
        assert list(one.violations()) == []


async def asked(
    side: Side, *, by_status: bool, url: str | None = None, is_writable: bool = True
) -> BusyTimes:
    calendar = BusyAt(url or side.calendar_url, "UTC", is_writable)
    (found,) = await side.adapter.busy(side.account, [calendar], WINDOW, by_status=by_status)
    assert CANARY not in repr(found)
    return found


async def test_each_rule_counts_what_it_says_as_far_as_the_provider_tells(side: Side) -> None:
    """X07: and what usually counts is the same by either question."""
    told = TOLD[side.account.provider.value]
    there = [kind for kind in KINDS if side.mark(*times_of(kind), kind)]

    found = await asked(side, by_status=True)
    plain = await asked(side, by_status=False)

    assert [kinds_at(found.counted(rule)) for rule in RULES] == [
        [kind for kind in there for known in [told(kind)] if known and rule.counts(known)] for rule in RULES
    ]
    assert plain == BusyTimes.plain(found.counted(USUAL))


@pytest.mark.parametrize("side", ["google", "microsoft", "zoom"], indirect=True)
async def test_what_was_declined_or_cancelled_counts_by_no_rule(side: Side) -> None:
    """X07, R108. By CalDAV a server is not asked what anybody answered: there it is as it is marked."""
    side.add(FIRST, FIRST + timedelta(hours=1), is_declined=True)
    side.add(FIRST + timedelta(hours=2), FIRST + timedelta(hours=3), is_cancelled=True)

    assert (await asked(side, by_status=True)).by_kind == {}


async def test_feed_of_outlook_tells_every_kind() -> None:
    """X07, X20: where Outlook's word contradicts the standard's property, that one decides."""
    entries = [
        [
            "BEGIN:VEVENT",
            f"UID:{number}",
            *lasting(kind),
            *marks(kind.status),
            f"SUMMARY:{CANARY}",
            "END:VEVENT",
        ]
        for number, kind in enumerate(KINDS)
    ]
    odd = ["BEGIN:VEVENT", "UID:odd", *lasting(PLAIN), "X-MICROSOFT-CDO-BUSYSTATUS:FREE", "END:VEVENT"]
    lines = [line for entry in [*entries, odd] for line in entry]
    feed = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])

    async with outside(lambda _: answer(200, feed, ETag='"1"')) as server:
        feeds = IcsFeeds(SafeHttp(allow_loopback=True))
        asker = Account(Provider.ICS, f"{server.url}feed.ics", "", Secret(""))
        (found,) = await feeds.busy(asker, [BusyAt(asker.url, "UTC")], WINDOW, by_status=True)
        (plain,) = await feeds.busy(asker, [BusyAt(asker.url, "UTC")], WINDOW)

    assert found.by_kind == {kind: (span_of(kind),) for kind in KINDS}
    assert plain == BusyTimes.plain(found.counted())
    assert CANARY not in repr(feeds.__dict__)


def lasting(kind: Kind) -> list[str]:
    """Spell the times of the entry of a kind."""
    spelled = ";VALUE=DATE:%Y%m%d" if kind.is_all_day else ":%Y%m%dT%H%M%SZ"
    return [
        f"{name}{when:{spelled}}" for name, when in zip(("DTSTART", "DTEND"), times_of(kind), strict=True)
    ]


# What is Google's own: which of two questions is asked, and how.


@pytest.fixture
async def google() -> AsyncGenerator[GoogleSide]:
    """Open Google's side alone."""
    async with google_side() as one:
        yield one
        assert list(one.violations()) == []


async def test_list_has_a_mask_a_window_and_one_guest_at_most(google: GoogleSide) -> None:
    """R108, case 165: never a title, and no free-busy question besides."""
    google.add(FIRST, FIRST + timedelta(hours=1))
    google.fake.events.most_per_page = 1
    google.add(FIRST + timedelta(hours=2), FIRST + timedelta(hours=3))

    found = await asked(google, by_status=True)

    first, second = google.fake.asked("events.list")
    assert len(found.counted()) == 2
    assert first.query == {
        "timeMin": "2026-03-02T00:00:00Z",
        "timeMax": "2026-03-22T00:00:00Z",
        "singleEvents": "true",
        "maxAttendees": "1",
        "maxResults": "2500",
        "fields": MASK,
    }
    assert second.query == {**first.query, "pageToken": second.query["pageToken"]}
    assert google.fake.asked("freebusy.query") == []


async def test_usual_rule_asks_google_for_no_list(google: GoogleSide) -> None:
    """R108: the answer that says less is enough."""
    await asked(google, by_status=False)

    assert google.fake.asked("events.list") == []


async def test_calendar_of_somebody_else_tells_google_no_statuses(google: GoogleSide) -> None:
    """X07: our access to it is to free and busy times; what it has is busy."""
    shared = google.fake.add_calendar(EMAIL, "Team", role=READER)
    shared.add(FIRST, FIRST + timedelta(hours=1), status="tentative")

    found = await asked(google, by_status=True, url=shared.id, is_writable=False)

    assert found.by_kind == {PLAIN: ((WINDOW[0], WINDOW[0] + 60),)}
    assert google.fake.asked("events.list") == []


async def test_host_who_denied_us_entries_is_busy_by_the_other_question() -> None:
    """X07: granular consent may leave us free and busy times alone."""
    async with google_side() as google:
        google.mark(*times_of(Kind(BusyStatus.TENTATIVE)), Kind(BusyStatus.TENTATIVE))
        [grant] = google.fake.grants
        narrowed(grant)

        found = await asked(google, by_status=True)

    assert found.by_kind == {PLAIN: (span_of(Kind(BusyStatus.TENTATIVE)),)}
    assert [call.operation for call in google.fake.calls] == ["events.list", "freebusy.query"]


def narrowed(grant: Grant) -> None:
    """Take the permission to read and write entries out of a grant."""
    grant.scopes = frozenset(scope for scope in grant.scopes if "events" not in scope)


@pytest.mark.parametrize(
    ("start", "zone"),
    [
        ({"date": "2026-13-01"}, "UTC"),
        ({"date": "0001-01-01"}, "Asia/Tokyo"),
        ({"dateTime": "2026-03-02T09:00:00"}, "UTC"),
        ({}, "UTC"),
        ({"date": "2026-03-02"}, "Mars/Olympus"),
    ],
)
def test_entry_that_cannot_be_read_makes_all_of_it_unknown(start: dict[str, str], zone: str) -> None:
    """X07: nothing that is in doubt is left out as free."""
    entry = {"start": start, "end": {"dateTime": "2026-03-02T10:00:00Z"}, "status": "confirmed"}

    with pytest.raises(Transient):
        on_page({"timeZone": zone, "items": [entry]})


def test_own_answer_decides_and_an_unknown_type_is_busy() -> None:
    """X07."""
    times = {"start": {"dateTime": "2026-03-02T09:00:00Z"}, "end": {"dateTime": "2026-03-02T10:00:00Z"}}
    mine = {"attendees": [{"self": True, "responseStatus": "tentative"}]}
    theirs = {"attendees": [{"responseStatus": "tentative"}]}
    others = [mine, theirs, {"eventType": "siesta"}, {"eventType": "birthday"}, {"eventType": "focusTime"}]
    page = {"timeZone": "UTC", "items": [times | other for other in others]}

    assert [kind.status for kind, _ in on_page(page)] == ["tentative", "busy", "busy", "free", "busy"]
