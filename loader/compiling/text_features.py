"""Which of a model's features are texts, as its own encoders tell."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder


def text_positions(part: Any, positions: Sequence[int]) -> set[int]:
    """Return the positions of the features that a fitted part takes as texts.

    Parameters
    ----------
    part : fitted estimator or transformer
    positions : sequence of int
        The feature behind each column that goes in.

    Returns
    -------
    set of int
        Of what ``compile_model`` covers, all: it has texts go through an encoder.
    """
    found: set[int] = set()
    if isinstance(part, CalibratedClassifierCV):
        found = text_positions(part.calibrated_classifiers_[0].estimator, positions)
    elif isinstance(part, Pipeline):
        # An encoder or column transformer changes the columns: what comes after it
        # sees numbers.
        for _, step in part.steps:
            found |= text_positions(step, positions)
            if isinstance(step, (ColumnTransformer, OneHotEncoder)):
                break
    elif isinstance(part, ColumnTransformer):
        for name, branch, _ in part.transformers_:
            chosen = part._transformer_to_input_indices[name]
            found |= text_positions(branch, [positions[i] for i in chosen])
    elif isinstance(part, (OneHotEncoder, OrdinalEncoder)):
        found = {
            position
            for position, categories in zip(positions, part.categories_)
            if are_texts(categories)
        }
    return found


def are_texts(categories: np.ndarray) -> bool:
    """Return whether an encoder's categories are those of a text.

    A text that was missing throughout has one category, which is none.
    """
    return categories.dtype == object and all(
        category is None or isinstance(category, str) or category != category
        for category in categories
    )
