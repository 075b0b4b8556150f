"""Pipelines of imbalanced-learn, which are read without their samplers."""

import pickle

import numpy as np
import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator
from sklearn import __version__
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline

from tests.compiling import FRAME, LABELS
from tests.notebooks.balanced import (
    SMOTE,
    ImbPipeline,
    RandomOverSampler,
    RandomUnderSampler,
    pickled_with_library,
)

NUMBERS = FRAME[["age", "charges", "calls"]].fillna(0.0)


def balanced(*samplers):
    """Return a fitted pipeline with some samplers before its classifier."""
    steps = [(f"sampler{number}", one) for number, one in enumerate(samplers)]
    classifier = ("classifier", LogisticRegression())
    pipeline = ImbPipeline([("imputer", SimpleImputer()), *steps, classifier])
    return pipeline.fit(NUMBERS, LABELS)


def read(model):
    """Return a model as the strict loader reads it."""
    return load_estimator(pickled_with_library(model))


@pytest.mark.parametrize(
    "samplers",
    [
        (),
        (SMOTE(0),),
        (RandomOverSampler(np.random.RandomState(0)), RandomUnderSampler(0)),
    ],
    ids=len,
)
def test_samplers_are_left_out_and_nothing_else(samplers):
    model = balanced(*samplers)

    found = read(model)

    assert type(found) is Pipeline
    assert [name for name, _ in found.steps] == ["imputer", "classifier"]
    np.testing.assert_array_equal(
        found.predict_proba(NUMBERS), model.predict_proba(NUMBERS)
    )


def test_a_pipeline_within_another_is_read_without_its_samplers():
    model = make_pipeline(SimpleImputer(), balanced(SMOTE(0))).fit(NUMBERS, LABELS)

    found = read(model)

    np.testing.assert_array_equal(
        found.predict_proba(NUMBERS), model.predict_proba(NUMBERS)
    )


def test_a_sampler_anywhere_else_is_refused():
    model = LogisticRegression().fit(NUMBERS, LABELS)
    model.sampler = SMOTE(0)

    with pytest.raises(ScoringError) as refused:
        read(model)

    assert "It has a sampler where a value belongs." in refused.value.detail
    assert "imblearn's Pipeline" in refused.value.hint


def test_a_step_that_is_no_sampler_is_not_left_out():
    model = balanced()
    model.steps.insert(1, ("splitter", StratifiedKFold()))

    with pytest.raises(ScoringError, match="cannot be unpickled"):
        read(model)


@pytest.mark.parametrize("steps", [[], None, "steps", [("only", SMOTE(0))]])
def test_a_pipeline_without_a_classifier_is_refused(steps):
    model = balanced()
    model.steps = steps

    with pytest.raises(ScoringError):
        read(model)


def test_steps_of_another_version_are_refused_though_the_pipeline_names_none():
    content = pickled_with_library(balanced(SMOTE(0)))
    version = __version__.encode()
    other = bytes([*version[:-1], version[-1] ^ 1])

    with pytest.raises(ScoringError, match="cannot be unpickled") as refused:
        load_estimator(content.replace(version, other))

    assert other.decode() in refused.value.detail


def test_what_says_another_version_is_refused():
    state = pickle.dumps(make_pipeline(LogisticRegression()).fit(NUMBERS, LABELS), 4)

    with pytest.raises(ScoringError, match="cannot be unpickled"):
        load_estimator(state.replace(__version__.encode(), b"9" * len(__version__)))
