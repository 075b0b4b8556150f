"""What the nodes of an ONNX graph compute of a row, as formulas.

A table in the graph is a list of cells, one a column: numbers made of one input
(`Column`), weighted sums of them (`Weighted`), sums of leaves (`TreeSum`), and
probabilities (`Share`, `Mixture`). Arithmetic on them gives others; what has no formula
is refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pgchurn.loader.boosters.forest import RawTree
from pgchurn.loader.onnx.tensors import DOUBLE, FLOAT, STRING
from pgchurn.plpython.runtime.form_matrices import STEPS

# What is rounded when it is done in single precision.
ROUNDED = ("add", "subtract", "multiply", "divide", "tanh")
SINGLE = ("single", 0.0)


class Untranslatable(Exception):
    """Arithmetic that gives no formula, in words."""


@dataclass(frozen=True, eq=False, slots=True)
class Lookup:
    """A number for each of some values, and another one for all others.

    Attributes
    ----------
    values : dict of (str or float) to float
    default : float
    refuses_others : bool
        Whether the runtime fails where there is no value of its own.
    missing : float
        What stands for NaN.
    known : dict of str or float, optional
        In place of the values, what is told from all others. Several lookups may share
        it.
    """

    values: dict[Any, float]
    default: float
    refuses_others: bool = False
    missing: float = 0.0
    known: dict[Any, None] | None = None

    @property
    def categories(self) -> dict[Any, Any]:
        """What is told from all others, in order."""
        return self.values if self.known is None else self.known

    def mapped(self, function: Callable[[float], float]) -> "Lookup":
        """Return the lookup of what a function makes of its numbers."""
        return replace(
            self,
            values={key: function(value) for key, value in self.values.items()},
            default=function(self.default),
            missing=function(self.missing),
        )


@dataclass(frozen=True, eq=False)
class RowPart:
    """Numbers that are computed of several columns, or what a classifier says of them.

    Attributes
    ----------
    columns : tuple of Column
    norm : {"l1", "l2"} or None
        What divides them.
    weights : ndarray of float64, shape (n_columns, n_numbers), optional
        What they are multiplied by.
    share : Share, optional
        The one number that is there instead.
    """

    columns: "tuple[Column, ...]"
    norm: str | None = None
    weights: np.ndarray | None = None
    share: "Share | None" = None


@dataclass(frozen=True, slots=True)
class Column:
    """A number that is made of one input, or of one number of a part.

    Attributes
    ----------
    source : int, or tuple of (RowPart, int)
    element : int
        The type of its elements: see ``tensors``.
    steps : tuple of (str, float)
        What is done with it: see ``column_checks.STEP_NAMES``.
    lookup : Lookup or None
        What is looked up then.
    """

    source: Any
    element: int
    steps: tuple[tuple[str, float], ...] = ()
    lookup: Lookup | None = None

    @property
    def is_given(self) -> bool:
        """Whether it is an input as it is."""
        return not self.steps and self.lookup is None and isinstance(self.source, int)

    def rounded(self) -> "Column":
        """Return the column as the graph has it: its inputs may be of more digits."""
        if self.is_given and self.element == FLOAT:
            return replace(self, steps=(SINGLE,))
        return self

    def step(self, name: str, constant: float) -> "Column":
        """Return the column after a step, in its own precision."""
        if self.element == STRING:
            raise Untranslatable("arithmetic on texts")
        steps = [(name, float(constant))]
        if self.element == FLOAT and name in ROUNDED:
            steps.append(SINGLE)
        before = self.rounded()
        if before.lookup is not None:
            return replace(before, lookup=before.lookup.mapped(stepped(steps)))
        made = [*before.steps]
        for one in steps:
            if one != SINGLE or made[-1:] != [SINGLE]:
                made.append(one)
        return replace(before, steps=tuple(made))

    def cast(self, element: int) -> "Column":
        """Return the column as of another type."""
        if element == self.element:
            return self
        if STRING in (element, self.element):
            raise Untranslatable("numbers as texts, or texts as numbers")
        if element == FLOAT:
            return replace(replace(self, element=DOUBLE).step(*SINGLE), element=FLOAT)
        if element != DOUBLE and self.element in (FLOAT, DOUBLE):
            return replace(self.step("truncate", 0.0), element=element)
        return replace(self.rounded(), element=element)

    def looked_up(self, lookup: Lookup, element: int) -> "Column":
        """Return what is looked up of the column."""
        if self.lookup is not None:
            given = self.lookup.mapped(lambda v: lookup.values.get(v, lookup.default))
            if lookup.refuses_others:
                raise Untranslatable("an encoder that refuses what another one gives")
            return replace(self, lookup=given, element=element)
        # Made anew: `replace` takes ten times as long, and an encoder has thousands.
        return Column(self.source, element, self.rounded().steps, lookup)


def stepped(steps: Sequence[tuple[str, float]]) -> Callable[[float], float]:
    """Return the function that does steps with a number."""

    def done(value: float) -> float:
        with np.errstate(all="ignore"):
            for name, constant in steps:
                value = float(STEPS[name](np.float64(value), constant))
        return value

    return done


@dataclass(frozen=True, eq=False)
class Weighted:
    """Weighted columns and a constant, added up."""

    columns: tuple[Column, ...]
    weights: np.ndarray
    constant: float = 0.0

    def scaled(self, factor: float) -> "Weighted":
        """Return the sum times a factor."""
        return Weighted(self.columns, self.weights * factor, self.constant * factor)

    def moved(self, constant: float) -> "Weighted":
        """Return the sum and a constant."""
        return replace(self, constant=self.constant + constant)

    def plus(self, other: "Weighted") -> "Weighted":
        """Return the sum of both."""
        constant = self.constant + other.constant
        if self.columns == other.columns:
            return Weighted(self.columns, self.weights + other.weights, constant)
        return Weighted(
            self.columns + other.columns,
            np.concatenate([self.weights, other.weights]),
            constant,
        )

    def is_negative_of(self, other: Any) -> bool:
        """Return whether both add up to nothing."""
        return (
            isinstance(other, Weighted)
            and self.columns == other.columns
            and np.array_equal(self.weights, -other.weights)
            and self.constant == -other.constant
        )


@dataclass(frozen=True, eq=False)
class TreeSum:
    """Leaves that are added up, times a scale, and a constant.

    Attributes
    ----------
    columns : tuple of Column
        What the trees compare.
    trees : tuple of RawTree
    scale, constant : float
    single : bool
        Whether it is done in single precision.
    """

    columns: tuple[Column, ...]
    trees: tuple[RawTree, ...]
    single: bool
    scale: float = 1.0
    constant: float = 0.0

    def scaled(self, factor: float) -> "TreeSum":
        """Return the sum times a factor."""
        return replace(self, scale=self.scale * factor, constant=self.constant * factor)

    def moved(self, constant: float) -> "TreeSum":
        """Return the sum and a constant."""
        return replace(self, constant=self.constant + constant)

    def plus(self, other: "TreeSum") -> "TreeSum":
        """Return the sum of both."""
        if self.columns != other.columns or self.scale != other.scale:
            raise Untranslatable("trees of different columns, added up")
        return replace(
            self,
            trees=self.trees + other.trees,
            constant=self.constant + other.constant,
        )

    def is_negative_of(self, other: Any) -> bool:
        """Return whether both add up to nothing."""
        return (
            isinstance(other, TreeSum)
            and self.trees is other.trees
            and self.columns == other.columns
            and self.scale == -other.scale
            and self.constant == -other.constant
        )


Form = Weighted | TreeSum


@dataclass(frozen=True, eq=False)
class Share:
    """A probability: of log odds, or leaves that add up to it."""

    of: Form
    is_logistic: bool = True

    def complement(self) -> "Share":
        """Return what is missing to 1."""
        if self.is_logistic:
            return Share(self.of.scaled(-1.0))
        return Share(self.of.scaled(-1.0).moved(1.0), is_logistic=False)

    def is_complement_of(self, other: Any) -> bool:
        """Return whether both add up to 1."""
        if not isinstance(other, Share) or self.is_logistic != other.is_logistic:
            return False
        made = self.complement().of
        return made.is_negative_of(other.of.scaled(-1.0))


@dataclass(frozen=True, eq=False)
class Mixture:
    """Weighted probabilities and a constant, added up."""

    shares: tuple[Share, ...]
    weights: tuple[float, ...]
    constant: float = 0.0

    def scaled(self, factor: float) -> "Mixture":
        """Return the sum times a factor."""
        weights = tuple(one * factor for one in self.weights)
        return Mixture(self.shares, weights, self.constant * factor)

    def moved(self, constant: float) -> "Mixture":
        """Return the sum and a constant."""
        return replace(self, constant=self.constant + constant)

    def plus(self, other: "Mixture") -> "Mixture":
        """Return the sum of both, complements being taken together."""
        made = Mixture(
            self.shares + other.shares,
            self.weights + other.weights,
            self.constant + other.constant,
        )
        return made.simplified()

    def simplified(self) -> "Mixture":
        """Return the same with no two probabilities that add up to 1."""
        shares, weights = list(self.shares), list(self.weights)
        constant = self.constant
        for i in range(len(shares)):
            for j in range(i):
                if shares[j].is_complement_of(shares[i]):
                    # Of what both have in common, 1 is left.
                    constant += weights[i]
                    weights[j] -= weights[i]
                    weights[i] = 0.0
        kept = [i for i, weight in enumerate(weights) if weight]
        return Mixture(
            tuple(shares[i] for i in kept), tuple(weights[i] for i in kept), constant
        )


@dataclass(frozen=True, eq=False)
class Exponential:
    """The exponential of a sum, and 1 if that is added to it."""

    of: Form
    one_added: bool = False


Cell = Column | Weighted | TreeSum | Share | Mixture | Exponential


@dataclass(frozen=True, eq=False)
class Table:
    """A table in a graph.

    Attributes
    ----------
    cells : list of Cell
    element : int
        The type of its elements: see ``tensors``.
    layers : list of (list of Cell), optional
        Of a tensor of three dimensions the tables, one after the other.
    """

    cells: list[Cell]
    element: int
    layers: list[list[Cell]] = field(default_factory=list)

    def mapped(
        self, function: Callable[[Any], Any], element: int | None = None
    ) -> "Table":
        """Return the table of what a function makes of each cell."""
        made = [function(cell) for cell in self.cells]
        return Table(made, self.element if element is None else element)

    def columns(self) -> tuple[Column, ...]:
        """Return the cells as columns."""
        return tuple(as_columns(self.cells, self.element))

    def forms(self) -> list[Form]:
        """Return the cells as sums."""
        return [as_form(cell) for cell in self.cells]


def as_columns(cells: Sequence[Cell], element: int) -> list[Column]:
    """Return cells as columns; weighted sums of the same columns as one part."""
    trees = any(is_of_trees(cell) for cell in cells)
    sums: dict[tuple[Column, ...], list[np.ndarray]] = {}
    places: list[tuple[tuple[Column, ...], int] | None] = []
    for cell in cells:
        form = cell.of if isinstance(cell, Share) and not trees else cell
        if isinstance(form, Weighted):
            together = sums.setdefault(form.columns, [])
            places.append((form.columns, len(together)))
            together.append(form.weights)
        else:
            places.append(None)
    parts = {
        columns: RowPart(columns, weights=np.stack(weights, axis=1))
        for columns, weights in sums.items()
    }
    found: list[Column] = []
    for cell, place in zip(cells, places):
        if place is not None:
            column = Column((parts[place[0]], place[1]), element)
            form = cell.of if isinstance(cell, Share) else cell
            if constant := form.constant:  # type: ignore[union-attr]
                column = column.step("add", constant)
            found.append(by_tangent(column) if isinstance(cell, Share) else column)
        elif isinstance(cell, Column):
            found.append(cell)
        elif isinstance(cell, Share):
            found.append(said(cell))
        else:
            raise Untranslatable("what several classifiers say, read by another one")
    return found


def is_of_trees(cell: Cell) -> bool:
    """Return whether a cell is a probability that trees give."""
    return isinstance(cell, Share) and isinstance(cell.of, TreeSum)


def said(share: Share) -> Column:
    """Return what a classifier says as a column."""
    return Column((RowPart(share.of.columns, share=share), 0), FLOAT)


def by_tangent(column: Column) -> Column:
    """Return the logistic function of a column.

    It is half the hyperbolic tangent of half its argument, and a half.
    """
    halved = column.step("multiply", 0.5).step("tanh", 0.0)
    return halved.step("multiply", 0.5).step("add", 0.5)


def as_form(cell: Cell) -> Form:
    """Return a cell as a sum."""
    if isinstance(cell, Column):
        return Weighted((cell.rounded(),), np.ones(1))
    if isinstance(cell, (Weighted, TreeSum)):
        return cell
    if isinstance(cell, (Share, Mixture)):
        mixture = as_mixture(cell)
        columns = tuple(said(share) for share in mixture.shares)
        return Weighted(columns, np.array(mixture.weights), mixture.constant)
    raise Untranslatable("arithmetic on what a classifier says")


def as_mixture(cell: Cell) -> Mixture:
    """Return a cell as a sum of probabilities."""
    if isinstance(cell, Share):
        return Mixture((cell,), (1.0,))
    if isinstance(cell, Mixture):
        return cell
    raise Untranslatable("a probability and something else, added up")


def as_share(mixture: Mixture) -> Share | Mixture:
    """Return the only probability of a sum, where it stands for itself."""
    if len(mixture.shares) == 1:
        (share,), (weight,) = mixture.shares, mixture.weights
        if weight == 1.0 and mixture.constant == 0.0:
            return share
        if weight == -1.0 and mixture.constant == 1.0:
            return share.complement()
    return mixture


def with_constant(name: str, cell: Cell, constant: float, first: bool) -> Cell:
    """Return a cell and a constant, added, multiplied and so on.

    Parameters
    ----------
    name : {"add", "subtract", "multiply", "divide"}
    cell : Cell
    constant : float
    first : bool
        Whether the constant stands before the cell.
    """
    if isinstance(cell, Exponential):
        return with_exponential(name, cell, constant, first)
    if name == "divide":
        if first or constant == 0:
            raise Untranslatable("a division by what is no constant, or by 0")
        if isinstance(cell, Column):
            return cell.step("divide", constant)
        name, constant = "multiply", 1.0 / constant
    if name == "subtract" and not first:
        if isinstance(cell, Column):
            return cell.step("subtract", constant)
        name, constant = "add", -constant
    elif name == "subtract":
        return with_constant("add", negative(cell), constant, first=False)
    if isinstance(cell, Column):
        return cell.step(name, constant)
    made = as_mixture(cell) if isinstance(cell, Share) else cell
    made = made.moved(constant) if name == "add" else made.scaled(constant)
    return as_share(made) if isinstance(made, Mixture) else made


def negative(cell: Cell) -> Cell:
    """Return a cell with the other sign."""
    return with_constant("multiply", cell, -1.0, first=False)


def with_exponential(
    name: str, cell: Exponential, constant: float, first: bool
) -> Cell:
    """Return 1 and an exponential, or the logistic function as 1 divided by that."""
    if name == "add" and constant == 1.0 and not cell.one_added:
        return replace(cell, one_added=True)
    if name == "divide" and constant == 1.0 and first and cell.one_added:
        return Share(cell.of.scaled(-1.0))
    raise Untranslatable("an exponential that is no part of a logistic function")


def added(one: Cell, other: Cell) -> Cell:
    """Return the sum of two cells."""
    if isinstance(one, (Share, Mixture)) or isinstance(other, (Share, Mixture)):
        return as_share(as_mixture(one).plus(as_mixture(other)))
    first, second = as_form(one), as_form(other)
    if isinstance(first, Weighted) and isinstance(second, Weighted):
        return first.plus(second)
    if isinstance(first, TreeSum) and isinstance(second, TreeSum):
        return first.plus(second)
    raise Untranslatable("trees and weighted columns, added up")


def divided(one: Cell, other: Cell) -> Cell:
    """Return a cell that is divided by another one, which has to be a constant."""
    if isinstance(other, Mixture) and not other.shares and other.constant:
        return with_constant("divide", one, other.constant, first=False)
    raise Untranslatable("a division by what is no constant")


def softmax(cells: Sequence[Cell]) -> list[Cell]:
    """Return the probabilities of two classes that sums stand for."""
    first, second = (as_form(cell) for cell in cells)
    difference = added(second, negative(first))
    if not isinstance(difference, (Weighted, TreeSum)):
        raise Untranslatable("a softmax of something else than sums")
    return [Share(difference).complement(), Share(difference)]
