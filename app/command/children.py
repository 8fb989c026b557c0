"""The processes of one machine: started, watched, started again when they fall, ended together."""

import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.command.development import UpFailed
from app.environment import ROOT
from app.processes import start, stop

_PAUSE_S = 0.05
_MOST_FALLS = 5
_WITHIN_S = 60.0
_END_S = 15.0
Say = Callable[[str], None]


@dataclass(slots=True)
class Child:
    """One process and when it fell; `log` holds what it said since it was last started."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes]
    falls: deque[float] = field(default_factory=lambda: deque[float](maxlen=_MOST_FALLS))

    @property
    def last_words(self) -> str:
        """Last line of its log that says something."""
        lines = [
            line
            for line in self.log.read_text(errors="replace").splitlines()
            if line.strip() and not line.startswith("(")
        ]
        return lines[-1].strip() if lines else "it said nothing"


class Children:
    """The processes of one machine, ended together when the context closes; the last started end first."""

    def __init__(self, logs: Path, say: Say) -> None:
        self._logs = logs
        self._say = say
        self._all: list[Child] = []

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start one and watch over it from now on."""
        log = self._logs / f"{name}.log"
        child = Child(name, command, env, log, _spawn(command, env, log))
        self._all.append(child)
        return child

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> str:
        """Run one to its end and give what it printed; raises UpFailed where it failed."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as errors:
            process = start(command, output=subprocess.PIPE, errors=errors, env=env, cwd=ROOT)
            child = Child(name, command, env, log, process)
            self._all.append(child)
            printed, _ = process.communicate()
        self._all.remove(child)
        if process.returncode:
            raise UpFailed(f"{name} failed: {child.last_words} (see {log})")
        return printed.decode()

    def await_answer(self, child: Child, url: str, patience_s: float) -> None:
        """Wait until a process answers at `url` in any way but with a failure; raises UpFailed."""
        until = time.monotonic() + patience_s
        while not _answers(url):
            if child.process.poll() is not None:
                raise UpFailed(f"{child.name} ended: {child.last_words} (see {child.log})")
            if time.monotonic() > until:
                raise UpFailed(
                    f"{child.name} did not answer within {patience_s:.0f} seconds (see {child.log})"
                )
            time.sleep(_PAUSE_S)

    def watch(self, has_ground: Callable[[], bool]) -> None:
        """Watch for ever; who falls is started again. UpFailed if one falls too often, or the ground does."""
        while True:
            if not has_ground():
                raise UpFailed("PostgreSQL or Valkey ended; their logs in the data folder say why")
            for child in self._all:
                if child.process.poll() is not None:
                    self._raise_up(child)
            time.sleep(_PAUSE_S)

    def stop(self) -> None:
        """End all: everybody is told at once, and waited for in turn."""
        for child in self._all:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        for child in reversed(self._all):
            stop(child.process, signal.SIGTERM, patience_s=_END_S)
        self._all.clear()

    def _raise_up(self, child: Child) -> None:
        now = time.monotonic()
        self._say(f"{child.name} ended with {child.process.returncode}: {child.last_words}")
        if len(child.falls) == _MOST_FALLS and now - child.falls[0] < _WITHIN_S:
            raise UpFailed(f"{child.name} falls again and again (see {child.log})")
        child.falls.append(now)
        self._say(f"starting {child.name} again ...")
        child.process = _spawn(child.command, child.env, child.log)


def _spawn(command: Sequence[str], env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return start(command, output=output, env=env, cwd=ROOT)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 -- an address of our own on loopback
            return True
    except urllib.error.HTTPError as answer:
        return answer.code < 500  # noqa: PLR2004 -- HTTP's border between their failures and ours
    except OSError:
        return False
