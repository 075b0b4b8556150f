"""The parts of which a compiled form computes a probability, one number a row.

Each part says in ``FIELDS`` what it is made of, checks it when it is made, computes
``values`` of many rows, and writes itself out as Python for a single one. Other parts
of one number a row are in ``form_scalars``, those of many in ``form_matrices``.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from .form import (
    ArrayReader,
    ArrayWriter,
    described,
    finite_number,
    malformed_form,
    require,
    whole_number,
)
from .form_arrays import (
    ArrayField,
    FormArray,
    Numbers,
    are_ends,
    are_finite,
    are_not_negative,
    have_infinity,
    highest,
    numbers_in,
    rise,
)
from .form_source import NoSource
from .form_trees import Trees
from .numpy_later import Array, np
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
    # Whether its arrays become NumPy's only when many rows are computed.
    reads_later: ClassVar[bool] = False

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
            for part in parts_in(kind, vars(self)[name])
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

    def values(self, matrix: Array) -> Array:
        """Return what it computes of every row."""
        raise NotImplementedError

    def write(self, source: "Source") -> str:
        """Add what it computes of one row to a source; return the variable."""
        raise NoSource

    def trees(self) -> "list[Trees]":
        """Return all trees that it contains."""
        return [trees for part in self.parts() for trees in part.trees()]

    def tied(self, matrix: Array) -> Array:
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
    reads_later = True
    constant: float
    positions = ArrayField()
    weights = ArrayField()
    fills = ArrayField()
    tables = ArrayField()
    defaults = ArrayField()
    missing = ArrayField()
    ends = ArrayField()
    keys = ArrayField()
    entries = ArrayField()
    forest: Trees

    def check(self) -> None:
        """Refuse arrays that do not belong together."""
        positions, weights, fills = self.numbers("positions", "weights", "fills")
        tables, defaults, missing = self.numbers("tables", "defaults", "missing")
        ends, keys, entries = self.numbers("ends", "keys", "entries")
        self.weight_count, self.table_count = len(positions), len(tables)
        self.key_count = len(keys)
        require(
            len(weights) == self.weight_count == len(fills)
            and self.table_count == len(defaults) == len(missing) == len(ends)
            and len(keys) == len(entries),
            "The arrays of a sum differ in length.",
        )
        require(
            are_not_negative(positions) and are_not_negative(tables),
            "A sum reads no input.",
        )
        require(
            all(map(are_finite, (weights, defaults, missing, keys, entries)))
            and not have_infinity(fills),
            "A number of a sum is not finite.",
        )
        require(are_ends(ends, len(keys)), "The tables of a sum do not end.")
        first = 0
        for end in ends:
            require(rise(keys[first:end]), "The keys of a table do not rise.")
            first = end
        self.last_position = max(highest(positions), highest(tables))

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads."""
        return max(self.last_position, self.forest.largest_position())

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return (
            PART_OPERATIONS
            + 10 * self.weight_count
            + TABLE_OPERATIONS * self.table_count
            + self.forest.operations()
        )

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 8 + 3 * self.weight_count + 8 * self.forest.tree_count

    def trees(self) -> list[Trees]:
        """Return its trees."""
        return [self.forest]

    def numbers(self, *names: str) -> list[Numbers]:
        """Return arrays, as lists where they are short."""
        return [numbers_in(self, name) for name in names]

    def each_table(self) -> Iterator[tuple[int, slice, float, float]]:
        """Yield position, place of keys and entries, default and missing of each."""
        first = 0
        for position, end, default, missing in zip(
            *self.numbers("tables", "ends", "defaults", "missing")
        ):
            yield position, slice(first, end), default, missing
            first = end

    def values(self, matrix: Array) -> Array:
        """Return the sum of every row."""
        total = np.full(len(matrix), self.constant)
        if self.weight_count:
            chosen = matrix[:, self.positions]
            # In place, since the choice is a copy.
            np.copyto(chosen, self.fills, where=np.isnan(chosen))
            total += chosen @ self.weights
        for position, table, default, missing in self.each_table():
            # There may be thousands, and each takes its time however few the rows.
            self.forest.pause()
            places = places_among(self.keys[table], matrix[:, position])
            total += np.append(self.entries[table], [default, missing])[places]
        if self.forest.tree_count:
            total += self.forest.values(matrix)
        return total

    def write(self, source: "Source") -> str:
        """Add the sum of one row to a source; return the variable."""
        number = source.number
        nodes = self.weight_count + self.table_count
        if not (source.takes(nodes) and source.holds(self.key_count)):
            raise NoSource
        target = source.variable(number(self.constant))
        for position, weight, fill in zip(
            *self.numbers("positions", "weights", "fills")
        ):
            value = source.input(position)
            if fill == fill:
                value = f"({value} if {value} == {value} else {number(fill)})"
            source.add(target, f"{number(weight)} * {value}", 1)
        keys, entries = (vars(self)[name].tolist() for name in ("keys", "entries"))
        for position, table, default, missing in self.each_table():
            value = source.input(position)
            name = source.constant(dict(zip(keys[table], entries[table])).get)
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

    def values(self, matrix: Array) -> Array:
        """Return the share of every row."""
        return sigmoid(self.of.values(matrix))

    def write(self, source: "Source") -> str:
        """Add the share of one row to a source; return the variable."""
        s = self.of.write(source)
        return source.variable(
            f"0.0 if {s} <= {LOWEST_EXPONENT} else 1.0 / (1.0 + exp(-{s}))"
        )


def places_among(keys: Array, values: Array) -> Array:
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


def sigmoid(values: Array) -> Array:
    """Return the logistic function of values, without overflow."""
    # Bounded where the exponential of a double ends.
    return (
        1.0
        / (1.0 + np.exp(-np.clip(values, LOWEST_EXPONENT, None)))
        * (values > LOWEST_EXPONENT)
    )


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

    def __init__(self, arrays: list[FormArray], pause: Pausing = no_pause) -> None:
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
        if not kind.reads_later:
            fields = {
                name: np.asarray(field) if isinstance(field, FormArray) else field
                for name, field in fields.items()
            }
        return kind(**fields)

    def kind_of(self, name: str) -> type[Part]:
        """Return the kind of part that a name stands for."""
        return SUM_KINDS.get(name) or kind_elsewhere(name)

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
    """Return a kind of part that most sums and trees do without."""
    from .form_scalars import SCALAR_KINDS

    if name in SCALAR_KINDS:
        return SCALAR_KINDS[name]
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


SUM_KINDS: dict[str, type[Part]] = {kind.__name__: kind for kind in (Sum, Sigmoid)}
