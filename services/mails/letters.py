"""Letters: what a mail says, before it is dressed as text or HTML."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from domain.addresses import cleaned, has_link
from domain.notifications import Audience, BookingFacts, Reader, Telling
from services.mails.language import Language

_MAX_NAME = 100
_MAX_SUBJECT = 180
_MAX_TEXT = 4000
_CANCELLED = frozenset({Telling.CANCELLED, Telling.SERIES_CANCELLED, Telling.DECLINED, Telling.LAPSED})


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled value. Only `url`, which is the host's place, becomes a link."""

    label: str
    value: str
    url: str | None = None
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything a mail says, in the reader's language; `note` is the small print."""

    language: str
    subject: str
    heading: str
    greeting: str
    lead: str
    preview: str
    note: str
    rows: tuple[Row, ...] = ()
    code: str = ""
    button: str = ""
    button_url: str = ""


class Say(Protocol):
    """Says an English sentence in one reader's language, its `{names}` filled in."""

    def __call__(self, msgid: str, /, **values: object) -> str:
        """Say it."""
        ...


def booking_letter(telling: Telling, facts: BookingFacts, reader: Reader, words: Language) -> Letter:
    """Write what a mail about a booking says to one reader."""
    say = partial(words.translate, reader.locale)
    page = _name(facts.page_name)
    is_host = reader.audience is Audience.HOST
    is_cancelled = telling in _CANCELLED
    hosts = words.listed(reader.locale, [_name(host.name) for host in facts.hosts])
    heading = _heading(telling, say, is_host=is_host)
    day = words.day(reader.locale, reader.zone, facts.start)
    who = _whom(telling, facts, say) if is_host else _with_whom(telling, facts, hosts, say)
    if is_host and is_cancelled and facts.booking_stands:
        who = f"{who} {say('The session takes place with the others.')}"
    return Letter(
        language=words.language(reader.locale),
        subject=say("{heading}: {page}, {day}", heading=heading, page=page, day=day)[:_MAX_SUBJECT],
        heading=heading,
        greeting=greeting(reader, say),
        lead=who,
        preview=f"{page} · {words.interval(reader.locale, reader.zone, facts.start, facts.end)}",
        note=_note(say, is_host=is_host),
        rows=(
            Row(say("What"), page),
            *_time_rows(telling, facts, reader, words),
            *_place_rows(facts, say, is_cancelled=is_cancelled),
            *_resource_rows(facts, reader, words, is_cancelled=is_cancelled),
            *(
                _host_rows(facts, say)
                if is_host
                else _invitee_rows(facts, hosts, say, is_cancelled=is_cancelled)
            ),
        ),
        button="" if is_cancelled and not is_host else _button(say, is_host=is_host),
        button_url=facts.dashboard_url if is_host else facts.manage_url,
    )


def code_letter(code: str, minutes: int, reader: Reader, words: Language) -> Letter:
    """Write what a mail with a sign-in code says."""
    say = partial(words.translate, reader.locale)
    return Letter(
        language=words.language(reader.locale),
        subject=say("{code} is your sign-in code", code=code),
        heading=say("Your sign-in code"),
        greeting=greeting(reader, say),
        lead=say(
            "Type this code where you asked for it. It works once, for {minutes} minutes.", minutes=minutes
        ),
        preview=say("It works once, for {minutes} minutes.", minutes=minutes),
        note=say("If you did not ask for it, ignore this mail. Never tell the code to anybody."),
        code=code,
    )


def reconnect_letter(label: str, url: str, reader: Reader, words: Language) -> Letter:
    """Write what a mail says about a calendar that refuses us: till it is opened again nothing is offered."""
    say = partial(words.translate, reader.locale)
    name = _name(label)
    return Letter(
        language=words.language(reader.locale),
        subject=say("Your calendar needs to be connected again: {name}", name=name)[:_MAX_SUBJECT],
        heading=say("Connect your calendar again"),
        greeting=greeting(reader, say),
        lead=say(
            "{name} does not let us in any more. Until you connect it again, your booking pages offer "
            "none of your time, so that nobody books what is taken.",
            name=name,
        ),
        preview=say("Until then your booking pages offer none of your time."),
        note=say("You get this mail once, because this calendar is connected to your account."),
        button=say("Connect again"),
        button_url=url,
    )


def calendar_text(facts: BookingFacts, reader: Reader, words: Language) -> str:
    """Write what stands in the reader's own calendar below the title."""
    say = partial(words.translate, reader.locale)
    place_rows = (
        *_place_rows(facts, say, is_cancelled=False),
        *_resource_rows(facts, reader, words, is_cancelled=False),
    )
    if reader.audience is Audience.HOST:
        rows, link = _host_rows(facts, say), f"{say('See the booking')}: {facts.dashboard_url}"
    else:
        rows, link = (), f"{say('Change or cancel')}: {facts.manage_url}"
    parts = [
        cleaned(text, keeps_lines=True)[:_MAX_TEXT]
        for text in (facts.invitation or facts.description, facts.cancellation_policy)
    ]
    lines = [f"{row.label}: {row.value}" for row in (*place_rows, *rows)]
    return "\n\n".join(part for part in (*parts, "\n".join(lines), link) if part)


def _heading(telling: Telling, say: Say, *, is_host: bool) -> str:
    confirmed = say("New booking") if is_host else say("Confirmed")
    headings = {
        Telling.CONFIRMED: confirmed,
        Telling.SERIES: confirmed,
        Telling.RESCHEDULED: say("Moved"),
        Telling.CANCELLED: say("Cancelled"),
        Telling.SERIES_CANCELLED: say("Cancelled"),
        Telling.REMINDER: say("Reminder"),
        Telling.LINK: say("The link"),
        Telling.REASSIGNED: say("New booking") if is_host else say("Another host"),
        Telling.RELIEVED: say("Handed over"),
        Telling.REQUESTED: say("Please answer") if is_host else say("Waiting for an answer"),
        Telling.DECLINED: say("Declined"),
        Telling.LAPSED: say("Not answered"),
    }
    if telling not in headings:
        raise ValueError("this mail is about no booking")
    return headings[telling]


def _with_whom(telling: Telling, facts: BookingFacts, hosts: str, say: Say) -> str:  # noqa: PLR0911 -- one each
    count = len(facts.times)
    match telling:
        case Telling.RESCHEDULED:
            return say("Your booking with {hosts} has been moved.", hosts=hosts)
        case Telling.CANCELLED:
            return say("Your booking with {hosts} has been cancelled.", hosts=hosts)
        case Telling.SERIES_CANCELLED:
            return say("Your bookings with {hosts} at these times have been cancelled.", hosts=hosts)
        case Telling.REMINDER:
            return say("Your booking with {hosts} is coming up.", hosts=hosts)
        case Telling.LINK:
            return say("Here is the link for your booking with {hosts}.", hosts=hosts)
        case Telling.REASSIGNED:
            return say("Your booking stands, with {hosts} now.", hosts=hosts)
        case Telling.REQUESTED:
            return say("Your time with {hosts} is kept for you until they answer.", hosts=hosts)
        case Telling.DECLINED:
            return say("{hosts} cannot take this booking.", hosts=hosts)
        case Telling.LAPSED:
            return say("{hosts} did not answer in time, so there is no booking.", hosts=hosts)
        case _:
            return (
                say("Your {count} bookings with {hosts} are confirmed.", count=count, hosts=hosts)
                if telling is Telling.SERIES
                else say("Your booking with {hosts} is confirmed.", hosts=hosts)
            )


def _whom(telling: Telling, facts: BookingFacts, say: Say) -> str:  # noqa: PLR0911 -- one each
    invitee, count = _name(facts.invitee.name), len(facts.times)
    match telling:
        case Telling.RESCHEDULED:
            return say("The booking of {invitee} has been moved.", invitee=invitee)
        case Telling.CANCELLED:
            return say("The booking of {invitee} has been cancelled.", invitee=invitee)
        case Telling.SERIES_CANCELLED:
            return say("The bookings of {invitee} at these times have been cancelled.", invitee=invitee)
        case Telling.REMINDER:
            return say("The booking of {invitee} is coming up.", invitee=invitee)
        case Telling.LINK:
            return say("Here is the link for the booking of {invitee}.", invitee=invitee)
        case Telling.REASSIGNED:
            return say("The booking of {invitee} is yours now.", invitee=invitee)
        case Telling.RELIEVED:
            return say("The booking of {invitee} has another host now. You need not come.", invitee=invitee)
        case Telling.REQUESTED:
            return say("{invitee} asks for a time with you. Approve or decline it.", invitee=invitee)
        case Telling.LAPSED:
            return say("The request of {invitee} was not answered in time.", invitee=invitee)
        case _:
            return (
                say("{invitee} has booked {count} times with you.", invitee=invitee, count=count)
                if telling is Telling.SERIES
                else say("{invitee} has booked a time with you.", invitee=invitee)
            )


def greeting(reader: Reader, say: Say) -> str:
    """Greet by name; a name that carries a link may be a stranger's message to the reader (case 113)."""
    name = _name(reader.name)
    return say("Hello {name},", name=name) if name and not has_link(name) else say("Hello,")


def _time_rows(telling: Telling, facts: BookingFacts, reader: Reader, words: Language) -> tuple[Row, ...]:
    say = partial(words.translate, reader.locale)
    *others, last = facts.times or ((facts.start, facts.end),)
    lines = [words.interval(reader.locale, reader.zone, *each) for each in others]
    times = "\n".join((*lines, _times(*last, reader, words)))
    when = Row(say("When"), times, is_past=telling in _CANCELLED)
    if telling is not Telling.RESCHEDULED or facts.old_start is None:
        return (when,)
    old_end = facts.old_start + (facts.end - facts.start)
    return (when, Row(say("Before"), _times(facts.old_start, old_end, reader, words), is_past=True))


def _times(start: datetime, end: datetime, reader: Reader, words: Language) -> str:
    """Spell an interval and, below it, the zone as it is called then."""
    interval = words.interval(reader.locale, reader.zone, start, end)
    return f"{interval}\n{words.zone_name(reader.locale, reader.zone, start)}"


def _place_rows(facts: BookingFacts, say: Say, *, is_cancelled: bool) -> tuple[Row, ...]:
    url = facts.place.url or ""
    text = cleaned(facts.place.text, keeps_lines=True)[:_MAX_TEXT]
    if facts.place.link_follows:
        text = f"{text}\n{say('The link follows.')}"
    if is_cancelled or not (text or url):
        return ()
    rows = (Row(say("Where"), text or url, url=None if text else _safe(url)),)
    return (*rows, Row(say("Link"), url, url=_safe(url))) if text and url else rows


def _resource_rows(
    facts: BookingFacts, reader: Reader, words: Language, *, is_cancelled: bool
) -> tuple[Row, ...]:
    if is_cancelled or not facts.resources:
        return ()
    label = words.translate(reader.locale, "Rooms and equipment")
    return (Row(label, words.listed(reader.locale, [_name(name) for name in facts.resources])),)


def _invitee_rows(facts: BookingFacts, hosts: str, say: Say, *, is_cancelled: bool) -> tuple[Row, ...]:
    rows = [Row(say("With"), hosts)]
    if is_cancelled:
        rows.append(Row(say("Reason"), cleaned(facts.cancel_reason, keeps_lines=True)))
    else:
        rows.append(Row(say("About"), cleaned(facts.invitation or facts.description, keeps_lines=True)))
        rows.append(Row(say("If you cannot come"), cleaned(facts.cancellation_policy, keeps_lines=True)))
    return _filled(rows)


def _host_rows(facts: BookingFacts, say: Say) -> tuple[Row, ...]:
    rows = [
        Row(say("Invitee"), _name(facts.invitee.name)),
        Row(say("Mail"), facts.invitee.address),
        Row(say("Zone"), facts.invitee_zone),
        Row(say("Reason"), cleaned(facts.cancel_reason, keeps_lines=True)),
        *(Row(cleaned(answer.question), cleaned(answer.text, keeps_lines=True)) for answer in facts.answers),
    ]
    return _filled(rows)


def _filled(rows: list[Row]) -> tuple[Row, ...]:
    return tuple(Row(row.label, row.value[:_MAX_TEXT], row.url) for row in rows if row.value)


def _note(say: Say, *, is_host: bool) -> str:
    if is_host:
        return say("You get this mail because you are a host of this booking.")
    return say("This address was given for the booking. If that was not you, ignore this mail.")


def _button(say: Say, *, is_host: bool) -> str:
    return say("See the booking") if is_host else say("Change or cancel")


def plain_name(name: str) -> str:
    """Give what a colleague calls somebody or something, or nothing where it carries a link (case 113)."""
    short = _name(name)
    return "" if has_link(short) else short


def _name(name: str) -> str:
    return cleaned(name)[:_MAX_NAME]


def _safe(url: str) -> str | None:
    return url if url.startswith("https://") and cleaned(url) == url and " " not in url else None
