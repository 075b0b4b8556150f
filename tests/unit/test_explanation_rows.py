"""Explanations in words."""

import math

import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.explanation_rows import feature_rows
from pgchurn.plpython.runtime.signature import Feature

NAN = math.nan


def rows(*given, top_k=None):
    """Explain features of (name, kind, value, contribution, points, typical)."""
    return feature_rows(
        [Feature(name, kind, True) for name, kind, *_ in given],
        [value for _, _, value, *_ in given],
        [contribution for *_, contribution, _, _ in given],
        [points for *_, points, _ in given],
        {name: typical for name, *_, typical in given},
        top_k,
    )


def test_the_largest_contribution_comes_first_whatever_its_sign():
    found = rows(
        ("a", "number", 1.0, 0.1, 0.01, 1.0),
        ("b", "number", 1.0, -0.5, -0.05, 1.0),
        ("c", "number", 1.0, 0.3, 0.03, 1.0),
    )

    assert [row[0] for row in found] == ["b", "c", "a"]


@pytest.mark.parametrize(
    "kind, value, typical, shown, usual, reason",
    [
        ("number", 3.0, 0.0, "3", "0", "f is 3 (typical: 0)"),
        ("number", 29.85, 29.85, "29.85", "29.85", "f is 29.85, as is typical"),
        ("number", 1e-7, 2.0, "1e-07", "2", "f is 1e-07 (typical: 2)"),
        ("number", NAN, 2.5, "not known", "2.5", "f is not known (typical: 2.5)"),
        ("number", NAN, None, "not known", None, "f is not known"),
        ("number", 2.0, None, "2", None, "f is 2"),
        ("boolean", 1.0, 0.0, "true", "false", "f is true (typical: false)"),
        ("boolean", 0.0, False, "false", "false", "f is false, as is typical"),
        ("text", "gold", "basic", "gold", "basic", "f is gold (typical: basic)"),
        ("text", "", "a", "", "a", 'f is "" (typical: a)'),
        ("text", NAN, "a", "not known", "a", "f is not known (typical: a)"),
        ("text", "x" * 99, None, "x" * 99, None, f"f is {'x' * 60}..."),
    ],
)
def test_a_sentence_says_what_is_and_what_is_typical(
    kind, value, typical, shown, usual, reason
):
    (row,) = rows(("f", kind, value, 0.5, 0.123, typical))

    assert row[1] == shown
    assert row[4] == usual
    assert row[5] == f"{reason}, which raises the score by 12.3 percentage points"


@pytest.mark.parametrize(
    "points, effect",
    [
        (0.1234, "raises the score by 12.3 percentage points"),
        (-0.006, "lowers the score by 0.6 percentage points"),
        (0.0004, "hardly changes the score"),
        (0.0, "hardly changes the score"),
    ],
)
def test_a_sentence_says_what_that_does(points, effect):
    (row,) = rows(("f", "number", 1.0, points, points, 1.0))

    assert row[5] == f"f is 1, as is typical, which {effect}"


def test_what_top_k_leaves_out_is_added_up_in_a_last_row_without_a_name():
    given = [
        ("a", "number", 1.0, 0.5, 0.05, 1.0),
        ("b", "number", 1.0, -0.25, -0.025, 1.0),
        ("c", "number", 1.0, 0.125, 0.0125, 1.0),
    ]

    found = rows(*given, top_k=1)

    assert [row[0] for row in found] == ["a", None]
    assert found[1][1:] == (
        *(None, -0.125, -0.0125, None),
        "what is left, 2 features, lowers the score by 1.2 percentage points",
    )
    assert rows(*given, top_k=2)[2][5] == (
        "what is left, one feature, raises the score by 1.2 percentage points"
    )
    assert rows(*given, top_k=3) == rows(*given, top_k=99) == rows(*given)


@pytest.mark.parametrize("top_k", [0, -1])
def test_no_rows_at_all_cannot_be_asked_for(top_k):
    with pytest.raises(ScoringError, match=f"top_k is {top_k}"):
        rows(("a", "number", 1.0, 0.5, 0.05, 1.0), top_k=top_k)
