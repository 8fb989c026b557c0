"""What a developer's installation keeps in its data folder: secrets, ports and who is running it."""

import base64
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.processes import make_passage

_LOOPBACK = "127.0.0.1"
_KEY_BYTES = 32


class UpFailed(Exception):
    """The installation cannot be started; the message says why and what to do."""


class AlreadyUp(UpFailed):
    """Another process runs the installation of this data folder."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each process listens, on loopback."""

    api: int
    mailbox: int
    smtp: int
    calendar: int
    providers: int


@contextmanager
def sole_owner(data: Path) -> Generator[None]:
    """Own a data folder; raises AlreadyUp with the address where it is being served."""
    try:
        make_passage(data)
        lock = (data / "up.lock").open("a+")
    except PermissionError:
        raise UpFailed(f"{data} belongs to another user; --data may name another folder.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            where = lock.read().strip() or "not answering yet"
            raise AlreadyUp(f"Slotgraph is running from {data} already: {where}") from None
        lock.truncate(0)
        yield


def note_address(data: Path, address: str) -> None:
    """Tell who comes later where we answer."""
    (data / "up.lock").write_text(f"{address}\n")


def kept_secrets(data: Path) -> Mapping[str, str]:
    """Give KEYS, LINK_KEY and the password of the demo calendars, drawn on first use, readable by us only."""
    file = data / "keys.json"
    if not file.exists():
        drawn = {
            "KEYS": f"k1:{_key()}",
            "LINK_KEY": _key(),
            "DEMO_CALENDAR_PASSWORD": secrets.token_urlsafe(18),
        }
        write_private(file, json.dumps(drawn, indent=1))
    return json.loads(file.read_text())


def kept_ports(data: Path, api: int) -> Ports:
    """Choose ports: those of last time, since links and calendars remember them, else the next free ones."""
    file = data / "ports.json"
    kept: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    if not is_free(api):
        raise UpFailed(f"Port {api} is taken by another program; --port may name another.")
    taken = {api}
    for name in ("mailbox", "smtp", "calendar", "providers"):
        if name == "calendar" and name in kept and not is_free(kept[name]):
            raise UpFailed(f"Port {kept[name]}, where the demo's calendars are, is taken by another program.")
        kept[name] = next(
            port for port in _candidates(kept.get(name), api) if port not in taken and is_free(port)
        )
        taken.add(kept[name])
    file.write_text(json.dumps(kept))
    return Ports(api=api, **kept)


def is_free(port: int) -> bool:
    """Say whether nobody listens on a port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True


def write_private(file: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    fresh.rename(file)


def _candidates(kept: int | None, api: int) -> Generator[int]:
    if kept is not None:
        yield kept
    yield from range(min(api + 1, 65_000), 65_536)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
