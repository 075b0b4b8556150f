"""Classifiers read from the ONNX files of ``tests.exports``."""

import functools

import numpy as np
import onnxruntime
from pgchurn.loader.onnx.files import read_onnx

from tests.databases import CHECKOUT

from .customers import customers

FOLDER = CHECKOUT / "tests/exports/files"
REFUSED = CHECKOUT / "tests/exports/refused"
# Numbers that may be missing, others that may not, whole numbers, and texts.
GAPS = ("age", "charges")
WHOLE = ("usage", "paperless")
COUNTS = ("complaint_count",)
TEXTS = ("contract", "channel")
NO_TEXT = "none"
ROWS = {"rows": 80, "seed": 4}
NAMED = (*GAPS, *TEXTS, *WHOLE, *COUNTS)
MATRIX = (*GAPS, *WHOLE, *COUNTS)
# What a kind of model reads; a matrix has no names in its file.
KINDS = {
    "logistic": NAMED,
    "forest": NAMED,
    "ordinal": (*TEXTS, *WHOLE, *COUNTS),
    "strict": ("contract", *WHOLE, *COUNTS),
    "counts": (*WHOLE, *COUNTS),
    "double": MATRIX,
    "network": MATRIX,
    "logistic-network": MATRIX,
    "descent": MATRIX,
    "stack": MATRIX,
    "calibrated": MATRIX,
    "calibrated-linear": MATRIX,
    "bagging": MATRIX,
    "axes": MATRIX,
    "extra-trees": MATRIX,
    "xgboost": MATRIX,
    "lightgbm": MATRIX,
    "lightgbm-categories": MATRIX,
    "catboost": MATRIX,
    "xgboost-pipeline": NAMED,
    "lightgbm-pipeline": NAMED,
}
WITH_GAPS = ("xgboost", "lightgbm", "lightgbm-categories", "catboost")
MATRICES = tuple(kind for kind, names in KINDS.items() if not set(TEXTS) & set(names))
MATRICES = tuple(kind for kind in MATRICES if kind != "counts")


def frame_of(kind, **options):
    """Return customers with the features of a kind of model, and their labels.

    Gaps are where the kind of model takes them, and nowhere else.
    """
    given, labels = customers(**options)
    frame = given.copy()
    frame[list(TEXTS)] = frame[list(TEXTS)].fillna(NO_TEXT)
    others = WHOLE if kind in ("logistic", "forest") or "pipeline" in kind else MATRIX
    if kind not in WITH_GAPS:
        frame[list(others)] = frame[list(others)].fillna(0.0)
    frame[list(COUNTS)] = frame[list(COUNTS)].fillna(0.0)
    frame = frame[list(KINDS[kind])]
    if kind not in MATRICES:
        frame = frame.astype(dict.fromkeys(COUNTS, np.int64))
    return frame, np.asarray(labels).astype(int)


def content_of(kind):
    """Return the bytes of a file."""
    return (FOLDER / f"{kind}.onnx").read_bytes()


def names_for(kind):
    """Return what names the features of a kind of model, if its file does not."""
    return list(KINDS[kind]) if kind in MATRICES else []


@functools.cache
def classifier(kind):
    """Return the classifier of a file, as it is registered."""
    return read_onnx(content_of(kind), names_for(kind), kind)


def said_by_runtime(content, frame):
    """Return the probabilities of the second class that ONNX Runtime gives.

    Parameters
    ----------
    content : bytes
    frame : pandas.DataFrame
        Whose columns are the inputs, or those of the only one.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options)
    inputs = session.get_inputs()
    types = {
        "tensor(float)": np.float32,
        "tensor(double)": np.float64,
        "tensor(int64)": np.int64,
        "tensor(string)": object,
    }
    if len(inputs) == 1:
        given = {inputs[0].name: frame.to_numpy(types[inputs[0].type])}
    else:
        given = {
            one.name: frame[one.name].to_numpy(types[one.type]).reshape(-1, 1)
            for one in inputs
        }
    last = session.run(None, given)[-1]
    if isinstance(last, list):
        return np.array([list(one.values())[1] for one in last])
    return last[:, 1] if last.ndim == 2 else last


PIPELINES = {
    f"classifier of {kind}.onnx": functools.partial(classifier, kind) for kind in KINDS
}
