CREATE OR REPLACE FUNCTION churn_runtime.shapley() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What the features that differ between two rows contribute to the difference.

These are Shapley values (Shapley 1953, A value for n-person games) with one of the
rows as the reference: a feature that has not joined has the former row's value. Of a
few features they are computed by all subsets. Of many they are the mean over many
orders in which features may join, each with its reverse (Castro, Gomez and Tejada 2009,
Polynomial calculation of the Shapley value based on sampling); of a model that only
adds, that is exact as well. Either way they add up to the difference.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

# Of so many features, all 4,096 subsets are scored.
MOST_EXACT = 12
# So many orders of joining, and their reverses, are drawn of more features.
ORDERS = 512
# So many rows are scored at once.
MOST_ROWS = 10_000

# Probabilities of rows that have the present values where ``joined`` of shape
# (n_rows, n_players) is true, and the former ones elsewhere.
Value = Callable[[np.ndarray], np.ndarray]


def shapley_values(
    value: Value, players: int, former: float, current: float
) -> np.ndarray:
    """Return what each player contributes to the change from former to current.

    Parameters
    ----------
    value : callable
        What rows are worth in which some players have joined.
    players : int
        How many there are, one or more.
    former, current : float
        What it is worth when none has joined, and when all have.

    Returns
    -------
    ndarray of shape (players,)
    """
    if players > MOST_EXACT:
        return mean_over_orders(value, players, former, current)
    return over_all_subsets(value, players, former, current)


def over_all_subsets(
    value: Value, players: int, former: float, current: float
) -> np.ndarray:
    """Return the Shapley values by their definition."""
    joined = members_of(players)
    worth = np.empty(len(joined))
    worth[0], worth[-1] = former, current
    if players > 1:
        worth[1:-1] = value(joined[1:-1])
    return worth @ shapley_weights(players)


def members_of(players: int) -> np.ndarray:
    """Return which players each subset has, the bits of its number."""
    subsets = np.arange(1 << players)
    return (subsets[:, None] >> np.arange(players)) & 1 == 1


@cache
def shapley_weights(count: int) -> np.ndarray:
    """Return what the number of each subset counts for each of so many players.

    Returns
    -------
    ndarray of float64, shape (2 ** count, count)
        For a player, the subsets with it count as often as an order of the players
        has them when it comes, and those without it as often, less.
    """
    members = members_of(count)
    sizes = members.sum(axis=1)
    # Of the size without the player: (size! (count - 1 - size)!) / count!
    shares = np.ones(count)
    for size in range(1, count):
        shares[size] = shares[size - 1] * size / (count - size)
    shares /= count
    joined = shares[np.maximum(sizes - 1, 0)][:, None]
    left = shares[np.minimum(sizes, count - 1)][:, None]
    return np.where(members, joined, -left)


def mean_over_orders(
    value: Value, players: int, former: float, current: float
) -> np.ndarray:
    """Return the mean of what players add in many orders of joining.

    The same orders every time, so that a change is explained the same way again.
    """
    rng = np.random.default_rng(0)
    steps = np.arange(players - 1)[:, None]
    at_once = max(1, MOST_ROWS // (2 * players))
    found = np.zeros(players)
    for first in range(0, ORDERS, at_once):
        drawn = [rng.permutation(players) for _ in range(min(at_once, ORDERS - first))]
        orders = np.array([*drawn, *(order[::-1] for order in drawn)])
        # At which place each player joins; at step k the first k + 1 have.
        joined = np.argsort(orders, axis=1)[:, None, :] <= steps
        worth = np.full((len(orders), players + 1), former)
        worth[:, 1:-1] = value(joined.reshape(-1, players)).reshape(len(orders), -1)
        worth[:, -1] = current
        np.add.at(found, orders, np.diff(worth, axis=1))
    return found / (2 * ORDERS)
$python$;
COMMENT ON FUNCTION churn_runtime.shapley IS 'What the features that differ between two rows contribute to the difference.';
