"""Linear classifiers: one matrix product and one table of categories."""

import numpy as np

from loader.compiling.columns import Lookup, Number
from loader.compiling.errors import NotCompilable
from loader.compiling.trees import Ensemble, lookup_tree


def linear_decision(estimator, columns, graph):
    """Add ``decision_function`` of a linear classifier; return its tensor."""
    if len(estimator.coef_) != 1:
        raise NotCompilable("a linear classifier of more than two classes")
    intercept = float(np.ravel(estimator.intercept_)[0])
    weights = np.zeros((graph.width, 1))
    fills = {}
    tables = {}
    for column, coefficient in zip(columns, estimator.coef_[0]):
        if isinstance(column, Number):
            slope, offset, fill = affine(column)
            before = fills.setdefault(column.position, fill)
            if not np.array_equal(before, fill, equal_nan=True):
                raise NotCompilable("a number that is imputed in two ways")
            weights[column.position] += coefficient * slope
            intercept += coefficient * offset
        elif isinstance(column, Lookup):
            tables.setdefault(column.position, []).append((column, coefficient))
        else:
            raise NotCompilable("a text that is not encoded")

    values = "features"
    if not np.isnan(list(fills.values())).all():
        # Positions without a fill have the weight 0 or are never missing.
        row = [fills.get(position, 0.0) for position in range(graph.width)]
        missing = graph.add("IsNaN", values)
        values = graph.add("Where", missing, graph.constant(row), values)
    result = graph.add("MatMul", values, graph.constant(weights))
    ensemble = Ensemble(graph.width)
    for lookups in tables.values():
        ensemble.add_tree(lookup_tree(lookups))
    return graph.add("Add", result, ensemble.tensor(graph, intercept))


def affine(column):
    """Return slope and offset of a number's steps, and the raw value NaN stands for."""
    zero = float(column.apply(np.float64(0.0)))
    slope = float(np.prod([c for name, c in column.steps if name == "multiply"]))
    slope /= float(np.prod([c for name, c in column.steps if name == "divide"]))
    missing = float(column.apply(np.float64("nan")))
    return slope, zero, (missing - zero) / slope
