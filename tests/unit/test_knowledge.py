"""What a batch of outcomes adds to what is known of a head's weights."""

import numpy as np
import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.knowledge import (
    LEAST_BATCHES_BEFORE,
    MOST_SCORE_SHIFT,
    Knowledge,
    curvature,
    likeliest,
)
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

DAY = 86_400.0
TRUE = np.array([0.8, -0.5, 0.3, -1.0])


def drawn(rows, seed=0, weights=TRUE):
    """Return inputs, of which the last is 1, and who is of the second class."""
    random = np.random.default_rng(seed)
    inputs = np.column_stack([random.standard_normal((rows, 3)), np.ones(rows)])
    return inputs, random.random(rows) < expit(inputs @ weights)


def start(rows=4_000.0):
    return Knowledge(np.zeros(4), None, rows, 0.0)


def learned(known, inputs, second, days=0.0, half_life=1e9):
    return known.after(inputs, second, days * DAY, half_life * DAY).knowledge


def test_without_anything_known_it_is_logistic_regression():
    inputs, second = drawn(500)

    found = likeliest(np.zeros(4), np.eye(4), inputs, second)

    theirs = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10)
    theirs.fit(inputs, second)
    assert found == pytest.approx(theirs.coef_[0], abs=1e-6)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_it_does_not_matter_in_which_unit_an_input_is(scale):
    inputs, second = drawn(1_000)
    units = np.array([scale, 1.0, 1.0, 1.0])
    known, other = start(), start()
    for rows in (slice(0, 500), slice(500, 1_000)):
        known = learned(known, inputs[rows], second[rows])
        other = learned(other, inputs[rows] * units, second[rows])

    assert other.weights * units == pytest.approx(known.weights, rel=1e-5)


def test_many_batches_lead_to_what_all_of_them_tell():
    known = start(10.0)
    inputs, second = drawn(60_000)
    for batch in range(120):
        rows = slice(500 * batch, 500 * batch + 500)
        known = learned(known, inputs[rows], second[rows], batch, half_life=20)

    assert known.weights == pytest.approx(TRUE, abs=0.06)
    # Its certainty as well, of so many rows as are left of all by their weights.
    whole = curvature(inputs, expit(inputs @ TRUE)) / 60_000
    assert np.diag(known.precision) / known.rows == pytest.approx(
        np.diag(whole), rel=0.1
    )
    assert known.rows == pytest.approx(500 / (1 - 0.5 ** (1 / 20)), rel=0.05)


def test_an_outcome_weighs_half_as_much_after_the_half_life():
    inputs, second = drawn(500)
    known = learned(start(100_000.0), inputs, second)

    later = learned(known, inputs, second, days=30, half_life=30)

    assert known.rows == pytest.approx(100_500)
    assert later.rows == pytest.approx(known.rows / 2 + 500)
    # Nobody is scored before they were.
    assert learned(later, inputs, second, days=10, half_life=30).at == later.at


def test_no_batch_weighs_more_than_an_eighth():
    inputs, second = drawn(4_000, weights=np.array([0, 0, 0, -0.4]))
    known = start(1.0)

    step = known.after(inputs, second, 1_000 * DAY, DAY)

    gap = second.mean() - 0.5
    assert step.mean_shift / gap == pytest.approx(
        1 / (1 + LEAST_BATCHES_BEFORE), rel=0.05
    )


@pytest.mark.parametrize("seed", range(5))
def test_no_score_moves_too_far_whatever_is_learned(seed):
    inputs, second = drawn(500, seed)
    known = learned(start(), inputs, second)
    # All of a rare kind, whom the scores are sure of.
    rare = inputs.copy()
    rare[:30, 0] = -6.0
    false = second.copy()
    false[:30] = True

    step = known.after(rare, false, DAY, 30 * DAY)

    assert 0 < step.share < 1
    moved = step.knowledge.scores(rare) - known.scores(rare)
    assert np.abs(moved).max() <= MOST_SCORE_SHIFT
    odds = logit(step.knowledge.scores(rare)) - logit(known.scores(rare))
    assert np.abs(odds).max() == pytest.approx(4 * MOST_SCORE_SHIFT)


def test_inputs_that_say_the_same_are_no_trouble():
    inputs, second = drawn(500)
    twice = np.column_stack([inputs[:, :3], inputs[:, 0], np.zeros(500), np.ones(500)])
    known = Knowledge(np.zeros(6), None, 1_000.0, 0.0)
    for day in range(20):
        known = learned(known, twice, second, days=day, half_life=30)

    assert np.isfinite(known.weights).all()
    assert known.weights[0] == pytest.approx(known.weights[3], abs=1e-6)
    assert known.weights[4] == 0


def test_it_is_the_same_bytes_that_are_read_again():
    inputs, second = drawn(500)
    known = learned(start(), inputs, second)

    again = Knowledge.from_bytes(known.to_bytes(), 4)

    assert again.to_bytes() == known.to_bytes()
    assert again.digest == known.digest
    later = learned(known, inputs, second)
    assert learned(again, inputs, second).digest == later.digest != known.digest
    with pytest.raises(LoaderError, match="begin anew"):
        Knowledge.from_bytes(known.to_bytes(), 5)
