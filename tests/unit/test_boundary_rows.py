import math

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime.boundary_rows import (
    CATEGORIES_PER_FEATURE,
    MOST_ROWS,
    MOST_VALUES,
    UNSEEN_CATEGORIES,
    boundary_rows,
    tree_thresholds,
)
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.features import row_count
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

KINDS = {"contract": "text", "age": "number", "usage": "number"}
SIGNATURE = Signature(
    tuple(Feature(name, kind, True) for name, kind in KINDS.items()), (0, 1), 1, True
)
AGE, USAGE = 0, 1


def training(rows=200):
    """Return rows and labels that depend on both numbers."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "contract": pd.Series(list(rng.choice(["a", "b"], rows)), dtype=object),
            "age": rng.uniform(0, 100, rows),
            "usage": rng.uniform(0, 1, rows),
        }
    )
    odds = frame["age"] / 50 - 1 + frame["usage"] + rng.normal(size=rows)
    return frame, (odds > 0.5).to_numpy().astype(int)


def compiled_form(classifier, rows=200):
    """Return a compiled form, and the columns that it was fitted on."""
    frame, labels = training(rows)
    encoded = ColumnTransformer(
        [("texts", OneHotEncoder(handle_unknown="ignore"), ["contract"])],
        remainder="passthrough",
    )
    model = make_pipeline(encoded, classifier).fit(frame, labels)
    return compiled(model, SIGNATURE), columns_of(frame)


def compiled(model, signature):
    """Return a model's compiled form."""
    return CompiledModel(compile_model(model, signature), signature)


def columns_of(frame):
    """Return a frame as the columns that a model reads."""
    return {name: frame[name].to_numpy() for name in frame}


def no_rows():
    """Return the columns of a table without rows."""
    return columns_of(training()[0][:0])


TREE = DecisionTreeClassifier(max_depth=4, random_state=0)
FOREST = RandomForestClassifier(60, random_state=0)


def made(classifier, rows=200):
    """Return the rows that are made for a form and the rows it was fitted on."""
    form, sample = compiled_form(classifier, rows)
    return boundary_rows(SIGNATURE, form, sample)


def texts(rows):
    """Return the distinct texts of some rows, None for what is missing."""
    return {None if text != text else text for text in rows["contract"]}


def test_rows_have_nulls_extremes_and_unseen_categories():
    rows = made(LogisticRegression())

    for name in ("age", "usage"):
        values = rows[name].tolist()
        assert sum(map(math.isnan, values)) == 1
        assert {0.0, 1e30, -1e30, 1e-300} <= set(values)
        assert any(value == 0 and math.copysign(1, value) < 0 for value in values)
    assert {None, *UNSEEN_CATEGORIES, "a", "b"} <= texts(rows)


def test_all_features_have_as_many_rows():
    rows = made(TREE)

    assert rows.keys() == KINDS.keys()
    assert {len(column) for column in rows.values()} == {row_count(rows)}
    assert {rows[name].dtype for name in ("age", "usage")} == {np.dtype(float)}
    assert rows["contract"].dtype == object


def test_the_same_table_gives_the_same_rows():
    form, sample = compiled_form(TREE)
    first, second = (boundary_rows(SIGNATURE, form, sample) for _ in range(2))

    for name in KINDS:
        pd.testing.assert_series_equal(pd.Series(first[name]), pd.Series(second[name]))


def test_the_sample_stays_as_it_was():
    form, sample = compiled_form(TREE)
    before = {name: column.copy() for name, column in sample.items()}

    boundary_rows(SIGNATURE, form, sample)

    for name, column in sample.items():
        np.testing.assert_array_equal(column, before[name])


def test_each_row_is_a_row_of_the_table_with_one_feature_changed():
    form, sample = compiled_form(TREE)
    known = {name: set(column) for name, column in sample.items()}
    rows = boundary_rows(SIGNATURE, form, sample)

    for row in zip(*rows.values()):
        assert sum(value in known[name] for name, value in zip(rows, row)) >= 2


@pytest.mark.parametrize("position, name", [(AGE, "age"), (USAGE, "usage")])
def test_every_threshold_of_a_small_tree_is_tried_on_it_and_beyond(position, name):
    form, sample = compiled_form(TREE)
    thresholds = tree_thresholds(form)[position]
    tried = set(boundary_rows(SIGNATURE, form, sample)[name])

    assert len(thresholds) > 1
    assert tried >= set(thresholds)
    assert tried >= set(np.nextafter(thresholds, np.inf))
    assert tried >= set(np.float32(thresholds).astype(float))


def test_thresholds_are_those_of_every_ensemble():
    calibrated = CalibratedClassifierCV(TREE, cv=3)
    form, _ = compiled_form(calibrated)
    frame, labels = training()
    encoded = ColumnTransformer(
        [("texts", OneHotEncoder(handle_unknown="ignore"), ["contract"])],
        remainder="passthrough",
    )
    model = make_pipeline(encoded, calibrated).fit(frame, labels)

    own = [
        tree.threshold[(tree.feature == 2) & (tree.children_left >= 0)]
        for tree in (
            one.estimator.tree_ for one in model.steps[-1][1].calibrated_classifiers_
        )
    ]
    assert len(tree_thresholds(form)[AGE]) == len(np.unique(np.concatenate(own)))


@pytest.mark.parametrize("rows", [60, 250, 500, 2000])
def test_thresholds_are_tried_all_over_the_range(rows):
    form, sample = compiled_form(FOREST, rows)
    tried = boundary_rows(SIGNATURE, form, sample)["age"]
    thresholds = tree_thresholds(form)[AGE]

    tenths = np.quantile(thresholds, np.linspace(0, 1, 11))
    for low, high in zip(tenths, tenths[1:]):
        # Values of rows whose age was not changed are within the range as well.
        on_thresholds = thresholds[np.isin(thresholds, tried)]
        assert ((on_thresholds >= low) & (on_thresholds <= high)).any()


def test_there_are_not_many_rows_however_large_the_model():
    assert row_count(made(FOREST, 3000)) < 5000


def test_there_are_not_many_rows_however_many_categories():
    frame = pd.DataFrame({"contract": [f"category {i}" for i in range(3000)]})
    features = (Feature("contract", "text", True),)
    signature = Signature(features, (0, 1), 1, True)
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encoder, LogisticRegression())
    model.fit(frame.astype(object), np.arange(3000) % 2)

    rows = boundary_rows(signature, compiled(model, signature), None)

    assert row_count(rows) == CATEGORIES_PER_FEATURE


@pytest.mark.parametrize("sample", [None, no_rows()], ids=["none", "empty"])
def test_an_empty_table_has_rows_too(sample):
    rows = boundary_rows(SIGNATURE, compiled_form(TREE)[0], sample)

    assert row_count(rows) > 10
    assert texts(rows) == {None, *UNSEEN_CATEGORIES, "a", "b"}


def test_nulls_of_the_table_are_nulls_of_the_rows():
    form, sample = compiled_form(TREE)
    nulls = np.full(row_count(sample), float("nan"), dtype=object)
    rows = boundary_rows(SIGNATURE, form, {**sample, "contract": nulls})

    assert texts(rows) == {None, *UNSEEN_CATEGORIES, "a", "b"}


def test_a_model_without_trees_has_no_thresholds():
    features = tuple(Feature(name, "number", True) for name in ("age", "usage"))
    frame, labels = training()
    model = LogisticRegression().fit(frame[["age", "usage"]], labels)

    form = compiled(model, Signature(features, (0, 1), 1, True))

    assert tree_thresholds(form) == {}


def test_a_candidate_of_many_features_has_few_rows_made_for_each():
    names = [f"number {i}" for i in range(1_600)]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(size=(50, len(names))), columns=names)
    model = LogisticRegression().fit(frame, np.arange(50) % 2)
    signature = Signature(
        tuple(Feature(name, "number", True) for name in names), (0, 1), 1, True
    )

    rows = boundary_rows(signature, compiled(model, signature), columns_of(frame))

    assert len(names) <= row_count(rows) <= MOST_ROWS
    assert len(names) * row_count(rows) <= MOST_VALUES
    # A null is among them, of each.
    assert all(np.isnan(column).any() for column in rows.values())
