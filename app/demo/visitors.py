"""Who books, and who waits."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from app.demo.pages import PHONE, TOPIC
from app.settings import Settings
from app.wiring import Parts, now, wire
from domain.intervals import instant_of
from domain.open_slots import FindSlots
from domain.users import Guest
from services.bookings import BookSlot, WaitFor

# Who books what: the page, how many days from now (past ones before), which of the day's slots, and whom.
_STORY = (
    ("ada/office-hours", -6, 1, "Ibrahim Sesay", "ibrahim@example.org", "Europe/London"),
    ("maya/discovery-call", -3, 2, "Lucía Prieto", "lucia@example.org", "America/Bogota"),
    ("ada/office-hours", 4, 0, "Tomasz Król", "tomasz@example.org", "Europe/Warsaw"),
    ("ada/office-hours", 4, 0, "Noor Haddad", "noor@example.org", "Asia/Amman"),
    ("kenji/portfolio-review", 5, 1, "佐々木 花", "hana@example.org", "Asia/Tokyo"),
    ("ada/model-viewing", 6, 1, "Ibrahim Sesay", "ibrahim@example.org", "Europe/London"),
    ("ada/meet-the-studio", 3, 2, "Amara Diallo", "amara@example.org", "Africa/Dakar"),
    ("kenji/critique", 7, 0, "山本 葵", "aoi@example.org", "Asia/Tokyo"),
    ("kenji/critique", 7, 0, "Lars Vik", "lars@example.org", "Europe/Oslo"),
    ("maya/mentoring", 8, 2, "Priya Nair", "priya@example.org", "Asia/Kolkata"),
    ("maya/discovery-call", 6, 3, "Grace Adeyemi", "grace@example.org", "America/Chicago"),
)


async def bookings(settings: Settings, parts: Parts) -> dict[str, datetime]:
    """Let visitors book: some as of ten days ago, for meetings that are over by now.

    Gives each page's last booking's start.
    """
    starts: dict[str, datetime] = {}
    earlier = wire(settings, clock=lambda: now() - timedelta(days=10))
    try:
        for slug, days, which, *who in _STORY:
            start = await _book(earlier if days < 0 else parts, slug, days, which, *who)
            if start is not None:
                starts[slug] = start
    finally:
        await earlier.close()
    await parts.services.bookings.keeping.finish_past()
    return starts


async def wait(parts: Parts, starts: Mapping[str, datetime]) -> None:
    """Let somebody wait for the critique that two others have filled."""
    slug = "kenji/critique"
    if slug in starts:
        waits = WaitFor(
            slug, starts[slug], "Inés Duarte", "ines@example.org", "Europe/Lisbon", "en", str(uuid4())
        )
        await parts.services.bookings.waiting.join(Guest("127.0.0.1"), waits)


async def _book(
    parts: Parts, slug: str, days: int, which: int, name: str, email: str, zone: str
) -> datetime | None:
    page = await parts.services.pages.open_page(slug)
    day = now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    found = await parts.services.availability.open_slots(FindSlots(page, day, day + timedelta(days=5)))
    if len(found.slots) <= which:
        return None
    start = instant_of(found.slots[which].start)
    said = {TOPIC.key: ("The winter exhibition",), PHONE.key: ("+1 312 555 0142",)}
    answers = {question.key: said[question.key] for question in page.questions if question.is_required}
    await parts.services.bookings.taking.book(
        Guest("127.0.0.1"),
        BookSlot(
            slug=slug,
            start=start,
            name=name,
            email=email,
            zone=zone,
            locale="ja" if zone == "Asia/Tokyo" else "en",
            answers=answers,
            hold=None,
            idempotency_key=str(uuid4()),
        ),
    )
    return start
