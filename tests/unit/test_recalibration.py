"""Whether recalibrating gains anything, without a database."""

import pickle
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.calibration import with_weights
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.mature_cohort import MatureCohort
from pgchurn.loader.models.pickling import pickled
from pgchurn.loader.models.recalibration import (
    Gain,
    Recalibrated,
    check_enough,
    check_gain,
    weighed,
    weigher_of,
)
from scipy.special import expit, logit
from sklearn.metrics import log_loss

from tests import legitimate

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def cohort(scores, left, acted_upon=None):
    """Return a cohort of which no features are logged."""
    if acted_upon is None:
        acted_upon = np.zeros(len(scores), bool)
    nothing = pd.DataFrame(), np.empty(0, int)
    return MatureCohort(NOW, NOW, NOW, scores, left, acted_upon, *nothing)


def drawn(seed, rows=1_000, chances=lambda scores: scores):
    """Return scores, and who left."""
    random = np.random.default_rng(seed)
    scores = random.beta(1, 3, rows)
    return scores, random.random(rows) < chances(scores)


def test_a_recalibration_undoes_what_skews_scores():
    scores, left = drawn(1, 20_000, lambda said: expit(0.5 * logit(said) - 1))

    found = Recalibrated.on(left, scores)

    assert found.slope == pytest.approx(0.5, abs=0.05)
    assert found.intercept == pytest.approx(-1, abs=0.1)
    assert found.significance < 1e-9
    gain = Gain.of(left, scores, found.out_of_fold)
    assert gain.before == pytest.approx(log_loss(left, scores), abs=1e-3)
    assert gain.after == pytest.approx(log_loss(left, found.out_of_fold), abs=1e-9)
    assert 0 < gain.least < gain.before - gain.after


def test_no_customer_is_judged_by_a_calibrator_that_saw_it():
    scores, left = drawn(2)
    turned = left.copy()
    turned[0] = ~turned[0]

    before, after = Recalibrated.on(left, scores), Recalibrated.on(turned, scores)

    assert before.out_of_fold[0] == after.out_of_fold[0]
    assert (before.out_of_fold != after.out_of_fold).any()


def test_the_test_of_calibration_is_as_rare_as_it_says():
    found = [
        Recalibrated.on(left, scores).significance
        for scores, left in map(drawn, range(60))
    ]

    assert 1 <= sum(np.array(found) < 0.1) <= 13


def test_scores_that_come_true_are_hardly_ever_recalibrated():
    passed = 0
    for seed in range(25):
        scores, left = drawn(seed)
        try:
            check_gain(cohort(scores, left), Recalibrated.on(left, scores))
        except LoaderError:
            continue
        passed += 1

    assert passed <= 1


def test_a_gain_that_may_be_chance_is_none():
    scores, left = drawn(3)
    found = Recalibrated.on(left, scores)
    # What the test of slope and intercept finds is of no use to others.
    doubtful = Recalibrated(found.weigher, scores, 0.001)

    with pytest.raises(LoaderError, match="gains too little to tell.*may be chance"):
        check_gain(cohort(scores, left), doubtful)


def test_what_those_who_were_acted_upon_may_explain_is_no_gain():
    scores, left = drawn(4)
    acted_upon = ~left & (scores > 0.3)
    whole = cohort(scores, left, acted_upon)
    found = Recalibrated.on(left[~acted_upon], scores[~acted_upon])

    with pytest.raises(
        LoaderError, match=r"with the \d+ customers who were acted upon"
    ):
        check_gain(whole, found)
    assert found.of_everybody(whole)[~acted_upon] == pytest.approx(found.out_of_fold)


def is_wrapped(place, name):
    """Return whether a pipeline is tried: some, and all of which parts are made."""
    made = ("splines", "hist gradient", "side by side", "churned", "stack", "vote")
    return place % 12 == 0 or any(part in name for part in made)


@pytest.mark.parametrize(
    "name",
    [name for i, name in enumerate(legitimate.PIPELINES) if is_wrapped(i, name)],
)
def test_whatever_is_read_is_read_inside_a_calibrator(name):
    estimator = Candidate.from_pickle(pickle.dumps(legitimate.fitted(name))).estimator
    rows = legitimate.rows_for(estimator)
    before = estimator.predict_proba(rows)[:, 1].clip(1e-4, 1 - 1e-4)
    scores, left = drawn(5)
    weigher = weigher_of(left, scores)

    made = with_weights(
        [("model", estimator)], weigher, rows, np.resize(estimator.classes_, len(rows))
    )
    read = Candidate.from_pickle(pickled(made)).estimator

    assert read.classes_.tolist() == estimator.classes_.tolist()
    assert read.predict_proba(rows)[:, 1] == pytest.approx(
        weighed(weigher, before), rel=1e-9
    )


@pytest.mark.parametrize("left", [99, 401])
def test_it_takes_a_hundred_of_each(left):
    check_enough(np.arange(500) < 100)
    with pytest.raises(LoaderError, match=f"{left} customers left and {500 - left}"):
        check_enough(np.arange(500) < left)
