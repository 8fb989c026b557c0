"""How many files a process may have open: each socket is one."""

import resource

_REQUESTS = 4_096
_OTHERS = 256


def needed_files(streams: int) -> int:
    """Say how many open files an API process needs for so many sockets and event streams."""
    return streams + _REQUESTS + _OTHERS


def most_connections(streams: int) -> int:
    """Say how many connections an API process holds: its streams, and as many requests as ever at a time."""
    return streams + _REQUESTS


def raise_file_limit(streams: int) -> int:
    """Let this process open as many files as it needs, as far as it may; say how many it may open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = needed_files(streams)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
