"""What differing features contribute to a change: Shapley values."""

from itertools import permutations

import numpy as np
import pytest
from pgchurn.plpython.runtime.shapley import MOST_EXACT, shapley_values


def interacting(players, seed=0):
    """Return a game in which every two players interact, as a function of rows."""
    rng = np.random.default_rng(seed)
    alone, together = rng.normal(size=players), rng.normal(size=(players, players))

    def value(joined):
        rows = joined.astype(float)
        sums = rows @ alone + np.einsum("ri,ij,rj->r", rows, together, rows)
        return 1 / (1 + np.exp(-sums))

    return value


def ends(value, players):
    """Return what a game is worth without any player, and with all."""
    return value(np.array([[False] * players, [True] * players]))


def by_all_orders(value, players):
    """Return the mean of what each adds in every order, which defines the values."""
    found, orders = np.zeros(players), list(permutations(range(players)))
    for order in orders:
        joined = np.zeros((players + 1, players), bool)
        for place, player in enumerate(order):
            joined[place + 1 :, player] = True
        found[list(order)] += np.diff(value(joined))
    return found / len(orders)


@pytest.mark.parametrize("players", [1, 2, 3, 5, 7])
def test_they_are_the_mean_over_all_orders_of_joining(players):
    value = interacting(players)

    found = shapley_values(value, players, *ends(value, players))

    assert found == pytest.approx(by_all_orders(value, players), rel=0, abs=1e-12)


@pytest.mark.parametrize("players", [1, 4, MOST_EXACT, MOST_EXACT + 1, 40])
def test_they_add_up_to_the_change(players):
    value = interacting(players)
    former, current = ends(value, players)

    found = shapley_values(value, players, former, current)

    assert found.sum() == pytest.approx(current - former, rel=0, abs=1e-12)


def test_of_many_they_are_near_the_exact_ones_and_the_same_again(monkeypatch):
    players = MOST_EXACT
    value = interacting(players)
    exact = shapley_values(value, players, *ends(value, players))
    monkeypatch.setattr("pgchurn.plpython.runtime.shapley.MOST_EXACT", players - 1)

    drawn = shapley_values(value, players, *ends(value, players))

    assert drawn == pytest.approx(exact, rel=0, abs=0.02)
    assert not np.array_equal(drawn, exact)
    again = shapley_values(value, players, *ends(value, players))
    assert np.array_equal(again, drawn)


def test_of_many_that_only_add_up_they_are_exact():
    players = 30
    alone = np.random.default_rng(0).normal(size=players)

    def value(joined):
        return joined @ alone

    found = shapley_values(value, players, 0.0, alone.sum())

    assert found == pytest.approx(alone, rel=0, abs=1e-12)


def test_who_changes_nothing_gets_nothing():
    def value(joined):
        return np.where(joined[:, 0] & joined[:, 1], 1.0, 0.0)

    assert shapley_values(value, 3, 0.0, 1.0).tolist() == [0.5, 0.5, 0.0]
