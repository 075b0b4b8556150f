CREATE OR REPLACE FUNCTION churn_runtime.monitor_figures() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Scores of customers in groups, and the figures that outcomes give them."""

from typing import NamedTuple

import numpy as np
from scipy.special import logit

FIGURES = (
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier_score",
    "tp",
    "fp",
    "fn",
    "tn",
)
# Where there are more scores, neighbours share a group: the curves of draws are made of
# no more points.
MOST_GROUPS = 2_000
# As scikit-learn's log loss has it: the loss of a certainty that is wrong is finite.
LEAST_SCORE = float(np.finfo(float).eps)
# No score counts as surer than this where log odds are weighed.
SUREST = 1e-4


class Groups(NamedTuple):
    """Customers of the same score, or of neighbouring scores, ascending.

    Attributes
    ----------
    rows : ndarray of shape (n_groups,)
        Customers in each.
    scores, log_odds : ndarray of shape (n_groups,)
        Their mean score, and the mean log odds, which are those of a score that is no
        surer than `SUREST`.
    if_left, if_stayed : ndarray of shape (n_groups, 2)
        Mean log loss and Brier score of those who leave, and of those who stay.
    taken : ndarray of shape (n_groups,)
        Share whose score reaches the threshold.
    """

    rows: np.ndarray
    scores: np.ndarray
    log_odds: np.ndarray
    if_left: np.ndarray
    if_stayed: np.ndarray
    taken: np.ndarray

    @classmethod
    def of_scores(
        cls, scores: np.ndarray, rows: np.ndarray, threshold: float
    ) -> "Groups":
        """Make a group of each score.

        Parameters
        ----------
        scores : ndarray of shape (n_groups,)
            Strictly ascending.
        rows : ndarray of shape (n_groups,)
            How many customers have each.
        threshold : float
            From which score on a customer counts as one who leaves.
        """
        sure = np.clip(scores, LEAST_SCORE, 1 - LEAST_SCORE)
        return cls(
            rows.astype(float),
            scores,
            logit(np.clip(scores, SUREST, 1 - SUREST)),
            np.column_stack([-np.log(sure), (1 - scores) ** 2]),
            np.column_stack([-np.log1p(-sure), scores**2]),
            (scores >= threshold).astype(float),
        )

    @property
    def total(self) -> int:
        """Number of customers."""
        return int(self.rows.sum())

    def merged(self, most: int = MOST_GROUPS) -> "Groups":
        """Return the same in at most so many groups, of about as many rows each."""
        if len(self.rows) <= most:
            return self
        before = np.cumsum(self.rows) - self.rows
        place = (before * most / self.rows.sum()).astype(int)
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        rows = np.add.reduceat(self.rows, starts)

        def means(values: np.ndarray) -> np.ndarray:
            weighted = (values.T * self.rows).T
            return (np.add.reduceat(weighted, starts, axis=0).T / rows).T

        return Groups(rows, *(means(values) for values in self[1:]))

    def figures(self, left: np.ndarray) -> np.ndarray:
        """Return what `FIGURES` names, of one outcome or of many.

        Parameters
        ----------
        left : ndarray of shape (n_groups,) or (n_outcomes, n_groups)
            How many of each group have left.

        Returns
        -------
        ndarray of shape (8,) or (n_outcomes, 8)
            ROC AUC, average precision, log loss and Brier score as scikit-learn has
            them, and the shares of the confusion matrix. NaN where a figure is not
            defined: the first two where all have left, or all have stayed.
        """
        stayed = self.rows - left
        all_left, all_stayed = left.sum(-1), stayed.sum(-1)
        below = np.cumsum(stayed, -1) - stayed / 2
        # From the highest score down.
        found = np.cumsum(left[..., ::-1], -1)[..., ::-1]
        reached = np.cumsum(self.rows[::-1])[::-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            roc_auc = (left * below).sum(-1) / (all_left * all_stayed)
            precision = (left * (found / reached)).sum(-1) / all_left
        precision = np.where(all_stayed > 0, precision, np.nan)
        losses = (left @ self.if_left + stayed @ self.if_stayed) / self.total
        tp, fp = left @ self.taken / self.total, stayed @ self.taken / self.total
        fn, tn = all_left / self.total - tp, all_stayed / self.total - fp
        return np.stack(
            [roc_auc, precision, losses[..., 0], losses[..., 1], tp, fp, fn, tn], -1
        )
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_figures IS 'Scores of customers in groups, and the figures that outcomes give them.';
