CREATE OR REPLACE FUNCTION churn_runtime.monitor_cohorts() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Who was scored in a window, and what became of them."""

from typing import NamedTuple

import numpy as np
from scipy.special import logit

from .batches import VECTOR_HEADER
from .monitor_figures import LEAST_SCORE, Groups
from .registry import Registry

# Where there are more scores, those that differ by less than a thousandth in their log
# odds count as one.
MOST_SCORES = 200_000
PARTS_OF_LOG_ODDS = 1_000
# So many arrays of scores are fetched at once.
ARRAYS_FETCHED = 10

COHORT = """
    SELECT c.version, c.outcome, c.acted_upon, c.scores
    FROM churn_internal.cohort_scores($1, $2, $3, $4) c
"""


class Outcomes(NamedTuple):
    """Customers in groups of one score, and how many of each have left."""

    groups: Groups
    left: np.ndarray


class Counted:
    """How many customers have which score, and have left, in memory that is bounded."""

    def __init__(self) -> None:
        self.scores = np.empty(0)
        # Rows, and of them those who left.
        self.counts = np.empty((0, 2))
        self.waiting: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, scores: np.ndarray, counts: np.ndarray) -> None:
        """Count customers with these scores; what is no probability is left out."""
        is_sound = (scores >= 0) & (scores <= 1)
        self.waiting.append((scores[is_sound], counts[is_sound]))
        if sum(len(added) for added, _ in self.waiting) > MOST_SCORES:
            self.count()

    def count(self) -> "Counted":
        """Count those who were added, and return itself."""
        parts = [(self.scores, self.counts), *self.waiting]
        self.waiting = []
        self.scores, self.counts = grouped(
            np.concatenate([scores for scores, _ in parts]),
            np.concatenate([counts for _, counts in parts]),
        )
        return self


def grouped(scores: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distinct scores in ascending order, and the counts of each."""
    distinct, place = np.unique(scores, return_inverse=True)
    if len(distinct) > MOST_SCORES:
        odds = logit(np.clip(scores, LEAST_SCORE, 1 - LEAST_SCORE))
        _, place = np.unique(np.round(odds * PARTS_OF_LOG_ODDS), return_inverse=True)
        rows = counts[:, 0]
        distinct = np.bincount(place, rows * scores) / np.bincount(place, rows)
    sums = [np.bincount(place, column, len(distinct)) for column in counts.T]
    return distinct, np.column_stack(sums)


class Cohort:
    """Who was scored in a window, and what became of them, by version.

    Each customer counts once for each version, by its last score. Who had left before
    is not counted.
    """

    def __init__(self) -> None:
        # By version, and whether they were acted upon.
        self.counted: dict[tuple[int, bool], Counted] = {}

    @classmethod
    def read(
        cls,
        registry: Registry,
        attachment_id: int,
        since: str,
        until: str,
        horizon: str,
    ) -> "Cohort":
        """Read who was scored in a window.

        Parameters
        ----------
        registry : Registry
        attachment_id : int
        since, until, horizon : str
            As SQL writes them. With a horizon of nothing, nobody has left.
        """
        cohort = cls()
        types = ["integer", "timestamptz", "timestamptz", "interval"]
        plan = registry.plpy.prepare(COHORT, types)
        rows = registry.plpy.cursor(plan, [attachment_id, since, until, horizon])
        while fetched := rows.fetch(ARRAYS_FETCHED):
            for row in fetched:
                scores = np.frombuffer(row["scores"], offset=VECTOR_HEADER.size)
                cohort.add(row["version"], row["acted_upon"], scores, row["outcome"])
        rows.close()
        return cohort

    def add(
        self, version: int, acted_upon: bool, scores: np.ndarray, has_left: bool
    ) -> None:
        """Add customers of the same kind."""
        counts = np.tile([1.0, float(has_left)], (len(scores), 1))
        key = version, acted_upon
        self.counted.setdefault(key, Counted()).add(scores, counts)

    @property
    def versions(self) -> list[int]:
        """The versions that gave scores, ascending."""
        return sorted({version for version, _ in self.counted})

    @property
    def left(self) -> int:
        """How many have left, under whichever version."""
        return int(sum(one.count().counts[:, 1].sum() for one in self.counted.values()))

    def outcomes(
        self, version: int, threshold: float, with_acted_upon: bool
    ) -> Outcomes:
        """Return the customers of a version, of whom there may be none.

        Parameters
        ----------
        version : int
        threshold : float
            From which score on a customer counts as one who leaves.
        with_acted_upon : bool
            Whether those who were acted upon are among them.
        """
        kinds = (False, True) if with_acted_upon else (False,)
        both = Counted()
        for kind in kinds:
            if (version, kind) in self.counted:
                one = self.counted[version, kind].count()
                both.add(one.scores, one.counts)
        both.count()
        rows, left = both.counts.T
        return Outcomes(Groups.of_scores(both.scores, rows, threshold), left)
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_cohorts IS 'Who was scored in a window, and what became of them.';
