"""What the studio arranges for its people: a page that each of them has, and who stands in for Maya."""

from datetime import timedelta

from app.wiring import Parts, now
from domain.absences import AbsenceDates, AbsenceReason
from domain.booking_pages import Place, PlaceKind
from domain.ids import TeamId
from domain.page_settings import PageSettings
from domain.page_templates import PageField, TemplateSettings
from domain.users import SignedIn

_INTRO = PageSettings(
    slug="hello",
    name="Hello, Larkspur",
    duration_minutes=20,
    place=Place(PlaceKind.LINK, "https://meet.larkspur.example/hello"),
    description="Twenty minutes with one of us, whatever you have in mind.",
)


async def template(parts: Parts, ada: SignedIn, team: TeamId) -> list[str]:
    """Let Ada give everybody in the team a page, whose name is hers to change; the links."""
    wanted = TemplateSettings(_INTRO, frozenset({PageField.NAME}), is_for_whole_team=True)
    made = await parts.services.page_templates.create(ada, wanted, team)
    async with parts.services.units.read() as unit:
        members = await unit.teams.everybody(made.organization_id, team)
    return [f"{member.user.handle}/{_INTRO.slug}" for member in members]


async def stand_in(parts: Parts, maya: SignedIn, kenji: SignedIn) -> dict[str, str]:
    """Let Maya go on holiday in a month, and Kenji see her visitors meanwhile, on a page of his."""
    first = now().date() + timedelta(days=30)
    dates = AbsenceDates(first, first + timedelta(days=9), maya.user.zone)
    absences = parts.services.absences
    absence = await absences.create(maya, dates, AbsenceReason.VACATION, kenji.user_id)
    page = await parts.services.pages.open_page("kenji/portfolio-review")
    await absences.agree(kenji, absence.id, page.id)
    return {"away": "maya", "first": str(first), "shown": "kenji/portfolio-review"}
