import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sharing import machine

SOON, NEVER = 10, 0.1


@pytest.fixture
def other():
    with ThreadPoolExecutor(1) as pool:
        yield pool


def enter(folder, alone, inside, leave=None):
    """Have the machine, say so, and keep it until told to leave."""
    with machine(folder, alone):
        inside.set()
        if leave is not None:
            assert leave.wait(SOON)


def test_tests_share_the_machine(tmp_path, other):
    inside = threading.Event()

    with machine(tmp_path, alone=False):
        other.submit(enter, tmp_path, False, inside)

        assert inside.wait(SOON)


@pytest.mark.parametrize("first, second", [(True, True), (True, False), (False, True)])
def test_one_that_is_alone_shares_it_with_nobody(tmp_path, other, first, second):
    inside = threading.Event()

    with machine(tmp_path, alone=first):
        other.submit(enter, tmp_path, second, inside)
        assert not inside.wait(NEVER)

    assert inside.wait(SOON)


def test_one_that_waits_to_be_alone_is_not_overtaken(tmp_path):
    alone, shared, leave = threading.Event(), threading.Event(), threading.Event()

    with ThreadPoolExecutor(2) as others:
        with machine(tmp_path, alone=False):
            others.submit(enter, tmp_path, True, alone, leave)
            assert not alone.wait(NEVER)
            others.submit(enter, tmp_path, False, shared)
            assert not shared.wait(NEVER)

        assert alone.wait(SOON)
        assert not shared.is_set()
        leave.set()
        assert shared.wait(SOON)
