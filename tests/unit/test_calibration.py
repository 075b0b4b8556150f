import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.models.calibration import (
    calibrate,
    expected_calibration_error,
    with_temperature,
)
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression


def log_odds_of(probabilities):
    return np.log(probabilities / (1 - probabilities))


def customers(rows=4_000, seed=0):
    """Return true probabilities, and what came of them."""
    rng = np.random.default_rng(seed)
    true = 1 / (1 + np.exp(-rng.normal(-1, 2, rows)))
    return true, rng.random(rows) < true


def of_seed(seed):
    return customers(seed=seed)


def overconfident(true, temperature=2.5):
    """Return probabilities whose log odds are too great."""
    return 1 / (1 + np.exp(-temperature * log_odds_of(true)))


def test_the_calibration_error_agrees_with_sums_done_by_hand():
    positive = [False, True, True, True]
    # Two bins of two rows: 0.1 and 0.15 against a half, 0.92 and 0.98 against all.
    error = expected_calibration_error(positive, [0.1, 0.15, 0.92, 0.98])
    assert error == pytest.approx((abs(0.25 - 1) + abs(1.9 - 2)) / 4)


def test_certainty_that_comes_true_has_no_calibration_error():
    assert expected_calibration_error([False, True], [0.0, 1.0]) == 0


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_probabilities_too_sure_or_not_sure_enough_are_mended(temperature):
    true, churned = customers()
    found = calibrate(churned, overconfident(true, temperature))
    assert found.temperature == pytest.approx(temperature, rel=0.1)
    described = found.as_dict()
    assert described["error_after"] < 0.02 < described["error_before"]


def test_probabilities_that_come_true_are_left_as_they_are_or_nearly_so():
    found = [calibrate(churned, true) for true, churned in map(of_seed, range(8))]
    left = [one for one in found if one.temperature is None]
    assert left
    assert all(np.array_equal(one.before, one.after) for one in left)
    assert all(abs(one.temperature - 1) < 0.1 for one in found if one not in left)


@pytest.mark.parametrize("names", [None, ("active", "left")])
def test_a_model_under_a_temperature_has_its_log_odds_divided(names):
    true, churned = customers(400)
    labels = churned if names is None else np.where(churned, names[1], names[0])
    calibration = calibrate(labels, overconfident(true))
    frame = pd.DataFrame({"usage": log_odds_of(true)})
    vote = VotingClassifier([("only", LogisticRegression())], voting="soft")
    vote.fit(frame, labels)
    model = with_temperature(vote, calibration)
    plain = vote.predict_proba(frame)[:, 1]
    expected = 1 / (1 + np.exp(-log_odds_of(plain) / calibration.temperature))
    assert model.predict_proba(frame)[:, 1] == pytest.approx(expected, abs=1e-9)
    assert list(model.feature_names_in_) == ["usage"]
    assert model.classes_.tolist() == vote.classes_.tolist()
