CREATE OR REPLACE FUNCTION churn_runtime.explain_columns() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Which input each column that preprocessing puts out is computed of."""

from collections.abc import Sequence

import numpy as np

from .compile_columns import Column, Computed, Dropped, NotCompilable, numeric
from .form_computed import Normalized, Onward, Pieces, Products, Rounds, Together
from .form_matrices import Dense, Inputs, Joined, Table
from .form_neighbours import Donors
from .form_parts import Matrix

# The transformers that compute a column of several, by the part that does that.
MIXING = {
    Dense: "PCA or TruncatedSVD",
    Donors: "KNNImputer",
    Normalized: "Normalizer",
    Products: "PolynomialFeatures",
    Rounds: "IterativeImputer",
}


def inputs_of(columns: Sequence[Column]) -> np.ndarray:
    """Return the input that each column is computed of.

    Parameters
    ----------
    columns : sequence of Number, Lookup or Computed

    Returns
    -------
    ndarray of int32, shape (n_columns,)

    Raises
    ------
    NotCompilable
        If one is computed of several inputs: what each of them contributes to it is no
        matter of columns.
    """
    found = []
    for column in columns:
        column = numeric(column)
        if not isinstance(column, Computed):
            found.append(column.position)
            continue
        read = inputs_read(column.part)[column.column.position]
        if len(read) > 1:
            raise NotCompilable(
                f"{mixing(column.part)} computes a column of several, and no "
                "contribution of each is known"
            )
        found.append(min(read, default=0))
    return np.array(found, np.int32)


def inputs_read_by(columns: Sequence[Column]) -> list[int]:
    """Return all inputs that some columns are computed of, rising."""
    found: set[int] = set()
    for column in columns:
        if isinstance(column, Computed):
            found |= inputs_read(column.part)[column.column.position]
        elif not isinstance(column, Dropped):
            found.add(column.position)
    return sorted(found)


def inputs_read(part: Matrix) -> list[frozenset[int]]:
    """Return the inputs that each number of a part is computed of."""
    if isinstance(part, Inputs):
        return [frozenset([position]) for position in part.positions.tolist()]
    if isinstance(part, Table):
        return [frozenset([part.position])] * part.width
    if isinstance(part, Joined):
        side_by_side = [one for each in part.of for one in inputs_read(each)]
        return [side_by_side[i] for i in part.order.tolist()]
    if isinstance(part, Onward):
        before = inputs_read(part.of)
        return [
            frozenset().union(*(before[i] for i in each))
            for each in inputs_read(part.then)
        ]
    if isinstance(part, Pieces):
        counts = zip(inputs_read(part.of), part.functions.tolist())
        return [read for read, count in counts for _ in range(count)]
    if isinstance(part, Products):
        before = inputs_read(part.of)
        factors = np.split(part.factors, part.ends[:-1])
        return [
            frozenset().union(*(before[i] for i in each.tolist())) for each in factors
        ]
    if isinstance(part, Together):
        raise NotCompilable("StackingClassifier")
    everything = frozenset(
        position
        for one in part.parts()
        if isinstance(one, Matrix)
        for read in inputs_read(one)
        for position in read
    )
    return [everything] * part.width


def mixing(part: Matrix) -> str:
    """Return the name of the transformer that computes columns of several."""
    if type(part) in MIXING:
        return MIXING[type(part)]
    names = [mixing(one) for one in part.parts() if isinstance(one, Matrix)]
    return next((name for name in names if name), "")
$python$;
COMMENT ON FUNCTION churn_runtime.explain_columns IS 'Which input each column that preprocessing puts out is computed of.';
