"""The rules of the house that no other tool holds."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "app",
    "bench",
    "domain",
    "integrations",
    "migrations",
    "resolvers",
    "schema",
    "services",
    "storage",
    "workers",
)
SHORT = tuple(folder for folder in FOLDERS if folder != "migrations")  # a migration is as long as its step
TEXTS = {".css", ".graphql", ".html", ".ini", ".js", ".md", ".po", ".py", ".sh", ".toml", ".txt", ""}


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def lines_of(*folders: str) -> Iterator[tuple[str, str]]:
    for path in python_files(*folders):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def nodes_of(*folders: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in python_files(*folders):
        for node in ast.walk(ast.parse(path.read_text())):
            yield path.relative_to(ROOT), node


def test_import_contracts_hold() -> None:
    # In a process of its own: the linter's way of logging would silence every logger of this one.
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]

    linted = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(("folders", "most"), [(SHORT, 400), (("tests",), 500)], ids=["code", "tests"])
def test_files_are_short(folders: tuple[str, ...], most: int) -> None:
    long = [path for path in python_files(*folders) if len(path.read_text().splitlines()) > most]

    assert long == []


def test_every_module_says_what_is_in_it_in_one_sentence() -> None:
    firsts = {
        path: (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0]
        for path in python_files(*FOLDERS, "tests")
    }

    assert [path for path, first in firsts.items() if not first.endswith(".")] == []


def test_the_domain_waits_for_nobody() -> None:
    waits = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)

    assert [path for path, node in nodes_of("domain") if isinstance(node, waits)] == []


def test_only_the_wiring_names_the_clock() -> None:
    clock = re.compile(r"\bdatetime\.(now|utcnow|today)\(|\bdate\.today\(")
    named = [place for place, line in lines_of(*FOLDERS) if clock.search(line)]

    assert [place for place in named if not place.startswith(("app/wiring.py:", "bench/"))] == []


def test_only_units_commit() -> None:
    commits = [
        place for place, line in lines_of("app", "services", "storage", "workers") if ".commit()" in line
    ]

    assert [place for place in commits if not place.startswith("storage/unit.py:")] == []


def test_nothing_is_caught_wholesale_but_at_the_doors() -> None:
    wholesale = [place for place, line in lines_of(*FOLDERS) if re.search(r"except (Base)?Exception\b", line)]

    assert [place for place in wholesale if not place.startswith(("app/http/", "workers/"))] == []


def test_a_to_do_has_the_number_of_its_issue() -> None:
    to_do = re.compile(r"\b(TODO|FIXME|XXX)\b(?!.*#\d+)")

    assert [place for place, line in lines_of(*FOLDERS) if to_do.search(line)] == []


def test_no_installed_package_takes_the_name_of_a_folder_of_ours() -> None:
    """Ours stand first on the path (ADR-0001); this says so before somebody starts without it."""
    installed = packages_distributions()

    assert [name for name in (*FOLDERS, "tests") if name in installed] == []


def test_no_text_names_a_place_of_the_machine_it_was_written_on() -> None:
    private = re.compile(r"/(?:root|home/\w+|Users/\w+)/|file:///")
    found = [
        path.relative_to(ROOT)
        for folder in (*FOLDERS, "docs", "requirements", "locales")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in TEXTS and private.search(path.read_text())
    ]

    assert found == []
