"""NumPy's own functions in front of a classifier, on values where they are hard."""

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime.boundary_rows import boundary_rows, tree_thresholds
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.features import text_column
from pgchurn.plpython.runtime.form_arrays import array_in
from pgchurn.plpython.runtime.form_functions import FUNCTIONS
from pgchurn.plpython.runtime.form_matrices import STEPS
from pgchurn.plpython.runtime.form_parts import PartReader
from pgchurn.plpython.runtime.parity import compare_forms
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler

from tests.compiling import TOLERANCE, both_forms

KINDS = {"age": "number", "usage": "number"}
USAGE = 1
VALUES = (0.0, -0.0, -1.0, -0.5, 1.0, 2.5, 80.0, 710.0, 1e-320, 1e30, -1e30, np.nan)
CLASSIFIERS = {
    "line": lambda: LogisticRegression(),
    "forest": lambda: RandomForestClassifier(5, max_depth=4, random_state=0),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=4),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=4),
}


def training():
    """Return numbers that every function takes, and labels."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"age": rng.gamma(2, 1, 200) + 0.1, "usage": rng.uniform(0.1, 0.9, 200)}
    )
    return frame, (frame["age"] + 2 * frame["usage"] + rng.random(200) > 3).to_numpy()


FRAME, LABELS = training()


def outcomes(steps, labels=None):
    """Return what the pickle, the form in bulk and the form by rows make of values."""
    pipeline = make_pipeline(*steps).fit(FRAME, LABELS if labels is None else labels)
    # Without a NULL where the pipeline takes none, as registration finds out.
    accepts_null = takes_null(pipeline)
    pickled, compiled = both_forms(pipeline, KINDS, accepts_null=accepts_null)
    scorer = compiled.row_scorer(
        [(feature, i) for i, feature in enumerate(compiled.signature.features)]
    )
    for value in VALUES:
        if value != value and not accepts_null:
            continue
        columns = {"age": np.array([value]), "usage": np.array([0.5])}
        given = [None if value != value else value, 0.5]
        yield (
            value,
            outcome(lambda: pickled.probabilities(columns)[0]),
            outcome(lambda: compiled.probabilities(columns)[0]),
            outcome(lambda: scorer(given, [])),
        )


def takes_null(pipeline):
    """Return whether a pipeline scores what is missing."""
    try:
        pipeline.predict_proba(pd.DataFrame({"age": [np.nan], "usage": [0.5]}))
    except ValueError:
        return False
    return True


def outcome(score):
    """Return a probability, or None where there is none."""
    try:
        found = score()
    except ScoringError:
        return None
    return found if 0 <= found <= 1 else None


def is_same(found, wanted):
    """Return whether there are two equal probabilities, or none."""
    if found is None or wanted is None:
        return found is wanted
    return abs(found - wanted) < TOLERANCE


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("imputed", ["before", "after", "never"])
@pytest.mark.parametrize("name", ["log", "log1p", "sqrt", "exp", "reciprocal", "cos"])
def test_a_function_gives_what_scikit_learn_gives_or_refuses(name, imputed, classifier):
    function, fill = FunctionTransformer(FUNCTIONS[name]), SimpleImputer()
    steps = {
        "before": [fill, function, StandardScaler()],
        "after": [function, fill, StandardScaler()],
        "never": [function],
    }[imputed]

    with np.errstate(all="ignore"):
        for value, wanted, *found in outcomes([*steps, CLASSIFIERS[classifier]()]):
            assert all(is_same(one, wanted) for one in found), value


def test_a_function_of_a_function_may_pass_an_infinity_on():
    steps = [FunctionTransformer(np.log), FunctionTransformer(np.reciprocal)]

    with np.errstate(all="ignore"):
        found = {
            value: rest for value, *rest in outcomes([*steps, LogisticRegression()])
        }

    assert found[0.0][0] is not None
    for wanted, *others in found.values():
        assert all(is_same(one, wanted) for one in others)


def test_an_encoder_of_what_a_function_puts_out_is_not_compiled():
    pipeline = make_pipeline(
        FunctionTransformer(np.floor), OrdinalEncoder(), LogisticRegression()
    ).fit(FRAME, LABELS)

    with pytest.raises(NotCompilable, match="numbers that were computed"):
        both_forms(pipeline, KINDS)


def test_a_category_whose_function_is_none_is_not_compiled():
    frame = pd.DataFrame({"plan": ["basic", "full"] * 100})
    pipeline = make_pipeline(
        OrdinalEncoder(), FunctionTransformer(np.log), HistGradientBoostingClassifier()
    )
    with np.errstate(all="ignore"):
        pipeline.fit(frame, LABELS)

    with pytest.raises(NotCompilable, match="whose log is infinite or none"):
        both_forms(pipeline, {"plan": "text"})


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_a_value_is_refused_although_the_classifier_does_not_read_it(classifier):
    labels = (FRAME["usage"] > 0.5).to_numpy()
    logged = ColumnTransformer(
        [("log", FunctionTransformer(np.log), ["age"])], remainder="passthrough"
    )
    steps = [logged, StandardScaler(), CLASSIFIERS[classifier]()]

    with np.errstate(all="ignore"):
        found = {value: rest for value, *rest in outcomes(steps, labels)}

    assert found[0.0] == [None] * 3
    assert found[1.0][0] is not None


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_inputs_beside_functions_are_compared_as_they_are(classifier):
    usage = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    transformed = ColumnTransformer(
        [("log", FunctionTransformer(np.log1p), ["age"]), ("codes", usage, ["plan"])],
        remainder=StandardScaler(),
    )
    frame = FRAME.assign(plan=["basic", "full"] * 100)
    labels = LABELS ^ (frame["plan"] == "full")
    pipeline = make_pipeline(transformed, CLASSIFIERS[classifier]()).fit(frame, labels)
    pickled, compiled = both_forms(pipeline, KINDS | {"plan": "text"})
    rows = boundary_rows(
        compiled.signature,
        compiled,
        {
            "age": frame["age"].to_numpy(),
            "usage": frame["usage"].to_numpy(),
            "plan": text_column(frame["plan"]),
        },
    )

    largest, compared = compare_forms(pickled, compiled, [rows])

    assert largest < TOLERANCE
    assert compared > 0
    compares = classifier != "line"
    assert (USAGE in tree_thresholds(compiled)) == compares


def test_a_form_of_any_function_is_read_and_no_other_step():
    described = {"kind": "Inputs", "positions": 0, "constants": 1}
    arrays = [array_in(bytes(8), code, 0, 1) for code in "if"]

    for name in STEPS:
        PartReader(arrays).read({**described, "steps": name})
    for name in ("system", "numpy.log", "log1", "call"):
        with pytest.raises(ScoringError, match="malformed"):
            PartReader(arrays).read({**described, "steps": name})
