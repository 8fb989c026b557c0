"""`python -m app.command VERB ...`: finds the verb's function and gives it the rest."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pkgutil import resolve_name
from types import MappingProxyType

# By name, so that a verb loads what it needs and no more: production has no tools for checking.
_RUN: Mapping[str, str] = MappingProxyType(
    {
        "up": "app.command.up:run",
        "test": "app.command.verbs:test",
        "check": "app.command.check:run",
        "fix": "app.command.verbs:fix",
        "api": "app.command.verbs:api",
        "worker": "app.command.verbs:worker",
        "migrate": "app.command.verbs:migrate",
        "keys": "app.command.keys:run",
        "organization": "app.command.organizations:organization",
        "audit": "app.command.organizations:audit",
        "schema": "app.command.printed:schema",
        "room": "app.command.verbs:room",
        "doctor": "app.command.doctor:run",
        "bench": "app.command.verbs:bench",
        "slots": "app.command.slots:run",
        "lock": "app.command.verbs:lock",
    }
)


def main() -> int:
    """Run the verb of the command line and give its exit code."""
    verb: Callable[[Sequence[str]], int] = resolve_name(_RUN[sys.argv[1]])
    return verb(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
