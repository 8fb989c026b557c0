"""Cal.com's slot engine as it is published on npm, in a Node process of its own that is asked by lines."""

import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from app.environment import ROOT

_SOURCE = ROOT / "bench" / "node" / "slots"
_PATIENCE_S = 120


class NoPeer(Exception):
    """The peer cannot be had here, and why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that runs."""

    process: subprocess.Popen[bytes]

    def answer(self, question: Path) -> tuple[float, list[int]]:
        """Answer a question that stands in a file: milliseconds from its text to slots, and the starts.

        The file is read before the clock runs. Starts are minutes since 1970.
        """
        if self.process.stdin is None or self.process.stdout is None:
            raise NoPeer("the peer has no pipes")
        self.process.stdin.write(f"{question}\n".encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise NoPeer("the peer fell")
        told = orjson.loads(line)
        return told["ms"], told["starts"]


@contextmanager
def calcom() -> Generator[Peer]:
    """Install the peer into a folder that goes away, and start it; raises NoPeer."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        raise NoPeer("there is no Node here")
    with tempfile.TemporaryDirectory(prefix="slotgraph-bench-") as name:
        folder = Path(name) / "slots"
        shutil.copytree(_SOURCE, folder)
        try:
            subprocess.run(  # noqa: S603 -- npm, with versions and hashes from a lock of ours
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=folder,
                check=True,
                capture_output=True,
                timeout=_PATIENCE_S,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise NoPeer("npm could not install it") from error
        process = subprocess.Popen(  # noqa: S603 -- the same
            [node, "peer.cjs"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with process:
            try:
                yield Peer(process)
            finally:
                process.terminate()
