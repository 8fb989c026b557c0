"""The protocols' own suite and clients from npm; left out where node or the packages cannot be had."""

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest

from tests.http.conftest import Door

AUDITS = Path(__file__).parent / "audits"


@pytest.fixture(scope="session")
def scripts() -> Path:
    """Install the packages once for each state of the lock file, outside of the repository."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    state = sha256(b"".join(path.read_bytes() for path in sorted(AUDITS.iterdir()))).hexdigest()[:16]
    folder = Path(gettempdir()) / f"slotgraph-audits-{state}"
    if not (folder / "installed").exists():
        shutil.copytree(AUDITS, folder, dirs_exist_ok=True)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        if subprocess.run(install, cwd=folder, capture_output=True, check=False).returncode:
            pytest.skip("the npm packages cannot be had here")
        (folder / "installed").touch()
    return folder


def run(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run a script and read what it prints."""
    done = subprocess.run(
        ["node", *arguments],  # noqa: S607
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=30,
    )
    return json.loads(done.stdout)


def test_the_graphql_http_audits_are_green(scripts: Path, open_door: Door) -> None:
    """One of the audits introspects, so they are run against the door that lets them."""
    report = run(scripts, "audit.mjs", open_door.url)

    assert report["audits"] > 60
    assert report["error"] == []
    assert report["warn"] == []


def test_the_protocols_own_clients_follow_subscriptions(scripts: Path, door: Door) -> None:
    received = run(scripts, "clients.mjs", door.url, door.socket_url)

    counted = [{"data": {"count": 1}}, {"data": {"count": 2}}, {"data": {"count": 3}}]
    assert [received["overSocket"][0], received["overStream"][0]] == [counted, counted]
    assert received["overSocket"][1][0]["data"] == {"who": "ada"}
    assert received["overStream"][1][0]["data"] == {"who": "ada"}
    assert received["overSocket"][2] == [{"failed": ["GRAPHQL_VALIDATION_FAILED"]}]
    assert received["overStream"][2][0]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
