"""Imputers that estimate what is missing, in rounds, compiled and read strictly."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator
from pgchurn.plpython.runtime.iterative_checks import check_iterative_imputer
from pgchurn.plpython.runtime.parity import compare_forms
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from tests.compiling import TOLERANCE, both_forms


def training(rows=200):
    """Return numbers that tell one another, with gaps, and labels."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd"))
    frame["d"] = 2 * frame["a"] - frame["b"] + rng.normal(size=rows) / 10
    labels = (frame["a"] + frame["d"] > 0).to_numpy()
    # One of them never missing in training, as in scoring it may be.
    gaps = (rng.random(frame.shape) < 0.2) & (frame.columns != "c")
    return frame.mask(gaps), labels


FRAME, LABELS = training()
KINDS = dict.fromkeys(FRAME, "number")
IMPUTERS = {
    "as it is": {},
    "by another model, at random": {
        "estimator": Ridge(),
        "max_iter": 3,
        "imputation_order": "random",
        "random_state": 0,
    },
    "within limits, and told": {
        "min_value": -1,
        "max_value": 1.5,
        "add_indicator": True,
    },
    "of the nearest, from medians": {
        "n_nearest_features": 2,
        "initial_strategy": "median",
        "random_state": 0,
    },
    "from a constant": {"initial_strategy": "constant", "fill_value": 7.0},
    "in no round": {"max_iter": 0},
}


@pytest.mark.filterwarnings("ignore:Skipping features")
@pytest.mark.parametrize("empty", [False, True], ids=["full", "one column empty"])
@pytest.mark.parametrize("name", IMPUTERS)
@pytest.mark.parametrize(
    "classifier", [LogisticRegression(), RandomForestClassifier(5, random_state=0)]
)
def test_estimates_are_those_of_scikit_learn(classifier, name, empty):
    frame = FRAME.assign(e=np.nan) if empty else FRAME
    model = make_pipeline(IterativeImputer(**IMPUTERS[name]), classifier)
    model.fit(frame, LABELS)
    pickled, compiled = both_forms(model, dict.fromkeys(frame, "number"))
    rows = {name: np.append(frame[name], [np.nan, 0.0, 1e6]) for name in frame}

    largest, compared = compare_forms(pickled, compiled, [rows])

    assert largest < TOLERANCE
    assert compared == len(FRAME) + 3


@pytest.mark.parametrize("protocol", [4, 5])
def test_the_strict_loader_reads_what_estimates(protocol):
    model = make_pipeline(IterativeImputer(), LogisticRegression()).fit(FRAME, LABELS)

    read = load_estimator(pickle.dumps(model, protocol))

    assert read.predict_proba(FRAME).tobytes() == model.predict_proba(FRAME).tobytes()


def test_estimates_that_are_drawn_are_not_compiled():
    imputer = IterativeImputer(sample_posterior=True, random_state=0, max_iter=2)
    model = make_pipeline(imputer, LogisticRegression()).fit(FRAME, LABELS)

    with pytest.raises(NotCompilable, match="draws its estimates"):
        both_forms(model, KINDS)


def test_estimates_of_trees_are_not_compiled():
    imputer = IterativeImputer(DecisionTreeRegressor(max_depth=2), max_iter=2)
    model = make_pipeline(imputer, LogisticRegression()).fit(FRAME, LABELS)

    with pytest.raises(NotCompilable, match="estimates by a DecisionTreeRegressor"):
        both_forms(model, KINDS)


@pytest.mark.parametrize(
    "changed",
    [
        {"feat_idx": 4},
        {"feat_idx": -1},
        {"neighbor_feat_idx": np.array([0, 9])},
        {"neighbor_feat_idx": np.array([-1])},
    ],
    ids=str,
)
def test_steps_of_numbers_that_are_none_are_refused(changed):
    imputer = IterativeImputer().fit(FRAME)
    check_iterative_imputer(imputer)

    imputer.imputation_sequence_[0] = imputer.imputation_sequence_[0]._replace(
        **changed
    )

    with pytest.raises(ScoringError):
        check_iterative_imputer(imputer)


@pytest.mark.parametrize(
    "changed",
    [
        {"imputation_sequence_": None, "n_iter_": 1},
        {"imputation_sequence_": (1, 2)},
        {"imputation_sequence_": [SimpleNamespace(feat_idx=0)]},
        {"n_iter_": -1},
        {"n_iter_": 1.5},
        {"n_iter_": True},
    ],
    ids=str,
)
def test_rounds_that_are_none_are_refused(changed):
    imputer = IterativeImputer().fit(FRAME)
    vars(imputer).update(changed)

    with pytest.raises(ScoringError):
        check_iterative_imputer(imputer)
