CREATE OR REPLACE FUNCTION churn_runtime.compile_sums() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Sums of weighted numbers, tables of categories, and trees."""

from collections.abc import Sequence

import numpy as np

from .compile_columns import Column, Computed, Lookup, NotCompilable, Number
from .compile_trees import Leaf, Tree, flatten
from .form_computed import Onward
from .form_matrices import Dense, Inputs, Joined, OnlyOne, Table
from .form_parts import Matrix, Scalar, Sum


class SumBuilder:
    """Collects what is added up.

    Parameters
    ----------
    constant : float, default=0
    """

    def __init__(self, constant: float = 0.0) -> None:
        self.constant = constant
        self.weights: dict[int, float] = {}
        self.fills: dict[int, float] = {}
        self.tables: dict[int, list[tuple[Lookup, float]]] = {}
        self.trees: list[Tree] = []

    def add_number(self, position: int, weight: float, fill: float) -> None:
        """Add a weighted number; ``fill``, unless NaN, stands for its NaN."""
        before = self.fills.setdefault(position, fill)
        if not np.array_equal(before, fill, equal_nan=True):
            raise NotCompilable("a number that is imputed in two ways")
        self.weights[position] = self.weights.get(position, 0.0) + weight

    def add_lookup(self, lookup: Lookup, weight: float) -> None:
        """Add a weighted lookup."""
        self.tables.setdefault(lookup.position, []).append((lookup, weight))

    def add_tree(self, tree: Tree) -> None:
        """Add a tree, or the one value of a tree without comparisons."""
        if isinstance(tree, Leaf):
            self.constant += tree.value
        else:
            self.trees.append(tree)

    def part(self) -> Sum:
        """Return the sum as a part of a compiled form."""
        tables = [table(weighted) for weighted in self.tables.values()]
        return Sum(
            constant=float(self.constant),
            positions=np.array(list(self.weights), np.int32),
            weights=np.array(list(self.weights.values()), float),
            fills=np.array(list(self.fills.values()), float),
            tables=np.array(list(self.tables), np.int32),
            defaults=np.array([default for _, default, _ in tables], float),
            missing=np.array([missing for _, _, missing in tables], float),
            ends=np.cumsum([len(one) for one, _, _ in tables], dtype=np.int32),
            keys=np.array([key for one, _, _ in tables for key in one], float),
            entries=np.array(
                [value for one, _, _ in tables for value in one.values()], float
            ),
            forest=flatten(self.trees),
        )


def table(
    weighted: Sequence[tuple[Lookup, float]],
) -> tuple[dict[float, float], float, float]:
    """Return what weighted lookups of one input add up to.

    By key in rising order; then for any other input, and for NaN.
    """
    default = sum(one.default * weight for one, weight in weighted)
    missing = sum(one.missing * weight for one, weight in weighted)
    # One key mostly has one lookup that differs from its default.
    changes: dict[float, float] = {}
    for one, weight in weighted:
        for key, value in one.values.items():
            change = (value - one.default) * weight
            changes[key] = changes.get(key, 0.0) + change
    entries = {key: default + changes[key] for key in sorted(changes)}
    return entries, float(default), float(missing)


def weighted_sum(
    columns: Sequence[Column], weights: Sequence[float], constant: float
) -> Scalar:
    """Return weighted columns and a constant, added up.

    Lines of raw numbers and lookups are folded into one sum; anything else is computed
    step by step before it is weighted.
    """
    try:
        return folded(columns, weights, constant)
    except NotCompilable:
        return OnlyOne(
            of=Dense(
                of=matrix(columns),
                weights=np.asarray(weights, float),
                biases=np.array([constant], float),
                activation="identity",
            )
        )


def folded(columns: Sequence[Column], weights: Sequence[float], constant: float) -> Sum:
    """Return weighted columns as weights of the raw inputs."""
    total = SumBuilder(constant)
    for column, weight in zip(columns, weights):
        if isinstance(column, Number) and column.is_affine():
            slope, offset, fill = affine(column)
            total.add_number(column.position, weight * slope, fill)
            total.constant += weight * offset
        elif isinstance(column, Lookup) and not column.whole:
            total.add_lookup(column, weight)
        else:
            raise NotCompilable("a column that is no line")
    return total.part()


def affine(column: Number) -> tuple[float, float, float]:
    """Return slope and offset of a number's steps, and the raw value NaN stands for."""
    zero = float(column.apply(np.float64(0.0)))
    slope = float(np.prod([c for name, c in column.steps if name == "multiply"]))
    slope /= float(np.prod([c for name, c in column.steps if name == "divide"]))
    missing = float(column.apply(np.float64("nan")))
    if slope == 0:
        raise NotCompilable("a number times zero")
    return slope, zero, (missing - zero) / slope


def matrix(columns: Sequence[Column]) -> Matrix:
    """Return columns as a matrix, which is computed step by step."""
    groups: dict[tuple[str, ...], list[int]] = {}
    lookups: dict[int, list[int]] = {}
    computed: dict[int, list[int]] = {}
    for place, column in enumerate(columns):
        if isinstance(column, Number):
            names = tuple(name for name, _ in column.steps)
            groups.setdefault(names, []).append(place)
        elif isinstance(column, Lookup) and not column.whole:
            lookups.setdefault(column.position, []).append(place)
        elif isinstance(column, Computed):
            computed.setdefault(id(column.part), []).append(place)
        else:
            raise NotCompilable("a text that is not encoded")
    parts: list[Matrix] = []
    for names, places in groups.items():
        parts.append(inputs([columns[place] for place in places], names))
    for position, places in lookups.items():
        parts.append(looked_up(position, [columns[place] for place in places]))
    for places in computed.values():
        parts.append(onward([columns[place] for place in places]))
    together = (*groups.values(), *lookups.values(), *computed.values())
    order = [place for each in together for place in each]
    if order == list(range(len(columns))) and len(parts) == 1:
        return parts[0]
    # Where each column stands among the parts side by side.
    return Joined(of=parts, order=np.argsort(order).astype(np.int32))


def onward(columns: Sequence[Column]) -> Matrix:
    """Return numbers of one part, and what is done with them."""
    part = columns[0].part  # type: ignore[union-attr]
    given = [one.column for one in columns]  # type: ignore[union-attr]
    if given == [Number(i) for i in range(part.width)]:
        return part
    return Onward(of=part, then=matrix(given))


def inputs(columns: Sequence[Column], names: Sequence[str]) -> Inputs:
    """Return numbers that the same steps are done on."""
    steps = [[constant for _, constant in one.steps] for one in columns]  # type: ignore[union-attr]
    return Inputs(
        positions=np.array([one.position for one in columns], np.int32),  # type: ignore[union-attr]
        steps=",".join(names),
        constants=np.array(steps, float).T.ravel(),
    )


def looked_up(position: int, columns: Sequence[Column]) -> Table:
    """Return lookups of one input."""
    keys = sorted({key for one in columns for key in one.values})  # type: ignore[union-attr]
    rows = [[one.values.get(key, one.default) for one in columns] for key in keys]  # type: ignore[union-attr]
    rows.append([one.default for one in columns])  # type: ignore[union-attr]
    rows.append([one.missing for one in columns])  # type: ignore[union-attr]
    entries = np.array(rows, float).ravel()
    return Table(position=position, keys=np.array(keys, float), entries=entries)
$python$;
COMMENT ON FUNCTION churn_runtime.compile_sums IS 'Sums of weighted numbers, tables of categories, and trees.';
