"""Whether a batch of outcomes is learned, and what is known after it."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.knowledge import Knowledge
from pgchurn.loader.models.linear_heads import LinearHead
from pgchurn.loader.models.outcome_batches import OutcomeBatch
from pgchurn.loader.models.pickling import pickled
from pgchurn.plpython.runtime.monitor_drift import drift_of
from pgchurn.plpython.runtime.monitor_reference import MonitoredVersion
from pgchurn.plpython.runtime.monitor_results import FINDING
from pgchurn.plpython.runtime.monitor_tallies import WindowTally
from pgchurn.plpython.runtime.signature import Signature
from scipy.special import expit
from sklearn.metrics import log_loss

# How far the mean score of a batch's customers may move by it.
MOST_MEAN_SHIFT = 0.02
# What a head gives and what the whole classifier gives, apart by roundings.
TOLERANCE = 1e-9
MOST_FINDINGS_NAMED = 3


@dataclass(frozen=True, eq=False)
class Decision:
    """What becomes of a batch.

    Attributes
    ----------
    reason : str or None
        Why it is quarantined; None: it is learned.
    scores : numpy.ndarray of shape (n_rows,), or None
        Of leaving, by what was known before; None: they cannot be scored.
    log_loss : float or None
        Of these.
    mean_shift, step : float or None
        See `Learned`; None: it was not tried, or not learned.
    knowledge : Knowledge
        After it.
    """

    reason: str | None
    scores: np.ndarray | None
    log_loss: float | None
    mean_shift: float | None
    step: float | None
    knowledge: Knowledge


class Learner:
    """Learns batches of outcomes with the head of a version.

    Parameters
    ----------
    version : int
    candidate : Candidate
        The version's pickle.
    signature : Signature
    reference : dict
        What the version's rows were like.
    half_life : float
        In seconds.

    Raises
    ------
    LoaderError
        If it has no linear head.
    """

    def __init__(
        self,
        version: int,
        candidate: Candidate,
        signature: Signature,
        reference: dict[str, Any],
        half_life: float,
    ) -> None:
        self.candidate = candidate
        self.head = LinearHead.of(candidate.estimator)
        self.base_weights = self.head.weights
        self.model = candidate.model(signature)
        self.signature = signature
        self.reference = reference
        self.half_life = half_life
        self.monitored = MonitoredVersion(
            version, signature, reference, None, {}, False
        )
        self.is_checked = False

    def nothing_learned(self, since: float) -> Knowledge:
        """Return what is known before the first batch.

        Parameters
        ----------
        since : float
            When the last customers were scored whom the version may know.
        """
        return Knowledge(self.base_weights, None, float(self.reference["rows"]), since)

    def decide(self, batch: OutcomeBatch, before: Knowledge) -> Decision:
        """Score a batch, and learn it unless something is wrong with it."""
        left = batch.left
        try:
            inputs = self.inputs(batch)
        except (ValueError, TypeError) as error:
            told = f"its customers cannot be scored: {error}"
            return Decision(told, None, None, None, None, before)
        scores = self.of_leaving(before.scores(inputs))
        loss = float(log_loss(left, scores, labels=[False, True]))
        reason = one_class(left) or self.drift(batch, inputs)
        if reason is not None:
            return Decision(reason, scores, loss, None, None, before)
        is_second = left if self.signature.positive_class == 1 else ~left
        learned = before.after(
            inputs, is_second, batch.last[0].timestamp(), self.half_life
        )
        shift = learned.mean_shift * (1 if self.signature.positive_class == 1 else -1)
        if not abs(shift) <= MOST_MEAN_SHIFT:
            reason = (
                f"it would move the mean score by {shift:+.3f}, and "
                f"{MOST_MEAN_SHIFT:g} is allowed: {left.mean():.1%} left, "
                f"{scores.mean():.1%} by the scores"
            )
            return Decision(reason, scores, loss, shift, None, before)
        return Decision(None, scores, loss, shift, learned.share, learned.knowledge)

    def inputs(self, batch: OutcomeBatch) -> np.ndarray:
        """Return what the head gets of a batch, within the reference's range."""
        columns = batch.clipped(self.reference, self.signature)
        with warnings.catch_warnings():
            # One line for every unknown category helps nobody.
            warnings.simplefilter("ignore")
            inputs = self.head.inputs(self.model.model_input(columns))
        if not np.isfinite(inputs).all():
            raise ValueError("some inputs of its head are not finite")
        if not self.is_checked:
            given = self.model.probabilities(columns)
            if not np.abs(given - self.base_scores(inputs)).max() <= TOLERANCE:
                raise LoaderError(
                    f"version {self.monitored.version} gives other scores than its "
                    "head does, and so cannot be learned"
                )
            self.is_checked = True
        return inputs

    def base_scores(self, inputs: np.ndarray) -> np.ndarray:
        """Return probabilities of leaving as the version gives them."""
        return self.of_leaving(expit(inputs @ self.base_weights))

    def of_leaving(self, second: np.ndarray) -> np.ndarray:
        """Return probabilities of leaving from those of the second class."""
        return second if self.signature.positive_class == 1 else 1 - second

    def drift(self, batch: OutcomeBatch, inputs: np.ndarray) -> str | None:
        """Return in which way a batch is not like the reference, None if it is."""
        tally = WindowTally(self.signature, self.reference, 0)
        tally.add(self.base_scores(inputs), batch.texts)
        found = [
            result
            for result in drift_of(self.monitored, tally, None, True)
            if result.verdict == FINDING
        ]
        if not found:
            return None
        told = [
            f"{one.metric}{f' of {one.feature}' if one.feature else ''}: {one.detail}"
            for one in found[:MOST_FINDINGS_NAMED]
        ]
        more = len(found) - len(told)
        return "it drifts: " + "; ".join([*told, *([f"{more} more"] if more else [])])

    def made_of(self, knowledge: Knowledge) -> Candidate:
        """Return the version with other weights, as a pickle that is read again.

        The same bytes of the same weights: what is pickled has just been read from the
        version's own pickle, and nothing has used it.
        """
        read = Candidate.from_pickle(self.candidate.artifact)
        LinearHead.of(read.estimator).replace(knowledge.weights)
        return Candidate.from_pickle(pickled(read.estimator))


def one_class(left: np.ndarray) -> str | None:
    """Return that all left, or all stayed; None: some did."""
    if 0 < left.sum() < len(left):
        return None
    return f"all {len(left):,} customers {'left' if left.all() else 'stayed'}"
