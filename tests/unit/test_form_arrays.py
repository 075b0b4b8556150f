"""Short arrays are looked through as lists, long ones by NumPy: the same is refused."""

import sys

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime import form_arrays, form_tree_checks
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.features import Layout
from pgchurn.plpython.runtime.form_arrays import (
    FORMATS,
    TYPES,
    are_ends,
    are_finite,
    are_not_negative,
    array_in,
    have_infinity,
    highest,
    rise,
)

from tests.compiling import sql_rows
from tests.soak import fuzz_compiled

NAN, INFINITY = float("nan"), float("inf")
# Those of which sums, tables, trees and sets are made.
FAMILIES = ("line", "tables", "tree", "gradient boosting", "categories", "forest")
MUTANTS = 400
ROWS = 40


@pytest.fixture
def by_numpy(monkeypatch):
    """Return a function after whose call no array is short."""

    def change():
        monkeypatch.setattr(form_arrays, "FEW", -1)
        monkeypatch.setattr(form_tree_checks, "FEW", -1)

    return change


def outcome_of(content, signature, columns):
    """Return what a form is refused for, or which scores it gives."""
    try:
        return CompiledModel(content, signature).probabilities(columns).tobytes()
    except ScoringError as error:
        return type(error), error.sqlstate


@pytest.mark.parametrize("family", FAMILIES)
def test_mutants_are_refused_or_score_the_same_as_lists_and_by_numpy(family, by_numpy):
    _, signature, columns = fuzz_compiled.original(family)
    mutants = list(fuzz_compiled.mutants(family, MUTANTS))
    with np.errstate(all="ignore"):
        as_lists = [outcome_of(one, signature, columns) for one in mutants]
        by_numpy()
        as_arrays = [outcome_of(one, signature, columns) for one in mutants]

    assert as_lists == as_arrays
    refused = sum(isinstance(outcome, tuple) for outcome in as_lists)
    assert MUTANTS / 10 < refused < MUTANTS


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_scores_the_same_whether_trees_are_followed_or_written_out(family):
    content, signature, columns = fuzz_compiled.original(family)
    layout = Layout.of(signature)
    positions = layout.positions(signature)
    frame = pd.DataFrame(columns)[:ROWS]
    rows = list(zip(*(sql_rows(frame, names) for names in layout)))
    for one in [content, *fuzz_compiled.mutants(family, MUTANTS)]:
        try:
            model = CompiledModel(one, signature)
        except ScoringError:
            continue
        walked, written = (
            model.row_scorer(positions, walks=walks) for walks in (True, False)
        )
        for row in rows:
            assert row_outcome(walked, row) == row_outcome(written, row)


def row_outcome(score, row):
    """Return the digits of a row's score, or what it is refused for."""
    try:
        return score(*row).hex()
    except (ScoringError, OverflowError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_an_array_of_a_form_is_the_same_as_a_list_and_by_numpy(
    code, byteorder, monkeypatch
):
    stored = np.arange(5, dtype=TYPES[code])
    monkeypatch.setattr(sys, "byteorder", byteorder)
    # As it would be on a machine of the other order, whose own is not at hand.
    content = (
        b"12345678" + (stored if byteorder == "little" else stored.byteswap()).tobytes()
    )

    array = array_in(content, code, 8, 5)

    assert len(array) == 5
    assert array.tolist() == np.asarray(array).tolist() == [0, 1, 2, 3, 4]
    assert np.asarray(array).dtype == TYPES[code]
    assert form_arrays.SIZES[code] == np.dtype(TYPES[code]).itemsize
    assert FORMATS.keys() == TYPES.keys()


LISTS = [
    *([], [0.0], [-0.0], [1.0, 2.0], [2.0, 1.0], [1.0, 1.0], [-1.0, 1.0], [0.0, -0.0]),
    *([NAN], [1.0, NAN], [NAN, 1.0], [INFINITY], [-INFINITY, 0.0], [1.0, INFINITY]),
]


@pytest.mark.parametrize("asked", [are_finite, have_infinity, rise])
@pytest.mark.parametrize("numbers", LISTS, ids=str)
def test_what_is_asked_of_lists_is_answered_as_of_arrays(asked, numbers):
    assert asked(numbers) == asked(np.array(numbers, float))


WHOLE = [[], [0], [3, 1], [-1], [2, -1, 5], [5, 2], [2, 2], [2, 5], [0, 5], [-1, 5]]


@pytest.mark.parametrize("numbers", WHOLE, ids=str)
def test_what_is_asked_of_whole_numbers_is_answered_as_of_arrays(numbers):
    array = np.array(numbers, np.int32)

    assert are_not_negative(numbers) == are_not_negative(array)
    assert are_ends(numbers, 5) == are_ends(array, 5)
    if are_not_negative(numbers):
        assert highest(numbers) == highest(array)
