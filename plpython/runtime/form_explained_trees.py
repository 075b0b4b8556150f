"""Trees of an explanation form: Shapley values of what a row's leaves add up to.

The game is that of path-dependent TreeSHAP [1]_: where a column is not known, a row
goes both ways, with the shares of the rows of training that went there. A leaf then
adds its value times a product over the columns on its path, of 1 or 0 where a column is
known (whether its value leads there), else of a share z. With o for 1 or 0, the Shapley
value of column i, at a leaf, is its value times

    the integral over t from 0 to 1 of (o_i - z_i) prod_{j != i} (z_j + t (o_j - z_j)),

a polynomial of a degree below the number of columns d, which Gauss-Legendre quadrature
with d / 2 nodes, rounded up, integrates exactly.

References
----------
.. [1] Lundberg et al., "From local explanations to global understanding with
   explainable AI for trees", Nature Machine Intelligence 2 (2020), 56-67.
"""

import numpy as np

from .form import require
from .form_explained import Attributed, Attribution
from .form_parts import Matrix
from .form_tree_checks import DEEPEST

GREATEST = {0: float(np.finfo(np.float64).max), 1: float(np.finfo(np.float32).max)}
# Leaves with so many columns have their Shapley values ready, for each of the ways
# in which a row may lie, while so many numbers hold them: 32 MB.
MOST_TABULATED = 6
MOST_NUMBERS = 1 << 22
# So many columns of leaves are computed at once, which fit into a processor's cache.
PAIRS_AT_ONCE = 1 << 17
# Sets of categories become a table of flags.
MOST_FLAGS = 64 << 20
# In operations: see ``form_parts.Part.operations``.
PAIR_OPERATIONS, NODE_OPERATIONS = 6, 5


class TreeTerms(Attributed):
    """A constant, and the leaves of trees that a row reaches, added up.

    A leaf is reached where each column on its path lies in the leaf's interval, and is
    of its set of categories where it has one. A leaf and one of its columns are a pair;
    leaves come in the order of how many they have.

    Attributes
    ----------
    of : Matrix
    inputs : ndarray of int32, shape (of.width,)
        Which input each column is computed of.
    single : {0, 1}
        Whether columns are cast to single precision before they are compared.
    share : {0, 1}
        Whether the sum is a probability.
    constant : float
    leaves : ndarray of float64, shape (n_leaves,)
        What each adds to the sum.
    ends : ndarray of int32, shape (n_leaves,)
        Where the pairs of each leaf end.
    columns : ndarray of int32, shape (n_pairs,)
    lowest, highest : ndarray of float64, shape (n_pairs,)
        A value must be above the lowest, and not above the highest.
    missing : ndarray of uint8, shape (n_pairs,)
        Whether NaN leads to the leaf.
    shares : ndarray of float64, shape (n_pairs,)
        Of the rows of training that go the leaf's way where the column decides.
    chosen : ndarray of int32, shape (n_sets,)
        Which pairs have a set, in rising order.
    members : ndarray of float64, shape (n_members,)
        Set after set: whole numbers, which a value is looked for by its whole part.
    set_ends : ndarray of int32, shape (n_sets,)
        Where each set ends among the members.
    others : ndarray of uint8, shape (n_sets,)
        Whether it is the others that lead to the leaf.
    """

    FIELDS = {
        "of": "matrix",
        "inputs": "i",
        "single": "whole",
        "share": "whole",
        "constant": "number",
        "leaves": "f",
        "ends": "i",
        "columns": "i",
        "lowest": "f",
        "highest": "f",
        "missing": "b",
        "shares": "f",
        "chosen": "i",
        "members": "f",
        "set_ends": "i",
        "others": "b",
    }
    of: Matrix
    inputs: np.ndarray
    single: int
    share: int
    constant: float
    leaves: np.ndarray
    ends: np.ndarray
    columns: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    missing: np.ndarray
    shares: np.ndarray
    chosen: np.ndarray
    members: np.ndarray
    set_ends: np.ndarray
    others: np.ndarray

    def check(self) -> None:
        """Refuse leaves and pairs that do not fit one another."""
        pairs = len(self.columns)
        per_pair = (self.lowest, self.highest, self.missing, self.shares)
        require(
            self.single <= 1
            and self.share <= 1
            and len(self.inputs) == self.of.width
            and (self.inputs >= 0).all()
            and len(self.ends) == len(self.leaves)
            and all(len(array) == pairs for array in per_pair),
            "The arrays of its leaves differ in length.",
        )
        require(
            np.isfinite(self.leaves).all()
            and ((self.columns >= 0) & (self.columns < self.of.width)).all()
            and not np.isnan(self.lowest).any()
            and not np.isnan(self.highest).any()
            and (self.missing <= 1).all()
            # Written so that NaN fails it.
            and ((self.shares > 0) & (self.shares <= 1)).all(),
            "A pair of leaf and column is none.",
        )
        depths = np.diff(self.ends.astype(np.int64), prepend=0)
        require(
            int(depths.sum()) == pairs
            and (depths >= 1).all()
            and (depths <= DEEPEST).all()
            and (np.diff(depths) >= 0).all(),
            "The pairs of its leaves do not end.",
        )
        self.is_share = bool(self.share)
        self.groups = [
            self.group(depths, depth) for depth in np.unique(depths).tolist()
        ]
        self.arrange(pairs)
        left = MOST_NUMBERS
        for group in self.groups:
            group.is_tabulated = group.depth <= MOST_TABULATED and group.numbers <= left
            left -= group.numbers if group.is_tabulated else 0

    def group(self, depths: np.ndarray, depth: int) -> "LeafGroup":
        """Return the leaves with so many pairs."""
        first, last = np.searchsorted(depths, [depth, depth + 1]).tolist()
        pairs = slice(
            int(self.ends[last - 1]) - depth * (last - first), int(self.ends[last - 1])
        )
        inputs = self.inputs[self.columns[pairs]].reshape(-1, depth)
        require(
            all_different(self.columns[pairs].reshape(-1, depth)),
            "A leaf has a column twice.",
        )
        return LeafGroup(
            pairs,
            self.leaves[first:last],
            self.shares[pairs].reshape(-1, depth),
            inputs,
        )

    def arrange(self, pairs: int) -> None:
        """Put the pairs of a group column by column, and check the sets."""
        order = np.concatenate(
            [np.zeros(0, np.int64)]
            + [
                np.arange(group.pairs.start, group.pairs.stop)
                .reshape(-1, group.depth)
                .T.ravel()
                for group in self.groups
            ]
        )
        self.compared = self.columns[order]
        self.above, self.up_to = self.lowest[order], self.highest[order]
        self.takes_missing = self.missing[order].astype(bool)
        ends = self.set_ends.astype(np.int64)
        require(
            len(self.chosen) == len(ends) == len(self.others)
            and (np.diff(ends, prepend=0) >= 0).all()
            and (ends[-1] if len(ends) else 0) == len(self.members)
            and ((self.chosen >= 0) & (self.chosen < pairs)).all()
            and (np.diff(self.chosen) > 0).all()
            and (self.others <= 1).all()
            and np.isfinite(self.members).all(),
            "A set of categories is none.",
        )
        place = np.empty(pairs, np.int64)
        place[order] = np.arange(pairs)
        self.with_sets = place[self.chosen]
        # After the last member stands what is no member of any set.
        self.known, ranks = np.unique(self.members, return_inverse=True)
        require(
            len(self.chosen) * (len(self.known) + 1) <= MOST_FLAGS,
            "Its sets of categories take too much memory.",
        )
        numbers = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        flags = np.zeros((len(ends), len(self.known) + 1), bool)
        flags[numbers, ranks] = True
        self.leads = flags ^ self.others.astype(bool)[:, None]

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads or attributes to."""
        return max(self.of.largest_position(), int(self.inputs.max()))

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        found = super().operations() + PAIR_OPERATIONS * len(self.columns)
        for group in self.groups:
            if not group.is_tabulated:
                found += NODE_OPERATIONS * group.count * group.depth * group.nodes
        return found

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return super().numbers_held() + 6 * len(self.columns) + 3 * self.of.width

    def prepare(self) -> None:
        """Compute the base, and the Shapley values that are held ready."""
        self.base = self.constant
        for group in self.groups:
            self.base += float(group.values @ group.shares.prod(axis=0))
            group.prepare()

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return what it computes of every row, and of what."""
        numbers = self.of.values(matrix)
        if self.single:
            numbers = numbers.astype(np.float32).astype(np.float64)
        # An infinity goes where the greatest number goes.
        numbers = np.clip(numbers, -GREATEST[self.single], GREATEST[self.single])
        # The sums of the leaves stand before those of the inputs.
        sums = np.zeros((len(matrix), 1 + matrix.shape[1]))
        step = max(1, PAIRS_AT_ONCE // max(1, len(self.columns)))
        for first in range(0, len(matrix), step):
            rows = slice(first, first + step)
            holds = self.holds(numbers[rows])
            start = 0
            for group in self.groups:
                end = start + group.count * group.depth
                group.add(sums[rows], holds[:, start:end])
                start = end
        return Attribution(sums[:, 0] + self.constant, sums[:, 1:])

    def holds(self, numbers: np.ndarray) -> np.ndarray:
        """Return whether each row leads to each leaf, by each of its columns."""
        given = numbers[:, self.compared]
        found = given > self.above
        found &= given <= self.up_to
        if np.isnan(numbers).any():
            found |= np.isnan(given) & self.takes_missing
        if len(self.with_sets):
            sought = np.floor(given[:, self.with_sets])
            ranks = np.searchsorted(self.known, sought)
            known = np.append(self.known, np.nan)[ranks] == sought
            ranks = np.where(known, ranks, len(self.known))
            leads = self.leads[np.arange(len(self.with_sets)), ranks]
            found[:, self.with_sets] &= leads | np.isnan(sought)
        return found


def all_different(columns: np.ndarray) -> bool:
    """Return whether no row of a matrix has a number twice."""
    return bool((np.diff(np.sort(columns, axis=1), axis=1) > 0).all())


class LeafGroup:
    """Leaves with equally many columns on their paths.

    Parameters
    ----------
    pairs : slice
        Their pairs.
    values : ndarray of float64, shape (n_leaves,)
    shares : ndarray of float64, shape (n_leaves, depth)
    inputs : ndarray of int32, shape (n_leaves, depth)
    """

    def __init__(
        self, pairs: slice, values: np.ndarray, shares: np.ndarray, inputs: np.ndarray
    ) -> None:
        self.pairs = pairs
        self.values = values
        self.count, self.depth = shares.shape
        # Column by column.
        self.shares, self.inputs = shares.T.copy(), inputs.T.copy()
        self.nodes = (self.depth + 1) // 2
        self.numbers = self.count * (self.depth + 1) << self.depth
        self.is_tabulated = False

    def prepare(self) -> None:
        """Compute what all rows have in common."""
        points, weights = np.polynomial.legendre.leggauss(self.nodes)
        self.quadrature = []
        for t, weight in zip(((points + 1) / 2).tolist(), (weights / 2).tolist()):
            on = self.shares + t * (1.0 - self.shares)
            off = self.shares * (1.0 - t)
            self.quadrature.append(
                (weight, on, off, (1.0 - self.shares) / on, -1.0 / (1.0 - t))
            )
        if not self.is_tabulated:
            self.targets = np.pad(1 + self.inputs.ravel(), (0, self.count))
            return
        ways = np.arange(1 << self.depth)
        known = (ways[:, None, None] >> np.arange(self.depth)[:, None]) & 1 == 1
        found = self.contributions(
            np.broadcast_to(known, (*known.shape[:2], self.count))
        )
        reached = np.zeros((1 << self.depth, 1, self.count))
        reached[-1, 0] = self.values
        # Leaf by leaf, and way by way: each column's, and what the leaf adds.
        self.table = np.concatenate([found, reached], axis=1).transpose(2, 0, 1)
        self.table = np.ascontiguousarray(self.table).reshape(-1, self.depth + 1)
        self.starts = np.arange(self.count) << self.depth
        self.targets = np.pad(1 + self.inputs.T, ((0, 0), (0, 1))).ravel()

    def add(self, sums: np.ndarray, holds: np.ndarray) -> None:
        """Add the leaves, and what each row's columns contribute, to sums by input.

        Parameters
        ----------
        sums : ndarray of float64, shape (n_rows, 1 + n_inputs)
            The leaves come first.
        holds : ndarray of bool, shape (n_rows, depth * n_leaves)
        """
        holds = holds.reshape(len(sums), self.depth, self.count)
        if self.is_tabulated:
            way = self.starts + holds[:, 0]
            for place in range(1, self.depth):
                way += holds[:, place].astype(np.int64) << place
            found = self.table[way].reshape(len(sums), -1)
        else:
            each = self.contributions(holds).reshape(len(sums), -1)
            reached = holds.all(axis=1) * self.values
            found = np.concatenate([each, reached], axis=1)
        for row, one in zip(sums, found):
            row += np.bincount(self.targets, one, minlength=len(row))

    def contributions(self, holds: np.ndarray) -> np.ndarray:
        """Return the Shapley value of each column at each leaf.

        Parameters
        ----------
        holds : ndarray of bool, shape (n_rows, depth, n_leaves)
            Whether a row leads to a leaf by a column.
        """
        total = np.zeros(holds.shape)
        for weight, on, off, factor_on, factor_off in self.quadrature:
            product = np.where(holds, on, off).prod(axis=1) * (weight * self.values)
            total += np.where(holds, factor_on, factor_off) * product[:, None]
        return total
