CREATE OR REPLACE FUNCTION churn_runtime.form_matrices() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The parts of a compiled form that compute many numbers a row, and what reads them."""

from typing import Any

import numpy as np

from .form import require
from .form_parts import (
    PART_OPERATIONS,
    TABLE_OPERATIONS,
    Matrix,
    Part,
    Scalar,
    places_among,
)

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
}
ACTIVATIONS: dict[str, Any] = {
    "identity": lambda values: values,
    "relu": lambda values: np.maximum(values, 0.0),
    "tanh": np.tanh,
    "logistic": lambda values: 1.0 / (1.0 + np.exp(-values)),
}
MOST_STEPS = 20


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
$python$;
COMMENT ON FUNCTION churn_runtime.form_matrices IS 'The parts of a compiled form that compute many numbers a row, and what reads them.';
