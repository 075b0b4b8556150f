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


def columns_as_read(estimator: BoostedTrees, columns: Columns) -> Columns:
    """Return columns with what counts as missing as NaN."""
    results: list[Any] = list(columns)
    numbers: list[tuple[int, Column]] = []
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


def boosted_trees(estimator: BoostedTrees, columns: Columns, inputs: Inputs) -> Scalar:
    """Return the share that the leaves' sum stands for."""
    total = SumBuilder(estimator.start_ * estimator.scale_)
    for fitted in trees_of(estimator):
        total.add_tree(build_tree(fitted, columns))
    return Sigmoid(of=total.part())


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
                int(i): Categories(left=sets[numbers[i]])
                for i in np.flatnonzero(numbers != NUMBER)
            },
            cover=estimator.cover_[here],
        )
