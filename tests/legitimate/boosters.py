"""Boosted trees of other libraries, read from the files of ``tests.boosters``."""

import functools
import json

import numpy as np
from pgchurn.loader.boosters.classifier import classifier_of_columns
from pgchurn.loader.boosters.files import read_booster
from pgchurn.loader.boosters.preprocessing import classifier_behind
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.databases import CHECKOUT

from .customers import TEXTS, customers

FOLDER = CHECKOUT / "tests/boosters/files"
EXPECTED = FOLDER / "expected.json"
NO_TEXT = "none"
ROWS = {"rows": 60, "seed": 4}


def expected():
    """Return what was written of each file, by its name.

    Returns
    -------
    dict of str to dict
        The library with its version, the features, whether texts are never missing,
        whether it reads what `preprocessing` puts out, and the probabilities of
        `rows_of`.
    """
    return json.loads(EXPECTED.read_text())


FILES = tuple(expected())


def content_of(file):
    """Return the bytes of a file."""
    return (FOLDER / file).read_bytes()


@functools.cache
def classifier(file):
    """Return the classifier of a file, as it is registered."""
    booster = read_booster(content_of(file), file)
    if expected()[file]["encoded"]:
        return classifier_behind(preprocessing(), booster)
    return classifier_of_columns(booster, [])


@functools.cache
def preprocessing():
    """Return fitted preprocessing that puts out a sparse matrix."""
    return make_column_transformer(
        (StandardScaler(), ["age", "charges"]),
        (OneHotEncoder(handle_unknown="ignore"), TEXTS),
        ("passthrough", ["complaint_count"]),
        sparse_threshold=1.0,
    ).fit(customers()[0])


def rows_of(file):
    """Return the rows whose probabilities were written."""
    described = expected()[file]
    return frame_of(described["features"], described["complete"], **ROWS)


def frame_of(features, complete, **options):
    """Return customers with some features, whose texts may have to be complete."""
    frame = customers(**options)[0][features].copy()
    if complete:
        texts = [name for name in features if name in TEXTS]
        frame[texts] = frame[texts].fillna(NO_TEXT)
    return frame


def probabilities_of(file):
    """Return what the library says of these rows, of the second class."""
    return np.array(expected()[file]["probabilities"])


PIPELINES = {
    f"boosted trees of {file}": functools.partial(classifier, file) for file in FILES
}
