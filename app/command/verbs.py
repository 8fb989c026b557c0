"""The short verbs: each becomes, or calls, one other program."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app.command.places import as_seen_from_root
from app.command.serving import api_command, migrate_command, worker_command
from app.environment import LOCKS, ROOT
from app.settings import Settings, SettingsRefused, example
from app.settings_kinds import postgres

_MOST_CORES = 4
_FOLDERS = ("schema", "resolvers", "services", "domain", "storage", "integrations", "workers", "app", "tests")


def test(arguments: Sequence[str]) -> int:
    """Become pytest; relative paths are the caller's.

    The whole suite is spread over the cores and one more, since half of a test is waiting, each part with
    servers of its own; what is named is not: their start would cost more than it saves.
    """
    seen = [as_seen_from_root(argument) for argument in arguments]
    is_whole = not any(Path(argument.partition("::")[0]).exists() for argument in seen)
    spread = ["-n", str(min(os.cpu_count() or 1, _MOST_CORES) + 1), "--dist", "loadgroup"]
    return _become([sys.executable, "-m", "pytest", *(spread if is_whole else []), *seen])


def bench(arguments: Sequence[str]) -> int:
    """Become the programs that measure."""
    return _become([sys.executable, "-m", "bench", *arguments])


def fix(arguments: Sequence[str]) -> int:
    """Format, repair what ruff can, and write the files that are made from code."""
    _no_arguments("fix", arguments)
    for command in (["check", "--fix"], ["format"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, check=False)  # noqa: S603 -- ours
    (ROOT / ".env.example").write_text(example())
    return _become([sys.executable, "-m", "app.command", "schema", "--write"])


def api(arguments: Sequence[str]) -> int:
    """Become the API, with the settings of the environment."""
    parser = argparse.ArgumentParser(prog="./slotgraph api")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="where to listen (8000)")
    parser.add_argument("--workers", type=int, default=1, help="how many processes (1)")
    given = parser.parse_args(arguments)
    return _with_settings(
        lambda settings: api_command(settings, host=given.host, port=given.port, workers=given.workers)
    )


def worker(arguments: Sequence[str]) -> int:
    """Become a worker, with the settings of the environment."""
    _no_arguments("worker", arguments)
    return _with_settings(lambda _: worker_command())


def migrate(arguments: Sequence[str]) -> int:
    """Bring the database of DATABASE_URL to the newest revision, or to the one that is named."""
    parser = argparse.ArgumentParser(prog="./slotgraph migrate")
    parser.add_argument("revision", nargs="?", default="head")
    given = parser.parse_args(arguments)
    try:
        address = postgres(os.environ.get("DATABASE_URL", ""))
    except ValueError as wrong:
        return _refuse(f"DATABASE_URL {wrong}")
    return _become(migrate_command(given.revision), DATABASE_URL=address)


def room(arguments: Sequence[str]) -> int:
    """List the files of a room, in the order of the house."""
    parser = argparse.ArgumentParser(prog="./slotgraph room")
    parser.add_argument("name", help="a room, like bookings")
    name: str = parser.parse_args(arguments).name
    found = [
        path for folder in _FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if _is_of(path, name)
    ]
    if not found:
        return _refuse(f"No room is called {name}.")
    for path in found:
        print(path.relative_to(ROOT))
    return 0


def lock(arguments: Sequence[str]) -> int:
    """Compile the locks: each holds the one before it, version for version."""
    parser = argparse.ArgumentParser(prog="./slotgraph lock")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = ["--upgrade"] if parser.parse_args(arguments).upgrade else []
    groups: list[str] = []
    held: list[str] = []
    for name in LOCKS:
        groups += [] if name == "run" else ["--group", name]
        file = f"requirements/{name}.txt"
        command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", *groups, *held, *upgrade]
        command += ["--quiet", "--generate-hashes", "--universal", "--python-version", "3.11"]
        command += ["--no-emit-index-url", "--no-annotate", "--no-header", "--output-file", file]
        ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 -- ours
        if ended.returncode:
            return ended.returncode
        held = ["--constraint", file]
    return 0


def _with_settings(command: Callable[[Settings], Sequence[str]]) -> int:
    try:
        settings = Settings.read(os.environ)
    except SettingsRefused as refused:
        return _refuse(str(refused))
    return _become(command(settings))


def _become(command: Sequence[str], **more: str) -> int:
    os.execve(command[0], [*command], {**os.environ, **more})  # noqa: S606 -- no shell is wanted


def _refuse(sentence: str) -> int:
    print(f"slotgraph: {sentence}", file=sys.stderr)
    return 2


def _no_arguments(verb: str, arguments: Sequence[str]) -> None:
    argparse.ArgumentParser(prog=f"./slotgraph {verb}").parse_args(arguments)


def _is_of(path: Path, name: str) -> bool:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return name in parts or f"test_{name}" in parts
