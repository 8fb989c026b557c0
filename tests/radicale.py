"""A real CalDAV server, Radicale, in a process of its own, with the calendars of one user."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from threading import Thread

import httpx

from tests import serving

USER = "ada"
WORD = "canary-password-5f1c"
_READY = "server ready"


@dataclass(frozen=True)
class Radicale:
    """A running server; `url` is its root, `data` the folder of its files."""

    url: str
    data: Path

    def calendar(self, name: str) -> str:
        """Make a calendar; its address."""
        url = f"{self.url}{USER}/{name}/"
        answer = httpx.request("MKCALENDAR", url, auth=(USER, WORD), trust_env=False, verify=serving.TLS)
        assert answer.status_code == 201, answer.status_code
        return url

    def put(self, calendar_url: str, name: str, text: str) -> None:
        """Put a foreign entry, or another text in its place, as the host's own program would."""
        answer = httpx.put(
            f"{calendar_url}{name}.ics",
            content=text.replace("\n", "\r\n").encode(),
            headers={"Content-Type": "text/calendar"},
            auth=(USER, WORD),
            trust_env=False,
            verify=serving.TLS,
        )
        assert answer.status_code in {201, 204}, answer.status_code

    def stored(self) -> dict[str, bytes]:
        """Read every entry as it lies on the disk, by its file's name."""
        return {
            path.name: path.read_bytes()
            for path in self.data.rglob("*.ics")
            if ".Radicale.cache" not in path.parts
        }


@contextmanager
def running_radicale(folder: Path) -> Generator[Radicale, None, None]:
    """Run Radicale on a free port of the loopback with its data in a folder."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "users").write_text(f"{USER}:{WORD}\n")
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder / 'users'}\nhtpasswd_encryption = plain\n"
        "delay = 0\n"
        f"[storage]\nfilesystem_folder = {folder / 'data'}\n"
        "[logging]\nlevel = info\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "radicale", "--config", str(folder / "config")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    reader = Thread(target=process.stderr.read)
    try:
        assert any(_READY in line for line in process.stderr), "Radicale did not start"
        reader.start()  # nobody reads on, but a full pipe would stop it
        yield Radicale(f"http://127.0.0.1:{port}/", folder / "data")
    finally:
        process.terminate()
        process.wait(timeout=10)
        if reader.ident is not None:
            reader.join(timeout=10)
        process.stderr.close()
