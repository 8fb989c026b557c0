"""The kinds of value a setting may have; each reader raises ValueError with the rest of a sentence.

No reader repeats what it was given: it may be a secret.
"""

import base64
import binascii
import hashlib
import ipaddress
import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import MISSING, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_REGION = re.compile(r"[a-z0-9-]{1,32}")
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_FLAGS = MappingProxyType({"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False})
_Choice = TypeVar("_Choice", bound=StrEnum)
_Count = TypeVar("_Count", int, float)


class Environment(StrEnum):
    """What an installation is."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class FirstPlan(StrEnum):
    """What a new organization has subscribed to, by the names that the domain has for it."""

    BASIC = "basic"
    PRO = "pro"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def a_choice(kind: type[_Choice], given: str) -> _Choice:
    """Read one of a few words."""
    try:
        return kind(given.lower())
    except ValueError:
        raise ValueError(f"must be one of {', '.join(kind)}.") from None


def a_flag(given: str) -> bool:
    """Read yes or no."""
    if given.lower() not in _FLAGS:
        raise ValueError("must be yes or no.")
    return _FLAGS[given.lower()]


def a_manifest(given: str) -> tuple[str, ...]:
    """Read a file of documents by their SHA-256, with `sha256:` before it or not: the texts."""
    try:
        raw: object = json.loads(Path(given).read_text())
    except (OSError, ValueError):
        raise ValueError("must name a JSON file that can be read.") from None
    if not isinstance(raw, dict):
        raise ValueError("must name a file with a JSON object of documents by their ids.")  # noqa: TRY004 -- as every reader
    texts: list[str] = []
    for name, text in cast("dict[str, object]", raw).items():
        digest = name.removeprefix("sha256:").lower()
        if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != digest:
            raise ValueError("must name a file in which each id is the SHA-256 of its document.")
        texts.append(text)
    return tuple(texts)


def a_number(least: _Count, most: float, given: str) -> _Count:
    """Read a number of the kind of `least`, from `least` to `most`."""
    problem = f"must be a {'whole ' if isinstance(least, int) else ''}number from {least} to {most}."
    try:
        number = type(least)(given)
    except ValueError:
        raise ValueError(problem) from None
    if not least <= number <= most:
        raise ValueError(problem)
    return number


def a_key(given: str) -> bytes:
    """Read 32 bytes in base64."""
    try:
        key = base64.b64decode(given, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError("must be base64 of 32 bytes.")
    return key


def a_key_ring(given: str) -> Mapping[str, bytes]:
    """Read keys with their ids, in their order."""
    ring: dict[str, bytes] = {}
    for part in _parts(given):
        name, _, key = part.partition(":")
        if not _KEY_ID.fullmatch(name) or name in ring:
            raise ValueError("must be id:base64 of 32 bytes, with commas, and ids that differ.")
        ring[name] = a_key(key)
    return MappingProxyType(ring)


def a_key_file(given: str) -> Mapping[str, bytes]:
    """Read keys with their ids from a file, a line for each; what follows a # is not read."""
    try:
        with Path(given).open() as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = [line.partition("#")[0].strip() for line in file]
    except (OSError, UnicodeDecodeError):
        raise ValueError("must name a file that can be read.") from None
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise ValueError("must name a file that others can neither read nor write: chmod 600.")
    ring = a_key_ring(",".join(line for line in lines if line))
    if not ring:
        raise ValueError("must name a file with a line id:base64 for each key.")
    return ring


def a_web_address(given: str) -> str:
    """Read http:// or https:// with a host and no more than a path; without the last slash."""
    parts = _split(given)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise ValueError("must be a web address like https://book.example.com.")
    return given.rstrip("/")


def an_issuer(given: str) -> str:
    """Read the name of an OpenID issuer: a web address, letter by letter as the issuer spells it."""
    a_web_address(given)
    return given


def origins(given: str) -> frozenset[str]:
    """Read origins; `*` is any."""
    found = frozenset(part.rstrip("/").lower() for part in _parts(given))
    for one in found - {"*"}:
        parts = _split(one)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.netloc
            or one != f"{parts.scheme}://{parts.netloc}"
        ):
            raise ValueError("must be origins like https://book.example.com, with commas.")
    return found


def postgres(given: str) -> str:
    """Read the address of a PostgreSQL database; the driver is ours to name."""
    scheme, rest = given.partition("://")[::2]
    if scheme not in {"postgres", "postgresql", "postgresql+asyncpg"} or not _split(given).path.strip("/"):
        raise ValueError("must be postgresql://user:password@host/database.")
    return f"postgresql+asyncpg://{rest}"


def a_redis(given: str) -> str:
    """Read the address of Valkey or Redis."""
    parts = _split(given)
    if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.hostname or parts.path):
        raise ValueError("must be redis://host:port/0, rediss:// or unix:///path.")
    return given


def a_mail_server(given: str) -> str:
    """Read the address of a mail server."""
    parts = _split(given)
    if parts.scheme not in {"smtp", "smtps", "starttls"} or not parts.hostname:
        raise ValueError("must be smtps://user:password@host:port, starttls:// or smtp://.")
    return given


def a_mailbox(given: str) -> str:
    """Read a mail address without a name."""
    if not _MAILBOX.fullmatch(given):
        raise ValueError("must be a mail address.")
    return given


def a_contact(given: str) -> str:
    """Read where an operator is asked: an https address or a mail address."""
    parts = _split(given)
    if not _MAILBOX.fullmatch(given) and (parts.scheme != "https" or not parts.hostname):
        raise ValueError("must be an https address or a mail address.")
    return given


def a_region(given: str) -> str:
    """Read the name of a region."""
    if not _REGION.fullmatch(given):
        raise ValueError("must be a name of small letters, digits and hyphens.")
    return given


def regions(given: str) -> frozenset[str]:
    """Read names of regions."""
    return frozenset(a_region(part) for part in _parts(given))


def endpoints(given: str) -> tuple[tuple[str, str], ...]:
    """Read addresses by region, like us=https://us.example.com."""
    pairs = [part.partition("=") for part in _parts(given)]
    return tuple((a_region(name), a_web_address(address)) for name, _, address in pairs)


def networks(given: str) -> tuple[Network, ...]:
    """Read networks like 10.0.0.0/8."""
    try:
        return tuple(ipaddress.ip_network(part) for part in _parts(given))
    except ValueError:
        raise ValueError("must be networks like 10.0.0.0/8, with commas.") from None


def _parts(given: str) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()]


def _split(given: str) -> SplitResult:
    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError:
        raise ValueError("must be an address.") from None
    return parts


def setting(
    read: Callable[[str], Any],
    about: str,
    *,
    default: object = MISSING,
    example: str = "",
    secret: bool = False,
    instead: str = "",
) -> Any:
    """Declare one setting; without a default it must be given. `example` is what .env.example shows.

    One with an `instead` must be given where the variable of that name is not.
    """
    metadata = {"read": read, "about": about, "example": example, "instead": instead}
    return field(default=default, repr=not secret, metadata=metadata)
