"""What is typical of the rows that a version is explained by, kept with it as JSON."""

from collections import Counter
from typing import Any

import numpy as np

from .features import Columns, row_count
from .signature import Feature, Signature

MOST_CATEGORIES = 100
# Longer texts are no categories that anybody would read.
LONGEST_CATEGORY = 200
QUANTILES = 21


def describe_rows(
    signature: Signature, columns: Columns, source: str
) -> dict[str, Any]:
    """Return what is typical of some rows.

    Parameters
    ----------
    signature : Signature
    columns : dict of str to ndarray of shape (n_rows,)
    source : str
        What rows these are.

    Returns
    -------
    dict
        ``rows``, how many; ``source``; ``features``, by name: ``typical``, the median
        of a number, else the most frequent value; ``known``, the share that is not
        null; ``quantiles`` of numbers, from 0 % to 100 % in steps of 5 %;
        ``categories`` of texts and booleans, [value, count] from the most frequent on.
    """
    return {
        "rows": row_count(columns),
        "source": source,
        "features": {
            feature.name: described_values(feature, columns[feature.name])
            for feature in signature.features
        },
    }


def described_values(feature: Feature, values: np.ndarray) -> dict[str, Any]:
    """Return what is typical of the values of a feature."""
    # What is not equal to itself is NaN.
    kept = values[(values == values).astype(bool)]
    known = float(len(kept) / len(values)) if len(values) else 0.0
    if feature.kind == "number":
        if not len(kept):
            return {"typical": None, "known": known, "quantiles": []}
        # Values that occur, of which there may be candidates for a change.
        quantiles = np.quantile(
            kept.astype(float), np.linspace(0, 1, QUANTILES), method="inverted_cdf"
        )
        return {
            "typical": float(np.median(kept.astype(float))),
            "known": known,
            "quantiles": quantiles.tolist(),
        }
    counts = Counter(
        bool(one) if feature.kind == "boolean" else one for one in kept.tolist()
    )
    # Equally frequent ones in an order that is the same everywhere.
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    short = [
        [value, count]
        for value, count in ordered
        if isinstance(value, bool) or len(value) <= LONGEST_CATEGORY
    ]
    return {
        "typical": short[0][0] if short else None,
        "known": known,
        "categories": short[:MOST_CATEGORIES],
    }
