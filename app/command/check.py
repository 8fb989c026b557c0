"""`check`: everything that a machine can hold us to, a line for each step; all of them run."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from app.command.locks import complaints
from app.embedded import ServersFailed, passing_servers
from app.environment import LOCKS, ROOT
from app.settings import example

# A step gives what is wrong, or nothing.
_Step = Callable[[], str]
_WIDEST = 400
_MOST_LINES = 200


def run(arguments: Sequence[str]) -> int:
    """Run all steps, or those that are named; 1 if any finds something."""
    parser = argparse.ArgumentParser(prog="./slotgraph check")
    parser.add_argument("steps", nargs="*", metavar="step", help=", ".join(_STEPS))
    names: list[str] = parser.parse_args(arguments).steps
    if unknown := [name for name in names if name not in _STEPS]:
        parser.error(f"there is no step {unknown[0]}; there are {', '.join(_STEPS)}")
    failed = [name for name in names or _STEPS if not _passes(name)]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall is well")
    return 1 if failed else 0


def _passes(name: str) -> bool:
    wrong = _STEPS[name]().strip()
    print(f"{'FAILED' if wrong else 'ok    '} {name}", flush=True)
    if wrong:
        lines = wrong.splitlines()
        shown = [f"       {line[:_WIDEST]}" for line in lines[:_MOST_LINES]]
        rest = [f"       ... and {len(lines) - _MOST_LINES} lines more"] if len(lines) > _MOST_LINES else []
        print("\n".join([*shown, *rest]), flush=True)
    return not wrong


def _program(*command: str, **more: str) -> str:
    """Run a program of the environment and give what it said if it failed."""
    program = str(Path(sys.executable).parent / command[0])
    ended = subprocess.run(  # noqa: S603 -- named below
        [program, *command[1:]],
        cwd=ROOT,
        env={**os.environ, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return (ended.stdout or f"{command[0]} ended with {ended.returncode}.") if ended.returncode else ""


def _pyright() -> str:
    """Check the types by the packages of this environment; Node comes out of a wheel of its own."""
    return _program(
        "pyright", "--pythonpath", sys.executable, "--warnings", PYRIGHT_PYTHON_IGNORE_WARNINGS="1"
    )


def _schema() -> str:
    """Compare the file with what a process of its own prints: a broken schema fails this step only."""
    file = ROOT / "schema" / "schema.graphql"
    ended = subprocess.run(
        [sys.executable, "-m", "app.command", "schema"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        return f"The schema cannot be printed.\n{ended.stderr}"
    if not file.exists() or file.read_text() != ended.stdout:
        return "schema/schema.graphql is not what the code prints; ./slotgraph schema --write mends it."
    return ""


def _migrations() -> str:
    """Bring an empty database up, compare it with the models, and go all the way down and up again."""
    try:
        with passing_servers() as servers:
            for step in (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"]):
                if wrong := _program("alembic", *step, DATABASE_URL=servers.database_url):
                    return wrong
    except ServersFailed as failed:
        return str(failed)
    return ""


def _locks() -> str:
    return "\n".join(line for lock in LOCKS for line in complaints(ROOT / "requirements" / f"{lock}.txt"))


def _settings() -> str:
    if (ROOT / ".env.example").read_text() != example():
        return ".env.example is not what app/settings.py says; ./slotgraph fix writes it."
    return ""


_STEPS: Mapping[str, _Step] = MappingProxyType(
    {
        "lint": lambda: _program("ruff", "check", "--quiet", "--output-format", "concise", "."),
        "format": lambda: _program("ruff", "format", "--check", "--output-format", "concise", "."),
        "types": _pyright,
        "contracts": lambda: _program("lint-imports", "--no-cache"),
        "schema": _schema,
        "migrations": _migrations,
        "locks": _locks,
        "settings": _settings,
    }
)
