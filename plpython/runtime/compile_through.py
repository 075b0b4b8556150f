"""Classifiers of columns, some of which other parts of the form compute before."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .compile_columns import (
    Column,
    Columns,
    Computed,
    Dropped,
    Inputs,
    NotCompilable,
    Number,
)
from .compile_sums import matrix
from .form_computed import Through
from .form_matrices import Joined
from .form_parts import Matrix, Scalar


def of_columns(
    compile_one: Callable[[Any, Columns, Inputs], Scalar],
    estimator: Any,
    columns: Columns,
    inputs: Inputs,
) -> Scalar:
    """Return a classifier of columns.

    It reads what was computed as if it were inputs, after those that it reads as well:
    so trees compare, and tables look up, whatever the inputs are themselves.
    """
    computed = [column for column in columns if isinstance(column, Computed)]
    if not computed:
        return compile_one(estimator, columns, inputs)
    positions = sorted(
        {one.position for one in columns if not isinstance(one, (Computed, Dropped))}
    )
    place = {position: i for i, position in enumerate(positions)}
    parts: list[Matrix] = []
    if positions:
        parts.append(matrix([Number(position) for position in positions]))
    width = len(positions)
    first: dict[int, int] = {}
    for column in computed:
        if id(column.part) not in first:
            first[id(column.part)] = width
            width += column.part.width
            parts.append(column.part)

    def placed(column: Column) -> Column:
        if isinstance(column, Computed):
            position = first[id(column.part)] + column.column.position
            return replace(column.column, position=position)
        if isinstance(column, Dropped):
            return column
        return replace(column, position=place[column.position])

    within = Inputs(
        width,
        {i: v for p, v in inputs.vocabularies.items() if (i := place.get(p, -1)) >= 0},
        {i: null for p, null in inputs.nulls.items() if (i := place.get(p, -1)) >= 0},
    )
    then = compile_one(estimator, [placed(column) for column in columns], within)
    for i, known in within.known_numbers.items():
        if i >= len(positions):
            raise NotCompilable("an encoder that refuses numbers that were computed")
        inputs.refuse_others(positions[i], known)
    return Through(of=side_by_side(parts), then=then)


def side_by_side(parts: Sequence[Matrix]) -> Matrix:
    """Return the numbers of some parts as those of one."""
    if len(parts) == 1:
        return parts[0]
    width = sum(part.width for part in parts)
    return Joined(of=list(parts), order=np.arange(width, dtype=np.int32))
