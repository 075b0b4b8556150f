"""Made-up customers, and what compares a compiled form with its pickle on them."""

import pickle

import numpy as np
import pandas as pd
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.features import Layout
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.signature import Feature, Signature

NUMBERS = ["age", "charges", "usage", "calls"]
BOOLEANS = ["paperless"]
TEXTS = ["contract", "channel"]
KINDS = {
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(BOOLEANS, "boolean"),
    **dict.fromkeys(TEXTS, "text"),
}
# A text between numbers: the compiled form has another order than the frame.
COLUMNS = ["age", "contract", "charges", "usage", "paperless", "channel", "calls"]
CATEGORIES = {"contract": ["month", "one year", "two year"], "channel": ["web", "tel"]}
NAN = float("nan")
TOLERANCE = 1e-12


def objects(values):
    """Return texts as a column of objects, which pandas would make another of."""
    return pd.Series(list(values), dtype=object)


def training(rows=300, seed=0, missing=0.05):
    """Return made-up rows and labels in which every feature matters."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": np.round(rng.normal(45, 15, rows)),
            "contract": objects(rng.choice(CATEGORIES["contract"], rows)),
            "charges": np.round(rng.uniform(20, 120, rows), 2),
            "usage": rng.exponential(3, rows),
            "paperless": rng.integers(0, 2, rows).astype(float),
            "channel": objects(rng.choice(CATEGORIES["channel"], rows)),
            "calls": rng.poisson(1, rows).astype(float),
        }
    )
    odds = (
        (frame["age"] - 45) / 15
        + frame["charges"] / 50
        - frame["usage"] / 3
        + 2 * (frame["contract"] == "month")
        + frame["calls"]
        - frame["paperless"] * (frame["channel"] == "web")
        - 2
    )
    labels = (rng.random(rows) < 1 / (1 + np.exp(-odds))).to_numpy().astype(int)
    for name in frame:
        frame.loc[rng.random(rows) < missing, name] = NAN
    return frame, labels


FRAME, LABELS = training()
COMPLETE, _ = training(missing=0.0)


def kind_of(name):
    """Return the kind of a feature of the made-up frame."""
    return "text" if name in TEXTS else "number"


def signature_of(kinds, positive_class=1, accepts_null=True, named=True):
    """Return a signature of features given by name and kind."""
    features = tuple(Feature(name, kind, accepts_null) for name, kind in kinds.items())
    return Signature(features, (0, 1), positive_class, named)


def both_forms(estimator, kinds, **described):
    """Return the pickled and the compiled form of a fitted classifier."""
    signature = signature_of(kinds, **described)
    return (
        PickledModel(pickle.dumps(estimator), signature),
        CompiledModel(compile_model(estimator, signature), signature),
    )


def columns_of(frame):
    """Return a frame as the columns that a model reads."""
    return {name: frame[name].to_numpy() for name in frame}


def row_scores(model, frame):
    """Return what a model's row scorer says of each row."""
    layout = Layout.of(model.signature)
    score = model.row_scorer(layout.positions(model.signature))
    return [
        score(*given)
        for given in zip(
            sql_rows(frame, layout.number_columns), sql_rows(frame, layout.text_columns)
        )
    ]


def sql_rows(frame, names):
    """Return rows as SQL hands them over, with None for what is missing."""
    return [
        [None if value != value else value for value in row]
        for row in frame[list(names)].itertuples(index=False)
    ]


def assert_same(estimator, frame, kinds=None, tolerance=TOLERANCE, **described):
    """Hold the compiled form, whole and row by row, against the pickle."""
    kinds = kinds or {name: kind_of(name) for name in frame}
    pickled, compiled = both_forms(estimator, kinds, **described)
    expected = pickled.probabilities(columns_of(frame))
    found = compiled.probabilities(columns_of(frame))
    assert found.shape == expected.shape
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    assert ((found >= 0) & (found <= 1)).all()
    some = slice(None, None, max(1, len(frame) // 50))
    np.testing.assert_allclose(
        row_scores(compiled, frame[some]), found[some], rtol=0, atol=tolerance
    )
