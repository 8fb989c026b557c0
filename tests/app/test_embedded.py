"""The embedded servers: data that stay, doors that are shut, and owners that die."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import EmbeddedServers, ServersFailed, ServersInUse
from app.environment import ROOT
from storage.redis import connect

OWNER = """
import os, signal, sys
from pathlib import Path
from app.embedded import EmbeddedServers
with EmbeddedServers(Path(sys.argv[1]), durable=False) as servers:
    servers.sql("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('before');", "slotgraph")
    print((Path(sys.argv[1]) / "servers.sockets").read_text(), flush=True)
    os.kill(os.getpid(), getattr(signal, sys.argv[2]))
"""


@pytest.fixture
def data() -> Iterator[Path]:
    """Give a folder that the servers' account can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="slotgraph-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder, "data")


def own_and_die(data: Path, signal: str) -> Path:
    command = [sys.executable, "-c", OWNER, str(data), signal]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode < 0
    return Path(ended.stdout.strip())


def test_what_was_written_is_there_after_a_restart(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        servers.sql("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('before');", "slotgraph")

    with EmbeddedServers(data) as servers:
        assert servers.sql("SELECT word FROM kept", "slotgraph") == "before\n"


@pytest.mark.anyio
async def test_redis_remembers_over_a_restart(data: Path) -> None:
    with EmbeddedServers(data, postgres=False) as servers:
        redis = connect(servers.redis_url)
        await redis.set("word", b"before")
        await redis.aclose()

    with EmbeddedServers(data, postgres=False) as servers:
        redis = connect(servers.redis_url)
        assert await redis.get("word") == b"before"
        await redis.aclose()


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGTERM"])
def test_an_owner_that_was_killed_does_not_stand_in_the_way(data: Path, signal: str) -> None:
    sockets = own_and_die(data, signal)

    with EmbeddedServers(data, durable=False) as servers:
        assert servers.sql("SELECT word FROM kept", "slotgraph") == "before\n"
    assert not sockets.exists()


def test_the_number_of_a_dead_server_may_be_somebody_elses_by_now(data: Path) -> None:
    with EmbeddedServers(data, durable=False) as servers:
        servers.sql("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('before');", "slotgraph")
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data}/postgres\n")
    (data / "valkey" / "server.pid").write_text(f"{os.getpid()}\n")

    with EmbeddedServers(data, durable=False) as servers:
        assert servers.sql("SELECT word FROM kept", "slotgraph") == "before\n"


def test_a_second_owner_is_told_that_there_is_one(data: Path) -> None:
    with EmbeddedServers(data, postgres=False), pytest.raises(ServersInUse, match="Another process"):
        EmbeddedServers(data, postgres=False).__enter__()


def test_a_setting_up_that_was_cut_off_begins_anew(data: Path) -> None:
    (data / "postgres.new").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    data.chmod(0o711)

    with EmbeddedServers(data, durable=False) as servers:
        assert servers.sql("SELECT 1") == "1\n"


def test_data_of_another_postgresql_are_left_alone(data: Path) -> None:
    with EmbeddedServers(data, durable=False):
        pass
    (data / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(ServersFailed, match="made by another PostgreSQL than 18"):
        EmbeddedServers(data, durable=False).__enter__()


def test_only_the_owner_reaches_the_servers(data: Path) -> None:
    """Trust authentication is safe only behind a folder that nobody else may enter."""
    with EmbeddedServers(data, durable=False):
        sockets = Path((data / "servers.sockets").read_text())

        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert sorted(path.name for path in sockets.iterdir()) == [
            ".s.PGSQL.5432",
            ".s.PGSQL.5432.lock",
            "valkey.sock",
        ]


def test_the_servers_listen_on_no_network(servers: EmbeddedServers) -> None:
    assert servers.sql("SHOW listen_addresses") == "\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be kept from giving rights away")
def test_folders_above_private_data_stay_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with EmbeddedServers(tmp_path / "data", durable=False) as servers:
        home = Path((tmp_path / "data" / "servers.place").read_text().strip())

        assert servers.sql("SELECT 1") == "1\n"
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        assert (home / "postgres").stat().st_uid != 0
    shutil.rmtree(home)


def test_the_database_is_asked_in_the_words_of_its_wheel(servers: EmbeddedServers) -> None:
    with pytest.raises(ServersFailed, match="syntax error"):
        servers.sql("SELEC 1")


def test_every_test_has_a_database_of_its_own(servers: EmbeddedServers, database_url: str) -> None:
    name = database_url.removeprefix("postgresql+asyncpg://postgres@/").partition("?")[0]

    assert servers.sql("SELECT version_num FROM alembic_version", name) != ""
    assert servers.sql("SELECT count(*) FROM organizations", name) == "0\n"
