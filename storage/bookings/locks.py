"""The advisory locks of hosts and resources: whoever changes the time of one waits for the one before."""

import zlib
from collections.abc import Iterable
from uuid import UUID

_SPACE = 77


def locking(hosts: Iterable[UUID]) -> str:
    """Say how the locks of these hosts and resources are taken, until the transaction ends.

    The keys are taken in ascending order, one statement after the other, and two hosts may share one: two
    transactions can then never wait for each other (R2 of the security file).
    """
    keys = sorted({_key(host) for host in hosts})
    return ";".join(f"SELECT pg_advisory_xact_lock({_SPACE}, {key})" for key in keys)


def _key(host: UUID) -> int:
    return zlib.crc32(host.bytes) - 2**31
