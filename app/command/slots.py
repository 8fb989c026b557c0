"""`slots`: the engine asked about cases in a file, for those who explain a page and for the vectors."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from app.cases import answer
from app.command.places import from_here
from domain.errors import InvalidInput


def run(arguments: Sequence[str]) -> int:
    """Print for each case its starts, in UTC to the minute; 2 where the file or a case cannot be read."""
    parser = argparse.ArgumentParser(prog="./slotgraph slots")
    parser.add_argument("file", help="a JSON list of cases; - is the standard input")
    name: str = parser.parse_args(arguments).file
    try:
        cases: Any = json.loads(sys.stdin.read() if name == "-" else from_here(name).read_text())
        if not isinstance(cases, list):
            return _refuse(f"{name} is not a list of cases.")
        print(json.dumps(answer(cases), indent=1))  # pyright: ignore[reportUnknownArgumentType] -- foreign JSON
    except OSError as failed:
        return _refuse(f"{name} cannot be read: {failed.strerror}.")
    except ValueError:
        return _refuse(f"{name} is not JSON.")
    except InvalidInput as wrong:
        return _refuse(wrong.message)
    return 0


def _refuse(sentence: str) -> int:
    print(f"slotgraph: {sentence}", file=sys.stderr)
    return 2
