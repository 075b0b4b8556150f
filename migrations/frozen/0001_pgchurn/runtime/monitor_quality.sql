CREATE OR REPLACE FUNCTION churn_runtime.monitor_quality() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The quality of a window's data: nulls, unseen categories, numbers out of range."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .monitor_bins import is_category
from .monitor_reference import MonitoredVersion
from .monitor_results import (
    FEWEST_NAMED,
    FINDING,
    NOT_JUDGED,
    OK,
    TOO_FEW,
    Result,
    quoted_value,
)
from .monitor_rules import Counts, JudgedRate, judge_rates, lacking_rows
from .monitor_tallies import CategoryTally, NumberTally, Tally

# So many values that the reference lacks are named.
MOST_NAMED = 3


class Rate(NamedTuple):
    """How many rows are no good, in the window and in the reference."""

    metric: str
    feature: str
    found: int
    rows: int
    expected: float
    of_rows: float
    # Which values they have, where that may be told.
    named: str


def quality_of(
    monitored: MonitoredVersion,
    features: dict[str, Tally],
    ordered: Sequence[str],
    significance: float,
    is_logged: bool,
) -> Iterator[Result]:
    """Return what there is to say of the quality of the data.

    Parameters
    ----------
    ordered : sequence of str
        Names of the features, as they are wanted.
    is_logged : bool
        Whether values of the window may be told.

    Yields
    ------
    Result
        Findings first.
    """
    rates: list[Rate] = []
    others: list[Result] = []
    for name in ordered:
        for found in rates_of(monitored, name, features[name], is_logged):
            if isinstance(found, Rate):
                rates.append(found)
            else:
                others.append(found)
    judged = judge_rates(
        Counts(
            *(
                np.array([getattr(rate, part) for rate in rates], float)
                for part in Counts._fields
            )
        ),
        significance,
    )
    results = [result_of(monitored.version, *each) for each in zip(rates, judged)]
    yield from sorted(results, key=lambda result: result.verdict != FINDING)
    yield from others


def rates_of(
    monitored: MonitoredVersion, name: str, counted: Tally, is_logged: bool
) -> Iterator[Rate | Result]:
    """Return what is counted of a feature, or why it is not."""
    version, known = monitored.version, monitored.features[name]
    of_rows = monitored.reference["rows"]
    kept = round(of_rows * known["known"])
    if not counted.rows:
        yield Result(
            version, "null_rate", name, verdict=TOO_FEW, detail="it was not logged"
        )
        return
    yield Rate(
        "null_rate", name, counted.nulls, counted.rows, of_rows - kept, of_rows, ""
    )
    if isinstance(counted, NumberTally):
        metric = "out_of_range_rate"
        # As if one more number were at each end, half of them beyond.
        expected = 1
    elif is_category(counted):
        metric = "unseen_rate"
        # So many rows have a category that no other has: none of it was seen before
        # (Good 1953).
        expected = sum(count == 1 for _, count in known["categories"])
    else:
        return
    rows = counted.rows - counted.nulls
    reason = None
    if not kept:
        reason = "the reference knows no value of it"
    elif known.get("rest"):
        reason = f"the reference has more categories than {len(known['categories'])}"
    elif not rows:
        reason = "no value of it is known"
    if reason is not None:
        yield Result(version, metric, name, n=rows, verdict=NOT_JUDGED, detail=reason)
        return
    named = ""
    if is_logged and isinstance(counted, CategoryTally):
        named = ", ".join(
            quoted_value(value)
            for value, count in counted.others.most_common(MOST_NAMED)
            if count >= FEWEST_NAMED
        )
    yield Rate(metric, name, counted.beyond, rows, expected, kept, named)


def result_of(version: int, rate: Rate, judged: JudgedRate) -> Result:
    """Return a share as a result."""
    verdict, detail, limit = OK, None, judged.limit if judged.limit <= 1 else None
    if not judged.can_rise:
        limit, detail = None, "it can hardly be larger than in the reference"
    elif judged.value >= judged.limit:
        verdict = FINDING
        detail = {
            "null_rate": f"{judged.value:.1%} are null, where "
            f"{rate.expected / rate.of_rows:.1%} were",
            "unseen_rate": f"{judged.value:.1%} are of categories that the reference "
            "does not have",
            "out_of_range_rate": f"{judged.value:.1%} are out of the reference's range",
        }[rate.metric]
        detail = ": ".join(part for part in (detail, rate.named) if part)
    elif detail := lacking_rows(judged.needed, rate.rows, rate.of_rows):
        verdict = TOO_FEW
    return Result(
        version,
        rate.metric,
        rate.feature,
        judged.value,
        judged.lower,
        judged.upper,
        limit,
        rate.rows,
        verdict,
        detail,
    )
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_quality IS 'The quality of a window''s data: nulls, unseen categories, numbers out of range.';
