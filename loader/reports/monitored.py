"""What monitoring has measured of a version, window by window."""

from dataclasses import dataclass
from datetime import datetime

from pgchurn.loader.database import Connection, fetch_all

# Of more, the last ones are shown.
MOST_WINDOWS = 120
FINDING = "finding"
JUDGED = ("ok", FINDING)


@dataclass(frozen=True)
class Estimate:
    """A figure of a window: what was to be expected, and what was realised.

    Attributes
    ----------
    time : datetime.datetime
        The end of the window.
    metric : str
        "roc_auc" or "log_loss".
    estimated, realised, lower, upper : float or None
    n : int
    verdict : str
    detail : str or None
    """

    time: datetime
    metric: str
    estimated: float | None
    realised: float | None
    lower: float | None
    upper: float | None
    n: int
    verdict: str
    detail: str | None

    @property
    def band(self) -> tuple[float, float] | None:
        """Between what it was expected, if that is known."""
        if self.lower is None or self.upper is None:
            return None
        return self.lower, self.upper

    @property
    def is_in_band(self) -> bool | None:
        """Whether it was realised as expected; None: not known."""
        if self.band is None or self.realised is None:
            return None
        return self.band[0] <= self.realised <= self.band[1]


@dataclass(frozen=True)
class Drift:
    """How far the values of a feature, or the scores, are from the reference.

    Attributes
    ----------
    time : datetime.datetime
        The end of the window.
    feature : str or None
        None: the scores.
    value : float
        Population stability index.
    limit : float
    verdict : str
        "ok" or "finding".
    """

    time: datetime
    feature: str | None
    value: float
    limit: float
    verdict: str


@dataclass(frozen=True)
class Cohort:
    """Customers whose horizon has passed, of one tenth of the scores, or of all.

    Attributes
    ----------
    time : datetime.datetime
        The end of the window in which they were scored.
    bin : str or None
        The tenth; None: all.
    score, left, lower, upper : float
        Mean score; the share who left, with its interval.
    n : int
    verdict : str
    """

    time: datetime
    bin: str | None
    score: float
    left: float
    lower: float
    upper: float
    n: int
    verdict: str


@dataclass(frozen=True)
class Monitored:
    """What `churn.monitor` has measured of a version; each list by time.

    Attributes
    ----------
    estimates : list of Estimate
    drift : list of Drift
    cohorts : list of Cohort
    """

    estimates: list[Estimate]
    drift: list[Drift]
    cohorts: list[Cohort]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured."""
        return not (self.estimates or self.drift or self.cohorts)


def monitored(connection: Connection, version: int) -> Monitored:
    """Return what was measured of a version, of its last windows."""
    asked = {"version": version, "windows": MOST_WINDOWS}
    return Monitored(
        [Estimate(**row) for row in fetch_all(connection, "report_estimates", **asked)],
        [Drift(**row) for row in fetch_all(connection, "report_drift", **asked)],
        [Cohort(**row) for row in fetch_all(connection, "report_cohorts", **asked)],
    )
