"""Which URLs and addresses our servers may talk to on somebody's word: public ones, and nothing behind us.

The standard library's `is_global` calls several wrapped private addresses public, so this is an own list:
what is not known to be public is refused.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

IpAddress = IPv4Address | IPv6Address

PORTS = frozenset({443, 8443})
_MAX_URL = 4096
_MAX_HOST = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_PRIVATE_ENDS = frozenset({"localhost", "local", "internal", "intranet", "lan", "arpa", "onion", "invalid"})

_CLOSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own service behind a public number
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols, among them Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4: leads to an IPv4 address of the sender's choice
        "3ffe::/16",
        "3fff::/20",
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


class AddressRefused(Exception):
    """A URL or an address that we do not talk to; it does not say why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a URL leads: scheme, host in ASCII (a literal without brackets) and port."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether this is our own machine, by a name that can be nothing else."""
        return self.host in _LOOPBACK_NAMES


def is_public(address: IpAddress) -> bool:
    """Say whether an address belongs to the public internet, seen through every wrapping."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    if address in _MAPPED or address in _NAT64:
        return is_public(_last_bits(address))
    if address not in _OPEN_V6 or any(address in network for network in _CLOSED_V6):
        return False
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return is_public(_last_bits(address))
    return True


def origin_of(url: str, *, allow_loopback: bool = False) -> Origin:
    """Read where a URL leads; raises AddressRefused for all but https to a public name or number.

    `allow_loopback` is for development: it also lets http and any port through to this machine. Names
    are not looked up here; what they stand for is to be checked with `checked`.
    """
    if len(url) > _MAX_URL or not url.isprintable() or " " in url or "\\" in url:
        raise AddressRefused
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused from None
    if "@" in parts.netloc:
        raise AddressRefused
    origin = Origin(parts.scheme, _ascii_host(host), port or (80 if parts.scheme == "http" else 443))
    if allow_loopback and origin.is_loopback and origin.scheme in {"http", "https"}:
        return origin
    if origin.scheme != "https" or origin.port not in PORTS or not _may_be_public(origin.host):
        raise AddressRefused
    return origin


def checked(origin: Origin, found: list[str]) -> list[str]:
    """Give the numbers that a name stands for if all of them may be talked to; raises AddressRefused."""
    try:
        addresses = [ip_address(number) for number in found]
    except ValueError:
        raise AddressRefused from None
    # Only a URL that names this machine, which origin_of lets through in development alone, may lead to it.
    is_fine = all(address.is_loopback if origin.is_loopback else is_public(address) for address in addresses)
    if not addresses or not is_fine:
        raise AddressRefused
    return found


def _last_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)


def _ascii_host(host: str) -> str:
    """Spell a host as it is looked up, so that what is judged is what is asked for."""
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise AddressRefused from None


def _may_be_public(host: str) -> bool:
    try:
        return is_public(ip_address(host))
    except ValueError:
        labels = host.split(".")
    is_name = len(host) <= _MAX_HOST and len(labels) > 1 and all(map(_LABEL.fullmatch, labels))
    # A last label that is a number would be read as an IPv4 address in one of its old spellings.
    return is_name and not labels[-1][0].isdigit() and labels[-1] not in _PRIVATE_ENDS
