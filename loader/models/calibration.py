"""Whether probabilities come true as often as they say, and mending those that do not.

The log odds of a model's members are weighed by a logistic regression: one member alone
is scaled and shifted by it, as by Platt, and several are combined. An average of
probabilities is less sure of itself than what its members know together, and weighing
log odds undoes that. Satopaa, Baron, Foster, Mellers, Tetlock and Ungar, "Combining
multiple probability predictions using a simple logit model", International Journal of
Forecasting, 2014; Platt, "Probabilistic outputs for support vector machines", 1999.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pgchurn.loader.models.averaging import (
    LEAST_WEIGHT,
    Average,
    best_average,
    loss,
    of_what_came,
)
from sklearn.base import ClassifierMixin
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

BINS = 10
FOLDS = 5
# No member counts as surer than this: the log odds of certainty are infinite.
SUREST = 0.999


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
        have some on few rows. Guo, Pleiss, Sun and Weinberger, "On calibration of
        modern neural networks", ICML 2017.
    """
    positive, probabilities = np.asarray(positive, float), np.asarray(probabilities)
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    differences = np.bincount(bins, probabilities - positive, minlength=BINS)
    return float(np.abs(differences).sum() / len(positive))


def weigh_log_odds(
    positive: np.ndarray, said: np.ndarray, surest: float = SUREST, strength: float = 1
) -> Pipeline:
    """Find the weights of log odds under which probabilities come true.

    Parameters
    ----------
    positive : numpy.ndarray of bool, shape (n_samples,)
    said : numpy.ndarray of float, shape (n_samples, n_members)
        Out-of-fold probabilities of the positive class.
    surest : float, default=SUREST
        No probability counts as surer than this.
    strength : float, default=1
        As `LogisticRegression` takes C: how much the rows count, beside that the
        weights be small.

    Returns
    -------
    sklearn.pipeline.Pipeline
        A fitted classifier of such columns.
    """
    ends = np.array([[1 - surest], [surest]]).repeat(said.shape[1], axis=1)
    scaler = MinMaxScaler((1 - 2 * surest, 2 * surest - 1), clip=True).fit(ends)
    # Half the log odds of p are arctanh(2 p - 1).
    log_odds = FunctionTransformer(np.arctanh)
    columns = log_odds.fit_transform(scaler.transform(said))
    weights = LogisticRegression(C=strength, max_iter=1000)
    weights.fit(columns, positive.astype(int))
    return Pipeline([("scaler", scaler), ("log_odds", log_odds), ("weights", weights)])


@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether out-of-fold probabilities come true, and what weighing log odds does.

    Attributes
    ----------
    positive : numpy.ndarray of bool, shape (n_samples,)
    before, after : numpy.ndarray of float, shape (n_samples,)
        Probabilities of the positive class, averaged and by the weighed log odds; the
        same when they need none.
    members : tuple of str
        The algorithms, in the order of their columns.
    weigher : sklearn.pipeline.Pipeline or None
        What weighs the members' log odds; None: they are right as they are.
    """

    positive: np.ndarray
    before: np.ndarray
    after: np.ndarray
    members: tuple[str, ...]
    weigher: Pipeline | None

    def weights(self) -> dict[str, float] | None:
        """Return the weight of each member's log odds, if they are weighed."""
        if self.weigher is None:
            return None
        # Columns are half the log odds.
        (halves,) = self.weigher["weights"].coef_ / 2
        return dict(zip(self.members, halves.tolist()))

    def as_dict(self) -> dict[str, object]:
        """Return what became of the error, JSON-serialisable."""
        return {
            "log_odds_weights": self.weights(),
            "error_before": expected_calibration_error(self.positive, self.before),
            "error_after": expected_calibration_error(self.positive, self.after),
        }


def calibrate(
    positive: np.ndarray, average: Average, said: Mapping[str, np.ndarray]
) -> Calibration:
    """Find out whether out-of-fold probabilities come nearer by weighing log odds.

    The weights of each fold are found on the others, those of the average, too. Log
    odds are weighed when the log loss falls: that of rows the weights were not found
    on.

    Parameters
    ----------
    positive : numpy.ndarray of bool, shape (n_samples,)
        Whether each row is of the positive class.
    average : Average
        What is left as it is where weighing log odds gains nothing.
    said : mapping of str to numpy.ndarray of float, shape (n_samples,)
        Out-of-fold probabilities of the positive class, by algorithm.
    """
    said = {one.algorithm: said[one.algorithm] for one in average.members}
    members = without_slight(positive, said)
    columns = as_columns(said, members)
    before, after = np.empty((2, len(positive)))
    splitter = StratifiedKFold(int(min(FOLDS, np.bincount(positive).min())))
    for others, fold in splitter.split(columns, positive):
        found = best_average(positive[others], {one: said[one][others] for one in said})
        before[fold] = found.of({one: said[one][fold] for one in said})
        weigher = weigh_log_odds(positive[others], columns[others])
        after[fold] = weigher.predict_proba(columns[fold])[:, 1]
    weigher = weigh_log_odds(positive, columns)
    falls = loss(of_what_came(positive, after)) < loss(of_what_came(positive, before))
    if falls and (weigher["weights"].coef_ > 0).all():
        return Calibration(positive, before, after, members, weigher)
    return Calibration(positive, before, before, tuple(said), None)


def without_slight(
    positive: np.ndarray, said: Mapping[str, np.ndarray]
) -> tuple[str, ...]:
    """Return the members, less those of slight weight beside the others'.

    One who is much like another may even get a negative weight, so that its yes counts
    as a no, and nobody could explain a score by it.
    """
    members = tuple(said)
    while len(members) > 1:
        weigher = weigh_log_odds(positive, as_columns(said, members))
        (weights,) = weigher["weights"].coef_
        if weights.min() >= LEAST_WEIGHT * weights.sum():
            break
        members = tuple(np.delete(members, weights.argmin()).tolist())
    return members


def as_columns(said: Mapping[str, np.ndarray], members: tuple[str, ...]) -> np.ndarray:
    """Return what some members said, a column each."""
    return np.column_stack([said[member] for member in members])


def with_weights(
    fitted: list[tuple[str, ClassifierMixin]],
    weigher: Pipeline,
    rows: pd.DataFrame | np.ndarray,
    labels: np.ndarray,
) -> StackingClassifier:
    """Return fitted members under the weights that were found of their log odds.

    `StackingClassifier` by itself would cross-validate each member once more, only to
    find the weights that are known already.

    Parameters
    ----------
    fitted : list of (str, fitted classifier)
    weigher : Pipeline
        As `weigh_log_odds` gives it, of the members in their order.
    rows : pandas.DataFrame or numpy.ndarray, of shape (n_samples, n_features)
        What they were fitted on, or what they could have been.
    labels : numpy.ndarray of shape (n_samples,)
    """
    # A row of each class is enough to learn the classes and the columns.
    _, few = np.unique(labels, return_index=True)
    stack = StackingClassifier(fitted, LogisticRegression(), cv="prefit")
    stack.fit(
        rows.iloc[few] if isinstance(rows, pd.DataFrame) else rows[few], labels[few]
    )
    stack.final_estimator = stack.final_estimator_ = weigher
    return stack
