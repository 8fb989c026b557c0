"""The letter to a member who was given a booking page by a template."""

from functools import partial

from domain.notifications import GivenPage, Reader
from services.mails.language import Language
from services.mails.letters import Letter, Row, greeting, plain_name

_MAX_SUBJECT = 180


def page_given_letter(given: GivenPage, url: str, reader: Reader, words: Language) -> Letter:
    """Write what a member is told of a page that is theirs now, and of who keeps its template."""
    say = partial(words.translate, reader.locale)
    page = plain_name(given.name) or say("A booking page")
    team = plain_name(given.team or "")
    lead = (
        say("Those who manage the team {team} have given you a booking page.", team=team)
        if team
        else say("Your administrators have given you a booking page.")
    )
    yours = say("It offers your time, by your own hours and calendars.")
    return Letter(
        language=words.language(reader.locale),
        subject=say("You have a new booking page: {page}", page=page)[:_MAX_SUBJECT],
        heading=say("You have a new booking page"),
        greeting=greeting(reader, say),
        lead=f"{lead} {yours}",
        preview=lead,
        note=say("Some of its settings may be locked by them. Everything else is yours to change."),
        rows=(
            Row(say("What"), page),
            Row(say("Link"), given.link),
            Row(say("Open to visitors"), say("Yes") if given.is_active else say("No")),
        ),
        button=say("See your pages"),
        button_url=url,
    )
