"""Measuring whether what a profile was scored by still tells the truth.

Sessions that do not monitor import neither this nor what it needs.
"""

import numpy as np

from .errors import Refusals
from .monitor_drift import Result, drift_of
from .monitor_reference import MonitoredVersion, monitored_version
from .monitor_tallies import WindowTally, read_documents
from .registry import Registry

# Bounds what a batch takes in memory: of 20 features 10 MB.
BATCH_ROWS = 5_000
# A cell takes some hundred bytes while it is read.
BATCH_CELLS = 200_000


class Monitoring:
    """Measures windows of scores.

    A function that fails returns what its result type does not allow: see ``Refusals``.
    """

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals

    def measure_drift(
        self, attachment_id: int, statement: str, from_log: bool, since: str, until: str
    ) -> list[Result]:
        """Measure inputs and scores of a window.

        Parameters
        ----------
        statement : str
            What ``churn_internal.monitored_rows`` has written.
        from_log : bool
            Whether that reads the log, and takes parameters.
        """
        with self.refusals:
            versions: dict[int, MonitoredVersion] = {}
            tallies: dict[int, WindowTally] = {}
            given = (attachment_id, since, until) if from_log else ()
            types = ["integer", "timestamptz", "timestamptz"] if from_log else []
            plan = self.registry.plpy.prepare(statement, types)
            cursor = self.registry.plpy.cursor(plan, list(given))
            at_once = BATCH_ROWS
            while True:
                rows = cursor.fetch(at_once)
                if not len(rows):
                    break
                batches: dict[int, tuple[list[float], list[str]]] = {}
                for row in rows:
                    scores, texts = batches.setdefault(row["version"], ([], []))
                    scores.append(row["score"])
                    texts.append(row["features"])
                for version, (scores, texts) in batches.items():
                    if version not in versions:
                        monitored = monitored_version(self.registry, version)
                        versions[version] = monitored
                        tallies[version] = WindowTally(
                            monitored.signature, monitored.reference
                        )
                    tallies[version].add(np.array(scores), read_documents(texts))
            found = [Result(None, "score_psi", verdict="too few", detail=NO_ROW)]
            for version, monitored in sorted(versions.items()):
                found += drift_of(monitored, tallies[version])
            return found if len(found) == 1 else found[1:]
        return [Result(None, "")]


NO_ROW = "no score was given in this window"
