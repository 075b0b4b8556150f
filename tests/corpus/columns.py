"""Columns of steps with states that lead whoever computes them outside or nowhere."""

import copy
import pickle

import numpy as np

from tests.legitimate import fitted

FAMILY = "classifier of counts.onnx"
INFINITE = float("inf")


def changed(name, value, at=None):
    """Return the pickle of a model with an attribute of its columns changed.

    Parameters
    ----------
    name : str
    value : object
    at : int, optional
        Which number of the attribute is to be the value; by default it is all of it.
    """
    model = copy.deepcopy(fitted(FAMILY))
    columns = model.steps[0][1]
    if at is not None:
        array = getattr(columns, name).copy()
        array[at] = value
        value = array
    vars(columns)[name] = value
    return pickle.dumps(model, 4)


def without(name):
    """Return the pickle of a model whose columns lack an attribute."""
    model = copy.deepcopy(fitted(FAMILY))
    del vars(model.steps[0][1])[name]
    return pickle.dumps(model, 4)


COLUMNS = {
    "columns of a source 2e9": lambda: changed("sources_", 2_000_000_000, 0),
    "columns of a source -1": lambda: changed("sources_", -1, 0),
    "a step 2e9": lambda: changed("steps_", 2_000_000_000, 0),
    "a step -1": lambda: changed("steps_", -1, 0),
    "an operand that is NaN": lambda: changed("constants_", np.nan, 0),
    "an infinite operand": lambda: changed("constants_", INFINITE, 0),
    "a million steps": lambda: changed("steps_", np.zeros(1_000_000, np.int32)),
    "steps that do not end": lambda: changed("step_ends_", 10**6, -1),
    "steps that go back": lambda: changed("step_ends_", -5, 0),
    "tables that do not end": lambda: changed("table_ends_", 10**6, -1),
    "tables that go back": lambda: changed("table_ends_", -5, 0),
    "a key that is NaN": lambda: changed("keys_", np.nan, 0),
    "an entry that is infinite": lambda: changed("entries_", INFINITE, 0),
    "a default that is NaN": lambda: changed("defaults_", np.nan, 0),
    "columns of another number of features": lambda: changed("n_features_in_", 1),
    "columns of 1e9 features": lambda: changed("n_features_in_", 10**9),
    "columns of other arrays": lambda: changed("sources_", np.zeros(3)),
    "columns of objects": lambda: changed("keys_", np.array([None] * 9)),
    "no columns": lambda: changed("sources_", np.zeros(0, np.int32)),
    "columns without tables": lambda: without("is_table_"),
    "columns with a method overlaid": lambda: changed("transform", 1),
    "columns with names that are numbers": lambda: changed(
        "feature_names_in_", np.array([1, 2, 3], dtype=object)
    ),
    "gaps of other columns": lambda: changed("refuses_missing_", np.zeros(99, bool)),
}
