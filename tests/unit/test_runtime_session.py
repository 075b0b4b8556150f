import pickle
import struct

import numpy as np
import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimator_checks import use_one_thread
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.session import (
    MOST_FAILURES,
    Refusals,
    matrix_from_binary,
    score_what_scores,
)
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FLOAT8 = 701


def sent(rows):
    """Return what array_send gives for a two-dimensional array of float8."""
    header = struct.pack(">iii", 2, 0, FLOAT8)
    dimensions = struct.pack(">iiii", len(rows), 1, len(rows[0]), 1)
    elements = b"".join(struct.pack(">id", 8, x) for row in rows for x in row)
    return header + dimensions + elements


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0]],
        [[1.0, 2.0, 3.0]],
        [[1.0], [2.0]],
        [[0.1, -0.0], [float("inf"), 5e-324], [float("nan"), 1.7e308]],
    ],
)
def test_a_binary_array_becomes_a_matrix(rows):
    matrix = matrix_from_binary(sent(rows))

    np.testing.assert_array_equal(matrix, np.array(rows))
    assert matrix.dtype == np.dtype("float64")
    assert matrix.flags.writeable


def scorer(spoilt, calls=None):
    def score(first, last):
        if calls is not None:
            calls.append((first, last))
        if any(first <= row < last for row in spoilt):
            raise ScoringError("spoilt")
        return [float(row) for row in range(first, last)]

    return score


@pytest.mark.parametrize("spoilt", [[], [0], [9], [3, 4], [0, 5, 9], range(10)])
def test_every_row_that_can_be_scored_is(spoilt):
    failures = []

    scores = score_what_scores(scorer(spoilt), 0, 10, failures)

    assert scores == [None if row in spoilt else float(row) for row in range(10)]
    assert len(failures) == len(spoilt)


def test_rows_that_score_cost_one_call():
    calls = []

    score_what_scores(scorer([], calls), 0, 1000, [])

    assert calls == [(0, 1000)]


def test_no_rows_have_no_scores():
    assert score_what_scores(scorer([]), 0, 0, []) == []


def test_a_model_that_always_fails_is_given_up():
    failures, calls = [], []

    scores = score_what_scores(scorer(range(5000), calls), 0, 5000, failures)

    assert scores == [None] * 5000
    assert len(failures) == MOST_FAILURES
    assert len(calls) < 20 * MOST_FAILURES


def test_an_error_that_is_not_the_models_is_not_held_back():
    def score(first, last):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_what_scores(score, 0, 10, [])


def test_every_estimator_within_runs_one_job():
    forest = RandomForestClassifier(n_jobs=-1)
    vote = VotingClassifier(
        [("forest", forest), ("line", LogisticRegression())], n_jobs=4
    )
    pipeline = make_pipeline(StandardScaler(), vote)

    use_one_thread(pipeline)

    jobs = {k: v for k, v in pipeline.get_params().items() if k.endswith("n_jobs")}
    assert set(jobs.values()) <= {1, None}
    assert jobs["votingclassifier__forest__n_jobs"] == 1


def test_a_fitted_forest_within_a_fitted_vote_runs_one_job():
    rows, labels = np.arange(20.0).reshape(-1, 1), [0, 1] * 10
    forest = RandomForestClassifier(n_estimators=2, n_jobs=-1)
    vote = VotingClassifier([("forest", forest)], voting="soft").fit(rows, labels)

    use_one_thread(vote)

    assert vote.estimators_[0].n_jobs == 1


def test_an_estimator_without_jobs_is_left_alone():
    use_one_thread(make_pipeline(StandardScaler()))


NUMBERS = Signature((Feature("x", "number", True),), (0, 1), 1, False)


def test_bytes_that_are_no_pickle_are_refused():
    with pytest.raises(ScoringError, match="cannot be unpickled") as raised:
        PickledModel(b"no pickle", NUMBERS)

    assert raised.value.sqlstate == "55000"
    assert raised.value.detail


def test_a_pickle_of_no_estimator_is_refused():
    with pytest.raises(ScoringError):
        PickledModel(pickle.dumps({"no": "estimator"}), NUMBERS)


def test_what_the_estimator_cannot_take_is_refused():
    model = PickledModel(pickle.dumps(LogisticRegression()), NUMBERS)

    with pytest.raises(ScoringError, match="cannot score these values"):
        model.probabilities({"x": np.array([1.0])})


@pytest.mark.parametrize("positive", [0, 1])
def test_the_probability_is_that_of_the_positive_class(positive):
    rows, labels = np.arange(20.0).reshape(-1, 1), [0] * 10 + [1] * 10
    estimator = LogisticRegression().fit(rows, labels)
    signature = Signature(NUMBERS.features, (0, 1), positive, False)

    found = PickledModel(pickle.dumps(estimator), signature).probabilities(
        {"x": rows[:, 0]}
    )

    np.testing.assert_array_equal(found, estimator.predict_proba(rows)[:, positive])


class Plpy:
    """Stands in for the database interface; keeps what was reported."""

    def error(self, message, **parts):
        raise RuntimeError(message, parts)


def test_a_refusal_becomes_an_sql_error_with_all_its_parts():
    with pytest.raises(RuntimeError) as raised, Refusals(Plpy()):
        raise ScoringError("no", detail="It is so.", hint="Do that.", sqlstate="55000")

    assert raised.value.args == (
        "no",
        {"sqlstate": "55000", "detail": "It is so.", "hint": "Do that."},
    )


def test_any_other_error_passes_as_it_is():
    with pytest.raises(ZeroDivisionError), Refusals(Plpy()):
        1 / 0
