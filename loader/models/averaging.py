"""The weighted average of models that does best on rows none of them was fitted on.

This is the ensemble selection of Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble
selection from libraries of models", ICML 2004: models are added one at a time, each as
often as it helps, and how often is its weight.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

ROUNDS = 100
# A member of less weight costs each score more than it brings.
LEAST_WEIGHT = 0.05
# No probability counts as less, so that one wrong certainty is no infinite loss.
LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True)
class Member:
    """A model in an average.

    Attributes
    ----------
    algorithm : str
        One of `pgchurn.loader.models.algorithms.ALGORITHMS`.
    weight : float
        Above 0; those of all members add up to 1.
    log_loss : float
        Its own, over all out-of-fold probabilities.
    """

    algorithm: str
    weight: float
    log_loss: float


@dataclass(frozen=True)
class Average:
    """Models whose weighted mean probability is a model's.

    Attributes
    ----------
    members : tuple of Member
        Those of most weight first; one alone is taken as it is.
    log_loss : float
        Of the average, over all out-of-fold probabilities.
    """

    members: tuple[Member, ...]
    log_loss: float

    @property
    def algorithm(self) -> str:
        """The only member's algorithm, or that it is an average."""
        return self.members[0].algorithm if len(self.members) == 1 else "average"

    def of(self, probabilities: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the weighted mean of what each algorithm says."""
        weights = {one.algorithm: one.weight for one in self.members}
        return mixed(probabilities, weights)

    def as_dict(self) -> dict[str, Any]:
        """Return it, JSON-serialisable."""
        return {
            "members": [asdict(member) for member in self.members],
            "log_loss": self.log_loss,
        }


def best_average(
    positive: np.ndarray, out_of_fold: Mapping[str, np.ndarray]
) -> Average:
    """Return the average that ensemble selection finds.

    Parameters
    ----------
    positive : numpy.ndarray of bool, shape (n_samples,)
        Whether each row is of the positive class.
    out_of_fold : mapping of str to numpy.ndarray of float, shape (n_samples,)
        For each algorithm, the probability of the positive class that each row got
        from a model that was not fitted on it.

    Returns
    -------
    Average
        Of a log loss that is nowhere above that of its best member. It is that member
        alone where the others' gain is within its standard error: every score would
        be the work of all.
    """
    said = {one: of_what_came(positive, out_of_fold[one]) for one in out_of_fold}
    own = {one: loss(said[one]) for one in said}
    best = min(own, key=lambda one: own[one])
    weights = selected(said, best)
    while slight := [
        one for one in weights if weights[one] < LEAST_WEIGHT and one != best
    ]:
        said = {one: said[one] for one in weights if one not in slight}
        weights = selected(said, best)
    average = mixed(said, weights)
    if not gains(said[best], average):
        weights, average = {best: 1.0}, said[best]
    members = [Member(one, weight, own[one]) for one, weight in weights.items()]
    return Average(
        members=tuple(sorted(members, key=lambda one: -one.weight)),
        log_loss=loss(average),
    )


def selected(said: Mapping[str, np.ndarray], best: str) -> dict[str, float]:
    """Return the weights after the rounds that did best, from the best model on."""
    chosen = Counter([best])
    total = said[best]
    lowest, kept = loss(total), chosen.copy()
    for count in range(2, ROUNDS + 1):
        with_one = {one: loss((total + said[one]) / count) for one in said}
        added = min(with_one, key=lambda one: with_one[one])
        total = total + said[added]
        chosen[added] += 1
        if with_one[added] < lowest:
            lowest, kept = with_one[added], chosen.copy()
    return {one: times / kept.total() for one, times in kept.items()}


def mixed(
    probabilities: Mapping[str, np.ndarray], weights: Mapping[str, float]
) -> np.ndarray:
    """Return the weighted mean of probabilities."""
    return np.sum([weight * probabilities[one] for one, weight in weights.items()], 0)


def gains(before: np.ndarray, after: np.ndarray) -> bool:
    """Tell whether probabilities of what came gain more than they would by chance."""
    gained = losses(before) - losses(after)
    return bool(gained.mean() > gained.std() / np.sqrt(len(gained)))


def of_what_came(positive: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the probability that each row's own class was given."""
    return np.where(positive, probabilities, 1 - probabilities)


def loss(said: np.ndarray) -> float:
    """Return the log loss, in nats, of the probabilities of what came true."""
    return float(losses(said).mean())


def losses(said: np.ndarray) -> np.ndarray:
    """Return the log loss of each row."""
    return -np.log(np.maximum(said, LEAST_PROBABILITY))
