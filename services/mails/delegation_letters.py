"""Letters of delegation: the question to a delegate, the word to a principal, the copy of a host's mail."""

from dataclasses import dataclass, replace
from functools import partial

from domain.delegation import ANSWER_WITHIN, Delegation
from domain.notifications import Reader
from domain.users import DelegationScope
from services.mails.language import Language
from services.mails.letters import Letter, Row, Say, greeting, plain_name

_MAX_SUBJECT = 180


@dataclass(frozen=True, slots=True)
class MailedDelegation:
    """A delegation on its way to a mailbox, with the names of those in it; the delegate's may be unknown."""

    delegation: Delegation
    principal: str
    giver: str
    delegate: str


def delegate_invitation_letter(mailed: MailedDelegation, url: str, reader: Reader, words: Language) -> Letter:
    """Write what somebody is asked who is to act for a colleague."""
    say = partial(words.translate, reader.locale)
    principal = plain_name(mailed.principal) or say("A colleague")
    lead = say("{principal} asks you to act for them.", principal=principal)
    days = ANSWER_WITHIN.days
    return Letter(
        language=words.language(reader.locale),
        subject=lead[:_MAX_SUBJECT],
        heading=say("Act for a colleague"),
        greeting=greeting(reader, say),
        lead=f"{lead} {say('You can answer for {days} days, signed in with this address.', days=days)}",
        preview=lead,
        note=say("If you do not want to, decline, or ignore this mail: nothing happens then."),
        rows=_terms(mailed.delegation, reader, words),
        button=say("Answer"),
        button_url=url,
    )


def delegated_letter(mailed: MailedDelegation, url: str, reader: Reader, words: Language) -> Letter:
    """Write what a principal is told for whom an administrator has let somebody act."""
    say = partial(words.translate, reader.locale)
    giver = plain_name(mailed.giver) or say("An administrator")
    lead = say(
        "{giver} has asked {delegate} to act for you. You can change or end that at any time.",
        giver=giver,
        delegate=plain_name(mailed.delegate) or mailed.delegation.address,
    )
    return Letter(
        language=words.language(reader.locale),
        subject=say("Somebody is to act for you"),
        heading=say("Somebody is to act for you"),
        greeting=greeting(reader, say),
        lead=lead,
        preview=lead,
        note=say("You get this mail because your organization lets its administrators do this."),
        rows=_terms(mailed.delegation, reader, words),
        button=say("See who acts for you"),
        button_url=url,
    )


def copied(letter: Letter, host: str, reader: Reader, words: Language) -> Letter:
    """Make the copy of a letter to a host that their delegate reads."""
    say = partial(words.translate, reader.locale)
    name = plain_name(host) or say("A colleague")
    return replace(
        letter,
        lead=say("A copy of what {host} is told: {text}", host=name, text=letter.lead),
        note=say("You get this mail because you act for {host}.", host=name),
    )


def _terms(delegation: Delegation, reader: Reader, words: Language) -> tuple[Row, ...]:
    say = partial(words.translate, reader.locale)
    scopes = [_scope(scope, say) for scope in DelegationScope if scope in delegation.terms.scopes]
    ends_at = delegation.terms.ends_at
    until = words.moment(reader.locale, reader.zone, ends_at) if ends_at else say("until one of you ends it")
    return (Row(say("What for"), "\n".join(scopes)), Row(say("Until"), until))


def _scope(scope: DelegationScope, say: Say) -> str:
    match scope:
        case DelegationScope.PAGES:
            return say("Booking pages")
        case DelegationScope.BOOKINGS:
            return say("Bookings")
        case DelegationScope.AVAILABILITY:
            return say("Hours and absences")
        case DelegationScope.POLLS:
            return say("Polls")
