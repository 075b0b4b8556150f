"""From scikit-learn's fitted transformers to formulas over the raw features."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from .column_steps import ColumnSteps
from .compile_column_steps import column_steps
from .compile_columns import (
    Column,
    Columns,
    Inputs,
    Lookup,
    NotCompilable,
    Number,
    Text,
    Vocabulary,
    numeric,
)
from .compile_computed import COMPUTING
from .compile_functions import function_transformer, refuse_infinite
from .compile_imputers import IMPUTERS, is_missing
from .compile_selection import SELECTORS, selected
from .features import NAN

Transform = Callable[[Any, Columns, Inputs], Columns]
# What passes on whatever it is given, infinities too.
UNCHECKING = (
    *(Pipeline, ColumnTransformer, FeatureUnion, FunctionTransformer, ColumnSteps),
)
INFINITY = float("inf")
# What an encoder does with the unknown where there are infrequent categories.
MAKES_INFREQUENT = ("infrequent_if_exist", "warn")


def transform(
    transformer: Any,
    columns: Columns,
    inputs: Inputs,
) -> Columns:
    """Return the formulas of what a fitted transformer puts out.

    Parameters
    ----------
    transformer : fitted transformer, "passthrough" or None
    columns : sequence of Number, Text or Lookup
        What goes in.
    inputs : Inputs
        Whose vocabularies are extended here.

    Raises
    ------
    NotCompilable
        Naming the transformer or setting that is not covered.
    """
    if transformer is None or isinstance(transformer, str):
        return columns
    if type(transformer) not in UNCHECKING:
        columns = refuse_infinite(columns, missing=False)
    for kind, function in TRANSFORMERS.items():
        if type(transformer) is kind:
            return function(transformer, columns, inputs)
    raise NotCompilable(type(transformer).__name__)


def pipeline(transformer: Pipeline, columns: Columns, inputs: Inputs) -> Columns:
    """Apply the steps of a pipeline of transformers."""
    for _, step in transformer.steps:
        columns = transform(step, columns, inputs)
    return columns


def column_transformer(
    transformer: ColumnTransformer, columns: Columns, inputs: Inputs
) -> Columns:
    """Apply every branch to its own columns and put the results side by side."""
    weights = transformer.transformer_weights or {}
    results: list[Column] = []
    for name, branch, _ in transformer.transformers_:
        positions = transformer._transformer_to_input_indices[name]
        if len(positions) == 0 or isinstance(branch, str) and branch == "drop":
            continue
        chosen = [columns[position] for position in positions]
        results += weighted(transform(branch, chosen, inputs), weights.get(name))
    return results


def feature_union(
    transformer: FeatureUnion, columns: Columns, inputs: Inputs
) -> Columns:
    """Apply every transformer to all columns and put the results side by side."""
    weights = transformer.transformer_weights or {}
    results: list[Column] = []
    for name, branch in transformer.transformer_list:
        if not (isinstance(branch, str) and branch == "drop"):
            made = transform(branch, columns, inputs)
            results += weighted(made, weights.get(name))
    return results


def weighted(columns: Columns, weight: float | None) -> Columns:
    """Return columns times a transformer's weight, if it has one."""
    if weight is None:
        return columns
    return [numeric(column).step("multiply", weight) for column in columns]


def scaler(operations: Sequence[tuple[str, str]]) -> Transform:
    """Return the function for a scaler that does these operations, column by column."""

    def scale(transformer: Any, columns: Columns, inputs: Inputs) -> Columns:
        for name, attribute in operations:
            constants = getattr(transformer, attribute, None)
            if attribute == "mean_" and not transformer.with_mean:
                # It is there, and not subtracted.
                continue
            if constants is not None:
                columns = [
                    numeric(column).step(name, constant)
                    for column, constant in zip(columns, constants)
                ]
        if getattr(transformer, "clip", False):
            columns = [clipped(transformer, column) for column in columns]
        return columns

    return scale


def clipped(transformer: Any, column: Column) -> Column:
    """Return a column cut to the range of a scaler."""
    if type(transformer) is MinMaxScaler:
        lowest, highest = transformer.feature_range
    else:
        lowest, highest = -1.0, 1.0
    return numeric(column).step("at least", lowest).step("at most", highest)


def one_hot_encoder(
    transformer: OneHotEncoder, columns: Columns, inputs: Inputs
) -> Columns:
    """Turn each category, or the infrequent ones together, into 1 where it occurs."""
    dropped = transformer._drop_idx_after_grouping
    results: list[Column] = []
    for i, (column, categories) in enumerate(zip(columns, transformer.categories_)):
        keys = category_keys(transformer, column, categories, inputs)
        groups, infrequent = grouped(transformer, i, len(categories))
        unknown = infrequent if transformer.handle_unknown in MAKES_INFREQUENT else None
        for group in range(max(groups, default=-1) + 1):
            if dropped is not None and dropped[i] == group:
                continue
            values = {key: float(one == group) for key, one in zip(keys, groups)}
            default = float(group == unknown)
            results.append(lookup(column, values, default, inputs))
    return results


def ordinal_encoder(
    transformer: OrdinalEncoder, columns: Columns, inputs: Inputs
) -> Columns:
    """Turn each category into its number."""
    results: list[Column] = []
    for i, (column, categories) in enumerate(zip(columns, transformer.categories_)):
        unknown = transformer.unknown_value
        # Without one, what is unknown is refused, and never gets there.
        default = 0.0 if unknown is None else float(unknown)
        encoded_missing = float(transformer.encoded_missing_value)
        if isinstance(column, Text) and encoded_missing == unknown:
            categories = [one for one in categories if not is_missing(one)]
        keys = category_keys(transformer, column, categories, inputs)
        groups, _ = grouped(transformer, i, len(categories))
        values = {
            key: encoded_missing if is_missing(category) else float(group)
            for key, category, group in zip(keys, categories, groups)
        }
        results.append(lookup(column, values, default, inputs))
    return results


def target_encoder(
    transformer: TargetEncoder, columns: Columns, inputs: Inputs
) -> Columns:
    """Turn each category into how often it was of the second class."""
    if transformer.target_type_ == "multiclass":
        raise NotCompilable("TargetEncoder of more than two classes")
    results: list[Column] = []
    for column, categories, encoding in zip(
        columns, transformer.categories_, transformer.encodings_
    ):
        keys = category_keys(transformer, column, categories, inputs)
        values = dict(zip(keys, np.asarray(encoding, float).tolist()))
        default = float(transformer.target_mean_)
        results.append(lookup(column, values, default, inputs))
    return results


def grouped(
    transformer: OneHotEncoder | OrdinalEncoder, column: int, count: int
) -> tuple[list[int], int | None]:
    """Return the number that each category is given, and that of the infrequent."""
    if not getattr(transformer, "_infrequent_enabled", False):
        return list(range(count)), None
    mapping = transformer._default_to_infrequent_mappings[column]
    if mapping is None:
        return list(range(count)), None
    groups = [int(group) for group in mapping[:count]]
    groups += range(len(groups), count)
    return groups, groups[transformer._infrequent_indices[column][0]]


def lookup(
    column: Column, values: dict[float, float], default: float, inputs: Inputs
) -> Lookup:
    """Return a lookup of the values of keys; the key NaN is that of a missing number.

    A text is never NaN, it has a code.
    """
    missing = next((value for key, value in values.items() if key != key), default)
    known = {key: value for key, value in values.items() if abs(key) < INFINITY}
    if isinstance(column, Lookup):
        return column.mapped(lambda v: known.get(v, default) if v == v else missing)
    if isinstance(column, Number) and column.steps:
        missing = known.get(column.steps[0][1], default)
    codes = 0
    if isinstance(column, Text):
        vocabulary = inputs.vocabularies[column.position]
        if vocabulary.null_apart and column.fill is not None:
            filled = vocabulary.codes.get(column.fill, -1)
            known[vocabulary.code(None)] = known.get(filled, default)
        codes = vocabulary.count()
    # What every other input is given need not be listed.
    listed = {key: value for key, value in known.items() if value != default}
    return Lookup(column.position, listed, default, missing, codes=codes)  # type: ignore[union-attr]


def category_keys(
    transformer: OneHotEncoder | OrdinalEncoder | TargetEncoder,
    column: Column,
    categories: Iterable[Any],
    inputs: Inputs,
) -> Sequence[float]:
    """Return the input, a code or a number, that stands for each category."""
    refuses = getattr(transformer, "handle_unknown", "ignore") == "error"
    if isinstance(column, Text):
        return text_keys(
            inputs.vocabularies[column.position], column, categories, refuses
        )
    if isinstance(column, Lookup):
        return encoded_keys(column, categories, refuses)
    number = numeric(column)
    if not isinstance(number, Number) or not is_only_filled(number):
        raise NotCompilable("an encoder of numbers that were computed")
    null = inputs.nulls.get(number.position, NAN)
    keys = [number_key(category, null) for category in categories]
    if refuses:
        inputs.refuse_others(number.position, known_numbers(number, keys))
    return keys


def is_only_filled(column: Number) -> bool:
    """Return whether a number is as it was given, but for one that stands for NaN."""
    return [name for name, _ in column.steps] in ([], ["fill"])


def text_keys(
    vocabulary: Vocabulary, column: Text, categories: Iterable[Any], refuses: bool
) -> Sequence[float]:
    """Return the codes of categories, which are given one where they have none."""
    codes = [vocabulary.code(vocabulary.key(category)) for category in categories]
    known = set(codes)
    if column.fill is not None:
        filled = vocabulary.codes.get(column.fill, -1)
        if vocabulary.null_apart:
            missing = vocabulary.code(None)
            known |= {missing} if filled in known else set()
        else:
            missing = filled
        vocabulary.agree_on_missing(missing)
    elif None in vocabulary.codes and vocabulary.codes[None] in known:
        vocabulary.agree_on_missing(vocabulary.codes[None])
    else:
        unknown = vocabulary.code(None) if vocabulary.null_apart else -1
        vocabulary.agree_on_missing(unknown)
    if refuses:
        vocabulary.refuse_others(known)
    return codes


def encoded_keys(
    column: Lookup, categories: Iterable[Any], refuses: bool
) -> Sequence[float]:
    """Return the numbers that another encoder puts out and this one knows."""
    if any(isinstance(category, str) for category in categories):
        raise NotCompilable("an encoder of numbers as texts")
    keys = [number_key(category, NAN) for category in categories]
    given = (column.default, column.missing, *column.values.values())
    if refuses and not {one for one in given if one == one} <= set(keys):
        raise NotCompilable("an encoder that refuses what another one puts out")
    return keys


def known_numbers(column: Number, keys: Sequence[float]) -> frozenset[float | None]:
    """Return the numbers that an encoder knows, with None where it knows NULL."""
    known: set[float | None] = {key for key in keys if abs(key) < INFINITY}
    fill = column.steps[0][1] if column.steps else NAN
    if fill in known or (is_missing(fill) and any(map(is_missing, keys))):
        known.add(None)
    return frozenset(known)


def number_key(category: Any, null: float | None) -> float:
    """Return the number that is a category, NaN for the missing one that is given.

    Numbers are given with either None or NaN for what is missing. The other one never
    occurs, nor does an infinity.
    """
    if category is None or is_missing(category):
        return NAN if (category is None) == (null is None) else INFINITY
    return float(category)


TRANSFORMERS: dict[type, Transform] = {
    Pipeline: pipeline,
    ColumnTransformer: column_transformer,
    FunctionTransformer: function_transformer,
    FeatureUnion: feature_union,
    StandardScaler: scaler([("subtract", "mean_"), ("divide", "scale_")]),
    MinMaxScaler: scaler([("multiply", "scale_"), ("add", "min_")]),
    MaxAbsScaler: scaler([("divide", "scale_")]),
    RobustScaler: scaler([("subtract", "center_"), ("divide", "scale_")]),
    OneHotEncoder: one_hot_encoder,
    OrdinalEncoder: ordinal_encoder,
    TargetEncoder: target_encoder,
    ColumnSteps: column_steps,
    **COMPUTING,
    **IMPUTERS,
    **dict.fromkeys(SELECTORS, selected),
}
