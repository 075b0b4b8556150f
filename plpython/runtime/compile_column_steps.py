"""Columns that are computed of others step by step, or looked up, as formulas."""

from dataclasses import replace

import numpy as np

from .column_steps import ColumnSteps
from .compile_columns import Column, Columns, Computed, Inputs, Lookup, Number, numeric
from .compile_sums import matrix
from .form_parts import Matrix


def column_steps(transformer: ColumnSteps, columns: Columns, inputs: Inputs) -> Columns:
    """Return formulas of what is computed of each column."""
    results: list[Column] = []
    # What is looked up in several tables is computed once.
    parts: dict[tuple[object, ...], Matrix] = {}
    for place, source in enumerate(transformer.sources_.tolist()):
        steps = transformer.steps_of(place)
        column = numeric(columns[source])
        with np.errstate(all="ignore"):
            for name, constant in steps:
                column = column.step(name, constant)
        if transformer.is_table_[place]:
            if not is_plain(column):
                key = (source, *steps)
                if key not in parts:
                    parts[key] = matrix([column])
                column = Computed(parts[key], Number(0))
            column = looked_up(transformer, place, column)
        results.append(column)
    return results


def is_plain(column: Number | Lookup | Computed) -> bool:
    """Return whether a table may be looked up by a column as it is."""
    if isinstance(column, Computed):
        return is_plain(column.column)
    return isinstance(column, Lookup) or not column.steps


def looked_up(
    transformer: ColumnSteps, place: int, column: Number | Lookup | Computed
) -> Lookup | Computed:
    """Return the lookup of a column."""
    if isinstance(column, Computed):
        found = looked_up(transformer, place, column.column)
        return replace(column, column=found, may_be_missing=False)  # type: ignore[arg-type]
    keys, entries = transformer.table_of(place)
    values = dict(zip(keys.tolist(), entries.tolist()))
    default = float(transformer.defaults_[place])
    missing = float(transformer.missing_[place])
    if isinstance(column, Lookup):
        return column.mapped(lambda v: values.get(v, default) if v == v else missing)
    # What every other number is given need not be listed.
    listed = {key: value for key, value in values.items() if value != default}
    return Lookup(column.position, listed, default, missing)
