"""Results of monitoring, as they are kept, and the words for what they say."""

from typing import Any, NamedTuple

from .explanation_rows import quoted

FINDING, OK, TOO_FEW, NOT_JUDGED = "finding", "ok", "too few", "not judged"

# Values that fewer rows have are not told: they may be somebody's alone.
FEWEST_NAMED = 5


class Result(NamedTuple):
    """A row of churn.monitor_results, in the order of churn_internal.measure_drift."""

    version: int | None
    metric: str
    feature: str | None = None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    limit: float | None = None
    n: int = 0
    # None is what no result has: see ``Refusals``.
    verdict: str | None = None
    detail: str | None = None


def quoted_value(value: Any) -> str:
    """Return a category as a sentence has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{quoted(value)}"'
