"""How many rows a model scores in one call, and when it is too slow to be called."""

import time
from collections.abc import Callable

from .errors import ScoringError

# Bounds what a model allocates in one call.
MODEL_CALL_ROWS = 10_000

# Few, for a pickle, of unknown speed: a row of the slowest takes 3 ms.
FIRST_CALL_ROWS = 50

# A cancel waits for the call it meets to end, and 0.5 s is promised.
CALL_SECONDS = 0.2

# Asking whether there is a cancel takes some ten microseconds.
PAUSE_SECONDS = 0.02

# How long a model that was too slow is left alone.
RECOVERY_SECONDS = 60.0


# Lets a cancel take effect: see ``Pause``.
Pausing = Callable[[], object]


def no_pause() -> None:
    """Go on where nobody can cancel: in the sandbox, or at the client."""


class Pause:
    """Lets a cancel take effect, unless one could a moment ago.

    What takes long without a statement of SQL calls this as often as it likes.
    """

    def __init__(self, check_for_interrupts: Pausing) -> None:
        self.check_for_interrupts = check_for_interrupts
        self.last = float("-inf")

    def __call__(self) -> None:
        """Let a cancel take effect."""
        if time.monotonic() - self.last > PAUSE_SECONDS:
            self.check_for_interrupts()
            self.last = time.monotonic()


class Pace:
    """The speed of one model in one session.

    The next call may take ``rows`` rows, so that it lasts about ``CALL_SECONDS``.

    Parameters
    ----------
    first_rows, most_rows : int
        How many rows the first call may take, and any.
    """

    def __init__(self, first_rows: int, most_rows: int) -> None:
        self.rows = first_rows
        self.most_rows = most_rows
        self.resting_until = 0.0
        self.slowest = 0.0

    def record(self, rows: int, seconds: float) -> None:
        """Learn from a call how many rows the next one may take."""
        fitting = int(rows * CALL_SECONDS / max(seconds, 1e-9))
        if rows == self.rows or fitting < self.rows:
            self.rows = max(1, min(fitting, self.most_rows))

    def rest(self, seconds: float) -> None:
        """Leave the model alone for a while, after a call that took too long."""
        self.slowest = seconds
        self.resting_until = time.monotonic() + RECOVERY_SECONDS

    def is_resting(self) -> bool:
        """Return whether the model was too slow a short while ago."""
        return time.monotonic() < self.resting_until

    def check_rested(self, allowed: float) -> None:
        """Refuse to call the model, unless its slowest call would be allowed by now."""
        if self.slowest > allowed:
            raise call_too_slow(self.slowest)


def call_too_slow(seconds: float) -> ScoringError:
    """Return the error for a call that took longer than the attachment allows."""
    return ScoringError(
        f"model is too slow: one call took {seconds:.1f} seconds",
        detail="It is called again in a minute.",
        hint="churn.set_score_timeout(profile, interval) allows for more; else roll "
        "back with churn.rollback_model.",
        sqlstate="55000",
    )
