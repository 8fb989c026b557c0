"""`doctor`: looks at an installation from where it would run, and says what is wrong in sentences."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from urllib.parse import urlsplit

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.command.floors import POSTGRES_FLOORS, PYTHON_FLOORS
from app.environment import ROOT
from app.files import needed_files, raise_file_limit
from app.settings import Settings, SettingsRefused
from storage.redis import RedisFailed, connect
from storage.unit import engine_for

_PATIENCE_S = 5.0
_SMTP_PORTS = {"smtp": 587, "starttls": 587, "smtps": 465}


def run(arguments: Sequence[str]) -> int:
    """Look at everything; 1 if something does not work."""
    argparse.ArgumentParser(prog="./slotgraph doctor").parse_args(arguments)
    _tell("Python", _python())
    try:
        settings = Settings.read(os.environ)
    except SettingsRefused as refused:
        for problem in refused.problems:
            _tell("settings", problem)
        return 1
    _tell("settings", "")
    return asyncio.run(_look(settings))


async def _look(settings: Settings) -> int:
    database = [wrong async for wrong in _database(settings)]
    files = _files(settings)
    redis = await _redis(settings)
    mail = await _mail(settings)
    for wrong in database or [""]:
        _tell("database", wrong)
    _tell("open files", files)
    _tell("Redis", redis)
    _tell("mail", mail)
    return 1 if database or files or redis or mail else 0


def _python() -> str:
    major, minor, micro = sys.version_info[:3]
    floor = PYTHON_FLOORS.get((major, minor), 0)
    return (
        f"{major}.{minor}.{micro} has known defects; take {major}.{minor}.{floor}." if micro < floor else ""
    )


async def _database(settings: Settings) -> AsyncGenerator[str]:
    engine = engine_for(settings.database_url, pool_size=1)
    try:
        async with asyncio.timeout(_PATIENCE_S), engine.connect() as connection:
            number = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
            found = await connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'btree_gist'"))
            has_gist = found.scalar() is not None
            table = (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar()
            query = text("SELECT version_num FROM alembic_version")
            stands = (await connection.execute(query)).scalar() if table else None
    except (SQLAlchemyError, OSError, TimeoutError) as failed:
        yield f"does not answer ({type(failed).__name__})."
        return
    finally:
        await engine.dispose()
    major, minor = divmod(number, 10_000)
    floor = POSTGRES_FLOORS.get(major)
    if floor is None:
        yield f"is PostgreSQL {major}; we run on {min(POSTGRES_FLOORS)} to {max(POSTGRES_FLOORS)}."
    elif minor < floor:
        yield f"is PostgreSQL {major}.{minor}, which has known defects; take {major}.{floor} or newer."
    if not has_gist:
        yield "lacks the extension btree_gist; ./slotgraph migrate makes it, or a superuser must."
    newest = ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_current_head()
    if stands != newest:
        yield f"stands at revision {stands or 'none'} and not at {newest}; run ./slotgraph migrate."


def _files(settings: Settings) -> str:
    allowed, needed = (
        raise_file_limit(settings.streams_per_process),
        needed_files(settings.streams_per_process),
    )
    return f"may be {allowed} and must be {needed}; raise the hard limit." if 0 <= allowed < needed else ""


async def _redis(settings: Settings) -> str:
    client = connect(settings.redis_url)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await client.ping()
    except RedisFailed as failed:
        return f"does not answer ({type(failed).__name__})."
    finally:
        await client.aclose()
    return ""


async def _mail(settings: Settings) -> str:
    parts = urlsplit(settings.smtp_url)
    port = parts.port or _SMTP_PORTS[parts.scheme]
    try:
        async with asyncio.timeout(_PATIENCE_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError) as failed:
        return f"server does not answer ({type(failed).__name__})."
    writer.close()
    return ""


def _tell(what: str, wrong: str) -> None:
    print(f"{'-' if wrong else 'ok'} {what} {wrong}".rstrip())
