"""How errors of the runtime are handed to SQL."""

import pytest
from pgchurn.plpython.runtime.errors import Refusals, ScoringError, failure_of


class SPIError(Exception):
    """Stands in for an error of SQL."""

    def __init__(self, sqlstate):
        super().__init__(f"error {sqlstate}")
        self.sqlstate = sqlstate


class Plpy:
    """Stands in for the interface of a database in LATIN1; keeps the warnings."""

    SPIError = SPIError

    def __init__(self):
        self.warnings = []

    def prepare(self, statement, types):
        """Return what tells whether a plan raises a warning."""
        return "churn_internal.warn" in statement

    def execute(self, raises_warning, arguments):
        """Convert texts as the server does, and keep a warning."""
        try:
            for text in arguments:
                text.encode("latin-1")
        except UnicodeEncodeError:
            raise SPIError("22P05") from None
        if raises_warning:
            self.warnings.append(tuple(arguments))


def kept(error):
    """Return what is kept of an error for SQL to raise."""
    refusals = Refusals(Plpy())
    with refusals:
        raise error
    return refusals.take()


def test_a_refusal_is_kept_with_all_its_parts():
    error = ScoringError("no", detail="It is so.", hint="Do that.", sqlstate="55000")

    assert kept(error) == ("no", "It is so.", "Do that.", "55000")


def test_what_was_kept_is_taken_once():
    refusals = Refusals(Plpy())
    with refusals:
        raise ScoringError("no")

    assert refusals.take() is not None
    assert refusals.take() is None


def test_a_block_without_an_error_keeps_nothing():
    refusals = Refusals(Plpy())
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


# Of each: what Python says, and what this server can be told.
TEXTS = {
    "ASCII": ("plain", "plain"),
    "half of a surrogate pair": ("half\ud800", "half?"),
    "both halves, apart": ("\udc00 \ud800", "? ?"),
    "a zero": ("zero\0", "zero?"),
    "what LATIN1 can spell": ("Zürich", "Zürich"),
    "what it cannot": ("Zürich 東", "Z\\xfcrich \\u6771"),
    "a line break": ("one\ntwo", "one\ntwo"),
}


@pytest.mark.parametrize("said, told", TEXTS.values(), ids=TEXTS)
def test_every_text_that_leaves_is_one_that_the_server_takes(said, told):
    plpy = Plpy()
    refusals = Refusals(plpy)

    refusals.warn(said, said, said)

    assert plpy.warnings == [(told, told, told)]
    assert refusals.reason(ScoringError(said)) == ["22023", told]
    assert kept(ScoringError(said, detail=said, hint=said)) == (
        *(told, told, told),
        "22023",
    )
    assert kept(ZeroDivisionError(said))[0] == f"ZeroDivisionError: {told}"


def test_no_text_that_leaves_is_long():
    plpy = Plpy()

    Refusals(plpy).warn(*["x" * 1_000_000] * 3)

    assert max(map(len, plpy.warnings[0])) < 5_000
    message, detail, hint, _ = kept(ScoringError(*["x" * 1_000_000] * 3))
    assert max(map(len, (message, detail, hint))) < 5_000


def test_a_cancel_that_comes_while_a_text_is_made_out_is_none_of_its_failures():
    plpy = Plpy()

    def cancelled(plan, arguments):
        raise SPIError("57014")

    plpy.execute = cancelled

    with pytest.raises(SPIError, match="57014"):
        Refusals(plpy).warn("東", "", "")


def test_the_reason_of_an_error_that_nobody_has_foreseen_is_its_text():
    reason = Refusals(Plpy()).reason

    assert reason(ZeroDivisionError("by zero")) == ["38000", "by zero"]
