"""What becomes of rows that fail, and of models that are too slow."""

import json
import math
import struct

import numpy as np
import pytest
from pgchurn.plpython.runtime import pacing
from pgchurn.plpython.runtime.errors import Refusals, ScoringError
from pgchurn.plpython.runtime.features import Layout
from pgchurn.plpython.runtime.registry import Scorer
from pgchurn.plpython.runtime.scoring import Scoring
from pgchurn.plpython.runtime.signature import Feature, Signature

SIGNATURE = Signature((Feature("x", "number", True),), (0, 1), 1, False)
SPOILT = -1.0
VERSION = (1, (7, b"digest", None, None, None), (), "layout")
DEPLOYED = [1, 7, b"digest", (), "layout"]


class Plpy:
    """Stands in for the database interface."""

    class SPIError(Exception):
        """An error of SQL."""

    def __init__(self):
        self.warnings = []

    def prepare(self, statement, types):
        """Prepare what raises a warning, which is all that is executed here."""
        assert statement.startswith("SELECT churn_internal.warn(")

    def execute(self, plan, arguments):
        """Keep a warning."""
        self.warnings.append(tuple(arguments))


class Model:
    """Gives every number as its own probability, and refuses a spoilt one."""

    is_pickle = False
    walks_first = False
    scores_few_rows = False
    signature = SIGNATURE
    first_rows = pacing.FIRST_CALL_ROWS
    most_rows = pacing.MODEL_CALL_ROWS

    def __init__(self, failure):
        self.failure = failure
        self.calls = 0

    def probabilities(self, columns):
        """Return the column, or fail."""
        self.calls += 1
        if SPOILT in columns["x"]:
            raise self.failure
        return columns["x"]

    def row_scorer(self, positions, repeated=False, pause=None):
        """Return the same for a row."""
        return lambda numbers, texts: self.probabilities({"x": np.array(numbers)})[0]


class Registry:
    """Stands in for what is read from the database."""

    def __init__(self, model, policy, timeout=5.0):
        positions = Layout.of(SIGNATURE).positions(SIGNATURE)
        self.made = Scorer(model, positions, pacing.no_pause)
        self.policy = policy
        self.timeout = timeout
        self.settings = []

    def scorer_of(self, deployed):
        """Return the one scorer."""
        return self.made

    def scorer(self, *key):
        """Return the one scorer."""
        return self.made

    def on_error(self, attachment_id):
        """Return the failure policy."""
        return self.policy

    def score_timeout(self, attachment_id):
        """Return how long a call may take."""
        return self.timeout

    def check_for_interrupts(self):
        """Do nothing."""

    def fetch(self, statement, types, *arguments):
        """Keep what is set."""
        self.settings.append(arguments[0])


def scoring(policy="keep", failure=None, **options):
    """Return the scoring of a model that fails in one way, under a policy."""
    model = Model(failure or ScoringError("spoilt"))
    plpy = Plpy()
    return Scoring(Registry(model, policy, **options), Refusals(plpy))


def batch(*numbers):
    """Return how the server holds rows of one number each."""
    header = struct.pack("=iiiiiii", 2, 0, 701, len(numbers), 1, 1, 1)
    return header + struct.pack(f"={len(numbers)}d", *numbers)


def test_a_row_that_fails_keeps_its_score_and_says_why():
    kept = scoring()

    assert kept.score_changed(DEPLOYED, [], [SPOILT], []) is None

    ((message, _, _),) = kept.refusals.plpy.warnings
    assert message == "model version 7 could not score 1 row: spoilt"
    assert json.loads(kept.registry.settings[0]) == {
        "all": ["22023", "spoilt"],
        "rows": {},
    }
    assert kept.refusals.take() is None


def test_a_row_that_fails_is_an_error_where_the_policy_is_to_raise():
    raising = scoring("raise")

    assert math.isnan(raising.score_changed(DEPLOYED, [], [SPOILT], []))

    assert raising.refusals.take()[0] == "spoilt"
    assert raising.refusals.plpy.warnings == []


def test_an_error_of_the_server_is_raised_under_any_policy():
    cancelled = Plpy.SPIError("cancelled")
    cancelled.sqlstate = "57014"
    kept = scoring("keep", cancelled)

    assert math.isnan(kept.score_changed(DEPLOYED, [], [SPOILT], []))

    assert kept.refusals.take() == ("cancelled", None, None, "57014")


def test_one_row_of_a_batch_that_fails_costs_the_others_nothing():
    kept = scoring()

    scores = kept.score_batch(*VERSION, batch(0.25, SPOILT, 0.75), None, None)

    assert scores == [0.25, None, 0.75]
    assert json.loads(kept.registry.settings[0])["rows"] == {"1": ["22023", "spoilt"]}


@pytest.mark.parametrize("policy, on_error", [("raise", None), ("keep", "raise")])
def test_a_batch_with_a_row_that_fails_is_an_error_where_it_shall_be(policy, on_error):
    raising = scoring(policy)

    found = raising.score_batch(*VERSION, batch(0.25, SPOILT), None, on_error)

    assert found is None
    assert raising.refusals.take()[0] == "spoilt"


def test_a_model_that_is_too_slow_is_left_alone_for_a_while(monkeypatch):
    time = iter(range(0, 10_000, 10))
    monkeypatch.setattr(pacing.time, "monotonic", lambda: float(next(time)))
    slow = scoring(timeout=5.0)

    assert slow.score_changed(DEPLOYED, [], [0.5], []) is None
    assert slow.score_changed(DEPLOYED, [], [0.5], []) is None

    assert slow.registry.made.model.calls == 1
    assert "too slow" in slow.refusals.plpy.warnings[1][0]


def test_what_no_row_can_mend_is_not_searched_for_by_halving():
    of_model = ScoringError("broken", sqlstate="55000")
    kept = scoring("keep", of_model)

    assert kept.score_batch(*VERSION, batch(SPOILT, 0.5), None, None) == [None, None]
    assert kept.registry.made.model.calls == 1


@pytest.mark.parametrize(
    "integers, doubles, numbers",
    [
        ([], [], []),
        ([2, 0], [0.5, None], [2.0, 0.0, 0.5, None]),
        ([1, None, 3], [], [1.0, None, 3.0]),
    ],
)
def test_a_changed_row_is_read_as_doubles_integers_first(integers, doubles, numbers):
    read = scoring()
    read.registry.made.score_row = lambda *row: seen.append(row) or 0.5
    seen = []

    assert read.score_changed(DEPLOYED, integers, doubles, ["a"]) == 0.5

    assert seen == [(numbers, ["a"])]
    assert all(type(number) in (float, type(None)) for number in seen[0][0])
