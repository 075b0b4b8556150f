"""Which of a model's features are texts, as its own encoders tell."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pgchurn.plpython.runtime.raw_readers import raw_readers


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
    return {
        reader.position
        for reader in raw_readers(part, positions)
        if reader.categories is not None and are_texts(reader.categories)
    }


def are_texts(categories: np.ndarray) -> bool:
    """Return whether an encoder's categories are those of a text.

    A text that was missing throughout has one category, which is none.
    """
    return categories.dtype == object and all(
        category is None or isinstance(category, str) or category != category
        for category in categories
    )
