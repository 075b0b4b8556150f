"""Models that fail, are too slow, or answer with something else than probabilities."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from tests.models import Model


def matrix_model(classifier, **options):
    """Return a model of two numbers, of which either may be missing."""
    kinds = {"age": "number", "monthly_charges": "number"}
    return Model(classifier, kinds, named_columns=False, **options)


def numbers(rows=60):
    rng = np.random.default_rng(0)
    return rng.uniform(0, 100, (rows, 2)), rng.random(rows) < 0.5


def slow_forest():
    """Return a forest that takes a tenth of a second and more, whatever the rows."""
    rows, labels = numbers()
    rows[::5] = np.nan
    forest = RandomForestClassifier(1, max_depth=2, random_state=0).fit(rows, labels)
    # One tree many times over, so that its pickle is small.
    forest.estimators_ *= 4000
    return forest


def slow():
    return matrix_model(slow_forest())


def slow_and_failing():
    """Return a model that fails on a missing number, after it has taken its time."""
    members = [("slow", slow_forest()), ("strict", LogisticRegression())]
    vote = VotingClassifier(members, voting="soft").fit(*numbers())
    vote.estimators_[0] = slow_forest()
    return matrix_model(vote)


def overflowing():
    """Return a model that subtracts infinities wherever a number is not small."""
    model = MLPClassifier((2,), solver="lbfgs", random_state=0).fit(*numbers())
    model.coefs_ = [np.full((2, 2), 1e308), np.array([[1.0], [-1.0]])]
    model.intercepts_ = [np.zeros(2), np.zeros(1)]
    return matrix_model(model)


def overshooting():
    """Return a model whose calibration goes on beyond 1."""
    line = CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=2)
    line.fit(*numbers())
    for member in line.calibrated_classifiers_:
        member.estimator.coef_ = np.array([[1.0, 1.0]])
        member.estimator.intercept_ = np.zeros(1)
        (calibrator,) = member.calibrators
        calibrator.X_min_, calibrator.X_max_ = 0.0, 10.0
        calibrator.X_thresholds_ = np.array([0.0, 10.0])
        calibrator.y_thresholds_ = np.array([0.5, 1.5])
    return matrix_model(line)


def of_one_class():
    rows, _ = numbers()
    return matrix_model(DummyClassifier().fit(rows, np.zeros(len(rows))))


def of_three_classes():
    rows, _ = numbers()
    return matrix_model(LogisticRegression().fit(rows, np.arange(len(rows)) % 3))
