"""`schema`: the GraphQL schema as it is printed, and its file."""

import argparse
import sys
from collections.abc import Sequence

from app.environment import ROOT
from resolvers.root import schema as joined

SCHEMA_FILE = ROOT / "schema" / "schema.graphql"


def schema(arguments: Sequence[str]) -> int:
    """Print the schema, or write it to its file."""
    parser = argparse.ArgumentParser(prog="./slotgraph schema")
    parser.add_argument("--write", action="store_true", help="write schema/schema.graphql")
    if parser.parse_args(arguments).write:
        SCHEMA_FILE.write_text(printed())
    else:
        sys.stdout.write(printed())
    return 0


def printed() -> str:
    """Print the schema as its file must have it."""
    return f"{joined.as_str().rstrip()}\n"
