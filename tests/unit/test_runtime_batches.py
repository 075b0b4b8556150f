"""Many rows: how they are decoded, and which of them get a score."""

import struct

import numpy as np
import pytest
from pgchurn.plpython.runtime.batches import (
    MOST_FAILURES,
    Batch,
    matrix_from_binary,
    rows_in,
    score_what_scores,
)
from pgchurn.plpython.runtime.errors import ScoringError

FLOAT8 = 701


def sent(rows):
    """Return what array_send gives for a two-dimensional array of float8."""
    header = struct.pack(">iii", 2, 0, FLOAT8)
    dimensions = struct.pack(">iiii", len(rows), 1, len(rows[0]), 1)
    elements = b"".join(struct.pack(">id", 8, x) for row in rows for x in row)
    return header + dimensions + elements


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0]],
        [[1.0, 2.0, 3.0]],
        [[1.0], [2.0]],
        [[0.1, -0.0], [float("inf"), 5e-324], [float("nan"), 1.7e308]],
    ],
)
def test_a_binary_array_becomes_a_matrix(rows):
    matrix = matrix_from_binary(sent(rows))

    np.testing.assert_array_equal(matrix, np.array(rows))
    assert matrix.dtype == np.dtype("float64")
    assert matrix.flags.writeable
    assert rows_in(sent(rows)) == len(rows)


def header(dimensions=2, has_nulls=0, element_type=FLOAT8, rows=1, columns=1):
    """Return what precedes the elements of an array."""
    return struct.pack(
        ">iiiiiii", dimensions, has_nulls, element_type, rows, 1, columns, 1
    )


ELEMENT = struct.pack(">id", 8, 0.5)


@pytest.mark.parametrize(
    "numbers",
    [
        b"",
        b"\0" * 27,
        # 28 bytes that would be a list of two thousand million rows.
        header(rows=2**31 - 1, columns=0),
        header(rows=0, columns=2**31 - 1),
        header(rows=-1, columns=-1) + ELEMENT,
        header(rows=2) + ELEMENT,
        header(columns=2) + ELEMENT,
        header() + ELEMENT + b"x",
        header() + ELEMENT + ELEMENT,
        header(dimensions=1) + ELEMENT,
        header(element_type=700) + ELEMENT,
        header() + struct.pack(">id", 4, 0.5),
        header(columns=3) + struct.pack(">ididi", 8, 0.5, 8, 0.5, -1) + b"\0" * 8,
        header(columns=1_601) + ELEMENT * 1_601,
    ],
)
def test_bytes_that_are_no_matrix_are_refused(numbers):
    with pytest.raises(ScoringError, match="two-dimensional array"):
        matrix_from_binary(numbers)


@pytest.mark.parametrize("texts", [[], [["a"], ["b"], ["c"]]])
def test_texts_of_other_rows_are_refused(texts):
    with pytest.raises(ScoringError, match="texts of"):
        Batch.from_binary(sent([[1.0], [2.0]]), texts)


def scorer(spoilt, calls=None):
    def score(first, last):
        if calls is not None:
            calls.append((first, last))
        if any(first <= row < last for row in spoilt):
            raise ScoringError("spoilt")
        return [float(row) for row in range(first, last)]

    return score


@pytest.mark.parametrize("spoilt", [[], [0], [9], [3, 4], [0, 5, 9], range(10)])
def test_every_row_that_can_be_scored_is(spoilt):
    failures = []

    scores = score_what_scores(scorer(spoilt), 0, 10, failures)

    assert scores == [None if row in spoilt else float(row) for row in range(10)]
    assert len(failures) == len(spoilt)


def test_rows_that_score_cost_one_call():
    calls = []

    score_what_scores(scorer([], calls), 0, 1000, [])

    assert calls == [(0, 1000)]


def test_no_rows_have_no_scores():
    assert score_what_scores(scorer([]), 0, 0, []) == []


def test_a_model_that_always_fails_is_given_up():
    failures, calls = [], []

    scores = score_what_scores(scorer(range(5000), calls), 0, 5000, failures)

    assert scores == [None] * 5000
    assert len(failures) == MOST_FAILURES
    assert len(calls) < 20 * MOST_FAILURES


def test_an_error_that_is_not_the_models_is_not_held_back():
    def score(first, last):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_what_scores(score, 0, 10, [])
