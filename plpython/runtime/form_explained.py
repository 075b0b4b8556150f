"""The parts of an explanation form: each attributes its number to the inputs.

What a part computes of a row is its base, which is the same for every row, and one
contribution for each input, added up. Players of the game whose Shapley values these
are: the columns that preprocessing puts out; those of one input are added up.
"""

from typing import Any, NamedTuple

import numpy as np

from .errors import ScoringError
from .form import malformed_form, require
from .form_parts import MATRICES, Matrix, Part, PartReader, sigmoid
from .form_scalars import Interpolated
from .pacing import Pausing, no_pause

EXPLANATION_MAGIC = b"pgchurn explanation 1\n"
# Next to 1 below it, in doubles, and as near to 0: what stands for a score of exactly 1
# or 0, which has no log odds.
NEAREST = 2.0**-53
# Of base and value, below which a difference of logarithms is told by its derivative.
NEAR = 1e-3
# What share of the contributions to a number may be left for them to count as cancelled
# out, below a function that leaps and below one that does not: see ``shared_out``.
LEAPING_CANCELLED, SMOOTH_CANCELLED = 1e-6, 1e-12


class Attribution(NamedTuple):
    """What a part computes, and what each input contributes to it."""

    # Of shape (n_rows,).
    values: np.ndarray
    # Of shape (n_rows, n_inputs): their sum and the base make the value.
    contributions: np.ndarray


class Odds(NamedTuple):
    """Probabilities, and what each input contributes to their log odds."""

    # Of shape (n_rows,).
    scores: np.ndarray
    # Of shape (n_rows, n_inputs).
    contributions: np.ndarray


class Attributed(Part):
    """A part whose number is attributed to the inputs.

    Attributes
    ----------
    base : float
        What it computes where nothing is known of a row.
    is_share : bool
        Whether its numbers are probabilities.
    """

    base: float
    is_share: bool = False
    pause: Pausing = staticmethod(no_pause)

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return what it computes of every row, and of what."""
        raise NotImplementedError

    def base_odds(self) -> float:
        """Return the log odds of its base, which is a probability."""
        return float(log_odds(np.array([self.base]))[0])

    def odds(self, matrix: np.ndarray) -> Odds:
        """Return probabilities, and what contributes to their log odds.

        From one scale to the other contributions are scaled by a chord: by the change
        of the log odds over the change of the probability, each from the base on.
        """
        values, contributions = self.attributed(matrix)
        scores = np.clip(values, 0.0, 1.0)
        chord = log_odds_chord(within(self.base), within(scores))
        return Odds(scores, contributions * chord[:, None])

    @property
    def numbers_from_rows(self) -> int:
        """How many numbers it learns of typical rows."""
        return 0

    def from_rows(self, matrix: np.ndarray) -> list[float]:
        """Return what it learns of typical rows."""
        raise NotImplementedError

    def learn(self, numbers: np.ndarray) -> None:
        """Take over what it has learned of typical rows."""
        raise NotImplementedError

    def needing_rows(self) -> "list[Attributed]":
        """Return all parts that it contains which learn of typical rows."""
        return [one for part in attributed_parts(self) for one in part.needing_rows()]

    def set_pause(self, pause: Pausing) -> None:
        """Let a cancel take effect in what takes long."""
        self.pause = pause
        for part in attributed_parts(self):
            part.set_pause(pause)

    def prepare(self) -> None:
        """Compute the base, once typical rows are known."""
        for part in attributed_parts(self):
            part.prepare()


def attributed_parts(part: Part) -> list[Any]:
    """Return the parts that a part is computed of, and that are attributed."""
    return [one for one in part.parts() if isinstance(one, Attributed)]


def require_attributed(parts: list[Any], shares: bool | None = None) -> None:
    """Refuse parts that are not attributed, or not to probabilities as they must be."""
    require(
        all(
            isinstance(part, Attributed) and shares in (None, part.is_share)
            for part in parts
        ),
        "A part is of another kind than it must be.",
    )


class LinearTerms(Attributed):
    """A constant and weighted columns: each less its mean, times its weight.

    Attributes
    ----------
    of : Matrix
    inputs : ndarray of int32, shape (of.width,)
        Which input each column is computed of.
    weights : ndarray of float64, shape (of.width,)
    constant : float
    means : ndarray of float64, shape (of.width,)
        Of typical rows; set before anything is attributed.
    """

    FIELDS = {"of": "matrix", "inputs": "i", "weights": "f", "constant": "number"}
    of: Matrix
    inputs: np.ndarray
    weights: np.ndarray
    constant: float
    means: np.ndarray

    def check(self) -> None:
        """Refuse weights and inputs that are not those of the columns."""
        require(
            len(self.inputs) == len(self.weights) == self.of.width
            and np.isfinite(self.weights).all()
            and (self.inputs >= 0).all(),
            "The weights of a line are not those of its columns.",
        )
        # The columns of an input stand side by side, to be added up.
        self.order = np.argsort(self.inputs, kind="stable")
        ordered = self.inputs[self.order]
        self.starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        self.summed = ordered[self.starts]

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads or attributes to."""
        return max(self.of.largest_position(), int(self.inputs.max()))

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        return super().operations() + 10 * self.of.width

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return super().numbers_held() + 4 * self.of.width

    @property
    def numbers_from_rows(self) -> int:
        """How many numbers typical rows tell: the mean of each column."""
        return self.of.width

    def from_rows(self, matrix: np.ndarray) -> list[float]:
        """Return the mean of each column."""
        return self.of.values(matrix).mean(axis=0).tolist()

    def learn(self, numbers: np.ndarray) -> None:
        """Take over the mean of each column."""
        require(np.isfinite(numbers).all(), "A mean of a line is missing.")
        self.means = numbers

    def needing_rows(self) -> list[Attributed]:
        """Return itself."""
        return [self]

    def prepare(self) -> None:
        """Compute the base."""
        self.base = float(self.constant + self.means @ self.weights)

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return what it computes of every row, and of what."""
        numbers = self.of.values(matrix)
        terms = ((numbers - self.means) * self.weights)[:, self.order]
        contributions = np.zeros(matrix.shape)
        contributions[:, self.summed] = np.add.reduceat(terms, self.starts, axis=1)
        return Attribution(self.constant + numbers @ self.weights, contributions)


class Link(Attributed):
    """A function of another part's number, along which contributions are scaled.

    They are scaled by a chord: by the change of what comes out over the change of what
    goes in, each from the base on, so that they still add up.
    """

    of: Attributed

    def link(self, values: np.ndarray) -> np.ndarray:
        """Return the function of values."""
        raise NotImplementedError

    def chord(self, base: float, values: np.ndarray) -> np.ndarray:
        """Return the change of the function over that of its argument."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Compute the base."""
        super().prepare()
        self.base = float(self.link(np.array([self.of.base]))[0])

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return what it computes of every row, and of what."""
        values, contributions = self.of.attributed(matrix)
        chord = self.chord(self.of.base, values)
        return Attribution(self.link(values), contributions * chord[:, None])


class ShareOfOdds(Link):
    """The logistic function of a line of another part, its log odds."""

    FIELDS = {"of": "scalar", "slope": "number", "constant": "number"}
    slope: float
    constant: float
    is_share = True

    def check(self) -> None:
        """Refuse what is not attributed."""
        require_attributed([self.of])

    def line(self, values: Any) -> Any:
        """Return the log odds of a part's values."""
        return values * self.slope + self.constant

    def link(self, values: np.ndarray) -> np.ndarray:
        """Return the probabilities."""
        return sigmoid(self.line(values))

    def chord(self, base: float, values: np.ndarray) -> np.ndarray:
        """Return the change of the probability over that of the part."""
        return self.slope * sigmoid_chord(self.line(base), self.line(values))

    def base_odds(self) -> float:
        """Return the log odds of its base."""
        return float(self.line(self.of.base))

    def odds(self, matrix: np.ndarray) -> Odds:
        """Return probabilities; their log odds are the line itself."""
        values, contributions = self.of.attributed(matrix)
        return Odds(self.link(values), contributions * self.slope)


class OddsOfShare(Link):
    """The log odds of a probability, as a calibration takes them."""

    FIELDS = {"of": "scalar", "epsilon": "number"}
    epsilon: float

    def check(self) -> None:
        """Refuse what is no probability, and what a logarithm fails on."""
        require_attributed([self.of], shares=True)
        require(0 < self.epsilon < 1, "An epsilon is none.")

    def link(self, values: np.ndarray) -> np.ndarray:
        """Return the log odds."""
        shares = np.clip(values, 0.0, 1.0)
        return np.log(shares + self.epsilon) - np.log((1.0 - shares) + self.epsilon)

    def chord(self, base: float, values: np.ndarray) -> np.ndarray:
        """Return the change of the log odds over that of the probability."""
        low, high = np.clip(base, 0.0, 1.0), np.clip(values, 0.0, 1.0)
        return logarithm_chord(
            low + self.epsilon, high + self.epsilon
        ) + logarithm_chord((1.0 - low) + self.epsilon, (1.0 - high) + self.epsilon)


def shared_out(
    contributions: np.ndarray, before: np.ndarray, change: np.ndarray, most: float
) -> np.ndarray:
    """Return contributions to the argument of a function as those to its value.

    They are scaled by a chord. Where they all but cancel out, that would blow them up,
    and the change is shared out by their sizes.

    Parameters
    ----------
    contributions : ndarray of float64, shape (n_rows, n_inputs)
    before, change : ndarray of float64, shape (n_rows,)
        By how much argument and value differ from those of the base.
    most : float
        What share of their sizes may be left of them to count as cancelled out.
    """
    sizes = np.abs(contributions).sum(axis=1)
    cancelled = np.abs(before) <= most * sizes
    weights = np.where(cancelled[:, None], np.abs(contributions), contributions)
    total = np.where(cancelled, sizes, before)
    ratio = np.divide(change, total, out=np.zeros(len(total)), where=total != 0)
    return weights * ratio[:, None]


class Calibration(Link):
    """A piecewise linear function of another part; beyond its ends those hold.

    Such a function may leap.
    """

    FIELDS = Interpolated.FIELDS
    x: np.ndarray
    y: np.ndarray
    is_share = True

    def check(self) -> None:
        """Refuse what is not attributed, and points that are no function."""
        require_attributed([self.of])
        Interpolated.check(self)  # type: ignore[arg-type]

    def link(self, values: np.ndarray) -> np.ndarray:
        """Return the function of values."""
        return np.interp(values, self.x, self.y)

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return what it computes of every row, and of what."""
        given, contributions = self.of.attributed(matrix)
        values = self.link(given)
        before, change = given - self.of.base, values - self.base
        found = shared_out(contributions, before, change, LEAPING_CANCELLED)
        return Attribution(values, found)


class WeighedMembers(Attributed):
    """A constant and weighted columns, each computed of what one member says.

    What a member contributes is a function of its number, along which the contributions
    to that are scaled by a chord.

    Attributes
    ----------
    members : list of Attributed
    of : Matrix
        Computed of the members' numbers, as if they were inputs.
    inputs : ndarray of int32, shape (of.width,)
        Which member each column is computed of.
    weights : ndarray of float64, shape (of.width,)
    constant : float
    """

    FIELDS = {"members": "scalars", **LinearTerms.FIELDS}
    members: list[Attributed]
    of: Matrix
    inputs: np.ndarray
    weights: np.ndarray
    constant: float

    def check(self) -> None:
        """Refuse what is not attributed, and columns of other members."""
        require_attributed(self.members)
        count = len(self.members)
        require(
            count > 0
            and self.of.largest_position() < count
            and len(self.inputs) == len(self.weights) == self.of.width
            and np.isfinite(self.weights).all()
            and ((self.inputs >= 0) & (self.inputs < count)).all(),
            "The weights of members are not those of their columns.",
        )

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads or attributes to."""
        return max(part.largest_position() for part in self.members)

    def by_member(self, said: np.ndarray) -> np.ndarray:
        """Return what each member's number adds, of shape (n_rows, n_members)."""
        terms = self.of.values(said) * self.weights
        found = np.zeros(said.shape)
        for i, column in zip(self.inputs.tolist(), terms.T):
            found[:, i] += column
        return found

    def prepare(self) -> None:
        """Compute the base."""
        super().prepare()
        self.bases = self.by_member(np.array([[part.base for part in self.members]]))[0]
        self.base = float(self.constant + self.bases.sum())

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return what it computes of every row, and of what."""
        said = [part.attributed(matrix) for part in self.members]
        added = self.by_member(np.column_stack([one.values for one in said]))
        total = np.zeros(matrix.shape)
        for i, (part, one) in enumerate(zip(self.members, said)):
            before, change = one.values - part.base, added[:, i] - self.bases[i]
            total += shared_out(one.contributions, before, change, SMOOTH_CANCELLED)
        return Attribution(self.constant + added.sum(axis=1), total)


class Average(Attributed):
    """The weighted sum of the probabilities of other parts, member by member."""

    FIELDS = {"of": "scalars", "weights": "f"}
    of: list[Attributed]
    weights: np.ndarray
    is_share = True

    def check(self) -> None:
        """Refuse what is no probability, and weights of other parts."""
        require_attributed(self.of, shares=True)
        require(
            len(self.weights) == len(self.of) > 0 and np.isfinite(self.weights).all(),
            "The weights of a mean are not those of its parts.",
        )

    def prepare(self) -> None:
        """Compute the base."""
        super().prepare()
        weighted = zip(self.of, self.weights.tolist())
        self.base = float(sum(weight * part.base for part, weight in weighted))

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return what it computes of every row, and of what."""
        total, sums = np.zeros(len(matrix)), np.zeros(matrix.shape)
        for part, weight in zip(self.of, self.weights.tolist()):
            values, contributions = part.attributed(matrix)
            total += weight * values
            sums += weight * contributions
        return Attribution(total, sums)


class Complement(Attributed):
    """What is left of 1: the probability of the other class."""

    FIELDS = {"of": "scalar"}
    of: Attributed
    is_share = True

    def check(self) -> None:
        """Refuse what is no probability."""
        require_attributed([self.of], shares=True)

    def prepare(self) -> None:
        """Compute the base."""
        super().prepare()
        self.base = 1.0 - self.of.base

    def base_odds(self) -> float:
        """Return the log odds of its base."""
        return -self.of.base_odds()

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return what it computes of every row, and of what."""
        values, contributions = self.of.attributed(matrix)
        return Attribution(1.0 - values, -contributions)

    def odds(self, matrix: np.ndarray) -> Odds:
        """Return probabilities, and what contributes to their log odds."""
        scores, contributions = self.of.odds(matrix)
        return Odds(1.0 - scores, -contributions)


def within(shares: Any) -> Any:
    """Return probabilities, those of exactly 0 and 1 moved as little as can be."""
    return np.where(
        shares <= 0.0, NEAREST, np.where(shares >= 1.0, 1.0 - NEAREST, shares)
    )


def log_odds(shares: np.ndarray) -> np.ndarray:
    """Return the log odds of probabilities, of 0 and 1 those of what is nearest."""
    shares = within(shares)
    return np.log(shares) - np.log1p(-shares)


def logarithm_chord(base: Any, values: np.ndarray) -> np.ndarray:
    """Return the change of the logarithm over that of its argument, from a base on."""
    ratio = (values - base) / base
    near = np.abs(ratio) < NEAR
    safe = np.where(near, 1.0, ratio)
    far = np.log(values / base) / safe
    small = np.where(near & (ratio != 0), ratio, 1.0)
    close = np.where(ratio != 0, np.log1p(small) / small, 1.0)
    return np.where(near, close, far) / base


def log_odds_chord(base: Any, values: np.ndarray) -> np.ndarray:
    """Return the change of the log odds over that of the probability."""
    return logarithm_chord(base, values) + logarithm_chord(1.0 - base, 1.0 - values)


def sigmoid_chord(base: float, values: np.ndarray) -> np.ndarray:
    """Return the change of the logistic function over that of its argument.

    With s for it, s(b) - s(a) = s(b) s(-a) (1 - exp(a - b)) for a below b.
    """
    low, high = np.minimum(base, values), np.maximum(base, values)
    apart = high - low
    safe = np.where(apart > 0, apart, 1.0)
    rise = np.where(apart > 0, -np.expm1(-safe) / safe, 1.0)
    return sigmoid(high) * sigmoid(-low) * rise


class ExplanationReader(PartReader):
    """Makes the parts of an explanation form; in its matrices there are others."""

    in_matrix = False

    def kind_of(self, name: str) -> type[Part]:
        """Return the kind of part that a name stands for."""
        if self.in_matrix:
            return super().kind_of(name)
        # Which lines do without.
        if name == "TreeTerms":
            from .form_explained_trees import TreeTerms

            return TreeTerms
        if name == "Subsets":
            from .form_explained_subsets import Subsets

            return Subsets
        if name not in EXPLAINED_KINDS:
            raise malformed_form("A part is of an unknown kind.")
        return EXPLAINED_KINDS[name]

    def field(self, code: str, value: Any, depth: int) -> Any:
        """Return a field of a part."""
        before = self.in_matrix
        self.in_matrix = before or code in MATRICES
        try:
            return super().field(code, value, depth)
        finally:
            self.in_matrix = before


def no_means() -> ScoringError:
    """Return the error for a model whose typical rows nobody knows."""
    return ScoringError(
        "explanation of this model needs typical rows, and there are none",
        detail="Its version was registered without a row to replay: what a value "
        "contributes is told from what is typical.",
        hint="Register it again, on a profile that has rows and that you may read.",
        sqlstate="55000",
    )


EXPLAINED_KINDS: dict[str, type[Part]] = {
    kind.__name__: kind
    for kind in (
        LinearTerms,
        ShareOfOdds,
        OddsOfShare,
        Calibration,
        Average,
        Complement,
        WeighedMembers,
    )
}
