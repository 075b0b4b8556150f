CREATE OR REPLACE FUNCTION churn_runtime.compile_functions() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""NumPy's functions in a FunctionTransformer, and where infinities are refused.

scikit-learn refuses what is infinite wherever a step looks at what it is given. Only
functions put out infinities, and NaN where no value was missing, so only what they put
out is looked at.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import check_array

from .compile_columns import (
    Columns,
    Computed,
    Inputs,
    Lookup,
    NotCompilable,
    numeric,
)
from .compile_computed import computed, gathered
from .form_functions import FINITE, FINITE_OR_MISSING, FUNCTIONS


def function_transformer(
    transformer: FunctionTransformer, columns: Columns, inputs: Inputs
) -> Columns:
    """Apply a function of NumPy's, or pass columns on.

    That is what "passthrough" is turned into by fitting, and histogram gradient
    boosting passes columns through scikit-learn's own check.
    """
    func = transformer.func
    if transformer.validate:
        columns = refuse_infinite(columns, missing=True)
    if func is None or getattr(func, "func", None) is check_array:
        return columns
    for name, function in FUNCTIONS.items():
        if func is function:
            return [*applied(name, columns)]
    raise NotCompilable("FunctionTransformer with a function")


def applied(name: str, columns: Columns) -> Columns:
    """Return a function of columns."""
    with np.errstate(all="ignore"):
        stepped = [numeric(column).step(name, 0.0) for column in columns]
    for before, after in zip(columns, stepped):
        if isinstance(before, Lookup) and not stays_finite(before, after):
            raise NotCompilable(f"a category whose {name} is infinite or none at all")
    return [
        replace(column, may_be_infinite=True, may_be_missing=True)
        if isinstance(column, Computed)
        else column
        for column in apart(stepped, [not isinstance(one, Lookup) for one in stepped])
    ]


def stays_finite(before: Lookup, after: Any) -> bool:
    """Return whether a lookup's values that are finite before are so after."""
    return all(
        np.isfinite(found) or not np.isfinite(given)
        for given, found in zip(
            (before.default, before.missing, *before.values.values()),
            (after.default, after.missing, *after.values.values()),
        )
    )


def refuse_infinite(columns: Columns, missing: bool) -> Columns:
    """Return columns whose infinities are refused, with ``missing`` their NaN, too.

    Those that no function has put out are left as they are.
    """
    refused = [
        isinstance(one, Computed)
        and (one.may_be_infinite or (missing and one.may_be_missing))
        for one in columns
    ]
    name = FINITE if missing else FINITE_OR_MISSING
    stepped = [
        numeric(column).step(name, 0.0) if is_refused else column
        for column, is_refused in zip(columns, refused)
    ]
    return [
        replace(after, may_be_missing=before.may_be_missing and not missing)
        if isinstance(before, Computed) and isinstance(after, Computed) and is_refused
        else after
        for before, after, is_refused in zip(columns, apart(stepped, refused), refused)
    ]


def apart(columns: Columns, chosen: Sequence[bool]) -> Columns:
    """Return columns, the chosen ones computed by a part, whatever reads them."""
    numbers = [column for column, is_chosen in zip(columns, chosen) if is_chosen]
    made = iter(computed(gathered(numbers)) if numbers else ())
    return [next(made) if is_chosen else one for one, is_chosen in zip(columns, chosen)]
$python$;
COMMENT ON FUNCTION churn_runtime.compile_functions IS 'NumPy''s functions in a FunctionTransformer, and where infinities are refused.';
