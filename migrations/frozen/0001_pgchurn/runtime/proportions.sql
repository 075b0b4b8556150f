CREATE OR REPLACE FUNCTION churn_runtime.proportions() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Shares of customers, with their intervals."""

from math import sqrt

from scipy.special import ndtri


def wilson_interval(count: float, total: float, alpha: float) -> tuple[float, float]:
    """Return Wilson's score interval of a share.

    Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927). As `scipy.stats` has it,
    whose import takes 43 MB of a session's memory.

    Parameters
    ----------
    count, total : float
        ``total`` is more than 0.
    alpha : float
        How often the interval may miss the true share.
    """
    deviations = -float(ndtri(alpha / 2))
    share, weight = count / total, deviations**2 / total
    centre = (share + weight / 2) / (1 + weight)
    spread = share * (1 - share) / total + weight / (4 * total)
    radius = deviations * sqrt(spread) / (1 + weight)
    # By rounding it might leave 0 or 1, where it ends if nobody or everybody counts.
    lower = 0.0 if count == 0 else max(0.0, centre - radius)
    upper = 1.0 if count == total else min(1.0, centre + radius)
    return lower, upper
$python$;
COMMENT ON FUNCTION churn_runtime.proportions IS 'Shares of customers, with their intervals.';
