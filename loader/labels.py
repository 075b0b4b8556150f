"""Which value of a label column means that the customer churned."""

from decimal import Decimal

import numpy as np
from pgchurn.loader.errors import LoaderError

TEXTS_FOR_CHURNED = ("yes", "y", "true", "t", "1", "churn", "churned", "left")


def churned(labels, positive_class):
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
    values = sorted(set(texts))
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


def as_text(label):
    """Return a label as lower-case text; a whole number without its decimals."""
    if isinstance(label, (float, Decimal)) and label == label // 1:
        label = int(label)
    return str(label).lower()


def listed(values):
    """Return some values for a message."""
    shown = ", ".join(map(repr, values[:5]))
    return f"{shown}, ..." if len(values) > 5 else shown
