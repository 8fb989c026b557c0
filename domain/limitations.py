"""What is not supported, said to people and programs before they look for it (R140); docs/limits.md has more.

`limits` of the API and the table of that document are this list; a test compares them.
"""

from domain.errors import RuleBroken


class Unsupported(RuleBroken):
    """A function that there is not; each has a code of its own."""


class PageProtection(Unsupported):
    """No lock on pages (R141)."""

    code = "PAGE_PROTECTION"
    sentence = "A booking page has no password and no single sign-on: whoever knows its link can open it."


class Attachments(Unsupported):
    """No files (R142)."""

    code = "ATTACHMENTS"
    sentence = "No file can be attached to a booking page or its invitations."


class CustomerKeys(Unsupported):
    """No keys of an organization's own (R143)."""

    code = "CUSTOMER_MANAGED_KEYS"
    sentence = "An organization cannot bring keys of its own for what is stored; the operator holds them."


class CalendarRollOut(Unsupported):
    """No connecting for others (R144)."""

    code = "CALENDAR_ROLL_OUT"
    sentence = "Nobody connects calendars for others, an administrator neither: each person does it alone."


class OnPremisesExchange(Unsupported):
    """No Exchange servers (R145)."""

    code = "ON_PREMISES_EXCHANGE"
    sentence = "Exchange on a server of one's own is not supported; Microsoft 365 is."


class TextMessages(Unsupported):
    """No SMS (R146 to R149)."""

    code = "TEXT_MESSAGES"
    sentence = "No text messages are sent; people are told by mail."


LIMITATIONS: tuple[type[Unsupported], ...] = (
    PageProtection,
    Attachments,
    CustomerKeys,
    CalendarRollOut,
    OnPremisesExchange,
    TextMessages,
)
