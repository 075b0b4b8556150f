"""Features most of whose values a model's encoders have never seen."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from pgchurn.loader.errors import listed
from pgchurn.loader.models.read_columns import fitted_names
from pgchurn.plpython.runtime.raw_readers import Reader, raw_readers
from sklearn.base import ClassifierMixin

MOST = 0.5


def unknown_features(estimator: ClassifierMixin, frame: pd.DataFrame) -> list[str]:
    """Say of which features most values are unknown to an encoder.

    What is unknown counts as nothing, mostly, so that a model which was fitted on other
    spellings gives scores that look like any others.

    Parameters
    ----------
    estimator : fitted classifier
    frame : pandas.DataFrame of shape (n_rows, n_features)
        Rows of the table, in the order of the model's features.

    Returns
    -------
    list of str
        A clause for each.
    """
    fitted = fitted_names(estimator, list(frame))
    readers: dict[int, list[Reader]] = {}
    for reader in raw_readers(estimator, range(len(fitted))):
        readers.setdefault(reader.position, []).append(reader)
    found = []
    for position, those in sorted(readers.items()):
        name = fitted[position]
        values = frame[name].tolist()
        imputed = any(reader.categories is None for reader in those)
        for reader in those:
            if reader.categories is None:
                continue
            known = reader.categories.tolist()
            unknown = unknown_values(values, known, imputed)
            if len(unknown) > MOST * len(values):
                found.append(
                    f"{name!r}: {len(unknown):,} of {len(values):,} "
                    f"values are unknown to its {type(reader.part).__name__}, which "
                    f"knows {examples(known)}; they are {examples(unknown)}"
                )
                break
    return found


def unknown_values(
    values: Sequence[Any], categories: Sequence[Any], imputed: bool
) -> list[Any]:
    """Return the values that are none of an encoder's categories.

    Which missing value it knows is no matter, since it is given that one.
    """
    known = set(categories)
    knows_missing = imputed or any(one is None or one != one for one in known)
    return [
        value
        for value in values
        if not (knows_missing if value != value else value in known)
    ]


def examples(values: Sequence[Any]) -> str:
    """Return some of the distinct values for a message."""
    return listed({None if value != value else value for value in values})
