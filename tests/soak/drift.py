"""How often churn.monitor cries wolf, and how often it finds what has drifted.

Windows are drawn, counted and judged by the runtime's own code, without a server.
"""

import json

import numpy as np
from pgchurn.plpython.runtime.monitor_drift import drift_of
from pgchurn.plpython.runtime.monitor_reference import MonitoredVersion
from pgchurn.plpython.runtime.monitor_tallies import WindowTally
from pgchurn.plpython.runtime.reference import describe_rows
from pgchurn.plpython.runtime.reference_scores import describe_scores
from pgchurn.plpython.runtime.signature import Feature, Signature

from tests.soak.bars import Bar

FEWEST_ROWS, MOST_ROWS = 50, 5_000
POWER_ROWS = 500
# A training sample, and what is replayed at registration.
REFERENCE_ROWS = (10_000, 1_000)
# So many windows have one reference.
WINDOWS_OF_REFERENCE = 10


def normal(rng, rows):
    """Draw numbers as a measure has them."""
    return rng.normal(50, 12, rows)


def skewed(rng, rows):
    """Draw numbers as money has them, to the cent."""
    return np.round(rng.lognormal(3, 1, rows), 2)


def counted(rng, rows):
    """Draw numbers as counters have them."""
    return rng.poisson(1, rows).astype(float)


def heaped(rng, rows):
    """Draw numbers of which half are the same."""
    return np.where(rng.random(rows) < 0.5, 0.0, rng.gamma(2, 20, rows))


def with_gaps(rng, rows):
    """Draw numbers of which a tenth is missing."""
    return np.where(rng.random(rows) < 0.1, np.nan, rng.normal(0, 1, rows))


def categories(count, nulls=0.0):
    """Return what draws texts, the first of them far more often than the last."""
    shares = 1 / np.arange(1, count + 1)
    names = np.array([f"category {i}" for i in range(count)], dtype=object)

    def draw(rng, rows):
        drawn = names[rng.choice(count, rows, p=shares / shares.sum())]
        drawn[rng.random(rows) < nulls] = float("nan")
        return drawn

    return draw


def flag(share):
    """Return what draws booleans."""
    return lambda rng, rows: (rng.random(rows) < share).astype(float)


NUMBERS = {
    **{f"normal_{i}": normal for i in range(4)},
    **{f"skewed_{i}": skewed for i in range(3)},
    **{f"counted_{i}": counted for i in range(3)},
    **{f"heaped_{i}": heaped for i in range(2)},
    **{f"gaps_{i}": with_gaps for i in range(2)},
}
TEXTS = {
    "contract": categories(3),
    "plan": categories(12, nulls=0.05),
    "city": categories(60),
    "street": categories(2_000),
}
FLAGS = {"often": flag(0.4), "seldom": flag(0.01)}
DRAWN = {**NUMBERS, **TEXTS, **FLAGS}
SIGNATURE = Signature(
    tuple(
        Feature(
            name,
            "number" if name in NUMBERS else "text" if name in TEXTS else "boolean",
            True,
        )
        for name in DRAWN
    ),
    (False, True),
    1,
    True,
)


def measure(server, full):
    """Judge windows in which nothing has drifted, and some in which one feature has."""
    windows, tries = (1_000, 200) if full else (60, 10)
    for rows in REFERENCE_ROWS:
        found = false_alarms(windows, rows)
        yield Bar(
            f"findings in {windows:,} windows of {FEWEST_ROWS} to {MOST_ROWS:,} rows "
            f"of {len(DRAWN)} features that do not drift; reference of {rows:,} rows",
            "at most 1",
            f"{len(found)} {'; '.join(found)}".strip(),
            len(found) <= 1,
        )
        named = shifts_found(tries, rows)
        yield Bar(
            f"half a standard deviation in one feature, found in {POWER_ROWS} rows and "
            f"named first; reference of {rows:,} rows",
            "95% of tries",
            f"{named} of {tries}",
            named >= 0.95 * tries,
        )


def false_alarms(windows, reference_rows):
    """Return what is found in windows that are drawn as their reference is."""
    rng = np.random.default_rng(reference_rows)
    sizes = np.exp(rng.uniform(np.log(FEWEST_ROWS), np.log(MOST_ROWS), windows))
    found = []
    for number, size in enumerate(sizes.astype(int).tolist()):
        if number % WINDOWS_OF_REFERENCE == 0:
            monitored = reference(rng, reference_rows)
        results = judged(monitored, rows_of(rng, size))
        found += [
            f"{one.metric} {one.feature} of {size} rows"
            for one in results
            if one.verdict == "finding"
        ]
    return found


def shifts_found(tries, reference_rows):
    """Return in how many windows the feature that has shifted is the first finding."""
    rng = np.random.default_rng(reference_rows + 1)
    named = 0
    for number in range(tries):
        if number % WINDOWS_OF_REFERENCE == 0:
            monitored = reference(rng, reference_rows)
        shifted = rng.choice([*NUMBERS])
        rows = rows_of(rng, POWER_ROWS)
        rows[shifted] = rows[shifted] + np.nanstd(NUMBERS[shifted](rng, 100_000)) / 2
        first = next(one for one in judged(monitored, rows) if one.metric == "psi")
        named += (first.feature, first.verdict) == (shifted, "finding")
    return named


def rows_of(rng, rows):
    """Draw a window."""
    return {name: draw(rng, rows) for name, draw in DRAWN.items()}


def scores_of(rows):
    """Return scores that go by some of the features."""
    odds = rows["normal_0"] / 12 + rows["counted_0"] - 6
    return 1 / (1 + np.exp(-odds))


def reference(rng, count):
    """Return a version with a reference of so many rows, and importances."""
    rows = rows_of(rng, count)
    described = describe_rows(SIGNATURE, rows, "training sample")
    described |= describe_scores(scores_of(rows), "training sample", None)
    importance = dict(zip(DRAWN, rng.random(len(DRAWN)).tolist()))
    return MonitoredVersion(
        1, SIGNATURE, json.loads(json.dumps(described)), None, importance, False
    )


def judged(monitored, rows):
    """Return what is found in a window."""
    tally = WindowTally(monitored.signature, monitored.reference, 0)
    tally.scores.add(scores_of(rows))
    for feature in SIGNATURE.features:
        values = rows[feature.name]
        if feature.kind == "boolean":
            values = values.astype(bool).tolist()
        elif feature.is_text:
            values = [value if value == value else None for value in values.tolist()]
        tally.features[feature.name].add(values)
    return list(drift_of(monitored, tally, None, is_logged=True))
