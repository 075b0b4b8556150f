CREATE OR REPLACE FUNCTION churn_runtime.explanation_rows() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Explanations in words: what SQL returns of contributions, a row for each feature."""

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import ScoringError
from .signature import Feature

# A feature's name, its value, contribution, points, what is typical, and the reason.
ExplainedFeature = tuple[
    str | None, str | None, float | None, float | None, str | None, str | None
]

NOT_KNOWN = "not known"
# More of a text tells a reader of the sentence nothing.
LONGEST_QUOTE = 60
# A tenth of a percentage point, which is what a sentence says, rounded to nothing.
UNNOTICEABLE = 0.0005


def feature_rows(
    features: Sequence[Feature],
    values: Sequence[Any],
    contributions: Sequence[float],
    points: Sequence[float],
    typical: Mapping[str, Any],
    top_k: int | None,
) -> list[ExplainedFeature]:
    """Return an explanation's rows, the largest contributions first.

    Parameters
    ----------
    features : sequence of Feature
    values : sequence of float or str
        Of one row, in the features' order, NaN where it is not known.
    contributions, points : sequence of float
        To the log odds, and to the probability.
    typical : dict
        What is typical of each feature, as the version's reference has it.
    top_k : int or None
        So many features have rows of their own; what the others contribute together
        is a last row, without a name, so that sums remain.
    """
    if top_k is not None and top_k < 1:
        raise ScoringError(
            f"top_k is {top_k}, and must be at least 1",
            hint="Leave it out to have every feature explained.",
        )
    order = sorted(range(len(features)), key=lambda i: -abs(contributions[i]))
    shown, rest = order[:top_k], order[len(features) if top_k is None else top_k :]
    rows: list[ExplainedFeature] = []
    for i in shown:
        value = value_text(features[i], values[i])
        usual = typical_text(features[i], typical)
        told = circumstance(features[i].name, value, usual)
        reason = f"{told}, which {effect(points[i])}"
        shown_value = NOT_KNOWN if value is None else value
        row = (features[i].name, shown_value, contributions[i], points[i], usual)
        rows.append((*row, reason))
    if rest:
        together = sum(points[i] for i in rest)
        reason = f"what is left, {counted(rest)}, {effect(together)}"
        contribution = sum(contributions[i] for i in rest)
        rows.append((None, None, contribution, together, None, reason))
    return rows


def circumstance(name: str, value: str | None, typical: str | None) -> str:
    """Return the part of a sentence that says what a feature is."""
    told = f"{name} is {NOT_KNOWN if value is None else quoted(value)}"
    if typical is None:
        return told
    if value == typical:
        return f"{told}, as is typical"
    return f"{told} (typical: {quoted(typical)})"


def effect(points: float) -> str:
    """Return the part of a sentence that says what that does to the score."""
    if abs(points) < UNNOTICEABLE:
        return "hardly changes the score"
    verb = "raises" if points > 0 else "lowers"
    return f"{verb} the score by {abs(points) * 100:.1f} percentage points"


def counted(rest: Sequence[int]) -> str:
    """Return how many features have no row of their own."""
    return "one feature" if len(rest) == 1 else f"{len(rest)} features"


def value_text(feature: Feature, value: Any) -> str | None:
    """Return a value as the model reads it, as a text; None: it is not known."""
    # What is not equal to itself is NaN.
    if value is None or value != value:
        return None
    if feature.is_text:
        return str(value)
    if feature.kind == "boolean":
        return "true" if value else "false"
    return number_text(float(value))


def number_text(number: float) -> str:
    """Return a double with as many digits as it takes, without a zero behind them."""
    return repr(number).removesuffix(".0")


def typical_text(feature: Feature, typical: Mapping[str, Any]) -> str | None:
    """Return what is typical of a feature, as a text; None: that is not known."""
    return value_text(feature, typical.get(feature.name))


def quoted(value: str) -> str:
    """Return a value as a sentence has it."""
    if len(value) > LONGEST_QUOTE:
        return f"{value[:LONGEST_QUOTE]}..."
    return value if value.strip() else f'"{value}"'
$python$;
COMMENT ON FUNCTION churn_runtime.explanation_rows IS 'Explanations in words: what SQL returns of contributions, a row for each feature.';
