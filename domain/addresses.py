"""What people type: mail addresses, one mailbox or a refusal, and texts without hidden marks."""

import re
import unicodedata

from domain.errors import InvalidInput

MAX_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
_MAX_LOCAL = 64
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DOTS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "\0"))  # IDNA would read them as dots

# What IDNA 2003 and 2008 read differently: one spelling would be two mailboxes.
_AMBIGUOUS = frozenset("ß\u03c2\u200c\u200d")

_BREAKS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"  # controls; tab and line breaks are read before
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"  # marks that turn or hide text
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_TAGGED = re.compile(r"^([^+@]+)\+[^@]*@")
_SPACES = re.compile("[ \t]+")
_BLANK_LINES = re.compile("\n{3,}")
_LINK = re.compile(r"://|\bwww\.|\w\.\w{2,}", re.IGNORECASE)


def email_address(text: str, *path: str) -> str:
    """Read exactly one mailbox: `local@domain` with an ASCII local part and an IDNA domain, or InvalidInput.

    The domain comes back in lower-case ASCII, the local part as it was typed: mail goes there. Quoted
    local parts, lists, routes, names, literals and everything with a control are refused.
    """
    address = text.strip(" ")
    local, at, domain = address.rpartition("@")
    if not at or len(address) > MAX_ADDRESS or len(local) > _MAX_LOCAL or not _LOCAL.fullmatch(local):
        raise _not_an_address(path)
    found = f"{local}@{_ascii_domain(domain, path)}"
    if len(found) > MAX_ADDRESS:
        raise _not_an_address(path)
    return found


def canonical(address: str) -> str:
    """Spell an address, as `email_address` gave it, in the one way by which addresses are compared."""
    return address.lower()


def one_person(address: str) -> str:
    """Spell an address, as `email_address` gave it, alike for all that one person can easily make of it.

    The part from a + on is left out: most servers deliver there what comes with any.
    """
    return _TAGGED.sub(r"\1@", canonical(address))


def cleaned(text: str, *, keeps_lines: bool = False) -> str:
    """Give the text in NFC without controls, hidden marks and marks that turn the direction; never refuses.

    Line breaks of every kind become newlines where lines are kept, and spaces elsewhere.
    """
    plain = _INVISIBLE.sub("", _BREAKS.sub("\n", text))
    if keeps_lines:
        lines = (_SPACES.sub(" ", line).strip() for line in plain.split("\n"))
        return unicodedata.normalize("NFC", _BLANK_LINES.sub("\n\n", "\n".join(lines))).strip()
    return unicodedata.normalize("NFC", _SPACES.sub(" ", plain.replace("\n", " "))).strip()


def display_text(
    text: str, limit: int, *path: str, is_required: bool = True, keeps_lines: bool = False
) -> str:
    """Clean a text to be shown; InvalidInput where it is longer than `limit` characters or missing."""
    if len(text) > 4 * limit:  # before any work: to normalise a long text is slow
        raise _too_long(path)
    shown = cleaned(text, keeps_lines=keeps_lines)
    if len(shown) > limit:
        raise _too_long(path)
    if is_required and not shown:
        raise InvalidInput("This may not be empty.", *path)
    return shown


def has_link(text: str) -> bool:
    """Say whether a mail program would make a link of some of the text."""
    return _LINK.search(text) is not None


def _ascii_domain(domain: str, path: tuple[str, ...]) -> str:
    lowered = domain.lower().translate(_DOTS)
    if unicodedata.normalize("NFKC", lowered) != lowered or not _AMBIGUOUS.isdisjoint(lowered):
        raise _not_an_address(path)
    try:
        labels = lowered.encode("idna").decode("ascii").split(".")
        _ = [label.encode("ascii").decode("idna") for label in labels]  # a forged xn-- label fails here
    except UnicodeError:
        raise _not_an_address(path) from None
    if len(labels) == 1 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise _not_an_address(path)
    return ".".join(labels)


def _not_an_address(path: tuple[str, ...]) -> InvalidInput:
    return InvalidInput("This is not a mail address.", *path)


def _too_long(path: tuple[str, ...]) -> InvalidInput:
    return InvalidInput("This is too long.", *path)
