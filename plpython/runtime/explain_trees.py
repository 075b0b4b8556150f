"""Trees as the leaves of an explanation form: see ``form_explained_trees``."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .compile_columns import Column, NotCompilable, numeric
from .compile_sums import matrix
from .compile_trees import Categories, FittedTree
from .explain_columns import inputs_of
from .form_explained_trees import TreeTerms

INFINITY = float("inf")
# Of leaves and the columns on their paths: 60 MB of them.
MOST_PAIRS = 1_800_000
# Where no row of training went: next to nothing, which divides.
SMALLEST_SHARE = 1e-200


@dataclass(frozen=True)
class Condition:
    """What a path asks of one column, all of its comparisons together.

    Attributes
    ----------
    lowest, highest : float
        Above the lowest, and not above the highest.
    missing : bool
        Whether NaN goes this way.
    share : float
        Of the rows of training that go this way wherever the column decides.
    members : frozenset of int, optional
        Categories; None: no comparison was with any.
    others : bool
        Whether it is the others that go this way.
    """

    lowest: float = -INFINITY
    highest: float = INFINITY
    missing: bool = True
    share: float = 1.0
    members: frozenset[int] | None = None
    others: bool = False


Path = dict[int, Condition]


def tree_terms(
    trees: Iterable[FittedTree],
    columns: Sequence[Column],
    constant: float,
    is_share: bool,
) -> TreeTerms:
    """Return trees whose leaves are added up, attributed to the inputs of columns.

    Parameters
    ----------
    trees : iterable of FittedTree
        With covers; all of them compare in the same precision.
    columns : sequence of Number, Lookup or Computed
    constant : float
        What is added to the leaves.
    is_share : bool
        Whether the sum is a probability.

    Raises
    ------
    NotCompilable
        If they are too many, or read a column that is computed of several inputs.
    """
    leaves: list[tuple[float, Path]] = []
    pairs, single = 0, False
    for tree in trees:
        single = tree.single_precision
        for value, path in paths(tree):
            if path:
                leaves.append((value, path))
                pairs += len(path)
            else:
                constant += value
        if pairs > MOST_PAIRS:
            raise NotCompilable(
                f"trees with more than {MOST_PAIRS:,} pairs of a leaf and a column on "
                "the way to it"
            )
    leaves.sort(key=lambda leaf: len(leaf[1]))
    used = sorted({column for _, path in leaves for column in path})
    # Trees that compare nothing read a column all the same, since a part has to.
    read = [numeric(columns[i]) for i in used] or [numeric(columns[0])]
    place = {column: i for i, column in enumerate(used)}
    conditions = [one for _, path in leaves for one in path.values()]
    chosen = [i for i, one in enumerate(conditions) if one.members is not None]
    sets = [sorted(conditions[i].members or ()) for i in chosen]
    return TreeTerms(
        of=matrix(read),
        inputs=inputs_of(read),
        single=int(single),
        share=int(is_share),
        constant=float(constant),
        leaves=np.array([value for value, _ in leaves], float),
        ends=np.cumsum([len(path) for _, path in leaves], dtype=np.int32),
        columns=np.array([place[i] for _, path in leaves for i in path], np.int32),
        lowest=np.array([one.lowest for one in conditions], float),
        highest=np.array([one.highest for one in conditions], float),
        missing=np.array([one.missing for one in conditions], np.uint8),
        shares=np.array([one.share for one in conditions], float),
        chosen=np.array(chosen, np.int32),
        members=np.array([one for each in sets for one in each], float),
        set_ends=np.cumsum([len(each) for each in sets], dtype=np.int32),
        others=np.array([conditions[i].others for i in chosen], np.uint8),
    )


def paths(tree: FittedTree) -> Iterator[tuple[float, Path]]:
    """Yield each leaf's value, and what its path asks of the columns."""
    cover = tree.cover
    if cover is None:
        raise NotCompilable("trees without the number of rows in each node")
    left, right = tree.left.tolist(), tree.right.tolist()
    feature, threshold = tree.feature.tolist(), tree.threshold.tolist()
    missing_left = tree.missing_left.tolist()
    covers, values = cover.tolist(), tree.value.tolist()
    waiting: list[tuple[int, Path]] = [(0, {})]
    while waiting:
        node, path = waiting.pop()
        if left[node] < 0:
            yield float(values[node]), path
            continue
        column = feature[node]
        condition = path.get(column, Condition())
        sizes = covers[left[node]], covers[right[node]]
        for is_left, child in ((False, right[node]), (True, left[node])):
            to_left = bool(missing_left[node])
            decided = replace(
                condition,
                missing=condition.missing and to_left == is_left,
                share=condition.share * share(sizes[not is_left], sum(sizes)),
            )
            categories = tree.categories.get(node)
            if categories is None:
                decided = bounded(decided, threshold[node], is_left)
            else:
                decided = among(decided, categories, is_left, to_left)
            waiting.append((child, {**path, column: decided}))


def share(size: float, total: float) -> float:
    """Return the share of rows that go one way: half of them where there are none."""
    return max(size / total, SMALLEST_SHARE) if total > 0 else 0.5


def bounded(condition: Condition, threshold: float, is_left: bool) -> Condition:
    """Return a condition after one more comparison with a number."""
    if is_left:
        return replace(condition, highest=min(condition.highest, threshold))
    return replace(condition, lowest=max(condition.lowest, threshold))


def among(
    condition: Condition, categories: Categories, is_left: bool, missing_left: bool
) -> Condition:
    """Return a condition after one more comparison with categories."""
    members, others = categories.left, False
    if categories.known is not None and missing_left:
        # What is not known goes to the left as well.
        members, others = categories.known - categories.left, True
    if not is_left:
        others = not others
    if condition.members is None:
        return replace(condition, members=members, others=others)
    before = condition.members
    if condition.others and others:
        return replace(condition, members=before | members)
    if condition.others:
        return replace(condition, members=members - before, others=False)
    return replace(condition, members=before - members if others else before & members)
