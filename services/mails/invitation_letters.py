"""The letter that invites somebody into an organization."""

from functools import partial

from domain.members import INVITATION_LIFE, MailedInvitation
from domain.notifications import Reader
from services.mails.language import Language
from services.mails.letters import Letter, greeting, plain_name

_MAX_SUBJECT = 180


def invitation_letter(mailed: MailedInvitation, url: str, reader: Reader, words: Language) -> Letter:
    """Write what an invitation says.

    Whoever founds an organization can have this mail sent to strangers: a name that carries a link may be
    a message of theirs, and is left out (case 113).
    """
    say = partial(words.translate, reader.locale)
    organization, inviter = plain_name(mailed.organization_name), plain_name(mailed.inviter_name)
    if organization and inviter:
        lead = say(
            "{inviter} invites you to join {organization}.", inviter=inviter, organization=organization
        )
    elif organization:
        lead = say("You are invited to join {organization}.", organization=organization)
    else:
        lead = say("You are invited to join an organization.")
    lasts = say("The link works for this address alone, for {days} days.", days=INVITATION_LIFE.days)
    return Letter(
        language=words.language(reader.locale),
        subject=(say("Invitation: {organization}", organization=organization) if organization else lead)[
            :_MAX_SUBJECT
        ],
        heading=say("You are invited"),
        greeting=greeting(reader, say),
        lead=f"{lead} {lasts}",
        preview=lead,
        note=say("If you do not know who invites you, ignore this mail: nothing happens then."),
        button=say("See the invitation"),
        button_url=url,
    )
