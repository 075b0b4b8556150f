"""Explanations of models that others have made: of boosters, and of every pipeline."""

import copy
import re

import numpy as np
import pytest
from pgchurn.plpython.runtime import explain_classifiers
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.explain_candidate import rows_that_score
from pgchurn.plpython.runtime.explain_model import explain_model
from pgchurn.plpython.runtime.form_explained_subsets import Subsets
from pgchurn.plpython.runtime.parity import scoreable
from pgchurn.plpython.runtime.pickled import PickledModel

from tests.explaining import explainable_rows, explainer_of, slow_odds
from tests.legitimate import PIPELINES, boosters, fitted, rows_for
from tests.soak.forms import columns_of, random_columns, signature_of

# What adds up leaves in single precision differs by that from what is explained.
SINGLE = 1e-6


@pytest.mark.parametrize("file", boosters.FILES)
def test_boosters_are_explained_by_shapley_values_over_all_subsets(file):
    estimator, rows = boosters.classifier(file), boosters.rows_of(file)
    signature = signature_of(estimator, rows)
    columns = columns_of(signature, rows)
    explainer = explainer_of(estimator, signature, columns)

    found = explainer.explain(columns)

    slow = slow_odds(estimator, rows, rows)
    assert explainer.base == pytest.approx(slow.base, abs=1e-10)
    wanted = slow.contributions
    np.testing.assert_allclose(found.contributions, wanted, rtol=0, atol=1e-10)
    model = PickledModel(b"", signature, estimator=estimator)
    scores = model.probabilities(columns)
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=SINGLE)


def test_a_booster_that_does_not_tell_of_its_training_is_explained_by_few_features():
    file = "lightgbm.txt"
    content = re.sub(rb"\nleaf_count=[^\n]*", b"", boosters.content_of(file))
    booster = boosters.read_booster(content, file)
    estimator = boosters.classifier_of_columns(booster, [])
    rows = boosters.rows_of(file)
    signature = signature_of(estimator, rows)
    columns = columns_of(signature, rows)

    explainer = explainer_of(estimator, signature, columns)

    assert isinstance(explainer.probability.of, Subsets)
    found = explainer.explain(columns)
    model = PickledModel(b"", signature, estimator=estimator)
    scores = model.probabilities(columns)
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=SINGLE)


def test_of_many_features_such_a_booster_is_refused_for_that(monkeypatch):
    monkeypatch.setattr(explain_classifiers, "MOST_PLAYERS", 1)
    file = "lightgbm.txt"
    content = re.sub(rb"\nleaf_count=[^\n]*", b"", boosters.content_of(file))
    booster = boosters.read_booster(content, file)
    estimator = boosters.classifier_of_columns(booster, [])
    signature = signature_of(estimator, boosters.rows_of(file))

    with pytest.raises(NotCompilable, match="how many rows of training came to each"):
        explain_model(estimator, signature)


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_explained_or_refused_by_the_families_that_are(name):
    estimator = copy.deepcopy(fitted(name))
    rows = rows_for(estimator)
    signature = signature_of(estimator, rows)
    model = PickledModel(b"", signature, estimator=estimator)
    typical, _ = rows_that_score(model, columns_of(signature, rows))
    try:
        explainer = explainer_of(estimator, signature, typical)
    except NotCompilable as refused:
        assert "; explained are logistic regression" in str(refused)
        assert len(str(refused).partition(";")[0]) > 3
        return
    for columns in scoreable(
        model, random_columns(columns_of(signature, rows), count=100)
    ):
        for part in explainable_rows(explainer, columns):
            found = explainer.explain(part)
            wanted = model.probabilities(part)
            # A sum that overflows on its way is NaN or not by the order in which BLAS
            # adds it up, which is another one for other numbers of rows.
            overflown = np.isnan(wanted)
            assert all(is_huge(part, row) for row in np.flatnonzero(overflown))
            # Of points that are as near scikit-learn takes those that come first.
            certain = ~explainer.tied(part) & ~overflown
            np.testing.assert_allclose(
                found.scores[certain], wanted[certain], rtol=0, atol=SINGLE
            )
            total = explainer.base_probability + found.points.sum(axis=1)
            np.testing.assert_allclose(total, found.scores, rtol=0, atol=1e-12)


def is_huge(columns, row):
    """Return whether a row has a number of which a multiple may overflow."""
    return any(
        abs(column[row]) > 1e300
        for column in columns.values()
        if column.dtype != object
    )
