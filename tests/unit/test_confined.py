"""What is at once, on a fast processor and on a slow one."""

import pytest

from tests.confined import Outcome


@pytest.mark.parametrize(
    "seconds, counting, at_once",
    [(0.9, 0.5, True), (1.1, 0.5, False), (1.1, 2.0, True), (2.1, 2.0, False)],
)
def test_a_second_is_longer_where_the_processor_is_slow(
    monkeypatch, seconds, counting, at_once
):
    monkeypatch.setattr("tests.confined.seconds_of_counting", lambda: counting)

    assert Outcome("returned", "", [], seconds).was_at_once() is at_once
