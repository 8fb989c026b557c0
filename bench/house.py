"""An installation to be measured: servers out of their wheels, durable as in production, and our processes.

Everything lives in a folder that goes away; nothing is measured on somebody's data.
"""

import base64
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.command.serving import api_command, migrate_command, worker_command
from app.embedded import EmbeddedServers
from app.environment import ROOT
from app.processes import start, stop
from app.settings import Settings

_PATIENCE_S = 15.0
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class House:
    """A migrated database, Valkey, the settings that go with them, and how to start our processes on them."""

    servers: EmbeddedServers
    environment: Mapping[str, str]
    folder: Path
    processes: ExitStack

    @property
    def settings(self) -> Settings:
        """Settings of this installation."""
        return Settings.read(self.environment)

    def api(self, *, core: int | None = None, workers: int = 1) -> "Process":
        """Start an API on a port of its own, and wait until it answers; `core` pins it."""
        port = _free_port()
        command = api_command(self.settings, host="127.0.0.1", port=port, workers=workers, grace_s=1)
        process = self._start(command, f"api-{port}", core)
        _wait_for(f"http://127.0.0.1:{port}/health/ready", process)
        return Process(process, port)

    def other(
        self, application: str, *, core: int | None = None, environment: Mapping[str, str]
    ) -> "Process":
        """Start another application under the same server and options; it answers at /health/ready."""
        port = _free_port()
        command = api_command(self.settings, host="127.0.0.1", port=port, grace_s=1, application=application)
        process = self._start(command, f"other-{port}", core, environment)
        _wait_for(f"http://127.0.0.1:{port}/health/ready", process)
        return Process(process, port)

    def worker(self, *, core: int | None = None) -> "Process":
        """Start a worker; it is ready when it works."""
        return Process(self._start(worker_command(), f"worker-{time.monotonic_ns()}", core), 0)

    def run(self, command: Sequence[str], *, core: int | None = None) -> "Process":
        """Start any program in the environment of this installation; whoever waits for it knows how."""
        return Process(self._start(command, f"program-{time.monotonic_ns()}", core), 0)

    def _start(
        self, command: Sequence[str], name: str, core: int | None, more: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self.environment, **(more or {})}
        with (self.folder / f"{name}.log").open("ab") as log:
            process = start(command, output=log, env=environment, cwd=ROOT)
        pin(process.pid, core)
        self.processes.callback(stop, process, patience_s=5.0)
        return process


@dataclass(frozen=True, slots=True)
class Process:
    """A process of ours that runs."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def resident_kb(self) -> int:
        """How much memory it has now, in kB (VmRSS)."""
        return resident_kb(self.process.pid)

    @property
    def worked_ms(self) -> float:
        """How long it and its children have worked, in milliseconds of processor time."""
        return cpu_ms(self.process.pid) + sum(cpu_ms(child) for child in _children(self.process.pid))

    def release(self) -> None:
        """Let it run on every core."""
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self.process.pid, set(range(os.cpu_count() or 1)))

    def end(self) -> None:
        """End it before the block does."""
        stop(self.process, signal.SIGTERM, patience_s=5.0)


def pin(pid: int, core: int | None) -> None:
    """Keep a process on one core, where the system can and there are two: load and answers stay apart."""
    if core is not None and hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, {core % (os.cpu_count() or 1)})


def resident_kb(pid: int) -> int:
    """Read how much memory a process has, in kB; 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def cpu_ms(pid: int) -> float:
    """Read how long a process has worked, in milliseconds of processor time; 0 where the system does not say.

    The system counts in steps of some ten milliseconds.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    """Name the processes that a process has started and that run; none where the system does not say."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@contextmanager
def house(**settings: str) -> Generator[House]:
    """Set up an installation; everything ends with the block."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="slotgraph-bench-")))
        folder.chmod(0o711)
        servers = held.enter_context(EmbeddedServers(folder / "servers"))
        environment = {
            "ENVIRONMENT": "test",
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "SMTP_URL": "smtp://127.0.0.1:9",
            "KEYS": f"k1:{base64.b64encode(bytes(range(32))).decode()}",
            "LINK_KEY": base64.b64encode(bytes(range(1, 33))).decode(),
            "ALLOW_LOOPBACK_PROVIDERS": "yes",
            # Whoever measures asks more than any visitor may.
            "RATE_GUEST_COST_PER_MINUTE": "10000000",
            "RATE_COST_PER_MINUTE": "10000000",
            **settings,
        }
        subprocess.run(migrate_command(), cwd=ROOT, env={**os.environ, **environment}, check=True)  # noqa: S603 -- ours
        yield House(servers, environment, folder, held.enter_context(ExitStack()))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(_PAUSE_S)
    raise RuntimeError("A process of the installation did not become ready.")
