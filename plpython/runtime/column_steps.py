"""Columns of numbers, each computed of one column step by step, or looked up.

What an ONNX file does before its classifier is translated into this. The client makes
and pickles it; the strict reader checks every number of it (``column_checks``), and the
compiler makes formulas of it.
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .column_checks import STEP_NAMES
from .form_matrices import STEPS
from .form_parts import places_among


class ColumnSteps(TransformerMixin, BaseEstimator):
    """Computes columns of columns.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Absent where it reads what other steps of a pipeline put out.
    sources_ : ndarray of int32, shape (n_columns,)
        The column that each one is computed of.
    steps_ : ndarray of int32, shape (n_steps,)
        What is done with it: places in ``STEP_NAMES``, column after column.
    constants_ : ndarray of float64, shape (n_steps,)
        The other operand of each step; 0 where there is none.
    step_ends_ : ndarray of int32, shape (n_columns,)
        Where the steps of each column end.
    is_table_ : ndarray of bool, shape (n_columns,)
        Whether what the steps give is looked up.
    keys_, entries_ : ndarray of float64, shape (n_entries,)
        What is looked up, in rising order, and what it stands for, column after column.
    table_ends_ : ndarray of int32, shape (n_columns,)
        Where the keys of each column end.
    defaults_, missing_ : ndarray of float64, shape (n_columns,)
        What stands for any other number, and for NaN.
    refuses_missing_ : ndarray of bool, shape (n_features_in_,)
        Of which columns no NaN is taken.
    single_ : bool
        Whether what reads these columns computes in single precision.
    """

    # The name under which it is pickled, wherever this module was imported from.
    __module__ = "pgchurn.plpython.runtime.column_steps"

    def fit(self, X: Any, y: Any = None) -> Any:
        """Refuse to be fitted: it was read from a file."""
        raise NotImplementedError("it was read from a file, and cannot be fitted anew")

    def transform(self, X: Any) -> np.ndarray:
        """Return the columns that are computed of others.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features_in_)

        Returns
        -------
        ndarray of float64, shape (n_rows, n_columns)
        """
        matrix = np.array(X, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[1] != self.n_features_in_:
            raise ValueError(
                f"the model reads {self.n_features_in_} columns, and was given an "
                f"array of shape {matrix.shape}"
            )
        if np.isnan(matrix[:, self.refuses_missing_]).any():
            raise ValueError("a whole number or a text is missing")
        with np.errstate(all="ignore"):
            made = [self.column(matrix, place) for place in range(len(self.sources_))]
        return np.column_stack(made)

    def column(self, matrix: np.ndarray, place: int) -> np.ndarray:
        """Return one column."""
        values = matrix[:, self.sources_[place]]
        for name, constant in self.steps_of(place):
            values = STEPS[name](values, constant)
        if self.is_table_[place]:
            keys, entries = self.table_of(place)
            others = [self.defaults_[place], self.missing_[place]]
            values = np.append(entries, others)[places_among(keys, values)]
        return values

    def steps_of(self, place: int) -> list[tuple[str, float]]:
        """Return the steps of a column, each with its constant."""
        here = slice(self.step_ends_[place - 1] if place else 0, self.step_ends_[place])
        names = [STEP_NAMES[step] for step in self.steps_[here].tolist()]
        return list(zip(names, self.constants_[here].tolist()))

    def table_of(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what a column looks up, and what that stands for."""
        first = self.table_ends_[place - 1] if place else 0
        here = slice(first, self.table_ends_[place])
        return self.keys_[here], self.entries_[here]
