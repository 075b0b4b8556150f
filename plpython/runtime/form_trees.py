"""Trees of comparisons, as plain arrays of nodes."""

from functools import cached_property
from typing import TYPE_CHECKING

from .form_arrays import ArrayField, FormArray
from .form_tree_checks import (
    EQUAL,
    LEAF,
    MEMBER,
    MISSING_IS_TRUE,
    WHOLE_MEMBER,
    checked_shape,
)
from .numpy_later import Array, np
from .pacing import Pausing, no_pause

if TYPE_CHECKING:
    from .forest_graph import ForestGraph
    from .form_source import Source

# Below this many comparisons at once, importing ONNX Runtime costs more than it saves.
MANY_VISITS = 200_000
# More at once would take too much memory.
VISITS_PER_STEP = 1_000_000
# ONNX Runtime takes 1 microsecond for each node of a graph and 0.5 nanoseconds for each
# pair of trees: 236 s for 700,000 small ones. So a graph takes 0.1 s at most.
NODES_PER_GRAPH = 100_000
TREES_PER_GRAPH = 2_000
MOST_GRAPHS = 64
# What a comparison takes, in operations: see ``form_parts.Part.operations``.
GRAPH_VISIT, WALK_VISIT, SET_VISIT = 5, 50, 150


class Trees:
    """Trees whose leaves are added up.

    A node comes before its children. It compares one input with a constant
    (``LESS_OR_EQUAL``, ``EQUAL``), or looks whether it, or its whole part, is a member
    of a set (``MEMBER``, ``WHOLE_MEMBER``, whose constant is the set's number); a
    ``LEAF`` has a value.

    Attributes
    ----------
    roots : ndarray of int32, shape (n_trees,)
    positions : ndarray of int32, shape (n_nodes,)
        Which column of the input matrix a node reads.
    modes : ndarray of uint8, shape (n_nodes,)
    constants : ndarray of float64, shape (n_nodes,)
    true, false : ndarray of int32, shape (n_nodes,)
        Where a comparison leads; 0 at a leaf.
    members : ndarray of float64, shape (n_members,)
        Set after set.
    ends : ndarray of int32, shape (n_sets,)
        Where each set ends among the members.
    """

    FIELDS = {
        "roots": "i",
        "positions": "i",
        "modes": "b",
        "constants": "f",
        "true": "i",
        "false": "i",
        "members": "f",
        "ends": "i",
    }
    roots = ArrayField()
    positions = ArrayField()
    modes = ArrayField()
    constants = ArrayField()
    true = ArrayField()
    false = ArrayField()
    members = ArrayField()
    ends = ArrayField()

    def __init__(self, pause: Pausing = no_pause, **arrays: FormArray | Array) -> None:
        self.pause = pause
        # How many numbers a row has that another part computes for them; None: they
        # read the model's own inputs.
        self.computed_width: int | None = None
        self.roots = arrays["roots"]
        self.positions = arrays["positions"]
        self.modes = arrays["modes"]
        self.constants = arrays["constants"]
        self.true = arrays["true"]
        self.false = arrays["false"]
        self.members = arrays["members"]
        self.ends = arrays["ends"]
        self.tree_count = len(arrays["roots"])
        shape = checked_shape(self)
        self.comparisons, self.depth, self.last_position, self.has_sets = shape
        self.has_graphs = not self.has_sets and self.graph_count() <= MOST_GRAPHS
        self._graphs: list[ForestGraph] = []
        self._pieces: list[tuple[int, int]] | None = None

    @cached_property
    def mode(self) -> Array:
        """What each node does, whichever way NaN goes."""
        return self.modes & ~np.uint8(MISSING_IS_TRUE)

    @cached_property
    def is_leaf(self) -> Array:
        """Which nodes have a value."""
        return self.mode == LEAF

    @cached_property
    def sorted_members(self) -> tuple[Array, Array]:
        """The members of all sets, each once, and the keys of those of each set.

        A key is the set's number, and which member it is of all.
        """
        distinct, ranks = np.unique(self.members, return_inverse=True)
        ends = self.ends.astype(np.int64)
        sets = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        return distinct, np.sort(sets * len(distinct) + ranks)

    def largest_position(self) -> int:
        """Return the last column of the input matrix that is read."""
        return self.last_position

    @property
    def visits(self) -> int:
        """How many comparisons a row costs at most."""
        return self.tree_count * (self.depth + 1)

    @property
    def member_count(self) -> int:
        """How many members all sets have."""
        return len(vars(self)["members"])

    def operations(self) -> int:
        """Return about what a row costs, as parts count it."""
        cost = SET_VISIT if self.has_sets else WALK_VISIT
        return self.visits * (GRAPH_VISIT if self.has_graphs else cost)

    def values(self, matrix: Array) -> Array:
        """Return the sum of the leaves that each row reaches."""
        if self.has_graphs and len(matrix) * self.visits >= MANY_VISITS:
            first, *others = self.graphs(matrix.shape[1])
            total = first.values(matrix)
            for graph in others:
                total += graph.values(matrix)
            return total
        step = max(1, VISITS_PER_STEP // max(1, len(self.roots)))
        parts = [
            self.walk(matrix[first : first + step])
            for first in range(0, len(matrix), step)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    @cached_property
    def tree_of(self) -> Array:
        """Which tree each node is of, by the number of its root."""
        found = np.zeros(len(self.positions), np.int32)
        found[self.roots] = np.arange(len(self.roots))
        level = self.roots
        while len(level):
            level = level[~self.is_leaf[level]]
            for children in (self.true[level], self.false[level]):
                found[children] = found[level]
            level = np.concatenate([self.true[level], self.false[level]])
        return found

    def pieces(self) -> list[tuple[int, int]]:
        """Return the first and the last but one tree of each graph."""
        ends = np.cumsum(np.bincount(self.tree_of, minlength=len(self.roots)))
        pieces: list[tuple[int, int]] = []
        first = before = 0
        while first < len(ends):
            last = int(np.searchsorted(ends, before + NODES_PER_GRAPH, "right"))
            last = min(max(last, first + 1), first + TREES_PER_GRAPH)
            pieces.append((first, last))
            first, before = last, int(ends[last - 1])
        return pieces

    def graph_count(self) -> int:
        """Return how many graphs run them, or more than there may be."""
        if len(vars(self)["positions"]) <= NODES_PER_GRAPH:
            return -(-self.tree_count // TREES_PER_GRAPH)
        if self.tree_count > MOST_GRAPHS * TREES_PER_GRAPH:
            return MOST_GRAPHS + 1
        if np.bincount(self.tree_of).max() > NODES_PER_GRAPH:
            return MOST_GRAPHS + 1
        return len(self.pieces())

    def part(self, first: int, last: int) -> "Trees":
        """Return some of the trees, none of which has sets."""
        chosen = (self.tree_of >= first) & (self.tree_of < last)
        number = np.cumsum(chosen, dtype=np.int32) - 1
        leaf = self.is_leaf[chosen]
        return Trees(
            roots=number[self.roots[first:last]],
            positions=self.positions[chosen],
            modes=self.modes[chosen],
            constants=self.constants[chosen],
            true=np.where(leaf, 0, number[self.true[chosen]]).astype(np.int32),
            false=np.where(leaf, 0, number[self.false[chosen]]).astype(np.int32),
            members=self.members[:0],
            ends=self.ends[:0],
        )

    def graphs(self, width: int) -> "list[ForestGraph]":
        """Return the graphs of the trees, for so many inputs.

        They are made once, one at a step; where a cancel stops that, the next call goes
        on with it.
        """
        if self._pieces is None:
            self._pieces = self.pieces()
        while len(self._graphs) < len(self._pieces):
            self.pause()
            from .forest_graph import ForestGraph

            self.pause()
            first, last = self._pieces[len(self._graphs)]
            part = self if len(self._pieces) == 1 else self.part(first, last)
            self.pause()
            self._graphs.append(ForestGraph(part, width))
            self.pause()
        return self._graphs

    def sum_of_row(self, *row: float) -> float:
        """Return the sum of the leaves that one row reaches."""
        return float(self.walk(np.array([row]))[0])

    def walk(self, matrix: Array) -> Array:
        """Go down all trees at once, one comparison after the other."""
        node = np.tile(self.roots, (len(matrix), 1))
        rows = np.arange(len(matrix))[:, None]
        has_equal = (self.mode == EQUAL).any()
        for _ in range(self.depth):
            value = matrix[rows, self.positions[node]]
            constant = self.constants[node]
            mode = self.mode[node]
            test = value <= constant
            if has_equal:
                test = np.where(mode == EQUAL, value == constant, test)
            if self.has_sets:
                test = np.where(mode >= MEMBER, self.is_member(value, node), test)
            missing = (self.modes[node] & MISSING_IS_TRUE) != 0
            test |= missing & np.isnan(value)
            following = np.where(test, self.true[node], self.false[node])
            node = np.where(mode == LEAF, node, following)
        return self.constants[node].sum(axis=1)

    def is_member(self, value: Array, node: Array) -> Array:
        """Return whether each value is in the set that its node names."""
        mode = self.mode[node]
        value = np.where(mode == WHOLE_MEMBER, np.floor(value), value)
        distinct, keys = self.sorted_members
        rank = np.searchsorted(distinct, value)
        found = np.append(distinct, np.nan)[rank] == value
        # What names no set here is not asked for a member.
        found &= mode >= MEMBER
        number = np.where(found, self.constants[node], 0).astype(np.int64)
        key = number * len(distinct) + np.where(found, rank, 0)
        place = np.searchsorted(keys, key)
        return found & (np.append(keys, -1)[place] == key)

    def write_lines(self, source: "Source", target: str) -> None:
        """Add the trees to a sum of a row's source.

        Small ones are written out as conditional expressions; others are called, and
        then stay in the processor's caches when row follows row.
        """
        if self.tree_count == 0:
            return
        if source.walks:
            from .form_tree_walk import TreeWalk

            name = source.constant(TreeWalk(self).add)
            source.line(f"{target} = {name}({target}, {source.inputs()})")
            return
        nodes = self.tree_count + self.comparisons
        if source.takes(nodes) and source.holds(self.member_count):
            from .form_tree_source import TreeSource

            TreeSource(self, source).write(target)
            return
        rows = self.graphs(source.width) if self.has_graphs else [self]
        for graph in rows:
            name = source.constant(graph.sum_of_row)
            source.line(f"{target} += {name}({source.inputs()})")
