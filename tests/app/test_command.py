"""The one entry and its verbs, as a person or a script meets them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.command.development import AlreadyUp, UpFailed, kept_ports, kept_secrets, note_address, sole_owner
from app.command.places import as_seen_from_root, from_here
from app.command.serving import api_command
from app.environment import LOCKS, ROOT, VERBS
from app.settings import Settings
from tests.app.test_settings import PRODUCTION

ENTRY = ROOT / "slotgraph"


def entry(*arguments: str, root: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), **environ}
    return subprocess.run(
        [root / "slotgraph", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def command(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.command", *arguments],
        cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def empty_house(tmp_path: Path) -> Path:
    """Give a root with the entry and with locks that ask for nothing."""
    (tmp_path / "app" / "command").mkdir(parents=True)
    (tmp_path / "requirements").mkdir()
    shutil.copy(ENTRY, tmp_path)
    shutil.copy(ROOT / "app" / "environment.py", tmp_path / "app")
    for lock in LOCKS:
        (tmp_path / "requirements" / f"{lock}.txt").write_text(f"# {lock}\n")
    (tmp_path / "app" / "command" / "__main__.py").write_text(
        "import os, sys; print(sys.prefix, os.getcwd(), sys.argv[1:])\n"
    )
    return tmp_path


@pytest.fixture
def data() -> Iterator[Path]:
    """Give a folder for `up` that the servers' account can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="slotgraph-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder, "data")


def test_help_names_every_verb_without_making_anything(empty_house: Path) -> None:
    said = entry("--help", root=empty_house)

    assert said.returncode == 0
    assert [name for name in VERBS if f"\n  {name} " not in said.stdout] == []
    assert not (empty_house / ".venv").exists()


def test_a_verb_that_is_none_is_refused_with_those_that_are(empty_house: Path) -> None:
    said = entry("serve", root=empty_house)

    assert said.returncode == 2
    assert said.stderr.startswith("slotgraph: there is no verb 'serve'.\n\nusage: ./slotgraph VERB")
    assert not (empty_house / ".venv").exists()


def test_the_environment_is_made_once_and_the_verb_runs_in_it_from_the_root(empty_house: Path) -> None:
    first = entry("api", "--port", "1", root=empty_house)
    second = entry("worker", root=empty_house)

    place = empty_house.resolve()
    assert first.stdout == f"{place}/.venv {place} ['api', '--port', '1']\n"
    assert "installing requirements/run.txt" in first.stderr
    assert second.stdout == f"{place}/.venv {place} ['worker']\n"
    assert second.stderr == ""


def test_a_changed_lock_is_installed(empty_house: Path) -> None:
    entry("api", root=empty_house)
    (empty_house / "requirements" / "run.txt").write_text("# changed\n")

    assert "installing requirements/run.txt" in entry("api", root=empty_house).stderr


def test_two_at_once_make_one_environment(empty_house: Path) -> None:
    start = [empty_house / "slotgraph", "api"]
    with (
        subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one,
        subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other,
    ):
        told = [one.communicate(), other.communicate()]

    assert [one.returncode, other.returncode] == [0, 0]
    assert sum(err.count("installing") for _, err in told) == 1


def test_a_package_without_a_hash_is_not_installed(empty_house: Path) -> None:
    """R29: the lock's hashes are asked for, not offered."""
    (empty_house / "requirements" / "run.txt").write_text("idna\n")
    said = entry("api", root=empty_house)

    assert said.returncode == 1
    assert "slotgraph: The packages could not be installed" in said.stderr
    assert said.stdout == ""


def test_without_a_new_enough_python_it_says_so(tmp_path: Path) -> None:
    for tool in ("dirname", "sh"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))

    said = entry("--help", PATH=str(tmp_path))

    assert said.returncode == 1
    assert said.stderr.startswith("slotgraph needs Python 3.11 or newer")


def test_names_of_files_are_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_mine.py").touch()
    monkeypatch.setenv("SLOTGRAPH_FROM", str(tmp_path))

    assert from_here("cases.json") == tmp_path / "cases.json"
    assert as_seen_from_root("test_mine.py::test_one") == f"{tmp_path}/test_mine.py::test_one"
    assert [as_seen_from_root(argument) for argument in ("-x", "-k", "mine", "")] == ["-x", "-k", "mine", ""]


def test_a_room_lists_its_files() -> None:
    said = command("room", "bookings")

    assert {"schema/bookings.py", "domain/bookings.py", "storage/bookings/rows.py"} <= set(
        said.stdout.split()
    )
    assert command("room", "kitchen").stderr == "slotgraph: No room is called kitchen.\n"


def test_slots_answers_a_file_of_cases(tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text("[]")
    (tmp_path / "broken.json").write_text("[")

    assert json.loads(command("slots", "cases.json", SLOTGRAPH_FROM=str(tmp_path)).stdout) == {}
    broken = command("slots", "broken.json", SLOTGRAPH_FROM=str(tmp_path))
    assert (broken.returncode, broken.stderr) == (2, "slotgraph: broken.json is not JSON.\n")
    absent = command("slots", "absent.json", SLOTGRAPH_FROM=str(tmp_path))
    assert absent.stderr == "slotgraph: absent.json cannot be read: No such file or directory.\n"


@pytest.mark.parametrize("verb", ["api", "worker", "doctor"])
def test_wrong_settings_stop_a_process_before_it_starts(verb: str) -> None:
    said = command(verb, DATABASE_URL="sqlite:///hush", REDIS_URL="", SMTP_URL="", KEYS="", LINK_KEY="")

    assert said.returncode in {1, 2}
    assert "DATABASE_URL must be postgresql://" in said.stdout + said.stderr
    assert "hush" not in said.stdout + said.stderr


def test_the_api_is_bounded_in_every_way() -> None:
    """M10: what uvicorn would allow by itself is not allowed."""
    line = " ".join(api_command(Settings.read(PRODUCTION), host="127.0.0.1", port=8000))

    assert "--ws app.http.wire:Wire --ws-max-size 65536 --ws-per-message-deflate false" in line
    assert "--limit-concurrency 14096 --timeout-keep-alive 75 --timeout-graceful-shutdown 25" in line
    assert "--no-server-header --no-access-log" in line
    assert line.endswith("--no-proxy-headers")


def test_only_named_proxies_are_believed() -> None:
    settings = Settings.read(PRODUCTION | {"TRUSTED_PROXIES": "10.0.0.0/8,::1/128"})

    assert api_command(settings, host="::", port=80)[-3:] == [
        "--proxy-headers", "--forwarded-allow-ips", "10.0.0.0/8,::1/128",
    ]  # fmt: skip


def test_secrets_are_drawn_once_and_read_by_nobody_else(tmp_path: Path) -> None:
    first = kept_secrets(tmp_path)

    assert kept_secrets(tmp_path) == first
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert Settings.read(PRODUCTION | {"KEYS": first["KEYS"], "LINK_KEY": first["LINK_KEY"]}).is_production


def test_ports_stay_what_they_were(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UpFailed, match=f"Port {port} is taken"):
            kept_ports(tmp_path, port)

    first = kept_ports(tmp_path, port)

    assert kept_ports(tmp_path, port) == first
    assert len({first.api, first.mailbox, first.smtp, first.calendar}) == 4


def test_a_second_up_is_told_where_the_first_answers(tmp_path: Path) -> None:
    with sole_owner(tmp_path):
        note_address(tmp_path, "http://127.0.0.1:8000")

        with pytest.raises(AlreadyUp, match="already: http://127"), sole_owner(tmp_path):
            pass


def test_up_serves_says_so_in_one_line_and_ends_when_told(data: Path) -> None:
    """The whole of it, without the demo: addresses on stdout, a second one refused, nothing left behind."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    start = [
        sys.executable,
        "-m",
        "app.command",
        "up",
        "--json",
        "--no-demo",
        "--port",
        port,
        "--data",
        str(data),
    ]
    with subprocess.Popen(start, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None
        told = json.loads(up.stdout.readline())
        again = command("up", "--port", port, "--data", str(data))
        up.send_signal(signal.SIGTERM)
        rest, said = up.communicate(timeout=30)

    assert told["graphql"] == f"http://127.0.0.1:{port}/graphql"
    assert (again.returncode, again.stdout) == (3, "")
    assert f"is running from {data} already: http://127.0.0.1:{port}" in again.stderr
    assert (up.returncode, rest) == (0, "")
    assert said.endswith("slotgraph: stopped.\n")
    assert not (data / "servers.sockets").exists()
