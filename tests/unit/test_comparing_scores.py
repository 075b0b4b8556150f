"""What tells two versions apart, by their scores alone."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.comparing_scores import (
    Pairs,
    log_losses,
    mean_interval,
    roc_aucs,
    share_interval,
    verdict,
    verdict_of_moments,
)
from pgchurn.plpython.runtime.confidence_sequences import ConfidenceSequence
from scipy.stats import norm
from sklearn.metrics import log_loss, roc_auc_score

SEQUENCE = ConfidenceSequence(10_000)


def made_up(rows=300, seed=0, digits=6):
    """Return pairs of scores that know something, with ties where digits are few."""
    rng = np.random.default_rng(seed)
    risk = rng.beta(1, 6, rows)
    left = rng.random(rows) < risk
    champion, challenger = (
        np.clip(risk + rng.normal(0, spread, rows), 0, 1).round(digits)
        for spread in (0.2, 0.1)
    )
    return Pairs(champion, challenger, left)


def test_a_log_loss_is_scikit_learns_but_for_scores_beyond_a_thousandth():
    pairs = made_up()
    clipped = pairs.champion.clip(0.001, 0.999)

    losses = log_losses(pairs.champion, pairs.left)

    assert losses.mean() == pytest.approx(log_loss(pairs.left, clipped))
    sure = log_losses(np.array([0.0, 1.0, 0.0, 1.0]), np.array([1, 0, 0, 1], bool))
    assert sure == pytest.approx(-np.log([0.001, 0.001, 0.999, 0.999]))


@pytest.mark.parametrize("digits", [6, 2, 1])
def test_delongs_test_is_that_of_its_definition(digits):
    pairs = made_up(digits=digits)

    champion, challenger, difference, p = roc_aucs(pairs, 0.05)

    assert champion == pytest.approx(roc_auc_score(pairs.left, pairs.champion))
    assert challenger == pytest.approx(roc_auc_score(pairs.left, pairs.challenger))
    # Every leaver beside every stayer: 1 above, 1/2 where they tie.
    placed = [
        np.heaviside(scores[pairs.left][:, None] - scores[~pairs.left], 0.5)
        for scores in (pairs.champion, pairs.challenger)
    ]
    by_pair = placed[1] - placed[0]
    variance = by_pair.mean(axis=1).var(ddof=1) / by_pair.shape[0]
    variance += by_pair.mean(axis=0).var(ddof=1) / by_pair.shape[1]
    error = np.sqrt(variance)
    assert difference.value == pytest.approx(challenger - champion)
    assert difference.upper - difference.value == pytest.approx(1.959964 * error)
    assert difference.value - difference.lower == pytest.approx(1.959964 * error)
    assert p == pytest.approx(2 * norm.sf(abs(challenger - champion) / error))


def test_delongs_test_calls_equal_models_different_as_seldom_as_it_says():
    rng = np.random.default_rng(1)
    called = []
    for _ in range(600):
        risk = rng.beta(1, 6, 400)
        noise = rng.normal(0, 0.1, (2, 400))
        pairs = Pairs(risk + noise[0], risk + noise[1], rng.random(400) < risk)
        called.append(roc_aucs(pairs, 0.05)[3] < 0.05)

    assert 0.03 < np.mean(called) < 0.075


def test_models_that_rank_alike_do_not_differ():
    pairs = made_up()
    twice = Pairs(pairs.champion, pairs.champion / 2, pairs.left)

    champion, challenger, difference, p = roc_aucs(twice, 0.05)

    assert champion == challenger
    assert (*difference, p) == (0, 0, 0, 1)


def test_a_single_leaver_has_an_auc_and_no_variance():
    scores = np.array([0.1, 0.2, 0.3])
    pairs = Pairs(scores, scores[::-1], scores > 0.2)

    champion, challenger, difference, p = roc_aucs(pairs, 0.05)

    assert (champion, challenger, *difference, p) == (1, 0, -1, -1, 1, 1)


def test_the_verdict_follows_from_where_the_bounds_are():
    radius = SEQUENCE.radius(5_000, 0.1)

    def words(mean, material):
        found = verdict_of_moments(5_000, 500, mean, 0.1, SEQUENCE, material)
        assert found.lower == pytest.approx(mean - radius)
        assert found.upper == pytest.approx(mean + radius)
        return found.words

    assert words(-1.01 * radius, 0) == "challenger better"
    assert words(1.01 * radius, 0) == "champion better"
    assert words(0.0, 1.01 * radius) == "no material difference"
    assert words(0.99 * radius, 0.1 * radius).startswith("undecided: about ")
    # Better beyond doubt, and by so little that it does not matter.
    assert words(-1.01 * radius, 2.02 * radius) == "no material difference"
    assert words(0.0, 0) == "undecided: more labelled customers than anybody has"


@pytest.mark.parametrize("mean, material", [(0.004, 0.0), (0.0005, 0.002), (0.0, 0.01)])
def test_an_undecided_verdict_says_how_many_more_customers_decide(mean, material):
    found = verdict_of_moments(1_000, 110, mean, 0.2, SEQUENCE, material)
    more = int(found.words.split()[2].replace(",", ""))

    def decided(customers):
        later = verdict_of_moments(
            customers, customers // 9, mean, 0.2, SEQUENCE, material
        )
        return not later.words.startswith("undecided")

    assert decided(1_000 + round(more * 1.06))
    assert not decided(1_000 + round(more * 0.94))


@pytest.mark.parametrize("leavers, more", [(29, 33), (14, "1,100"), (0, "30,000")])
def test_below_30_leavers_it_says_how_many_more_customers_have_them(leavers, more):
    found = verdict_of_moments(1_000, leavers, -9.0, 0.01, SEQUENCE, 0)

    assert found.too_few
    assert found.words == f"undecided: about {more} more labelled customers"
    turned = verdict_of_moments(1_000, 1_000 - leavers, -9.0, 0.01, SEQUENCE, 0)
    assert turned == found


def test_bounds_of_a_mean_are_those_of_the_sequence():
    values = np.random.default_rng(0).normal(1, 2, 400)

    mean, lower, upper = mean_interval(values, SEQUENCE)

    assert mean == pytest.approx(values.mean())
    radius = SEQUENCE.radius(400, values.std())
    assert (lower, upper) == pytest.approx((mean - radius, mean + radius))
    found = verdict(values, 100, SEQUENCE, 0.0)
    assert (found.difference, found.lower, found.upper) == (mean, lower, upper)


def test_a_share_has_wilsons_interval():
    assert share_interval(0, 100, 0.05)[:2] == (0, 0)
    assert share_interval(0, 100, 0.05).upper == pytest.approx(0.0370, abs=1e-4)
    assert share_interval(25, 100, 0.05).lower == pytest.approx(0.1755, abs=1e-4)
