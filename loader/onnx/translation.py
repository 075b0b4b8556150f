"""From a graph to the formulas of its probabilities.

Only what the probabilities are made of is translated: labels are not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.boosters.parts import refused, shown
from pgchurn.loader.onnx.cells import (
    Cell,
    Column,
    Mixture,
    Share,
    Table,
    Untranslatable,
)
from pgchurn.loader.onnx.graph import Graph, Input, Node
from pgchurn.loader.onnx.tensors import BOOL, DOUBLE, FLOAT, INT32, INT64

NUMBERS = (FLOAT, DOUBLE)
WHOLES = (INT64, INT32, BOOL)
# One node needs another one, which needs another one.
DEEPEST = 400
# Of all tables together: a file has few, and each cell takes a kilobyte.
MOST_CELLS = 100_000
TWO = 2
ZIP_MAP = "ai.onnx.ml.ZipMap"
CHOICE = "ai.onnx.ml.ArrayFeatureExtractor"
MULTI_CLASS = "and a churn score needs two classes"


@dataclass(frozen=True)
class Translation:
    """What a graph says of a row.

    Attributes
    ----------
    probability : Share or Mixture
        Of the second class.
    classes : list of int or of str
    inputs : list of (Input, int)
        Which column of which input each source of a column is.
    """

    probability: Share | Mixture
    classes: list[Any]
    inputs: list[tuple[Input, int]]


class Translator:
    """Translates a graph, from its outputs on.

    Parameters
    ----------
    graph : Graph
    width : int or None
        How many columns an input has whose shape the file does not tell.
    operators : dict of str to callable
        Of a node's kind, what translates it: a function of this and the node, which
        returns a table for each output.
    """

    def __init__(
        self, graph: Graph, width: int | None, operators: "dict[str, Operator]"
    ) -> None:
        self.graph = graph
        self.width = width
        self.operators = operators
        self.inputs: list[tuple[Input, int]] = []
        self.known: dict[str, Table] = {}
        self.depth = 0
        self.cells = 0
        # Of the classifiers that were translated.
        self.labels: list[list[Any]] = []

    def constant(self, name: str) -> np.ndarray | None:
        """Return a constant, or None where a name is none."""
        found = self.graph.constants.get(name)
        if found is None and (node := self.graph.makers.get(name)) is not None:
            if node.kind == "Constant":
                return node_constant(node)
            if node.kind == "Identity":
                return self.graph.constants.get(node.given)
        return found

    def table(self, name: str) -> Table:
        """Return the table of a name."""
        if name in self.known:
            return self.known[name]
        for one in self.graph.inputs:
            if one.name == name:
                return self.keep([name], [self.given(one)])[0]
        node = self.graph.makers.get(name)
        if node is None:
            what = (
                "is a constant" if name in self.graph.constants else "is made by none"
            )
            raise refused(f"the name {shown(name)}", f"{what}, and a table is needed")
        translate = self.operators.get(node.kind)
        if translate is None:
            raise node.refuse(
                "has no translation",
                "Export a pipeline of the operators that README.md lists, or bring the "
                "model as a pickle.",
            )
        if self.depth >= DEEPEST:
            raise node.refuse(f"stands behind more than {DEEPEST} others")
        self.depth += 1
        try:
            made = translate(self, node)
        except Untranslatable as error:
            raise node.refuse(f"has no translation here: it is {error}") from None
        self.depth -= 1
        self.keep(node.outputs, made)
        if name not in self.known:
            raise node.refuse(f"makes no table {shown(name)}")
        return self.known[name]

    def keep(self, names: Sequence[str], tables: Sequence[Table | None]) -> list[Table]:
        """Keep the tables of names, so that each is made once."""
        kept = [table for table in tables if table is not None]
        if not all(table.cells for table in kept):
            raise refused("the graph", "computes a table without columns")
        self.cells += sum(len(table.cells) for table in kept)
        if self.cells > MOST_CELLS:
            raise refused("the graph", f"computes more than {MOST_CELLS:,} columns")
        for name, table in zip(names, tables):
            if name and table is not None:
                self.known[name] = table
        return kept

    def given(self, one: Input) -> Table:
        """Return the columns of an input."""
        width = one.width or self.width
        if width is None:
            raise refused(
                f"input {shown(one.name)}",
                "does not tell how many columns it has",
                "Name them in order with --features.",
            )
        first = len(self.inputs)
        self.inputs += [(one, place) for place in range(width)]
        cells: list[Cell] = [
            Column(source, one.element) for source in range(first, first + width)
        ]
        return Table(cells, one.element)


Operator = Callable[[Translator, Node], Sequence[Table | None]]


def node_constant(node: Node) -> np.ndarray | None:
    """Return the tensor of a node that is a constant."""
    given = node.attributes
    for name, one in (
        ("value", given.tensor),
        ("value_floats", given.numbers),
        ("value_ints", given.wholes),
    ):
        if name in given.held:
            return one(name)
    for name, kind, element in (("value_float", "f", "f4"), ("value_int", "i", "i8")):
        if name in given.held:
            return np.array(given.one(name, kind, None), element)
    raise node.refuse("has a value of a type that is not read")


def translated(
    graph: Graph, width: int | None, operators: dict[str, Operator]
) -> Translation:
    """Return what a graph says of a row.

    Raises
    ------
    LoaderError
        Naming the node that has no translation.
    """
    translator = Translator(graph, width, operators)
    cells, classes = probabilities(translator)
    if len(cells) == 1:
        # Of one number it is known by how it was made that it is a probability.
        cells = [with_complement(cells[0]), cells[0]]
    if len(cells) != TWO:
        raise refused(
            "the file",
            f"gives {len(cells):,} numbers for a row, {MULTI_CLASS}",
            "Train a binary classifier.",
        )
    first, second = cells
    if not isinstance(second, (Share, Mixture)):
        raise refused(
            "the file",
            "gives scores that are no probabilities: no LOGISTIC, SOFTMAX, Sigmoid or "
            "Softmax stands at their end, and no votes of trees",
            "Export a classifier with predict_proba. Of skl2onnx, leave out the option "
            "raw_scores; a regressor is no classifier.",
        )
    check_complement(first, second)
    classes = classes or labels_of(translator)
    if not {type(one) for one in classes} <= {int, str}:
        raise refused("the file", "has classes that are no whole numbers or texts")
    if len(classes) != TWO or classes[0] == classes[1]:
        raise refused(
            "the file",
            f"has {len(classes):,} classes, {MULTI_CLASS}",
            "Train a binary classifier.",
        )
    return Translation(second, classes, translator.inputs)


def with_complement(cell: Cell) -> Cell:
    """Return what is missing to 1, if a cell is a probability."""
    return cell.complement() if isinstance(cell, Share) else cell


def check_complement(first: Cell, second: Share | Mixture) -> None:
    """Refuse two numbers that do not add up to 1."""
    fits = (
        isinstance(first, Share) and first.is_complement_of(second)
        if isinstance(second, Share)
        else isinstance(first, Mixture) and adds_up(first, second)
    )
    if not fits:
        raise refused("the file", "gives two probabilities that do not add up to 1")


def adds_up(first: Mixture, second: Mixture) -> bool:
    """Return whether two sums of probabilities add up to 1."""
    total = first.plus(second)
    return bool(
        np.isclose(total.constant, 1.0, rtol=0, atol=1e-5)
        and all(abs(weight) < 1e-5 for weight in total.weights)
    )


def probabilities(translator: Translator) -> tuple[list[Cell], list[Any]]:
    """Return what a graph says of each class, and which classes a ZipMap names."""
    graph = translator.graph
    outputs = [
        one for one in graph.outputs if one.element is None or one.element in NUMBERS
    ]
    if not outputs:
        raise refused(
            "the file",
            "has no output of probabilities",
            "Export a classifier with predict_proba.",
        )
    if len(outputs) == 1:
        name = outputs[0].name
        node = graph.makers.get(name)
        if node is not None and node.kind == ZIP_MAP:
            return zipped(translator, node)
        return translator.table(name).cells, []
    if len(outputs) == TWO:
        both = [translator.table(one.name).cells for one in outputs]
        if all(len(cells) == 1 for cells in both):
            return [both[0][0], both[1][0]], []
    names = ", ".join(shown(one.name) for one in outputs[:5])
    raise refused(
        "the file",
        f"has several outputs that are no labels: {names}",
        "Export it with one output of probabilities.",
    )


def zipped(translator: Translator, node: Node) -> tuple[list[Cell], list[Any]]:
    """Return what a ZipMap gives to which classes."""
    given = node.attributes
    classes = (
        given.texts("classlabels_strings")
        or given.wholes("classlabels_int64s").tolist()
    )
    return translator.table(node.given).cells, classes


def labels_of(translator: Translator) -> list[Any]:
    """Return the classes that a graph names, or 0 and 1 if it names none.

    They stand in the classifier, or are what its label is chosen among.
    """
    if len(translator.labels) == 1:
        return translator.labels[0]
    graph = translator.graph
    waiting = [one.name for one in graph.outputs if one.element not in (FLOAT, DOUBLE)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        node = graph.makers.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.kind == CHOICE and node.inputs:
            chosen = graph.constants.get(node.inputs[0])
            if chosen is not None:
                return chosen.ravel().tolist()
        waiting += node.inputs
    if translator.labels:
        return translator.labels[-1]
    return [0, 1]
