"""How errors of the runtime are handed to SQL."""

import pytest
from pgchurn.plpython.runtime.errors import Refusals, ScoringError, failure_of, reason


class SPIError(Exception):
    """Stands in for an error of SQL."""

    def __init__(self, sqlstate):
        super().__init__(f"error {sqlstate}")
        self.sqlstate = sqlstate


class Plpy:
    """Stands in for the database interface."""

    SPIError = SPIError


def kept(error):
    """Return what is kept of an error for SQL to raise."""
    refusals = Refusals(Plpy)
    with refusals:
        raise error
    return refusals.take()


def test_a_refusal_is_kept_with_all_its_parts():
    error = ScoringError("no", detail="It is so.", hint="Do that.", sqlstate="55000")

    assert kept(error) == ("no", "It is so.", "Do that.", "55000")


def test_what_was_kept_is_taken_once():
    refusals = Refusals(Plpy)
    with refusals:
        raise ScoringError("no")

    assert refusals.take() is not None
    assert refusals.take() is None


def test_a_block_without_an_error_keeps_nothing():
    refusals = Refusals(Plpy)
    with refusals:
        pass

    assert refusals.take() is None


def test_an_error_that_nobody_has_foreseen_is_kept_with_the_lines_that_led_to_it():
    message, detail, hint, sqlstate = kept(ZeroDivisionError("division by zero"))

    assert message == "ZeroDivisionError: division by zero"
    assert 'test_runtime_errors.py", line' in detail
    assert "raise error" in detail
    assert hint is None
    assert sqlstate == "38000"


@pytest.mark.parametrize("sqlstate", ["57014", "40001", "53200"])
def test_an_error_that_tells_of_the_server_is_kept_without_a_trace(sqlstate):
    assert kept(SPIError(sqlstate)) == (f"error {sqlstate}", None, None, sqlstate)


def test_any_other_error_of_sql_passes_as_it_is():
    with pytest.raises(SPIError):
        kept(SPIError("42P01"))


def test_what_is_no_error_passes_as_it_is():
    with pytest.raises(KeyboardInterrupt):
        kept(KeyboardInterrupt())


def test_a_want_of_memory_becomes_a_refusal():
    assert failure_of(MemoryError()).sqlstate == "54000"


def test_the_reason_of_a_failure_is_text_that_postgresql_takes():
    assert reason(ScoringError("half\ud800 zero\0")) == ["22023", "half? zero?"]
    assert reason(ZeroDivisionError("by zero")) == ["38000", "by zero"]
    assert len(reason(ScoringError("x" * 50_000))[1]) < 5_000
