"""The fitted preprocessing whose output columns a booster reads."""

import re
from typing import Any

import numpy as np
from pgchurn.loader.boosters.model import Booster
from pgchurn.loader.boosters.parts import shown
from pgchurn.loader.errors import LoaderError
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, SplineTransformer

XGBOOST = "XGBoost"
# LightGBM writes other characters as underscores.
UNUSUAL = re.compile(r"\W")


def classifier_behind(preprocessing: Any, booster: Booster) -> ClassifierMixin:
    """Return a pipeline of fitted preprocessing and a booster.

    Parameters
    ----------
    preprocessing : fitted transformer
    booster : Booster

    Raises
    ------
    LoaderError
        If the booster does not read what the preprocessing puts out.
    """
    if booster.categories:
        feature = min(booster.categories)
        raise LoaderError(
            f"the model has categories of its own, such as those of feature {feature},"
            " which preprocessing may not put out. Encode them in the pipeline, or "
            "leave --pipeline out."
        )
    check_names(preprocessing, booster)
    trees = booster.trees
    if booster.library.startswith(XGBOOST) and gives_sparse(preprocessing, False):
        trees.missing_within_ = zeros_as_missing(trees)
    return Pipeline([("preprocessing", preprocessing), ("trees", trees)])


def check_names(preprocessing: Any, booster: Booster) -> None:
    """Refuse a booster that was fitted on other columns than are put out."""
    try:
        put_out = [str(name) for name in preprocessing.get_feature_names_out()]
    except (AttributeError, ValueError):
        # Some transformers give no names.
        return
    wanted = booster.trees.n_features_in_
    if len(put_out) != wanted:
        raise LoaderError(
            f"the pipeline puts out {len(put_out):,} columns, and the model reads "
            f"{wanted:,}"
        )
    for made, named in zip(put_out, booster.names or put_out):
        if UNUSUAL.sub("_", made) != UNUSUAL.sub("_", named):
            raise LoaderError(
                f"the pipeline puts out the column {shown(made)} where the model reads "
                f"{shown(named)}"
            )


def gives_sparse(step: Any, given: bool) -> bool:
    """Return whether a fitted transformer puts out a sparse matrix.

    Parameters
    ----------
    step : fitted transformer, "passthrough" or None
    given : bool
        Whether it is given one.
    """
    if isinstance(step, Pipeline):
        for _, one in step.steps:
            given = gives_sparse(one, given)
        return given
    if isinstance(step, ColumnTransformer):
        return bool(step.sparse_output_)
    if isinstance(step, FeatureUnion):
        return any(gives_sparse(one, given) for _, one in step.transformer_list)
    if isinstance(step, (OneHotEncoder, SplineTransformer)):
        return bool(step.sparse_output)
    if isinstance(step, KBinsDiscretizer):
        return step.encode == "onehot"
    # What scales, imputes or selects leaves a sparse matrix one.
    return given


def zeros_as_missing(trees: Any) -> np.ndarray:
    """Return that zeros count as missing, where that makes a difference.

    XGBoost takes what a sparse matrix leaves out, which is zeros, as missing.
    """
    inner = trees.left_ != -1
    zero_left = trees.threshold_ >= 0
    apart = trees.feature_[inner & (zero_left != trees.missing_left_)]
    return np.where(np.isin(np.arange(trees.n_features_in_), apart), 0.0, np.nan)
