"""The columns that a ColumnTransformer was told to take, where pandas said which.

Notebooks choose them as ``frame.select_dtypes("number").columns``, or by a Series of
booleans. Fitting has found out where these columns are, and predicting asks for nothing
else. So nothing is read of what pandas made, and the positions stand for it.
"""

from typing import Any

from .pickle_values import MOST_FEATURES, class_name, is_index, require, set_attributes
from .unread import Unread

BRANCHES = ("transformers", "transformers_")
POSITIONS = "_transformer_to_input_indices"
# The columns of ``transformers`` once more, which some releases look at.
TOLD = "_columns"


def set_column_transformer(target: Any, state: Any) -> None:
    """Give a ColumnTransformer its branches, each with columns that can be read."""
    name = class_name(target)
    require(type(state) is dict, name)
    known = state.get(POSITIONS, {})
    require(type(known) is dict, name)
    branches = {
        key: [readable(branch, known, name) for branch in state[key]]
        for key in BRANCHES
        if type(state.get(key)) in (list, tuple)
    }
    if type(state.get(TOLD)) is list and "transformers" in branches:
        columns = [branch[2] for branch in branches["transformers"]]
        told = zip(state[TOLD], columns)
        branches[TOLD] = [own if type(one) is Unread else one for one, own in told]
    set_attributes(target, {**state, **branches})


def readable(branch: Any, known: dict[Any, Any], name: str) -> Any:
    """Return a branch whose columns are positions, if they are none that was read.

    What has not been fitted has no positions yet; it is kept for its parameters.
    """
    if type(branch) is not tuple or len(branch) != 3 or type(branch[2]) is not Unread:
        return branch
    require(type(branch[0]) is str, name)
    positions = known.get(branch[0], [])
    require(type(positions) is list, name)
    require(all(is_index(one, MOST_FEATURES) for one in positions), name)
    return (*branch[:2], [*positions])
