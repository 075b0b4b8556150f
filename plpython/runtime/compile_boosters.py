"""Boosted trees of other libraries as a part that computes log odds."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .boosters import LEAF, NUMBER, BoostedTrees
from .compile_columns import GAPS, Column, Columns, Inputs, Lookup, numeric
from .compile_computed import computed, gathered
from .compile_sums import SumBuilder
from .compile_trees import Categories, FittedTree, build_tree
from .form_parts import Scalar, Sigmoid
from .form_scalars import Share


def columns_as_read(estimator: BoostedTrees, columns: Columns) -> Columns:
    """Return columns with what counts as missing as NaN."""
    results: list[Any] = list(columns)
    numbers: list[tuple[int, Column]] = []
    for place in rounded_categories(estimator):
        made = numeric(columns[place]).step("single", 0.0)
        if isinstance(made, Lookup):
            results[place] = made
        else:
            numbers.append((place, made))
    for place, (column, bound) in enumerate(zip(columns, estimator.missing_within_)):
        if np.isnan(bound):
            continue
        if isinstance(column, Lookup):
            results[place] = column.step(GAPS, bound)
        else:
            made = numeric(column).step(GAPS, bound)
            numbers.append((place, made))
    if numbers:
        # Computed before trees compare it: what is missing lies amid the others.
        made_of = computed(gathered([column for _, column in numbers]))
        for (place, _), column in zip(numbers, made_of):
            results[place] = column
    return results


def rounded_categories(estimator: BoostedTrees) -> list[int]:
    """Return the features that are rounded before they are compared with categories.

    A comparison of numbers takes the rounding into its threshold.
    """
    if not (estimator.exact_sets_ and estimator.single_inputs_):
        return []
    return np.unique(estimator.feature_[estimator.set_ != NUMBER]).tolist()


def boosted_trees(estimator: BoostedTrees, columns: Columns, inputs: Inputs) -> Scalar:
    """Return the share that the leaves' sum is, or stands for."""
    total = SumBuilder(estimator.start_ * estimator.scale_)
    for fitted in trees_of(estimator):
        total.add_tree(build_tree(fitted, columns))
    return Share(of=total.part()) if estimator.shares_ else Sigmoid(of=total.part())


def trees_of(estimator: BoostedTrees) -> Iterator[FittedTree]:
    """Yield the trees, each in arrays of its own."""
    sets = [
        frozenset(members.tolist())
        for members in np.split(estimator.members_, estimator.ends_[:-1])
    ][: len(estimator.ends_)]
    ends = [*estimator.roots_[1:].tolist(), len(estimator.left_)]
    for first, last in zip(estimator.roots_.tolist(), ends):
        here = slice(first, last)
        left, right = estimator.left_[here], estimator.right_[here]
        numbers = estimator.set_[here]
        yield FittedTree(
            left=np.where(left == LEAF, LEAF, left - first),
            right=np.where(right == LEAF, LEAF, right - first),
            feature=estimator.feature_[here],
            threshold=estimator.threshold_[here],
            missing_left=estimator.missing_left_[here],
            value=estimator.value_[here] * estimator.scale_,
            single_precision=estimator.single_inputs_,
            categories={
                int(i): Categories(left=sets[numbers[i]], exact=estimator.exact_sets_)
                for i in np.flatnonzero(numbers != NUMBER)
            },
            cover=estimator.cover_[here],
        )
