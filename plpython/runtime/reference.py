"""What is typical of the rows that a version is explained by, kept with it as JSON."""

import json
from collections import Counter
from typing import Any

import numpy as np

from .errors import LIMIT_SQLSTATE, ScoringError
from .features import NAN, Columns, acceptable_rows, row_count, text_column
from .reference_bins import NO_BINS, binned
from .signature import Feature, Signature

MOST_CATEGORIES = 100
# Of more categories, those that churn.monitor tells apart.
MOST_COMMON = 50
# From where on others weigh in what churn.monitor compares.
SHARE_OF_OTHERS = 0.005
# None that made-up rows are drawn by, which would go by the same lots.
SEED = 3_141_592_653
# Longer texts are no categories that anybody would read.
LONGEST_CATEGORY = 200
QUANTILES = 21
MOST_TRAINING_ROWS = 10_000


def rows_from_json(document: str, signature: Signature) -> Columns:
    """Read rows as the client hands them over: a list of values for each feature.

    Parameters
    ----------
    document : str
        JSON: an object of lists by the names of the features; null is what is missing.
    signature : Signature

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        Without the rows that the signature does not accept.

    Raises
    ------
    ScoringError
        If it is something else, or there are too many rows.
    """
    try:
        given = json.loads(document)
        columns = {
            feature.name: values_of(feature, given[feature.name])
            for feature in signature.features
        }
        (rows,) = {len(values) for values in columns.values()}
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ScoringError(
            "training sample is malformed",
            detail=f"It lacks or misuses {type(error).__name__}: {error}.",
            hint="Pass a list of values for each feature, all of them as long.",
        ) from None
    if rows > MOST_TRAINING_ROWS:
        raise ScoringError(
            f"training sample takes {MOST_TRAINING_ROWS:,} rows at most",
            detail=f"There are {rows:,}.",
            hint="Pass fewer of them.",
            sqlstate=LIMIT_SQLSTATE,
        )
    return acceptable_rows(signature, columns)


def values_of(feature: Feature, given: Any) -> np.ndarray:
    """Return the values of a feature as a column; raise TypeError where it is none."""
    kinds = (str,) if feature.is_text else (int, float, bool)
    if type(given) is not list or not all(
        value is None or type(value) in kinds for value in given
    ):
        raise TypeError(f'values of feature "{feature.name}"')
    if feature.is_text:
        return text_column(given)
    return np.array([NAN if value is None else value for value in given], float)


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
        null; ``quantiles`` of numbers, from 0 % to 100 % in steps of 5 %, and what
        ``reference_bins.binned`` says of them; ``categories`` of texts and booleans,
        [value, count] from the most frequent on, and the share of the ``rest``; where
        others are to be expected, ``common_categories``.
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
            return {"typical": None, "known": known, "quantiles": [], **NO_BINS}
        # Values that occur, of which there may be candidates for a change.
        quantiles = np.quantile(
            kept.astype(float), np.linspace(0, 1, QUANTILES), method="inverted_cdf"
        )
        return {
            "typical": float(np.median(kept.astype(float))),
            "known": known,
            "quantiles": quantiles.tolist(),
            **binned(kept.astype(float)),
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
    listed = short[:MOST_CATEGORIES]
    rest = len(kept) - sum(count for _, count in listed)
    described = {
        "typical": short[0][0] if short else None,
        "known": known,
        "categories": listed,
        "rest": rest / len(kept) if len(kept) else 0.0,
    }
    # Any other row may be of a category that none of these has: as often as one of
    # these has one that no other has (Good 1953).
    alone = sum(count == 1 for count in counts.values())
    if rest or alone > SHARE_OF_OTHERS * len(kept):
        described["common"] = common_categories(kept)
    return described


def common_categories(values: np.ndarray) -> dict[str, Any]:
    """Return the categories that are common in one half of values, as in the other.

    A category that is one of the most frequent is so by chance, too, and less frequent
    anywhere else: so one half says which they are, and the other one how frequent.

    Parameters
    ----------
    values : ndarray of str, shape (n_values,)

    Returns
    -------
    dict
        ``rows``, of the second half; ``categories``, [value, count] there.
    """
    is_first = np.random.default_rng(SEED).random(len(values)) < 0.5
    first, second = (
        Counter(values[is_first].tolist()),
        Counter(values[~is_first].tolist()),
    )
    ordered = sorted(first.items(), key=lambda item: (-item[1], item[0]))
    chosen = [value for value, _ in ordered if len(value) <= LONGEST_CATEGORY][
        :MOST_COMMON
    ]
    return {
        "rows": int((~is_first).sum()),
        "categories": [[value, second[value]] for value in chosen],
    }
