"""The clock of tests: it stands still until it is turned."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)  # the Friday before Europe's clocks go forward


class TurnedClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        """Turn the clock forward by what `timedelta` takes."""
        self.now += timedelta(**by)
