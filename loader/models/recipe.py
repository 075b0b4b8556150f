"""What the training part decides about a model, to be fitted on any rows."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pgchurn.loader.models.algorithms import COMPARED
from pgchurn.loader.models.averaging import Average, best_average
from pgchurn.loader.models.calibration import Calibration, calibrate, with_weights
from pgchurn.loader.models.comparison import Comparison, Progress, compare
from pgchurn.loader.models.evaluation import choose_threshold
from pgchurn.loader.models.pipelines import (
    MOST_CURVED_NUMBERS,
    SPLINES,
    build_pipeline,
    curved_numbers,
)
from pgchurn.loader.models.time_budget import TimeBudget
from sklearn.base import ClassifierMixin
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline


@dataclass(frozen=True, eq=False)
class Recipe:
    """An average of pipelines, or how their log odds are weighed instead.

    Attributes
    ----------
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in feature order.
    curved : collection of str
        As `build_pipeline` takes it.
    random_state : int
        Seed of the classifiers.
    comparison : Comparison
        What the rest follows from.
    average : Average
    calibration : Calibration
        Of what its members say out of fold.
    threshold : float
        Probability from which a customer counts as positive.
    """

    kinds: dict[str, str]
    curved: Collection[str]
    random_state: int
    comparison: Comparison
    average: Average
    calibration: Calibration
    threshold: float

    def fit(self, frame: pd.DataFrame, labels: np.ndarray) -> ClassifierMixin:
        """Return the model: one pipeline as it is, several as a vote or a stack.

        Parameters
        ----------
        frame : pandas.DataFrame of shape (n_samples, n_features)
        labels : numpy.ndarray of shape (n_samples,)
        """
        weigher = self.calibration.weigher
        if weigher is not None:
            fitted = [
                (one, self.pipeline(one).fit(frame, labels))
                for one in self.calibration.members
            ]
            return with_weights(fitted, weigher, frame, labels)
        members = self.average.members
        if len(members) == 1:
            return self.pipeline(members[0].algorithm).fit(frame, labels)
        pipelines = [(one.algorithm, self.pipeline(one.algorithm)) for one in members]
        weights = [one.weight for one in members]
        vote = VotingClassifier(pipelines, voting="soft", weights=weights)
        return vote.fit(frame, labels)

    def pipeline(self, algorithm: str) -> Pipeline:
        """Return the unfitted pipeline of a member."""
        return build_pipeline(
            algorithm, self.kinds, curved=self.curved, random_state=self.random_state
        )


def decide(
    frame: pd.DataFrame,
    labels: np.ndarray,
    kinds: dict[str, str],
    algorithm: str,
    random_state: int,
    *,
    budget: TimeBudget,
    later_rows: int,
    progress: Progress | None,
) -> Recipe:
    """Decide on rows what is to be fitted.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_samples, n_features)
        The training part only.
    labels : numpy.ndarray of shape (n_samples,)
        The labels, of two classes.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in feature order.
    algorithm : str
        One of `ALGORITHMS`, or ``"auto"``.
    random_state : int
        Seed of the folds and the classifiers.
    budget : TimeBudget
    later_rows : int
        Rows that the recipe has to be fitted on afterwards within the budget.
    progress : callable taking a str, or None
        Called with a short message before each fold.
    """
    curved = curved_numbers(frame, kinds)
    algorithms = [algorithm] if algorithm != "auto" else list(COMPARED)
    unsuited = {}
    if not 0 < len(curved) <= MOST_CURVED_NUMBERS:
        if algorithm == "auto":
            algorithms.remove(SPLINES)
            unsuited[SPLINES] = (
                f"{len(curved):,} numbers of many values; it takes 1 to "
                f"{MOST_CURVED_NUMBERS}"
            )
        curved = []
    comparison = compare(
        frame,
        labels,
        kinds,
        algorithms,
        curved=curved,
        random_state=random_state,
        budget=budget,
        later_rows=later_rows,
        progress=progress,
    )
    average = best_average(comparison.positive, comparison.out_of_fold)
    calibration = calibrate(comparison.positive, average, comparison.out_of_fold)
    return Recipe(
        kinds=kinds,
        curved=curved,
        random_state=random_state,
        comparison=replace(comparison, skipped=unsuited | comparison.skipped),
        average=average,
        calibration=calibration,
        threshold=choose_threshold(comparison.positive, calibration.after),
    )
