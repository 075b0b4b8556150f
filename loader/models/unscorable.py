"""Why a model scores no row, or not a certain one: which feature, and which value."""

from collections.abc import Sequence

import numpy as np
from pgchurn.loader.errors import LoaderError
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.features import Columns
from pgchurn.plpython.runtime.pickled import PickledModel

ENCODED = (
    "the model takes feature {name!r} as a number, and in the table it is a text, such "
    "as {value!r}: it was encoded before the model was fitted. Put the encoder into "
    "the pipeline, such as make_column_transformer((OneHotEncoder(handle_unknown="
    "'ignore'), [{name!r}]), remainder='passthrough'), and fit that on the texts"
)
UNKNOWN = (
    ". OneHotEncoder(handle_unknown='ignore') takes values that it was not fitted on"
)


def probabilities_or_reason(
    model: PickledModel, keys: Sequence[str], columns: Columns
) -> list[float]:
    """Return the probabilities of rows; where there are none, name the row and why.

    Parameters
    ----------
    model : PickledModel
    keys : sequence of str
        Of the rows.
    columns : dict of str to numpy.ndarray
    """
    try:
        return model.probabilities(columns).tolist()
    except ScoringError as error:
        raise unscorable(model, keys, columns, error) from error


def unscorable(
    model: PickledModel, keys: Sequence[str], columns: Columns, error: ScoringError
) -> LoaderError:
    """Return the error about the first row that the model does not score."""
    rows = [row_of(columns, i) for i in range(len(keys))]
    scored = [scores(model, row) for row in rows]
    if all(scored) or not any(scored):
        return LoaderError(error.values or str(error))
    key, row = keys[scored.index(False)], rows[scored.index(False)]
    other = rows[scored.index(True)]
    blamed = [name for name in columns if scores(model, {**row, name: other[name]})]
    features = " and ".join(f"{name!r} is {row[name].item(0)!r}" for name in blamed)
    where = f", in which feature {features}" if blamed else ""
    reason = error.values or error.detail or error.message
    advice = UNKNOWN if "unknown categor" in reason else ""
    return LoaderError(
        f"the model does not score the row with the key {key}{where}: "
        f"{reason.rstrip('.')}{advice}"
    )


def encoded_features(
    model: PickledModel, kinds: dict[str, str], row: Columns
) -> list[str]:
    """Return the texts that a model takes as numbers; empty where that is not it."""
    texts = [name for name, kind in kinds.items() if kind == "text"]
    numbers = {**row, **dict.fromkeys(texts, np.zeros(1))}
    if not texts or not scores(model, numbers):
        return []
    return [name for name in texts if not scores(model, {**numbers, name: row[name]})]


def scores_nothing(
    model: PickledModel, kinds: dict[str, str], row: Columns, error: ScoringError
) -> LoaderError:
    """Return the error about a model that scores none of the rows, such as this."""
    encoded = encoded_features(model, kinds, row)
    if encoded:
        return LoaderError(
            "; ".join(
                ENCODED.format(name=name, value=row[name].item(0)) for name in encoded
            )
        )
    reason = error.values or error
    return LoaderError(f"the model scores no row of the table: {reason}")


def row_of(columns: Columns, number: int) -> Columns:
    """Return the columns of one row."""
    return {name: values[number : number + 1] for name, values in columns.items()}


def scores(model: PickledModel, row: Columns) -> bool:
    """Return whether a model scores a row."""
    try:
        model.probabilities(row)
    except ScoringError:
        return False
    return True
