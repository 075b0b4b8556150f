"""Trees of comparisons, as plain arrays of nodes."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .form import require
from .form_source import MOST_PART_NODES
from .pacing import Pausing, no_pause

if TYPE_CHECKING:
    from .forest_graph import ForestGraph
    from .form_source import Source

LEAF, LESS_OR_EQUAL, EQUAL, MEMBER, WHOLE_MEMBER = range(5)
# Added to a mode: NaN goes the way of a true comparison.
MISSING_IS_TRUE = 8
DEEPEST = 64
# They take 0.2 s to be sorted.
MOST_MEMBERS = 1_000_000
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

    def __init__(self, pause: Pausing = no_pause, **arrays: np.ndarray) -> None:
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
        self.mode = self.modes & ~np.uint8(MISSING_IS_TRUE)
        self.is_leaf = self.mode == LEAF
        self.comparisons = int((~self.is_leaf).sum())
        self.check()
        self.has_sets = bool((self.mode >= MEMBER).any())
        self.has_graphs = not self.has_sets and self.graph_count() <= MOST_GRAPHS
        self._graphs: list[ForestGraph] = []
        self._pieces: list[tuple[int, int]] | None = None

    def check(self) -> None:
        """Refuse nodes that are not those of trees."""
        count = len(self.positions)
        same = (self.modes, self.constants, self.true, self.false)
        require(all(len(a) == count for a in same), "Its nodes differ in number.")
        require(
            (self.mode <= WHOLE_MEMBER).all(), "A comparison is none of the known ones."
        )
        require((self.positions >= 0).all(), "A comparison reads no input.")
        require(not np.isnan(self.constants).any(), "A constant is not a number.")
        require(
            np.isfinite(self.constants[self.is_leaf]).all(), "A leaf is not finite."
        )
        self.pause()
        self.check_links(count)
        self.pause()
        self.check_sets()

    def check_links(self, count: int) -> None:
        """Refuse children that are no nodes, come before their parent, or have two."""
        inner = np.flatnonzero(~self.is_leaf)
        require(
            not (self.true[self.is_leaf].any() or self.false[self.is_leaf].any()),
            "A leaf has children.",
        )
        children = np.concatenate([self.true[inner], self.false[inner]])
        # Wide enough that nothing wraps around.
        parents = np.concatenate([inner, inner])
        require(
            ((children > parents) & (children < count)).all(), "A child is no node."
        )
        reached = np.concatenate([children, self.roots]).astype(np.int64)
        require(
            len(reached) == count and ((reached >= 0) & (reached < count)).all(),
            "Its nodes do not form trees.",
        )
        require(
            (np.bincount(reached, minlength=count) == 1).all(),
            "Its nodes do not form trees.",
        )
        self.depth = 0
        level = self.roots
        while True:
            level = level[~self.is_leaf[level]]
            if len(level) == 0:
                return
            self.depth += 1
            require(self.depth <= DEEPEST, f"A tree is deeper than {DEEPEST}.")
            level = np.concatenate([self.true[level], self.false[level]])

    def check_sets(self) -> None:
        """Refuse sets that are not of numbers, and comparisons with no set."""
        ends = self.ends.astype(np.int64)
        require(
            (np.diff(ends, prepend=0) >= 0).all()
            and (len(self.members) == (ends[-1] if len(ends) else 0)),
            "Its sets do not end.",
        )
        require(len(self.members) <= MOST_MEMBERS, "Its sets have too many members.")
        require(np.isfinite(self.members).all(), "A member of a set is not finite.")
        numbers = self.constants[self.mode >= MEMBER]
        require(
            ((numbers >= 0) & (numbers < len(ends))).all()
            and (numbers == np.floor(numbers)).all(),
            "A comparison names no set.",
        )
        # A member of a set has a key: the set's number, and which member it is of all.
        self.distinct, ranks = np.unique(self.members, return_inverse=True)
        sets = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        self.keys = np.sort(sets * len(self.distinct) + ranks)

    def largest_position(self) -> int:
        """Return the last column of the input matrix that is read."""
        return int(self.positions.max(initial=0))

    @property
    def visits(self) -> int:
        """How many comparisons a row costs at most."""
        return len(self.roots) * (self.depth + 1)

    def operations(self) -> int:
        """Return about what a row costs, as parts count it."""
        cost = SET_VISIT if self.has_sets else WALK_VISIT
        return self.visits * (GRAPH_VISIT if self.has_graphs else cost)

    def values(self, matrix: np.ndarray) -> np.ndarray:
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
    def tree_of(self) -> np.ndarray:
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
        if len(self.positions) <= NODES_PER_GRAPH:
            return -(-len(self.roots) // TREES_PER_GRAPH)
        if len(self.roots) > MOST_GRAPHS * TREES_PER_GRAPH:
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

    def walk(self, matrix: np.ndarray) -> np.ndarray:
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

    def is_member(self, value: np.ndarray, node: np.ndarray) -> np.ndarray:
        """Return whether each value is in the set that its node names."""
        mode = self.mode[node]
        value = np.where(mode == WHOLE_MEMBER, np.floor(value), value)
        rank = np.searchsorted(self.distinct, value)
        found = np.append(self.distinct, np.nan)[rank] == value
        # What names no set here is not asked for a member.
        found &= mode >= MEMBER
        number = np.where(found, self.constants[node], 0).astype(np.int64)
        key = number * len(self.distinct) + np.where(found, rank, 0)
        place = np.searchsorted(self.keys, key)
        return found & (np.append(self.keys, -1)[place] == key)

    def write_lines(self, source: "Source", target: str) -> None:
        """Add the trees to a sum of a row's source.

        Small ones are written out as conditional expressions; others are called, and
        then stay in the processor's caches when row follows row.
        """
        if len(self.roots) == 0:
            return
        nodes = len(self.roots) + self.comparisons
        if source.takes(nodes) and source.holds(len(self.members)):
            names = self.set_names(source)
            sizes = self.sizes()
            for root in self.roots.tolist():
                size = sizes[root]
                if size > MOST_PART_NODES:
                    source.add(target, self.cut(source, root, names, sizes), 1)
                else:
                    tree = self.conditional(source, root, names)
                    source.add(target, tree, 1 + size)
            return
        rows = self.graphs(source.width) if self.has_graphs else [self]
        for graph in rows:
            name = source.constant(graph.sum_of_row)
            source.line(f"{target} += {name}({source.inputs()})")

    def set_names(self, source: "Source") -> list[str]:
        """Return the names of the sets in a source."""
        sets = np.split(self.members, self.ends[:-1])[: len(self.ends)]
        return [source.constant(frozenset(one.tolist())) for one in sets]

    def sizes(self) -> list[int]:
        """Return how many comparisons there are at each node and below it."""
        found = (~self.is_leaf).astype(np.int64)
        levels = [self.roots]
        while len(level := levels[-1][~self.is_leaf[levels[-1]]]):
            levels.append(np.concatenate([self.true[level], self.false[level]]))
        for nodes in reversed(levels):
            level = nodes[~self.is_leaf[nodes]]
            found[level] += found[self.true[level]] + found[self.false[level]]
        return found.tolist()

    def cut(
        self, source: "Source", node: int, sets: list[str], sizes: list[int]
    ) -> str:
        """Return the source of a large tree, the branches of which are called."""
        if sizes[node] > MOST_PART_NODES:
            true, false = (
                self.cut(source, int(child), sets, sizes)
                for child in (self.true[node], self.false[node])
            )
            return self.choice(source, node, sets, true, false)
        branch = self.conditional(source, node, sets)
        return source.called(branch) if sizes[node] else branch

    def conditional(self, source: "Source", node: int, sets: list[str]) -> str:
        """Return the source of the tree below a node."""
        if self.mode[node] == LEAF:
            return source.number(float(self.constants[node]))
        true = self.conditional(source, int(self.true[node]), sets)
        false = self.conditional(source, int(self.false[node]), sets)
        return self.choice(source, node, sets, true, false)

    def choice(
        self, source: "Source", node: int, sets: list[str], true: str, false: str
    ) -> str:
        """Return the source of one comparison, with those of where it leads."""
        mode = int(self.mode[node])
        constant = float(self.constants[node])
        value = source.input(int(self.positions[node]))
        missing = bool(self.modes[node] & MISSING_IS_TRUE)
        if mode == LESS_OR_EQUAL and missing:
            # Turned around: every comparison with NaN is false.
            return f"({false} if {value} > {source.number(constant)} else {true})"
        if mode == LESS_OR_EQUAL:
            test = f"{value} <= {source.number(constant)}"
        elif mode == EQUAL:
            test = f"{value} == {source.number(constant)}"
        else:
            whole = " // 1.0" if mode == WHOLE_MEMBER else ""
            test = f"{value}{whole} in {sets[int(constant)]}"
        if missing:
            test = f"{test} or {value} != {value}"
        return f"({true} if {test} else {false})"
