"""How well scores do: estimated before outcomes are known, and realised after."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .errors import Refusals
from .monitor_cohorts import Cohort
from .monitor_expected import LEAST_OF_EACH, Recalibration, recalibration
from .monitor_rows import Realised, Row, Rows
from .registry import Registry

USUAL_THRESHOLD = 0.5
# Where it is not known of more of them when they left, as a share of those of whom it
# is, outcomes tell nothing.
MOST_UNKNOWN = 0.05
# A little more than it takes, where more is read that is to hold enough.
RESERVE = 1.2
NO_OUTCOMES = "no outcome is recorded"
# The horizon of those of whom nothing is to be known yet.
NO_HORIZON = "0"

WINDOW = """
    SELECT a.horizon,
           to_char($3 + a.horizon, 'YYYY-MM-DD') AS matures_on,
           EXISTS (
               SELECT FROM churn.outcomes o WHERE o.attachment_id = a.attachment_id
           ) AS has_outcomes,
           EXISTS (
               SELECT FROM churn.monitor_results r
               WHERE r.attachment_id = a.attachment_id AND r.since = $2 AND r.until = $3
                 AND r.metric = 'calibration_in_the_large' AND r.verdict <> 'not judged'
           ) AS is_judged
    FROM churn.attachments a WHERE a.attachment_id = $1
"""
TO_JUDGE = """
    SELECT c.since, c.until, c.is_due
    FROM churn.attachments a, churn_internal.cohorts_to_judge(a, $2) c
    WHERE a.attachment_id = $1
"""
# What has matured last at the end of a window, so many times as long as that is.
MATURE = """
    SELECT greatest($3 - a.horizon - $4 * ($3 - $2), $3 - 2 * a.horizon) AS since,
           $3 - a.horizon AS until, $4 * ($3 - $2) >= a.horizon AS is_longest
    FROM churn.attachments a WHERE a.attachment_id = $1
"""
UNKNOWN = """
    SELECT count(DISTINCT o.key) AS customers
    FROM churn.outcomes o
    WHERE o.attachment_id = $1 AND o.known_at = '-infinity' AND o.outcome
      AND NOT EXISTS (
        SELECT FROM churn.outcomes l
        WHERE l.attachment_id = $1 AND l.key = o.key AND l.outcome IS NOT TRUE
          AND (l.known_at, l.outcome_id) > (o.known_at, o.outcome_id)
      )
      AND EXISTS (
        SELECT FROM churn.predictions p
        WHERE p.attachment_id = $1 AND p.key = o.key AND p.predicted_at < o.recorded_at
          AND p.predicted_at >= $2 AND p.predicted_at < $3
      )
"""
THRESHOLDS = (
    "SELECT m.version, m.metrics FROM churn.models m WHERE m.version = ANY ($1)"
)
ESTIMATED = """
    SELECT r.version
    FROM churn.monitor_results r
    WHERE r.attachment_id = $1 AND r.since = $2 AND r.until = $3
      AND r.metric = 'estimated_log_loss'
"""
RECALIBRATIONS = """
    SELECT r.version, r.feature, r.value, r.lower, r.upper, r.n
    FROM churn.monitor_results r
    WHERE r.attachment_id = $1 AND r.since = $2 AND r.until = $3
      AND r.metric = 'recalibration' AND r.value IS NOT NULL
"""
TIMES = ["integer", "timestamptz", "timestamptz"]


class Performance:
    """Estimates how well scores do, and judges them by what became of customers."""

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals

    def measure(self, attachment_id: int, since: str, until: str) -> list[Any]:
        """Return what is estimated of a window, and realised of those before.

        Parameters
        ----------
        attachment_id : int
        since, until : str
            The window, as SQL writes times.

        Returns
        -------
        list of Row
        """
        with self.refusals:
            return list(Measuring(self.registry, attachment_id, since, until).rows())
        return [(None,) * len(Row._fields)]


class Measuring:
    """The measuring of one window, and of those that are mature at its end."""

    def __init__(
        self, registry: Registry, attachment_id: int, since: str, until: str
    ) -> None:
        self.registry = registry
        self.attachment_id = attachment_id
        self.since = since
        self.until = until
        (self.window,) = self.fetch(WINDOW, TIMES, since, until)
        # What was read last: what scores are recalibrated on is often what is judged.
        self.last_read: tuple[tuple[str, str], Cohort] | None = None

    def fetch(self, statement: str, types: list[str], *arguments: Any) -> Any:
        """Run a statement whose first parameter is the attachment."""
        return self.registry.fetch(statement, types, self.attachment_id, *arguments)

    def rows(self) -> Iterator[Row]:
        """Yield what is found."""
        yield from self.estimated()
        for cohort in self.fetch(TO_JUDGE, ["integer", "timestamptz"], self.until):
            yield from self.judged(cohort["since"], cohort["until"], cohort["is_due"])

    def estimated(self) -> Iterator[Row]:
        """Yield what is estimated of the window."""
        scored = self.scored()
        thresholds = self.thresholds(scored.versions)
        fitted = self.recalibrations(scored.versions)
        for version in scored.versions:
            outcomes = scored.outcomes(version, thresholds[version], True)
            if not outcomes.groups.total:
                continue
            rows = Rows(self.since, self.until, version, outcomes.groups.total)
            by = fitted.get(version)
            yield from rows.recalibrated(by)
            yield from rows.estimated(outcomes, by, self.registry.pause)
            if not self.window["is_judged"]:
                yield from rows.not_judged(f"mature on {self.window['matures_on']}")

    def judged(self, since: str, until: str, is_due: bool) -> Iterator[Row]:
        """Yield what is realised of an earlier window."""
        # Not due any more, it could not be judged before, which is not told again.
        if not (is_due or self.window["has_outcomes"]):
            return
        cohort = self.matured(since, until)
        problem = self.problem(cohort, since, until)
        if problem is not None and not is_due:
            return
        thresholds = self.thresholds(cohort.versions)
        kept = self.kept_recalibrations(since, until)
        for row in self.fetch(ESTIMATED, TIMES, since, until):
            if row["version"] not in thresholds and is_due:
                rows = Rows(since, until, row["version"], 0)
                yield from rows.not_judged("its scores are not logged any more")
        for version in cohort.versions:
            threshold, by = thresholds[version], kept.get(version)
            others = cohort.outcomes(version, threshold, False)
            rows = Rows(since, until, version, others.groups.total)
            if problem is not None:
                yield from rows.not_judged(problem)
                continue
            everybody = cohort.outcomes(version, threshold, True)
            if not everybody.groups.total:
                continue
            of_all = Realised.of(everybody, by, self.registry.pause)
            if rows.n == of_all.total:
                yield from of_all.judged(rows, of_all)
                continue
            yield from of_all.told(rows.of_all(of_all.total))
            if rows.n == 0:
                yield from rows.not_judged("all were acted upon")
                continue
            of_others = Realised.of(others, by, self.registry.pause)
            yield from of_others.judged(rows, of_all)

    def recalibrations(self, versions: list[int]) -> dict[int, Recalibration]:
        """Return what the scores of versions are recalibrated by at the window's end.

        It is fitted on what has matured last: in as long a time as the window, or,
        where that holds too few, in a longer one of up to a horizon.
        """
        fitted: dict[int, Recalibration] = {}
        times = 1.0
        while self.window["has_outcomes"]:
            types = [*TIMES, "double precision"]
            (span,) = self.fetch(MATURE, types, self.since, self.until, times)
            cohort = self.matured(span["since"], span["until"])
            if self.problem(cohort, span["since"], span["until"]) is not None:
                break
            missing = 0.0
            for version in versions:
                groups, left = cohort.outcomes(version, USUAL_THRESHOLD, False)
                found = recalibration(groups, left)
                if found is not None:
                    fitted[version] = found
                elif groups.total:
                    # A plain number: times goes to SQL.
                    gone = float(left.sum())
                    least = max(1.0, min(gone, groups.total - gone))
                    missing = max(missing, LEAST_OF_EACH / least)
            if not missing or span["is_longest"]:
                break
            times *= max(2.0, RESERVE * missing)
        return fitted

    def kept_recalibrations(self, since: str, until: str) -> dict[int, Recalibration]:
        """Return what scores were recalibrated by at the end of an earlier window."""
        found: dict[int, dict[str, Any]] = {}
        for row in self.fetch(RECALIBRATIONS, TIMES, since, until):
            found.setdefault(row["version"], {})[row["feature"]] = row
        return {
            version: Recalibration.from_dict(
                {
                    name: (row["value"], row["lower"], row["upper"])
                    for name, row in rows.items()
                },
                rows["slope"]["n"],
            )
            for version, rows in found.items()
        }

    def problem(self, cohort: Cohort, since: str, until: str) -> str | None:
        """Return why outcomes do not tell what became of a cohort, if they do not."""
        if not self.window["has_outcomes"]:
            return NO_OUTCOMES
        (row,) = self.fetch(UNKNOWN, TIMES, since, until)
        if row["customers"] <= MOST_UNKNOWN * cohort.left:
            return None
        return f"of {row['customers']:,} customers it is not known when they left"

    def scored(self) -> Cohort:
        """Return who was scored in the window."""
        return Cohort.read(
            self.registry, self.attachment_id, self.since, self.until, NO_HORIZON
        )

    def matured(self, since: str, until: str) -> Cohort:
        """Return who was scored in an earlier one, and what became of them."""
        key = since, until
        if self.last_read is None or self.last_read[0] != key:
            horizon = self.window["horizon"]
            read = Cohort.read(self.registry, self.attachment_id, since, until, horizon)
            self.last_read = key, read
        return self.last_read[1]

    def thresholds(self, versions: Iterable[int]) -> dict[int, float]:
        """Return from which score on versions count a customer as one who leaves."""
        rows = self.registry.fetch(THRESHOLDS, ["bigint[]"], list(versions))
        found = {
            row["version"]: threshold_of(json.loads(row["metrics"])) for row in rows
        }
        return dict.fromkeys(versions, USUAL_THRESHOLD) | found


def threshold_of(metrics: Any) -> float:
    """Return the threshold that a version was registered with, else the usual one."""
    threshold = metrics.get("threshold") if isinstance(metrics, dict) else None
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
        return USUAL_THRESHOLD
    return float(threshold)
