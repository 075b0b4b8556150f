import math

import numpy as np
import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.features import (
    Layout,
    acceptable_rows,
    check_values,
    columns_from_arrays,
    text_column,
)
from pgchurn.plpython.runtime.json_rows import columns_from_json
from pgchurn.plpython.runtime.signature import Feature, Signature

NAN = float("nan")
NUMBER = Feature("age", "number", True)
BOOLEAN = Feature("paperless", "boolean", True)
TEXT = Feature("plan", "text", True)
LAYOUT = Layout(("id", "paperless", "age"), ("name", "plan"))
ROW = {"age": 30, "paperless": True, "plan": "a"}


def signature(*features):
    return Signature(features, (False, True), 1, True)


def from_json(values, *features):
    features = features or (NUMBER, BOOLEAN, TEXT)
    return columns_from_json(signature(*features), values)


def test_features_are_found_by_name_in_the_models_order():
    assert LAYOUT.positions(signature(TEXT, NUMBER, BOOLEAN)) == [
        (TEXT, 1),
        (NUMBER, 2),
        (BOOLEAN, 1),
    ]


def test_a_feature_that_is_not_there_is_named_with_a_guess():
    with pytest.raises(ScoringError) as raised:
        LAYOUT.positions(signature(Feature("plans", "text", True)))

    assert raised.value.sqlstate == "42703"
    assert raised.value.message == 'feature "plans" is missing from the profile'
    assert 'Perhaps "plan" was meant.' in raised.value.hint


def test_without_anything_alike_there_is_no_guess():
    with pytest.raises(ScoringError) as raised:
        LAYOUT.positions(signature(Feature("zzz", "text", True)))

    assert "Perhaps" not in raised.value.hint


@pytest.mark.parametrize(
    "feature", [Feature("age", "text", True), Feature("plan", "number", True)]
)
def test_a_feature_of_another_kind_is_named(feature):
    with pytest.raises(ScoringError) as raised:
        LAYOUT.positions(signature(feature))

    assert raised.value.sqlstate == "42804"


def test_columns_are_cut_from_arrays_in_the_models_order():
    wanted = signature(TEXT, NUMBER, BOOLEAN)
    numbers = np.array([[1, 0, 30], [2, 1, NAN]], dtype=float)

    columns = columns_from_arrays(
        LAYOUT.positions(wanted), numbers, [["x", "a"], ["y", None]]
    )

    assert list(columns) == ["plan", "age", "paperless"]
    assert columns["plan"][0] == "a" and math.isnan(columns["plan"][1])
    assert columns["age"][0] == 30 and math.isnan(columns["age"][1])
    assert columns["paperless"].tolist() == [0.0, 1.0]


def test_a_column_of_texts_is_of_objects_however_long_the_texts_are():
    column = text_column(["a" * 1000, None, ""])

    assert column.dtype == object
    assert len(column[0]) == 1000
    assert math.isnan(column[1])
    assert column[2] == ""


def test_a_json_row_becomes_one_row():
    columns = from_json({**ROW, "something else": [1]})

    assert columns["age"].tolist() == [30.0]
    assert columns["paperless"].tolist() == [1.0]
    assert columns["plan"].tolist() == ["a"]


@pytest.mark.parametrize("given", [None, "NaN"])
def test_an_unknown_number_is_nan(given):
    assert math.isnan(from_json({**ROW, "age": given})["age"][0])


@pytest.mark.parametrize("given", [0, 1, 0.0, 1.0, True, False])
def test_a_boolean_can_be_given_as_a_number(given):
    assert from_json({**ROW, "paperless": given})["paperless"][0] == float(given)


@pytest.mark.parametrize(
    "change",
    [
        {"age": "30"},
        {"age": ""},
        {"age": [1]},
        {"age": {}},
        {"age": 10**400},
        {"paperless": 2},
        {"paperless": 0.5},
        {"paperless": "true"},
        {"plan": 1},
        {"plan": False},
        {"plan": ["a"]},
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(change):
    with pytest.raises(ScoringError, match=next(iter(change))) as raised:
        from_json({**ROW, **change})

    assert raised.value.sqlstate == "22023"


@pytest.mark.parametrize("values", [[], None, 1, "text", [ROW]])
def test_only_an_object_holds_features(values):
    with pytest.raises(ScoringError, match="must be a JSON object"):
        from_json(values)


@pytest.mark.parametrize("infinity", [math.inf, -math.inf])
def test_an_infinity_anywhere_is_refused(infinity):
    with pytest.raises(ScoringError, match='"age" is infinite'):
        check_values(signature(NUMBER), {"age": np.array([1.0, infinity, NAN])})


@pytest.mark.parametrize("kind", ["number", "boolean", "text"])
def test_a_null_is_refused_where_the_signature_says_so(kind):
    feature = Feature("x", kind, False)
    values = text_column(["a", None]) if kind == "text" else np.array([1.0, NAN])

    with pytest.raises(ScoringError, match='"x" is null') as raised:
        check_values(signature(feature), {"x": values})

    assert raised.value.sqlstate == "22004"


@pytest.mark.parametrize("kind", ["number", "boolean", "text"])
def test_a_null_passes_where_the_signature_accepts_it(kind):
    feature = Feature("x", kind, True)
    values = text_column([None]) if kind == "text" else np.array([NAN])

    check_values(signature(feature), {"x": values})


def test_rows_that_would_be_refused_are_left_out_and_no_others():
    refusing = signature(
        NUMBER, Feature("usage", "number", False), Feature("plan", "text", False)
    )
    columns = {
        "age": np.array([1.0, NAN, np.inf, 1.0, 1.0]),
        "usage": np.array([1.0, 2.0, 3.0, NAN, 5.0]),
        "plan": np.array(["a", "b", "c", "d", NAN], dtype=object),
    }

    kept = acceptable_rows(refusing, columns)

    assert kept["usage"].tolist() == [1.0, 2.0]
    assert kept["plan"].tolist() == ["a", "b"]
