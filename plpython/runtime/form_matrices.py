"""The parts of a compiled form that compute many numbers a row, and what reads them."""

import functools
import math
import struct
from collections.abc import Iterable
from typing import Any

import numpy as np

from .errors import ScoringError
from .form import require
from .form_functions import CALLED_FUNCTION_STEPS, FUNCTION_STEPS
from .form_parts import (
    LOWEST_EXPONENT,
    PART_OPERATIONS,
    TABLE_OPERATIONS,
    Matrix,
    Part,
    Scalar,
    places_among,
)
from .form_source import NoSource, Source


def yeo_johnson(values: np.ndarray, power: Any) -> np.ndarray:
    """Return Yeo's and Johnson's transform of values, NaN of NaN."""
    left, right = np.minimum(values, 0.0), np.maximum(values, 0.0)
    rising = powered(np.log1p(right), power)
    falling = powered(np.log1p(-left), 2.0 - power)
    return np.where(values >= 0, rising, -falling)


def powered(logarithms: np.ndarray, power: Any) -> np.ndarray:
    """Return powers, less 1 and divided by the power, of logarithms."""
    is_zero = np.abs(power) < EPSILON
    safe = np.where(is_zero, 1.0, power)
    return np.where(is_zero, logarithms, np.expm1(safe * logarithms) / safe)


def box_cox(values: np.ndarray, power: Any) -> np.ndarray:
    """Return Box's and Cox's transform of values, NaN of NaN.

    What is not above zero is refused.
    """
    if (values <= 0).any():
        raise not_positive()
    return powered(np.log(values), power)


def not_positive() -> ScoringError:
    """Return the error for a number that has no logarithm."""
    return ScoringError(
        "row has a number that is not above zero where the model takes no other",
        detail="Its PowerTransformer has the method 'box-cox'.",
        hint="Correct the row, or train with the method 'yeo-johnson'.",
    )


def missing_within(values: Any, bound: float) -> Any:
    """Return NaN for numbers of no greater magnitude than a bound, and the others."""
    return np.where(np.abs(values) <= bound, np.nan, values)


def single(values: Any, _: Any = None) -> Any:
    """Return values rounded to single precision."""
    return np.asarray(values).astype(np.float32).astype(np.float64)


def truncate(values: Any, _: Any = None) -> Any:
    """Return whole numbers, what is behind the point being left out."""
    return np.trunc(values)


def normal_quantile(shares: np.ndarray, most: Any) -> np.ndarray:
    """Return which values so many of a normal distribution lie below, to a bound.

    By Wichura's algorithm AS 241, which is as exact as doubles are.
    """
    centred = shares - 0.5
    rest = np.where(centred < 0, shares, 1.0 - shares)
    near = np.abs(centred) <= 0.425
    squared = np.where(near, 0.180625 - centred * centred, 0.0)
    middle = centred * ratio(squared, *CENTRE)
    # Logarithms of 0 are cut to the bound in the end.
    far = np.sqrt(-np.log(np.where(near, 0.5, np.maximum(rest, 1e-300))))
    tail = np.where(far <= 5.0, ratio(far - 1.6, *TAIL), ratio(far - 5.0, *FAR_TAIL))
    found = np.where(near, middle, np.where(centred < 0, -tail, tail))
    return np.maximum(np.minimum(found, most), -most)


def ratio(values: np.ndarray, above: Any, below: Any) -> np.ndarray:
    """Return the ratio of two polynomials, by their factors from the highest down."""
    return np.polyval(above, values) / np.polyval(below, values)


# Of AS 241, Applied Statistics 37 (1988), pages 477 to 484.
CENTRE = (
    (
        *(2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4),
        *(4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3),
        *(1.3314166789178437745e2, 3.3871328727963666080e0),
    ),
    (
        *(5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4),
        *(2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2),
        *(4.2313330701600911252e1, 1.0),
    ),
)
TAIL = (
    (
        *(7.74545014278341407640e-4, 2.27238449892691845833e-2),
        *(2.41780725177450611770e-1, 1.27045825245236838258e0),
        *(3.64784832476320460504e0, 5.76949722146069140550e0),
        *(4.63033784615654529590e0, 1.42343711074968357734e0),
    ),
    (
        *(1.05075007164441684324e-9, 5.47593808499534494600e-4),
        *(1.51986665636164571966e-2, 1.48103976427480074590e-1),
        *(6.89767334985100004550e-1, 1.67638483018380384940e0),
        *(2.05319162663775882187e0, 1.0),
    ),
)
FAR_TAIL = (
    (
        *(2.01033439929228813265e-7, 2.71155556874348757815e-5),
        *(1.24266094738807843860e-3, 2.65321895265761230930e-2),
        *(2.96560571828504891230e-1, 1.78482653991729133580e0),
        *(5.46378491116411436990e0, 6.65790464350110377720e0),
    ),
    (
        *(2.04426310338993978564e-15, 1.42151175831644588870e-7),
        *(1.84631831751005468180e-5, 7.86869131145613259100e-4),
        *(1.48753612908506148525e-2, 1.36929880922735805310e-1),
        *(5.99832206555887937690e-1, 1.0),
    ),
)
EPSILON = float(np.spacing(1.0))
# A number of single precision as bytes.
SINGLE = struct.Struct("f")
STEPS: dict[str, Any] = {
    "fill": lambda values, constant: np.where(np.isnan(values), constant, values),
    "add": lambda values, constant: values + constant,
    "subtract": lambda values, constant: values - constant,
    "multiply": lambda values, constant: values * constant,
    "divide": lambda values, constant: values / constant,
    "at least": np.maximum,
    "at most": np.minimum,
    # NaN is above nothing, as in scikit-learn's Binarizer.
    "above": lambda values, constant: (values > constant).astype(float),
    # What is left after division, with the sign of the constant.
    "modulo": np.mod,
    "yeo-johnson": yeo_johnson,
    "box-cox": box_cox,
    "normal quantile": normal_quantile,
    "missing within": missing_within,
    "single": single,
    "truncate": truncate,
    **FUNCTION_STEPS,
}
ACTIVATIONS: dict[str, Any] = {
    "identity": lambda values: values,
    "relu": lambda values: np.maximum(values, 0.0),
    "tanh": np.tanh,
    "logistic": lambda values: 1.0 / (1.0 + np.exp(-values)),
}
MOST_STEPS = 20
# NumPy multiplies more than these sooner than Python does.
MOST_WRITTEN_WEIGHTS = 500
# The step as Python; what is not here is called. A comparison with NaN is false.
WRITTEN_STEPS = {
    "fill": "({v} if {v} == {v} else {c})",
    "add": "({v} + {c})",
    "subtract": "({v} - {c})",
    "multiply": "({v} * {c})",
    "divide": "({v} / {c})",
    "at least": "({c} if {v} < {c} else {v})",
    "at most": "({c} if {v} > {c} else {v})",
    "above": "(1.0 if {v} > {c} else 0.0)",
    "modulo": "({v} % {c})",
    "missing within": "(nan if -{c} <= {v} <= {c} else {v})",
}
WRITTEN_ACTIVATIONS = {
    "identity": "{v}",
    "relu": "(0.0 if {v} < 0.0 else {v})",
    "tanh": "tanh({v})",
    "logistic": f"(0.0 if {{v}} <= {LOWEST_EXPONENT} else 1.0 / (1.0 + exp(-{{v}})))",
}


class Inputs(Matrix):
    """Inputs on which the same steps of arithmetic are done, each with its constants.

    Attributes
    ----------
    positions : ndarray of int32, shape (width,)
    steps : str
        Names in ``STEPS``, separated by commas.
    constants : ndarray of float64, shape (n_steps * width,)
        Of the first step, then of the second, and so on.
    """

    FIELDS = {"positions": "i", "steps": "text", "constants": "f"}
    positions: np.ndarray
    steps: str
    constants: np.ndarray

    def check(self) -> None:
        """Refuse steps that are not known, and constants that are not theirs."""
        self.names = [name for name in self.steps.split(",") if name]
        require(
            len(self.names) <= MOST_STEPS and STEPS.keys() >= set(self.names),
            "A step of arithmetic is none of the known ones.",
        )
        require(
            len(self.constants) == len(self.names) * len(self.positions)
            and np.isfinite(self.constants).all()
            and len(self.positions) > 0
            and (self.positions >= 0).all(),
            "A step of arithmetic has not its constants.",
        )

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return len(self.positions)

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads."""
        return int(self.positions.max())

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return PART_OPERATIONS + 5 * self.width * (len(self.names) + 1)

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 3 * self.width

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        values = matrix[:, self.positions]
        for i, name in enumerate(self.names):
            constants = self.constants[i * self.width : (i + 1) * self.width]
            values = STEPS[name](values, constants)
        return values

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        if not source.takes(self.width * (len(self.names) + 1)):
            raise NoSource
        constants = self.constants.reshape(len(self.names), self.width).T.tolist()
        return [
            written(source, source.input(position), zip(self.names, each))
            for position, each in zip(self.positions.tolist(), constants)
        ]


def yeo_johnson_of_one(value: float, power: float) -> float:
    """Return the same of one number."""
    if value >= 0:
        return powered_one(math.log1p(value), power)
    return -powered_one(math.log1p(-value), 2.0 - power)


def powered_one(logarithm: float, power: float) -> float:
    """Return a power, less 1 and divided by the power, of a logarithm."""
    if abs(power) < EPSILON:
        return logarithm
    try:
        return math.expm1(power * logarithm) / power
    except OverflowError:
        return math.inf / power


def box_cox_of_one(value: float, power: float) -> float:
    """Return the same of one number, which is refused unless it is above zero."""
    if value <= 0:
        raise not_positive()
    return powered_one(math.log(value), power)


def normal_quantile_of_one(share: float, most: float) -> float:
    """Return the same of one share."""
    if share != share:
        return share
    if not 0.0 < share < 1.0:
        return most if share >= 1.0 else -most
    return max(-most, min(most, standard_normal().inv_cdf(share)))


def single_of_one(value: float, _: float) -> float:
    """Return the same of one number."""
    try:
        return SINGLE.unpack(SINGLE.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def truncate_of_one(value: float, _: float) -> float:
    """Return the same of one number."""
    return (
        math.copysign(float(math.trunc(value)), value) if abs(value) < 2**53 else value
    )


@functools.cache
def standard_normal() -> Any:
    """Return the normal distribution, of a module that few models need."""
    from statistics import NormalDist

    return NormalDist()


CALLED_STEPS = {
    "yeo-johnson": yeo_johnson_of_one,
    "box-cox": box_cox_of_one,
    "normal quantile": normal_quantile_of_one,
    "single": single_of_one,
    "truncate": truncate_of_one,
    **CALLED_FUNCTION_STEPS,
}


def written(source: Source, value: str, steps: Iterable[tuple[str, float]]) -> str:
    """Add steps on a number of one row to a source; return what becomes of it."""
    for name, constant in steps:
        # NumPy divides by zero, and Python does not.
        if name in ("divide", "modulo") and constant == 0:
            raise NoSource
        text = WRITTEN_STEPS.get(name)
        if text is None:
            text = source.constant(CALLED_STEPS[name]) + "({v}, {c})"
        value = source.variable(text.format(v=value, c=source.number(constant)))
    return value


class Table(Matrix):
    """A row of numbers for each of some values of one input, and for all the others.

    Attributes
    ----------
    position : int
    keys : ndarray of float64, shape (n_keys,)
        In rising order.
    entries : ndarray of float64, shape ((n_keys + 2) * width,)
        The rows of the keys, then that of any other input, then that of NaN.
    """

    FIELDS = {"position": "whole", "keys": "f", "entries": "f"}
    position: int
    keys: np.ndarray
    entries: np.ndarray

    def check(self) -> None:
        """Refuse rows that are not those of the keys."""
        rows = len(self.keys) + 2
        require(
            len(self.entries) > 0
            and len(self.entries) % rows == 0
            and np.isfinite(self.keys).all()
            and not np.isinf(self.entries).any()
            and (np.diff(self.keys) > 0).all(),
            "The rows of a table are not those of its keys.",
        )
        self.rows = self.entries.reshape(rows, -1)

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return self.rows.shape[1]

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads."""
        return self.position

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return TABLE_OPERATIONS + self.width

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 8 + self.width

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        return self.rows[places_among(self.keys, matrix[:, self.position])]

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        if not source.holds(len(self.entries)):
            raise NoSource
        *rows, default, missing = self.rows.tolist()
        value = source.input(self.position)
        found = source.constant(dict(zip(self.keys.tolist(), rows)).get)
        other, gap = source.constant(default), source.constant(missing)
        name = source.variable(
            f"{found}({value}, {other}) if {value} == {value} else {gap}"
        )
        return [f"{name}[{i}]" for i in range(self.width)]


class Joined(Matrix):
    """Other parts side by side, their numbers in an order of their own.

    Attributes
    ----------
    of : list of Matrix
    order : ndarray of int32, shape (width,)
        Which number of the parts side by side comes first, second and so on.
    """

    FIELDS = {"of": "matrices", "order": "i"}
    of: list[Matrix]
    order: np.ndarray

    def check(self) -> None:
        """Refuse an order of other numbers than there are."""
        total = sum(part.width for part in self.of)
        require(
            len(self.order) > 0
            and len(self.order) <= total
            and ((self.order >= 0) & (self.order < total)).all(),
            "An order is not one of its numbers.",
        )

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return len(self.order)

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return 5 * self.width + super().operations()

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 2 * self.width + sum(part.numbers_held() for part in self.of)

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        return np.column_stack([part.values(matrix) for part in self.of])[:, self.order]

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        numbers = [one for part in self.of for one in part.write_row(source)]
        return [numbers[i] for i in self.order.tolist()]


class Dense(Matrix):
    """A layer of a neural network: weighted sums, and what they activate.

    Attributes
    ----------
    of : Matrix
    weights : ndarray of float64, shape (of.width * width,)
    biases : ndarray of float64, shape (width,)
    activation : {"identity", "relu", "tanh", "logistic"}
    """

    FIELDS = {"of": "matrix", "weights": "f", "biases": "f", "activation": "text"}
    of: Matrix
    weights: np.ndarray
    biases: np.ndarray
    activation: str

    def check(self) -> None:
        """Refuse weights that are not those of the numbers that go in."""
        require(self.activation in ACTIVATIONS, "An activation is none.")
        require(
            len(self.biases) > 0
            and len(self.weights) == self.of.width * len(self.biases)
            and np.isfinite(self.weights).all()
            and np.isfinite(self.biases).all(),
            "The weights of a layer are not those of its numbers.",
        )

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return len(self.biases)

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return self.of.operations() + len(self.weights) + 10 * self.width

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 3 * self.width + self.of.numbers_held()

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        weights = self.weights.reshape(-1, self.width)
        sums = self.of.values(matrix) @ weights + self.biases
        return ACTIVATIONS[self.activation](sums)

    def write_row(self, source: Source) -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        few = len(self.weights) <= MOST_WRITTEN_WEIGHTS
        if not (few and source.takes(len(self.weights))):
            raise NoSource
        given = [source.variable(number) for number in self.of.write_row(source)]
        found = []
        for weights, bias in zip(
            self.weights.reshape(-1, self.width).T.tolist(), self.biases.tolist()
        ):
            total = source.variable("0.0")
            for weight, number in zip(weights, given):
                source.add(total, f"{source.number(weight)} * {number}", 1)
            source.line(f"{total} += {source.number(bias)}")
            activated = WRITTEN_ACTIVATIONS[self.activation].format(v=total)
            found.append(activated)
        return found


class OnlyOne(Scalar):
    """The number of a part that has one a row."""

    FIELDS = {"of": "matrix"}
    of: Matrix

    def check(self) -> None:
        """Refuse a part of several numbers."""
        require(self.of.width == 1, "A part has several numbers.")

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the number of every row."""
        return self.of.values(matrix)[:, 0]

    def write(self, source: Source) -> str:
        """Add the number of one row to a source; return the variable."""
        (number,) = self.of.write_row(source)
        return source.variable(number)


class Gaussian(Scalar):
    """The difference of two log likelihoods under independent normal distributions.

    Attributes
    ----------
    of : Matrix
    means, variances : ndarray of float64, shape (2 * of.width,)
        Of the first class, then of the second.
    constants : ndarray of float64, shape (2,)
    """

    FIELDS = {"of": "matrix", "means": "f", "variances": "f", "constants": "f"}
    of: Matrix
    means: np.ndarray
    variances: np.ndarray
    constants: np.ndarray

    def check(self) -> None:
        """Refuse distributions that are not those of the numbers."""
        size = 2 * self.of.width
        arrays = (self.means, self.variances, self.constants)
        require(
            len(self.means) == len(self.variances) == size
            and len(self.constants) == 2
            and all(np.isfinite(array).all() for array in arrays)
            and (self.variances > 0).all(),
            "The distributions are not those of the numbers.",
        )

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return self.of.operations() + 8 * self.of.width

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 3 * self.of.width + self.of.numbers_held()

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the difference for every row."""
        given = self.of.values(matrix)
        likelihoods = [
            constant - 0.5 * ((given - mean) ** 2 / variance).sum(axis=1)
            for mean, variance, constant in zip(
                self.means.reshape(2, -1),
                self.variances.reshape(2, -1),
                self.constants.tolist(),
            )
        ]
        return likelihoods[1] - likelihoods[0]


class Quadratic(Scalar):
    """Half the squared length of one part, less that of another, plus a constant.

    The parts are distances from the centre of either class.
    """

    FIELDS = {"first": "matrix", "second": "matrix", "constant": "number"}
    first: Matrix
    second: Matrix
    constant: float

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return self.first.numbers_held() + self.second.numbers_held() + 4

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the difference for every row."""
        first = (self.first.values(matrix) ** 2).sum(axis=1)
        second = (self.second.values(matrix) ** 2).sum(axis=1)
        return 0.5 * (first - second) + self.constant


MATRIX_KINDS: dict[str, type[Part]] = {
    kind.__name__: kind
    for kind in (Inputs, Table, Joined, Dense, OnlyOne, Gaussian, Quadratic)
}
