"""The demo's routing form: a studio that asks its visitors three questions, and who has come by."""

from datetime import timedelta
from uuid import uuid4

from app.wiring import Parts, now
from domain.booking_pages import BookingPage, Question, QuestionFormat
from domain.intervals import instant_of
from domain.member_attributes import MemberAttribute
from domain.open_slots import FindSlots
from domain.routing import Comparison, Condition, Destination, DestinationKind, Joining, MemberSought, Rule
from domain.routing_forms import FormSettings
from domain.users import Guest, SignedIn
from services.bookings import BookSlot
from services.routing import Submit


def _question(key: str, label: str, kind: QuestionFormat, *choices: str) -> Question:
    return Question(key, label, kind, choices, is_required=not choices, is_enabled=True, takes_other=False)


_LANGUAGES = ("English", "日本語", "Deutsch")
_FORM = FormSettings(
    slug="start",
    name="Where shall we begin?",
    description="Three questions, and you are with the right one of us.",
    questions=(
        _question("topic", "What are you planning?", QuestionFormat.TEXT),
        _question("language", "Which language do you speak with us?", QuestionFormat.SELECT, *_LANGUAGES),
        _question("mail", "Your mail address", QuestionFormat.STRING),
    ),
    rules=(
        Rule(
            "Journalists",
            Joining.ANY,
            (
                Condition("mail", Comparison.MAIL_DOMAIN, ("daily.example", "radio.example")),
                Condition("topic", Comparison.CONTAINS, ("interview",)),
            ),
            Destination(DestinationKind.URL, url="https://larkspur.example/press"),
        ),
        Rule(
            "Portfolios, in the visitor's language",
            Joining.ALL,
            (
                Condition("topic", Comparison.CONTAINS, ("portfolio",)),
                Condition("language", Comparison.ANSWERED),
            ),
            Destination(
                DestinationKind.MEMBER,
                member=MemberSought("portfolio-review", attribute="language", question="language"),
            ),
        ),
        Rule(
            "Exhibitions",
            Joining.ALL,
            (Condition("topic", Comparison.CONTAINS, ("exhibition",)),),
            Destination(DestinationKind.PAGE, slug="ada/intro"),
        ),
    ),
    otherwise=Destination(
        DestinationKind.TEXT,
        text="Thank you. Please write to hello@larkspur.example.",
    ),
)
_GUEST = Guest("127.0.0.1")
_VISITORS = (
    ("The winter exhibition", "English", "noor@example.org"),
    ("My portfolio, 12 pieces", "日本語", "hana@example.org"),
    ("An interview for Sunday", "English", "lea@radio.example"),
    ("A logo", "Deutsch", "jonas@example.org"),
)


async def routing_story(parts: Parts, ada: SignedIn, kenji: SignedIn) -> dict[str, object]:
    """Let Ada ask visitors where they belong, and four of them answer; say where each was sent."""
    attributes = [MemberAttribute("language", "日本語"), MemberAttribute("language", "English")]
    await parts.services.member_attributes.set(ada, kenji.user_id, attributes)
    form = await parts.services.routing_forms.create(ada, _FORM)
    slug = f"{ada.user.handle}/{_FORM.slug}"
    sent: list[dict[str, str]] = []
    for topic, language, mail in _VISITORS:
        answers = {"topic": (topic,), "language": (language,), "mail": (mail,)}
        command = Submit(slug, form.revision, answers, str(uuid4()))
        done = await parts.services.routing.submit(_GUEST, command)
        led = done.led
        page = f"{led.page.owner.handle}/{led.page.page.slug}" if led.page else ""
        sent.append({"topic": topic, "to": page or led.url or led.text})
        if led.page and led.page.owner.id == ada.user_id:
            await _book(parts, page, led.page.page, mail, done.secret)
    return {"form": slug, "visitors": sent}


async def _book(parts: Parts, slug: str, page: BookingPage, mail: str, secret: str | None) -> None:
    """Let a visitor book where they were sent, with the secret that says so."""
    start = now() + timedelta(days=8)
    found = await parts.services.availability.open_slots(FindSlots(page, start, start + timedelta(days=5)))
    for slot in found.slots[2:3]:
        command = BookSlot(
            slug=slug,
            start=instant_of(slot.start),
            name="Noor Haddad",
            email=mail,
            zone="Asia/Amman",
            locale="en",
            answers={},
            hold=None,
            idempotency_key=str(uuid4()),
            submission=secret,
        )
        await parts.services.bookings.taking.book(_GUEST, command)
