"""Throughput from the times at which transactions ended, warm-up left out."""

import math

# The first transaction of a session loads the model; the next ones settle the plans.
WARM_UP = 10


def steady_throughput(ends):
    """Return the transactions per second while all clients were under way.

    Parameters
    ----------
    ends : list of list of float
        For each client the times, in seconds and ascending, at which its transactions
        ended.

    Returns
    -------
    float
        Over the time from when the last client is warm until the first one stops.
    """
    is_warm = all(len(times) > WARM_UP for times in ends)
    started = max(times[WARM_UP - 1] for times in ends) if is_warm else math.inf
    stopped = min(times[-1] for times in ends)
    if not started < stopped:
        raise RuntimeError("the clients were never all under way: measure for longer")
    counted = sum(started < time <= stopped for times in ends for time in times)
    return counted / (stopped - started)
