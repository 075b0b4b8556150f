"""From scikit-learn's fitted imputers to formulas, and to parts that fill gaps."""

from typing import Any

import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer

from .compile_columns import (
    Column,
    Columns,
    Computed,
    Inputs,
    Lookup,
    NotCompilable,
    NullsReadApart,
    Number,
    Text,
    numeric,
)
from .compile_computed import computed, gathered
from .features import NAN
from .form_computed import Rounds
from .form_neighbours import Donors
from .form_parts import Matrix


def simple_imputer(
    transformer: SimpleImputer, columns: Columns, inputs: Inputs
) -> Columns:
    """Fill what is missing."""
    filled = transformer.missing_values
    if filled is not None and not is_missing(filled):
        raise NotCompilable("SimpleImputer for something other than None or NaN")
    results: list[Column] = []
    for column, statistic in zip(columns, transformer.statistics_):
        if isinstance(column, Text):
            if not inputs.vocabularies[column.position].is_null(filled):
                results.append(column)
                continue
            if not isinstance(statistic, str):
                raise NotCompilable("SimpleImputer of a text that fills in no text")
            fill = statistic if column.fill is None else column.fill
            results.append(Text(column.position, fill))
            continue
        if filled is None:
            raise NotCompilable("SimpleImputer of numbers for None")
        if np.isnan(statistic):
            # Such a column is left out.
            continue
        results.append(numeric(column).step("fill", statistic))
    if transformer.add_indicator:
        results += missing_indicator(transformer.indicator_, columns, inputs)
    return results


def neighbours_imputer(
    transformer: KNNImputer, columns: Columns, inputs: Inputs
) -> Columns:
    """Fill what is missing with what the nearest customers of training have."""
    if not is_missing(transformer.missing_values):
        raise NotCompilable("KNNImputer for something other than NaN")
    points = np.asarray(transformer._fit_X, float)
    points = np.where(transformer._mask_fit_X, NAN, points)
    known = np.isfinite(points).any(axis=0)
    means = [
        column[np.isfinite(column)].mean() if one else 0.0
        for one, column in zip(known, points.T)
    ]
    filled = computed(
        Donors(
            of=gathered(columns),
            points=points.T.ravel(),
            means=np.array(means),
            weights=transformer.weights,
            count=int(transformer.n_neighbors),
        )
    )
    results: list[Column] = []
    for column, one in zip(filled, known):
        if one:
            results.append(column)
        elif transformer.keep_empty_features:
            results.append(numeric(column).step("multiply", 0.0).step("fill", 0.0))
    if transformer.add_indicator:
        results += missing_indicator(transformer.indicator_, columns, inputs)
    return results


def iterative_imputer(
    transformer: IterativeImputer, columns: Columns, inputs: Inputs
) -> Columns:
    """Fill what is missing with estimates of all the other numbers, in rounds.

    Where every number of every row is missing, scikit-learn leaves it at what stands
    for them at first, so that such a row depends on those beside it; here it is
    estimated always.
    """
    if not is_missing(transformer.missing_values):
        raise NotCompilable("IterativeImputer for something other than NaN")
    if transformer.sample_posterior:
        raise NotCompilable("IterativeImputer that draws its estimates")
    first = np.asarray(transformer.initial_imputer_.statistics_, float)
    empty = np.asarray(transformer._is_empty_feature, bool)
    given: list[Column] = []
    for column, is_empty, statistic in zip(columns, empty, first):
        if not is_empty:
            given.append(column)
        elif transformer.keep_empty_features:
            given.append(numeric(column).step("multiply", 0.0).step("fill", statistic))
    kept = first if transformer.keep_empty_features else first[~empty]
    if transformer.n_iter_:
        results = [*computed(rounds(transformer, gathered(given), kept))]
    else:
        results = [numeric(one).step("fill", f) for one, f in zip(given, kept)]
    if transformer.add_indicator:
        results += missing_indicator(transformer.indicator_, columns, inputs)
    return results


def rounds(transformer: IterativeImputer, of: Matrix, first: np.ndarray) -> Rounds:
    """Return the part that estimates what is missing of another one's numbers."""
    steps = transformer.imputation_sequence_
    weights = np.zeros((len(steps), of.width))
    for row, step in zip(weights, steps):
        row[step.neighbor_feat_idx] = coefficients(step.estimator)
    return Rounds(
        of=of,
        first=first,
        lowest=limits(transformer._min_value, of.width),
        highest=limits(transformer._max_value, of.width),
        numbers=np.array([step.feat_idx for step in steps], np.int32),
        weights=weights.ravel(),
        constants=np.array([float(step.estimator.intercept_) for step in steps]),
    )


def coefficients(estimator: Any) -> np.ndarray:
    """Return the weights of a line, of which an imputer's estimator has to be one."""
    found = getattr(estimator, "coef_", None)
    if found is None or not hasattr(estimator, "intercept_"):
        kind = type(estimator).__name__
        raise NotCompilable(f"IterativeImputer that estimates by a {kind}")
    return np.asarray(found, float).ravel()


def limits(values: Any, width: int) -> np.ndarray:
    """Return what estimates are cut to, for each number."""
    return np.broadcast_to(np.asarray(values, float), (width,)).copy()


def missing_indicator(
    transformer: MissingIndicator, columns: Columns, inputs: Inputs
) -> Columns:
    """Turn columns into 1 where they are missing, 0 where they are not."""
    sought = transformer.missing_values
    if sought is not None and not is_missing(sought):
        raise NotCompilable("MissingIndicator for something other than None or NaN")
    results: list[Column] = []
    for i in transformer.features_:
        column = columns[i]
        if isinstance(column, Text):
            results.append(text_indicator(column, sought, inputs))
            continue
        if isinstance(column, Computed) and sought is not None:
            indicated = number_indicator(column.column)
            results.append(Computed(column.part, indicated))
            continue
        if not isinstance(column, Number) or sought is None:
            raise NotCompilable("MissingIndicator of what is neither number nor text")
        results.append(number_indicator(column))
    return results


def number_indicator(column: Number | Lookup) -> Lookup:
    """Return 1 where a number is missing, 0 where it is not."""
    if isinstance(column, Lookup):
        return column.mapped(lambda value: float(value != value))
    is_filled = any(name == "fill" for name, _ in column.steps)
    return Lookup(column.position, {}, 0.0, 0.0 if is_filled else 1.0)


def text_indicator(column: Text, sought: float | None, inputs: Inputs) -> Lookup:
    """Return 1 where a text is missing, 0 where it is not."""
    vocabulary = inputs.vocabularies[column.position]
    found = column.fill is None and vocabulary.is_null(sought)
    if found and not vocabulary.null_apart:
        raise NullsReadApart("a text feature whose nulls are indicated")
    values = {float(vocabulary.code(None)): 1.0} if found else {}
    if found:
        vocabulary.agree_on_missing(vocabulary.code(None))
    return Lookup(column.position, values, 0.0, 0.0, codes=vocabulary.count())


def is_missing(category: Any) -> bool:
    """Return whether a category is the one for missing values."""
    return category != category


IMPUTERS: dict[type, Any] = {
    IterativeImputer: iterative_imputer,
    KNNImputer: neighbours_imputer,
    MissingIndicator: missing_indicator,
    SimpleImputer: simple_imputer,
}
