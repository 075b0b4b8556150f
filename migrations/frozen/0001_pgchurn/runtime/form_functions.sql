CREATE OR REPLACE FUNCTION churn_runtime.form_functions() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""NumPy's own functions of a number, and what is refused of what they put out."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import ScoringError

FUNCTIONS: dict[str, Any] = {
    function.__name__: function
    for function in (
        np.absolute,
        np.arcsinh,
        np.arctan,
        np.arctanh,
        np.cbrt,
        np.ceil,
        np.cos,
        np.exp,
        np.exp2,
        np.expm1,
        np.floor,
        np.log,
        np.log10,
        np.log1p,
        np.log2,
        np.negative,
        np.reciprocal,
        np.rint,
        np.sign,
        np.sin,
        np.sqrt,
        np.square,
        np.tanh,
    )
}
FINITE = "finite"
FINITE_OR_MISSING = "finite or missing"


def finite(values: Any, _: Any = None) -> Any:
    """Return values, none of which is infinite or NaN."""
    if not np.isfinite(values).all():
        raise no_number()
    return values


def finite_or_missing(values: Any, _: Any = None) -> Any:
    """Return values, none of which is infinite."""
    if np.isinf(values).any():
        raise no_number()
    return values


def no_number() -> ScoringError:
    """Return the error for what the model does not take of a function."""
    return ScoringError(
        "row has a value whose function is infinite or none at all",
        detail="A FunctionTransformer puts out what the next step refuses.",
        hint="Correct the row, or train a pipeline that cuts or imputes such values.",
    )


def without_constant(function: Any) -> Callable[[Any, Any], Any]:
    """Return a function as a step that has no use for its constant."""
    return lambda values, _: function(values)


def of_one(step: Callable[[Any, Any], Any]) -> Callable[[float, float], float]:
    """Return a step of a single number, the same to the last bit as of many."""

    def computed(value: float, constant: float) -> float:
        # NumPy warns of single numbers.
        with np.errstate(all="ignore"):
            return float(step(value, constant))

    return computed


FUNCTION_STEPS: dict[str, Callable[[Any, Any], Any]] = {
    **{name: without_constant(function) for name, function in FUNCTIONS.items()},
    FINITE: finite,
    FINITE_OR_MISSING: finite_or_missing,
}
CALLED_FUNCTION_STEPS = {name: of_one(step) for name, step in FUNCTION_STEPS.items()}
$python$;
COMMENT ON FUNCTION churn_runtime.form_functions IS 'NumPy''s own functions of a number, and what is refused of what they put out.';
