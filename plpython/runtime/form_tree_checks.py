"""What makes nodes trees: checked before any of them is followed.

Few nodes are looked through in Python, which takes less than to import NumPy, and many
by NumPy. Both refuse the same.
"""

import math
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

from .form import malformed_form, require
from .form_arrays import FEW, are_ends, are_finite, numbers_in, view_of
from .numpy_later import Array, np

if TYPE_CHECKING:
    from .form_trees import Trees

LEAF, LESS_OR_EQUAL, EQUAL, MEMBER, WHOLE_MEMBER = range(5)
# Added to a mode: NaN goes the way of a true comparison.
MISSING_IS_TRUE = 8
# Of each byte that is a mode, whichever way NaN goes, and whether it is a leaf's.
KIND_OF_MODE = bytes(mode & ~MISSING_IS_TRUE for mode in range(256))
IS_LEAF = bytes(mode == LEAF for mode in range(256))
KINDS = bytes(range(WHOLE_MEMBER + 1))
DEEPEST = 64
# They take 0.2 s to be sorted.
MOST_MEMBERS = 1_000_000

UNKNOWN_MODE = "A comparison is none of the known ones."
NO_INPUT = "A comparison reads no input."
NO_NUMBER = "A constant is not a number."
INFINITE_LEAF = "A leaf is not finite."
CHILDREN_OF_LEAF = "A leaf has children."
NO_NODE = "A child is no node."
NO_TREES = "Its nodes do not form trees."
TOO_DEEP = f"A tree is deeper than {DEEPEST}."
NO_SET = "A comparison names no set."


class Shape(NamedTuple):
    """What is known of trees once they have been checked."""

    comparisons: int
    depth: int
    last_position: int
    has_sets: bool


class Nodes:
    """The arrays of trees, to be read number by number."""

    def __init__(self, trees: "Trees") -> None:
        self.roots = view_of(trees, "roots")
        self.positions = view_of(trees, "positions")
        self.modes = view_of(trees, "modes")
        self.constants = view_of(trees, "constants")
        self.true = view_of(trees, "true")
        self.false = view_of(trees, "false")
        self.members = view_of(trees, "members")
        self.ends = view_of(trees, "ends")

    def sets(self) -> list[frozenset[float]]:
        """Return the sets that nodes name by their numbers."""
        bounds = [0, *self.ends]
        return [
            frozenset(self.members[first:end]) for first, end in zip(bounds, bounds[1:])
        ]


def checked_shape(trees: "Trees") -> Shape:
    """Return what trees are like; refuse nodes that are not those of trees."""
    given = vars(trees)
    nodes = ("modes", "constants", "true", "false")
    count = len(given["positions"])
    require(
        all(len(given[name]) == count for name in nodes), "Its nodes differ in number."
    )
    check_sets(trees)
    trees.pause()
    is_short = max(count, len(given["roots"])) <= FEW
    return shape_of_few(trees, count) if is_short else shape_of_many(trees, count)


def check_sets(trees: "Trees") -> None:
    """Refuse sets that are not of numbers."""
    ends, members = numbers_in(trees, "ends"), numbers_in(trees, "members")
    require(are_ends(ends, len(members)), "Its sets do not end.")
    require(len(members) <= MOST_MEMBERS, "Its sets have too many members.")
    require(are_finite(members), "A member of a set is not finite.")


def shape_of_few(trees: "Trees", count: int) -> Shape:
    """Look through arrays by what Python has built in.

    No lists are made of them, since new memory takes longer.
    """
    nodes = Nodes(trees)
    constants, true, false = nodes.constants, nodes.true, nodes.false
    kinds = bytes(nodes.modes).translate(KIND_OF_MODE)
    require(not kinds.translate(None, KINDS), UNKNOWN_MODE)
    read = set(nodes.positions)
    require(min(read, default=0) >= 0, NO_INPUT)
    leaves = kinds.translate(IS_LEAF)
    # A sum is finite where all are, and mostly then only.
    if not math.isfinite(sum(constants)):
        require(not any(map(math.isnan, constants)), NO_NUMBER)
        require(all(map(math.isfinite, compress(constants, leaves))), INFINITE_LEAF)
    require(
        not any(compress(true, leaves)) and not any(compress(false, leaves)),
        CHILDREN_OF_LEAF,
    )
    has_sets = MEMBER in kinds or WHOLE_MEMBER in kinds
    if has_sets:
        sets = len(nodes.ends)
        for kind, number in zip(kinds, constants):
            known = kind < MEMBER or (0 <= number < sets and number % 1 == 0)
            require(known, NO_SET)
    return Shape(
        count - kinds.count(LEAF),
        depth_of_few(kinds, nodes.roots, true, false),
        max(read, default=0),
        has_sets,
    )


def depth_of_few(
    kinds: bytes, roots: memoryview, true: memoryview, false: memoryview
) -> int:
    """Return the same as ``depth_of``; refuse what ``check_links`` refuses."""
    count = len(kinds)
    # Of each node that has been reached, one more than the comparisons before it.
    level = bytearray(count)
    for root in roots:
        require(0 <= root < count and not level[root], NO_TREES)
        level[root] = 1
    # Of comparisons, whose kind is not 0. A node comes before its children, so that its
    # own level is known. No function is called for each: that takes as long again.
    for node, one, other in zip(
        compress(range(count), kinds), compress(true, kinds), compress(false, kinds)
    ):
        if not (node < one < count and node < other < count):
            raise malformed_form(NO_NODE)
        below = level[node] + 1
        if below == 1 or level[one] or level[other] or one == other:
            raise malformed_form(NO_TREES)
        if below > DEEPEST + 1:
            raise malformed_form(TOO_DEEP)
        level[one] = level[other] = below
    require(0 not in level, NO_TREES)
    return max(level, default=1) - 1


def shape_of_many(trees: "Trees", count: int) -> Shape:
    """Look at all nodes at once."""
    mode, is_leaf = trees.mode, trees.is_leaf
    require((mode <= WHOLE_MEMBER).all(), UNKNOWN_MODE)
    require((trees.positions >= 0).all(), NO_INPUT)
    require(not np.isnan(trees.constants).any(), NO_NUMBER)
    require(np.isfinite(trees.constants[is_leaf]).all(), INFINITE_LEAF)
    trees.pause()
    require(
        not (trees.true[is_leaf].any() or trees.false[is_leaf].any()), CHILDREN_OF_LEAF
    )
    check_links(trees, count)
    trees.pause()
    numbers = trees.constants[mode >= MEMBER]
    require(
        ((numbers >= 0) & (numbers < len(trees.ends))).all()
        and (numbers == np.floor(numbers)).all(),
        NO_SET,
    )
    return Shape(
        int((~is_leaf).sum()),
        depth_of(trees),
        int(trees.positions.max(initial=0)),
        len(numbers) > 0,
    )


def check_links(trees: "Trees", count: int) -> None:
    """Refuse children that are no nodes, come before their parent, or have two."""
    inner = np.flatnonzero(~trees.is_leaf)
    children = np.concatenate([trees.true[inner], trees.false[inner]])
    # Wide enough that nothing wraps around.
    parents = np.concatenate([inner, inner])
    require(((children > parents) & (children < count)).all(), NO_NODE)
    reached = np.concatenate([children, trees.roots]).astype(np.int64)
    require(
        len(reached) == count and ((reached >= 0) & (reached < count)).all(), NO_TREES
    )
    require((np.bincount(reached, minlength=count) == 1).all(), NO_TREES)


def depth_of(trees: "Trees") -> int:
    """Return how many comparisons the longest path has."""
    depth = 0
    level: Array = trees.roots
    while True:
        level = level[~trees.is_leaf[level]]
        if len(level) == 0:
            return depth
        depth += 1
        require(depth <= DEEPEST, TOO_DEEP)
        level = np.concatenate([trees.true[level], trees.false[level]])
