"""From a JSON object to the columns of one row."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ScoringError
from .features import NAN, Columns, missing_feature, text_column
from .signature import Feature, Signature

JSON_NUMBERS = {"NaN": NAN, "Infinity": float("inf"), "-Infinity": float("-inf")}

# Any longer number is too large for a double.
LONGEST_INTEGER = 400


def values_from_json(text: str | None) -> Any:
    """Decode a JSON text, whose whole numbers may be of any length."""
    return json.loads(text or "null", parse_int=json_integer)


def documents_from_json(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Decode JSON objects, such as logged features are, all of them at once."""
    joined = f"[{','.join(texts)}]"
    try:
        return json.loads(joined)
    except ValueError:
        # A whole number of more digits than Python reads at once.
        return values_from_json(joined)


def json_integer(digits: str) -> float:
    """Return a whole number, as a double where it is long."""
    return float(digits) if len(digits) > LONGEST_INTEGER else int(digits)


def columns_from_json(signature: Signature, values: Any) -> Columns:
    """Build the columns of one row from a decoded JSON object.

    Keys that are no features are ignored, so that a whole row can be passed.
    """
    if not isinstance(values, dict):
        raise ScoringError(
            "features must be a JSON object",
            hint='Pass {"feature": value, ...} with every feature of the model.',
        )
    columns = {}
    for feature in signature.features:
        if feature.name not in values:
            raise missing_feature(feature.name, values, "given values")
        value = values[feature.name]
        if feature.is_text:
            if not isinstance(value, (str, type(None))):
                raise wrong_kind(feature, value)
            columns[feature.name] = text_column([value])
        else:
            columns[feature.name] = np.array([json_number(feature, value)])
    return columns


def json_number(feature: Feature, value: Any) -> float:
    """Return a JSON value of a number or boolean feature as a float."""
    if value is None:
        return NAN
    if isinstance(value, str) and value in JSON_NUMBERS:
        return JSON_NUMBERS[value]
    if isinstance(value, (bool, int, float)):
        try:
            number = float(value)
        except OverflowError:
            raise wrong_kind(feature, value) from None
        if feature.kind == "number" or number in (0.0, 1.0):
            return number
    raise wrong_kind(feature, value)


def wrong_kind(feature: Feature, value: Any) -> ScoringError:
    """Return the error for a value that its feature cannot take."""
    return ScoringError(
        f'feature "{feature.name}" is a {feature.kind}, not {value!r}',
        hint="Pass null for a value that is not known.",
    )
