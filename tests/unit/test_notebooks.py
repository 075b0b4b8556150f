"""Models as notebooks make them, brought as their makers bring them."""

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.signature import feature_names, signature_for_table
from pgchurn.plpython.runtime.compiled import CompiledModel
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder

from tests.compiling import columns_of, row_scores
from tests.databases import CHECKOUT
from tests.notebooks import NOTEBOOKS, refused
from tests.notebooks.customers import (
    FEATURES,
    KINDS,
    as_single_precision,
    as_stored,
    customers,
    new_customers,
)
from tests.notebooks.page import HEADING, listed

TOLERANCE = 1e-9
LEAST_ROWS = 200
# Of pipelines, and of those that are taken.
LEAST_SURVEYED = 60
LEAST_SHARE = 55 / 60


@functools.cache
def fitted(name):
    """Return the model that a notebook fits."""
    notebook = NOTEBOOKS[name]
    frame, churned = customers()
    frame = notebook.rows(frame[list(notebook.columns)])
    labels = notebook.labels(churned)
    labels = labels[frame.index]
    # Pipelines fit their classifier itself, and some notebooks here share one.
    return notebook.fit(lambda: clone(notebook.build()), notebook.held(frame), labels)


def brought(name):
    """Return what registering a notebook's file makes of it, with rows of the table.

    Returns
    -------
    Candidate
    Signature
    CompiledModel
    """
    notebook = NOTEBOOKS[name]
    candidate = Candidate.from_pickle(notebook.save(fitted(name)), name)
    has_names = hasattr(candidate.estimator, "feature_names_in_")
    given = () if has_names else notebook.columns
    names = feature_names(candidate.estimator, given)
    kinds = {one: notebook.kinds[one] for one in names}
    frame, _ = customers()
    signature = signature_for_table(candidate, kinds, None, as_stored(frame, kinds))
    form = candidate.compile(signature)
    assert form.problem is None
    return candidate, signature, CompiledModel(form.content, signature)


def rows_taken(name):
    """Return the new customers whom a notebook's own model scores, and their scores."""
    notebook = NOTEBOOKS[name]
    model = fitted(name)
    frame = new_customers()[list(notebook.columns)]
    known, _ = customers(seed=9)
    known = known[list(notebook.columns)]
    for rows in (frame, known, frame.dropna(), known.dropna()):
        rows = rows.reset_index(drop=True)
        try:
            expected = model.predict_proba(notebook.held(rows))
        except ValueError:
            continue
        # "Yes", 1 and True come last of the classes.
        return rows, expected[:, 1]
    raise AssertionError(f"{name} scores nobody")


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_model_of_a_notebook_scores_as_it_does_there(name):
    candidate, signature, compiled = brought(name)
    rows, expected = rows_taken(name)
    stored = as_stored(rows, {one.name: one.kind for one in signature.features})

    assert len(rows) >= LEAST_ROWS
    for model in (candidate.model(signature), compiled):
        found = model.probabilities(columns_of(stored))
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
    found = row_scores(compiled, stored)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_single_precision_differs_from_what_is_stored_by_its_lost_digits():
    build = NOTEBOOKS["whole numbers made smaller"].build
    frame, churned = customers()
    model = build().fit(as_single_precision(frame[list(FEATURES)]), churned)
    candidate = Candidate.from_pickle(pickle.dumps(model))
    kinds = {name: KINDS[name] for name in FEATURES}
    rows = new_customers()[list(FEATURES)]
    stored = as_stored(rows, kinds)
    signature = signature_for_table(candidate, kinds, None, stored)
    compiled = CompiledModel(candidate.compile(signature).content, signature)

    found = compiled.probabilities(columns_of(stored))

    with_all_digits = model.predict_proba(rows)[:, 1]
    np.testing.assert_allclose(found, with_all_digits, rtol=0, atol=TOLERANCE)
    with_fewer = model.predict_proba(as_single_precision(rows))[:, 1]
    assert TOLERANCE < np.abs(found - with_fewer).max() < 1e-6


@pytest.mark.parametrize("name", [*refused.PIPELINES, *refused.FILES])
def test_what_is_not_taken_says_why_and_what_to_do(name):
    one = {**refused.PIPELINES, **refused.FILES}[name]

    with pytest.raises(LoaderError) as raised:
        Candidate.from_pickle(one.written(), "churn.pkl")

    said = str(raised.value)
    assert said.startswith("churn.pkl: model ")
    assert one.cause in said
    assert one.way_out in said


def test_columns_of_get_dummies_say_which_column_they_are_from():
    frame, churned = customers()
    dummies = pd.get_dummies(frame[["tenure", "contract"]], drop_first=True)
    model = LogisticRegression().fit(dummies, churned)
    candidate = Candidate.from_pickle(pickle.dumps(model))
    profile = Profile(1, "customers", "customer", "=", KINDS, {}, set())

    with pytest.raises(LoaderError) as raised:
        profile.feature_kinds(feature_names(candidate.estimator, ()))

    said = str(raised.value)
    assert "'contract_Two year' looks like a category of 'contract' made by" in said
    assert "fit a pipeline that has a OneHotEncoder on the column itself" in said


def test_texts_encoded_by_hand_say_which_and_what_to_do():
    frame, churned = customers()
    columns = ["tenure", "contract", "gender"]
    encoded = frame[columns].copy()
    for name in columns[1:]:
        encoded[name] = LabelEncoder().fit_transform(encoded[name])
    model = LogisticRegression(max_iter=300).fit(encoded, churned)
    candidate = Candidate.from_pickle(pickle.dumps(model))
    kinds = {name: KINDS[name] for name in columns}

    with pytest.raises(LoaderError) as raised:
        signature_for_table(candidate, kinds, None, as_stored(frame, kinds))

    said = str(raised.value)
    for name in columns[1:]:
        assert f"takes feature '{name}' as a number" in said
    assert "Put the encoder into the pipeline" in said


def test_the_page_counts_what_is_taken():
    taken, left = len(NOTEBOOKS), len(refused.PIPELINES)
    page = " ".join((CHECKOUT / "loader" / "README.md").read_text("utf-8").split())

    assert taken + left >= LEAST_SURVEYED
    assert taken / (taken + left) >= LEAST_SHARE
    assert f"Of {taken + left} pipelines" in page
    assert f"{taken} are taken" in page


def test_the_page_of_the_survey_lists_every_notebook():
    page = (CHECKOUT / "tests" / "notebooks" / "README.md").read_text("utf-8")

    assert page.partition(HEADING)[2] == listed().partition(HEADING)[2]
