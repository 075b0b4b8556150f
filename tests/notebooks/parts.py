"""The steps that most notebooks share."""

import functools

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .customers import NUMBERS, TEXTS


def imputed_and_scaled(strategy="median"):
    """Return the steps for numbers."""
    return Pipeline(
        [("imputer", SimpleImputer(strategy=strategy)), ("scaler", StandardScaler())]
    )


def imputed_and_encoded(**options):
    """Return the steps for texts."""
    return Pipeline(
        [
            ("imputer", SimpleImputer(strategy="most_frequent")),
            ("onehot", OneHotEncoder(handle_unknown="ignore", **options)),
        ]
    )


def prepared(numbers=NUMBERS, texts=TEXTS, *, for_numbers=None, for_texts=None, **more):
    """Return the ColumnTransformer of numbers and texts."""
    return ColumnTransformer(
        transformers=[
            ("num", for_numbers or imputed_and_scaled(), listed(numbers)),
            ("cat", for_texts or imputed_and_encoded(), listed(texts)),
        ],
        **more,
    )


def listed(columns):
    """Return columns as a list, unless they are already what a pipeline may be told."""
    return list(columns) if isinstance(columns, tuple) else columns


def classified(classifier, *steps):
    """Return a pipeline that prepares the customers and ends in a classifier."""
    first = steps or (prepared(),)
    named = [(f"step{number}", step) for number, step in enumerate(first)]
    return Pipeline([*named, ("classifier", classifier)])


def of(classifier, *steps):
    """Return what builds such a pipeline."""
    return functools.partial(classified, classifier, *steps)
