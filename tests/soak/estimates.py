"""Windows of scores that are true, and what is estimated and found of them."""

from typing import NamedTuple

import numpy as np
from pgchurn.plpython.runtime.monitor_cohorts import Outcomes
from pgchurn.plpython.runtime.monitor_expected import recalibration
from pgchurn.plpython.runtime.monitor_figures import FIGURES, Groups
from pgchurn.plpython.runtime.monitor_rows import FINDING, Realised, Rows
from pgchurn.plpython.runtime.pacing import no_pause
from scipy.special import expit, logit

from tests.soak.bars import Bar

THRESHOLD = 0.4
WINDOWS = 200
LEAST_COVERED = 0.93
UNDRIFTED = 1_000
MOST_FALSE = 1
# Of changes after which log odds tell a third of what they told.
CHANGED, LEAST_FOUND = 1 / 3, 0.95


class Stream(NamedTuple):
    """What windows are drawn from: how many rows, and who leaves.

    Probabilities are of a beta distribution; scores are sharper than these, and
    shifted, where they are not `true`, and a cohort of `mature` rows tells.
    """

    rows: int
    leavers: float = 1.0
    stayers: float = 3.0
    is_true: bool = True
    mature: int = 0

    @property
    def name(self):
        """What it is called."""
        share = self.leavers / (self.leavers + self.stayers)
        kind = "true scores" if self.is_true else "skewed scores"
        after = f", recalibrated on {self.mature:,}" if self.mature else ""
        return f"{self.rows:,} rows, {share:.0%} leave, {kind}{after}"

    def window(self, random, rows=None, strength=1.0):
        """Return scores and outcomes; log odds count for so much more than the mean."""
        chances = random.beta(self.leavers, self.stayers, rows or self.rows)
        scores = chances if self.is_true else expit(1.5 * logit(chances) + 0.8)
        if strength != 1.0:
            odds = logit(chances.clip(1e-9, 1 - 1e-9))
            chances = expit(odds.mean() + strength * (odds - odds.mean()))
        return counted(scores, random.random(len(scores)) < chances)

    def realised(self, seed, strength=1.0):
        """Return what is realised of a window, recalibrated on a cohort before."""
        random = np.random.default_rng(seed)
        by = None
        if self.mature:
            by = recalibration(*self.window(random, self.mature))
        return Realised.of(self.window(random, strength=strength), by, no_pause)


STREAMS = (
    Stream(200),
    Stream(500),
    Stream(500, 1, 9),
    Stream(2_000, 1, 19),
    Stream(10_000, 1, 9),
    Stream(500, is_true=False, mature=1_000),
    Stream(2_000, 1, 9, mature=2_000),
    Stream(2_000, mature=1_000),
    Stream(5_000, 1, 9, is_true=False, mature=5_000),
)
SHORT = STREAMS[1], STREAMS[5]


def counted(scores, left):
    """Return outcomes by score."""
    distinct, place = np.unique(scores, return_inverse=True)
    rows = np.bincount(place)
    gone = np.bincount(place, left, len(distinct))
    return Outcomes(Groups.of_scores(distinct, rows, THRESHOLD), gone)


def measure(server, full):
    """Yield how often bands hold what is realised, and how often a change is found."""
    for stream in STREAMS if full else SHORT:
        yield covered(stream, WINDOWS)
    # Of all sizes, as many small ones as large ones.
    random = np.random.default_rng(7)
    sizes = np.exp(random.uniform(np.log(50), np.log(5_000), UNDRIFTED)).astype(int)
    number = UNDRIFTED if full else 60
    found = sum(
        is_finding(Stream(int(rows), *shape, mature=mature).realised(seed))
        for seed, (rows, shape, mature) in enumerate(
            zip(
                sizes[:number],
                [(1, 3), (1, 9)] * number,
                [0, 0, 1_500, 1_500] * number,
            )
        )
    )
    yield Bar(
        f"windows of 50 to 5,000 rows in which nothing has changed, of {number:,}",
        f"at most {MOST_FALSE} with a finding",
        str(found),
        found <= MOST_FALSE,
    )
    number = WINDOWS if full else 30
    stream = Stream(2_000, mature=1_000)
    found = sum(
        is_finding(stream.realised(seed, strength=CHANGED)) for seed in range(number)
    )
    yield Bar(
        "2,000 rows whose log odds tell a third of what they told",
        f"found in {LEAST_FOUND:.0%} of {number}",
        f"{found / number:.1%}",
        found >= LEAST_FOUND * number,
    )


def covered(stream, windows):
    """Return how often the bands of the figures hold what is realised."""
    inside = np.mean(
        [within_bands(stream.realised(seed)) for seed in range(windows)], axis=0
    )
    worst = int(inside.argmin())
    named = ", ".join(
        f"{inside[FIGURES.index(name)]:.1%} {name}" for name in ("roc_auc", "log_loss")
    )
    return Bar(
        f"realised within the band: {stream.name}",
        f"{LEAST_COVERED:.0%} of {windows} windows, each figure",
        f"{named}; least {inside[worst]:.1%} {FIGURES[worst]}",
        inside[worst] >= LEAST_COVERED,
    )


def within_bands(realised):
    """Return whether each figure is within its band; one that is none is not."""
    expected = realised.expected
    return (expected.lower <= realised.figures) & (realised.figures <= expected.upper)


def is_finding(realised):
    """Return whether anything of a window is a finding."""
    rows = Rows("since", "until", 1, realised.total)
    return any(row.verdict == FINDING for row in realised.judged(rows, realised))
