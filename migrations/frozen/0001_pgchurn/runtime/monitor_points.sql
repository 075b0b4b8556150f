CREATE OR REPLACE FUNCTION churn_runtime.monitor_points() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Which features have changed the mean score of a window, and by how many points."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import ScoringError
from .features import Columns, text_column
from .monitor_tallies import Sample, values_of
from .signature import Signature

if TYPE_CHECKING:
    from .explainer import Explainer

MOST_ROWS = 10_000
# A value takes some 70 bytes while it is kept.
MOST_CELLS = 300_000
# Explaining takes a second or two.
OPERATIONS = 1_000_000_000
FEWEST_ROWS = 20
# How far means of rows drawn at random are from those of all rows in 95 of 100 draws,
# in standard errors.
CONFIDENCE = 1.96
# So many features are named in a sentence, if they change the score as it is told.
MOST_NAMED = 3
UNNOTICEABLE = 0.0005


class MeanChange(NamedTuple):
    """What has changed the mean score."""

    # What each feature adds to the difference of means, by name.
    points: dict[str, float]
    # Their sum: of the rows that were explained, and of the reference's.
    total: float
    # How many rows were explained, of the window.
    rows: int
    # How far the sum, and each of the points, may be by chance from what all rows of
    # the window would give; None: one row does not tell.
    margin: float | None
    margins: dict[str, float] | None


def sample_size(explainer: "Explainer") -> int:
    """Return how many rows of a window are explained, at most."""
    cells = MOST_CELLS // len(explainer.signature.features)
    operations = OPERATIONS // explainer.probability.operations()
    return max(FEWEST_ROWS, min(MOST_ROWS, cells, operations))


def mean_change(
    explainer: "Explainer",
    sample: Sample,
    explained: Mapping[str, Any],
    window_rows: int,
) -> MeanChange | None:
    """Return what has changed the mean score since the reference.

    Points of probability add up to the score less the base's probability, in every
    row: so differences of their means add up to the difference of the mean scores.

    Parameters
    ----------
    explainer : Explainer
    sample : Sample
        Rows of the window.
    explained : dict
        What the reference says: see ``explain_candidate.mean_contributions``.
    window_rows : int
        How many rows the window has.

    Returns
    -------
    MeanChange or None
        None: the window has no row that was logged with every feature.

    Raises
    ------
    ScoringError
        If a row cannot be explained.
    """
    sample.cut()
    if not sample.rows:
        return None
    columns = columns_of(explainer.signature, sample)
    points = explainer.explain(columns).points
    names = [feature.name for feature in explainer.signature.features]
    former = explained["points"]
    means = points.mean(axis=0).tolist()
    changes = {name: mean - former[name] for name, mean in zip(names, means)}
    margin = margins = None
    if len(points) > 1:
        margin = float(margin_of_error(points.sum(axis=1), window_rows))
        margins = dict(zip(names, margin_of_error(points, window_rows).tolist()))
    return MeanChange(changes, sum(changes.values()), len(points), margin, margins)


def margin_of_error(values: np.ndarray, window_rows: int) -> np.ndarray:
    """Return how far means of a sample may be, by chance, from those of its window.

    Parameters
    ----------
    values : ndarray of shape (n_rows,) or (n_rows, n_values)
        Of two rows or more.
    window_rows : int
        How many rows the sample was drawn from, without replacement.

    Returns
    -------
    ndarray of shape () or (n_values,)

    References
    ----------
    Cochran, Sampling Techniques, 1977, section 2.6: the finite population correction.
    """
    left_out = 1 - len(values) / window_rows
    return CONFIDENCE * values.std(axis=0, ddof=1) * (left_out / len(values)) ** 0.5


def columns_of(signature: Signature, sample: Sample) -> Columns:
    """Return logged rows as columns that a model takes."""
    columns = {}
    for feature in signature.features:
        values = values_of(feature, sample.rows)
        if feature.is_text:
            columns[feature.name] = text_column(values)
        else:
            columns[feature.name] = np.array(values, float)
    return columns


def told(change: MeanChange, rows: int) -> str:
    """Return the change in a sentence, whose numbers add up as they are told.

    Parameters
    ----------
    rows : int
        How many rows the window has.
    """
    total = round(change.total, 3)
    ordered = sorted(change.points.items(), key=lambda item: -abs(item[1]))
    named = [
        (name, round(points, 3))
        for name, points in ordered[:MOST_NAMED]
        if abs(points) >= UNNOTICEABLE
    ]
    parts = [f"{name} {points:+.3f}" for name, points in named]
    # Plus nothing, which takes the sign away from a zero.
    rest = round(total - sum(points for _, points in named), 3) + 0.0
    if rest or len(named) < len(ordered):
        parts.append(f"{'the rest' if named else 'all features'} {rest:+.3f}")
    sentence = f"mean score {total + 0.0:+.3f}: {', '.join(parts)}"
    if change.rows < rows:
        sentence = f"{sentence}; of {change.rows:,} of {rows:,} rows"
        if change.margin is not None:
            return f"{sentence}, so give or take {change.margin:.3f}"
    return sentence


def unexplained(error: ScoringError) -> str:
    """Return why there is no such sentence."""
    return f"the change is not explained: {error.message}"
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_points IS 'Which features have changed the mean score of a window, and by how many points.';
