CREATE OR REPLACE FUNCTION churn_runtime.sample_ratio() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Whether the arms of an experiment have got as many customers each as they should.

The e-process of M. Lindon and A. Malek, "Anytime-valid inference for multinomial count
data", NeurIPS 2022 (arXiv:2011.03567), for two arms: the ratio of the likelihood under
a mixture of shares to that under equal ones. It exceeds 1 / alpha with probability
alpha at most, ever, so that looking daily is safe; a chi-square test that is repeated
daily is not.
"""

from math import log

import numpy as np
from scipy.special import betaln

# Shares are mixed by two beta distributions, with these as both of their parameters:
# any share, for an arm that hardly gets anybody, and those around a half, with a
# standard deviation of 0.035.
CONCENTRATIONS = (1.0, 100.0)
ALPHA = 0.001


def log_e_value(
    challenger: float | np.ndarray, champion: float | np.ndarray
) -> np.ndarray:
    """Return the logarithm of the evidence against equal arms.

    Parameters
    ----------
    challenger, champion : float or ndarray of float
        How many customers each arm has.
    """
    any_share, about_half = (
        betaln(one + challenger, one + champion) - betaln(one, one)
        for one in CONCENTRATIONS
    )
    mixture = np.logaddexp(any_share, about_half) - log(2)
    return mixture + log(2) * (np.asarray(challenger) + champion)


def is_mismatch(
    challenger: float | np.ndarray, champion: float | np.ndarray
) -> np.ndarray:
    """Return whether the arms are surely not as large as one another."""
    return log_e_value(challenger, champion) >= log(1 / ALPHA)
$python$;
COMMENT ON FUNCTION churn_runtime.sample_ratio IS 'Whether the arms of an experiment have got as many customers each as they should.';
