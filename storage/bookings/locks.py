"""The hosts' advisory locks: whoever changes a host's time waits for the one before."""

import zlib
from collections.abc import Iterable

from domain.ids import UserId

_SPACE = 77


def locking(hosts: Iterable[UserId]) -> str:
    """Say how these hosts' locks are taken, until the transaction ends; nothing for no host.

    The keys are taken in ascending order, one statement after the other, and two hosts may share one: two
    transactions can then never wait for each other (R2 of the security file).
    """
    keys = sorted({_key(host) for host in hosts})
    return ";".join(f"SELECT pg_advisory_xact_lock({_SPACE}, {key})" for key in keys)


def _key(host: UserId) -> int:
    return zlib.crc32(host.bytes) - 2**31
