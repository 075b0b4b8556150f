"""Customers to fit pipelines on, and the ways in which a pipeline is fitted."""

import functools

import numpy as np
import pandas as pd
from pgchurn.loader.models.pipelines import build_pipeline
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["age", "charges", "usage", "complaint_count"]
BOOLEANS = ["paperless"]
TEXTS = ["contract", "channel"]
KINDS = {
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(BOOLEANS, "boolean"),
    **dict.fromkeys(TEXTS, "text"),
}
COLUMNS = ["age", "contract", "charges", "paperless", "channel", "usage"] + NUMBERS[-1:]


@functools.cache
def customers(rows=240, seed=3):
    """Return a frame of numbers, booleans and texts with gaps, and labels."""
    rng = np.random.default_rng(seed)
    contracts = np.array(["month", "one year", "two year"], dtype=object)
    channels = np.array(["web", "tel"], dtype=object)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows).astype(float),
            "contract": pd.Series(rng.choice(contracts, rows), dtype=object),
            "charges": rng.gamma(3, 20, rows),
            "paperless": rng.integers(0, 2, rows).astype(float),
            "channel": pd.Series(rng.choice(channels, rows), dtype=object),
            "usage": rng.normal(10, 4, rows),
            "complaint_count": rng.poisson(1, rows).astype(float),
        }
    )
    odds = frame["complaint_count"] - frame["age"] / 40 + (frame["contract"] == "month")
    labels = rng.random(rows) < 1 / (1 + np.exp(-odds))
    for position, name in enumerate(COLUMNS[:-1]):
        frame.loc[position :: 11 + position, name] = np.nan
    return frame, labels.to_numpy() if hasattr(labels, "to_numpy") else labels


@functools.cache
def matrix():
    """Return the numbers alone, without gaps, as a plain matrix, and labels."""
    frame, labels = customers()
    return frame[NUMBERS].fillna(0.0).to_numpy(), labels


def on_numbers(classifier):
    """Return a classifier fitted on a plain matrix without gaps."""
    return classifier.fit(*matrix())


def on_gaps(classifier):
    """Return a pipeline fitted on a plain matrix with gaps."""
    frame, labels = customers()
    return classifier.fit(frame[NUMBERS].to_numpy(), labels)


def on_frame(classifier, numbers=None, texts=None, **options):
    """Return a pipeline of preprocessing fitted on a data frame with gaps."""
    frame, labels = customers()
    numbers = numbers or make_pipeline(SimpleImputer(), StandardScaler())
    texts = texts or OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        ColumnTransformer(
            [("numbers", numbers, NUMBERS + BOOLEANS), ("texts", texts, TEXTS)],
            **options,
        ),
        classifier,
    ).fit(frame, labels)


def on_columns(pipeline, names):
    """Return a pipeline fitted on some columns of the frame, gaps and all."""
    frame, labels = customers()
    return pipeline.fit(frame[names], labels)


def unfitted(pipeline):
    """Return the steps of a pipeline that was fitted, to be fitted again."""
    return make_pipeline(*(step for _, step in pipeline.steps))


def on_complete(pipeline, names=COLUMNS):
    """Return a pipeline fitted on some columns of the customers without gaps."""
    frame, labels = customers()
    whole = frame[names].notna().all(axis=1)
    return pipeline.fit(frame.loc[whole, names], labels[whole])


def of_the_loader(algorithm):
    """Return what ``pgchurn train`` builds."""
    frame, labels = customers()
    return build_pipeline(algorithm, KINDS).fit(frame, labels)


def hist(**options):
    """Return unfitted histogram gradient boosting of a few small trees."""
    return HistGradientBoostingClassifier(max_iter=6, max_leaf_nodes=8, **options)


def forest(**options):
    """Return an unfitted forest of a few small trees."""
    return RandomForestClassifier(6, max_depth=5, random_state=0, **options)


def imputed(classifier, *scalers):
    """Return an unfitted pipeline for numbers with gaps."""
    return make_pipeline(SimpleImputer(), *scalers, classifier)


def seeded(classifier):
    """Return a classifier whose random_state is a generator, not a number."""
    return classifier.set_params(random_state=np.random.RandomState(5))


def rows_for(estimator):
    """Return rows to score: with gaps and unseen texts where the estimator takes them.

    Returns
    -------
    pandas.DataFrame or ndarray of shape (n_rows, n_features)
    """
    frame, _ = customers(rows=60, seed=4)
    if not hasattr(estimator, "feature_names_in_"):
        rows = frame[NUMBERS].to_numpy()[:, : estimator.n_features_in_]
        return next(taken(estimator, (rows, np.nan_to_num(rows))))
    rows = frame[list(estimator.feature_names_in_)]
    unseen = rows.copy()
    if "contract" in unseen:
        unseen.loc[::13, "contract"] = "never seen"
    known, _ = customers()
    known = known[list(estimator.feature_names_in_)].iloc[:60]
    complete = known.dropna().reset_index(drop=True)
    return next(taken(estimator, (unseen, rows, known, complete)))


def taken(estimator, candidates):
    """Yield those of some rows that an estimator takes."""
    for rows in candidates:
        try:
            estimator.predict_proba(rows)
        except ValueError:
            continue
        yield rows
