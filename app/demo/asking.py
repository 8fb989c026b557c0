"""What the hosts send to others: links to their pages, and polls in which some have voted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from app.wiring import Parts, now
from domain.page_links import LinkSettings, Terms, starts_of
from domain.polls import BallotAnswer, PollSettings, Visibility
from domain.users import Guest, SignedIn
from services.polls import CastBallot, Invited, OpenPoll, Picked

_YES, _MAYBE, _NO = BallotAnswer.YES, BallotAnswer.IF_NEED_BE, BallotAnswer.NO
# Who has voted, from where, by which address if they gave one, what of each option, and a word beside it.
_OPENING = (
    ("Priya Raman", "Asia/Kolkata", "priya@example.org", (_YES, _MAYBE, _NO), "Late here, but gladly."),
    ("Lucía Ferrer", "America/Bogota", "lucia@example.org", (_NO, _YES, _YES), ""),
    ("Noor Haddad", "Europe/London", None, (_YES, _YES, _NO), "I bring the proofs."),
)
_TOUR = (
    ("Tomás", "America/Sao_Paulo", None, (_YES, _NO), ""),
    ("Wren", "Australia/Lord_Howe", None, (_YES, _YES), ""),
)


async def sent_links(parts: Parts, viewers: dict[str, SignedIn]) -> list[dict[str, str]]:
    """Let Ada send one visitor a link that is good once, and Maya pick evenings for a talk with another."""
    evening = _at(22, 30)  # the afternoon or evening at hers
    picked = starts_of([evening + timedelta(days=days) for days in (8, 9, 13)])
    once = LinkSettings("A long first talk with Noor", email="noor@example.org", terms=Terms(length=50))
    talk = LinkSettings("Podcast with Lucía, after work", terms=Terms(length=45, starts=picked))
    told: list[dict[str, str]] = []
    for slug, wanted in (("ada/intro", once), ("maya/press", talk)):
        page = await parts.services.pages.open_page(slug)
        viewer = viewers[slug.partition("/")[0]]
        made = await parts.services.page_links.create(viewer, page.id, wanted, offers_busy=True)
        told.append({"page": slug, "label": wanted.label, "secret": made.secret})
    return told


async def opened_polls(parts: Parts, viewers: dict[str, SignedIn]) -> list[dict[str, str]]:
    """Let Ada ask three continents when the catalogue is opened, and Maya who comes to a tour on which day.

    Ada's closes by itself as soon as Kenji, who is required and has not voted, agrees with those who have:
    his link is in his mail. Maya's has four places a day, and shows counts alone.
    """
    days = [_at(0, 0).date() + timedelta(days=number) for number in (10, 11)]
    opening = OpenPoll(
        page_id=(await parts.services.pages.open_page("ada/intro")).id,
        picked=Picked(
            starts=tuple(_at(12, 0) + timedelta(days=number) for number in (9, 10, 12)),
            places=(None, None, None),
            length=timedelta(minutes=45),
        ),
        settings=PollSettings(
            "Opening of the winter catalogue",
            "Forty-five minutes for everybody who wrote in it. Choose all that you could make.",
            deadline=_at(0, 0) + timedelta(days=8),
            holds_times=True,
            closes_on_consensus=True,
            undo_within=timedelta(minutes=10),
            reminders=(timedelta(days=1),),
        ),
        invited=(Invited(member=viewers["kenji"].user_id, is_required=True),),
        offers_busy=True,
    )
    tour = OpenPoll(
        page_id=(await parts.services.pages.open_page("maya/press")).id,
        picked=Picked(days=tuple(days), places=(4, 4)),
        settings=PollSettings("Tour of the studio", visibility=Visibility.COUNTS),
        offers_busy=True,
    )
    told: list[dict[str, str]] = []
    for host, wanted, votes in (("ada", opening, _OPENING), ("maya", tour, _TOUR)):
        made = await parts.services.polls.organizing.open(viewers[host], wanted)
        for name, zone, email, said, comment in votes:
            await _vote(parts, made.token, (name, zone, email), said, comment)
        told.append({"title": wanted.settings.title, "organizer": host, "secret": made.token})
    return told


async def _vote(
    parts: Parts,
    token: str,
    voter: tuple[str, str, str | None],
    said: Sequence[BallotAnswer],
    comment: str,
) -> None:
    name, zone, email = voter
    ballot = CastBallot(
        token=token,
        name=name,
        email=email,
        zone=zone,
        locale="en",
        answers=list(enumerate(said, 1)),
        comment=comment,
        idempotency_key=str(uuid4()),
    )
    await parts.services.polls.voting.cast(Guest("127.0.0.1"), ballot)


def _at(hour: int, minute: int) -> datetime:
    return now().replace(hour=hour, minute=minute, second=0, microsecond=0)
