"""How long a training may take, and how much of that is gone."""

import time
from collections.abc import Callable

# What fits may take longer than was reckoned from others on fewer rows: a busy machine
# must not cost the last of them, on all rows.
SAFETY = 1.5


class TimeBudget:
    """Seconds that a training may take, counted from here on.

    Parameters
    ----------
    seconds : float or None
        None: as long as it takes.
    clock : callable returning float
        Seconds from some moment on.
    """

    def __init__(
        self, seconds: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self.clock = clock
        self.started = clock()

    @property
    def elapsed(self) -> float:
        """Seconds that are gone."""
        return self.clock() - self.started

    def allows(self, seconds: float) -> bool:
        """Tell whether something that takes so long ends within the budget."""
        return self.seconds is None or self.elapsed + seconds <= self.seconds

    def __str__(self) -> str:
        """Return how much is gone and left, for people to read."""
        if self.seconds is None:
            return f"{self.elapsed:.0f} s"
        left = max(0.0, self.seconds - self.elapsed)
        return f"{self.elapsed:.0f} s, at most {left:.0f} s left"


def seconds_for(rows: int, measured: float, measured_rows: int) -> float:
    """Return how long a fit may take, given another of the same algorithm."""
    return SAFETY * measured * rows / measured_rows
