"""What the locks in requirements/ say, held against the floors and against their own promise of hashes."""

import re
from pathlib import Path

from packaging.version import Version

from app.command.floors import CEILINGS, FLOORS

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>[^ ;\\]+)")
_HASH = re.compile(r"^ +--hash=sha256:[0-9a-f]{64}")


def pins(lock: Path) -> dict[str, Version]:
    """Read the versions of a lock."""
    found = (_PIN.match(line) for line in lock.read_text().splitlines())
    return {pin["name"].lower(): Version(pin["version"]) for pin in found if pin}


def complaints(lock: Path) -> list[str]:
    """Say what in a lock is below its floor, at its ceiling, without a hash, or from a place of its own."""
    found = pins(lock)
    low = [
        f"{lock.name}: {name} {found[name]} is below its floor {floor}."
        for name, floor in FLOORS.items()
        if name in found and found[name] < Version(floor)
    ]
    high = [
        f"{lock.name}: {name} {found[name]} is not below {ceiling}."
        for name, ceiling in CEILINGS.items()
        if name in found and found[name] >= Version(ceiling)
    ]
    return [*low, *high, *_odd_lines(lock)]


def _odd_lines(lock: Path) -> list[str]:
    lines = [line for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    unhashed = [
        f"{lock.name}: {line} has no hash."
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if _PIN.match(line) and not _HASH.match(following)
    ]
    strange = [f"{lock.name}: {line}" for line in lines if not _PIN.match(line) and not _HASH.match(line)]
    return [*unhashed, *strange]
