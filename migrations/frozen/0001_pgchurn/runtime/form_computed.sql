CREATE OR REPLACE FUNCTION churn_runtime.form_computed() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The parts of a compiled form that compute with what other parts have computed."""

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import ScoringError
from .form import require
from .form_parts import PART_OPERATIONS, TABLE_OPERATIONS, Matrix, Part, Scalar
from .form_scalars import write_each
from .form_source import NoSource, Source

# So many numbers of a row are handed from one function of Python to the next.
MOST_WRITTEN_NUMBERS = 200
HIGHEST_DEGREE = 20
# See ``_handle_zeros_in_scale`` in sklearn/preprocessing/_data.py.
SMALLEST_NORM = 10 * float(np.finfo(np.float64).eps)


def named_numbers(source: Source, part: Matrix) -> list[str]:
    """Add the numbers of a part to a source, each as a variable of its own."""
    if part.width > MOST_WRITTEN_NUMBERS:
        raise NoSource
    return [source.variable(number) for number in part.write_row(source)]


class Chain(Part):
    """A part that is computed of the numbers of another one, instead of the inputs.

    Attributes
    ----------
    of : Matrix
        Computed of the inputs.
    then : Scalar or Matrix
        Computed of its numbers, as if they were inputs.
    """

    of: Matrix
    then: Part

    def check(self) -> None:
        """Refuse what reads more numbers than there are."""
        require(
            self.then.largest_position() < self.of.width,
            "A part reads more numbers than are computed.",
        )
        for trees in self.then.trees():
            if trees.computed_width is None:
                trees.computed_width = self.of.width

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads."""
        return self.of.largest_position()

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return self.of.width + self.of.numbers_held() + self.then.numbers_held()

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return what is computed of every row."""
        return self.then.values(self.of.values(matrix))

    def tied(self, matrix: np.ndarray) -> np.ndarray:
        """Return which rows another computation may decide otherwise."""
        return self.of.tied(matrix) | self.then.tied(self.of.values(matrix))


class Through(Chain, Scalar):
    """A number that is computed of another part's numbers."""

    FIELDS = {"of": "matrix", "then": "scalar"}
    then: Scalar

    def write(self, source: Source) -> str:
        """Add what it computes of one row to a source; return the variable."""
        with source.reading(named_numbers(source, self.of)):
            return self.then.write(source)


class Onward(Chain, Matrix):
    """Several numbers that are computed of another part's numbers."""

    FIELDS = {"of": "matrix", "then": "matrix"}
    then: Matrix

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return self.then.width

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        with source.reading(named_numbers(source, self.of)):
            # Its inputs have other names afterwards.
            return [source.variable(one) for one in self.then.write_row(source)]


class Together(Matrix):
    """Single numbers side by side: what several classifiers say of a row."""

    FIELDS = {"of": "scalars"}
    of: list[Scalar]

    def check(self) -> None:
        """Refuse no number at all."""
        require(self.of, "Of several parts, there is none.")

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return len(self.of)

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 2 * self.width + super().numbers_held()

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        return np.column_stack([part.values(matrix) for part in self.of])

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        return write_each(source, self.of)


class Pieces(Matrix):
    """Functions of a single number each, polynomials from piece to piece.

    A number has one function or several, which have their pieces in common.

    Attributes
    ----------
    of : Matrix
        A number for each group of functions.
    functions : ndarray of int32, shape (of.width,)
        How many functions a number has.
    ends : ndarray of int32, shape (of.width,)
        Where the borders of a number's pieces end.
    borders : ndarray of float64, shape (n_borders,)
        Where pieces begin, rising for each number; the first has no beginning.
    origins : ndarray of float64, shape (n_borders + of.width,)
        What is subtracted of a number, in each piece, before it is raised to powers.
    degree : int
    factors : ndarray of float64
        Of each number, of each of its pieces, of each function: those of the powers,
        from the highest down to the constant.
    missing : ndarray of float64, shape (width,)
        What the functions are for NaN.
    bounded : ndarray of uint8, shape (of.width,)
        Whether the first and the last piece of a number are refused.
    """

    FIELDS = {
        "of": "matrix",
        "functions": "i",
        "ends": "i",
        "borders": "f",
        "origins": "f",
        "degree": "whole",
        "factors": "f",
        "missing": "f",
        "bounded": "b",
    }
    of: Matrix
    functions: np.ndarray
    ends: np.ndarray
    borders: np.ndarray
    origins: np.ndarray
    degree: int
    factors: np.ndarray
    missing: np.ndarray
    bounded: np.ndarray

    def check(self) -> None:
        """Refuse pieces that do not fit one another."""
        count = self.of.width
        require(
            len(self.functions) == len(self.ends) == len(self.bounded) == count
            and (self.functions > 0).all()
            and (self.bounded <= 1).all()
            and self.degree <= HIGHEST_DEGREE,
            "Its functions are not those of its numbers.",
        )
        ends = np.concatenate([[0], self.ends.astype(np.int64)])
        require(
            (np.diff(ends) >= 0).all() and ends[-1] == len(self.borders),
            "The pieces of a function do not end.",
        )
        pieces = np.diff(ends) + 1
        functions = self.functions.astype(np.int64)
        sizes = pieces * functions * (self.degree + 1)
        require(
            len(self.origins) == pieces.sum()
            # As floats, too, since whole numbers wrap around.
            and float(len(self.factors))
            == float((pieces * functions.astype(float)).sum() * (self.degree + 1))
            and len(self.missing) == functions.sum(),
            "The pieces of a function are not as many as it says.",
        )
        finite = (self.borders, self.origins, self.factors)
        require(
            all(np.isfinite(array).all() for array in finite)
            and not np.isinf(self.missing).any(),
            "A number of a piece is not finite.",
        )
        self.groups = []
        first = origin = start = 0
        for i in range(count):
            last, end = int(ends[i + 1]), start + int(sizes[i])
            borders = self.borders[first:last]
            require(
                (np.diff(borders) > 0).all(), "The pieces of a function do not rise."
            )
            factors = self.factors[start:end]
            self.groups.append(
                (
                    borders,
                    self.origins[origin : origin + int(pieces[i])],
                    factors.reshape(int(pieces[i]), int(functions[i]), -1),
                    bool(self.bounded[i]),
                )
            )
            first, origin, start = last, origin + int(pieces[i]), end
        self.whole_width = int(functions.sum())

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return self.whole_width

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        each = TABLE_OPERATIONS * self.of.width + 4 * self.width * (self.degree + 1)
        return PART_OPERATIONS + self.of.operations() + each

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        most = int(self.functions.max(initial=0)) * (self.degree + 4)
        return 2 * self.width + most + self.of.width + self.of.numbers_held()

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        given = self.of.values(matrix)
        found = np.empty((len(matrix), self.width))
        first = 0
        for number, (borders, origins, factors, bounded) in zip(given.T, self.groups):
            last = first + factors.shape[1]
            piece = np.searchsorted(borders, number, side="right")
            gaps = np.isnan(number)
            if bounded:
                outside = ((piece == 0) | (piece == len(borders))) & ~gaps
                if outside.any():
                    raise outside_of_training(number[outside][0])
            apart = (number - origins[piece])[:, None]
            chosen = factors[piece]
            total = chosen[:, :, 0]
            for power in range(1, self.degree + 1):
                total = total * apart + chosen[:, :, power]
            found[:, first:last] = np.where(
                gaps[:, None], self.missing[first:last], total
            )
            first = last
        return found

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        if not source.holds(len(self.factors) + len(self.borders)):
            raise NoSource
        found: list[str] = []
        first = 0
        for number, (borders, origins, factors, bounded) in zip(
            self.of.write_row(source), self.groups
        ):
            last = first + factors.shape[1]
            name = source.constant(
                piecewise(
                    borders.tolist(),
                    origins.tolist(),
                    factors.tolist(),
                    self.missing[first:last].tolist(),
                    bounded,
                )
            )
            values = source.variable(f"{name}({number})")
            found += [f"{values}[{i}]" for i in range(last - first)]
            first = last
        return found


def piecewise(
    borders: list[float],
    origins: list[float],
    factors: list[list[list[float]]],
    missing: list[float],
    bounded: bool,
) -> Callable[[float], list[float]]:
    """Return the functions of one number, as ``Pieces`` has them."""
    count = len(borders)
    constant = len(factors[0][0]) == 1
    # Without powers, each piece has its values ready.
    ready = [[one[0] for one in piece] for piece in factors] if constant else []

    def values(number: float) -> list[float]:
        if number != number:
            return missing
        piece = bisect_right(borders, number)
        if bounded and (piece in (0, count)):
            raise outside_of_training(number)
        if constant:
            return ready[piece]
        apart = number - origins[piece]
        found = []
        for first, *others in factors[piece]:
            for factor in others:
                first = first * apart + factor
            found.append(first)
        return found

    return values


def outside_of_training(number: float) -> ScoringError:
    """Return the error for a number beyond what a spline was fitted on."""
    return ScoringError(
        "row has a number beyond those that the model was trained on",
        hint="Correct it, or train a SplineTransformer with another extrapolation.",
        values=f"The number is {float(number)!r}.",
    )


class Products(Matrix):
    """Products of another part's numbers.

    Attributes
    ----------
    of : Matrix
    factors : ndarray of int32, shape (n_factors,)
        Which numbers are multiplied, product after product.
    ends : ndarray of int32, shape (width,)
        Where each product ends; one of no number is 1.
    """

    FIELDS = {"of": "matrix", "factors": "i", "ends": "i"}
    of: Matrix
    factors: np.ndarray
    ends: np.ndarray

    def check(self) -> None:
        """Refuse factors that are none."""
        ends = np.concatenate([[0], self.ends.astype(np.int64)])
        require(
            len(self.ends) > 0
            and (np.diff(ends) >= 0).all()
            and ends[-1] == len(self.factors)
            and (self.factors >= 0).all()
            and (self.factors < self.of.width).all(),
            "The factors of a product are none of its numbers.",
        )
        self.sizes = np.diff(ends)
        self.starts = ends[:-1]

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return len(self.ends)

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        # The longest product says how often NumPy is called.
        calls = PART_OPERATIONS * (1 + int(self.sizes.max()))
        return calls + self.of.operations() + 5 * (self.width + len(self.factors))

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 3 * self.width + self.of.width + self.of.numbers_held()

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row.

        The last factor comes first, as in scikit-learn, so that rounding is the same.
        """
        given = self.of.values(matrix)
        found = np.ones((len(given), self.width))
        for place in range(int(self.sizes.max(initial=0))):
            here = np.flatnonzero(self.sizes > place)
            chosen = self.factors[self.starts[here] + self.sizes[here] - 1 - place]
            found[:, here] *= given[:, chosen]
        return found

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        if not source.takes(self.width + len(self.factors)):
            raise NoSource
        given = [source.variable(number) for number in self.of.write_row(source)]
        found = []
        for start, size in zip(self.starts.tolist(), self.sizes.tolist()):
            chosen = self.factors[start : start + size][::-1].tolist()
            product = " * ".join(given[i] for i in chosen[:MOST_WRITTEN_NUMBERS])
            if size > MOST_WRITTEN_NUMBERS:
                raise NoSource
            found.append(product or "1.0")
        return found


class Normalized(Matrix):
    """Another part's numbers divided by their length.

    Attributes
    ----------
    of : Matrix
    norm : {"l1", "l2", "max"}
    """

    FIELDS = {"of": "matrix", "norm": "text"}
    of: Matrix
    norm: str

    def check(self) -> None:
        """Refuse a length that is none."""
        require(self.norm in LENGTHS, "A length is none.")

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return self.of.width

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return 3 * PART_OPERATIONS + self.of.operations() + 10 * self.width

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 3 * self.width + self.of.numbers_held()

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        given = self.of.values(matrix)
        sizes = np.abs(given)
        if self.norm == "l1":
            length = sizes.sum(axis=1)
        elif self.norm == "l2":
            length = np.sqrt((sizes * sizes).sum(axis=1))
        else:
            length = sizes.max(axis=1)
        return given / np.where(length < SMALLEST_NORM, 1.0, length)[:, None]

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        given = named_numbers(source, self.of)
        name = source.constant(LENGTHS[self.norm])
        length = source.variable(f"{name}([{', '.join(given)}])")
        return [f"({number} / {length})" for number in given]


def usable(length: float) -> float:
    """Return a length that can be divided by."""
    return 1.0 if length < SMALLEST_NORM else length


# Of the numbers of one row, NaN where one of them is.
LENGTHS: dict[str, Callable[[list[float]], float]] = {
    "l1": lambda row: usable(sum(map(abs, row))),
    "l2": lambda row: usable(math.sqrt(sum(number * number for number in row))),
    "max": lambda row: usable(max(map(abs, row), key=lambda n: (n != n, n))),
}


class Rounds(Matrix):
    """Another part's numbers, of which those that are missing are estimated.

    They are filled at first, and then estimated of all the others, one after the other,
    several times over.

    Attributes
    ----------
    of : Matrix
    first : ndarray of float64, shape (of.width,)
        What stands for a missing number at first.
    lowest, highest : ndarray of float64, shape (of.width,)
        What an estimate is cut to; infinities leave it as it is.
    numbers : ndarray of int32, shape (n_steps,)
        Which number each step estimates.
    weights : ndarray of float64, shape (n_steps * of.width,)
        Of all numbers in each step.
    constants : ndarray of float64, shape (n_steps,)
    """

    FIELDS = {
        "of": "matrix",
        "first": "f",
        "lowest": "f",
        "highest": "f",
        "numbers": "i",
        "weights": "f",
        "constants": "f",
    }
    of: Matrix
    first: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    numbers: np.ndarray
    weights: np.ndarray
    constants: np.ndarray

    def check(self) -> None:
        """Refuse steps that do not fit the numbers."""
        width, steps = self.of.width, len(self.numbers)
        require(
            len(self.first) == len(self.lowest) == len(self.highest) == width
            and len(self.weights) == steps * width
            and len(self.constants) == steps
            and (self.numbers >= 0).all()
            and (self.numbers < width).all(),
            "The steps of an estimate are not those of its numbers.",
        )
        require(
            all(
                np.isfinite(array).all()
                for array in (self.first, self.weights, self.constants)
            )
            and not np.isnan(self.lowest).any()
            and not np.isnan(self.highest).any(),
            "A number of an estimate is not finite.",
        )
        self.rows = self.weights.reshape(steps, width)

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return self.of.width

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        steps = len(self.numbers) * (PART_OPERATIONS + 2 * self.width)
        return PART_OPERATIONS + self.of.operations() + 10 * self.width + steps

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 4 * self.width + self.of.numbers_held()

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        given = self.of.values(matrix)
        missing = np.isnan(given)
        found = np.where(missing, self.first, given)
        some = np.flatnonzero(missing.any(axis=1))
        if len(some) == 0:
            return found
        gaps, filled = missing[some], found[some]
        wanted = gaps.any(axis=0)
        for number, weights, constant in zip(
            self.numbers.tolist(), self.rows, self.constants.tolist()
        ):
            if wanted[number]:
                estimate = np.clip(
                    filled @ weights + constant,
                    self.lowest[number],
                    self.highest[number],
                )
                filled[:, number] = np.where(
                    gaps[:, number], estimate, filled[:, number]
                )
        found[some] = filled
        return found


COMPUTED_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (Through, Onward, Together, Pieces, Products, Normalized, Rounds)
}
$python$;
COMMENT ON FUNCTION churn_runtime.form_computed IS 'The parts of a compiled form that compute with what other parts have computed.';
