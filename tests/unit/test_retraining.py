"""Whether the scores of a retrained version come true, by what a comparison told."""

import numpy as np
import pytest
from pgchurn.loader.models.retraining import MOST_MISCALIBRATED, calibration_of
from pgchurn.plpython.runtime.comparing_scores import mean_interval
from pgchurn.plpython.runtime.confidence_sequences import ConfidenceSequence

ROWS = 20_000


def told(left, scores):
    """Return what churn.compare tells of a challenger, as far as it is read."""
    return [
        {
            "name": "calibration_in_the_large",
            "of_challenger": float((left - scores).mean()),
            "n": len(left),
        },
        {
            "name": "brier_score",
            "of_challenger": float(np.square(scores - left).mean()),
        },
    ]


@pytest.mark.parametrize(
    ("shift", "is_ok"), [(0.0, True), (0.015, True), (-0.015, True), (0.05, False)]
)
def test_scores_that_are_surely_far_off_are_not_released(shift, is_ok):
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.05, 0.3, ROWS)
    left = (rng.random(ROWS) < scores + shift).astype(float)

    found = calibration_of(told(left, scores), ROWS)

    # The bounds are those that churn.compare computes of the customers themselves.
    interval = mean_interval(left - scores, ConfidenceSequence(ROWS, 0.05))
    assert (found["missing"], found["lower"], found["upper"]) == pytest.approx(
        tuple(interval), abs=1e-12
    )
    assert found["ok"] == is_ok
    assert found["limit"] == MOST_MISCALIBRATED


def test_few_customers_are_not_sure_of_it():
    rng = np.random.default_rng(0)
    scores = np.full(100, 0.1)
    left = (rng.random(100) < 0.15).astype(float)

    assert calibration_of(told(left, scores), 100)["ok"]
