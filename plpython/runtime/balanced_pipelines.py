"""Pipelines that balance their training, which imbalanced-learn has made.

SMOTE and its kin add and leave out rows while a pipeline is fitted, and do nothing when
it predicts. So a pipeline with samplers is read as scikit-learn's without them; its
library need not be installed.
"""

from typing import Any

from .pickle_values import class_name, require, set_attributes
from .unread import Sampler

VERSION = "_sklearn_version"


def set_pipeline(target: Any, state: Any) -> None:
    """Give a pipeline its steps, less those that have balanced its training."""
    name = class_name(target)
    require(type(state) is dict, name)
    if type(state.get("steps")) is list:
        steps = [step for step in state["steps"] if not is_sampler(step)]
        state = {**state, "steps": steps}
    if VERSION not in state:
        from sklearn import __version__

        # Only what is of scikit-learn itself says its version; so do all the steps.
        state = {**state, VERSION: __version__}
    set_attributes(target, state)


def is_sampler(step: Any) -> bool:
    """Return whether a step is one that only fitting asks for."""
    return type(step) is tuple and len(step) == 2 and type(step[1]) is Sampler
