"""Pipelines that a data scientist may bring: what the strict loader has to let in.

Each is small, fitted the moment it is asked for, and stands for a family.
"""

import copy
import functools

from . import (
    bayes,
    boosters,
    combined,
    computed,
    linear,
    neighbours,
    networks,
    onnx,
    preprocessing,
    searches,
    selectors,
    trees,
)
from .customers import rows_for

__all__ = ["LEFT_TO_THEIR_PICKLE", "PIPELINES", "fitted", "rows_for"]

PIPELINES = {
    **linear.PIPELINES,
    **trees.PIPELINES,
    **combined.PIPELINES,
    **bayes.PIPELINES,
    **boosters.PIPELINES,
    **networks.PIPELINES,
    **neighbours.PIPELINES,
    **onnx.PIPELINES,
    **preprocessing.PIPELINES,
    **searches.PIPELINES,
    **selectors.PIPELINES,
    **computed.PIPELINES,
}
# What the compiler says of those that serve from their pickle alone.
LEFT_TO_THEIR_PICKLE = {
    "a number that stands for missing": "SimpleImputer for something other than None",
    "a forest of turned scales": "a tree over numbers times a negative weight",
}


@functools.cache
def fitted(name):
    """Return a pipeline of ``PIPELINES``, fitted once.

    It is a copy, since the next one may share a step with it, and fit that again.
    """
    return copy.deepcopy(PIPELINES[name]())
