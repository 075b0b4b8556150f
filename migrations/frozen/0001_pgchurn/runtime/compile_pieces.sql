CREATE OR REPLACE FUNCTION churn_runtime.compile_pieces() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Functions of one number as polynomials from piece to piece."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .compile_columns import NotCompilable
from .features import NAN
from .form_computed import Pieces
from .form_parts import Matrix

# So many functions of a spline of lines go on beyond an end.
SHORTEST_LINE = 2


@dataclass(frozen=True)
class Piece:
    """Polynomials that hold from a number on, up to where the next piece begins.

    Attributes
    ----------
    start, origin : float
        Where it begins, and what is subtracted of a number before it is raised.
    factors : ndarray of float64, shape (n_functions, degree + 1)
        Of the powers, the constant first.
    """

    start: float
    origin: float
    factors: np.ndarray


@dataclass(frozen=True)
class NumberPieces:
    """The functions of one number.

    Attributes
    ----------
    pieces : list of Piece
        The first begins at minus infinity.
    missing : float
        Their value for NaN.
    bounded : bool
        Whether what lies in the first and the last piece is refused.
    """

    pieces: list[Piece]
    missing: float = NAN
    bounded: bool = False


def pieces_of(of: Matrix, made: Sequence[NumberPieces]) -> Pieces:
    """Return the functions of the numbers of a part."""
    degree = max(one.pieces[0].factors.shape[1] for one in made) - 1
    counts = [len(one.pieces[0].factors) for one in made]
    pieces = [piece for one in made for piece in one.pieces]
    return Pieces(
        of=of,
        functions=np.array(counts, np.int32),
        ends=np.cumsum([len(one.pieces) - 1 for one in made], dtype=np.int32),
        borders=np.array([p.start for one in made for p in one.pieces[1:]], float),
        origins=np.array([piece.origin for piece in pieces], float),
        degree=degree,
        factors=np.concatenate(
            [highest_first(piece.factors, degree).ravel() for piece in pieces]
        ),
        missing=np.repeat([one.missing for one in made], counts),
        bounded=np.array([one.bounded for one in made], np.uint8),
    )


def highest_first(factors: np.ndarray, degree: int) -> np.ndarray:
    """Return factors with that of the highest power first, filled up with zeros."""
    zeros = np.zeros((len(factors), degree + 1 - factors.shape[1]))
    return np.concatenate([zeros, factors[:, ::-1]], axis=1)


def constants(*values: float) -> np.ndarray:
    """Return functions that are constant."""
    return np.array(values, float)[:, None]


def bins(edges: np.ndarray, whole: bool) -> NumberPieces:
    """Return the number of the bin that a number is in, or 1 for that bin."""
    borders = [-math.inf, *edges[1:-1].tolist()]
    flags = np.eye(len(borders))
    return NumberPieces(
        without_empty_pieces(
            [
                Piece(start, 0.0, constants(i) if whole else constants(*flags[i]))
                for i, start in enumerate(borders)
            ]
        )
    )


def without_empty_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces without those that end where they begin."""
    kept = [
        piece
        for piece, following in zip(pieces, pieces[1:])
        if piece.start != following.start
    ]
    return [*kept, pieces[-1]]


def quantiles(
    known: np.ndarray, shares: np.ndarray, bound: float | None
) -> NumberPieces:
    """Return the share of training that lies below a number.

    Where quantiles are equal, it is the mean of the first and the last of their shares.

    Parameters
    ----------
    known, shares : ndarray of float64, shape (n_quantiles,)
    bound : float or None
        How near to the first or last quantile a number counts as beyond it. None: only
        where it is equal.
    """
    values, firsts = np.unique(known, return_index=True)
    lasts = np.append(firsts[1:], len(known)) - 1
    pieces = [Piece(-math.inf, 0.0, constants(shares[0]))]
    for i, value in enumerate(values.tolist()):
        here = 0.5 * (shares[firsts[i]] + shares[lasts[i]])
        pieces.append(Piece(value, 0.0, constants(here)))
        after = float(np.nextafter(value, np.inf))
        if i + 1 < len(values):
            rise = (shares[firsts[i + 1]] - shares[lasts[i]]) / (values[i + 1] - value)
            line = np.array([[shares[lasts[i]], rise]])
        else:
            line = np.array([[shares[-1], 0.0]])
        pieces.append(Piece(after, value, line))
    lowest, highest = float(values[0]), float(values[-1])
    if bound is None:
        below, above = float(np.nextafter(lowest, np.inf)), highest
    else:
        below, above = bounds(lowest, highest, bound)
    # The upper end is set first, so that the lower one counts where they meet.
    pieces = [piece for piece in pieces if piece.start < above]
    pieces.append(Piece(above, 0.0, constants(1.0)))
    if below > lowest or bound is not None:
        last = [piece for piece in pieces if piece.start <= below][-1]
        later = [piece for piece in pieces if piece.start > below]
        first = Piece(-math.inf, 0.0, constants(0.0))
        pieces = [first, Piece(below, last.origin, last.factors), *later]
    return NumberPieces(without_empty_pieces(same_degree(pieces)))


def bounds(lowest: float, highest: float, bound: float) -> tuple[float, float]:
    """Return the first number that is not below a range, and the first one above.

    As scikit-learn decides it, in double precision: less the bound, and with it.
    """
    below = lowest + bound
    while below - bound < lowest:
        below = float(np.nextafter(below, np.inf))
    while float(np.nextafter(below, -np.inf)) - bound >= lowest:
        below = float(np.nextafter(below, -np.inf))
    above = highest - bound
    while above + bound <= highest:
        above = float(np.nextafter(above, np.inf))
    while float(np.nextafter(above, -np.inf)) + bound > highest:
        above = float(np.nextafter(above, -np.inf))
    return below, above


def same_degree(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces whose factors are as many in each."""
    most = max(piece.factors.shape[1] for piece in pieces)
    return [
        Piece(
            piece.start,
            piece.origin,
            np.pad(piece.factors, ((0, 0), (0, most - piece.factors.shape[1]))),
        )
        for piece in pieces
    ]


def spline(
    fitted: Any, extrapolation: str, missing: float, include_bias: bool, reach: int
) -> NumberPieces:
    """Return a B-spline's functions, and what they are beyond their training.

    Parameters
    ----------
    fitted : scipy.interpolate.BSpline
    extrapolation : {"error", "constant", "linear", "continue", "periodic"}
    missing : float
        The value for NaN.
    include_bias : bool
        Whether the last function is kept.
    reach : int
        How many knots before and after those of its training there are.
    """
    degree = fitted.k
    first, last = float(fitted.t[reach]), float(fitted.t[-reach - 1])
    knots = np.unique(fitted.t[reach : len(fitted.t) - reach]).tolist()
    if len(knots) == 1:
        raise NotCompilable("SplineTransformer of a column with one value")
    pieces = [Piece(knot, knot, taylor(fitted, knot, degree)) for knot in knots[:-1]]
    beyond = float(np.nextafter(last, np.inf))
    if extrapolation in ("continue", "periodic"):
        pieces[0] = Piece(-math.inf, pieces[0].origin, pieces[0].factors)
    else:
        count = len(pieces[0].factors)
        # Those that are not at an end are 0 beyond it.
        kept = max(degree, SHORTEST_LINE) if extrapolation == "linear" else degree
        powers = {"constant": 0, "linear": 1}.get(extrapolation, 0)
        at_first, at_last = (
            tangent(fitted, end, powers, degree) for end in (first, last)
        )
        at_first[kept:] = 0.0
        at_last[: max(0, count - kept)] = 0.0
        pieces = [
            Piece(-math.inf, first, at_first),
            *pieces,
            Piece(beyond, last, at_last),
        ]
    if not include_bias:
        pieces = [Piece(p.start, p.origin, p.factors[:-1]) for p in pieces]
    return NumberPieces(pieces, missing, bounded=extrapolation == "error")


def taylor(fitted: Any, at: float, degree: int) -> np.ndarray:
    """Return the factors of the polynomials that begin at a knot."""
    derivatives = [
        np.ravel(fitted(at, nu=n)) / math.factorial(n) for n in range(degree + 1)
    ]
    return np.stack(derivatives, axis=1)


def tangent(fitted: Any, at: float, powers: int, degree: int) -> np.ndarray:
    """Return the factors of constants, or of tangents, at the end of a spline."""
    factors = np.zeros((len(np.ravel(fitted(at))), degree + 1))
    for n in range(powers + 1):
        factors[:, n] = np.ravel(fitted(at, nu=n))
    return factors
$python$;
COMMENT ON FUNCTION churn_runtime.compile_pieces IS 'Functions of one number as polynomials from piece to piece.';
