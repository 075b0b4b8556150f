"""Bins of numbers and of scores: where most of them are, for what comes later."""

from typing import Any

import numpy as np

MOST_BINS = 20
NO_BINS: dict[str, Any] = {"edges": [], "shares": [], "min": None, "max": None}


def binned(values: np.ndarray, weights: np.ndarray | None = None) -> dict[str, Any]:
    """Return how numbers lie, in bins that hold about as many of them each.

    Parameters
    ----------
    values : ndarray of float, shape (n_values,)
        Not NaN; at least one.
    weights : ndarray of int, shape (n_values,), optional
        How many rows have each; one, if left out.

    Returns
    -------
    dict
        ``edges``, at most 19 distinct values that occur, in ascending order: a bin ends
        with its edge, and the last one has none; ``shares`` of the bins, one more than
        edges; ``min`` and ``max``.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    counts = np.ones(len(values)) if weights is None else weights[order].astype(float)
    shares = np.cumsum(counts) / counts.sum()
    wanted = np.arange(1, MOST_BINS) / MOST_BINS
    # The smallest values that so many are not beyond, but for roundings.
    edges = np.unique(ordered[np.searchsorted(shares, wanted - 1e-12)])
    bins = np.bincount(
        np.searchsorted(edges, ordered), weights=counts, minlength=len(edges) + 1
    )
    return {
        "edges": edges.tolist(),
        "shares": (bins / counts.sum()).tolist(),
        "min": float(ordered[0]),
        "max": float(ordered[-1]),
    }
