"""Figures, the limits they are held to, and how both are printed."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class AtMost:
    """A limit from above."""

    value: float

    def holds(self, measured: float) -> bool:
        """Say whether a figure keeps to it."""
        return measured <= self.value

    def __str__(self) -> str:
        """Say it as in a table."""
        return f"≤ {self.value:g}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A limit from below."""

    value: float

    def holds(self, measured: float) -> bool:
        """Say whether a figure keeps to it."""
        return measured >= self.value

    def __str__(self) -> str:
        """Say it as in a table."""
        return f"≥ {self.value:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured: one number a round, in the order of the rounds.

    `against` names the peer's figure, whose rounds were measured beside these, one by one: the limit then
    holds the median of the ratios, ours to the peer's. Without a peer it holds the median itself.
    """

    name: str
    unit: str
    rounds: tuple[float, ...]
    against: str | None = None
    limit: AtMost | AtLeast | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A figure that could not be measured here, and why."""

    name: str
    why: str


Measured = Figure | Skipped


def ratios(figure: Figure, peers: Mapping[str, Figure]) -> tuple[float, ...] | None:
    """Give ours to the peer's, round by round; None without a peer."""
    peer = peers.get(figure.against or "")
    if peer is None:
        return None
    return tuple(ours / theirs for ours, theirs in zip(figure.rounds, peer.rounds, strict=True))


def table(title: str, measured: Sequence[Measured]) -> str:
    """Print figures as a table in Markdown."""
    figures = {item.name: item for item in measured if isinstance(item, Figure)}
    lines = [
        f"### {title}",
        "",
        "| what | median | min to max | unit | of its peer | min to max | limit | kept |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for item in measured:
        if isinstance(item, Skipped):
            lines.append(f"| {item.name} | skipped: {item.why} | | | | | | |")
            continue
        ratio = ratios(item, figures)
        cells = [item.name, _short(median(item.rounds)), _span(item.rounds), item.unit]
        cells += [f"{_short(median(ratio))} × {item.against}", _span(ratio)] if ratio else ["", ""]
        cells += [str(item.limit or ""), {True: "yes", False: "**no**", None: ""}[_keeps(item, ratio)]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def document(title: str, measured: Sequence[Measured]) -> dict[str, object]:
    """Give figures as JSON has them, with every round."""
    figures = {item.name: item for item in measured if isinstance(item, Figure)}
    return {"bench": title, "figures": [_entry(item, figures) for item in measured]}


def machine() -> dict[str, object]:
    """Say on what was measured; nothing names the machine itself."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def rounds_of(count: int, *works: Callable[[], float]) -> list[tuple[float, ...]]:
    """Measure several works in turns, so that whatever else the machine does meets all of them alike."""
    taken = [tuple(work() for work in works) for _ in range(count)]
    return [tuple(turn[index] for turn in taken) for index in range(len(works))]


def _entry(item: Measured, figures: Mapping[str, Figure]) -> dict[str, object]:
    if isinstance(item, Skipped):
        return {"name": item.name, "skipped": item.why}
    ratio = ratios(item, figures)
    return {
        "name": item.name,
        "unit": item.unit,
        "median": median(item.rounds),
        "rounds": item.rounds,
        "against": item.against if ratio else None,
        "ratio": median(ratio) if ratio else None,
        "ratios": ratio,
        "limit": str(item.limit) if item.limit else None,
        "kept": _keeps(item, ratio),
    }


def _keeps(figure: Figure, ratio: tuple[float, ...] | None) -> bool | None:
    """Say whether a figure keeps to its limit; None where there is none, or its peer was not measured."""
    if figure.limit is None or (figure.against and ratio is None):
        return None
    return figure.limit.holds(median(ratio or figure.rounds))


def _span(values: Sequence[float]) -> str:
    return f"{_short(min(values))} to {_short(max(values))}"


def _short(value: float) -> str:
    """Write a number with three digits that count, or whole from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123 -- a file of the kernel's, read line by line
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
