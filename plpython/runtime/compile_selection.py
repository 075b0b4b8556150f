"""Fitted selectors of columns: which of their columns they keep."""

from collections.abc import Sequence
from typing import Any

from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)

from .compile_columns import Column, Inputs, NotCompilable

SELECTORS = (
    GenericUnivariateSelect,
    RFE,
    RFECV,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)


def selected(
    transformer: Any, columns: Sequence[Column], inputs: Inputs
) -> Sequence[Column]:
    """Return the columns that a selector keeps, which scikit-learn says itself."""
    chosen = transformer.get_support(indices=True)
    if len(chosen) == 0:
        raise NotCompilable(f"{type(transformer).__name__} that keeps no column")
    return [columns[i] for i in chosen]
