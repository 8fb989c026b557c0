"""The pages, as their owners have set them up."""

from datetime import timedelta

from app.wiring import Parts
from domain.booking_pages import (
    Conditions,
    PageHost,
    PageKind,
    Place,
    PlaceKind,
    Question,
    QuestionFormat,
    Turns,
)
from domain.page_hosts import TeamSettings
from domain.page_settings import PageSettings
from domain.resources import ResourceKind, ResourceSettings
from domain.slots.values import Assignment
from domain.users import SignedIn


def _question(key: str, label: str, kind: QuestionFormat, *choices: str, required: bool = True) -> Question:
    return Question(
        key=key,
        label=label,
        format=kind,
        choices=choices,
        is_required=required,
        is_enabled=True,
        takes_other=False,
    )


TOPIC = _question("topic", "What would you like to talk about?", QuestionFormat.TEXT, required=False)
_TEAM = _question(
    "team", "How large is your team?", QuestionFormat.SELECT, "Just me", "2 to 10", "More", required=False
)
PHONE = _question("phone", "On which number do I reach you?", QuestionFormat.PHONE_NUMBER)

PAGES = (
    (
        "ada",
        PageSettings(
            slug="intro",
            name="Intro call",
            duration_minutes=30,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/ada"),
            description="Half an hour to get to know each other and your project.",
            buffer_after_minutes=10,
            notice_minutes=120,
            questions=(TOPIC, _TEAM),
            invitation="I look forward to talking with you. A sketch or a link is welcome beforehand.",
            cancellation_policy="Please cancel at least an hour before: somebody else may want the time.",
            cancel_until=timedelta(hours=1),
            reschedule_until=timedelta(hours=1),
        ),
    ),
    (
        "ada",
        PageSettings(
            slug="office-hours",
            name="Open office hours",
            duration_minutes=60,
            place=Place(PlaceKind.IN_PERSON, "Larkspur Studio, Oranienstraße 6, 10997 Berlin"),
            description="Bring your exhibition plan; up to six people share the table.",
            kind=PageKind.GROUP,
            capacity=6,
            notice_minutes=60,
        ),
    ),
    (
        "kenji",
        PageSettings(
            slug="portfolio-review",
            name="ポートフォリオレビュー",
            duration_minutes=45,
            interval_minutes=30,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/kenji"),
            description="作品を一緒に見ながらお話しします。",
            notice_minutes=240,
        ),
    ),
    (
        "maya",
        PageSettings(
            slug="discovery-call",
            name="Discovery call",
            duration_minutes=30,
            place=Place(PlaceKind.HOST_CALLS, ""),
            description="Tell me what you are building and who it is for.",
            questions=(PHONE,),
            buffer_before_minutes=5,
            buffer_after_minutes=5,
        ),
    ),
    (
        "maya",
        PageSettings(
            slug="press",
            name="Press",
            duration_minutes=20,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/maya"),
            description="For journalists who have this link.",
            is_hidden=True,
        ),
    ),
    (
        "ada",
        PageSettings(
            slug="meet-the-studio",
            name="Meet the studio",
            duration_minutes=30,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/studio"),
            description="Whoever of us is free takes the call, so there is a time in every zone.",
        ),
    ),
    (
        "ada",
        PageSettings(
            slug="model-viewing",
            name="Model viewing",
            duration_minutes=60,
            place=Place(PlaceKind.IN_PERSON, "Larkspur Studio, Oranienstraße 6, 10997 Berlin"),
            description="See your exhibition as a model, in one of our two rooms, with the large projector.",
            notice_minutes=240,
        ),
    ),
    (
        "kenji",
        PageSettings(
            slug="critique",
            name="公開講評",
            duration_minutes=90,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/critique"),
            description="二人ずつの講評会です。満席のときは、空きをお待ちいただけます。",
            kind=PageKind.GROUP,
            capacity=2,
            conditions=Conditions(offer_lasts=timedelta(hours=2)),
        ),
    ),
    (
        "maya",
        PageSettings(
            slug="mentoring",
            name="Mentoring",
            duration_minutes=45,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/maya"),
            description="I take a few people a month, and answer within two days.",
            conditions=Conditions(approval_within=timedelta(days=2)),
        ),
    ),
)


async def share(parts: Parts, viewers: dict[str, SignedIn]) -> None:
    """Let all of the studio take the calls of one page by turns, evenly."""
    page = await parts.services.pages.open_page("ada/meet-the-studio")
    hosts = [PageHost(viewer.user_id, None) for viewer in viewers.values()]
    team = TeamSettings(Assignment.ANY, hosts, Turns.FAIRNESS)
    await parts.services.page_hosts.set_hosts(viewers["ada"], page.id, team, None)


async def need_rooms(parts: Parts, owner: SignedIn) -> None:
    """Let one page take a room, either of two, and the projector."""
    north, south, projector = [
        (await parts.services.resources.create(owner, ResourceSettings(name, kind, seats))).id
        for name, kind, seats in (
            ("North room", ResourceKind.ROOM, 6),
            ("South room", ResourceKind.ROOM, 4),
            ("Large projector", ResourceKind.EQUIPMENT, None),
        )
    ]
    page = await parts.services.pages.open_page("ada/model-viewing")
    await parts.services.resources.require(owner, page.id, [[north, south], [projector]], None)
