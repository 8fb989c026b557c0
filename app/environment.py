"""The environment: makes `.venv` from the locks where it is missing, then becomes the command in it.

Runs before anything is installed, so it imports the standard library only. Each verb says which lock it
needs; whatever a larger lock has installed serves the smaller ones too.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
# The locks, from the smallest to the one that holds everything.
LOCKS = ("run", "local", "dev")


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that `./slotgraph` does; `needs` is the lock it runs from."""

    needs: str
    takes: str
    says: str


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "up": Verb("local", "[--port N] [--data DIR] [--no-demo] [--json]", "run everything on this machine"),
        "test": Verb("dev", "[pytest's arguments]", "run the tests, with servers of their own"),
        "check": Verb("dev", "[step ...]", "hold code, schema, migrations and locks to their rules"),
        "fix": Verb("dev", "", "format, and repair what a machine can"),
        "api": Verb(
            "run", "[--host H] [--port N] [--workers N]", "run the API from the environment's settings"
        ),
        "worker": Verb("run", "", "run the jobs from the environment's settings"),
        "migrate": Verb("run", "[revision]", "bring the database of DATABASE_URL up to date"),
        "keys": Verb("run", "list|rotate|sweep|retire|destroy", "keep the keys that seal stored secrets"),
        "organization": Verb("run", "plan ID PLAN", "change what an organization has subscribed to"),
        "audit": Verb("run", "verify", "compare every audit log with its hashes"),
        "schema": Verb("run", "[--write]", "print the GraphQL schema, or write schema/schema.graphql"),
        "room": Verb("run", "NAME", "list every file of a room"),
        "doctor": Verb("run", "", "say what is wrong with this installation"),
        "bench": Verb("local", "[name ...] [--rounds N] [--json] [--write FILE]", "measure what it costs"),
        "slots": Verb("run", "FILE", "answer cases of open slots, a JSON list, as JSON"),
        "lock": Verb("dev", "[--upgrade]", "compile the locks in requirements/ from pyproject.toml"),
    }
)


class EnvironmentFailed(Exception):
    """The environment cannot be made here; the message says why and what to do."""


def main() -> None:
    """Make the environment that the verb needs, and become the verb."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in {"help", "-h", "--help"}:
        _say(usage(), sys.stdout if arguments else sys.stderr)
        sys.exit(0 if arguments else 2)
    verb = VERBS.get(arguments[0])
    if verb is None:
        _say(f"slotgraph: there is no verb {arguments[0]!r}.\n\n{usage()}")
        sys.exit(2)
    try:
        python = ready(verb.needs)
    except EnvironmentFailed as failed:
        _say(f"slotgraph: {failed}")
        sys.exit(1)
    # Relative names on the command line are the caller's; the house is imported from its root.
    environ = {**os.environ, "SLOTGRAPH_FROM": str(Path.cwd())}
    os.chdir(ROOT)
    os.execve(python, [str(python), "-m", "app.command", *arguments], environ)  # noqa: S606 -- no shell is wanted


def usage() -> str:
    """Say what the verbs are."""
    lines = [f"  {name:8} {verb.says}\n           {verb.takes}".rstrip() for name, verb in VERBS.items()]
    return "\n".join(["usage: ./slotgraph VERB [arguments]", "", *lines])


def ready(needs: str) -> Path:
    """Give the Python of an environment that holds a lock's packages, made now if it is not there."""
    place = Path(os.environ.get("SLOTGRAPH_VENV", ROOT / ".venv"))
    python = place / "bin" / "python"
    if _holds(place, needs):
        return python
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _alone(place):
            if not _holds(place, needs):  # another one of us may have been at it
                _make(place, needs)
    except OSError as failed:
        raise EnvironmentFailed(
            f"{place} cannot be used ({failed.strerror}); SLOTGRAPH_VENV may name another place."
        ) from None
    return python


def _holds(place: Path, needs: str) -> bool:
    if not os.access(place / "bin" / "python", os.X_OK):
        return False
    large_enough = LOCKS[LOCKS.index(needs) :]
    return any(_noted(place, lock) == _fingerprint(lock) for lock in large_enough)


def _make(place: Path, needs: str) -> None:
    if not os.access(place / "bin" / "python", os.X_OK):
        _say(f"slotgraph: making {place} ...")
        _run(_maker(place), "The environment could not be made")
    _say(f"slotgraph: installing requirements/{needs}.txt, once; this takes a minute or so ...")
    _run(_installer(place, ROOT / "requirements" / f"{needs}.txt"), "The packages could not be installed")
    for lock in LOCKS:  # what was noted before may have been replaced by now
        _note(place, lock).unlink(missing_ok=True)
    _note(place, needs).write_text(_fingerprint(needs))


def _maker(place: Path) -> Sequence[str | Path]:
    """Choose what makes the environment: venv, or on a Python without ensurepip whatever else is there."""
    if _has("ensurepip") and _has("venv"):
        return [sys.executable, "-I", "-m", "venv", place]
    if _uv():
        return [_uv(), "venv", "--quiet", "--allow-existing", "--python", sys.executable, place]
    if _has("virtualenv"):
        return [sys.executable, "-I", "-m", "virtualenv", "--quiet", place]
    if _has("pip") and _has("venv"):
        return [sys.executable, "-I", "-m", "venv", "--without-pip", place]
    raise EnvironmentFailed(
        "This Python has neither ensurepip nor virtualenv, and uv is not there."
        " Install python3-venv (Debian, Ubuntu), virtualenv or uv, and try again."
    )


def _installer(place: Path, lock: Path) -> Sequence[str | Path]:
    python = place / "bin" / "python"
    # Built packages only: what builds a package would come without a hash.
    options = ["install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", lock]
    if subprocess.run([python, "-I", "-c", "import pip"], capture_output=True, check=False).returncode == 0:  # noqa: S603
        return [python, "-I", "-m", "pip", "--disable-pip-version-check", *options, "--progress-bar", "off"]
    if _uv():
        return [_uv(), "pip", *options, "--python", python]
    return [sys.executable, "-I", "-m", "pip", "--python", python, "--disable-pip-version-check", *options]


def _run(command: Sequence[str | Path], problem: str) -> None:
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)  # noqa: S603 -- chosen above
    if ended.returncode:
        raise EnvironmentFailed(f"{problem}; the lines above say why.")


@contextlib.contextmanager
def _alone(place: Path) -> Generator[None]:
    """Let one of us in at a time."""
    with (place / "slotgraph.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("slotgraph: waiting for another ./slotgraph that makes the environment ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(lock: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{lock}.txt").read_bytes()).hexdigest()


def _note(place: Path, lock: str) -> Path:
    return place / f"slotgraph.{lock}"


def _noted(place: Path, lock: str) -> str | None:
    note = _note(place, lock)
    return note.read_text() if note.exists() else None


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _uv() -> str:
    return shutil.which("uv") or ""


def _say(text: str, stream: IO[str] | None = None) -> None:
    print(text, file=stream or sys.stderr, flush=True)


if __name__ == "__main__":
    main()
