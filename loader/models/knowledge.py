"""What is known of a linear head's weights, and what a batch of outcomes adds to it."""

import hashlib
from dataclasses import dataclass

import numpy as np
from pgchurn.loader.errors import LoaderError
from scipy.optimize import minimize
from scipy.special import expit

# What was known before weighs as much as so many batches, at least: so a batch moves
# the mean score by at most an eighth of how far it is from its own outcomes.
LEAST_BATCHES_BEFORE = 7
# How far a score may move by a batch. The log odds of nobody in it move by more than
# four times as much, which moves no score further, be it that of somebody who is much
# likelier to leave and has in common what moves.
MOST_SCORE_SHIFT = 0.05
MOST_ODDS_SHIFT = 4 * MOST_SCORE_SHIFT
# How certain a weight is where nothing is known of it, as in LogisticRegression; any
# other is held by what one customer more would say, whatever its unit is.
RIDGE = 1.0
# Of the gradient, for inputs of one standard deviation.
TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False)
class Knowledge:
    """The weights that are likeliest, and how certain they are.

    Attributes
    ----------
    weights : numpy.ndarray of float, shape (n_weights,)
        Of which the inputs' sum is the log odds of the second class.
    precision : numpy.ndarray of float, shape (n_weights, n_weights), or None
        The curvature of the log likelihood of all that was learned, weighed by age;
        None: nothing was learned yet.
    rows : float
        How many customers that is of, weighed by age.
    at : float
        When the last of them was scored, in seconds since 1970.
    """

    weights: np.ndarray
    precision: np.ndarray | None
    rows: float
    at: float

    def to_bytes(self) -> bytes:
        """Return it as bytes, the same ones of the same numbers."""
        precision = np.zeros(0) if self.precision is None else self.precision.ravel()
        return (
            np.concatenate([[self.rows, self.at], self.weights, precision])
            .astype("<f8")
            .tobytes()
        )

    @classmethod
    def from_bytes(cls, content: bytes, weights: int) -> "Knowledge":
        """Read what `to_bytes` wrote of so many weights.

        Raises
        ------
        LoaderError
            If it is something else.
        """
        if len(content) != 8 * (2 + weights + weights**2):
            raise LoaderError(
                "what is known after the last batch is not of this version's weights; "
                "begin anew with churn.set_learning"
            )
        numbers = np.frombuffer(content, "<f8").astype(float)
        precision = numbers[2 + weights :].reshape(weights, weights)
        return cls(numbers[2 : 2 + weights], precision, numbers[0], numbers[1])

    @property
    def digest(self) -> bytes:
        """SHA-256 of its bytes."""
        return hashlib.sha256(self.to_bytes()).digest()

    def scores(self, inputs: np.ndarray) -> np.ndarray:
        """Return probabilities of the second class.

        Parameters
        ----------
        inputs : numpy.ndarray of shape (n_rows, n_weights)
        """
        return expit(inputs @ self.weights)

    def after(
        self, inputs: np.ndarray, second: np.ndarray, at: float, half_life: float
    ) -> "Learned":
        """Learn a batch: the head's likelihood refitted, from these weights on.

        Logistic regression by discounting [1]_: of what was learned before its
        quadratic approximation is kept, and loses weight with age; the batch's own
        likelihood is exact. No customer of earlier batches is needed again.

        Parameters
        ----------
        inputs : numpy.ndarray of shape (n_rows, n_weights)
        second : numpy.ndarray of bool, shape (n_rows,)
            Who is of the second class.
        at : float
            When the last of them was scored, in seconds since 1970.
        half_life : float
            After how many seconds an outcome weighs half as much.

        References
        ----------
        .. [1] McCormick, Raftery, Madigan and Burd, "Dynamic Logistic Regression and
           Dynamic Model Averaging for Binary Classification", Biometrics 68 (2012);
           West, Harrison and Migon, "Dynamic Generalized Linear Models and Bayesian
           Forecasting", JASA 80 (1985).
        """
        before, rows = self.scores(inputs), len(inputs)
        remaining = 0.5 ** (max(at - self.at, 0.0) / half_life)
        prior_rows = max(remaining * self.rows, float(LEAST_BATCHES_BEFORE * rows))
        if self.precision is None:
            prior = curvature(inputs, before) * (prior_rows / rows)
        else:
            prior = self.precision * (prior_rows / self.rows)
        one_row = np.diag(prior) / prior_rows
        held = prior + np.diag(np.where(one_row > 0, one_row, RIDGE))
        weights = likeliest(self.weights, held, inputs, second)
        whole = expit(inputs @ weights)
        share = share_taken(inputs @ (weights - self.weights))
        moved = self.weights + share * (weights - self.weights)
        scores = expit(inputs @ moved)
        knowledge = Knowledge(
            moved,
            prior + share * curvature(inputs, scores),
            prior_rows + share * rows,
            max(at, self.at),
        )
        return Learned(knowledge, float((whole - before).mean()), share)


@dataclass(frozen=True, eq=False)
class Learned:
    """What a batch leads to.

    Attributes
    ----------
    knowledge : Knowledge
        After it.
    mean_shift : float
        By how much learning all of it moves the mean score of the second class.
    share : float
        Which share of that step was taken, so that no score moves too far.
    """

    knowledge: Knowledge
    mean_shift: float
    share: float


def curvature(inputs: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the second derivatives of the log loss of all rows, by the weights."""
    return inputs.T @ (inputs * (scores * (1 - scores))[:, None])


def likeliest(
    start: np.ndarray, held: np.ndarray, inputs: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """Return the weights of the least log loss, held to where they start from.

    Parameters
    ----------
    start : numpy.ndarray of shape (n_weights,)
    held : numpy.ndarray of shape (n_weights, n_weights)
        How certain these are, which is positive definite.
    inputs : numpy.ndarray of shape (n_rows, n_weights)
    second : numpy.ndarray of bool, shape (n_rows,)
    """
    # In units in which each weight is about as certain as any other.
    unit = 1 / np.sqrt(np.diag(held))
    scaled, certain = inputs * unit, held * unit * unit[:, None]
    signs, base = np.where(second, 1.0, -1.0), inputs @ start

    def loss(moved: np.ndarray) -> float:
        odds = base + scaled @ moved
        return float(np.logaddexp(0, -signs * odds).sum() + moved @ certain @ moved / 2)

    def gradient(moved: np.ndarray) -> np.ndarray:
        odds = base + scaled @ moved
        return scaled.T @ (expit(odds) - second) + certain @ moved

    def hessian(moved: np.ndarray) -> np.ndarray:
        return curvature(scaled, expit(base + scaled @ moved)) + certain

    found = minimize(
        loss,
        np.zeros(len(start)),
        method="trust-exact",
        jac=gradient,
        hess=hessian,
        options={"gtol": TOLERANCE * len(inputs), "maxiter": 100},
    )
    return start + unit * found.x


def share_taken(shifts: np.ndarray) -> float:
    """Return which share of a step is taken, so that no log odds move too far.

    Parameters
    ----------
    shifts : numpy.ndarray of shape (n_rows,)
        Of the log odds of each customer, by the whole step.
    """
    furthest = float(np.abs(shifts).max())
    return 1.0 if furthest <= MOST_ODDS_SHIFT else MOST_ODDS_SHIFT / furthest
