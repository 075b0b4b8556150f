"""The signature of a model: what it takes and gives, found out from the estimator."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.labels import TEXTS_FOR_CHURNED
from pgchurn.loader.models.read_columns import fitted_names, read_positions
from pgchurn.loader.models.text_features import text_positions
from pgchurn.loader.models.unscorable import scores_nothing
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.features import NAN
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.base import ClassifierMixin

# Rows of the table that are tried until the model scores one.
MOST_TRIED_ROWS = 100


def feature_names(estimator: ClassifierMixin, given: Sequence[str]) -> list[str]:
    """Return the names of an estimator's features, in order, less what it drops.

    Parameters
    ----------
    estimator : fitted classifier
    given : sequence of str
        Names for an estimator that was fitted without; empty when it has its own.

    Raises
    ------
    LoaderError
        If names are missing, too many or too few, or other than the estimator's own.
    """
    if has_named_columns(estimator):
        own = fitted_names(estimator)
        read = sorted(read_positions(estimator, range(len(own))))
        names = [own[position] for position in read]
        if given and list(given) not in (own, names):
            raise LoaderError(
                f"the model was fitted on {', '.join(own)}; leave --features out"
            )
        return names
    count = getattr(estimator, "n_features_in_", None)
    if not given:
        raise LoaderError(
            f"the model was fitted on a matrix of {count} columns without names; "
            "name them in order with --features"
        )
    if count is not None and len(given) != count:
        raise LoaderError(
            f"the model takes {count} features, --features names {len(given)}"
        )
    return list(given)


def dropped_columns(estimator: ClassifierMixin) -> list[str]:
    """Return the names of the columns that an estimator was fitted on and drops.

    One that was fitted on a matrix has no names; it is given all of its columns.
    """
    if not has_named_columns(estimator):
        return []
    own = fitted_names(estimator)
    read = read_positions(estimator, range(len(own)))
    return [name for position, name in enumerate(own) if position not in read]


def has_named_columns(estimator: ClassifierMixin) -> bool:
    """Return whether an estimator was fitted on a data frame."""
    return getattr(estimator, "feature_names_in_", None) is not None


def two_classes(estimator: ClassifierMixin) -> list[Any]:
    """Return an estimator's two classes as plain values; refuse any other number."""
    classes = np.asarray(estimator.classes_).tolist()
    if len(classes) != 2:
        raise LoaderError(
            f"the model has {len(classes)} classes; a churn score needs two"
        )
    return classes


def positive_index(classes: Sequence[Any], wanted: str | None) -> int:
    """Return which class's probability is the score.

    Parameters
    ----------
    classes : sequence of two bool, int or str
    wanted : str or None
        The class as text; by default that which means yes: true, 1 or a word.

    Raises
    ------
    LoaderError
        If no class, or more than one, is spelled like that, or none was wanted and
        neither class means yes.
    """
    if wanted is None:
        return meaning_yes(classes)
    matching = [
        i for i, one in enumerate(classes) if str(one).lower() == wanted.lower()
    ]
    if len(matching) != 1:
        raise LoaderError(
            f"the classes are {' and '.join(map(repr, classes))}, not {wanted!r}"
        )
    return matching[0]


def meaning_yes(classes: Sequence[Any]) -> int:
    """Return which of two classes means that the customer churned."""
    if set(classes) in ({False, True}, {-1, 1}):
        return list(classes).index(True)
    meant = [
        i
        for i, one in enumerate(classes)
        if isinstance(one, str) and one.lower() in TEXTS_FOR_CHURNED
    ]
    if len(meant) != 1:
        raise LoaderError(
            f"the model's classes are {' and '.join(map(repr, classes))}; say with "
            "--positive-class which of them means that the customer churned"
        )
    return meant[0]


def signature_for_table(
    candidate: Candidate,
    kinds: dict[str, str],
    positive_class: str | None,
    frame: pd.DataFrame,
) -> Signature:
    """Return the signature of a classifier that is to score a table.

    Whether a feature may be null is found out by asking the model.

    Parameters
    ----------
    candidate : Candidate
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in the order in which the model was fitted.
    positive_class : str or None
        As `positive_index` takes it.
    frame : pandas.DataFrame of shape (n_rows, n_features)
        Rows to ask with; may be empty.

    Raises
    ------
    LoaderError
        If it is no binary classifier of such features, or scores none of the rows.
    """
    classes = two_classes(candidate.estimator)
    named = has_named_columns(candidate.estimator)
    index = positive_index(classes, positive_class)

    def signature(accepts_null: dict[str, bool]) -> Signature:
        features = (Feature(n, kinds[n], accepts_null[n]) for n in kinds)
        return Signature(tuple(features), tuple(classes), index, named)

    model = candidate.model(signature(dict.fromkeys(kinds, True)))
    row = example_row(model, kinds, frame)
    return signature({name: scores_without(model, row, name) for name in kinds})


def signature_without_table(
    estimator: ClassifierMixin, features: Sequence[str], positive_class: str | None
) -> Signature:
    """Return the signature as far as the model alone tells it.

    Which number is a boolean, and what may be null, the table and the server find out;
    the compiled form depends on neither.

    Parameters
    ----------
    estimator : fitted classifier, or pipeline that ends in one
    features : sequence of str
        As `feature_names` takes them.
    positive_class : str or None
        As `positive_index` takes it.
    """
    classes = two_classes(estimator)
    names = feature_names(estimator, features)
    fitted = fitted_names(estimator, names)
    positions = text_positions(estimator, range(len(fitted)))
    texts = {fitted[position] for position in positions}
    return Signature(
        tuple(Feature(n, "text" if n in texts else "number", True) for n in names),
        tuple(classes),
        positive_index(classes, positive_class),
        has_named_columns(estimator),
    )


def example_row(
    model: PickledModel, kinds: dict[str, str], frame: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Return the columns of one row that the model scores."""
    rows = [
        {name: frame[name].to_numpy()[i : i + 1] for name in kinds}
        for i in range(min(len(frame), MOST_TRIED_ROWS))
    ]
    rows.append(
        {
            name: np.array([""], object) if kind == "text" else np.zeros(1)
            for name, kind in kinds.items()
        }
    )
    for row in rows:
        try:
            model.probabilities(row)
            return row
        except ScoringError as error:
            failure = error
    raise scores_nothing(model, kinds, rows[0], failure)


def scores_without(model: PickledModel, row: dict[str, np.ndarray], name: str) -> bool:
    """Return whether the model scores a row in which one feature is missing."""
    missing = np.array([NAN], dtype=row[name].dtype)
    try:
        return bool(np.isfinite(model.probabilities({**row, name: missing})).all())
    except ScoringError:
        return False
