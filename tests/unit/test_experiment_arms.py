"""Which of two arms of an experiment loses fewer customers, and how sure that is."""

import math

import numpy as np
import pytest
from pgchurn.plpython.runtime.experiment_arms import (
    ALPHA,
    ALPHA_OF_FEW,
    CHALLENGER,
    CHAMPION,
    UNDECIDED,
    Arm,
    adjusted_difference,
    are_few,
    customers_needed,
    found_of_few,
    found_of_many,
    sequence_for,
)
from pgchurn.plpython.runtime.experiment_streams import (
    Stream,
    first_call,
    is_found,
    with_effect,
)
from pgchurn.plpython.runtime.sample_ratio import ALPHA as ALPHA_OF_RATIO
from pgchurn.plpython.runtime.sample_ratio import is_mismatch, log_e_value
from scipy.stats import beta, binom


def arm_of(left, covariate):
    """Return the sums over customers."""
    return Arm.of(
        [
            len(left),
            left.sum(),
            covariate.sum(),
            (covariate**2).sum(),
            covariate[left].sum(),
        ]
    )


def customers(rng, rows, share=0.1, known=1.5):
    """Return who left, and what was said of them before."""
    odds = np.log(share / (1 - share)) + known * rng.standard_normal(rows)
    risk = 1 / (1 + np.exp(-odds))
    return rng.random(rows) < risk, risk


def test_the_difference_is_that_of_a_regression_on_arm_and_covariate():
    rng = np.random.default_rng(0)
    left, covariate = customers(rng, 4_000)
    challenged = rng.random(4_000) < 0.5

    found = adjusted_difference(
        arm_of(left[challenged], covariate[challenged]),
        arm_of(left[~challenged], covariate[~challenged]),
    )

    design = np.column_stack([np.ones(4_000), challenged, covariate])
    coefficients, *_ = np.linalg.lstsq(design, left.astype(float), rcond=None)
    assert found.value == pytest.approx(coefficients[1], abs=1e-12)
    residuals = left - design @ coefficients
    error = math.sqrt(
        sum((residuals[arm] ** 2).sum() / arm.sum() ** 2
            for arm in (challenged, ~challenged))
    )  # fmt: skip
    assert found.deviation / math.sqrt(4_000) == pytest.approx(error, rel=1e-9)


def test_what_is_known_before_narrows_the_bounds():
    rng = np.random.default_rng(0)
    (left, covariate), (others, of_others) = (customers(rng, 5_000) for _ in range(2))
    nothing = np.zeros(5_000)

    with_it = adjusted_difference(arm_of(left, covariate), arm_of(others, of_others))
    without = adjusted_difference(arm_of(left, nothing), arm_of(others, nothing))

    assert with_it.deviation < 0.95 * without.deviation
    assert without.value == pytest.approx(left.mean() - others.mean())
    shares = left.mean(), others.mean()
    assert without.deviation == pytest.approx(
        math.sqrt(2 * sum(share * (1 - share) for share in shares))
    )


@pytest.mark.parametrize(
    ("shares", "words"),
    [((0.05, 0.1), CHALLENGER), ((0.1, 0.05), CHAMPION), ((0.1, 0.1), UNDECIDED)],
)
@pytest.mark.parametrize("rows", [300, 20_000], ids=["few", "many"])
def test_the_version_that_loses_fewer_is_the_better_one(shares, words, rows):
    if rows == 300:
        shares = tuple({0.05: 0.01, 0.1: 0.3}[share] for share in shares)
    lefts = [np.arange(rows) % 100 < 100 * share for share in shares]
    arms = [arm_of(left, np.zeros(rows)) for left in lefts]

    if are_few(*arms):
        places = tuple(np.flatnonzero(left) for left in lefts)
        found = found_of_few(*arms, places, 2 * rows)
    else:
        found = found_of_many(*arms, sequence_for(2 * rows))

    assert found.words == words
    assert found.lower <= found.difference <= found.upper
    assert found.difference == pytest.approx(lefts[0].mean() - lefts[1].mean())


def test_few_are_those_of_whom_fewer_than_thirty_left_or_stayed():
    many = arm_of(np.arange(100) < 50, np.zeros(100))
    for leavers, few in ((29, True), (30, False), (70, False), (71, True)):
        other = arm_of(np.arange(100) < leavers, np.zeros(100))
        assert are_few(other, many) == are_few(many, other) == few


def test_both_kinds_of_bounds_together_mislead_as_seldom_as_promised():
    assert sequence_for(100).alpha + ALPHA_OF_FEW == pytest.approx(ALPHA)


def test_as_many_customers_as_are_needed_find_the_effect_as_often_as_was_asked():
    needed = customers_needed(0.1, 0.2, 0.0, 0.8)
    deviation = math.sqrt(2 * (0.1 * 0.9 + 0.08 * 0.92))

    radius = sequence_for(round(needed)).radius(needed, deviation)

    # The radius, and 0.84 standard errors, are the effect.
    assert radius + 0.8416 * deviation / math.sqrt(needed) == pytest.approx(
        0.02, rel=1e-3
    )
    assert customers_needed(0.1, 0.2, 0.5, 0.8) == pytest.approx(needed / 2)


def test_evidence_against_equal_arms_is_one_on_average_where_they_are():
    n = 2_000
    counts = np.arange(n + 1)

    logarithms = log_e_value(counts, n - counts)

    likelihoods = np.exp(logarithms + binom.logpmf(counts, n, 0.5))
    assert likelihoods.sum() == pytest.approx(1)
    # It is the likelihood of a mixture of shares.
    mixed = np.mean(
        [
            beta.expect(lambda share: binom.pmf(1_050, n, share), shape, lb=0.3, ub=0.7)
            for shape in ((1, 1), (100, 100))
        ]
    )
    assert likelihoods[1_050] == pytest.approx(mixed, rel=1e-6)


def test_arms_of_other_sizes_are_found_and_equal_ones_are_not():
    assert is_mismatch(4_700, 5_300)
    assert not is_mismatch(4_900, 5_100)
    assert not is_mismatch(0, 0)
    assert not is_mismatch(5, 0)
    assert is_mismatch(0, 20)


def stream(rng, rows, days=90, horizon=30, late=0, share=0.1):
    """Return an experiment in which both arms are the same."""
    left, risk = customers(rng, rows, share)
    exposed = np.sort(rng.integers(0, days, rows))
    matured = exposed + horizon
    told = matured + rng.integers(0, late + 1, rows)
    return Stream(rng.random(rows) < 0.5, risk, left, exposed, matured, told)


def test_an_arm_is_what_is_known_of_it_at_the_end_of_a_day():
    rng = np.random.default_rng(0)
    one = stream(rng, 500, late=20)

    for day in (0, 29, 30, 70, 119, 139):
        known = one.challenged & (one.matured <= day)
        left = known & one.left & (one.told <= day)
        arm = one.arm(True)
        assert arm.n[min(day, one.days - 1)] == known.sum()
        assert arm.left[min(day, one.days - 1)] == left.sum()
        assert arm.of_left[min(day, one.days - 1)] == pytest.approx(
            one.covariate[left].sum()
        )
        assert len(one.leavers(True, day)) == left.sum()


def test_of_arms_that_are_the_same_few_are_ever_called_better():
    rng = np.random.default_rng(0)
    streams = [stream(rng, 2_000, late=20) for _ in range(150)]

    called = [first_call(one, 2_000)[0] for one in streams]

    assert sum(words is not None for words in called) <= 0.05 * len(called)
    assert sum(one.is_mismatched() for one in streams) <= ALPHA_OF_RATIO * len(streams)


def test_a_large_effect_is_found():
    rng = np.random.default_rng(0)

    found = [
        is_found(with_effect(stream(rng, 6_000), 0.5, rng), 6_000) for _ in range(10)
    ]

    assert all(one for one, _ in found)
    # Not before anybody's horizon has passed.
    assert all(30 <= day < 120 for _, day in found)
