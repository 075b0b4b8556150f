"""Many rows: how they are decoded, and which of them get a score."""

import struct

import numpy as np
import pytest
from pgchurn.plpython.runtime.batches import (
    MOST_FAILURES,
    Batch,
    matrix_from_image,
    rows_in,
    score_what_scores,
    vector_image,
)
from pgchurn.plpython.runtime.errors import ScoringError

FLOAT8 = 701


def image(rows):
    """Return how the server holds a two-dimensional array of float8."""
    elements = b"".join(struct.pack("=d", x) for row in rows for x in row)
    return header(rows=len(rows), columns=len(rows[0])) + elements


def header(dimensions=2, offset=0, element_type=FLOAT8, rows=1, columns=1):
    """Return what precedes the elements of an array."""
    fields = (dimensions, offset, element_type, rows, columns, 1, 1)
    return struct.pack("=iiiiiii", *fields)


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0]],
        [[1.0, 2.0, 3.0]],
        [[1.0], [2.0]],
        [[0.1, -0.0], [float("inf"), 5e-324], [float("nan"), 1.7e308]],
    ],
)
def test_the_image_of_an_array_becomes_a_matrix(rows):
    matrix = matrix_from_image(image(rows))

    np.testing.assert_array_equal(matrix, np.array(rows))
    assert matrix.dtype == np.dtype("float64")
    assert matrix.flags.writeable
    assert rows_in(image(rows)) == len(rows)


ELEMENT = struct.pack("=d", 0.5)


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
        header() + ELEMENT[:4],
        # With a null: the numbers follow a map of those that there are.
        header(offset=40, columns=2) + b"\1\0\0\0" + ELEMENT,
        header(offset=40, columns=2) + b"\1" + b"\0" * 7 + ELEMENT,
        header(rows=0),
        header(columns=1_601) + ELEMENT * 1_601,
    ],
)
def test_bytes_that_are_no_matrix_are_refused(numbers):
    with pytest.raises(ScoringError, match="two-dimensional array"):
        matrix_from_image(numbers)


def test_scores_become_the_image_of_an_array():
    numbers = [0.1, None, 0.0, 1.0]

    sent = vector_image(numbers)

    assert sent[:20] == struct.pack("=iiiii", 1, 0, FLOAT8, 4, 1)
    np.testing.assert_array_equal(
        np.frombuffer(sent[20:]), [0.1, float("nan"), 0.0, 1.0]
    )


@pytest.mark.parametrize("texts", [[], [["a"], ["b"], ["c"]]])
def test_texts_of_other_rows_are_refused(texts):
    with pytest.raises(ScoringError, match="texts of"):
        Batch(image([[1.0], [2.0]]), texts)


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
