"""What is found in the rows of a window, against the reference of their version."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .monitor_reference import MonitoredVersion
from .monitor_rules import (
    LEAST_PSI,
    WINDOW_SIGNIFICANCE,
    Judged,
    judge_distribution,
)
from .monitor_tallies import NumberTally, Tally, WindowTally


class Result(NamedTuple):
    """A row of churn.monitor_results, in the order of churn_internal.measure_drift."""

    version: int | None
    metric: str
    feature: str | None = None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    limit: float | None = None
    n: int = 0
    verdict: str | None = None
    detail: str | None = None


def drift_of(monitored: MonitoredVersion, tally: WindowTally) -> Iterator[Result]:
    """Return what there is to say of a version's rows."""
    version, reference = monitored.version, monitored.reference
    significance = WINDOW_SIGNIFICANCE / (3 * len(tally.features) + 1)
    known = reference.get("features") or {}
    for name, (_, counted) in tally.features.items():
        judged, rows = stability_of(
            counted, known[name], reference["rows"], significance
        )
        yield Result(
            version,
            "psi",
            name,
            value=judged.value,
            limit=LEAST_PSI,
            n=rows,
            verdict=judged.verdict,
            detail=judged.detail,
        )


def stability_of(
    counted: Tally, known: dict[str, Any], rows: int, significance: float
) -> tuple[Judged, int]:
    """Judge the distribution of a feature; return also of how many rows."""
    kept = rows * known["known"]
    if isinstance(counted, NumberTally):
        shares = [0.0, *known["shares"], 0.0] if known["shares"] else [0.0, 0.0, 0.0]
        expected, ordered = np.array(shares) * kept, len(shares)
    else:
        counts = [count for _, count in known["categories"]]
        expected, ordered = np.array([*counts, known["rest"] * kept], float), 0
    expected = np.append(expected, rows - kept)
    window = np.append(counted.counts, counted.nulls)
    judged = judge_distribution(expected, window, ordered, significance)
    return judged, int(window.sum())
