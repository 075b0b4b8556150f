"""What is told of how well scores do: rows of ``churn.monitor_results``, in words."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .monitor_calibration import InTheLarge, calibration_bins, calibration_in_the_large
from .monitor_cohorts import Outcomes
from .monitor_expected import (
    LEAST_OF_EACH,
    Expected,
    Recalibration,
    expected_figures,
    expected_share,
)
from .monitor_figures import FIGURES
from .monitor_results import FINDING, NOT_JUDGED, OK, TOO_FEW
from .pacing import Pausing

IN_THE_LARGE = "calibration_in_the_large"
LOG_LOSS = FIGURES.index("log_loss")
# The feature of rows of all customers. Those without one are of whom nobody acted upon.
ALL = "all"

# Of fewer who leave, or who stay, nothing is told.
LEAST_TOLD = 10
# Smaller differences do not matter, however certain they are: shares of the log loss
# that was expected, and of the mean score or its complement.
LEAST_LOSS = 0.05
LEAST_MISCALIBRATION = 0.1

CHANGED = "what the features say of leaving has changed"
NOT_CALIBRATED = "the scores were not calibrated, or"


class Row(NamedTuple):
    """A row of ``churn.monitor_results``."""

    since: str
    until: str
    version: int
    metric: str
    feature: str | None
    value: float | None
    lower: float | None
    upper: float | None
    limit: float | None
    n: int
    verdict: str
    detail: str | None


class Rows(NamedTuple):
    """What rows have in common."""

    since: str
    until: str
    version: int
    n: int
    feature: str | None = None

    def row(
        self,
        metric: str,
        verdict: str,
        value: float | None = None,
        lower: float | None = None,
        upper: float | None = None,
        limit: float | None = None,
        detail: str | None = None,
    ) -> Row:
        """Return a row, in which NaN is not known."""
        return Row(
            *(self.since, self.until, self.version, metric, self.feature),
            *(known(value), known(lower), known(upper), known(limit)),
            *(self.n, verdict, detail),
        )

    def of_all(self, total: int) -> "Rows":
        """Return those of all customers, of whom there are so many."""
        return self._replace(n=total, feature=ALL)

    def not_judged(self, reason: str) -> Iterator[Row]:
        """Yield the rows of a cohort that is not judged."""
        for metric in (*(f"realised_{figure}" for figure in FIGURES), IN_THE_LARGE):
            yield self.row(metric, NOT_JUDGED, detail=reason)

    def recalibrated(self, by: Recalibration | None) -> Iterator[Row]:
        """Yield what the scores of a window were recalibrated by."""
        if by is None:
            reason = (
                f"no {LEAST_OF_EACH} who left and {LEAST_OF_EACH} who stayed are "
                "mature: the scores are taken as they are"
            )
            yield self.row("recalibration", TOO_FEW, detail=reason)
            return
        for feature, (value, lower, upper) in by.as_dict().items():
            rows = self._replace(n=by.rows, feature=feature)
            yield rows.row("recalibration", NOT_JUDGED, value, lower, upper)

    def estimated(
        self, outcomes: Outcomes, by: Recalibration | None, pause: Pausing
    ) -> Iterator[Row]:
        """Yield what is expected of a window whose outcomes are not known yet."""
        few = too_few(outcomes.groups.total, expected_share(outcomes.groups, by))
        if few is not None:
            for figure in FIGURES:
                yield self.row(f"estimated_{figure}", TOO_FEW, detail=few)
            return
        expected = expected_figures(outcomes.groups, by, pause)
        for place, figure in enumerate(FIGURES):
            numbers = (
                expected.value[place],
                expected.lower[place],
                expected.upper[place],
            )
            yield self.row(f"estimated_{figure}", NOT_JUDGED, *numbers)


def known(number: float | None) -> float | None:
    """Return a plain number, None for NaN."""
    return None if number is None or np.isnan(number) else float(number)


def too_few(total: int, expected: float, left: float | None = None) -> str | None:
    """Return how many customers it takes to tell anything, None where they are enough.

    Parameters
    ----------
    total : int
    expected : float
        The share of them who are expected to leave.
    left : float, optional
        How many did; not known yet, if left out.
    """
    leavers, stayers = expected * total, (1 - expected) * total
    if left is not None:
        leavers, stayers = max(leavers, left), max(stayers, total - left)
    if min(leavers, stayers) >= LEAST_TOLD:
        return None
    rarer = min(expected, 1 - expected)
    if not rarer > 0:
        return f"needs {LEAST_TOLD} who leave and {LEAST_TOLD} who stay"
    # But for roundings.
    needed = np.ceil(round(LEAST_TOLD / rarer, 6))
    return f"needs about {needed:,.0f} customers, has {total:,}"


class Realised(NamedTuple):
    """What is realised of customers, beside what was expected.

    Those who were acted upon leave less, and without them leavers weigh more, since
    nobody acts upon who has left. What neither is to blame for shows with them and
    without.

    Attributes
    ----------
    outcomes : Outcomes
        Of at least one customer.
    is_recalibrated : bool
        Whether what was expected is of recalibrated scores.
    figures : ndarray of shape (8,)
        As `FIGURES` names them.
    expected : Expected
    calibration : InTheLarge
    few : str or None
        Why nothing can be told, see `too_few`.
    """

    outcomes: Outcomes
    is_recalibrated: bool
    figures: np.ndarray
    expected: Expected
    calibration: InTheLarge
    few: str | None

    @classmethod
    def of(
        cls, outcomes: Outcomes, by: Recalibration | None, pause: Pausing
    ) -> "Realised":
        """Compare outcomes with what was expected of recalibrated scores."""
        groups, left = outcomes
        return cls(
            outcomes,
            by is not None,
            groups.figures(left),
            expected_figures(groups, by, pause),
            calibration_in_the_large(groups, left),
            too_few(groups.total, expected_share(groups, by), left.sum()),
        )

    @property
    def total(self) -> int:
        """Number of customers."""
        return self.outcomes.groups.total

    def loss_limits(self) -> tuple[float, float]:
        """Return below and above what the log loss is a finding."""
        expected = self.expected.value[LOG_LOSS]
        return (
            min(self.expected.lowest[LOG_LOSS], expected * (1 - LEAST_LOSS)),
            max(self.expected.highest[LOG_LOSS], expected * (1 + LEAST_LOSS)),
        )

    def calibration_limits(self) -> tuple[float, float]:
        """Return below and above what calibration in the large is a finding."""
        score = self.calibration.score
        least = LEAST_MISCALIBRATION * min(score, 1 - score)
        return (
            min(self.calibration.lowest, -least),
            max(self.calibration.highest, least),
        )

    def loss_side(self) -> int:
        """Return whether the log loss is too high (1), too low (-1), or neither."""
        return side(self.figures[LOG_LOSS], self.loss_limits())

    def calibration_side(self) -> int:
        """Return whether more left than the scores say (1), fewer (-1), or neither."""
        return side(self.calibration.value, self.calibration_limits())

    def told(self, rows: Rows) -> Iterator[Row]:
        """Yield its rows, of which none is judged."""
        for row in self.judged(rows, self):
            if row.verdict != TOO_FEW:
                row = row._replace(verdict=NOT_JUDGED)
            yield row

    def judged(self, rows: Rows, all_customers: "Realised") -> Iterator[Row]:
        """Yield its rows, with a finding only where all customers have it, too."""
        for place, figure in enumerate(FIGURES):
            metric, value = f"realised_{figure}", self.figures[place]
            if self.few is not None:
                yield rows.row(metric, TOO_FEW, value, detail=self.few)
                continue
            band = self.expected.lower[place], self.expected.upper[place]
            if place != LOG_LOSS:
                detail = self.undefined() if np.isnan(value) else None
                yield rows.row(metric, NOT_JUDGED, value, *band, detail=detail)
                continue
            limit = self.loss_limits()[1]
            is_found = 0 != self.loss_side() == all_customers.loss_side()
            detail = self.loss_in_words() if is_found else None
            verdict = FINDING if is_found else OK
            yield rows.row(metric, verdict, value, *band, limit, detail)
        yield from self.calibrated(rows, all_customers)

    def undefined(self) -> str:
        """Return why a ranking cannot be measured."""
        return "all left" if self.outcomes.left.sum() else "all stayed"

    def calibrated(self, rows: Rows, all_customers: "Realised") -> Iterator[Row]:
        """Yield the rows that tell whether as many left as the scores say."""
        found = self.calibration
        numbers = found.value, found.lower, found.upper
        if self.few is not None:
            yield rows.row(IN_THE_LARGE, TOO_FEW, *numbers, detail=self.few)
        else:
            limit = self.calibration_limits()[1]
            is_found = 0 != self.calibration_side() == all_customers.calibration_side()
            detail = f"{found.left:.1%} left, {found.score:.1%} by the scores"
            verdict = FINDING if is_found else OK
            yield rows.row(IN_THE_LARGE, verdict, *numbers, limit, detail)
        for one in calibration_bins(*self.outcomes):
            name = f"{one.low} to {one.high}"
            feature = name if rows.feature is None else f"{rows.feature}, {name}"
            of_bin = rows._replace(n=one.rows, feature=feature)
            shares = one.left, one.lower, one.upper
            yield of_bin.row("calibration", NOT_JUDGED, *shares, one.score)

    def loss_in_words(self) -> str:
        """Return how the log loss differs from what was expected, and why."""
        loss, lower, upper = (
            numbers[LOG_LOSS]
            for numbers in (self.figures, self.expected.lower, self.expected.upper)
        )
        why = CHANGED if self.is_recalibrated else f"{NOT_CALIBRATED} {CHANGED}"
        return (
            f"log loss {loss:.3f}, between {lower:.3f} and {upper:.3f} was expected: "
            f"{why}"
        )


def side(value: float, limits: tuple[float, float]) -> int:
    """Return whether a value is above limits (1), below (-1), or neither."""
    low, high = limits
    return int(value > high) - int(value < low)
