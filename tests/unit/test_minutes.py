import itertools
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.minutes import FIRST, SLOW, in_turn


@dataclass(frozen=True)
class Item:
    """A test, as far as its turn is concerned."""

    nodeid: str
    slow: bool = False

    def get_closest_marker(self, name):
        assert name == "slow"
        return self.slow or None


def cases(module, test, count, slow=False):
    return [Item(f"{module}.py::{test}[{n}]", slow) for n in range(count)]


ITEMS = [
    *cases("attach", "test_a_type", 30),
    Item("attach.py::test_a_name"),
    *cases("learn", "test_a_batch", 5, slow=True),
    Item("queue.py::test_a_mark"),
    *cases("score", "test_a_form", 3),
]


@pytest.mark.parametrize("processes", [1, 2, 3, 4])
def test_every_test_has_one_turn(processes):
    order = in_turn(ITEMS, processes)

    assert sorted(item.nodeid for _, item in order) == sorted(i.nodeid for i in ITEMS)


def test_a_case_of_each_comes_first_then_slow_ones_then_further_cases():
    order = in_turn(ITEMS, 1)

    assert [turn for turn, _ in order] == sorted(turn for turn, _ in order)
    assert [item.nodeid for turn, item in order if turn == FIRST] == [
        "attach.py::test_a_type[0]",
        "attach.py::test_a_name",
        "queue.py::test_a_mark",
        "score.py::test_a_form[0]",
    ]
    assert sum(turn == SLOW for turn, _ in order) == 5


@pytest.mark.parametrize("processes", [2, 3])
def test_each_process_begins_with_what_comes_first(processes):
    order = in_turn(ITEMS, processes)
    # As pytest-xdist divides them.
    length = len(ITEMS) // processes
    pieces = [[turn for turn, _ in order[n * length :]] for n in range(processes)]

    assert all(piece[0] == FIRST for piece in pieces)
    for piece in pieces[:-1]:
        assert piece[:length] == sorted(piece[:length])
    assert pieces[-1] == sorted(pieces[-1])


def test_a_modules_tests_stay_together():
    first = [item for turn, item in in_turn(ITEMS, 2) if turn == FIRST]

    modules = [item.nodeid.partition("::")[0] for item in first]
    assert len(list(itertools.groupby(modules))) == len(set(modules)) == 3


@pytest.mark.parametrize("minutes, skipped", [("0", 2), ("60", 0)])
def test_what_would_begin_too_late_is_skipped_and_says_so(minutes, skipped):
    # A file in which one test has three cases.
    tests = ("-n", "0", "-q", "-rs", "--minutes", minutes, "tests/unit/test_sharing.py")

    run = subprocess.run(
        [sys.executable, "-m", "pytest", *tests],
        check=True,
        capture_output=True,
        text=True,
    )

    assert ("no time was left" in run.stdout) == bool(skipped)
    assert f"{5 - skipped} passed" in run.stdout
