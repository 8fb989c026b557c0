"""`up`: everything on one machine, for developers and for whoever wants to look at it."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from app.command.children import Children
from app.command.development import (
    AlreadyUp,
    Ports,
    UpFailed,
    kept_ports,
    kept_secrets,
    note_address,
    sole_owner,
    write_private,
)
from app.command.places import from_here
from app.command.serving import api_command, migrate_command, worker_command
from app.demo.cast import people
from app.embedded import EmbeddedServers, ServersFailed
from app.environment import ROOT
from app.settings import Settings, SettingsRefused

_HOST = "127.0.0.1"
_PATIENCE_S = 60.0
_GRACE_S = 3
_ALREADY = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(arguments: Sequence[str]) -> int:
    """Start everything, say where it is, and watch over it until a signal; 3 where it runs already."""
    parser = argparse.ArgumentParser(prog="./slotgraph up", description="Run everything on this machine.")
    parser.add_argument("--port", type=int, default=8000, help="where the API answers (8000)")
    parser.add_argument("--data", help="the folder of all data (SLOTGRAPH_DATA, or .data)")
    parser.add_argument("--no-demo", action="store_true", help="load no demo people and pages")
    parser.add_argument("--json", action="store_true", help="one line of JSON on stdout once it answers")
    given = parser.parse_args(arguments)
    data = from_here(given.data or os.environ.get("SLOTGRAPH_DATA") or str(ROOT / ".data"))
    os.umask(0o077)  # mails, calendars and logs are the caller's alone
    try:
        with _until_told_to_stop(), ExitStack() as cleanup:
            cleanup.enter_context(sole_owner(data))
            _serve(data, given.port, cleanup, demo=not given.no_demo, as_json=given.json)
    except AlreadyUp as running:
        _say(str(running))
        return _ALREADY
    except (UpFailed, ServersFailed, SettingsRefused) as failed:
        _say(str(failed))
        return 1
    except KeyboardInterrupt:
        _say("stopped.")
    return 0


def _serve(data: Path, port: int, cleanup: ExitStack, *, demo: bool, as_json: bool) -> None:
    ports = kept_ports(data, port)
    servers = _servers(data, cleanup)
    logs = data / "logs"
    logs.mkdir(exist_ok=True)
    children = Children(logs, _say)
    cleanup.callback(children.stop)
    cleanup.callback(_say, "stopping ...")
    providers = _providers(children, ports, data) if demo else {}
    env = _environment(data, ports, servers, providers)
    settings = Settings.read(env)
    env["DATABASE_URL"] = settings.database_url  # with the driver's name, as migrations need it
    _say("bringing the database up to date ...")
    children.run("migrate", migrate_command(), env)
    _start_surroundings(children, ports, data, env)
    _say("starting API and worker; waiting for the first answer ...")
    children.start("worker", worker_command(), env)
    api = children.start("api", api_command(settings, host=_HOST, port=port, grace_s=_GRACE_S), env)
    children.await_answer(api, f"http://{_HOST}:{port}/health/ready", _PATIENCE_S)
    story = _demo(children, data, env) if demo else {}
    note_address(data, settings.public_url)
    _announce(_addresses(settings, ports, data, env, demo=demo), story, as_json=as_json)
    children.watch(lambda: servers is None or servers.are_running)


def _servers(data: Path, cleanup: ExitStack) -> EmbeddedServers | None:
    """Start those servers that the environment does not name."""
    postgres, valkey = (not os.environ.get(name, "").strip() for name in ("DATABASE_URL", "REDIS_URL"))
    if not (postgres or valkey):
        return None
    names = [name for name, wanted in (("PostgreSQL", postgres), ("Valkey", valkey)) if wanted]
    _say(f"starting {' and '.join(names)} in {data} ...")
    return cleanup.enter_context(EmbeddedServers(data, postgres=postgres, valkey=valkey))


def _providers(children: Children, ports: Ports, data: Path) -> dict[str, str]:
    """Start the demo's Google, Microsoft and Zoom; give our registrations with those that are not real."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "tests.fakes", "--port", str(ports.providers)]
    told = json.loads(children.run("registrations", [*command, "--registrations"], env))
    real = {name.partition("_")[0] for name in told if name.endswith("_CLIENT_ID") and os.environ.get(name)}
    hosts = data / "providers.json"
    write_private(hosts, json.dumps(people()))
    _say("starting the demo's Google, Microsoft and Zoom ...")
    providers = children.start(
        "providers", [*command, "--hosts", str(hosts), "--hooks", f"http://{_HOST}:{ports.api}"], env
    )
    url = f"http://{_HOST}:{ports.providers}/google/.well-known/openid-configuration"
    children.await_answer(providers, url, _PATIENCE_S)
    return {name: value for name, value in told.items() if name.partition("_")[0] not in real}


def _environment(
    data: Path, ports: Ports, servers: EmbeddedServers | None, providers: Mapping[str, str]
) -> dict[str, str]:
    """Make the environment of the processes: the caller's, and for what is missing a developer's."""
    embedded = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url} if servers else {}
    own = {
        **embedded,
        **kept_secrets(data),
        **providers,
        "ENVIRONMENT": "development",
        "PUBLIC_URL": f"http://{_HOST}:{ports.api}",
        "SMTP_URL": f"smtp://{_HOST}:{ports.smtp}",
        "ALLOW_LOOPBACK_PROVIDERS": "yes",
        "INTROSPECTION": "yes",
        "CONSOLE": "yes",
        "DEMO": "yes",
        "DEMO_CALENDAR_URL": f"http://{_HOST}:{ports.calendar}/",
        "DEMO_CALENDAR_USERS": str(data / "calendar.users"),
        "PYTHONUNBUFFERED": "1",
    }
    return own | {name: value for name, value in os.environ.items() if value.strip()}


def _start_surroundings(children: Children, ports: Ports, data: Path, env: Mapping[str, str]) -> None:
    """Start what stands in for the world: a mailbox that takes every mail, and a calendar server."""
    if env["SMTP_URL"] == f"smtp://{_HOST}:{ports.smtp}":
        command = [sys.executable, "-m", "app.mailbox", "--data", str(data / "mails")]
        command += ["--smtp-port", str(ports.smtp), "--http-port", str(ports.mailbox)]
        _say("starting the mailbox ...")
        mailbox = children.start("mailbox", command, env)
        children.await_answer(mailbox, f"http://{_HOST}:{ports.mailbox}/", _PATIENCE_S)
    users = data / "calendar.users"
    if not users.exists():
        write_private(users, "")
    options = {
        "server-hosts": f"{_HOST}:{ports.calendar}",
        "auth-type": "htpasswd",
        "auth-htpasswd-filename": users,
        "auth-htpasswd-encryption": "plain",
        "storage-filesystem-folder": data / "calendars",
        "web-type": "none",
        "logging-level": "warning",
    }
    command = [sys.executable, "-m", "radicale", "--config", ""]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    _say("starting the demo's calendar server ...")
    calendar = children.start("calendar", command, env)
    children.await_answer(calendar, f"http://{_HOST}:{ports.calendar}/", _PATIENCE_S)


def _demo(children: Children, data: Path, env: Mapping[str, str]) -> dict[str, object]:
    """Load the demo's people and pages on the first start; later give what was told then."""
    file = data / "demo.json"
    if not file.exists():
        _say("loading demo data ...")
        write_private(file, children.run("demo", [sys.executable, "-m", "app.demo"], env))
    return json.loads(file.read_text())


def _addresses(
    settings: Settings, ports: Ports, data: Path, env: Mapping[str, str], *, demo: bool
) -> dict[str, str]:
    base = settings.public_url
    own_mail = env["SMTP_URL"] == f"smtp://{_HOST}:{ports.smtp}"
    return {
        "url": base,
        "graphql": f"{base}/graphql",
        "websocket": f"{base.replace('http', 'ws', 1)}/graphql",
        **({"mailbox": f"http://{_HOST}:{ports.mailbox}/", "smtp": env["SMTP_URL"]} if own_mail else {}),
        "calendar": env["DEMO_CALENDAR_URL"],
        "connect": f"{base}/connect",
        **({"providers": f"http://{_HOST}:{ports.providers}/"} if demo else {}),
        "data": str(data),
        "logs": str(data / "logs"),
    }


def _announce(addresses: Mapping[str, str], story: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**addresses, "demo": story}), flush=True)
        return
    told = "\n".join(f"  {name:10} {address}" for name, address in addresses.items())
    demo = f"\n\ndemo\n{json.dumps(story, indent=2, ensure_ascii=False)}" if story else ""
    print(f"Slotgraph answers.\n\n{told}{demo}\n\nCtrl-C stops it; the data stays.", flush=True)


@contextmanager
def _until_told_to_stop() -> Generator[None]:
    """Turn the first signal into KeyboardInterrupt; those after it must not disturb the clearing up."""

    def tell(number: int, frame: FrameType | None) -> None:
        del number, frame
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {one: signal.signal(one, tell) for one in _SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _say(text: str) -> None:
    print(f"slotgraph: {text}", file=sys.stderr, flush=True)
