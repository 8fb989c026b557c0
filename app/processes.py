"""Child processes: started so that they die with us, in another name where that is asked for, and stopped."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_OTHERS_ENTER = 0o001


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody in whose name a process runs."""

    uid: int
    gid: int


def without_rights() -> Account:
    """Give the system's account that owns nothing."""
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def start(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int,
    errors: IO[bytes] | int = subprocess.STDOUT,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path = Path("/"),
    last_signal: signal.Signals = signal.SIGTERM,
    descriptors: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own: a Ctrl-C reaches us, and we decide who ends when.

    On Linux it gets `last_signal` if we die without a word. With an account it runs in its name. It is
    handed the open files of `descriptors`, under the same numbers.
    """
    return subprocess.Popen(  # noqa: S603 -- the programs are our own and those of our wheels
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        cwd=cwd,
        env=None if env is None else dict(env),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        start_new_session=True,
        pass_fds=descriptors,
        preexec_fn=_dies_with_us(last_signal),  # noqa: PLW1509 -- one system call, prepared before the fork
    )


def stop(process: subprocess.Popen[bytes], *signals: signal.Signals, patience_s: float) -> None:
    """Send signals, the kindest first, each time waiting for the end; the last word is SIGKILL."""
    for word in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(word)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue


def is_ours(pid: int, mark: str) -> bool:
    """Say whether a process is alive and names `mark` in its command line: a bare number may be anybody's."""
    listing = Path("/proc", str(pid), "cmdline")
    if Path("/proc/self").exists():
        try:
            return mark.encode() in listing.read_bytes()
        except OSError:
            return False
    command = ["/bin/ps", "-p", str(pid), "-o", "command="]
    said = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 -- fixed program, a number
    return mark.encode() in said.stdout


def is_reachable(path: Path) -> bool:
    """Say whether an account without rights may enter every folder above `path`."""
    return all(parent.stat().st_mode & _OTHERS_ENTER for parent in path.resolve().parents)


def make_passage(folder: Path) -> None:
    """Make a folder that others may pass but not read; one that is there stays as it is."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o711)


def _dies_with_us(last_signal: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(last_signal))
        if os.getppid() != parent:  # we died before the kernel was asked
            os._exit(1)

    return ask
