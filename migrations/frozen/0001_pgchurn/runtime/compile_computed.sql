CREATE OR REPLACE FUNCTION churn_runtime.compile_computed() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Fitted transformers whose results are computed before the classifier reads them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.preprocessing import (
    Binarizer,
    KBinsDiscretizer,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
)

from .compile_columns import (
    Columns,
    Computed,
    Inputs,
    NotCompilable,
    Number,
    numeric,
)
from .compile_pieces import (
    SHORTEST_LINE,
    NumberPieces,
    bins,
    pieces_of,
    quantiles,
    spline,
)
from .compile_sums import matrix
from .form_computed import Normalized, Products
from .form_matrices import Dense, normal_quantile
from .form_parts import Matrix

# See BOUNDS_THRESHOLD in sklearn/preprocessing/_data.py: which value that many of a
# normal distribution lie below.
BOUND = 1e-7
WIDEST = 40.0
PERIODIC = "periodic"


def computed(part: Matrix) -> Columns:
    """Return the numbers of a part as columns."""
    return [Computed(part, Number(i)) for i in range(part.width)]


def gathered(columns: Columns) -> Matrix:
    """Return columns as a matrix."""
    return matrix([numeric(column) for column in columns])


def power_transformer(
    transformer: PowerTransformer, columns: Columns, inputs: Inputs
) -> Columns:
    """Raise numbers to powers; Box-Cox refuses what is not above zero."""
    columns = [
        numeric(column).step(transformer.method, power)
        for column, power in zip(columns, transformer.lambdas_)
    ]
    if transformer.method == "box-cox":
        # Computed whatever reads it, so that it is refused there, too.
        columns = computed(gathered(columns))
    if transformer.standardize:
        scaler = transformer._scaler
        columns = [
            numeric(column).step("subtract", mean).step("divide", scale)
            for column, mean, scale in zip(columns, scaler.mean_, scaler.scale_)
        ]
    return columns


def binarizer(transformer: Binarizer, columns: Columns, inputs: Inputs) -> Columns:
    """Turn numbers into 1 above a threshold, 0 below it."""
    return [numeric(column).step("above", transformer.threshold) for column in columns]


def normalizer(transformer: Normalizer, columns: Columns, inputs: Inputs) -> Columns:
    """Divide the numbers of a row by their length."""
    return computed(Normalized(of=gathered(columns), norm=transformer.norm))


def bins_discretizer(
    transformer: KBinsDiscretizer, columns: Columns, inputs: Inputs
) -> Columns:
    """Turn numbers into that of their bin, or into 1 for the bin they are in."""
    if transformer.dtype not in (None, np.float64):
        raise NotCompilable("KBinsDiscretizer of single precision")
    whole = transformer.encode == "ordinal"
    return in_pieces(columns, [bins(edges, whole) for edges in transformer.bin_edges_])


def quantile_transformer(
    transformer: QuantileTransformer, columns: Columns, inputs: Inputs
) -> Columns:
    """Turn numbers into the share of training below them, or its normal quantile."""
    normal = transformer.output_distribution == "normal"
    bound = BOUND if normal else None
    made = [
        quantiles(known, transformer.references_, bound)
        for known in transformer.quantiles_.T
    ]
    columns = in_pieces(columns, made)
    if normal:
        # What it is cut to first only stands for an infinity.
        few = BOUND - np.spacing(1)
        lowest, highest = normal_quantile(np.array([few, 1.0 - few]), WIDEST)
        columns = [
            numeric(column)
            .step("normal quantile", WIDEST)
            .step("at least", lowest)
            .step("at most", highest)
            for column in columns
        ]
    return columns


def spline_transformer(
    transformer: SplineTransformer, columns: Columns, inputs: Inputs
) -> Columns:
    """Turn numbers into the values of splines."""
    if transformer.degree == 0:
        raise NotCompilable("SplineTransformer of degree 0")
    if transformer.extrapolation == PERIODIC:
        columns = [
            within_period(numeric(column), *limits(one))
            for column, one in zip(columns, transformer.bsplines_)
        ]
    missing = 0.0 if transformer.handle_missing == "zeros" else float("nan")
    made, reach = [], transformer.degree
    for one in transformer.bsplines_:
        way = transformer.extrapolation
        made.append(spline(one, way, missing, transformer.include_bias, reach))
        if way == "linear":
            # scikit-learn counts a degree up in its loop over the columns.
            reach = max(reach, SHORTEST_LINE)
    return in_pieces(columns, made)


def limits(fitted: Any) -> tuple[float, float]:
    """Return from where to where a spline was fitted."""
    return float(fitted.t[fitted.k]), float(fitted.t[-fitted.k - 1])


def within_period(column: Any, first: float, last: float) -> Any:
    """Return a number less so many periods that it is within the first one."""
    moved = column.step("subtract", first).step("modulo", last - first)
    return moved.step("add", first)


def in_pieces(columns: Columns, made: Sequence[NumberPieces]) -> Columns:
    """Return what functions in pieces make of columns."""
    return computed(pieces_of(gathered(columns), made))


def polynomial_features(
    transformer: PolynomialFeatures, columns: Columns, inputs: Inputs
) -> Columns:
    """Multiply numbers with each other."""
    factors = [
        np.repeat(np.arange(len(powers)), powers) for powers in transformer.powers_
    ]
    return computed(
        Products(
            of=gathered(columns),
            factors=np.concatenate([np.zeros(0, np.int32), *factors]).astype(np.int32),
            ends=np.cumsum([len(one) for one in factors], dtype=np.int32),
        )
    )


def principal_components(transformer: PCA, columns: Columns, inputs: Inputs) -> Columns:
    """Turn numbers into those along the principal axes."""
    axes = np.asarray(transformer.components_, float)
    constants = -(np.asarray(transformer.mean_, float) @ axes.T)
    if transformer.whiten:
        scale = np.sqrt(transformer.explained_variance_)
        scale = np.maximum(scale, np.finfo(scale.dtype).eps)
        axes, constants = axes / scale[:, None], constants / scale
    return projected(columns, axes, constants)


def singular_vectors(
    transformer: TruncatedSVD, columns: Columns, inputs: Inputs
) -> Columns:
    """Turn numbers into those along the singular vectors."""
    axes = np.asarray(transformer.components_, float)
    return projected(columns, axes, np.zeros(len(axes)))


def projected(columns: Columns, axes: np.ndarray, constants: np.ndarray) -> Columns:
    """Return numbers along axes."""
    return computed(
        Dense(
            of=gathered(columns),
            weights=np.ascontiguousarray(axes.T).ravel(),
            biases=constants,
            activation="identity",
        )
    )


COMPUTING: dict[type, Any] = {
    Binarizer: binarizer,
    KBinsDiscretizer: bins_discretizer,
    Normalizer: normalizer,
    PCA: principal_components,
    PolynomialFeatures: polynomial_features,
    PowerTransformer: power_transformer,
    QuantileTransformer: quantile_transformer,
    SplineTransformer: spline_transformer,
    TruncatedSVD: singular_vectors,
}
$python$;
COMMENT ON FUNCTION churn_runtime.compile_computed IS 'Fitted transformers whose results are computed before the classifier reads them.';
