"""What each feature is worth to a fitted pipeline, on rows it was not fitted on."""

import time

import numpy as np
import pandas as pd
from pgchurn.loader.models.time_budget import TimeBudget, seconds_for
from sklearn.base import ClassifierMixin
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

SCORING = "roc_auc"
REPEATS = 5
# More of them tell hardly more, and cost as much again.
MOST_ROWS = 2_000


def importance_of_features(
    pipeline: ClassifierMixin,
    frame: pd.DataFrame,
    labels: np.ndarray,
    random_state: int,
    budget: TimeBudget,
) -> dict[str, dict[str, float]] | None:
    """Return how much worse the ROC AUC is where a feature's values are shuffled.

    Permutation importance (Breiman 2001, Random forests), as scikit-learn has it.

    Parameters
    ----------
    pipeline : fitted classifier, or pipeline that ends in one
    frame : pandas.DataFrame of shape (n_samples, n_features)
        The test part, of both classes; of many rows, so many as are enough are drawn.
    labels : numpy.ndarray of shape (n_samples,)
    random_state : int
        Seed of what is drawn and shuffled.
    budget : TimeBudget
        Of the whole training.

    Returns
    -------
    dict of str to dict
        Mean and standard deviation of the loss of ROC AUC by feature, in the order of
        the columns; None: there is no time for it.
    """
    if len(frame) > MOST_ROWS:
        frame, _, labels, _ = train_test_split(
            frame,
            labels,
            train_size=MOST_ROWS,
            stratify=labels,
            random_state=random_state,
        )
    started = time.monotonic()
    pipeline.predict_proba(frame)
    taken = time.monotonic() - started
    calls = 1 + REPEATS * frame.shape[1]
    if not budget.allows(seconds_for(calls, taken, 1)):
        return None
    found = permutation_importance(
        pipeline,
        frame,
        labels,
        scoring=SCORING,
        n_repeats=REPEATS,
        random_state=random_state,
    )
    return {
        str(name): {"mean": float(mean), "std": float(std)}
        for name, mean, std in zip(
            frame.columns, found.importances_mean, found.importances_std
        )
    }
