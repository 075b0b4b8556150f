CREATE OR REPLACE FUNCTION churn_runtime.experiment_streams() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What would be said of an experiment that is looked at at the end of each day."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .experiment_arms import (
    CHALLENGER,
    UNDECIDED,
    Arm,
    adjusted_difference,
    are_few,
    found_of_few,
    may_be_equal,
    pairs_of,
    sequence_for,
    words_of,
)
from .sample_ratio import is_mismatch


@dataclass(frozen=True)
class Stream:
    """The customers of both arms, in the order of their exposure.

    Days are whole numbers from 0 on.

    Attributes
    ----------
    challenged : ndarray of bool, shape (n_customers,)
        Whether they are of the challenger's arm.
    covariate : ndarray of float, shape (n_customers,)
    left : ndarray of bool, shape (n_customers,)
        Whether they left within the horizon.
    exposed, matured, told : ndarray of int, shape (n_customers,)
        The days of their exposure and of the end of their horizon, and from which on
        it is known of those who left.
    """

    challenged: np.ndarray
    covariate: np.ndarray
    left: np.ndarray
    exposed: np.ndarray
    matured: np.ndarray
    told: np.ndarray

    @cached_property
    def days(self) -> int:
        """How many days there are."""
        last = int(self.matured.max(initial=0))
        return 1 + max(last, int(self.told[self.left].max(initial=0)))

    def sums(
        self, which: np.ndarray, days: np.ndarray, values: np.ndarray | None = None
    ) -> np.ndarray:
        """Return a sum over customers as it is at the end of each day."""
        weights = None if values is None else values[which]
        counted = np.bincount(days[which], weights, minlength=self.days)
        return np.cumsum(counted.astype(float))

    def arm(self, challenged: bool) -> Arm:
        """Return the sums over an arm at the end of each day."""
        ours = self.challenged == challenged
        known = np.maximum(self.matured, self.told)
        left = ours & self.left
        return Arm(
            self.sums(ours, self.matured),
            self.sums(left, known),
            self.sums(ours, self.matured, self.covariate),
            self.sums(ours, self.matured, np.square(self.covariate)),
            self.sums(left, known, self.covariate),
        )

    def leavers(self, challenged: bool, day: int) -> np.ndarray:
        """Return who of an arm is known to have left, by their places in it."""
        ours = self.challenged == challenged
        known = self.left & (np.maximum(self.matured, self.told) <= day)
        return np.flatnonzero(known[ours])

    def is_mismatched(self) -> bool:
        """Return whether the arms are said to be of other sizes on any day."""
        sizes = [
            self.sums(self.challenged == one, self.exposed) for one in (True, False)
        ]
        return bool(is_mismatch(*sizes).any())


def first_call(stream: Stream, expected: int) -> tuple[str | None, int | None]:
    """Return which version is called better first, and on which day; None: neither.

    Parameters
    ----------
    expected : int
        How many customers of both arms the bounds are tuned to.
    """
    arms = stream.arm(True), stream.arm(False)
    few = are_few(*arms)
    adjusted = adjusted_difference(*arms)
    sequence = sequence_for(expected)
    customers = arms[0].n + arms[1].n
    for day in range(stream.days):
        if not customers[day]:
            continue
        if few[day]:
            words = call_of_few(stream, arms, day, expected)
        else:
            value = adjusted.value[day]
            radius = sequence.radius(customers[day], adjusted.deviation[day])
            words = words_of(value - radius, value + radius)
        if words != UNDECIDED:
            return words, day
    return None, None


def call_of_few(stream: Stream, arms: tuple[Arm, Arm], day: int, expected: int) -> str:
    """Return what exact bounds say on a day."""
    ours, theirs = (Arm.of([one[day] for one in arm]) for arm in arms)
    if not min(ours.n, theirs.n) or not ours.left + theirs.left:
        return UNDECIDED
    leavers = stream.leavers(True, day), stream.leavers(False, day)
    if may_be_equal(pairs_of(ours, theirs, leavers, expected)):
        return UNDECIDED
    return found_of_few(ours, theirs, leavers, expected).words


def with_effect(stream: Stream, effect: float, rng: np.random.Generator) -> Stream:
    """Return the stream as it would be if the challenger kept a part of its leavers."""
    kept = stream.challenged & (rng.random(len(stream.left)) < effect)
    return Stream(
        stream.challenged,
        stream.covariate,
        stream.left & ~kept,
        stream.exposed,
        stream.matured,
        stream.told,
    )


def is_found(stream: Stream, expected: int) -> tuple[bool, int | None]:
    """Return whether the challenger is called better, and on which day."""
    words, day = first_call(stream, expected)
    return words == CHALLENGER, day
$python$;
COMMENT ON FUNCTION churn_runtime.experiment_streams IS 'What would be said of an experiment that is looked at at the end of each day.';
