"""Which label means that the customer churned, and labels that can be trained on."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pgchurn.loader.errors import LoaderError, TrainingError, listed

TEXTS_FOR_CHURNED = ("yes", "y", "true", "t", "1", "churn", "churned", "left")


def churned(labels: np.ndarray, positive_class: str | None) -> np.ndarray:
    """Return labels as booleans.

    Parameters
    ----------
    labels : numpy.ndarray of shape (n_rows,), object
        Without nulls.
    positive_class : str or None
        The label of those who churned, as text; by default true, 1 or a word for yes.

    Returns
    -------
    numpy.ndarray of shape (n_rows,), bool
    """
    texts = np.array([as_text(label) for label in labels], dtype=object)
    values = set(texts)
    positive: str | None
    if positive_class is not None:
        positive = as_text(positive_class)
        if positive not in values:
            raise LoaderError(
                f"no row is labelled {positive_class!r}; "
                f"the labels are {listed(values)}"
            )
    else:
        candidates = [value for value in values if value in TEXTS_FOR_CHURNED]
        if len(values) == 2 and len(candidates) != 1:
            raise LoaderError(
                f"the labels are {listed(values)}; say with --positive-class which of "
                "them means that the customer churned"
            )
        positive = candidates[0] if candidates else None
    if len(values) > 2:
        raise LoaderError(
            f"the label column has {len(values):,} values ({listed(values)}); it needs "
            "two, and null where the outcome is not known"
        )
    return texts == positive


def as_text(label: object) -> str:
    """Return a label as lower-case text; a whole number without its decimals."""
    if isinstance(label, (float, Decimal)) and label == label // 1:
        label = int(label)
    return str(label).lower()


def encode_labels(labels: npt.ArrayLike) -> np.ndarray:
    """Bring labels to an array that scikit-learn takes as two classes.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        Bool, 0 and 1, or two text values; object arrays of these, too.

    Returns
    -------
    numpy.ndarray of shape (n_samples,)
        Of dtype bool, int64, or object holding str.

    Raises
    ------
    TrainingError
        If a label is missing, or there are not exactly two classes.
    """
    series = pd.Series(np.asarray(labels, dtype=object))
    if series.isna().any():
        raise TrainingError(
            f"{series.isna().sum():,} rows have no label; "
            "train only on customers whose outcome is known"
        )
    classes = series.unique()
    require_two_classes(classes)
    if all(isinstance(label, (bool, np.bool_)) for label in classes):
        return series.to_numpy(dtype=bool)
    if all(isinstance(label, str) for label in classes):
        return series.to_numpy(dtype=object)
    if set(classes) == {0, 1}:
        return series.to_numpy(dtype="int64")
    raise TrainingError(
        f"the labels are {listed(classes)}; use true and false, 1 and 0, or two texts"
    )


def require_two_classes(classes: np.ndarray) -> None:
    """Raise TrainingError unless there are two classes."""
    if len(classes) == 0:
        raise TrainingError(
            "there are no rows to train on; "
            "train needs customers whose outcome is known"
        )
    if len(classes) == 1:
        raise TrainingError(
            f"every label is {classes[0]!r}; "
            "train on customers who left and customers who stayed"
        )
    if len(classes) > 2:
        raise TrainingError(
            f"there are {len(classes):,} different labels ({listed(classes)}); "
            "use a label column that holds two values"
        )


def require_rows(labels: np.ndarray, minimum: int) -> None:
    """Raise TrainingError unless each class has so many rows."""
    classes, counts = np.unique(labels, return_counts=True)
    rarer = counts.argmin()
    if counts[rarer] < minimum:
        raise TrainingError(
            f"too few rows are labelled {classes.tolist()[rarer]!r}: {counts[rarer]}, "
            f"where at least {minimum} of either label are needed; "
            "gather more known outcomes or take in a longer period"
        )
