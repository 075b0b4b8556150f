"""A pickled classifier: on one thread, refused clearly, scoring its positive class."""

import itertools
import pickle
import warnings

import numpy as np
import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator, parts_of, use_one_thread
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
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


ROWS = np.random.default_rng(0).normal(size=(40, 2))
LABELS = ROWS[:, 0] > 0
TALKATIVE = {
    "forest": RandomForestClassifier(3, verbose=3),
    "extra trees": ExtraTreesClassifier(3, verbose=3),
    "gradient boosting": GradientBoostingClassifier(n_estimators=3, verbose=3),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=3, verbose=3),
    "logistic": LogisticRegression(verbose=3),
    "network": MLPClassifier((2,), max_iter=2, verbose=True),
    "stochastic descent": SGDClassifier("log_loss", verbose=3),
    "bagging": BaggingClassifier(LogisticRegression(), 3, verbose=3),
    "pipeline": Pipeline(
        [("s", StandardScaler()), ("c", RandomForestClassifier(3, verbose=3))],
        verbose=True,
    ),
    "columns": Pipeline(
        [
            ("c", ColumnTransformer([("s", StandardScaler(), [0, 1])], verbose=True)),
            ("l", LogisticRegression()),
        ]
    ),
    "union": Pipeline(
        [
            ("u", FeatureUnion([("s", StandardScaler())], verbose=True)),
            ("l", LogisticRegression()),
        ]
    ),
    "vote": VotingClassifier(
        [("f", RandomForestClassifier(3, verbose=3)), ("l", LogisticRegression())],
        voting="soft",
        verbose=True,
    ),
    "calibration": CalibratedClassifierCV(RandomForestClassifier(3, verbose=3), cv=2),
}


@pytest.mark.parametrize("name", TALKATIVE)
@pytest.mark.parametrize("level", [1, 50, "very"])
def test_no_estimator_prints_while_it_scores(name, level, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = clone(TALKATIVE[name]).fit(ROWS, LABELS)
    for part in parts_of(estimator):
        if "verbose" in getattr(part, "__dict__", {}):
            part.verbose = level
    signature = Signature(
        (Feature("x", "number", True), Feature("y", "number", True)), (0, 1), 1, False
    )
    artifact = pickle.dumps(estimator)
    capfd.readouterr()

    model = PickledModel(artifact, signature)
    model.probabilities({"x": ROWS[:, 0], "y": ROWS[:, 1]})

    assert capfd.readouterr() == ("", "")


def test_the_random_forest_of_before_prints_while_it_scores(capfd):
    forest = RandomForestClassifier(3, verbose=3).fit(ROWS, LABELS)
    capfd.readouterr()

    forest.predict_proba(ROWS)

    assert "Parallel" in "".join(capfd.readouterr())


class Cancelled(Exception):
    """A cancel, as PL/Python raises it."""

    sqlstate = "57014"


def test_a_cancel_while_a_pickle_is_read_is_raised_as_it_is():
    forest = pickle.dumps(RandomForestClassifier(20).fit(ROWS, LABELS))

    def load(calls):
        """Load, cancelled where the last of the calls is used up; return them."""

        def pause():
            if next(calls, None) is None:
                raise Cancelled

        load_estimator(forest, pause)
        return calls

    total = next(load(itertools.count(1)))
    assert total > 40
    for last in (0, 1, 20, total // 2, total - 2):
        with pytest.raises(Cancelled):
            load(iter(range(last)))


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
