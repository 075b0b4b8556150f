"""What a public notebook or script does between its data and the file it leaves."""

import io
import pickle
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import joblib

from .customers import FEATURES, KINDS, as_read


def pickled(model):
    """Return what ``pickle.dump`` writes."""
    return pickle.dumps(model)


def pickled_by_the_newest(model):
    """Return what ``pickle.dump`` writes under the newest protocol."""
    return pickle.dumps(model, pickle.HIGHEST_PROTOCOL)


def joblibbed(model):
    """Return what ``joblib.dump`` writes."""
    return written_by_joblib(model)


def joblibbed_small(model):
    """Return what ``joblib.dump`` writes with ``compress=3``."""
    return written_by_joblib(model, compress=3)


def joblibbed_as_gzip(model):
    """Return what ``joblib.dump`` writes for a name that ends in ``.gz``."""
    return written_by_joblib(model, compress=("gzip", 3))


def written_by_joblib(model, **options):
    """Return what ``joblib.dump`` writes."""
    file = io.BytesIO()
    joblib.dump(model, file, **options)
    return file.getvalue()


def yes_or_no(churned):
    """Return labels as the data have them."""
    return churned


def ones(churned):
    """Return labels mapped to 0 and 1."""
    return churned.map({"No": 0, "Yes": 1})


def booleans(churned):
    """Return labels as a comparison gives them."""
    return churned == "Yes"


def all_rows(frame):
    """Return the rows that a model is fitted on: all."""
    return frame


def rows_without_gaps(frame):
    """Return the rows that ``dropna`` leaves."""
    return frame.dropna()


def fitted_at_once(build, rows, labels):
    """Return a model fitted on all rows."""
    return build().fit(rows, labels)


class Notebook(NamedTuple):
    """A model, and how a notebook comes to it and saves it."""

    # Repository and path where such a one was read.
    seen: str
    # Makes the model, not fitted.
    build: Callable[[], Any]
    # The columns that it is given.
    columns: Sequence[str] = FEATURES
    # How the notebook holds its data.
    held: Callable[[Any], Any] = as_read
    # Which rows are left to fit on.
    rows: Callable[[Any], Any] = all_rows
    # What it makes of the labels.
    labels: Callable[[Any], Any] = yes_or_no
    # How it fits.
    fit: Callable[[Callable[[], Any], Any, Any], Any] = fitted_at_once
    # How it saves.
    save: Callable[[Any], bytes] = pickled
    # What the columns are in the database.
    kinds: dict[str, str | None] = KINDS
