CREATE OR REPLACE FUNCTION churn_runtime.form_tree_source() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Trees written out as Python conditionals, for a single row."""

from typing import TYPE_CHECKING

from .form_source import MOST_PART_NODES
from .form_tree_checks import (
    EQUAL,
    LEAF,
    LESS_OR_EQUAL,
    MISSING_IS_TRUE,
    WHOLE_MEMBER,
    Nodes,
)

if TYPE_CHECKING:
    from .form_source import Source
    from .form_trees import Trees


class TreeSource(Nodes):
    """Writes trees that have been checked into the source of a row's function."""

    def __init__(self, trees: "Trees", source: "Source") -> None:
        super().__init__(trees)
        self.source = source
        self.known = [source.constant(members) for members in self.sets()]
        self.sizes = self.sizes_below()

    def write(self, target: str) -> None:
        """Add each tree to a variable."""
        for root in self.roots:
            size = self.sizes[root]
            if size > MOST_PART_NODES:
                self.source.add(target, self.cut(root), 1)
            else:
                self.source.add(target, self.conditional(root), 1 + size)

    def sizes_below(self) -> list[int]:
        """Return how many comparisons there are at each node and below it."""
        found = [0] * len(self.modes)
        # A node comes before its children.
        for node in reversed(range(len(found))):
            if self.mode(node) != LEAF:
                found[node] = 1 + found[self.true[node]] + found[self.false[node]]
        return found

    def mode(self, node: int) -> int:
        """Return what a node does, whichever way NaN goes."""
        return self.modes[node] & ~MISSING_IS_TRUE

    def cut(self, node: int) -> str:
        """Return the source of a large tree, the branches of which are called."""
        if self.sizes[node] > MOST_PART_NODES:
            true, false = self.cut(self.true[node]), self.cut(self.false[node])
            return self.choice(node, true, false)
        branch = self.conditional(node)
        return self.source.called(branch) if self.sizes[node] else branch

    def conditional(self, node: int) -> str:
        """Return the source of the tree below a node."""
        if self.mode(node) == LEAF:
            return self.source.number(self.constants[node])
        true = self.conditional(self.true[node])
        false = self.conditional(self.false[node])
        return self.choice(node, true, false)

    def choice(self, node: int, true: str, false: str) -> str:
        """Return the source of one comparison, with those of where it leads."""
        mode, constant = self.mode(node), self.constants[node]
        value = self.source.input(self.positions[node])
        missing = bool(self.modes[node] & MISSING_IS_TRUE)
        if mode == LESS_OR_EQUAL and missing:
            # Turned around: every comparison with NaN is false.
            return f"({false} if {value} > {self.source.number(constant)} else {true})"
        if mode == LESS_OR_EQUAL:
            test = f"{value} <= {self.source.number(constant)}"
        elif mode == EQUAL:
            test = f"{value} == {self.source.number(constant)}"
        else:
            whole = " // 1.0" if mode == WHOLE_MEMBER else ""
            test = f"{value}{whole} in {self.known[int(constant)]}"
        if missing:
            test = f"{test} or {value} != {value}"
        return f"({true} if {test} else {false})"
$python$;
COMMENT ON FUNCTION churn_runtime.form_tree_source IS 'Trees written out as Python conditionals, for a single row.';
