import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.models.averaging import best_average
from pgchurn.loader.models.calibration import (
    SUREST,
    calibrate,
    expected_calibration_error,
    weigh_log_odds,
    with_weights,
    without_slight,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.tree import DecisionTreeClassifier


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


def alone(probabilities, churned):
    """Return the calibration of one model's out-of-fold probabilities."""
    said = {"model": probabilities}
    return calibrate(churned, best_average(churned, said), said)


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_probabilities_too_sure_or_not_sure_enough_are_mended(temperature):
    true, churned = customers()
    found = alone(overconfident(true, temperature), churned)
    # What is cut to 0.999 cannot be told apart again.
    assert found.weights()["model"] == pytest.approx(1 / temperature, rel=0.2)
    described = found.as_dict()
    assert described["error_after"] < 0.02 < described["error_before"]


def test_probabilities_that_are_off_throughout_are_shifted():
    true, churned = customers()
    found = alone(1 / (1 + np.exp(-log_odds_of(true) - 1.5)), churned)
    assert found.weigher["weights"].intercept_ == pytest.approx(-1.5, abs=0.2)
    assert found.as_dict()["error_after"] < 0.02


def test_probabilities_that_come_true_are_left_as_they_are_or_nearly_so():
    found = [alone(true, churned) for true, churned in map(of_seed, range(8))]
    left = [one for one in found if one.weigher is None]
    assert len(left) >= 4
    assert all(np.array_equal(one.before, one.after) for one in left)
    assert all(one.weights() is None for one in left)
    mended = [one.weights()["model"] for one in found if one not in left]
    assert mended == pytest.approx([1] * len(mended), abs=0.15)


def informed(seed, rows=4_000, models=3):
    """Return what came, and models of which each knows a part of why."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(0, 1.5, (models, rows))
    churned = rng.random(rows) < 1 / (1 + np.exp(1 - parts.sum(axis=0)))
    # Unsure, since each knows nothing of the other parts.
    said = 1 / (1 + np.exp(0.7 - 0.7 * parts))
    return churned, {f"model {number}": one for number, one in enumerate(said)}


@pytest.mark.parametrize("seed", range(5))
def test_members_that_know_different_things_are_surer_together(seed):
    churned, said = informed(seed)
    average = best_average(churned, said)
    found = calibrate(churned, average, said)
    # Together they know as much as each one's part: more than an average tells.
    assert sum(found.weights().values()) > 2
    assert log_loss(churned, found.after) < log_loss(churned, found.before) - 0.02
    described = found.as_dict()
    assert described["error_after"] < 0.03 < described["error_before"]


def test_a_member_that_says_what_another_says_gets_no_contrary_weight():
    churned, said = informed(0, models=2)
    rng = np.random.default_rng(1)
    # The same with noise: beside the first it deserves a weight below nothing.
    near = log_odds_of(said["model 0"]) + rng.normal(0, 0.05, len(churned))
    said["nearly model 0"] = 1 / (1 + np.exp(-near))
    assert without_slight(churned, said) in (
        ("model 0", "model 1"),
        ("model 1", "nearly model 0"),
        tuple(said),
    )
    columns = np.column_stack([said[one] for one in without_slight(churned, said)])
    assert (weigh_log_odds(churned, columns)["weights"].coef_ > 0).all()


def test_certainty_of_a_member_is_no_infinite_log_odds():
    positive = np.array([True, False] * 20)
    certain = positive.astype(float)
    certain[:2] = 1 - certain[:2]
    weigher = weigh_log_odds(positive, certain[:, None])
    assert 0 < weigher.predict_proba([[0.0]])[0, 1] < 0.5
    assert 0.5 < weigher.predict_proba([[1.0]])[0, 1] < 1


@pytest.mark.parametrize("names", [None, ("active", "left")])
def test_a_model_under_weights_has_its_members_log_odds_weighed(names):
    true, churned = customers(400)
    labels = churned if names is None else np.where(churned, names[1], names[0])
    frame = pd.DataFrame({"usage": log_odds_of(true), "rest": log_odds_of(true) ** 2})
    members = [
        ("linear", LogisticRegression().fit(frame, labels)),
        ("stump", DecisionTreeClassifier(max_depth=2).fit(frame, labels)),
    ]
    said = np.column_stack([one.predict_proba(frame)[:, 1] for _, one in members])
    weigher = weigh_log_odds(churned, said)
    model = with_weights(members, weigher, frame, labels)
    halves, constant = weigher["weights"].coef_[0], weigher["weights"].intercept_[0]
    log_odds = log_odds_of(np.clip(said, 1 - SUREST, SUREST)) @ halves / 2 + constant
    assert model.predict_proba(frame)[:, 1] == pytest.approx(
        1 / (1 + np.exp(-log_odds)), abs=1e-9
    )
    assert list(model.feature_names_in_) == ["usage", "rest"]
    assert model.classes_.tolist() == np.unique(labels).tolist()
