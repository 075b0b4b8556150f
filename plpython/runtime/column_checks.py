"""What has to hold of columns that are computed of others, before any is.

``column_steps`` follows their numbers without looking, so that each is looked at here.
"""

from typing import Any

import numpy as np

from .estimator_checks import check, is_count, within
from .pickle_values import MOST_FEATURES, require

COLUMN_STEPS = "pgchurn.plpython.runtime.column_steps.ColumnSteps"
# A greater number never gives less, but where it is multiplied by one below zero.
STEP_NAMES = (
    *("single", "truncate", "fill", "add", "subtract", "multiply", "divide"),
    *("at least", "at most", "above", "tanh"),
)
MOST_STEPS = 20
MOST_COLUMNS = 20_000
# Of the arrays with a value for each column.
COLUMNS = {
    "sources_": np.int32,
    "step_ends_": np.int32,
    "table_ends_": np.int32,
    "is_table_": np.bool_,
    "defaults_": np.float64,
    "missing_": np.float64,
}
# Of the others, whose lengths differ.
OTHERS = {
    "steps_": np.int32,
    "constants_": np.float64,
    "keys_": np.float64,
    "entries_": np.float64,
    "refuses_missing_": np.bool_,
}
NAMES = "feature_names_in_"
STATE = {"n_features_in_", "single_", *COLUMNS, *OTHERS}


def set_column_steps(target: Any, state: Any) -> None:
    """Set the attributes of columns: those that there are, and no others."""
    require(type(state) is dict and state.keys() - {NAMES} == STATE, COLUMN_STEPS)
    vars(target).update(state)


def check_column_steps(part: Any) -> None:
    """Refuse columns whose numbers do not fit one another."""
    held = vars(part)
    check(held.keys() - {NAMES} == STATE, part, "state")
    check(is_count(part.n_features_in_, MOST_COLUMNS), part, "n_features_in_")
    check(type(part.single_) is bool, part, "single_")
    for name, kind in {**COLUMNS, **OTHERS}.items():
        array = held[name]
        check(type(array) is np.ndarray and array.ndim == 1, part, name)
        check(array.dtype == kind, part, name)
    count = len(part.sources_)
    check(0 < count <= MOST_COLUMNS, part, "sources_")
    check(all(len(held[name]) == count for name in COLUMNS), part, "columns")
    check(within(part.sources_, part.n_features_in_), part, "sources_")
    check(len(part.refuses_missing_) == part.n_features_in_, part, "refuses_missing_")
    names = held.get(NAMES)
    if names is not None:
        check(type(names) is np.ndarray, part, NAMES)
        check(names.shape == (part.n_features_in_,), part, NAMES)
        check(len(names) <= MOST_FEATURES, part, NAMES)
        check(all(type(name) is str for name in names.tolist()), part, NAMES)
    check_steps(part)
    check_tables(part)


def check_steps(part: Any) -> None:
    """Refuse steps that are not known, are too many, or have no operand."""
    counts = np.diff(part.step_ends_.astype(np.int64), prepend=0)
    check(((counts >= 0) & (counts <= MOST_STEPS)).all(), part, "step_ends_")
    check(part.step_ends_[-1] == len(part.steps_), part, "step_ends_")
    check(len(part.constants_) == len(part.steps_), part, "constants_")
    check(within(part.steps_, len(STEP_NAMES)), part, "steps_")
    check(np.isfinite(part.constants_).all(), part, "constants_")
    divides = part.steps_ == STEP_NAMES.index("divide")
    check(part.constants_[divides].all(), part, "constants_")


def check_tables(part: Any) -> None:
    """Refuse tables that do not end or do not rise, and entries that are no numbers."""
    ends = part.table_ends_.astype(np.int64)
    counts = np.diff(ends, prepend=0)
    check((counts >= 0).all(), part, "table_ends_")
    check(not counts[~part.is_table_].any(), part, "table_ends_")
    check(ends[-1] == len(part.keys_) == len(part.entries_), part, "table_ends_")
    for name in ("keys_", "entries_", "defaults_", "missing_"):
        check(np.isfinite(vars(part)[name]).all(), part, name)
    rises = np.diff(part.keys_) > 0
    # From the end of one table to the next one it may fall.
    borders = ends[(ends > 0) & (ends < len(part.keys_))]
    rises[borders - 1] = True
    check(rises.all(), part, "keys_")
