"""What is said about a name that no pickle may hold."""

import pickle

import cloudpickle
import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator
from pgchurn.plpython.runtime.foreign_names import INSTEAD, NEAREST, ONLY, advice
from pgchurn.plpython.runtime.permitted import BY_NAME
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.compiling import FRAME, LABELS, NUMBERS

NUMERIC = FRAME[NUMBERS]


@pytest.mark.parametrize(
    "module", ["__main__", "churn_project.features", "sklearnex", "feature_store"]
)
def test_code_of_somebodys_own_is_told_as_such(module):
    told, hint = advice(module, "RatioAdder")

    assert "of your own" in told
    assert "a generated column is a feature like any other" in hint


@pytest.mark.parametrize("module", ["os", "subprocess", "builtins", "numpy.lib._npyio"])
def test_what_no_notebook_has_is_told_what_is_taken(module):
    assert advice(module, "system") == (None, ONLY)


@pytest.mark.parametrize("package", INSTEAD)
def test_another_library_is_named_with_what_to_use_instead(package):
    told, hint = advice(f"{package}.core._inner", "Anything")

    assert package in told
    assert hint == INSTEAD[package]


def test_what_is_advised_against_is_not_permitted():
    assert not {name for _, name in BY_NAME} & NEAREST.keys()


@pytest.mark.parametrize("model", [RidgeClassifier(), LogisticRegression()])
def test_a_classifier_without_probabilities_is_told_how_to_have_them(model):
    voting = VotingClassifier([("one", model)], voting="hard")
    content = pickle.dumps(voting.fit(NUMERIC.fillna(0.0), LABELS))

    with pytest.raises(ScoringError) as refused:
        load_estimator(content)

    if isinstance(model, RidgeClassifier):
        assert "RidgeClassifier is not permitted" in refused.value.detail
    else:
        assert "CalibratedClassifierCV" in refused.value.hint
        assert "voting='soft'" in refused.value.hint


def test_a_lambda_is_told_by_what_packed_it():
    model = make_pipeline(
        FunctionTransformer(lambda rows: rows.fillna(0.0)), LogisticRegression()
    )

    with pytest.raises(ScoringError) as refused:
        load_estimator(cloudpickle.dumps(model.fit(NUMERIC, LABELS)))

    assert "written by cloudpickle, which packs code along" in refused.value.detail
    assert "pickle.dump(model, file)" in refused.value.hint
