import math

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.compiling import compile_model
from pgchurn.loader.models.boundary_rows import (
    UNSEEN_CATEGORY,
    boundary_rows,
    tree_thresholds,
)
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
    """Return the bytes of a compiled form, and the rows that it was fitted on."""
    frame, labels = training(rows)
    encoded = ColumnTransformer(
        [("texts", OneHotEncoder(handle_unknown="ignore"), ["contract"])],
        remainder="passthrough",
    )
    model = make_pipeline(encoded, classifier).fit(frame, labels)
    return compile_model(model, SIGNATURE), frame


TREE = DecisionTreeClassifier(max_depth=4, random_state=0)
FOREST = RandomForestClassifier(60, random_state=0)


def column(rows, position):
    """Return one number of every row."""
    return [row[position] for row in rows[0]]


def test_rows_have_nulls_extremes_and_unseen_categories():
    rows = boundary_rows(
        SIGNATURE, training()[0], compiled_form(LogisticRegression())[0]
    )

    for position in (AGE, USAGE):
        values = column(rows, position)
        assert sum(map(math.isnan, values)) == 1
        assert {0.0, 1e30, -1e30, 1e-300} <= set(values)
        assert any(value == 0 and math.copysign(1, value) < 0 for value in values)
    seen = {text for (text,) in rows[1]}
    assert {None, "", UNSEEN_CATEGORY, "a", "b"} <= seen


def test_numbers_and_texts_belong_together_row_by_row():
    numbers, texts = boundary_rows(SIGNATURE, training()[0], compiled_form(TREE)[0])

    assert len(numbers) == len(texts)
    assert {len(row) for row in numbers} == {2}
    assert {len(row) for row in texts} == {1}


def test_the_same_table_gives_the_same_rows():
    compiled, frame = compiled_form(TREE)
    rows = [boundary_rows(SIGNATURE, frame, compiled) for _ in range(2)]

    np.testing.assert_array_equal(rows[0][0], rows[1][0])
    assert rows[0][1] == rows[1][1]


def test_each_row_is_a_row_of_the_table_with_one_feature_changed():
    compiled, frame = compiled_form(TREE)
    known = {name: set(frame[name]) for name in frame}

    for (age, usage), (text,) in zip(*boundary_rows(SIGNATURE, frame, compiled)):
        kept = [
            age in known["age"],
            usage in known["usage"],
            text in known["contract"],
        ]
        assert sum(kept) >= 2


@pytest.mark.parametrize("position", [AGE, USAGE])
def test_every_threshold_of_a_small_tree_is_tried_on_it_and_beyond(position):
    compiled, frame = compiled_form(TREE)
    thresholds = tree_thresholds(compiled)[position]
    tried = set(column(boundary_rows(SIGNATURE, frame, compiled), position))

    assert len(thresholds) > 1
    assert tried >= set(thresholds)
    assert tried >= set(np.nextafter(thresholds, np.inf))
    assert tried >= set(np.float32(thresholds).astype(float))


def test_thresholds_are_those_of_every_ensemble():
    calibrated = CalibratedClassifierCV(TREE, cv=3)
    compiled, _ = compiled_form(calibrated)
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
    assert len(tree_thresholds(compiled)[AGE]) == len(np.unique(np.concatenate(own)))


@pytest.mark.parametrize("rows", [60, 250, 500, 2000])
def test_thresholds_are_tried_all_over_the_range(rows):
    compiled, frame = compiled_form(FOREST, rows)
    tried = np.array(column(boundary_rows(SIGNATURE, frame, compiled), AGE))
    thresholds = tree_thresholds(compiled)[AGE]

    tenths = np.quantile(thresholds, np.linspace(0, 1, 11))
    for low, high in zip(tenths, tenths[1:]):
        # Values of rows whose age was not changed are within the range as well.
        on_thresholds = thresholds[np.isin(thresholds, tried)]
        assert ((on_thresholds >= low) & (on_thresholds <= high)).any()


def test_there_are_not_many_rows_however_large_the_model():
    compiled, frame = compiled_form(FOREST, 3000)

    assert len(boundary_rows(SIGNATURE, frame, compiled)[0]) < 5000


def test_an_empty_table_has_rows_too():
    frame = training()[0][:0]
    numbers, texts = boundary_rows(SIGNATURE, frame, compiled_form(TREE)[0])

    assert len(numbers) > 10
    assert {text for (text,) in texts} == {None, "", "nan", UNSEEN_CATEGORY}


def test_nulls_of_the_table_are_nulls_of_the_rows():
    compiled, frame = compiled_form(TREE)
    frame["contract"] = pd.Series([float("nan")] * len(frame), dtype=object)
    _, texts = boundary_rows(SIGNATURE, frame, compiled)

    assert {text for (text,) in texts} == {None, "", "nan", UNSEEN_CATEGORY}


def test_a_model_without_trees_has_no_thresholds():
    features = tuple(Feature(name, "number", True) for name in ("age", "usage"))
    frame, labels = training()
    model = LogisticRegression().fit(frame[["age", "usage"]], labels)

    compiled = compile_model(model, Signature(features, (0, 1), 1, True))

    assert tree_thresholds(compiled) == {}
