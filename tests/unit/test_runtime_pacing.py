import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.pacing import (
    CALL_SECONDS,
    FIRST_CALL_ROWS,
    MODEL_CALL_ROWS,
    RECOVERY_SECONDS,
    Pace,
)


def pace_of_a_pickle():
    """Return the pace of a model of unknown speed."""
    return Pace(FIRST_CALL_ROWS, MODEL_CALL_ROWS)


@pytest.fixture
def clock(monkeypatch):
    """The time that the module under test reads, for a test to move on."""
    time = [1000.0]
    monkeypatch.setattr(
        "pgchurn.plpython.runtime.pacing.time.monotonic", lambda: time[0]
    )
    return time


def test_calls_grow_until_they_take_as_long_as_they_may():
    pace = pace_of_a_pickle()
    assert pace.rows == FIRST_CALL_ROWS

    pace.record(pace.rows, CALL_SECONDS / 2)
    assert pace.rows == 2 * FIRST_CALL_ROWS

    pace.record(pace.rows, 0)
    assert pace.rows == MODEL_CALL_ROWS


def test_calls_shrink_down_to_one_row():
    pace = pace_of_a_pickle()

    pace.record(pace.rows, 1e6)

    assert pace.rows == 1


def test_a_small_batch_says_nothing_about_how_many_rows_fit():
    pace = pace_of_a_pickle()

    pace.record(1, CALL_SECONDS / FIRST_CALL_ROWS / 2)

    assert pace.rows == FIRST_CALL_ROWS


def test_a_slow_model_rests_for_a_while(clock):
    pace = pace_of_a_pickle()
    assert not pace.is_resting()

    pace.rest(3.0)

    clock[0] += RECOVERY_SECONDS - 1
    assert pace.is_resting()
    clock[0] += 1
    assert not pace.is_resting()


def test_a_resting_model_is_refused_until_its_slowness_is_allowed(clock):
    pace = pace_of_a_pickle()
    pace.rest(3.0)

    pace.check_rested(allowed=3.0)
    with pytest.raises(ScoringError, match="one call took 3.0 seconds") as raised:
        pace.check_rested(allowed=2.9)
    assert raised.value.sqlstate == "55000"
