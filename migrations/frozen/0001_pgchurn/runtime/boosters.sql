CREATE OR REPLACE FUNCTION churn_runtime.boosters() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The trees of XGBoost, LightGBM and CatBoost as a classifier of plain numbers.

Their libraries are neither needed nor called. The client reads their files and pickles
this class, which computes what they do; the strict reader checks every number of it
(``booster_checks``), and the compiler makes the compiled form of it.
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from .booster_checks import LEAF, NUMBER

# More comparisons at once would take too much memory.
VISITS_PER_STEP = 1_000_000


class BoostedTrees(ClassifierMixin, BaseEstimator):
    """Trees whose leaves are added up, the sum being the log odds of the second class.

    A node sends to the left what is less than or equal to its threshold, or the
    categories of its set; NaN goes where ``missing_left_`` says, anything else to the
    right. A category is a whole number; a fraction counts as the one below it, unless
    ``exact_sets_`` says otherwise.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Absent where the trees read what other steps of a pipeline put out.
    roots_ : ndarray of int32, shape (n_trees,)
    left_, right_ : ndarray of int32, shape (n_nodes,)
        Children, which come after their parents; -1 at a leaf.
    feature_ : ndarray of int32, shape (n_nodes,)
    threshold_ : ndarray of float64, shape (n_nodes,)
    set_ : ndarray of int32, shape (n_nodes,)
        Which set of categories a node looks into; -1: it compares a number.
    missing_left_ : ndarray of bool, shape (n_nodes,)
    value_ : ndarray of float64, shape (n_nodes,)
        What a leaf adds to the sum.
    cover_ : ndarray of float64, shape (n_nodes,)
        How many rows of training came to a leaf, by their weights; NaN: nobody knows.
    members_ : ndarray of int32, shape (n_members,)
        Sets of categories, one after the other, each in rising order.
    ends_ : ndarray of int32, shape (n_sets,)
        Where each set ends among the members.
    missing_within_ : ndarray of float64, shape (n_features_in_,)
        Up to which magnitude a number of a feature counts as missing; NaN: none does.
    refuses_missing_ : ndarray of bool, shape (n_features_in_,)
        Whether the library takes no missing value of a feature.
    single_inputs_ : bool
        Whether features are cast to single precision before they are compared.
    single_sum_ : bool
        Whether leaves are added up in single precision, tree after tree.
    shares_ : bool
        Whether the sum is the probability of the second class, and not its log odds.
    exact_sets_ : bool
        Whether a fraction is no category, in place of the one below it.
    start_, scale_ : float
        What the sum begins with, and what it is multiplied by.
    """

    # The name under which it is pickled, wherever this module was imported from.
    __module__ = "pgchurn.plpython.runtime.boosters"

    def fit(self, X: Any, y: Any) -> Any:
        """Refuse to be fitted: its library has done that."""
        raise NotImplementedError("it was read from a file, and cannot be fitted anew")

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of both classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_rows, n_features_in_)
            Numbers; categories as their numbers.

        Returns
        -------
        ndarray of shape (n_rows, 2)
        """
        matrix = self.as_read(X)
        sets = Sets(self.members_, self.ends_, self.exact_sets_)
        step = max(1, VISITS_PER_STEP // max(1, len(self.roots_)))
        parts = [
            self.sums(matrix[first : first + step], sets)
            for first in range(0, len(matrix), step)
        ]
        total = self.scale_ * np.concatenate([np.zeros(0), *parts])
        if self.shares_:
            second = np.clip(total, 0.0, 1.0)
        else:
            with np.errstate(over="ignore"):
                second = 1.0 / (1.0 + np.exp(-total))
        return np.column_stack([1.0 - second, second])

    def as_read(self, X: Any) -> np.ndarray:
        """Return the matrix of doubles that the trees compare."""
        dense = X.toarray() if hasattr(X, "toarray") else X
        matrix = np.array(dense, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[1] != self.n_features_in_:
            raise ValueError(
                f"the trees read {self.n_features_in_} features, and were given an "
                f"array of shape {matrix.shape}"
            )
        refused = np.isnan(matrix[:, self.refuses_missing_]).any(axis=0)
        if refused.any():
            column = np.flatnonzero(self.refuses_missing_)[refused][0]
            raise ValueError(f"feature {self.name_of(column)} is missing")
        # Written so that NaN, of which there is none within, is left as it is.
        matrix[np.abs(matrix) <= self.missing_within_] = np.nan
        if self.single_inputs_:
            with np.errstate(over="ignore"):
                matrix = matrix.astype(np.float32).astype(np.float64)
        return matrix

    def name_of(self, column: int) -> str:
        """Return the name of a feature, or its number."""
        names = getattr(self, "feature_names_in_", None)
        return str(column) if names is None else repr(str(names[column]))

    def sums(self, matrix: np.ndarray, sets: "Sets") -> np.ndarray:
        """Return the start and the leaves that each row reaches, added up."""
        node = np.tile(self.roots_, (len(matrix), 1))
        rows = np.arange(len(matrix))[:, None]
        while True:
            inner = self.left_[node] != LEAF
            if not inner.any():
                break
            value = matrix[rows, self.feature_[node]]
            left = value <= self.threshold_[node]
            if len(self.ends_):
                number = self.set_[node]
                left = np.where(number == NUMBER, left, sets.hold(value, number))
            left = np.where(np.isnan(value), self.missing_left_[node], left)
            following = np.where(left, self.left_[node], self.right_[node])
            node = np.where(inner, following, node)
        leaves = self.value_[node]
        if not self.single_sum_:
            return self.start_ + leaves.sum(axis=1)
        start = np.full((len(matrix), 1), self.start_, np.float32)
        together = np.concatenate([start, leaves.astype(np.float32)], axis=1)
        return np.add.accumulate(together, axis=1)[:, -1].astype(np.float64)


class Sets:
    """Sets of categories, one after the other."""

    def __init__(self, members: np.ndarray, ends: np.ndarray, exact: bool) -> None:
        self.exact = exact
        sizes: Any = np.diff(ends.astype(np.int64), prepend=0)
        # A member has a key: the set's number, and which one it is of all there are.
        self.distinct, ranks = np.unique(members, return_inverse=True)
        self.keys = np.repeat(np.arange(len(ends)), sizes) * len(self.distinct) + ranks

    def hold(self, value: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return whether the category of each value is in the set of a number."""
        whole = value if self.exact else np.floor(value)
        rank = np.searchsorted(self.distinct, whole)
        known = np.append(self.distinct.astype(np.float64), np.nan)[rank] == whole
        sought = number.astype(np.int64) * len(self.distinct) + rank
        place = np.searchsorted(self.keys, sought)
        return known & (np.append(self.keys, -1)[place] == sought)
$python$;
COMMENT ON FUNCTION churn_runtime.boosters IS 'The trees of XGBoost, LightGBM and CatBoost as a classifier of plain numbers.';
