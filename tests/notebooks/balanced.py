"""Pipelines of imbalanced-learn, whose library need not be installed.

Classes stand in for its own: they repeat rows of the rarer class while the pipeline is
fitted, and are pickled by the names that its own have.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler

from .customers import WHOLE_NUMBERS
from .libraries import standing_in, written_by
from .notebook import Notebook, joblibbed, ones, pickled
from .parts import prepared


class Balanced(Pipeline):
    """A pipeline whose samplers take part in fitting alone."""

    def fit(self, rows, labels):
        """Fit each step on what the steps before it have left."""
        for _, step in self.steps[:-1]:
            if hasattr(step, "fit_resample"):
                rows, labels = step.fit_resample(rows, labels)
            else:
                rows = step.fit_transform(rows, labels)
        self.steps[-1][1].fit(rows, labels)
        return self

    def predict_proba(self, rows):
        """Return the probabilities of rows that no sampler has seen."""
        for _, step in self.steps[:-1]:
            if not hasattr(step, "fit_resample"):
                rows = step.transform(rows)
        return self.steps[-1][1].predict_proba(rows)

    def __getstate__(self):
        """Return the steps; only what is of scikit-learn itself says its version."""
        return dict(vars(self))


class Repeating(BaseEstimator):
    """A sampler that repeats what is rare, and keeps what a sampler keeps."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit_resample(self, rows, labels):
        """Return the rows with those of the rarer class twice."""
        labels = np.asarray(labels)
        rarer = min(np.unique(labels), key=lambda one: (labels == one).sum())
        self.sampling_strategy_ = {rarer: np.int64((labels == rarer).sum())}
        self.nn_k_ = NearestNeighbors().fit(np.arange(9.0).reshape(-1, 1))
        chosen = np.append(np.arange(len(labels)), np.flatnonzero(labels == rarer))
        taken = rows.iloc[chosen] if hasattr(rows, "iloc") else rows[chosen]
        return taken, labels[chosen]

    def __getstate__(self):
        """Return what it keeps."""
        return dict(vars(self))


OVER = "imblearn.over_sampling._random_over_sampler"
UNDER = "imblearn.under_sampling._prototype_selection._random_under_sampler"
ImbPipeline = standing_in("imblearn.pipeline", "Pipeline", Balanced)
SMOTE = standing_in("imblearn.over_sampling._smote.base", "SMOTE", Repeating)
RandomOverSampler = standing_in(OVER, "RandomOverSampler", Repeating)
RandomUnderSampler = standing_in(UNDER, "RandomUnderSampler", Repeating)
LIBRARY = (ImbPipeline, SMOTE, RandomOverSampler, RandomUnderSampler)
LOGISTIC = LogisticRegression(max_iter=300)


def pickled_with_library(model):
    """Return what ``pickle.dump`` writes where the library is installed."""
    return written_by(pickled, model, LIBRARY)


def joblibbed_with_library(model):
    """Return what ``joblib.dump`` writes where the library is installed."""
    return written_by(joblibbed, model, LIBRARY)


NOTEBOOKS = {
    "rows added by SMOTE between preparation and classifier": Notebook(
        "Innie4/customer-churn ml-service/app/pipeline/preprocessing.py",
        lambda: ImbPipeline(
            [("prep", prepared()), ("smote", SMOTE(42)), ("model", LOGISTIC)]
        ),
        labels=ones,
        save=joblibbed_with_library,
    ),
    "rows repeated and others left out, for a forest": Notebook(
        "dpaneke/CatBoost_Sklearn_CustomerChurn README.md",
        lambda: ImbPipeline(
            [
                ("over", RandomOverSampler(42)),
                ("prep", prepared()),
                ("under", RandomUnderSampler(42)),
                ("model", RandomForestClassifier(12, max_depth=7, random_state=42)),
            ]
        ),
        save=pickled_with_library,
    ),
    "imblearn's pipeline without a sampler": Notebook(
        "RedLicorice/crypto-forecast pipelines/plain_knn.py",
        lambda: ImbPipeline([("s", RobustScaler()), ("c", KNeighborsClassifier())]),
        columns=WHOLE_NUMBERS,
        save=pickled_with_library,
    ),
    "a search over a pipeline with SMOTE": Notebook(
        "Innie4/customer-churn ml-service/app/pipeline/training.py",
        lambda: GridSearchCV(
            ImbPipeline(
                [("prep", prepared()), ("smote", SMOTE(42)), ("model", LOGISTIC)]
            ),
            {"model__C": [0.1, 1.0]},
            cv=2,
            scoring="roc_auc",
        ),
        save=pickled_with_library,
    ),
}
