"""Which features are read as objects, and what stands for NULL in them."""

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime.raw_readers import object_columns
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

NAN = float("nan")
LABELS = np.arange(24) % 2


def frame(missing):
    """Return a number, a text with something missing, and a text without."""
    return pd.DataFrame(
        {
            "n": np.arange(24.0),
            "t": pd.Series(["a", "b", missing] * 8, dtype=object),
            "u": pd.Series(["a", "b"] * 12, dtype=object),
        }
    )


def encoded(encoder, columns=("t", "u")):
    """Return an unfitted pipeline that encodes the texts."""
    return make_pipeline(
        make_column_transformer((encoder, list(columns)), remainder="passthrough"),
        LogisticRegression(),
    )


def one_hot():
    """Return an encoder that ignores what it does not know."""
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False)


WAYS = {
    "one-hot": lambda: encoded(one_hot()),
    "in a pipeline": lambda: encoded(make_pipeline("passthrough", one_hot())),
    "in a union": lambda: encoded(FeatureUnion([("one", one_hot())])),
    "calibrated": lambda: CalibratedClassifierCV(encoded(one_hot()), cv=2),
    "in a vote": lambda: VotingClassifier([("v", encoded(one_hot()))], voting="soft"),
}


@pytest.mark.parametrize("missing", [None, NAN])
@pytest.mark.parametrize("way", WAYS)
def test_the_missing_value_is_the_one_that_encoders_know(way, missing):
    fitted = WAYS[way]().fit(frame(missing), LABELS)

    found = object_columns(fitted, 3)

    assert found.keys() == {1, 2}
    assert found[1] is None if missing is None else found[1] != found[1]
    assert found[2] != found[2]


def test_a_frozen_pipeline_is_looked_into():
    fitted = FrozenEstimator(encoded(one_hot()).fit(frame(None), LABELS))

    assert object_columns(fitted, 3)[1] is None


def test_a_bagged_pipeline_sees_the_columns_that_it_was_given():
    columns = ColumnTransformer([("t", one_hot(), [0, 1])])
    matrix = frame(None)[["u", "t"]].to_numpy()
    bagged = BaggingClassifier(
        make_pipeline(columns, LogisticRegression()), n_estimators=3, random_state=0
    ).fit(matrix, LABELS)

    assert object_columns(bagged, 2)[1] is None


@pytest.mark.parametrize(
    "imputer, null",
    [
        (SimpleImputer(missing_values=None, strategy="constant", fill_value="?"), None),
        (SimpleImputer(strategy="most_frequent"), NAN),
    ],
)
def test_an_imputers_missing_value_counts_where_no_category_tells(imputer, null):
    fitted = encoded(make_pipeline(imputer, one_hot())).fit(frame(null), LABELS)

    found = object_columns(fitted, 3)[1]

    assert found is None if null is None else found != found


def test_an_imputer_that_left_none_alone_had_it_for_a_category():
    imputer = SimpleImputer(strategy="most_frequent")
    fitted = encoded(make_pipeline(imputer, one_hot())).fit(frame(None), LABELS)

    assert object_columns(fitted, 3)[1] is None


def test_numbers_are_no_objects():
    numbers = make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), ["n"]),
            (OrdinalEncoder(), ["m"]),
        ),
        LogisticRegression(),
    ).fit(pd.DataFrame({"n": np.arange(24.0), "m": np.arange(24) % 3}), LABELS)

    assert object_columns(numbers, 2) == {}


def test_booleans_with_a_none_among_them_are_objects():
    flags = pd.DataFrame({"f": pd.Series([True, False, None] * 8, dtype=object)})
    fitted = encoded(one_hot(), ["f"]).fit(flags, LABELS)

    assert object_columns(fitted, 1) == {0: None}


def test_histogram_boosting_encodes_categories_itself():
    rows = frame(None).astype({"t": "category", "u": "category"})
    fitted = HistGradientBoostingClassifier(
        categorical_features="from_dtype", max_iter=2
    ).fit(rows, LABELS)

    assert object_columns(fitted, 3).keys() <= {1, 2}
