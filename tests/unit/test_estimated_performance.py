"""What is expected of outcomes by scores alone, and what is found of them."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.monitor_calibration import (
    calibration_bins,
    calibration_in_the_large,
)
from pgchurn.plpython.runtime.monitor_cohorts import MOST_SCORES, Cohort, Counted
from pgchurn.plpython.runtime.monitor_expected import (
    Recalibration,
    bounds,
    expected_figures,
    expected_share,
    recalibration,
)
from pgchurn.plpython.runtime.monitor_figures import FIGURES, Groups
from pgchurn.plpython.runtime.monitor_performance import threshold_of
from pgchurn.plpython.runtime.monitor_rows import too_few
from scipy.special import expit, logit
from scipy.stats import binomtest, poisson
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    roc_auc_score,
)

from tests.soak.estimates import THRESHOLD, counted


@pytest.fixture
def random():
    return np.random.default_rng(5)


@pytest.mark.parametrize("decimals", [1, 2, 17])
def test_figures_are_those_of_scikit_learn(random, decimals):
    scores = np.round(random.random(300), decimals)
    left = random.random(300) < scores

    found = dict(zip(FIGURES, counted_figures(scores, left)))

    assert found["roc_auc"] == pytest.approx(roc_auc_score(left, scores))
    assert found["average_precision"] == pytest.approx(
        average_precision_score(left, scores)
    )
    assert found["log_loss"] == pytest.approx(log_loss(left, scores))
    assert found["brier_score"] == pytest.approx(brier_score_loss(left, scores))
    shares = confusion_matrix(left, scores >= THRESHOLD).ravel() / 300
    assert [found[name] for name in ("tn", "fp", "fn", "tp")] == pytest.approx(shares)


def counted_figures(scores, left):
    """Return the figures of customers."""
    outcomes = counted(scores, left)
    return outcomes.groups.figures(outcomes.left)


@pytest.mark.parametrize("left", [0, 1])
def test_rankings_of_one_outcome_are_not_defined(left):
    found = counted_figures(np.array([0.2, 0.2, 0.7]), np.full(3, left, bool))

    assert np.isnan(found[:2]).all()
    assert not np.isnan(found[2:]).any()


def test_neighbours_are_merged_without_changing_what_is_measured(random):
    scores = np.sort(random.beta(1, 5, 20_000))
    outcomes = counted(scores, random.random(20_000) < scores)
    merged = outcomes.groups.merged()

    assert len(merged.rows) <= 2_000
    assert merged.total == 20_000
    assert np.ptp(merged.rows) <= 1
    starts = np.r_[0, np.cumsum(merged.rows)[:-1]].astype(int)
    found = merged.figures(np.add.reduceat(outcomes.left, starts))
    exact = outcomes.groups.figures(outcomes.left)
    assert found == pytest.approx(exact, abs=5e-3)
    assert outcomes.groups.merged(10**6) is outcomes.groups


def test_many_outcomes_are_measured_at_once(random):
    groups = counted(random.random(50), np.zeros(50, bool)).groups
    left = (random.random((4, 50)) < 0.5).astype(float)

    assert groups.figures(left) == pytest.approx(
        np.array([groups.figures(one) for one in left])
    )


def test_scores_are_counted_in_bounded_memory(random):
    everything = random.random(5 * MOST_SCORES)
    cohort = Cohort()
    for part in np.split(everything, 50):
        cohort.add(1, False, part[::2], False)
        cohort.add(1, False, part[1::2], True)

    outcomes = cohort.outcomes(1, 0.5, True)

    assert len(outcomes.groups.scores) <= MOST_SCORES
    assert outcomes.groups.total == len(everything)
    assert outcomes.left.sum() == len(everything) / 2 == cohort.left
    has_left = np.arange(len(everything)) % 2 == 1
    found = outcomes.groups.figures(outcomes.left)
    exact = counted_figures(everything, has_left)
    # A score may count as another that is a thousandth of its log odds away.
    assert found[:4] == pytest.approx(exact[:4], abs=1e-5)


def test_what_is_no_probability_is_not_counted():
    counts = Counted()
    scores = np.array([0.1, np.nan, -0.1, 1.1, 0.1])
    counts.add(scores, np.ones((5, 2)))

    assert counts.count().scores.tolist() == [0.1]
    assert counts.counts.tolist() == [[2, 2]]


def test_who_was_acted_upon_can_be_left_out():
    cohort = Cohort()
    cohort.add(3, False, np.array([0.1, 0.2]), False)
    cohort.add(3, True, np.array([0.2]), True)

    assert cohort.outcomes(3, 0.5, True).left.tolist() == [0, 1]
    assert cohort.outcomes(3, 0.5, False).left.tolist() == [0, 0]
    assert cohort.outcomes(3, 0.5, False).groups.total == 2
    assert cohort.outcomes(4, 0.5, True).groups.total == 0
    assert cohort.versions == [3]


def test_a_recalibration_undoes_what_skews_scores(random):
    chances = random.beta(1, 4, 20_000).clip(1e-3, 1 - 1e-3)
    scores = expit(2 * logit(chances) + 1)

    found = recalibration(*counted(scores, random.random(20_000) < chances))

    assert abs(found.slope - 0.5) < 4 * found.slope_error < 0.1
    assert found.probabilities(logit(scores)) == pytest.approx(chances, abs=0.03)
    assert found.rows == 20_000


def test_the_errors_of_a_recalibration_are_those_of_other_samples(random):
    def fitted():
        chances = random.beta(1, 4, 2_000)
        return recalibration(*counted(chances, random.random(2_000) < chances))

    fits = [fitted() for _ in range(200)]

    slopes = np.array([one.slope for one in fits])
    assert np.mean([one.slope_error for one in fits]) == pytest.approx(
        slopes.std(), rel=0.15
    )
    middle = -1.5
    at_middle = [logit(one.probabilities(np.array([middle])))[0] for one in fits]
    errors = [
        np.hypot(one.intercept_error, one.slope_error * (middle - one.centre))
        for one in fits
    ]
    assert np.mean(errors) == pytest.approx(np.std(at_middle), rel=0.15)


def test_a_recalibration_is_read_as_it_was_written():
    found = Recalibration(0.8, -0.1, -2.0, 0.05, 0.03, 700)

    assert Recalibration.from_dict(found.as_dict(), 700) == pytest.approx(found)


@pytest.mark.parametrize(
    "scores, left",
    [
        # Too few have left, or stayed, or all have one score.
        (np.linspace(0.1, 0.9, 400), np.arange(400) < 99),
        (np.linspace(0.1, 0.9, 400), np.arange(400) >= 99),
        (np.full(400, 0.3), np.arange(400) < 120),
        # All leave from a score on, and none below.
        (np.linspace(0.1, 0.9, 400), np.arange(400) >= 200),
    ],
)
def test_what_does_not_tell_is_not_recalibrated_on(scores, left):
    assert recalibration(*counted(scores, left)) is None


def test_an_expectation_is_the_mean_of_what_may_be(random):
    scores = random.beta(1, 3, 800)
    groups = counted(scores, np.zeros(800, bool)).groups

    expected = expected_figures(groups, None)

    exact = {
        "log_loss": -(scores * np.log(scores) + (1 - scores) * np.log1p(-scores)),
        "brier_score": scores * (1 - scores),
        "tp": scores * (scores >= THRESHOLD),
        "fn": scores * (scores < THRESHOLD),
    }
    spread = (expected.upper - expected.lower) / 4.65
    for name, values in exact.items():
        place = FIGURES.index(name)
        # Of 1,000 draws.
        assert abs(expected.value[place] - values.mean()) < spread[place] / 7
    # Of a sum of independent outcomes.
    losses = np.log(scores) - np.log1p(-scores)
    known = np.sqrt((scores * (1 - scores) * losses**2).sum()) / 800
    assert spread[FIGURES.index("log_loss")] == pytest.approx(known, rel=0.1)
    again = expected_figures(groups, None)
    assert all((one == other).all() for one, other in zip(expected, again))


def test_what_is_not_sure_of_a_recalibration_widens_the_band(random):
    groups = counted(random.beta(1, 3, 5_000), np.zeros(5_000, bool)).groups
    sure = Recalibration(1.0, -1.5, -1.5, 1e-9, 1e-9, 10**6)

    bands = [
        expected_figures(groups, one)
        for one in (sure, sure._replace(slope_error=0.1, intercept_error=0.1))
    ]

    widths = [band.upper - band.lower for band in bands]
    assert (widths[1] > 1.2 * widths[0]).all()
    assert expected_share(groups, sure) == pytest.approx(
        expected_share(groups, None), abs=1e-3
    )


def test_no_expectation_is_told_where_all_draws_have_one_outcome():
    groups = Groups.of_scores(np.array([0.0, 1e-12]), np.array([5, 5]), 0.5)

    assert np.isnan(expected_figures(groups, None)).all()


def test_bounds_follow_the_skewness():
    lower, upper = bounds(20.0, 20**0.5, 20**-0.5, 0.98)

    assert [lower, upper] == pytest.approx(poisson.interval(0.98, 20), abs=1)
    symmetric = bounds(20.0, 20**0.5, 0.0, 0.98)
    assert symmetric[0] < lower
    assert symmetric[1] < upper
    assert bounds(1.0, 1.0, 0.0, 0.98)[0] == 0


def test_bins_have_wilsons_intervals():
    scores = np.repeat([0.05, 0.1, 0.15, 1.0], [50, 30, 20, 10])
    left = np.tile([True, False], 55)

    low, middle, high = calibration_bins(*counted(scores, left))

    assert [(one.low, one.high) for one in (low, middle, high)] == [
        (0.0, 0.1),
        (0.1, 0.2),
        (0.9, 1.0),
    ]
    assert (middle.rows, middle.left) == (50, 0.5)
    assert middle.score == pytest.approx(0.12)
    interval = binomtest(25, 50).proportion_ci(method="wilson")
    assert (middle.lower, middle.upper) == pytest.approx(interval)


def test_calibration_in_the_large_is_exact_of_one_score():
    scores, left = np.full(400, 0.1), np.arange(400) < 55

    found = calibration_in_the_large(*counted(scores, left))

    assert found.value == pytest.approx(0.0375)
    assert (found.left, found.score) == (0.1375, pytest.approx(0.1))
    interval = binomtest(55, 400).proportion_ci(method="wilson")
    assert (found.lower + 0.1, found.upper + 0.1) == pytest.approx(interval)
    # As rare as one in ten thousand, or nearly.
    high = round(400 * (0.1 + found.highest))
    low = round(400 * (0.1 + found.lowest))
    assert 2e-5 < binomtest(high, 400, 0.1, "greater").pvalue < 2e-4
    assert 2e-5 < binomtest(low, 400, 0.1, "less").pvalue < 2e-4


@pytest.mark.parametrize(
    "total, expected, left, told",
    [
        (100, 0.1, None, None),
        (99, 0.1, None, "needs about 100 customers, has 99"),
        (99, 0.9, None, "needs about 100 customers, has 99"),
        # More left than was expected.
        (99, 0.05, 10, None),
        (99, 0.95, 90, "needs about 200 customers, has 99"),
        (99, 0.95, 89, None),
        (1_000, 0.0, 3, "needs 10 who leave and 10 who stay"),
    ],
)
def test_of_few_it_is_told_how_many_it_takes(total, expected, left, told):
    assert too_few(total, expected, left) == told


@pytest.mark.parametrize(
    "metrics, threshold",
    [
        ({"threshold": 0.34}, 0.34),
        ({"threshold": 1}, 1.0),
        ({"threshold": "0.3"}, 0.5),
        ({"threshold": True}, 0.5),
        ({}, 0.5),
        ([], 0.5),
        (None, 0.5),
    ],
)
def test_a_threshold_is_whatever_number_was_registered(metrics, threshold):
    assert threshold_of(metrics) == threshold
