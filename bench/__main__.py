"""`./slotgraph bench [name ...]`: measures, prints a table and JSON, and writes nothing unless told."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from pkgutil import resolve_name
from types import MappingProxyType

import orjson

from app.command.places import from_here
from app.heap import settle
from bench.figures import Measured, document, machine, table

Bench = Callable[[int], Coroutine[None, None, Sequence[Measured]]]
"""Measures so many rounds; each module of this folder that is named below has one, called `measure`."""

BENCHES: Mapping[str, str] = MappingProxyType(
    {
        "http": "open slots over HTTP, against Starlette and orjson by hand",
        "slots": "the slot engine, and how its cost grows with hosts and days",
        "reading": "what is read of our own tables for a page with 1, 10 and 100 hosts",
        "live": "telling thousands of readers that slots changed, and what readers cost",
        "booking": "a booking beside the same insert by bare asyncpg, and a crowd that wants one time",
        "polls": "a thousand who vote in one poll at once, and who follow its tally",
        "growth": "the hot statements, from ten pages to a hundred thousand",
        "workers": "from a commit to the start of what follows, a burst, and an idle worker",
    }
)
_ROUNDS = 5


def main() -> int:
    """Measure what is asked for, everything if nothing is named."""
    parser = argparse.ArgumentParser(prog="./slotgraph bench", description=__doc__, epilog=_listed())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "names", nargs="*", metavar="name", help="what to measure; everything if none is named"
    )
    parser.add_argument(
        "--rounds", type=int, default=_ROUNDS, help=f"rounds of each figure, 3 or more ({_ROUNDS})"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--write", metavar="FILE", help="write the JSON into a file as well")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown or given.rounds < 3:
        parser.error(f"there is no bench {unknown[0]!r}" if unknown else "a figure needs 3 rounds or more")
    names = given.names or list(BENCHES)
    taken: list[dict[str, object]] = []
    for name in names:
        measure: Bench = resolve_name(f"bench.{name}:measure")
        settle()  # as in each process of the API: what is loaded stays
        measured = asyncio.run(measure(given.rounds))
        taken.append(document(name, measured))
        if not given.json:
            print(table(name, measured), flush=True)
            print(flush=True)
    whole = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "benches": taken}
    text = orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if given.json:
        sys.stdout.write(text.decode())
    if given.write:
        from_here(given.write).write_bytes(text)
    return 0


def _listed() -> str:
    return "\n".join(f"  {name:10} {says}" for name, says in BENCHES.items())


if __name__ == "__main__":
    sys.exit(main())
