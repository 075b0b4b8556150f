"""Proving that a compiled form gives what its pickle gives."""

from collections.abc import Iterable, Iterator

import numpy as np

from .compiled import CompiledModel
from .errors import ScoringError
from .features import Columns, row_count
from .pickled import PickledModel

TOLERANCE = 1e-6


def compare_forms(
    pickled: PickledModel, compiled: CompiledModel, batches: Iterable[Columns]
) -> tuple[float, int]:
    """Compare two forms of a model, the compiled one in bulk and row by row.

    Returns the largest difference of probabilities, and how many rows were compared:
    those that the pickle scores, but for ties between neighbours.
    """
    largest, compared = 0.0, 0
    for columns in batches:
        for part in scoreable(pickled, columns):
            wanted = pickled.probabilities(part)
            in_bulk = compiled.probabilities(part)
            if len(in_bulk) != len(wanted):
                raise ScoringError(
                    f"{len(in_bulk)} probabilities for {len(wanted)} rows"
                )
            difference = np.maximum(
                np.abs(wanted - in_bulk),
                np.abs(wanted - compiled.row_probabilities(part)),
            )
            difference = difference[~compiled.tied(part)]
            # NaN is as different as can be.
            worst = np.where(np.isnan(difference), np.inf, difference).max(initial=0.0)
            largest = max(largest, float(worst))
            compared += len(difference)
    return largest, compared


def scoreable(
    model: PickledModel | CompiledModel, columns: Columns
) -> Iterator[Columns]:
    """Split rows into parts that the model scores, leaving out rows that it refuses."""
    for part, _ in scored(model, columns):
        yield part


def scored(
    model: PickledModel | CompiledModel, columns: Columns
) -> Iterator[tuple[Columns, np.ndarray]]:
    """Split rows likewise, and return the scores of each part with it."""
    rows = row_count(columns)
    if rows == 0:
        return
    try:
        probabilities = model.probabilities(columns)
    except ScoringError:
        if rows > 1:
            for half in (slice(None, rows // 2), slice(rows // 2, None)):
                part = {name: values[half] for name, values in columns.items()}
                yield from scored(model, part)
        return
    yield columns, probabilities
