import numpy as np
import pytest
from pgchurn.loader.models.averaging import LEAST_WEIGHT, best_average
from sklearn.metrics import log_loss


def predictions(seed, rows=500, models=6):
    """Return labels, and models that see them through noise of their own."""
    rng = np.random.default_rng(seed)
    positive = rng.random(rows) < 0.3
    noise = rng.normal(0, rng.uniform(0.3, 3, (models, 1)), (models, rows))
    log_odds = rng.uniform(0.3, 3, (models, 1)) * (2 * positive - 1) + noise - 0.5
    said = 1 / (1 + np.exp(-log_odds))
    return positive, {f"model {number}": one for number, one in enumerate(said)}


@pytest.mark.parametrize("seed", range(10))
def test_an_average_never_does_worse_than_its_best_member(seed):
    positive, said = predictions(seed)
    average = best_average(positive, said)
    best = min(log_loss(positive, one) for one in said.values())
    assert average.log_loss <= best + 1e-12
    assert average.log_loss == pytest.approx(log_loss(positive, average.of(said)))


@pytest.mark.parametrize("seed", range(10))
def test_weights_add_up_to_one_and_none_is_slight(seed):
    average = best_average(*predictions(seed))
    weights = [member.weight for member in average.members]
    assert sum(weights) == pytest.approx(1, abs=1e-12)
    assert min(weights) >= LEAST_WEIGHT
    assert weights == sorted(weights, reverse=True)


def test_members_tell_their_own_log_loss():
    positive, said = predictions(0)
    for member in best_average(positive, said).members:
        own = log_loss(positive, said[member.algorithm])
        assert member.log_loss == pytest.approx(own)


def test_one_model_is_an_average_of_itself():
    positive, said = predictions(0, models=1)
    average = best_average(positive, said)
    assert [(one.algorithm, one.weight) for one in average.members] == [("model 0", 1)]
    assert average.algorithm == "model 0"


def test_models_that_err_on_different_rows_are_averaged():
    positive = np.tile([True, True, False, False], 50)
    said = {
        "first": np.tile([0.9, 0.3, 0.1, 0.1], 50),
        "second": np.tile([0.3, 0.9, 0.1, 0.1], 50),
    }
    average = best_average(positive, said)
    assert average.algorithm == "average"
    assert [one.weight for one in average.members] == [0.5, 0.5]


def test_the_best_model_stays_alone_where_another_gains_nothing_to_speak_of():
    positive, said = predictions(2, models=1)
    rng = np.random.default_rng(3)
    log_odds = np.log(said["model 0"] / (1 - said["model 0"]))
    noise = rng.normal(0, 0.1, len(positive))
    said["nearly the same"] = 1 / (1 + np.exp(-log_odds - noise))
    assert len(best_average(positive, said).members) == 1


def test_what_knows_nothing_gets_no_weight():
    positive, said = predictions(1)
    said["constant"] = np.full(len(positive), 0.999)
    members = best_average(positive, said).members
    assert "constant" not in {one.algorithm for one in members}


def test_a_wrong_certainty_is_no_infinite_loss():
    positive = np.array([True, False] * 20)
    certain = positive.astype(float)
    certain[0] = 0.0
    average = best_average(positive, {"certain": certain, "even": np.full(40, 0.5)})
    assert np.isfinite(average.log_loss)
