"""Linear classifiers: weighted numbers, and a table for each category."""

from collections.abc import Sequence

import numpy as np
from pgchurn.loader.compiling.columns import Column, Lookup, Number
from pgchurn.loader.compiling.errors import NotCompilable
from pgchurn.loader.compiling.trees import Sum, lookup_tree
from sklearn.base import ClassifierMixin


def linear_sum(
    estimator: ClassifierMixin, columns: Sequence[Column], width: int
) -> Sum:
    """Return ``decision_function`` of a linear classifier as a sum."""
    if len(estimator.coef_) != 1:
        raise NotCompilable("a linear classifier of more than two classes")
    total = Sum(width, float(np.ravel(estimator.intercept_)[0]))
    tables: dict[int, list[tuple[Lookup, float]]] = {}
    for column, coefficient in zip(columns, estimator.coef_[0].tolist()):
        if isinstance(column, Number):
            slope, offset, fill = affine(column)
            total.add_number(column.position, coefficient * slope, fill)
            total.constant += coefficient * offset
        elif isinstance(column, Lookup):
            tables.setdefault(column.position, []).append((column, coefficient))
        else:
            raise NotCompilable("a text that is not encoded")
    for lookups in tables.values():
        total.add_tree(lookup_tree(lookups))
    return total


def affine(column: Number) -> tuple[float, float, float]:
    """Return slope and offset of a number's steps, and the raw value NaN stands for."""
    zero = float(column.apply(np.float64(0.0)))
    slope = float(np.prod([c for name, c in column.steps if name == "multiply"]))
    slope /= float(np.prod([c for name, c in column.steps if name == "divide"]))
    missing = float(column.apply(np.float64("nan")))
    return slope, zero, (missing - zero) / slope
