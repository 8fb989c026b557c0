"""The letter with the code by which an invitee proves their address before they book."""

from functools import partial

from domain.addresses import cleaned
from domain.notifications import Reader
from services.mails.language import Language
from services.mails.letters import Letter, Row, greeting

_MAX_SUBJECT = 180
_MAX_NAME = 100


def proof_letter(code: str, minutes: int, page_name: str, reader: Reader, words: Language) -> Letter:
    """Write what a mail with a code for a booking says."""
    say = partial(words.translate, reader.locale)
    page = cleaned(page_name)[:_MAX_NAME]
    return Letter(
        language=words.language(reader.locale),
        subject=say("{code} is your code to book: {page}", code=code, page=page)[:_MAX_SUBJECT],
        heading=say("Your code to book"),
        greeting=greeting(reader, say),
        lead=say(
            "Type this code where you book. It works for one booking, for {minutes} minutes.", minutes=minutes
        ),
        preview=say("It works once, for {minutes} minutes.", minutes=minutes),
        note=say("If you did not ask for it, ignore this mail. Never tell the code to anybody."),
        rows=(Row(say("What"), page),),
        code=code,
    )
