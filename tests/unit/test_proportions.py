"""Intervals of shares, and ranks, against SciPy's."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.comparing_scores import rank_data
from pgchurn.plpython.runtime.proportions import wilson_interval
from scipy.stats import binomtest, rankdata


@pytest.mark.parametrize("alpha", [0.05, 1e-6])
@pytest.mark.parametrize(
    "counted, total", [(0, 1), (1, 1), (0, 50), (50, 50), (3, 17), (120_000, 1_000_000)]
)
def test_wilson_s_interval_is_that_of_scipy(counted, total, alpha):
    expected = binomtest(counted, total).proportion_ci(1 - alpha, method="wilson")

    assert wilson_interval(counted, total, alpha) == pytest.approx(
        (expected.low, expected.high), rel=1e-9, abs=1e-12
    )


def test_equal_values_share_the_mean_of_their_ranks():
    values = np.random.default_rng(0).integers(0, 40, 200).astype(float)

    assert rank_data(values).tolist() == rankdata(values).tolist()
