CREATE OR REPLACE FUNCTION churn_runtime.releasing() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What the guardrails of a release say of rows that both of its versions score."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betaincinv, stdtrit

from .batches import Batch, paced_scores, score_what_scores
from .errors import Refusals, failure_of, is_of_server
from .features import RowOfTexts

if TYPE_CHECKING:
    from .batches import FailedRows
    from .registry import Registry, Scorer

    # Its name, value, bounds, limit, n, result, and the same in words.
    Guardrail = tuple[
        str | None,
        float | None,
        float | None,
        float | None,
        float | None,
        int | None,
        str | None,
        str | None,
    ]

# What a guardrail may come to at most.
LIMITS = {
    # Of 1,000 rows that the champion scores, those that the challenger does not.
    "failures": 1.0,
    # Time for a single row against the champion's. A forest beside a line may take four
    # times as long; and by how many microseconds more it takes, whatever the ratio.
    "time_ratio": 4.0,
    "row_microseconds": 1000.0,
    # Share of customers who cross the threshold, one way or the other.
    "flip_rate": 0.2,
    # Of the mean score, one way or the other.
    "mean_shift": 0.05,
    # Share of rows with a category that the challenger was not trained on.
    "unseen_rate": 0.05,
}
# Guardrails are measured many times over in a step.
CONFIDENCE = 0.999
# Rows that are timed one by one, and how often each; within so many seconds.
TIMED_ROWS = 200
REPEATS = 3
TIMED_SECONDS = 1.0
FEWEST_TIMED = 5
# A single INSERT takes a hundred times that: no ratio makes so little a failure.
NEGLIGIBLE_MICROSECONDS = 5.0


class Releasing:
    """Measures the guardrails of releases."""

    def __init__(self, registry: "Registry", refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals

    def replay(
        self,
        attachment_id: int,
        champion: int,
        challenger: int,
        rows: tuple[str, bytes | None, Sequence[RowOfTexts] | None],
        threshold: float,
        limits: str,
        scored: int,
        failing: int,
    ) -> "list[Guardrail]":
        """Have both versions score rows, and return what the guardrails say.

        Parameters
        ----------
        rows : tuple
            Layout, numbers and texts, as ``Scoring.score_batch`` takes them; no
            numbers: there are no rows.
        threshold : float
            From which score on a customer counts as about to leave.
        limits : str
            JSON: an object of limits by the names of guardrails, where they are others
            than ``LIMITS``.
        scored, failing : int
            How many customers the challenger has scored in its step, and how many it
            failed to score who wait for that.
        """
        layout, numbers, texts = rows
        with self.refusals:
            given = json.loads(limits)
            # Where somebody names a limit it holds to the microsecond.
            negligible = -np.inf if "time_ratio" in given else NEGLIGIBLE_MICROSECONDS
            allowed = {**LIMITS, **given, "negligible_microseconds": negligible}
            live = rated(
                *("live_failures", failing, scored + failing, 1000.0),
                allowed["failures"],
                "of 1,000 customers wait for a score that failed",
            )
            if numbers is None:
                return [live]
            batch = Batch(numbers, texts)
            ours = self.scorer(attachment_id, champion, layout)
            # Of a champion that cannot score nothing can be said.
            before, _ = self.scores(ours, batch)
            try:
                theirs = self.scorer(attachment_id, challenger, layout)
            except Exception as error:
                failure = failure_of(error)
                if is_of_server(failure):
                    raise failure from None
                return [
                    unloaded(challenger, failure, len(batch), allowed["failures"]),
                    live,
                ]
            after, reason = self.scores(theirs, batch)
            return [
                failed(before, after, reason, allowed["failures"]),
                live,
                *self.timed(ours, theirs, batch, allowed),
                flipped(before, after, threshold, allowed["flip_rate"]),
                shifted(before, after, allowed["mean_shift"]),
                self.unseen(theirs, challenger, batch, allowed["unseen_rate"]),
            ]
        return [(None,) * 8]

    def scorer(self, attachment_id: int, version: int, layout: str) -> "Scorer":
        """Return a version, fitted to arrays of an attachment, as sessions score by."""
        keys = self.registry.trusted_keys()
        digest = self.registry.digest(version)
        return self.registry.scorer(attachment_id, version, digest, keys, layout)

    def scores(self, scorer: "Scorer", batch: Batch) -> tuple[np.ndarray, str | None]:
        """Return scores, NaN where a row has none, and why the first fails."""

        def score(first: int, last: int) -> list[float]:
            return paced_scores(
                scorer, batch, first, last, self.registry.check_for_interrupts
            )

        failures: FailedRows = []
        scores = score_what_scores(score, 0, len(batch), failures)
        reason = str(failures[0][1]) if failures else None
        return np.array([np.nan if one is None else one for one in scores]), reason

    def timed(
        self,
        ours: "Scorer",
        theirs: "Scorer",
        batch: Batch,
        allowed: "Mapping[str, float]",
    ) -> "list[Guardrail]":
        """Compare the time for single rows, taken in turn: its ratio and difference.

        A row's time is the least of several, so that a busy machine counts for little.
        """
        times: list[tuple[float, float]] = []
        ends = time.perf_counter() + TIMED_SECONDS
        for row in range(min(TIMED_ROWS, len(batch))):
            if len(times) >= FEWEST_TIMED and time.perf_counter() > ends:
                break
            self.registry.check_for_interrupts()
            numbers = [
                None if value != value else value
                for value in batch.numbers[row].tolist()
            ]
            before = least_seconds(ours, numbers, batch.texts[row])
            after = least_seconds(theirs, numbers, batch.texts[row])
            if before is not None and after is not None:
                times.append((before, after))
        return timing(np.array(times).reshape(-1, 2), allowed)

    def unseen(
        self, scorer: "Scorer", version: int, batch: Batch, limit: float
    ) -> "Guardrail":
        """Count the rows with a category that the challenger's reference lacks."""
        rows = self.registry.fetch(
            "SELECT reference::text AS reference FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        reference = json.loads(rows[0]["reference"] or "{}")
        columns = batch.columns(scorer.positions)
        found = np.zeros(len(batch), bool)
        for name, described in reference.get("features", {}).items():
            categories = {
                value
                for value, _ in described.get("categories", [])
                if isinstance(value, str)
            }
            # A text of which no value was frequent enough to be kept is no category.
            if categories and name in columns:
                found |= np.array(
                    [
                        isinstance(value, str) and value not in categories
                        for value in columns[name].tolist()
                    ]
                )
        return rated(
            *("unseen_rate", int(found.sum()), len(found), 1.0, limit),
            "of the rows have a category that it was not trained on",
        )


def least_seconds(
    scorer: "Scorer", numbers: list[float | None], texts: RowOfTexts
) -> float | None:
    """Return the least time that a version takes for a row; None where it fails."""
    least = np.inf
    for _ in range(REPEATS):
        started = time.perf_counter()
        try:
            scorer.written_row()(numbers, texts)
        except Exception as error:
            failure = failure_of(error)
            if is_of_server(failure):
                raise failure from None
            return None
        least = min(least, time.perf_counter() - started)
    return max(float(least), 1e-9)


def timing(times: np.ndarray, allowed: "Mapping[str, float]") -> "list[Guardrail]":
    """Return the guardrails of the time for a row.

    Parameters
    ----------
    times : ndarray of shape (n_rows, 2)
        Seconds that the champion takes for a row, and the challenger for the same. The
        ratio is the geometric mean of the rows', intervals are Student's.
    allowed : mapping of str to float
        Limits: how many times as long, unless that makes no more than so many
        microseconds, and how many microseconds longer.
    """
    ratio, longer = allowed["time_ratio"], allowed["row_microseconds"]
    if len(times) < FEWEST_TIMED:
        return [nothing("time_ratio", ratio), nothing("row_microseconds", longer)]
    more = student((times[:, 1] - times[:, 0]) * 1e6)
    value, lower, upper = np.exp(student(np.log(times[:, 1] / times[:, 0]))).tolist()
    words = f"a row takes {value:.2g} times as long"
    relative = concluded("time_ratio", value, lower, upper, ratio, len(times), words)
    if relative[6] != "success" and more[0] < allowed["negligible_microseconds"]:
        words += f", which is {more[0]:.2g} microseconds more"
        relative = (*relative[:6], "success", words)
    return [
        relative,
        concluded(
            *("row_microseconds", *more, longer, len(times)),
            f"a row takes {more[0]:+.3g} microseconds",
        ),
    ]


def failed(
    before: np.ndarray, after: np.ndarray, reason: str | None, limit: float
) -> "Guardrail":
    """Count the rows that the champion scores and the challenger does not."""
    scored = ~np.isnan(before)
    lost = int((scored & np.isnan(after)).sum())
    because = f" ({reason})" if lost and reason else ""
    return rated(
        *("failures", lost, int(scored.sum()), 1000.0, limit),
        f"of 1,000 rows cannot be scored{because}",
    )


def flipped(
    before: np.ndarray, after: np.ndarray, threshold: float, limit: float
) -> "Guardrail":
    """Count the customers on either side of the threshold by the other version."""
    both = ~(np.isnan(before) | np.isnan(after))
    crossed = (before[both] >= threshold) != (after[both] >= threshold)
    return rated(
        *("flip_rate", int(crossed.sum()), int(both.sum()), 1.0, limit),
        f"of the customers cross the threshold of {threshold:g}",
    )


def shifted(before: np.ndarray, after: np.ndarray, limit: float) -> "Guardrail":
    """Return by how much the mean score differs."""
    differences = (after - before)[~(np.isnan(before) | np.isnan(after))]
    if len(differences) < 2:
        return nothing("mean_shift", limit)
    mean, lower, upper = student(differences)
    # How far it is from nothing, at least and at most.
    nearest = 0.0 if lower <= 0.0 <= upper else min(abs(lower), abs(upper))
    _, _, _, _, _, n, result, detail = concluded(
        "mean_shift",
        *(abs(mean), nearest, max(abs(lower), abs(upper)), limit, len(differences)),
        f"the mean score shifts by {mean:+.3f}",
    )
    return "mean_shift", mean, lower, upper, limit, n, result, detail


def rated(
    name: str, count: int, n: int, scale: float, limit: float, words: str
) -> "Guardrail":
    """Conclude from a share, with its exact interval (Clopper and Pearson 1934)."""
    if not n:
        # A shadow scores nobody, which is as it should be.
        return nothing(name, limit, *("success",) * (name == "live_failures"))
    tail = (1 - CONFIDENCE) / 2
    lower = float(betaincinv(count, n - count + 1, tail)) if count else 0.0
    upper = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    value = scale * count / n
    share = "a share of " if scale == 1 else ""
    return concluded(
        name,
        *(value, scale * lower, scale * upper, limit, n),
        f"{share}{value:.3g} {words}",
    )


def student(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of some values and Student's interval for it."""
    mean = float(values.mean())
    error = float(values.std(ddof=1)) / len(values) ** 0.5
    half = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * error
    return mean, mean - half, mean + half


def concluded(
    name: str,
    value: float,
    lower: float,
    upper: float,
    limit: float,
    n: int,
    words: str,
) -> "Guardrail":
    """Return a guardrail: a failure where it is surely beyond its limit."""
    if lower > limit:
        result, end = "failure", f", and {limit:g} is allowed"
    elif value > limit:
        result, end = (
            "inconclusive",
            f", where {limit:g} is allowed: too few to be sure",
        )
    else:
        result, end = "success", ""
    return name, value, lower, upper, limit, n, result, f"{words}{end}"


def nothing(name: str, limit: float, result: str = "inconclusive") -> "Guardrail":
    """Return a guardrail that nothing could be measured for."""
    words = f"{name}: nobody was scored by whom it could be measured"
    return name, None, None, None, limit, 0, result, words


def unloaded(version: int, error: Any, n: int, limit: float) -> "Guardrail":
    """Return the guardrail of a challenger that cannot even be loaded."""
    reason = getattr(error, "message", error)
    words = f"model version {version} cannot be loaded ({reason})"
    return "failures", 1000.0, None, None, limit, n, "failure", words
$python$;
COMMENT ON FUNCTION churn_runtime.releasing IS 'What the guardrails of a release say of rows that both of its versions score.';
