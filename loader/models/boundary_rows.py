"""Rows on which a compiled form is most likely to differ from its pickle."""

import numpy as np
import numpy.typing as npt
import onnx
import pandas as pd
from onnx import numpy_helper
from pgchurn.plpython.runtime.features import NAN
from pgchurn.plpython.runtime.signature import Signature

THRESHOLDS_PER_FEATURE = 200
EXTREMES = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e30, -1e30)
UNSEEN_CATEGORY = "a category that was never seen"


def boundary_rows(
    signature: Signature, frame: pd.DataFrame, compiled: bytes, seed: int = 0
) -> tuple[list[list[float]], list[list[str | None]]]:
    """Make rows of nulls, extremes, unseen categories and values on tree thresholds.

    Each row is a row of the table with one feature changed.

    Parameters
    ----------
    signature : Signature
    frame : pandas.DataFrame of shape (n_rows, n_features)
        Rows of the table; when there are none, zeros and empty texts stand in.
    compiled : bytes
        The compiled form, which knows where its trees compare.
    seed : int, default=0
        Of the choice of the rows that are changed.

    Returns
    -------
    list of lists of float
        The numbers of each row, in the signature's order.
    list of lists of str or None
        The texts of each row, in the signature's order.
    """
    rng = np.random.default_rng(seed)
    thresholds = tree_thresholds(compiled)
    base = frame.to_dict("records")
    base = base or [
        {f.name: "" if f.kind == "text" else 0.0 for f in signature.features}
    ]
    rows = []
    for position, feature in enumerate((*signature.numbers(), *signature.texts())):
        if feature.kind == "text":
            values = [
                NAN,
                UNSEEN_CATEGORY,
                "",
                "nan",
                *frame[feature.name].dropna().unique(),
            ]
        else:
            values = [NAN, *EXTREMES, *around(thresholds.get(position, []))]
        for value in values[: 4 * THRESHOLDS_PER_FEATURE]:
            rows.append({**base[rng.integers(len(base))], feature.name: value})
    return (
        [[float(row[f.name]) for f in signature.numbers()] for row in rows],
        [[null_for_nan(row[f.name]) for f in signature.texts()] for row in rows],
    )


def null_for_nan(text: object) -> str | None:
    """Return a text as SQL takes it."""
    return text if isinstance(text, str) else None


def tree_thresholds(compiled: bytes) -> dict[int, np.ndarray]:
    """Return some of the constants that trees compare each input with, by position."""
    found: dict[int, list[np.ndarray]] = {}
    for node in onnx.load_from_string(compiled).graph.node:
        if node.op_type != "TreeEnsemble":
            continue
        attributes = {attribute.name: attribute for attribute in node.attribute}
        positions = np.array(attributes["nodes_featureids"].ints)
        constants = numpy_helper.to_array(attributes["nodes_splits"].t)
        for position in np.unique(positions):
            values = constants[positions == position]
            found.setdefault(int(position), []).append(values[np.isfinite(values)])
    return {position: spread(parts) for position, parts in found.items()}


def spread(parts: list[np.ndarray]) -> np.ndarray:
    """Return the distinct values of some arrays, thinned out if they are many."""
    values = np.unique(np.concatenate(parts))
    return values[:: -(-len(values) // THRESHOLDS_PER_FEATURE) or 1]


def around(thresholds: npt.ArrayLike) -> np.ndarray:
    """Return values on thresholds, one double beyond, and rounded to single."""
    values = np.asarray(thresholds, dtype=float)
    single = values.astype(np.float32).astype(float)
    return np.unique([values, np.nextafter(values, np.inf), single])
