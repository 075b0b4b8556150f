"""Which columns of the training data can be features."""

import numpy as np
import pandas as pd
from pgchurn.loader.errors import TrainingError
from pgchurn.loader.models.pipelines import as_features
from pgchurn.plpython.runtime.estimator_checks import LONGEST_CATEGORY

MAX_CATEGORIES = 1_000
MAX_CATEGORIES_MOSTLY_DISTINCT = 50
MAX_DISTINCT_SHARE = 0.5


def usable_features(
    frame: pd.DataFrame, kinds: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Sort features into those to train on and those to leave out.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_samples, n_columns)
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature that was asked for.

    Returns
    -------
    dict of str to str
        Kind of each feature to train on, in the same order.
    dict of str to str
        Why each of the others is left out.

    Raises
    ------
    TrainingError
        If a feature is no column, or no usable feature is left.
    """
    absent = [name for name in kinds if name not in frame.columns]
    if absent:
        raise TrainingError(
            f"no such column: {', '.join(absent)}; "
            "name only columns that the training data has"
        )
    left_out = {}
    for name, kind in kinds.items():
        reason = unusable_text(frame[name]) if kind == "text" else None
        if reason:
            left_out[name] = reason
    features = {name: kind for name, kind in kinds.items() if name not in left_out}
    if not any(frame[name].nunique(dropna=False) > 1 for name in features):
        raise TrainingError(
            "there are no usable features: of the columns given, none differs from "
            "row to row without being an identifier; "
            "add numbers, booleans or texts of few distinct values"
        )
    return features, left_out


def unusable_text(series: pd.Series) -> str | None:
    """Say why a text column cannot serve as a category.

    Parameters
    ----------
    series : pandas.Series of shape (n_samples,)
        A text column, with missing values or without.

    Returns
    -------
    str or None
        The reason, such as that nearly every value occurs once; None for a column
        that can be used.
    """
    values = series.dropna()
    if values.map(len).max() > LONGEST_CATEGORY:
        return f"texts of more than {LONGEST_CATEGORY:,} characters: no categories"
    distinct = values.nunique()
    described = f"{distinct:,} distinct values in {len(values):,} rows"
    if distinct > MAX_CATEGORIES:
        return f"{described}: too many to be categories (over {MAX_CATEGORIES:,})"
    if (
        distinct > MAX_CATEGORIES_MOSTLY_DISTINCT
        and distinct > MAX_DISTINCT_SHARE * len(values)
    ):
        return f"{described}: it identifies customers rather than grouping them"
    return None


def finite_features(frame: pd.DataFrame, features: dict[str, str]) -> pd.DataFrame:
    """Cast the features as `as_features` does, refusing infinite numbers.

    Raises
    ------
    TrainingError
        If a number or boolean is infinite, or not a number at all.
    """
    try:
        rows = as_features(frame, features)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    for name, kind in features.items():
        if kind != "text" and np.isinf(rows[name]).any():
            raise TrainingError(
                f"feature {name!r} holds infinite values; make them null"
            )
    return rows
