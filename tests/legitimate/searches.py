"""Searches for the best estimator, and what else a notebook keeps of its validation."""

import importlib

import joblib
import numpy as np
from scipy.stats import loguniform, randint, uniform
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TunedThresholdClassifierCV,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .combined import unfitted
from .customers import (
    customers,
    forest,
    hist,
    imputed,
    matrix,
    on_frame,
    on_gaps,
    on_numbers,
)

# Which scikit-learn offers after ``enable_halving_search_cv`` alone.
halving = importlib.import_module("sklearn.model_selection._search_successive_halving")

STRENGTHS = {"C": [0.1, 1.0]}


def grid(**options):
    """Return an unfitted search for the strength of a logistic regression."""
    options = {"cv": StratifiedKFold(3, shuffle=True, random_state=0)} | options
    return GridSearchCV(LogisticRegression(), STRENGTHS, **options)


def of_a_frame():
    """Return a search over a pipeline that was fitted on a data frame with gaps."""
    values = {
        "logisticregression__C": [0.1, 1.0],
        "columntransformer__numbers__simpleimputer__strategy": ["mean", "median"],
    }
    pipeline = unfitted(on_frame(LogisticRegression()))
    return GridSearchCV(pipeline, values, cv=3, scoring="roc_auc").fit(*customers())


PIPELINES = {
    "grid search": lambda: on_numbers(grid()),
    "grid search over a pipeline of a frame": of_a_frame,
    "grid search over classifiers, cached": lambda: on_gaps(
        GridSearchCV(
            Pipeline(
                [
                    *imputed(StandardScaler()).steps,
                    ("classifier", LogisticRegression()),
                ],
                memory=joblib.Memory(None, verbose=0),
            ),
            {
                "classifier": [LogisticRegression(), RandomForestClassifier(3)],
                "standardscaler": ["passthrough", StandardScaler()],
            },
            cv=ShuffleSplit(2, random_state=0),
            scoring=["roc_auc", "f1"],
            refit="f1",
        )
    ),
    "random search": lambda: on_numbers(
        RandomizedSearchCV(
            make_pipeline(StandardScaler(), LogisticRegression()),
            {
                "logisticregression__C": loguniform(1e-2, 1.0),
                "logisticregression__max_iter": randint(50, 100),
                "logisticregression__tol": uniform(1e-4, 1e-3),
            },
            n_iter=2,
            cv=KFold(2),
            random_state=np.random.RandomState(0),
        )
    ),
    "random search of layers": lambda: on_numbers(
        RandomizedSearchCV(
            make_pipeline(StandardScaler(), MLPClassifier(max_iter=20)),
            {"mlpclassifier__hidden_layer_sizes": [(3,), (3, 2)]},
            n_iter=2,
            cv=2,
            random_state=0,
        )
    ),
    "halving grid search": lambda: on_numbers(
        halving.HalvingGridSearchCV(
            forest(), {"max_depth": [2, 3]}, min_resources=100, cv=2, random_state=0
        )
    ),
    "halving random search": lambda: on_numbers(
        halving.HalvingRandomSearchCV(
            forest(),
            {"max_depth": randint(2, 5)},
            min_resources=100,
            cv=2,
            random_state=0,
        )
    ),
    "search within a pipeline": lambda: on_gaps(
        imputed(
            grid(cv=RepeatedStratifiedKFold(n_splits=2, n_repeats=2)), StandardScaler()
        )
    ),
    "search within a vote": lambda: on_numbers(
        VotingClassifier([("best", grid()), ("forest", forest())], voting="soft")
    ),
    "search within calibration": lambda: on_numbers(
        CalibratedClassifierCV(grid(), cv=StratifiedShuffleSplit(2, random_state=0))
    ),
    "search of searches for a strength": lambda: on_numbers(
        GridSearchCV(
            LogisticRegressionCV(
                Cs=3,
                cv=StratifiedKFold(2),
                scoring=make_scorer(f1_score),
                l1_ratios=(0.0,),
                use_legacy_attributes=False,
            ),
            {"fit_intercept": [True, False]},
            cv=2,
        )
    ),
    "strengths by folds that were told": lambda: on_numbers(
        LogisticRegressionCV(
            Cs=3,
            cv=list(KFold(2).split(matrix()[0])),
            scoring="f1",
            l1_ratios=(0.0,),
            use_legacy_attributes=False,
        )
    ),
    "tuned threshold": lambda: on_numbers(
        TunedThresholdClassifierCV(grid(), scoring=make_scorer(f1_score), cv=2)
    ),
    "fixed threshold": lambda: on_numbers(
        FixedThresholdClassifier(LogisticRegression(), threshold=0.3)
    ),
    "boosting that stops by a scorer": lambda: on_numbers(
        hist(early_stopping=True, scoring="roc_auc", random_state=0)
    ),
}
