"""Confidence sequences: that they hold at all times at once, and how wide they are."""

import math

import numpy as np
import pytest
from pgchurn.plpython.runtime.confidence_sequences import (
    SPREAD,
    ConfidenceSequence,
)
from scipy.integrate import quad
from scipy.stats import norm


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("observations", [50, 1_000, 30_000])
def test_the_boundary_is_where_the_mixture_of_likelihood_ratios_is_2_over_alpha(
    observations, alpha
):
    expected = 1_000
    sequence = ConfidenceSequence(expected, alpha)
    total = sequence.radius(observations, 1) * observations
    effect = math.sqrt(2 * math.log(2 / alpha) / expected)
    effects = norm(effect, math.sqrt(SPREAD) * effect)

    mixture, _ = quad(
        lambda one: (
            math.exp(one * total - one**2 * observations / 2) * effects.pdf(one)
        ),
        *effects.interval(1 - 1e-14),
        epsabs=0,
        limit=200,
    )

    assert mixture == pytest.approx(2 / alpha, rel=1e-6)


def test_at_the_expected_sample_it_is_less_than_half_as_wide_again_as_for_one_look():
    sequence = ConfidenceSequence(10_000)

    assert sequence.radius(10_000, 3) == pytest.approx(3 * 2.818 / 100, rel=1e-3)
    assert sequence.radius(10_000, 1) * 100 < 1.45 * norm.isf(0.025)


@pytest.mark.parametrize("observations", [100, 1_000, 10_000, 100_000, 1_000_000])
def test_it_narrows_with_observations_and_in_proportion_to_their_deviation(
    observations,
):
    sequence = ConfidenceSequence(10_000)

    assert sequence.radius(2 * observations, 1) < sequence.radius(observations, 1)
    assert sequence.radius(observations, 0.25) == pytest.approx(
        sequence.radius(observations, 1) / 4
    )
    assert sequence.radius(observations, 1) > ConfidenceSequence(10_000, 0.1).radius(
        observations, 1
    )


@pytest.mark.parametrize("expected", [1_000, 10_000])
@pytest.mark.parametrize("radius", [0.5, 0.01, 0.0003])
def test_it_says_how_many_observations_a_radius_takes(expected, radius):
    sequence = ConfidenceSequence(expected)

    observations = sequence.observations_for(radius, 0.2)

    assert sequence.radius(observations, 0.2) <= radius
    assert sequence.radius(observations * 0.999 - 1, 0.2) > radius


def test_some_radii_take_one_observation_or_more_than_there_will_ever_be():
    sequence = ConfidenceSequence(10_000)

    assert sequence.observations_for(0.0, 0.0) == 1
    assert sequence.observations_for(1e6, 0.2) == 1
    assert sequence.observations_for(0.0, 0.2) == math.inf
    assert sequence.observations_for(1e-9, 0.2) == math.inf


@pytest.mark.parametrize(
    "expected, alpha",
    [(0, 0.05), (float("nan"), 0.05), (10, 0.0), (10, 1.0), (10, float("nan"))],
)
def test_what_no_sequence_has_is_refused(expected, alpha):
    with pytest.raises(ValueError, match="must be"):
        ConfidenceSequence(expected, alpha)


@pytest.mark.parametrize("expected", [100, 2_000])
def test_the_mean_is_outside_at_any_of_very_many_looks_as_seldom_as_promised(expected):
    rng = np.random.default_rng(0)
    streams, observations = 2_000, 20_000
    sequence = ConfidenceSequence(expected, 0.05)
    looks = np.unique(np.geomspace(1, observations, 400).astype(int))
    bounds = np.array([sequence.radius(n, 1) * n for n in looks])
    steps = np.diff(looks, prepend=0)

    sums = np.cumsum(rng.standard_normal((streams, len(looks))) * np.sqrt(steps), 1)
    outside = (abs(sums) > bounds).any(axis=1).mean()

    assert 0.02 < outside <= 0.05
