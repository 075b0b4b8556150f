"""Rows on which a compiled form is most likely to differ from its pickle."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from .compiled import CompiledModel
from .features import NAN, Columns, row_count, text_column
from .form_computed import Chain, Pieces
from .form_matrices import Inputs, Joined
from .form_parts import Part
from .form_tree_checks import EQUAL, LESS_OR_EQUAL
from .signature import Signature

THRESHOLDS_PER_FEATURE = 200
CATEGORIES_PER_FEATURE = 400
# Bounds what a candidate of many features may have made: so many rows, and numbers.
MOST_ROWS = 50_000
MOST_VALUES = 8_000_000
EXTREMES = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e30, -1e30)
UNSEEN_CATEGORIES = ("a category that was never seen", "", "nan")


def boundary_rows(
    signature: Signature, model: CompiledModel, sample: Columns | None, seed: int = 0
) -> Columns:
    """Make rows of nulls, extremes, unseen categories and values on tree thresholds.

    Each row is a row of the sample with one feature changed.

    Parameters
    ----------
    signature : Signature
    model : CompiledModel
        The compiled form, which knows where its trees compare.
    sample : dict of str to numpy.ndarray, optional
        Rows of the table; when there are none, zeros and empty texts stand in.
    seed : int, default=0
        Of the choice of the rows that are changed.
    """
    rng = np.random.default_rng(seed)
    thresholds = tree_thresholds(model)
    if sample is None or row_count(sample) == 0:
        sample = {
            f.name: text_column([""]) if f.is_text else np.zeros(1)
            for f in signature.features
        }
    numbers = len(signature.numbers())
    features = len(signature.features)
    most_rows = min(MOST_ROWS, MOST_VALUES // features)
    changes: list[tuple[str, object]] = []
    for position, feature in enumerate((*signature.numbers(), *signature.texts())):
        values: list[object] = [NAN]
        if position < numbers:
            values += [*EXTREMES, *around(thresholds.get(position, []))]
        else:
            known = (text for text in model.codes[feature.name] if text is not None)
            values += [*UNSEEN_CATEGORIES, *known]
            values = values[:CATEGORIES_PER_FEATURE]
        values = thinned(values, max(1, most_rows // features))
        changes += [(feature.name, value) for value in values]
    chosen = rng.integers(row_count(sample), size=len(changes))
    columns = {name: column[chosen] for name, column in sample.items()}
    for row, (name, value) in enumerate(changes):
        columns[name][row] = value
    return columns


def tree_thresholds(model: CompiledModel) -> dict[int, np.ndarray]:
    """Return some of the constants that inputs are compared with, by position."""
    inputs: list[int | None] = [*range(len(model.signature.features))]
    found = compared_constants(model.probability, inputs)
    return {position: spread(parts) for position, parts in found.items()}


def compared_constants(
    part: Part, inputs: list[int | None]
) -> dict[int, list[np.ndarray]]:
    """Return what trees compare inputs with, and where pieces of functions begin.

    By position. ``inputs`` says which input each number is that the part reads, None
    where it is computed.
    """
    found: dict[int, list[np.ndarray]] = defaultdict(list)

    def add(position: int | None, constants: np.ndarray) -> None:
        if position is not None:
            found[position].append(constants[np.isfinite(constants)])

    readings = [(one, inputs) for one in part.parts()]
    if isinstance(part, Chain):
        readings = [(part.of, inputs), (part.then, passed_on(part.of, inputs))]
    if isinstance(part, Pieces):
        for position, (borders, *_) in zip(passed_on(part.of, inputs), part.groups):
            add(position, borders)
    for trees in [] if readings else part.trees():
        compares = np.isin(trees.mode, (LESS_OR_EQUAL, EQUAL))
        for position in np.unique(trees.positions[compares]).tolist():
            chosen = compares & (trees.positions == position)
            add(inputs[position], trees.constants[chosen])
    for one, read in readings:
        for position, parts in compared_constants(one, read).items():
            found[position] += parts
    return found


def passed_on(part: Part, inputs: list[int | None]) -> list[int | None]:
    """Return which input each number of a part is, but for what stands in for NaN."""
    if isinstance(part, Inputs) and set(part.names) <= {"fill"}:
        return [inputs[position] for position in part.positions.tolist()]
    if isinstance(part, Joined):
        numbers = [number for one in part.of for number in passed_on(one, inputs)]
        return [numbers[i] for i in part.order.tolist()]
    return [None] * part.width  # type: ignore[attr-defined]


def thinned(values: list[object], most: int) -> list[object]:
    """Return so many of some values at most, the first and others all over them."""
    return values[:: -(-len(values) // most)]


def spread(parts: list[np.ndarray]) -> np.ndarray:
    """Return the distinct values of some arrays, thinned out if they are many."""
    values = np.unique(np.concatenate(parts))
    return values[:: -(-len(values) // THRESHOLDS_PER_FEATURE) or 1]


def around(thresholds: npt.ArrayLike) -> np.ndarray:
    """Return values on thresholds, one double beyond, and rounded to single."""
    values = np.asarray(thresholds, dtype=float)
    with np.errstate(over="ignore"):
        single = values.astype(np.float32).astype(float)
    found = np.unique([values, np.nextafter(values, np.inf), single])
    return found[np.isfinite(found)]
