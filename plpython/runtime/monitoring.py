"""Measuring whether what a profile was scored by still tells the truth.

Sessions that do not monitor import neither this nor what it needs.
"""

from typing import NamedTuple

import numpy as np

from .errors import Refusals, ScoringError
from .explanations import Explanations
from .monitor_drift import drift_of
from .monitor_points import MeanChange, mean_change, sample_size, unexplained
from .monitor_reference import MonitoredVersion, monitored_version
from .monitor_results import TOO_FEW, Result
from .monitor_tallies import WindowTally
from .registry import Registry

# So many rows are read at once, and fewer of many features: values of one feature after
# the other are taken while a processor's cache holds them all.
BATCH_ROWS = 1_000
FIRST_ROWS = 100
BATCH_CHARACTERS = 1_000_000
NO_ROW = "no score was given in this window"


class Measured(NamedTuple):
    """A version, and what is counted of its rows."""

    version: MonitoredVersion
    tally: WindowTally
    # Why nothing explains it that should.
    problem: str | None


class Monitoring:
    """Measures windows of scores.

    A function that fails returns what its result type does not allow: see ``Refusals``.
    """

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals
        self.explanations = Explanations(registry)

    def measure_drift(self, opened: str, is_logged: bool) -> list[Result]:
        """Measure inputs and scores of a window.

        Parameters
        ----------
        opened : str
            Name of a cursor of what ``churn_internal.monitored_rows`` reads.
        is_logged : bool
            Whether the rows are in the log, where whoever reads results may read them.

        Returns
        -------
        list of Result
            In the order in which a reader wants them; at least one.
        """
        with self.refusals:
            found: list[Result] = []
            for measured in self.count_rows(opened):
                change = self.change_of(measured)
                found += drift_of(measured.version, measured.tally, change, is_logged)
                self.registry.pause()
            return found or [Result(None, "score_psi", verdict=TOO_FEW, detail=NO_ROW)]
        return [Result(None, "")]

    def count_rows(self, opened: str) -> list[Measured]:
        """Count the rows of a window, of each version that has scored any."""
        cursor = '"{}"'.format(opened.replace('"', '""'))
        found: dict[int, Measured] = {}
        at_once = FIRST_ROWS
        while rows := self.registry.plpy.execute(f"FETCH {at_once} FROM {cursor}"):
            batches: dict[int, tuple[list[float], list[str]]] = {}
            for row in rows:
                scores, texts = batches.setdefault(row["version"], ([], []))
                scores.append(row["score"])
                texts.append(row["features"])
            for version, (scores, texts) in batches.items():
                if version not in found:
                    found[version] = self.begin(version, len(found))
                found[version].tally.add(np.array(scores), texts)
            longest = max(len(text) for _, texts in batches.values() for text in texts)
            at_once = max(1, min(BATCH_ROWS, BATCH_CHARACTERS // longest))
        return [found[version] for version in sorted(found)]

    def begin(self, version: int, others: int) -> Measured:
        """Return a version of which nothing is counted yet, after so many others.

        The more there are, the fewer rows are kept of each, and what explains a version
        is read again when they are explained: so memory does not grow with them.
        """
        monitored = monitored_version(self.registry, version)
        size, problem = 0, None
        if monitored.is_explained and monitored.reference.get("explained"):
            try:
                explainer = self.explanations.explainer(version)
                size = sample_size(explainer) // (others + 1)
            except ScoringError as error:
                problem = unexplained(error)
        tally = WindowTally(monitored.signature, monitored.reference, size)
        return Measured(monitored, tally, problem)

    def change_of(self, measured: Measured) -> MeanChange | str | None:
        """Return what has changed a version's mean score, or why that is not known."""
        sample, version = measured.tally.sample, measured.version
        if not sample.size:
            return measured.problem
        try:
            explainer = self.explanations.explainer(version.version)
            return mean_change(
                explainer,
                sample,
                version.reference["explained"],
                measured.tally.scores.rows,
            )
        except ScoringError as error:
            return unexplained(error)
