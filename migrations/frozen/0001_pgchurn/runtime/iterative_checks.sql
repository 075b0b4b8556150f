CREATE OR REPLACE FUNCTION churn_runtime.iterative_checks() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What has to hold of an iterative imputer in a pickle before it may fill anything."""

from typing import Any

import numpy as np

from .estimator_checks import check, within
from .pickle_values import ESTIMATE, class_name

MOST_STEPS = 20_000


def check_iterative_imputer(part: Any) -> None:
    """Refuse steps that estimate numbers, or of numbers, which are none."""
    if "imputation_sequence_" not in vars(part):
        return
    steps = part.imputation_sequence_
    check(
        type(steps) is list and len(steps) <= MOST_STEPS, part, "imputation_sequence_"
    )
    # None of them, where none was wanted or no number was missing.
    rounds = part.n_iter_
    check(type(rounds) is int and 0 <= rounds <= MOST_STEPS, part, "n_iter_")
    for step in steps:
        check(class_name(step) == ESTIMATE, part, "imputation_sequence_")
        numbers = np.array([step.feat_idx, *step.neighbor_feat_idx.ravel()])
        check(within(numbers, part.n_features_in_), part, "imputation_sequence_")
$python$;
COMMENT ON FUNCTION churn_runtime.iterative_checks IS 'What has to hold of an iterative imputer in a pickle before it may fill anything.';
