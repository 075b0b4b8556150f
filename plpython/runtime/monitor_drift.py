"""What is found in the rows of a window, against the reference of their version."""

from collections.abc import Iterator

from .monitor_bins import Bins, feature_bins, score_bins
from .monitor_points import MeanChange, told
from .monitor_quality import quality_of
from .monitor_reference import MonitoredVersion
from .monitor_results import FINDING, NOT_JUDGED, Result
from .monitor_rules import LEAST_PSI, WINDOW_SIGNIFICANCE, judge_distribution
from .monitor_tallies import ScoreTally, WindowTally

# How far the mean of a window is from the reference's in 95 of 100, in standard errors.
BAND = 1.96


def drift_of(
    monitored: MonitoredVersion,
    tally: WindowTally,
    change: MeanChange | str | None,
    is_logged: bool,
) -> Iterator[Result]:
    """Return what there is to say of a version's rows: scores, inputs, data quality.

    Parameters
    ----------
    monitored : MonitoredVersion
    tally : WindowTally
    change : MeanChange or str or None
        What has changed the mean score, or why that is not known.
    is_logged : bool
        Whether the rows are logged: then whoever reads the results may read them.

    Yields
    ------
    Result
        Of features those first that have findings, then by drift times importance.
    """
    # Of each feature its distribution, nulls, and what is unseen or out of range.
    significance = WINDOW_SIGNIFICANCE / (3 * len(tally.features) + 1)
    yield stability_of_scores(monitored, tally.scores, significance)
    yield from means_of(monitored, tally.scores, change)
    inputs = {}
    for name, counted in tally.features.items():
        bins = feature_bins(
            monitored.features[name], monitored.reference["rows"], counted, is_logged
        )
        about = Result(monitored.version, "psi", name, n=counted.rows)
        inputs[name] = stability(about, bins, significance)
    ordered = sorted(inputs, key=lambda name: rank(monitored, inputs[name]))
    yield from (inputs[name] for name in ordered)
    yield from quality_of(monitored, tally.features, ordered, significance, is_logged)


def stability(about: Result, bins: Bins, significance: float) -> Result:
    """Return a result about a distribution, with whether it is the reference's."""
    judged = judge_distribution(bins.expected, bins.window, bins.ordered, significance)
    is_found = judged.verdict == FINDING
    return about._replace(
        value=judged.value,
        limit=LEAST_PSI,
        verdict=judged.verdict,
        detail=bins.told(judged.bins) if is_found else judged.detail,
    )


def rank(monitored: MonitoredVersion, result: Result) -> tuple[bool, float]:
    """Return what features are sorted by: findings, and drift times importance."""
    importance = 1.0
    if monitored.importance:
        importance = max(0.0, monitored.importance.get(result.feature or "", 0.0))
    return result.verdict != FINDING, -(result.value or 0.0) * importance


def stability_of_scores(
    monitored: MonitoredVersion, scores: ScoreTally, significance: float
) -> Result:
    """Return whether scores are distributed as those of the reference.

    Customers whom a version was fitted on may have surer scores than others, and a
    window has both: so a finding is what neither those held out nor those fitted on
    are like.
    """
    version = monitored.version
    about = Result(version, "score_psi", n=scores.rows)
    if not scores.bins:
        reason = f"version {version} has no reference: {monitored.problem}"
        return about._replace(verdict=NOT_JUDGED, detail=reason)
    against = [
        stability(about, score_bins(known, counted), significance)
        for known, counted in scores.bins
    ]
    return min(against, key=lambda one: (one.verdict == FINDING, one.value or 0.0))


def means_of(
    monitored: MonitoredVersion, scores: ScoreTally, change: MeanChange | str | None
) -> Iterator[Result]:
    """Return the mean score, and what has changed it."""
    version, known = monitored.version, monitored.reference.get("scores")
    lower = upper = None
    if known is not None:
        error = known["deviation"] * (1 / scores.rows + 1 / known["rows"]) ** 0.5
        lower, upper = known["mean"] - BAND * error, known["mean"] + BAND * error
    yield Result(
        version,
        "mean_score",
        value=scores.mean,
        lower=lower,
        upper=upper,
        n=scores.rows,
        verdict=NOT_JUDGED,
        detail=told(change, scores.rows) if isinstance(change, MeanChange) else change,
    )
    if not isinstance(change, MeanChange):
        return
    for name, points in sorted(change.points.items(), key=lambda item: -abs(item[1])):
        margin = change.margins[name] if change.margins else None
        yield Result(
            version,
            "mean_score_change",
            name,
            value=points,
            lower=None if margin is None else points - margin,
            upper=None if margin is None else points + margin,
            n=change.rows,
            verdict=NOT_JUDGED,
        )
