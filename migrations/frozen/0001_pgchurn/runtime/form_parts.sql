CREATE OR REPLACE FUNCTION churn_runtime.form_parts() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The parts of which a compiled form computes a probability, one number a row.

Each part says in ``FIELDS`` what it is made of, checks it when it is made, computes
``values`` of many rows, and writes itself out as Python for a single one. Those of
many numbers a row are in ``form_matrices``.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .form import (
    ArrayReader,
    ArrayWriter,
    described,
    finite_number,
    malformed_form,
    require,
    whole_number,
)
from .form_source import NoSource
from .form_trees import Trees
from .pacing import Pausing, no_pause

if TYPE_CHECKING:
    from .form_source import Source

DEEPEST_PART = 20
# A part takes 0.1 ms to be read. NumPy takes some 10 microseconds for each of them, and
# for each table of a sum, however few the rows.
MOST_PARTS = 2_500
MOST_TABLES = 10_000
PART_OPERATIONS, TABLE_OPERATIONS = 20, 50
# Beyond that the exponential is too large for a double.
LOWEST_EXPONENT = -700.0

# In ``Part.FIELDS``.
ONE_PART, SEVERAL_PARTS = ("scalar", "matrix"), ("scalars", "matrices")
MATRICES = ("matrix", "matrices")


def parts_in(kind: str, value: Any) -> "list[Part]":
    """Return the parts that a field of a kind holds."""
    if kind in ONE_PART:
        return [value]
    return value if kind in SEVERAL_PARTS else []


class Part:
    """What a compiled form computes of a matrix of inputs.

    ``FIELDS`` names what it is made of: parts of one number a row ("scalar",
    "scalars") or of several ("matrix", "matrices"), "trees", "number", "whole", "text",
    or the type of an array ("f", "i", "b").
    """

    FIELDS: ClassVar[dict[str, str]]

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)
        for name, kind in self.FIELDS.items():
            for part in parts_in(kind, fields[name]):
                require(
                    isinstance(part, Matrix) == (kind in MATRICES),
                    "A part is of another kind than it must be.",
                )
        self.check()

    def check(self) -> None:
        """Refuse fields that do not fit one another."""

    def parts(self) -> "list[Part]":
        """Return the parts that this one computes with."""
        return [
            part
            for name, kind in self.FIELDS.items()
            for part in parts_in(kind, getattr(self, name))
        ]

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads."""
        return max((part.largest_position() for part in self.parts()), default=0)

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row.

        One takes 2 nanoseconds.
        """
        return PART_OPERATIONS + sum(part.operations() for part in self.parts())

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 2 + max((part.numbers_held() for part in self.parts()), default=0)

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return what it computes of every row."""
        raise NotImplementedError

    def write(self, source: "Source") -> str:
        """Add what it computes of one row to a source; return the variable."""
        raise NoSource

    def trees(self) -> "list[Trees]":
        """Return all trees that it contains."""
        return [trees for part in self.parts() for trees in part.trees()]

    def tied(self, matrix: np.ndarray) -> np.ndarray:
        """Return which rows another computation may decide otherwise.

        They are as far from points that count as from others that do not.
        """
        found = np.zeros(len(matrix), bool)
        for part in self.parts():
            found |= part.tied(matrix)
        return found


class Scalar(Part):
    """A part that computes one number a row: ``values`` has the shape (n_rows,)."""

    def value(self, *row: float) -> float:
        """Return the number of one row, computed as many rows are."""
        with np.errstate(all="ignore"):
            return float(self.values(np.array([row]))[0])


class Matrix(Part):
    """A part of several numbers a row: ``values`` has the shape (n_rows, width)."""

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        raise NotImplementedError

    def write_row(self, source: "Source") -> list[str]:
        """Add its numbers of one row to a source; return their expressions."""
        raise NoSource


class Sum(Scalar):
    """A constant, weighted inputs, tables of inputs, and trees, all added up.

    Attributes
    ----------
    constant : float
    positions : ndarray of int32, shape (n_weights,)
    weights : ndarray of float64, shape (n_weights,)
    fills : ndarray of float64, shape (n_weights,)
        What stands for NaN, if not NaN.
    tables : ndarray of int32, shape (n_tables,)
        Which input each table is of.
    defaults, missing : ndarray of float64, shape (n_tables,)
        What any other input, and NaN, adds to the sum.
    ends : ndarray of int32, shape (n_tables,)
        Where each table ends among keys and entries.
    keys, entries : ndarray of float64, shape (n_entries,)
        What an input adds to the sum; the keys of a table rise.
    forest : Trees
    """

    FIELDS = {
        "constant": "number",
        "positions": "i",
        "weights": "f",
        "fills": "f",
        "tables": "i",
        "defaults": "f",
        "missing": "f",
        "ends": "i",
        "keys": "f",
        "entries": "f",
        "forest": "trees",
    }
    constant: float
    positions: np.ndarray
    weights: np.ndarray
    fills: np.ndarray
    tables: np.ndarray
    defaults: np.ndarray
    missing: np.ndarray
    ends: np.ndarray
    keys: np.ndarray
    entries: np.ndarray
    forest: Trees

    def check(self) -> None:
        """Refuse arrays that do not belong together."""
        count, tables = len(self.positions), len(self.tables)
        require(
            len(self.weights) == count == len(self.fills)
            and tables == len(self.defaults) == len(self.missing) == len(self.ends)
            and len(self.keys) == len(self.entries),
            "The arrays of a sum differ in length.",
        )
        require(
            (self.positions >= 0).all() and (self.tables >= 0).all(),
            "A sum reads no input.",
        )
        finite = (self.weights, self.defaults, self.missing, self.keys, self.entries)
        require(
            all(np.isfinite(array).all() for array in finite)
            and not np.isinf(self.fills).any(),
            "A number of a sum is not finite.",
        )
        starts = np.concatenate([[0], self.ends.astype(np.int64)])
        require(
            (np.diff(starts) >= 0).all() and starts[-1] == len(self.keys),
            "The tables of a sum do not end.",
        )
        rising = np.diff(self.keys) > 0
        inside = np.ones(len(rising), dtype=bool)
        borders = starts[1:-1]
        inside[borders[(borders > 0) & (borders <= len(rising))] - 1] = False
        require((rising | ~inside).all(), "The keys of a table do not rise.")

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads."""
        return max(
            int(self.positions.max(initial=0)),
            int(self.tables.max(initial=0)),
            self.forest.largest_position(),
        )

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return (
            PART_OPERATIONS
            + 10 * len(self.weights)
            + TABLE_OPERATIONS * len(self.tables)
            + self.forest.operations()
        )

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 8 + 3 * len(self.weights) + 8 * len(self.forest.roots)

    def trees(self) -> list[Trees]:
        """Return its trees."""
        return [self.forest]

    def each_table(
        self,
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray, float, float]]:
        """Yield position, keys, entries, default and missing of each table."""
        first = 0
        for position, end, default, missing in zip(
            self.tables.tolist(),
            self.ends.tolist(),
            self.defaults.tolist(),
            self.missing.tolist(),
        ):
            keys, entries = self.keys[first:end], self.entries[first:end]
            yield position, keys, entries, default, missing
            first = end

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the sum of every row."""
        total = np.full(len(matrix), self.constant)
        if len(self.weights):
            chosen = matrix[:, self.positions]
            chosen = np.where(np.isnan(chosen), self.fills, chosen)
            total += chosen @ self.weights
        for position, keys, entries, default, missing in self.each_table():
            # There may be thousands, and each takes its time however few the rows.
            self.forest.pause()
            places = places_among(keys, matrix[:, position])
            total += np.append(entries, [default, missing])[places]
        if len(self.forest.roots):
            total += self.forest.values(matrix)
        return total

    def write(self, source: "Source") -> str:
        """Add the sum of one row to a source; return the variable."""
        number = source.number
        nodes = len(self.weights) + len(self.tables)
        if not (source.takes(nodes) and source.holds(len(self.keys))):
            raise NoSource
        target = source.variable(number(self.constant))
        for position, weight, fill in zip(
            self.positions.tolist(), self.weights.tolist(), self.fills.tolist()
        ):
            value = source.input(position)
            if fill == fill:
                value = f"({value} if {value} == {value} else {number(fill)})"
            source.add(target, f"{number(weight)} * {value}", 1)
        for position, keys, entries, default, missing in self.each_table():
            value = source.input(position)
            name = source.constant(dict(zip(keys.tolist(), entries.tolist())).get)
            found = f"{name}({value}, {number(default)})"
            if missing != default:
                found = f"({found} if {value} == {value} else {number(missing)})"
            source.add(target, found, 1)
        self.forest.write_lines(source, target)
        return target


class Sigmoid(Scalar):
    """The logistic function of another part."""

    FIELDS = {"of": "scalar"}
    of: Scalar

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the share of every row."""
        return sigmoid(self.of.values(matrix))

    def write(self, source: "Source") -> str:
        """Add the share of one row to a source; return the variable."""
        s = self.of.write(source)
        return source.variable(
            f"0.0 if {s} <= {LOWEST_EXPONENT} else 1.0 / (1.0 + exp(-{s}))"
        )


class Share(Scalar):
    """Another part cut to 0 and 1, as a sum of rounded shares needs it."""

    FIELDS = {"of": "scalar"}
    of: Scalar

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the share of every row."""
        return np.clip(self.of.values(matrix), 0.0, 1.0)

    def write(self, source: "Source") -> str:
        """Add the share of one row to a source; return the variable."""
        return cut(source, self.of.write(source))


class Affine(Scalar):
    """A slope times another part, plus a constant."""

    FIELDS = {"of": "scalar", "slope": "number", "constant": "number"}
    of: Scalar
    slope: float
    constant: float

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the line's value for every row."""
        return self.of.values(matrix) * self.slope + self.constant

    def write(self, source: "Source") -> str:
        """Add the line's value for one row to a source; return the variable."""
        slope, constant = source.number(self.slope), source.number(self.constant)
        return source.variable(f"{self.of.write(source)} * {slope} + {constant}")


class Sign(Scalar):
    """1 where another part is above a threshold, -1 where it is not."""

    FIELDS = {"of": "scalar", "threshold": "number"}
    of: Scalar
    threshold: float

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the sign for every row."""
        return np.where(self.of.values(matrix) > self.threshold, 1.0, -1.0)

    def write(self, source: "Source") -> str:
        """Add the sign for one row to a source; return the variable."""
        s = self.of.write(source)
        return source.variable(
            f"1.0 if {s} > {source.number(self.threshold)} else -1.0"
        )


class LogOdds(Scalar):
    """The logarithm of a share plus epsilon, less that of its complement's."""

    FIELDS = {"of": "scalar", "epsilon": "number"}
    of: Scalar
    epsilon: float

    def check(self) -> None:
        """Refuse what a logarithm fails on."""
        require(0 < self.epsilon < 1, "An epsilon is none.")

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the log odds of every row."""
        share = np.clip(self.of.values(matrix), 0.0, 1.0)
        return np.log(share + self.epsilon) - np.log((1.0 - share) + self.epsilon)

    def write(self, source: "Source") -> str:
        """Add the log odds of one row to a source; return the variable."""
        s, epsilon = cut(source, self.of.write(source)), source.number(self.epsilon)
        return source.variable(f"log({s} + {epsilon}) - log((1.0 - {s}) + {epsilon})")


class Interpolated(Scalar):
    """The piecewise linear function of another part; beyond its ends those hold.

    Attributes
    ----------
    of : Scalar
    x, y : ndarray of float64, shape (n_points,)
        The points; x rises.
    """

    FIELDS = {"of": "scalar", "x": "f", "y": "f"}
    of: Scalar
    x: np.ndarray
    y: np.ndarray

    def check(self) -> None:
        """Refuse points that are no function."""
        require(
            len(self.x) == len(self.y) > 0
            and np.isfinite(self.x).all()
            and np.isfinite(self.y).all()
            and (np.diff(self.x) > 0).all(),
            "The points of a function do not rise.",
        )

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the function's value for every row."""
        return np.interp(self.of.values(matrix), self.x, self.y)

    def write(self, source: "Source") -> str:
        """Add the function's value for one row to a source; return the variable."""
        if not source.holds(len(self.x)):
            raise NoSource
        name = source.constant(interpolation(self.x.tolist(), self.y.tolist()))
        return source.variable(f"{name}({self.of.write(source)})")


class Mean(Scalar):
    """The weighted sum of other parts.

    Attributes
    ----------
    of : list of Scalar
    weights : ndarray of float64, shape (n_parts,)
    """

    FIELDS = {"of": "scalars", "weights": "f"}
    of: list[Scalar]
    weights: np.ndarray

    def check(self) -> None:
        """Refuse weights that are not those of the parts."""
        require(
            len(self.weights) == len(self.of) > 0 and np.isfinite(self.weights).all(),
            "The weights of a mean are not those of its parts.",
        )

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the mean of every row."""
        total = np.zeros(len(matrix))
        for part, weight in zip(self.of, self.weights.tolist()):
            total += weight * part.values(matrix)
        return total

    def write(self, source: "Source") -> str:
        """Add the mean of one row to a source; return the variable."""
        said = write_each(source, self.of)
        target = source.variable("0.0")
        for one, weight in zip(said, self.weights.tolist()):
            source.line(f"{target} += {source.number(weight)} * {one}")
        return target


def write_each(source: "Source", parts: Sequence[Scalar]) -> list[str]:
    """Add the number that each part gives of one row to a source; return the variables.

    Parts that are not written out are called, unless that is all of them.
    """
    written = [source.written(part) for part in parts]
    if not any(written):
        raise NoSource
    return [
        one or source.variable(f"{source.constant(part.value)}({source.inputs()})")
        for part, one in zip(parts, written)
    ]


def cut(source: "Source", s: str) -> str:
    """Add a variable that is another one cut to 0 and 1 to a source; return it."""
    return source.variable(f"0.0 if {s} < 0.0 else 1.0 if {s} > 1.0 else {s}")


def places_among(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return where each value is among rising keys.

    After the last key comes the place of all others, and then that of NaN.
    """
    other = len(keys)
    places = np.full(len(values), other)
    if other:
        near = np.minimum(np.searchsorted(keys, values), other - 1)
        places = np.where(keys[near] == values, near, other)
    places[np.isnan(values)] = other + 1
    return places


def sigmoid(values: np.ndarray) -> np.ndarray:
    """Return the logistic function of values, without overflow."""
    # Bounded where the exponential of a double ends.
    return (
        1.0
        / (1.0 + np.exp(-np.clip(values, LOWEST_EXPONENT, None)))
        * (values > LOWEST_EXPONENT)
    )


def interpolation(x: Sequence[float], y: Sequence[float]) -> Any:
    """Return ``numpy.interp`` of these points as a function of one number."""
    from bisect import bisect_right

    last = len(x) - 1
    slopes = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(last)]

    def value(at: float) -> float:
        if at != at or at <= x[0]:
            return y[0] if at == at else at
        if at >= x[last]:
            return y[last]
        i = bisect_right(x, at) - 1
        return slopes[i] * (at - x[i]) + y[i]

    return value


def describe(part: Part, writer: ArrayWriter) -> dict[str, Any]:
    """Return a part's description, having handed over its arrays."""
    description: dict[str, Any] = {"kind": type(part).__name__}
    for name, kind in part.FIELDS.items():
        value = getattr(part, name)
        if kind in ONE_PART:
            description[name] = describe(value, writer)
        elif kind in SEVERAL_PARTS:
            description[name] = [describe(one, writer) for one in value]
        elif kind == "trees":
            description[name] = {
                field: writer.add(code, getattr(value, field))
                for field, code in Trees.FIELDS.items()
            }
        elif kind in ("number", "whole", "text"):
            description[name] = value
        else:
            description[name] = writer.add(kind, value)
    return description


class PartReader:
    """Makes parts of their descriptions, every one of them checked."""

    def __init__(self, arrays: list[np.ndarray], pause: Pausing = no_pause) -> None:
        self.arrays = ArrayReader(arrays)
        self.pause = pause
        self.parts = self.tables = 0

    def read(self, description: Any, depth: int = 0) -> Part:
        """Return the part of a description."""
        self.pause()
        self.parts += 1
        require(
            depth < DEEPEST_PART and self.parts <= MOST_PARTS,
            "Its parts are too many, or too deep in one another.",
        )
        require(type(description) is dict, "A part is none.")
        name = description.get("kind")
        require(type(name) is str, "A part is none.")
        kind = self.kind_of(name)
        described(description, {"kind", *kind.FIELDS})
        fields = {
            name: self.field(code, description[name], depth)
            for name, code in kind.FIELDS.items()
        }
        self.tables += len(fields.get("tables", ()))
        require(self.tables <= MOST_TABLES, "Its tables are too many.")
        return kind(**fields)

    def kind_of(self, name: str) -> type[Part]:
        """Return the kind of part that a name stands for."""
        return SCALAR_KINDS.get(name) or kind_elsewhere(name)

    def field(self, code: str, value: Any, depth: int) -> Any:
        """Return a field of a part."""
        if code in ONE_PART:
            return self.read(value, depth + 1)
        if code in SEVERAL_PARTS:
            require(type(value) is list, "A part is none.")
            return [self.read(one, depth + 1) for one in value]
        if code == "trees":
            described(value, Trees.FIELDS.keys())
            arrays = {
                name: self.arrays.take(one, value[name])
                for name, one in Trees.FIELDS.items()
            }
            return Trees(**arrays, pause=self.pause)
        if code == "number":
            return finite_number(value)
        if code == "whole":
            return whole_number(value, 0, 1 << 31)
        if code == "text":
            require(type(value) is str, "A text is none.")
            return value
        return self.arrays.take(code, value)


def kind_elsewhere(name: str) -> type[Part]:
    """Return a kind of part that sums and trees do without, imported when needed."""
    from .form_matrices import MATRIX_KINDS

    if name in MATRIX_KINDS:
        return MATRIX_KINDS[name]
    from .form_neighbours import NEIGHBOUR_KINDS

    if name in NEIGHBOUR_KINDS:
        return NEIGHBOUR_KINDS[name]
    from .form_computed import COMPUTED_KINDS

    if name in COMPUTED_KINDS:
        return COMPUTED_KINDS[name]
    raise malformed_form("A part is of an unknown kind.")


SCALAR_KINDS: dict[str, type[Part]] = {
    kind.__name__: kind
    for kind in (Sum, Sigmoid, Share, Affine, Sign, LogOdds, Interpolated, Mean)
}
$python$;
COMMENT ON FUNCTION churn_runtime.form_parts IS 'The parts of which a compiled form computes a probability, one number a row.';
