"""Which tests come first where a run has so many minutes, and which then wait.

First comes a case of every test that is not marked slow, then the slow tests, then all
further cases. What of the latter two has not begun when the minutes are over is
skipped, and says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest

FIRST, SLOW, FURTHER = range(3)


def in_turn(
    items: Sequence[pytest.Item], processes: int
) -> list[tuple[int, pytest.Item]]:
    """Return the turn of each test and the test, in the order in which to run them.

    pytest-xdist hands each process a piece of the order, all of a length: so each piece
    begins with tests that come first. A module's tests stay together within a turn.

    Parameters
    ----------
    items : sequence of pytest.Item
        As they were collected.
    processes : int
        Among how many processes they are divided.

    Returns
    -------
    list of (int, pytest.Item)
        The turn is ``FIRST``, ``SLOW`` or ``FURTHER``.
    """
    turns = turns_of(items)
    pieces: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for turn in (FIRST, SLOW):
        modules = by_module(item for item in items if turns[item.nodeid] == turn)
        for number, tests in enumerate(modules):
            pieces[number % processes] += tests
    further = [item for item in items if turns[item.nodeid] == FURTHER]
    order: list[pytest.Item] = []
    for number, piece in enumerate(pieces):
        length = (len(items) - len(order)) // (processes - number)
        missing = max(0, length - len(piece))
        order += piece + further[:missing]
        del further[:missing]
    return [(turns[item.nodeid], item) for item in order]


def turns_of(items: Iterable[pytest.Item]) -> dict[str, int]:
    """Return the turn of each test, by its node's id."""
    turns = {}
    seen = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if item.get_closest_marker("slow"):
            turns[item.nodeid] = SLOW
        else:
            turns[item.nodeid] = FURTHER if test in seen else FIRST
        seen.add(test)
    return turns


def by_module(items: Iterable[pytest.Item]) -> Iterable[list[pytest.Item]]:
    """Return the tests of each module, in the order of their first."""
    modules = defaultdict(list)
    for item in items:
        modules[item.nodeid.partition("::")[0]].append(item)
    return modules.values()
