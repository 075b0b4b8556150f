"""Any number of few inputs: Shapley values over all subsets of them.

The game is that of baseline Shapley values [1]_: an input that is not known has its
typical value. There is no more to know of what computes the number, so that this
explains what has no way of its own, at the price of a number for each subset.

References
----------
.. [1] Sundararajan and Najmi, "The many Shapley values for model explanation", ICML
   2020.
"""

import numpy as np

from .form import require
from .form_explained import Attributed, Attribution, log_odds
from .form_parts import Matrix
from .shapley import over_all_subsets

# Of this many inputs a row has 16,384 subsets.
MOST_PLAYERS = 14
# So many subsets are computed at once.
SUBSETS_AT_ONCE = 1 << 10


class Subsets(Attributed):
    """The log odds of a probability of few inputs, whatever computes it.

    Attributes
    ----------
    of : Matrix of width 1
        The probability.
    surest : float
        The greatest that counts; 1 less it is the least.
    inputs : ndarray of int32, shape (n_players,)
        Which inputs it is computed of, rising.
    typical : ndarray of float64, shape (n_players,)
        What stands for an input that is not known, NaN for one that typically is not;
        set before anything is attributed.
    """

    FIELDS = {"of": "matrix", "inputs": "i", "surest": "number"}
    of: Matrix
    inputs: np.ndarray
    surest: float
    typical: np.ndarray

    def check(self) -> None:
        """Refuse several numbers, and inputs that are too many or none."""
        require(
            self.of.width == 1
            and 0 < len(self.inputs) <= MOST_PLAYERS
            # Else a difference may leave the range of its type.
            and (self.inputs >= 0).all()
            and (np.diff(self.inputs) > 0).all(),
            "A number of few inputs has too many, or is none.",
        )
        require(0.5 < self.surest < 1, "The surest probability is none.")

    def largest_position(self) -> int:
        """Return the last column of the input matrix that it reads or attributes to."""
        return max(self.of.largest_position(), int(self.inputs[-1]))

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        each = self.of.operations() + 2 * len(self.inputs)
        return super().operations() + (each << len(self.inputs))

    def numbers_held(self) -> int:
        """Return about how many numbers are held, rows of a subset each among them."""
        subset = self.of.numbers_held() + 2 * self.largest_position()
        held = SUBSETS_AT_ONCE * subset + (2 * len(self.inputs) << len(self.inputs))
        return super().numbers_held() + held

    @property
    def numbers_from_rows(self) -> int:
        """How many numbers typical rows tell."""
        return len(self.inputs)

    def from_rows(self, matrix: np.ndarray) -> list[float]:
        """Return the typical value of each input: one that occurs, near the median."""
        return [typical(matrix[:, position]) for position in self.inputs.tolist()]

    def learn(self, numbers: np.ndarray) -> None:
        """Take over the typical value of each input."""
        self.typical = numbers

    def needing_rows(self) -> list[Attributed]:
        """Return itself."""
        return [self]

    def prepare(self) -> None:
        """Compute the base."""
        row = np.zeros((1, self.largest_position() + 1))
        row[0, self.inputs] = self.typical
        self.base = float(self.said(row)[0])

    def said(self, rows: np.ndarray) -> np.ndarray:
        """Return the log odds of rows."""
        shares = self.of.values(rows)[:, 0]
        return log_odds(np.clip(shares, 1.0 - self.surest, self.surest))

    def attributed(self, matrix: np.ndarray) -> Attribution:
        """Return the log odds of every row, and of what they are made."""
        values = self.said(matrix)
        contributions = np.zeros(matrix.shape)
        for row, value, found in zip(matrix, values.tolist(), contributions):
            self.attribute(row, value, found)
        return Attribution(values, contributions)

    def attribute(self, row: np.ndarray, value: float, found: np.ndarray) -> None:
        """Write what each input of a row contributes to its log odds."""
        given = row[self.inputs]
        # Whatever is typical contributes nothing, and leaves half as many subsets.
        same = (given == self.typical) | (np.isnan(given) & np.isnan(self.typical))
        players = self.inputs[~same]
        count = len(players)
        if count == 0:
            return
        start = row.copy()
        start[self.inputs] = self.typical

        def odds(members: np.ndarray) -> np.ndarray:
            found = np.empty(len(members))
            for first in range(0, len(found), SUBSETS_AT_ONCE):
                self.pause()
                joined = members[first : first + SUBSETS_AT_ONCE]
                rows = np.repeat(start[None], len(joined), axis=0)
                rows[:, players] = np.where(joined, row[players], start[players])
                found[first : first + len(joined)] = self.said(rows)
            return found

        found[players] = over_all_subsets(odds, count, self.base, value)


def typical(values: np.ndarray) -> float:
    """Return a value that occurs near the median, NaN where most are missing."""
    known = np.sort(values[~np.isnan(values)])
    if 2 * len(known) <= len(values):
        return float("nan")
    distinct, counts = np.unique(known, return_counts=True)
    if 2 * counts.max() > len(known):
        return float(distinct[counts.argmax()])
    return float(known[(len(known) - 1) // 2])
