"""The form of every secret we hand out: `kind_` + base62 + six characters of checksum.

The form can be scanned for in logs and code; the checksum tells a typing error from a wrong token
without a look into the database. Only hashes of tokens are stored.
"""

import hashlib
import zlib
from enum import StrEnum

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = 6
_MAX = 80


class TokenKind(StrEnum):
    """What a token is for; it stands at the token's start."""

    SESSION = "sgs"
    API_KEY = "sgk"
    HOLD = "sgh"
    MANAGE = "sgm"
    SOCKET_TICKET = "sgt"
    CONSENT = "sgc"
    SIGN_IN = "sgq"
    BROWSER = "sgb"
    INVITATION = "sgi"
    WAITER = "sgw"
    PAGE_LINK = "sgl"
    POLL = "sgp"
    BALLOT = "sgv"
    ORGANIZER = "sgo"
    SUBMISSION = "sgr"


def token(kind: TokenKind, secret: bytes) -> str:
    """Spell `secret` (20 bytes or more) as a token of its kind."""
    number = int.from_bytes(b"\x01" + secret, "big")  # the leading one keeps leading zeros
    body = f"{kind}_{_base62(number)}"
    return body + _checksum(body)


def token_kind(text: str) -> TokenKind | None:
    """Say of which kind a well-formed token is; None for anything that we cannot have made."""
    name, underscore, rest = text.partition("_")
    if not underscore or not _CHECK < len(rest) <= _MAX or not rest.isascii() or not rest.isalnum():
        return None
    if _checksum(text[:-_CHECK]) != text[-_CHECK:]:
        return None
    return next((kind for kind in TokenKind if kind == name), None)


def token_hash(text: str) -> bytes:
    """Hash a token as it is stored: SHA-256, since a token has more than 160 bits of chance."""
    return hashlib.sha256(text.encode()).digest()


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode())).rjust(_CHECK, "0")


def _base62(number: int) -> str:
    digits: list[str] = []
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits)) or "0"
