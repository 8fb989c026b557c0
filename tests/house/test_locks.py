"""The locks, and the floors under them."""

from pathlib import Path

import pytest
from packaging.version import Version

from app.command.floors import FLOORS
from app.command.locks import complaints, pins
from app.environment import LOCKS

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
HASH = f"    --hash=sha256:{64 * 'a'}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_version_has_a_hash_and_stands_on_its_floor(lock: str) -> None:
    """R29: the floor cannot sink."""
    assert complaints(REQUIREMENTS / f"{lock}.txt") == []


@pytest.mark.parametrize(("small", "large"), [("run", "local"), ("local", "dev")])
def test_a_larger_lock_holds_the_smaller_one_version_for_version(small: str, large: str) -> None:
    held = pins(REQUIREMENTS / f"{large}.txt")

    assert pins(REQUIREMENTS / f"{small}.txt").items() <= held.items()


def test_the_lock_for_production_has_what_faces_the_world() -> None:
    """R29: what is asked for by name, since others would be content with less."""
    facing = {"strawberry-graphql", "graphql-core", "starlette", "uvicorn", "h11", "cryptography", "asyncpg"}

    assert facing <= pins(REQUIREMENTS / "run.txt").keys() & FLOORS.keys()


def test_a_version_below_its_floor_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "run.txt"
    lock.write_text(f"graphql-core==3.3.1 \\\n{HASH}\nredis==6.0.0 \\\n{HASH}\n")

    assert complaints(lock) == [
        "run.txt: graphql-core 3.3.1 is below its floor 3.3.2.",
        "run.txt: redis 6.0.0 is not below 6.",
    ]


def test_a_release_candidate_is_below_its_release(tmp_path: Path) -> None:
    lock = tmp_path / "run.txt"
    lock.write_text(f"starlette==1.3.1rc1 \\\n{HASH}\n")

    assert pins(lock) == {"starlette": Version("1.3.1rc1")}
    assert complaints(lock) == ["run.txt: starlette 1.3.1rc1 is below its floor 1.3.1."]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("h11==0.16.0", "run.txt: h11==0.16.0 has no hash."),
        ("--index-url https://packages.example.com/", "run.txt: --index-url https://packages.example.com/"),
        ("h11 @ https://example.com/h11.whl", "run.txt: h11 @ https://example.com/h11.whl"),
    ],
    ids=["no hash", "another index", "an address"],
)
def test_a_lock_names_neither_a_place_nor_anything_without_a_hash(
    tmp_path: Path, line: str, complaint: str
) -> None:
    lock = tmp_path / "run.txt"
    lock.write_text(f"{line}\n")

    assert complaints(lock) == [complaint]
