"""Linear classifiers, discriminants, and what is given without looking."""

import functools

import numpy as np
from pgchurn.loader.models.algorithms import ALGORITHMS
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    SGDClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from .customers import (
    imputed,
    matrix,
    of_the_loader,
    on_frame,
    on_gaps,
    on_numbers,
)

PIPELINES = {
    **{
        f"{algorithm}, as trained here": functools.partial(of_the_loader, algorithm)
        for algorithm in ALGORITHMS
    },
    "logistic": lambda: on_numbers(LogisticRegression()),
    "logistic of texts as labels": lambda: LogisticRegression().fit(
        matrix()[0], np.where(matrix()[1], "left", "stayed")
    ),
    "logistic of objects as labels": lambda: LogisticRegression().fit(
        matrix()[0], np.where(matrix()[1], "left", "stayed").astype(object)
    ),
    "logistic in single precision": lambda: LogisticRegression().fit(
        matrix()[0].astype(np.float32), matrix()[1]
    ),
    "logistic with weights of numpy's": lambda: on_numbers(
        LogisticRegression(
            class_weight=dict(zip(np.unique(matrix()[1]), np.array([1.0, 3.0])))
        )
    ),
    "logistic with weights of texts": lambda: LogisticRegression(
        class_weight=dict(zip(np.unique(["left", "stayed"]), np.array([3, 1])))
    ).fit(matrix()[0], np.where(matrix()[1], "left", "stayed")),
    "logistic of a frame": lambda: on_frame(LogisticRegression()),
    "sgd, log loss": lambda: on_numbers(SGDClassifier("log_loss", random_state=0)),
    "sgd, modified huber": lambda: on_numbers(
        SGDClassifier("modified_huber", random_state=0, early_stopping=True)
    ),
    "averaged sgd of a frame": lambda: on_frame(
        SGDClassifier("log_loss", average=True, random_state=0),
        numbers=make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler()),
    ),
    "dummy prior": lambda: on_numbers(DummyClassifier()),
    "dummy constant": lambda: on_numbers(
        DummyClassifier(strategy="constant", constant=True)
    ),
    "linear discriminant": lambda: on_numbers(LinearDiscriminantAnalysis()),
    "quadratic discriminant": lambda: on_numbers(QuadraticDiscriminantAnalysis()),
    "logistic, few weights": lambda: on_frame(
        LogisticRegression(solver="liblinear", l1_ratio=1.0, C=0.2)
    ),
    "logistic without a constant": lambda: on_gaps(
        imputed(
            LogisticRegression(fit_intercept=False, class_weight={False: 1, True: 4}),
            StandardScaler(),
        )
    ),
    "logistic of a strength that was searched": lambda: on_numbers(
        LogisticRegressionCV(
            Cs=3,
            cv=3,
            l1_ratios=(0.0,),
            scoring="neg_log_loss",
            use_legacy_attributes=False,
        )
    ),
    "sgd of an elastic net": lambda: on_frame(
        SGDClassifier(
            "log_loss",
            penalty="elasticnet",
            class_weight="balanced",
            learning_rate="adaptive",
            eta0=0.1,
            random_state=0,
        )
    ),
    "linear discriminant, shrunken": lambda: on_frame(
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        texts=OneHotEncoder(drop="first", handle_unknown="ignore"),
        sparse_threshold=0,
    ),
    "linear discriminant with priors": lambda: on_numbers(
        LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1, priors=[0.3, 0.7])
    ),
    "quadratic discriminant, regularised": lambda: on_frame(
        QuadraticDiscriminantAnalysis(reg_param=0.2, priors=[0.5, 0.5]),
        sparse_threshold=0,
    ),
    "dummy of the most frequent": lambda: on_frame(
        DummyClassifier(strategy="most_frequent")
    ),
}
