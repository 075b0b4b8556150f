"""ONNX files that exporters write now, against what ONNX Runtime says of many rows.

Without the extras ``boosters`` and ``exports`` there is nothing to measure.
"""

import logging
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from pgchurn.loader.onnx.files import read_onnx

from tests.legitimate.onnx import COUNTS, KINDS, frame_of, names_for, said_by_runtime
from tests.soak.bars import Bar

LIBRARIES = ("skl2onnx", "onnxmltools", "xgboost", "lightgbm", "catboost")
SEEDS = {True: 5, False: 1}
ROWS = {True: 10_000, False: 1_000}
TRAINED = 300
# What sums in single precision cost.
TOLERANCE = 1e-6


def missing():
    """Return the libraries that are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def measure(server, full):
    """Yield a bar for each kind of model."""
    if missing():
        return
    for kind in KINDS:
        yield bar(kind, SEEDS[full], ROWS[full])


def bar(kind, seeds, rows):
    """Return how far what is registered is from what ONNX Runtime says."""
    largest = max(difference(kind, seed, rows) for seed in range(seeds))
    return Bar(
        f"a new {kind}.onnx, {seeds} seeds of {rows:,} rows",
        f"at most {TOLERANCE:g} from ONNX Runtime",
        f"{largest:.1e}",
        bool(largest <= TOLERANCE),
    )


def difference(kind, seed, rows):
    """Return the largest difference of a probability, of a model trained anew."""
    from tests.exports import exporting

    frame, labels = frame_of(kind, rows=TRAINED, seed=seed)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The exporters know older releases of what they export.
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            exporting.register_boosters()
            file = Path(folder) / "model.onnx"
            model = exporting.exported(kind, frame, labels, seed, file)
        finally:
            logging.disable(logging.NOTSET)
    content = model.SerializeToString()
    scored = frame_of(kind, rows=rows, seed=seed + 1_000)[0]
    for name in set(COUNTS) & set(frame):
        # One kind of model refuses what it does not know.
        scored = scored[scored[name].isin(frame[name])]
    found = read_onnx(content, names_for(kind), kind).predict_proba(scored)[:, 1]
    return np.abs(found - said_by_runtime(content, scored)).max()
