"""From scikit-learn's fitted transformers to formulas over the raw features."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pgchurn.loader.compiling.columns import (
    Column,
    Lookup,
    Number,
    Text,
    Vocabulary,
)
from pgchurn.loader.compiling.errors import NotCompilable
from sklearn.base import TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

Columns = Sequence[Column]
Vocabularies = dict[int, Vocabulary]
Transform = Callable[[Any, Columns, Vocabularies], Columns]


def transform(
    transformer: TransformerMixin | str | None,
    columns: Columns,
    vocabularies: Vocabularies,
) -> Columns:
    """Return the formulas of what a fitted transformer puts out.

    Parameters
    ----------
    transformer : fitted transformer, "passthrough" or None
    columns : sequence of Number, Text or Lookup
        What goes in.
    vocabularies : dict of int to Vocabulary
        Codes of the text features by position; extended here.

    Raises
    ------
    NotCompilable
        Naming the transformer or setting that is not covered.
    """
    if transformer is None or isinstance(transformer, str):
        return columns
    for kind, function in TRANSFORMERS.items():
        if type(transformer) is kind:
            return function(transformer, columns, vocabularies)
    raise NotCompilable(type(transformer).__name__)


def pipeline(
    transformer: Pipeline, columns: Columns, vocabularies: Vocabularies
) -> Columns:
    """Apply the steps of a pipeline of transformers."""
    for _, step in transformer.steps:
        columns = transform(step, columns, vocabularies)
    return columns


def column_transformer(
    transformer: ColumnTransformer, columns: Columns, vocabularies: Vocabularies
) -> Columns:
    """Apply every branch to its own columns and put the results side by side."""
    if transformer.transformer_weights:
        raise NotCompilable("ColumnTransformer with transformer_weights")
    results: list[Column] = []
    for name, branch, _ in transformer.transformers_:
        positions = transformer._transformer_to_input_indices[name]
        if len(positions) == 0 or isinstance(branch, str) and branch == "drop":
            continue
        chosen = [columns[position] for position in positions]
        results += transform(branch, chosen, vocabularies)
    return results


def identity(
    transformer: FunctionTransformer, columns: Columns, vocabularies: Vocabularies
) -> Columns:
    """Pass columns on, which is what "passthrough" is turned into by fitting."""
    if transformer.func is not None:
        raise NotCompilable("FunctionTransformer with a function")
    return columns


def simple_imputer(
    transformer: SimpleImputer, columns: Columns, vocabularies: Vocabularies
) -> Columns:
    """Fill what is missing."""
    if transformer.add_indicator:
        raise NotCompilable("SimpleImputer with add_indicator")
    filled = transformer.missing_values
    if filled is not None and not is_missing(filled):
        raise NotCompilable("SimpleImputer for something other than None or NaN")
    results: list[Column] = []
    for column, statistic in zip(columns, transformer.statistics_):
        if isinstance(column, Text):
            if not vocabularies[column.position].is_null(filled):
                results.append(column)
                continue
            if not isinstance(statistic, str):
                raise NotCompilable("SimpleImputer of a text that fills in no text")
            fill = statistic if column.fill is None else column.fill
            results.append(Text(column.position, fill))
            continue
        if filled is None:
            raise NotCompilable("SimpleImputer of numbers for None")
        if np.isnan(statistic):
            raise NotCompilable("SimpleImputer of a column that was all missing")
        results.append(column.step("fill", statistic))
    return results


def scaler(operations: Sequence[tuple[str, str]]) -> Transform:
    """Return the function for a scaler that does these operations, column by column."""

    def scale(
        transformer: TransformerMixin, columns: Columns, vocabularies: Vocabularies
    ) -> Columns:
        if getattr(transformer, "clip", False):
            raise NotCompilable(f"{type(transformer).__name__} with clip")
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
        return columns

    return scale


def numeric(column: Column) -> Number | Lookup:
    """Return a column that arithmetic can be done on."""
    if isinstance(column, Text):
        raise NotCompilable("a text that is not encoded")
    return column


def one_hot_encoder(
    transformer: OneHotEncoder, columns: Columns, vocabularies: Vocabularies
) -> Columns:
    """Turn each category into a column that is 1 where it occurs."""
    if transformer._infrequent_enabled:
        raise NotCompilable("OneHotEncoder with infrequent categories")
    results = []
    for i, (column, categories) in enumerate(zip(columns, transformer.categories_)):
        inputs = category_inputs(transformer, column, categories, vocabularies)
        dropped = None if transformer.drop_idx_ is None else transformer.drop_idx_[i]
        for index, key in enumerate(inputs):
            if index != dropped:
                missing = missing_value(column, {key: 1.0}, 0.0)
                results.append(Lookup(column.position, {key: 1.0}, 0.0, missing))
    return results


def ordinal_encoder(
    transformer: OrdinalEncoder, columns: Columns, vocabularies: Vocabularies
) -> Columns:
    """Turn each category into its number."""
    if getattr(transformer, "_infrequent_enabled", False):
        raise NotCompilable("OrdinalEncoder with infrequent categories")
    results = []
    for column, categories in zip(columns, transformer.categories_):
        if isinstance(column, Number):
            raise NotCompilable("OrdinalEncoder of numbers")
        unknown = transformer.unknown_value
        default = float("nan") if unknown is None else float(unknown)
        encoded_missing = float(transformer.encoded_missing_value)
        if encoded_missing == default:
            categories = [one for one in categories if not is_missing(one)]
        inputs = category_inputs(transformer, column, categories, vocabularies)
        values = {key: float(number) for number, key in enumerate(inputs)}
        if isinstance(column, Text) and any(map(is_missing, categories)):
            values[inputs[-1]] = encoded_missing
        missing = missing_value(column, values, default)
        results.append(Lookup(column.position, values, default, missing))
    return results


def category_inputs(
    transformer: OneHotEncoder | OrdinalEncoder,
    column: Column,
    categories: Sequence[Any],
    vocabularies: Vocabularies,
) -> Sequence[float]:
    """Return the input, a code or a number, that stands for each category."""
    refuses = transformer.handle_unknown == "error"
    if isinstance(column, Number):
        if refuses:
            raise NotCompilable("an encoder of numbers that refuses unknown ones")
        if any(name != "fill" for name, _ in column.steps) or len(column.steps) > 1:
            raise NotCompilable("an encoder of numbers that were computed")
        if None in categories or any(map(is_missing, categories)):
            raise NotCompilable("an encoder of numbers with a missing category")
        return [float(category) for category in categories]
    if not isinstance(column, Text):
        raise NotCompilable("an encoder of encoded columns")
    vocabulary = vocabularies[column.position]
    vocabulary.refuses_unknown |= refuses
    inputs = [vocabulary.code(vocabulary.key(category)) for category in categories]
    if column.fill is not None:
        vocabulary.agree_on_missing(vocabulary.codes.get(column.fill, -1))
    elif any(map(vocabulary.is_null, categories)):
        vocabulary.agree_on_missing(vocabulary.codes[None])
    else:
        vocabulary.agree_on_missing(-1)
    if refuses:
        known = set(inputs)
        vocabulary.known = (
            known if vocabulary.known is None else vocabulary.known & known
        )
    return inputs


def is_missing(category: Any) -> bool:
    """Return whether a category is the one for missing values."""
    return category != category


def missing_value(
    column: Column, values: Mapping[float, float], default: float
) -> float:
    """Return what NaN is looked up as; a text is never NaN, it has a code."""
    if isinstance(column, Number) and column.steps:
        return values.get(column.steps[0][1], default)
    return default


TRANSFORMERS: dict[type, Transform] = {
    Pipeline: pipeline,
    ColumnTransformer: column_transformer,
    FunctionTransformer: identity,
    SimpleImputer: simple_imputer,
    StandardScaler: scaler([("subtract", "mean_"), ("divide", "scale_")]),
    MinMaxScaler: scaler([("multiply", "scale_"), ("add", "min_")]),
    MaxAbsScaler: scaler([("divide", "scale_")]),
    RobustScaler: scaler([("subtract", "center_"), ("divide", "scale_")]),
    OneHotEncoder: one_hot_encoder,
    OrdinalEncoder: ordinal_encoder,
}
