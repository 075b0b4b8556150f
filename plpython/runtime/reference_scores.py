"""How a version's scores lay when it was registered, and what became of them."""

from typing import Any, NamedTuple

import numpy as np

from .reference_bins import binned

HELD_OUT = "rows held out from training"
# The most groups that a training records of its held-out rows.
MOST_GROUPS = 500
# The most rows that a group can have had: sums of what was read do not overflow.
MOST_ROWS = 10**12


class Groups(NamedTuple):
    """How many customers had which score, and how many of them churned.

    Each of shape (n_groups,), of at least one.
    """

    # Descending.
    scores: np.ndarray
    rows: np.ndarray
    positives: np.ndarray


def sound_groups(document: object) -> Groups | None:
    """Read the groups that a training has recorded; None where it is anything else.

    Whoever registers a version may write there what they like.
    """
    try:
        read: Any = document
        scores = np.array(read["scores"], float)
        rows = np.array(read["rows"], int)
        positives = np.array(read["positives"], int)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    is_sound = (
        scores.shape == rows.shape == positives.shape
        and scores.ndim == 1
        and 0 < scores.size <= MOST_GROUPS
        and (scores >= 0).all()
        and (scores <= 1).all()
        and (np.diff(scores) <= 0).all()
        and (rows > 0).all()
        and (rows <= MOST_ROWS).all()
        and (positives >= 0).all()
        and (positives <= rows).all()
    )
    return Groups(scores, rows, positives) if is_sound else None


def describe_scores(
    scores: np.ndarray, source: str, held_out: object
) -> dict[str, Any]:
    """Return how scores lie.

    Of rows that were held out from training, where it has told them: those it was
    fitted on have others.

    Parameters
    ----------
    scores : ndarray of float, shape (n_rows,)
        Of the reference's rows.
    source : str
        What rows these are.
    held_out : object
        What the training has recorded, as ``sound_groups`` reads it.

    Returns
    -------
    dict
        ``scores``: ``rows``, ``source``, ``mean``, the standard ``deviation``, and what
        ``reference_bins.binned`` says of them. Only where rows were held out:
        ``fitted_scores``, the same of the reference's rows; ``calibration``:
        ``scores``, ``rows`` and ``positives`` of groups, by descending scores.
    """
    groups = sound_groups(held_out)
    of_rows = described(scores, np.ones(len(scores), int), source)
    if groups is None:
        return {"scores": of_rows}
    return {
        "scores": described(groups.scores, groups.rows, HELD_OUT),
        "fitted_scores": of_rows,
        "calibration": {name: one.tolist() for name, one in groups._asdict().items()},
    }


def described(scores: np.ndarray, rows: np.ndarray, source: str) -> dict[str, Any]:
    """Return how scores lie that so many rows each have."""
    total = int(rows.sum())
    mean = float((scores * rows).sum() / total)
    variance = float((rows * (scores - mean) ** 2).sum() / total)
    return {
        "rows": total,
        "source": source,
        "mean": mean,
        "deviation": variance**0.5,
        **binned(scores, rows),
    }
