CREATE OR REPLACE FUNCTION churn_runtime.raw_readers() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Which encoders and imputers of a classifier see the columns of a profile themselves.

They were fitted on what a client library gave for a NULL: psycopg2 gives None, pandas
NaN, and scikit-learn tells the two apart.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .estimator_checks import COLUMN_TRANSFORMER, ORDINAL_ENCODER
from .pickle_values import class_name
from .signature import Signature

PIPELINE = "sklearn.pipeline.Pipeline"
FEATURE_UNION = "sklearn.pipeline.FeatureUnion"
ONE_HOT_ENCODER = "sklearn.preprocessing._encoders.OneHotEncoder"
ENCODERS = (ONE_HOT_ENCODER, ORDINAL_ENCODER)
# What comes out of them is what goes in, with the gaps filled.
IMPUTER = "sklearn.impute._base.SimpleImputer"
BAGGING = "sklearn.ensemble._bagging.BaggingClassifier"
# Attributes that hold parts which are given the same columns.
MEMBERS = (
    "best_estimator_",
    "calibrated_classifiers_",
    "estimator",
    "estimator_",
    "estimators_",
    "_preprocessor",
)
NAN = float("nan")


class Reader(NamedTuple):
    """An encoder or an imputer that sees a column of the profile."""

    part: Any
    # Of the feature, in the order in which the classifier was fitted.
    position: int
    # An encoder's categories; None: it is an imputer.
    categories: np.ndarray | None


def raw_readers(part: Any, positions: Sequence[int]) -> Iterator[Reader]:
    """Yield the encoders and imputers that see raw columns, by column.

    Parameters
    ----------
    part : estimator or transformer
        What is not fitted in it has no readers.
    positions : sequence of int
        The feature behind each column that goes in.

    Yields
    ------
    Reader
    """
    name = class_name(part)
    held = getattr(part, "__dict__", {})
    if name == PIPELINE:
        for _, step in part.steps:
            yield from raw_readers(step, positions)
            if class_name(step) != IMPUTER and not does_nothing(step):
                break
    elif name == COLUMN_TRANSFORMER:
        for branch_name, branch, _ in held.get("transformers_", ()):
            chosen = part._transformer_to_input_indices[branch_name]
            yield from raw_readers(branch, [positions[i] for i in chosen])
    elif name == FEATURE_UNION:
        for _, branch in part.transformer_list:
            yield from raw_readers(branch, positions)
    elif name in ENCODERS:
        for position, categories in zip(positions, held.get("categories_", ())):
            yield Reader(part, position, categories)
    elif name == IMPUTER and "statistics_" in held:
        for position in positions:
            yield Reader(part, position, None)
    elif name == BAGGING:
        members = zip(held.get("estimators_", ()), held.get("estimators_features_", ()))
        for member, chosen in members:
            yield from raw_readers(member, [positions[i] for i in chosen])
    else:
        for attribute in MEMBERS:
            member = held.get(attribute)
            for one in member if isinstance(member, list) else [member]:
                if one is not None:
                    yield from raw_readers(one, positions)


def fitted_columns(estimator: Any, signature: Signature) -> list[str]:
    """Return the names of the columns that a classifier was fitted on, in their order.

    Those that it drops are no features.
    """
    own = getattr(estimator, "feature_names_in_", None)
    if own is None or not signature.named_columns:
        return [feature.name for feature in signature.features]
    return [str(name) for name in own]


def does_nothing(step: Any) -> bool:
    """Return whether a step of a pipeline passes everything on."""
    return step is None or isinstance(step, str)


def object_columns(estimator: Any, count: int) -> dict[int, float | None]:
    """Return which features a classifier reads as objects, and their missing value.

    Parameters
    ----------
    estimator : fitted classifier
    count : int
        How many features it takes.

    Returns
    -------
    dict of int to (float or None)
        By position: None or NaN.
    """
    readers: dict[int, list[Reader]] = {}
    for reader in raw_readers(estimator, range(count)):
        readers.setdefault(reader.position, []).append(reader)
    return {
        position: missing_value(found)
        for position, found in readers.items()
        if any(map(knows_objects, found))
    }


def knows_objects(reader: Reader) -> bool:
    """Return whether a reader was fitted on a column of objects."""
    known = reader.part.statistics_ if reader.categories is None else reader.categories
    return isinstance(known, np.ndarray) and known.dtype == object


def missing_value(readers: Sequence[Reader]) -> float | None:
    """Return the missing value that the readers of one feature know: None or NaN.

    A category tells best what was missing in training; an imputer only what it was
    told. None, where both were: that is what the database's own client gives.
    """
    categories = [
        category
        for reader in readers
        if reader.categories is not None and knows_objects(reader)
        for category in reader.categories.tolist()
    ]
    if None in categories:
        return None
    if any(category != category for category in categories):
        return NAN
    imputers = [reader.part for reader in readers if reader.categories is None]
    return None if any(one.missing_values is None for one in imputers) else NAN
$python$;
COMMENT ON FUNCTION churn_runtime.raw_readers IS 'Which encoders and imputers of a classifier see the columns of a profile themselves.';
