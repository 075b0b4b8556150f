CREATE OR REPLACE FUNCTION churn_runtime.comparing() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Comparing two versions on customers of whom it is known what became of them.

Sessions that compare nothing import neither this nor what it needs.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from .batches import (
    MODEL_SQLSTATE,
    MOST_FAILURES,
    checked_probabilities,
    paced,
    score_what_scores,
)
from .comparing_evidence import Evidence, Options, evidence_of, no_evidence
from .comparing_scores import Pairs, log_losses
from .comparing_segments import BINS, Segments
from .confidence_sequences import ConfidenceSequence
from .errors import LIMIT_SQLSTATE, Refusals, ScoringError, sqlstate_of
from .features import Columns
from .logged_rows import LackingFeature, LoggedRows, batches
from .registry import Registry
from .signature import Feature

if TYPE_CHECKING:
    from .batches import FailedRows

    # The profile's number, since, until.
    Window = tuple[int, str, str | None]

# The first score of each customer: then those whose outcome is known today are among
# those of tomorrow, as bounds that hold at all times ask for. By the last one, daily
# looks at 2,000 customers who are scored again and again misled in 24% of two years.
MATURED = (
    "SELECT m.model_version, m.score, m.features, m.outcome, m.acted_upon,"
    " extract(epoch FROM m.predicted_at)::float8 AS predicted_at"
    " FROM churn.matured($1::oid::regclass, NULL, $2, $3, true) m"
)
MATURED_TYPES = ["oid", "timestamptz", "timestamptz"]
# Of customers whom a version cannot score the comparison does without, if they are few.
FEW = 0.01


class NotLogged(Exception):
    """A version needs a feature that some customers were logged without."""

    def __init__(self, version: int, feature: Feature) -> None:
        super().__init__(version, feature.name)
        self.version = version
        self.feature = feature


class Replayed:
    """One of the versions that are compared.

    Parameters
    ----------
    registry : Registry
    version : int
    """

    def __init__(self, registry: Registry, version: int) -> None:
        self.registry = registry
        self.version = version
        self.scorer = registry.query_scorer(version)
        self.features = self.scorer.model.signature.features
        self.seen = 0
        self.failures: FailedRows = []

    def scores(
        self, versions: np.ndarray, logged: np.ndarray, rows: LoggedRows
    ) -> np.ndarray:
        """Return its scores of rows, NaN of those that it cannot score.

        Parameters
        ----------
        versions : ndarray of int, shape (n_rows,)
            Which version gave the logged score.
        logged : ndarray of float, shape (n_rows,)
            That score.
        rows : LoggedRows
        """
        self.seen += len(rows)
        scores = logged.copy()
        others = np.flatnonzero(versions != self.version)
        if len(others):
            scores[others] = self.replay(rows.take(others.tolist()))
        return scores

    def replay(self, rows: LoggedRows) -> np.ndarray:
        """Return what it makes of logged features, NaN where it fails."""
        try:
            columns = {one.name: rows.column(one) for one in self.features}
        except LackingFeature as lacking:
            raise NotLogged(self.version, lacking.feature) from None

        def score(first: int, last: int) -> list[float]:
            return paced(
                self.scorer.pace,
                first,
                last,
                self.registry.check_for_interrupts,
                lambda start, end: checked_probabilities(
                    self.scorer.model, part_of(columns, start, end)
                ).tolist(),
            )

        most = max(MOST_FAILURES, int(self.seen * FEW))
        scores = score_what_scores(score, 0, len(rows), self.failures, most)
        self.check_failures(most)
        return np.array(scores, float)

    def check_failures(self, most: int) -> None:
        """Refuse a version that fails, or fails to score so many customers."""
        if not self.failures:
            return
        failure = self.failures[-1][1]
        if len(self.failures) >= most or (
            sqlstate_of(failure) in (MODEL_SQLSTATE, LIMIT_SQLSTATE)
        ):
            if isinstance(failure, ScoringError):
                failure.message = (
                    f"model version {self.version} cannot score what is logged: "
                    f"{failure.message}"
                )
            raise failure

    def not_scored(self) -> list[str]:
        """Return a sentence on the customers that it could not score, if any."""
        if not self.failures:
            return []
        error = self.failures[0][1]
        return [
            f"{len(self.failures):,} more do not count, whom version {self.version} "
            f"could not score: {getattr(error, 'message', error)}"
        ]


class Comparing:
    """Compares versions.

    A function that fails returns what its result type does not allow: see ``Refusals``.
    """

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals

    def compare(
        self,
        profile: int,
        champion: int,
        challenger: int,
        since: str,
        until: str | None,
        material: float,
        expected: int,
        confidence: float,
        thresholds: Sequence[float],
        acted_upon: bool,
    ) -> list[tuple[Any, ...]]:
        """Return the evidence, the verdict first.

        Parameters
        ----------
        profile : int
            Number of the attached table.
        champion, challenger : int
            Versions for it, trained on what was known before ``since``.
        since, until : str
            Times; None as ``until``: all that is mature.
        material : float
            A difference of mean log loss no larger than this does not matter.
        expected : int
            The number of customers that the bounds are tuned to.
        confidence : float
            How likely a bound holds, at all times.
        thresholds : sequence of float
            At each of them it is told whose scores are on either side.
        acted_upon : bool
            Whether customers count who were acted upon.
        """
        with self.refusals:
            sequence = ConfidenceSequence(expected, 1 - confidence)
            options = Options(material, sequence, thresholds, acted_upon)
            versions = [Replayed(self.registry, one) for one in (champion, challenger)]
            window = (profile, since, until)
            try:
                evidence = self.evidence(versions, window, options)
            except NotLogged as problem:
                raise self.not_logged(problem, window) from None
            return [tuple(one) for one in evidence]
        return [no_evidence()]

    def evidence(
        self, versions: Sequence[Replayed], window: "Window", options: Options
    ) -> list[Evidence]:
        """Read the window, replay it, and return what is found."""
        challenger = versions[1]
        segments = Segments(challenger.features, self.edges(challenger.version))
        parts: list[tuple[np.ndarray, ...]] = []
        for batch in batches(self.registry, MATURED, MATURED_TYPES, window):
            rows = LoggedRows.from_texts([row["features"] for row in batch])
            gave = np.array([row["model_version"] for row in batch])
            logged = np.array([row["score"] for row in batch], float)
            left = np.array([row["outcome"] for row in batch], bool)
            acted_upon = np.array([row["acted_upon"] for row in batch], bool)
            scores = [one.scores(gave, logged, rows) for one in versions]
            scored = ~np.isnan(scores[0]) & ~np.isnan(scores[1])
            parts.append(tuple(one[scored] for one in (*scores, left, acted_upon)))
            if not options.acted_upon:
                scored &= ~acted_upon
            add_segments(segments, rows, scored, scores, left)
        columns = [np.concatenate(one) for one in zip(*parts)] or [np.zeros(0)] * 4
        pairs = Pairs(columns[0], columns[1], columns[2])
        acted_upon = columns[3].astype(bool)
        check_both(pairs if options.acted_upon else pairs.where(~acted_upon), window)
        not_scored = [sentence for one in versions for sentence in one.not_scored()]
        return evidence_of(
            pairs, acted_upon, segments, options, not_scored, self.registry.pause
        )

    def edges(self, version: int) -> dict[str, Sequence[float]]:
        """Return where bins of numbers meet, by what a version's rows were like."""
        rows = self.registry.fetch(
            "SELECT reference -> 'features' AS features FROM churn.models"
            " WHERE version = $1",
            ["bigint"],
            version,
        )
        known = json.loads(rows[0]["features"] or "{}")
        return {
            name: inner_quantiles(one["quantiles"])
            for name, one in known.items()
            if one.get("quantiles")
        }

    def not_logged(self, problem: NotLogged, window: "Window") -> ScoringError:
        """Return the error for a feature that some customers were logged without."""
        version, feature = problem.version, problem.feature
        total, lacking, last = 0, 0, 0.0
        for batch in batches(self.registry, MATURED, MATURED_TYPES, window):
            rows = LoggedRows.from_texts([row["features"] for row in batch])
            without = [
                place
                for place in rows.without(feature)
                if batch[place]["model_version"] != version
            ]
            total += len(batch)
            lacking += len(without)
            last = max([last, *(batch[place]["predicted_at"] for place in without)])
        hint = (
            f"Pass a later time than {in_utc(last)} as since: then on it is logged."
            if lacking < total
            else f'Train the model without "{feature.name}"; or activate version '
            f"{version}, if only for a moment, after which the feature is logged of "
            "all scores, and compare on those."
        )
        return ScoringError(
            f'model version {version} needs feature "{feature.name}", which was not '
            "logged",
            detail=f"Of {total:,} customers whose outcome is known, {lacking:,} were "
            f"logged without this {feature.kind}.",
            hint=hint,
            sqlstate="55000",
        )


def in_utc(seconds: float) -> str:
    """Return a time, given since 1970, as a text."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ")


def part_of(columns: Columns, start: int, end: int) -> Columns:
    """Return some rows of columns."""
    return {name: values[start:end] for name, values in columns.items()}


def add_segments(
    segments: Segments,
    rows: LoggedRows,
    counted: np.ndarray,
    scores: Sequence[np.ndarray],
    left: np.ndarray,
) -> None:
    """Add the customers who count to the segments of the features that are logged."""
    columns = {}
    for segmented in segments.features:
        feature = segmented.feature
        try:
            columns[feature.name] = rows.column(feature)[counted]
        except LackingFeature:
            # A score that is logged asks for no features.
            continue
    champion, challenger = (log_losses(one[counted], left[counted]) for one in scores)
    segments.add(columns, champion, challenger, left[counted])


def inner_quantiles(quantiles: Sequence[float]) -> list[float]:
    """Return where bins of about as many rows each meet, of evenly spread quantiles."""
    last = len(quantiles) - 1
    return sorted({quantiles[round(last * one / BINS)] for one in range(1, BINS)})


def check_both(pairs: Pairs, window: "Window") -> None:
    """Refuse to compare where nobody's outcome is known, or all are the same."""
    if pairs.has_both:
        return
    until = window[2] or "now, less the horizon"
    if not len(pairs):
        message = "no customer's outcome is known"
        detail = f"No prediction was logged from {window[1]} to {until} that counts."
    else:
        which = "left" if pairs.leavers else "stayed"
        message = f"all {len(pairs):,} customers {which}"
        detail = (
            f"Of predictions from {window[1]} to {until}. What tells leavers from "
            "stayers cannot be told of either alone."
        )
    raise ScoringError(
        message,
        detail=detail,
        hint="Pass an earlier time as since, or wait: SELECT * FROM churn.matured(...) "
        "lists the predictions whose outcome is known.",
        sqlstate="55000",
    )
$python$;
COMMENT ON FUNCTION churn_runtime.comparing IS 'Comparing two versions on customers of whom it is known what became of them.';
