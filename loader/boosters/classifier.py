"""Making the classifier that is registered of a booster."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pgchurn.loader.boosters.model import Booster, Categories, Unknown
from pgchurn.loader.boosters.parts import shown
from pgchurn.loader.errors import LoaderError
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

NAN = float("nan")
# What a text becomes that is none of the categories.
OTHER_CATEGORY = -1


def classifier_of_columns(booster: Booster, features: Sequence[str]) -> ClassifierMixin:
    """Return a booster as a classifier of the columns of a table.

    Parameters
    ----------
    booster : Booster
    features : sequence of str
        Names in place of those in the file; empty for these.

    Raises
    ------
    LoaderError
        If there are no names, or too many or few, if its categories are none, or the
        file does not tell which they are.
    """
    if booster.needs_pipeline is not None:
        raise LoaderError(booster.needs_pipeline)
    trees = booster.trees
    names = list(features) or booster.names
    if names is None:
        raise no_names(trees.n_features_in_)
    check_features(names, trees.n_features_in_)
    if not booster.categories:
        trees.feature_names_in_ = np.array(names, dtype=object)
        return trees
    transformer = numbers_of_categories(names, booster.categories)
    return Pipeline([("categories", transformer), ("trees", trees)])


def no_names(count: int) -> LoaderError:
    """Return the error about a model whose features have no names."""
    return LoaderError(
        f"the model was fitted on a matrix of {count} columns without names; name them "
        "in order with --features"
    )


def check_features(names: Sequence[str], count: int) -> None:
    """Refuse names that are not as many as the features, or not distinct."""
    if len(names) != count:
        raise LoaderError(
            f"the model takes {count} features, --features names {len(names)}"
        )
    if len(set(names)) < len(names):
        raise LoaderError("the model has two features of the same name")


def numbers_of_categories(
    names: Sequence[str], listed: dict[int, Categories]
) -> ColumnTransformer:
    """Return what turns categories into their numbers, and passes on the other columns.

    Parameters
    ----------
    names : sequence of str
        Of the columns of the table.
    listed : dict of int to Categories
        By position.
    """
    encoders: list[tuple[str, Any, list[str]]] = []
    example: dict[str, pd.Series] = {}
    for place, name in enumerate(names):
        categories = listed.get(place)
        if categories is None:
            encoders.append((f"column {place}", "passthrough", [name]))
            example[name] = pd.Series([0.0])
        else:
            check_categories(categories, name)
            encoders.append((f"column {place}", encoder(categories), [name]))
            example[name] = pd.Series([categories.values[0]], dtype=kind_of(categories))
    transformer = ColumnTransformer(encoders, sparse_threshold=0)
    return transformer.fit(pd.DataFrame(example))


def check_categories(categories: Categories, name: str) -> None:
    """Refuse categories that are the same, and numbers out of order."""
    values = categories.values
    if len(set(values)) < len(values) or len(values) == 0:
        raise LoaderError(f"feature {shown(name)} has a category twice, or none")
    if not categories.are_texts and list(values) != sorted(values):
        raise LoaderError(
            f"feature {shown(name)} has numbers as categories that do not rise. Train "
            "it on categories in their order, such as those of astype('category')."
        )


def kind_of(categories: Categories) -> type:
    """Return the type of a column of categories."""
    return object if categories.are_texts else float


def encoder(categories: Categories) -> OrdinalEncoder:
    """Return what turns a category into its number, and NULL into NaN."""
    known: np.ndarray = np.array([*categories.values, NAN], dtype=kind_of(categories))
    if categories.unknown is Unknown.REFUSED:
        return OrdinalEncoder(categories=[known])
    unknown = NAN if categories.unknown is Unknown.MISSING else OTHER_CATEGORY
    return OrdinalEncoder(
        categories=[known],
        handle_unknown="use_encoded_value",
        unknown_value=unknown,
    )
