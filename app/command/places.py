"""Names of files on the command line: they are the caller's, though we run from the root."""

import os
from pathlib import Path


def from_here(name: str) -> Path:
    """Give the file that the caller means, absolute."""
    return Path(os.environ.get("SLOTGRAPH_FROM", "."), name).absolute()


def as_seen_from_root(argument: str) -> str:
    """Give an argument that names a file of the caller, be it with ::test_name, by its whole path."""
    name, colons, rest = argument.partition("::")
    if not name or name.startswith("-") or not from_here(name).exists():
        return argument
    return f"{from_here(name)}{colons}{rest}"
