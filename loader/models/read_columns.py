"""Which of the columns that a classifier was fitted on it reads at all."""

from collections.abc import Iterable, Sequence
from typing import Any

from pgchurn.plpython.runtime.estimator_checks import COLUMN_TRANSFORMER
from pgchurn.plpython.runtime.pickle_values import class_name
from pgchurn.plpython.runtime.raw_readers import FEATURE_UNION, PIPELINE, does_nothing
from pgchurn.plpython.runtime.searches import SEARCHES

DROP = "drop"
STACK = "sklearn.ensemble._stacking.StackingClassifier"
# By class: the attribute that holds the parts which are given the same columns. What is
# not here reads all that it is given.
MEMBERS = {
    "sklearn.calibration.CalibratedClassifierCV": "calibrated_classifiers_",
    "sklearn.calibration._CalibratedClassifier": "estimator",
    "sklearn.ensemble._voting.VotingClassifier": "estimators_",
    "sklearn.frozen._frozen.FrozenEstimator": "estimator",
    STACK: "estimators_",
}


def fitted_names(estimator: Any, given: Sequence[str] = ()) -> list[str]:
    """Return the names of the columns that a classifier was fitted on, in order.

    Parameters
    ----------
    estimator : fitted classifier
    given : sequence of str
        Names for one that was fitted on a matrix, and has none.
    """
    own = getattr(estimator, "feature_names_in_", None)
    return list(given) if own is None else [str(name) for name in own]


def read_positions(part: Any, positions: Sequence[int]) -> set[int]:
    """Return the positions of the columns that a fitted part reads.

    Parameters
    ----------
    part : fitted estimator or transformer, or the name of what does nothing
    positions : sequence of int
        The column behind each one that goes in.

    Returns
    -------
    set of int
        Without those that a ColumnTransformer drops before anything looks at them.
    """
    name = class_name(part)
    if name == PIPELINE:
        steps = [step for _, step in part.steps if not does_nothing(step)]
        return read_positions(steps[0], positions) if steps else set(positions)
    if name == COLUMN_TRANSFORMER:
        chosen = part._transformer_to_input_indices
        return read_by_all(
            (branch, [positions[i] for i in chosen[branch_name]])
            for branch_name, branch, _ in part.transformers_
        )
    if name == FEATURE_UNION:
        return read_by_all((one, positions) for _, one in part.transformer_list)
    held = SEARCHES.get(name) or MEMBERS.get(name)
    if held is None or (name == STACK and part.passthrough):
        return set(positions)
    members = getattr(part, held)
    members = members if isinstance(members, list) else [members]
    return read_by_all((member, positions) for member in members)


def read_by_all(parts: Iterable[tuple[Any, Sequence[int]]]) -> set[int]:
    """Return what any of some parts reads of what it is given."""
    return set().union(
        *(
            read_positions(part, positions)
            for part, positions in parts
            if not (isinstance(part, str) and part == DROP)
        )
    )
