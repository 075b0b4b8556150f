"""Whether probabilities come true as often as they say, and mending those that do not.

A temperature divides the log odds by one number, so that probabilities become less, or
more, sure of themselves. It keeps the order of customers, and one number cannot follow
the noise of few rows. Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural
networks", ICML 2017, describe it, and the expected calibration error.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pgchurn.loader.models.averaging import loss, of_what_came
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import StratifiedKFold

BINS = 10
FOLDS = 5


def expected_calibration_error(
    positive: npt.ArrayLike, probabilities: npt.ArrayLike
) -> float:
    """Return by how much probabilities differ from what came true, on average.

    Parameters
    ----------
    positive : array-like of bool, shape (n_samples,)
        Whether each row is of the positive class.
    probabilities : array-like of float, shape (n_samples,)
        Probability of the positive class, 0 to 1.

    Returns
    -------
    float
        Over ten equal bins from 0 to 1: the difference between their mean probability
        and their share of positives, weighted by their rows. Even true probabilities
        have some on few rows.
    """
    positive, probabilities = np.asarray(positive, float), np.asarray(probabilities)
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    differences = np.bincount(bins, probabilities - positive, minlength=BINS)
    return float(np.abs(differences).sum() / len(positive))


class Given(ClassifierMixin, BaseEstimator):
    """What was predicted before, as the classifier that calibration asks for."""

    def fit(self, predicted: np.ndarray, labels: np.ndarray) -> "Given":
        """Learn the classes."""
        self.classes_ = np.unique(labels)
        return self

    def predict(self, predicted: np.ndarray) -> np.ndarray:
        """Return the likelier class."""
        return self.classes_[(predicted[:, 0] > 0.5).astype(int)]

    def predict_proba(self, predicted: np.ndarray) -> np.ndarray:
        """Return the probabilities that are the only column."""
        return np.column_stack([1 - predicted[:, 0], predicted[:, 0]])


def tempered(labels: np.ndarray, probabilities: np.ndarray) -> CalibratedClassifierCV:
    """Find the temperature under which probabilities come true.

    Parameters
    ----------
    labels : numpy.ndarray of shape (n_samples,)
        Of two classes.
    probabilities : numpy.ndarray of float, shape (n_samples,)
        Out-of-fold probabilities of the second class.

    Returns
    -------
    CalibratedClassifierCV
        Of one column, the probabilities.
    """
    column = probabilities[:, None]
    given = FrozenEstimator(Given().fit(column, labels))
    return CalibratedClassifierCV(given, method="temperature").fit(column, labels)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether out-of-fold probabilities come true, and what a temperature does.

    Attributes
    ----------
    labels : numpy.ndarray of shape (n_samples,)
    before, after : numpy.ndarray of float, shape (n_samples,)
        Probabilities of the second class without the temperature and with it; the same
        when they need none.
    temperature : float or None
        What log odds are divided by; None: they are right as they are.
    """

    labels: np.ndarray
    before: np.ndarray
    after: np.ndarray
    temperature: float | None

    def as_dict(self) -> dict[str, float | None]:
        """Return what became of the error, JSON-serialisable."""
        positive = self.labels == np.unique(self.labels)[1]
        return {
            "temperature": self.temperature,
            "error_before": expected_calibration_error(positive, self.before),
            "error_after": expected_calibration_error(positive, self.after),
        }


def calibrate(labels: np.ndarray, probabilities: np.ndarray) -> Calibration:
    """Find out whether out-of-fold probabilities need a temperature.

    That of each fold is found on the others, and it is needed when the log loss falls:
    that of rows it was not found on.

    Parameters
    ----------
    labels : numpy.ndarray of shape (n_samples,)
        Of two classes.
    probabilities : numpy.ndarray of float, shape (n_samples,)
        Out-of-fold probabilities of the second class.
    """
    classes, counts = np.unique(labels, return_counts=True)
    after = np.empty(len(labels))
    splitter = StratifiedKFold(int(min(FOLDS, counts.min())))
    for others, fold in splitter.split(probabilities, labels):
        found = tempered(labels[others], probabilities[others])
        after[fold] = found.predict_proba(probabilities[fold, None])[:, 1]
    positive = labels == classes[1]
    if loss(of_what_came(positive, after)) < loss(
        of_what_came(positive, probabilities)
    ):
        temperature = temperature_of(tempered(labels, probabilities))
        return Calibration(labels, probabilities, after, temperature)
    return Calibration(labels, probabilities, probabilities, None)


def with_temperature(
    model: VotingClassifier, calibration: Calibration
) -> CalibratedClassifierCV:
    """Return a model, fitted on a data frame, under the temperature that was found.

    `CalibratedClassifierCV` by itself would cross-validate the model once more, only to
    find the probabilities that are known already.
    """
    calibrated = tempered(calibration.labels, calibration.before)
    (one,) = calibrated.calibrated_classifiers_
    one.estimator = model
    calibrated.estimator = FrozenEstimator(model)
    calibrated.feature_names_in_ = model.feature_names_in_
    calibrated.n_features_in_ = model.n_features_in_
    return calibrated


def temperature_of(calibrated: CalibratedClassifierCV) -> float:
    """Return by what a calibrated model's log odds are divided."""
    (one,) = calibrated.calibrated_classifiers_
    (calibrator,) = one.calibrators
    return float(1 / calibrator.beta_)
