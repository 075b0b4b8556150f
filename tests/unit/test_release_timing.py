"""When a challenger takes too long for a row: how many times, and how much longer."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.releasing import (
    LIMITS,
    NEGLIGIBLE_MICROSECONDS,
    timing,
)

USUAL = {**LIMITS, "negligible_microseconds": NEGLIGIBLE_MICROSECONDS}


def times(champion, challenger, noise=0.3, rows=200):
    """Return seconds of both for rows, given microseconds, on a busy machine."""
    rng = np.random.default_rng(0)
    typical = np.array([[champion, challenger]]) * 1e-6
    return typical * np.exp(rng.normal(0, noise, (rows, 2)))


def results(champion, challenger, **changed):
    """Return the result of either guardrail."""
    found = timing(times(champion, challenger), {**USUAL, **changed})
    return {guardrail[0]: guardrail[6] for guardrail in found}


@pytest.mark.parametrize("champion", [2, 8, 200, 3000])
def test_five_times_as_long_fails(champion):
    assert results(champion, 5 * champion)["time_ratio"] == "failure"


@pytest.mark.parametrize(("champion", "challenger"), [(8, 30), (2, 6), (200, 250)])
def test_a_heavier_family_is_let_through(champion, challenger):
    assert set(results(champion, challenger).values()) == {"success"}


def test_next_to_nothing_is_no_failure_however_many_times_as_long_it_is():
    assert results(0.5, 4)["time_ratio"] == "success"


def test_a_millisecond_more_fails_whatever_the_ratio():
    assert results(3000, 6000) == {
        "time_ratio": "success",
        "row_microseconds": "failure",
    }


def test_another_limit_allows_for_it():
    allowed = results(10, 100, time_ratio=20)
    assert set(allowed.values()) == {"success"}


def test_too_few_rows_say_nothing():
    found = timing(np.ones((3, 2)), USUAL)
    assert [one[6] for one in found] == ["inconclusive", "inconclusive"]
