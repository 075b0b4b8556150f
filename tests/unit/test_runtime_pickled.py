"""A pickled classifier: on one thread, refused clearly, scoring its positive class."""

import pickle

import numpy as np
import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import use_one_thread
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


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
    estimator = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    model = PickledModel(pickle.dumps(estimator), NUMBERS)

    with pytest.raises(ScoringError, match="cannot score these values"):
        model.probabilities({"x": np.array(["one year"], dtype=object)})


@pytest.mark.parametrize("positive", [0, 1])
def test_the_probability_is_that_of_the_positive_class(positive):
    rows, labels = np.arange(20.0).reshape(-1, 1), [0] * 10 + [1] * 10
    estimator = LogisticRegression().fit(rows, labels)
    signature = Signature(NUMBERS.features, (0, 1), positive, False)

    found = PickledModel(pickle.dumps(estimator), signature).probabilities(
        {"x": rows[:, 0]}
    )

    np.testing.assert_array_equal(found, estimator.predict_proba(rows)[:, positive])


def test_an_estimator_that_was_read_already_is_not_read_again():
    estimator = LogisticRegression()

    assert PickledModel(b"no pickle", NUMBERS, estimator).estimator is estimator
