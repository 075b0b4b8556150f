"""Columns of a ColumnTransformer that pandas has named or marked."""

import pickle
import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.models.read_columns import read_positions
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.compiling import FRAME, LABELS, TEXTS, assert_same

# Of a frame of four numbers, two texts and a number that is a boolean.
NUMBERS = FRAME.select_dtypes("number").columns
ARE_NUMBERS = FRAME.dtypes.eq("float64")


def numbers_of(columns):
    """Return an unfitted pipeline that reads only some numbers."""
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    chosen = ColumnTransformer([("numbers", scaled, columns)])
    return make_pipeline(chosen, LogisticRegression())


CHOSEN = {
    "index of texts": NUMBERS,
    "index of objects": NUMBERS.astype(object),
    "index of positions": pd.Index([0, 2, 3]),
    "range": pd.RangeIndex(2, 4),
    "one": NUMBERS[:1],
    "series of booleans": ARE_NUMBERS,
    "series of names": pd.Series(["age", "usage"]),
    "array of names": NUMBERS.to_numpy(),
    "array of booleans": ARE_NUMBERS.to_numpy(),
    "array of texts": NUMBERS.array,
}


@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("chosen", CHOSEN)
def test_columns_that_pandas_chose_are_the_same_when_read(chosen, protocol):
    model = numbers_of(CHOSEN[chosen]).fit(FRAME, LABELS)

    read = load_estimator(pickle.dumps(model, protocol))

    expected = model.predict_proba(FRAME)
    np.testing.assert_array_equal(read.predict_proba(FRAME), expected)
    looked_up = model[0]._transformer_to_input_indices["numbers"]
    assert read_positions(read, range(7)) == set(looked_up)
    assert_same(read, FRAME)
    # Some releases of scikit-learn look there.
    (told,), (given,) = read[0]._columns, model[0]._columns
    assert list(told) in (list(given), list(looked_up))


def test_columns_that_were_told_by_name_are_kept_as_they_were():
    model = numbers_of(["age", "usage"]).fit(FRAME, LABELS)

    read = load_estimator(pickle.dumps(model))

    assert read[0]._columns == model[0]._columns == [["age", "usage"]]


@pytest.mark.parametrize(
    "around",
    [
        lambda one: VotingClassifier([("a", one), ("b", one)], voting="soft"),
        lambda one: GridSearchCV(one, {"logisticregression__C": [0.1, 1.0]}, cv=2),
    ],
    ids=["vote", "search"],
)
def test_what_was_not_fitted_itself_may_name_columns_by_pandas_too(around):
    model = around(numbers_of(NUMBERS)).fit(FRAME, LABELS)

    read = load_estimator(pickle.dumps(model))

    expected = model.predict_proba(FRAME)
    np.testing.assert_array_equal(read.predict_proba(FRAME), expected)


@pytest.mark.parametrize("encoder", [OneHotEncoder, OrdinalEncoder])
def test_categories_may_be_what_unique_gives(encoder):
    whole = FRAME.dropna()
    known = [whole[name].astype("str").unique() for name in TEXTS]
    encoded = ColumnTransformer([("texts", encoder(categories=known), TEXTS)])
    model = make_pipeline(encoded, LogisticRegression()).fit(whole, LABELS[whole.index])

    read = load_estimator(pickle.dumps(model))

    np.testing.assert_array_equal(read.predict_proba(whole), model.predict_proba(whole))


class ArrowNames:
    """Pickles as an Index whose texts are Arrow's, which need not be installed."""

    def __reduce__(self):
        """Return the call of pandas', with the call of Arrow's within."""
        return pd.core.indexes.base._new_Index, (pd.Index, {"data": ArrowTexts()})


class ArrowTexts:
    """Pickles as an array of Arrow's."""

    def __reduce__(self):
        """Return a call of Arrow's."""
        restore = sys.modules["pyarrow.lib"]._restore_array
        return restore, (("large_string", 2, bytearray(b"agecharges")),)


def test_names_that_pandas_keeps_by_arrow_are_read(monkeypatch):
    model = numbers_of(["age", "charges"]).fit(FRAME, LABELS)
    expected = model.predict_proba(FRAME)
    for held in ("transformers", "transformers_"):
        (name, branch, _), *rest = getattr(model[0], held)
        setattr(model[0], held, [(name, branch, ArrowNames()), *rest])
    library = ModuleType("pyarrow.lib")
    library._restore_array = type("_restore_array", (), {"__module__": "pyarrow.lib"})
    with monkeypatch.context() as installed:
        installed.setitem(sys.modules, "pyarrow", ModuleType("pyarrow"))
        installed.setitem(sys.modules, "pyarrow.lib", library)
        content = pickle.dumps(model)

    read = load_estimator(content)

    np.testing.assert_array_equal(read.predict_proba(FRAME), expected)


@pytest.mark.parametrize(
    "positions",
    [
        {"numbers": [0, -1]},
        {"numbers": [10**9]},
        {"numbers": [0.0]},
        {"numbers": (0,)},
        {"numbers": "age"},
        ["numbers"],
    ],
)
def test_positions_that_are_none_are_refused(positions):
    model = numbers_of(NUMBERS).fit(FRAME, LABELS)
    model[0]._transformer_to_input_indices = positions

    with pytest.raises(ScoringError, match="cannot be unpickled"):
        load_estimator(pickle.dumps(model))


@pytest.mark.parametrize("held", [NUMBERS, FRAME["age"], pd.RangeIndex(3)])
def test_pandas_anywhere_else_is_refused(held):
    model = numbers_of(["age"]).fit(FRAME, LABELS)
    model[-1].notes = held

    with pytest.raises(ScoringError, match="cannot be unpickled") as refused:
        load_estimator(pickle.dumps(model))

    assert "what is not read" in refused.value.detail
