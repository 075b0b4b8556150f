"""Interleaved measurements, and the figures made of them."""

import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """What a ratio is to reach.

    Attributes
    ----------
    value : float
    at_least : bool
        Otherwise the ratio is to be at most the value.
    """

    value: float
    at_least: bool = True

    def met_by(self, ratio):
        """Return whether a ratio reaches the target."""
        return ratio >= self.value if self.at_least else ratio <= self.value

    def __str__(self):
        """Return the target as it stands in the table."""
        return f"{'>=' if self.at_least else '<='} {self.value:g}"


@dataclass(frozen=True)
class Figure:
    """One comparison.

    Attributes
    ----------
    workload, case, rival : str
    unit : str
        Of the values.
    ours, theirs : list of float
        One value of each side for each round.
    as_speed : bool
        The ratio is the rival's value over ours: how many times as fast, from times.
        Otherwise it is ours over the rival's.
    target : Target, optional
    note : str
    """

    workload: str
    case: str
    rival: str
    unit: str
    ours: list
    theirs: list
    as_speed: bool = False
    target: Target | None = None
    note: str = ""

    @property
    def ratios(self):
        """The ratio of each round's pair."""
        pairs = zip(self.ours, self.theirs)
        return [b / a if self.as_speed else a / b for a, b in pairs]

    @property
    def ratio(self):
        """The median of the ratios, to which the target applies."""
        return statistics.median(self.ratios)

    @property
    def met(self):
        """Whether the target is met; None where there is none."""
        return None if self.target is None else self.target.met_by(self.ratio)

    def to_json(self):
        """Return the figure as a dict of plain values."""
        return {
            "workload": self.workload,
            "case": self.case,
            "rival": self.rival,
            "ratio": self.ratio,
            "ratio_is": self.ratio_is,
            "ratio_min": min(self.ratios),
            "ratio_max": max(self.ratios),
            "ratios": self.ratios,
            "target": None if self.target is None else str(self.target),
            "met": self.met,
            "unit": self.unit,
            "pgchurn_median": statistics.median(self.ours),
            "rival_median": statistics.median(self.theirs),
            "pgchurn": self.ours,
            "rival_values": self.theirs,
            "note": self.note,
        }

    @property
    def ratio_is(self):
        """What is divided by what."""
        return "rival / pgchurn" if self.as_speed else "pgchurn / rival"


def interleave(sides, rounds, before):
    """Measure every side once in each round, in turn.

    Parameters
    ----------
    sides : dict of str to callable
        Each returns one measured value.
    rounds : int
    before : callable taking a side's name
        Called ahead of each measurement, for instance to vacuum.

    Returns
    -------
    dict of str to list of float
        The values of each side, one a round.
    """
    values = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            before(name)
            values[name].append(measure())
    return values


def seconds_of(action):
    """Return how long an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
