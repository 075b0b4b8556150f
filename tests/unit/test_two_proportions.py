"""An exact test of two shares of customers that may be looked at at any time."""

import itertools

import numpy as np
import pytest
from pgchurn.plpython.runtime.two_proportions import (
    BLOCKS,
    PRIOR,
    Pairs,
    block_size,
    nearest_shares,
)
from scipy.optimize import minimize_scalar

DIFFERENCES = [-0.6, -0.1, 0.0, 0.02, 0.5]


def pairs_of(challenger, champion, size=1):
    """Return pairs of who left."""
    places = (np.flatnonzero(one) for one in (challenger, champion))
    return Pairs.of(len(challenger), *places, size)


def divergence(suggested, null):
    """Return the Kullback-Leibler divergence of two pairs of shares."""
    return sum(
        p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
        for p, q in zip(suggested, null)
    )


@pytest.mark.parametrize("difference", DIFFERENCES)
@pytest.mark.parametrize("suggested", [(0.1, 0.08), (0.5, 0.01), (0.9, 0.3)])
def test_the_nearest_shares_are_those_of_the_least_divergence(suggested, difference):
    found = nearest_shares(
        np.array(suggested[:1]), np.array(suggested[1:]), np.array([difference])
    )

    least = minimize_scalar(
        lambda one: divergence(suggested, (one + difference, one)),
        bounds=(max(0, -difference) + 1e-12, min(1, 1 - difference) - 1e-12),
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert found[0, 0] == pytest.approx(least.x, abs=1e-6)


@pytest.mark.parametrize(
    ("share", "difference"),
    [
        (share, difference)
        for share in (0.01, 0.3, 0.7, 0.99)
        for difference in DIFFERENCES
        if 0 <= share + difference <= 1
    ],
)
@pytest.mark.parametrize("size", [1, 2])
def test_the_evidence_against_the_true_difference_is_at_most_one_on_average(
    difference, share, size
):
    other = share + difference
    total = 0.0
    for left in itertools.product([0, 1], repeat=6):
        challenger, champion = np.array(left[:3]), np.array(left[3:])
        probability = np.prod(np.where(challenger, other, 1 - other)) * np.prod(
            np.where(champion, share, 1 - share)
        )
        evidence = pairs_of(challenger, champion, size).log_e_values(
            np.array([difference])
        )
        total += probability * np.exp(evidence[0])

    assert total <= 1 + 1e-9
    # By equality it is a martingale, where the null is simple.
    if difference == 0:
        assert total > 0.9


def test_the_wealth_is_the_product_over_the_pairs():
    challenger, champion = np.array([1, 0, 1]), np.array([0, 0, 1])
    wealth = 1.0
    for place in range(3):
        seen = place + 2 * PRIOR
        ours = (challenger[:place].sum() + PRIOR) / seen
        theirs = (champion[:place].sum() + PRIOR) / seen
        null = (ours + theirs) / 2
        for share, left in ((ours, challenger[place]), (theirs, champion[place])):
            wealth *= (share if left else 1 - share) / (null if left else 1 - null)

    found = pairs_of(challenger, champion).log_e_values(np.zeros(1))

    assert np.exp(found[0]) == pytest.approx(wealth)


def test_bounds_hold_at_every_look_as_seldom_broken_as_promised():
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(200):
        left = rng.random((2, 300)) < 0.05
        looks = range(20, 301, 20)
        missed += any(
            pairs_of(*left[:, :n]).log_e_values(np.zeros(1))[0] >= np.log(1 / 0.05)
            for n in looks
        )

    assert missed / 200 <= 0.05


def test_the_bounds_are_where_the_evidence_becomes_enough():
    rng = np.random.default_rng(1)
    pairs = pairs_of(rng.random(400) < 0.3, rng.random(400) < 0.1)

    lower, upper = pairs.interval(0.01)

    assert 0 < lower < 0.2 < upper < 0.5
    for bound, sign in ((lower, 1), (upper, -1)):
        inside, outside = bound + sign * 1e-4, bound - sign * 1e-4
        evidence = pairs.log_e_values(np.array([inside, outside]))
        assert evidence[0] < np.log(100) <= evidence[1]


def test_of_nobody_nothing_is_known():
    assert pairs_of([], []).interval(0.05) == (-1.0, 1.0)


def test_who_has_no_partner_yet_counts_for_nothing():
    with_more = Pairs.of(2, [0, 5], [1, 7], 1)

    assert with_more.challenger.tolist() == [1, 0]
    assert with_more.champion.tolist() == [0, 1]


def test_very_many_pairs_are_few_blocks():
    size = block_size(1_000_000)

    pairs = Pairs.of(1_000_000, [999_999], [], size)

    assert len(pairs.counts) == BLOCKS
    assert pairs.counts.sum() == 1_000_000
    assert pairs.challenger[-1] == 1
