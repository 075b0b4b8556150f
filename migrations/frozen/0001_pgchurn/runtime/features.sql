CREATE OR REPLACE FUNCTION churn_runtime.features() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""From the values that SQL hands over to the columns that a model reads.

A column of numbers is a float64 array with NaN for NULL; booleans are 0.0 and 1.0. A
column of texts is an object array of str with NaN for NULL, which is what pandas and
scikit-learn take for a missing category.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from .errors import ScoringError
from .numpy_later import Array, np
from .signature import Feature, Signature

NAN = float("nan")
# The names of a table's 1,600 columns take less, whatever they consist of.
LONGEST_LAYOUT = 1_000_000
INFINITIES = (float("inf"), float("-inf"))

# By feature, in the signature's order: an array of shape (n_rows,).
Columns = dict[str, Array]
# Where each feature stands in the array of numbers or in that of texts.
Positions = list[tuple[Feature, int]]
RowOfTexts = Sequence[str | None]


class Layout(NamedTuple):
    """Names of the profile's columns, in the order of the arrays that SQL passes."""

    number_columns: tuple[str, ...]
    text_columns: tuple[str, ...]

    @classmethod
    def from_json(cls, document: str) -> "Layout":
        """Read what ``churn_internal.layout`` writes, and refuse anything else."""
        try:
            if len(document) > LONGEST_LAYOUT:
                raise ValueError(f"{len(document)} characters")
            numbers, texts = json.loads(document)
            layout = cls(tuple(map(str, numbers)), tuple(map(str, texts)))
        except (TypeError, ValueError, RecursionError) as error:
            raise ScoringError(
                "layout is not two lists of names",
                hint="Pass what churn_internal.layout returns.",
            ) from error
        return layout

    @classmethod
    def of(cls, signature: Signature) -> "Layout":
        """Return the layout of rows that hold a signature's features and no others."""
        return cls(
            tuple(feature.name for feature in signature.numbers()),
            tuple(feature.name for feature in signature.texts()),
        )

    def positions(self, signature: Signature) -> Positions:
        """Return (feature, position) for every feature, in the signature's order."""
        numbers = {name: i for i, name in enumerate(self.number_columns)}
        texts = {name: i for i, name in enumerate(self.text_columns)}
        found = []
        for feature in signature.features:
            wanted, other = (texts, numbers) if feature.is_text else (numbers, texts)
            if feature.name in wanted:
                found.append((feature, wanted[feature.name]))
            elif feature.name in other:
                raise ScoringError(
                    f'feature "{feature.name}" is a {feature.kind} in the model, but '
                    "not in the profile",
                    hint="Change the column's type back, or train a model on the new "
                    "one.",
                    sqlstate="42804",
                )
            else:
                raise missing_feature(feature.name, [*numbers, *texts], "profile")
        return found


def missing_feature(name: str, candidates: Iterable[str], place: str) -> ScoringError:
    """Return the error for a feature that is not there, guessing what was meant."""
    return ScoringError(
        f'feature "{name}" is missing from the {place}',
        hint=f"{guess(name, candidates)}The model needs it under exactly this name.",
        sqlstate="42703",
    )


def guess(name: str, candidates: Iterable[str]) -> str:
    """Return a sentence that says which name was meant, with a blank, or nothing."""
    # Imported here, since a session that scores never needs it.
    import difflib

    alike = difflib.get_close_matches(name, candidates, n=1)
    return f'Perhaps "{alike[0]}" was meant. ' if alike else ""


def columns_from_arrays(
    positions: Positions, numbers: Array, texts: Sequence[RowOfTexts]
) -> Columns:
    """Build a model's columns from the arrays of many rows."""
    columns = {}
    for feature, position in positions:
        if feature.is_text:
            columns[feature.name] = text_column([row[position] for row in texts])
        else:
            columns[feature.name] = numbers[:, position]
    return columns


def text_column(values: Sequence[str | None]) -> Array:
    """Return an object array of str with NaN in place of None."""
    given = [NAN if value is None else value for value in values]
    # Assigned as a list, each would be looked into for a sequence first.
    return np.fromiter(given, object, len(given))


def row_count(columns: Columns) -> int:
    """Return how many rows some columns have."""
    return len(next(iter(columns.values())))


def check_values(signature: Signature, columns: Columns) -> None:
    """Refuse infinities, and NULLs where the signature does not accept them."""
    for feature in signature.features:
        column = columns[feature.name]
        if not feature.is_text and np.isinf(column).any():
            raise infinite_feature(feature)
        # What is not equal to itself is NaN.
        if not feature.accepts_null and (column != column).any():
            raise null_feature(feature)


def acceptable_rows(signature: Signature, columns: Columns) -> Columns:
    """Return the columns without the rows that ``check_values`` would refuse."""
    kept = np.ones(row_count(columns), dtype=bool)
    for feature in signature.features:
        column = columns[feature.name]
        if not feature.is_text:
            kept &= ~np.isinf(column)
        if not feature.accepts_null:
            kept &= (column == column).astype(bool)
    return {name: column[kept] for name, column in columns.items()}


def checked_row(
    features: Sequence[Feature], row: Sequence[float | None]
) -> Sequence[float]:
    """Refuse the same as ``check_values`` in one row; return it with NaN for None.

    The row has one value for each feature: numbers as they are, texts as codes.
    """
    if None in row:
        row = [NAN if value is None else value for value in row]
    filled = cast("Sequence[float]", row)
    total = sum(filled)
    if total - total == 0.0:
        # Neither an infinity nor a NaN, which is the usual case.
        return filled
    for feature, value in zip(features, filled):
        if value in INFINITIES:
            raise infinite_feature(feature)
        if value != value and not feature.accepts_null:
            raise null_feature(feature)
    return filled


def infinite_feature(feature: Feature) -> ScoringError:
    """Return the error for an infinite number."""
    return ScoringError(
        f'feature "{feature.name}" is infinite',
        hint="Store a finite number, or NULL when it is not known.",
    )


def null_feature(feature: Feature) -> ScoringError:
    """Return the error for a NULL that the model was not made for."""
    return ScoringError(
        f'feature "{feature.name}" is null, and the model does not accept that',
        hint="Give it a value, or train a pipeline that imputes it.",
        sqlstate="22004",
    )
$python$;
COMMENT ON FUNCTION churn_runtime.features IS 'From the values that SQL hands over to the columns that a model reads.';
