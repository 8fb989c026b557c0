"""How the processes are started: the same words on a developer's machine and in production."""

import sys
from collections.abc import Sequence
from ipaddress import ip_network

from app.files import most_connections
from app.http.prompt import PROMPT
from app.http.wire import PROTOCOL
from app.settings import Settings

_MESSAGE_BYTES = 65_536
GRACE_S = 25
KEEP_ALIVE_S = 75
"""How long an idle connection stays open. Longer than load balancers keep theirs (60 s is usual), and than
HTTP clients do (5 s for httpx, which is uvicorn's own figure too): who closes first must be who asks, or else
a request leaves just when the connection is closed and is lost without an answer."""


def api_command(
    settings: Settings,
    *,
    host: str,
    port: int,
    workers: int = 1,
    grace_s: int = GRACE_S,
    application: str = "app.http.asgi:make",
) -> list[str]:
    """Say how the API is run; `grace_s` is how long open connections may take to end.

    Everything uvicorn would allow by itself is bounded: large and inflated socket messages, any number of
    connections. Uvicorn counts open sockets among them and then refuses requests only, so the door bounds
    the sockets, and the limit here leaves room for requests beside them. Nothing is told about the server,
    and no address is logged.
    """
    options = {
        "host": host,
        "port": port,
        "workers": workers,
        "loop": "asyncio",
        "http": PROMPT,
        "ws": PROTOCOL,
        "ws-max-size": _MESSAGE_BYTES,
        "ws-per-message-deflate": "false",
        "limit-concurrency": most_connections(settings.streams_per_process),
        "timeout-keep-alive": KEEP_ALIVE_S,
        "timeout-graceful-shutdown": grace_s,
        "log-level": "warning",
    }
    command = [sys.executable, "-m", "uvicorn", application, "--factory"]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command += ["--no-server-header", "--no-access-log", "--no-use-colors"]
    if not settings.trusted_proxies:
        return [*command, "--no-proxy-headers"]
    believed = ",".join(str(ip_network(network)) for network in settings.trusted_proxies)
    return [*command, "--proxy-headers", "--forwarded-allow-ips", believed]


def worker_command() -> Sequence[str]:
    """Say how the jobs are run."""
    return [sys.executable, "-m", "workers.main"]


def migrate_command(revision: str = "head") -> Sequence[str]:
    """Say how the database of DATABASE_URL is brought to a revision."""
    return [sys.executable, "-m", "alembic", "upgrade", revision]
