CREATE OR REPLACE FUNCTION churn_runtime.comparing_evidence() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What a comparison of two versions returns: the verdict, and figures beside it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .comparing_scores import (
    LEAST_OF_A_CLASS,
    Interval,
    Pairs,
    Verdict,
    log_losses,
    mean_interval,
    roc_aucs,
    share_interval,
    squared_errors,
    verdict,
)
from .comparing_segments import Segments
from .confidence_sequences import ConfidenceSequence
from .explanation_rows import number_text
from .pacing import Pausing

AT_ALL_TIMES = "bounds hold at all times at once"
SINGLE_LOOK = "for a single look"


class Options(NamedTuple):
    """How versions are compared, see ``Comparing.compare``."""

    material: float
    sequence: ConfidenceSequence
    thresholds: Sequence[float]
    acted_upon: bool


class Evidence(NamedTuple):
    """One row of what ``churn.compare`` returns.

    Differences are the challenger's figure less the champion's.
    """

    name: str | None
    of_champion: float | None = None
    of_challenger: float | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    n: int | None = None
    verdict: str | None = None
    detail: str | None = None


def evidence_of(
    pairs: Pairs,
    acted_upon: np.ndarray,
    segments: Segments,
    options: Options,
    not_scored: Sequence[str],
    pause: Pausing,
) -> list[Evidence]:
    """Return the rows, the verdict first.

    Parameters
    ----------
    pairs : Pairs
        Customers of both classes, whom both versions have scored.
    acted_upon : ndarray of bool, shape (n_customers,)
    segments : Segments
        To which those who count were added.
    options : Options
    not_scored : sequence of str
        Sentences on customers whom a version could not score.
    pause : callable
        Lets a cancel take effect.
    """
    some_acted_upon = bool(acted_upon.any())
    counted = pairs if options.acted_upon else pairs.where(~acted_upon)
    rows = [log_loss(counted, options, "log_loss", not_scored)]
    pause()
    if some_acted_upon:
        others = pairs.where(~acted_upon) if options.acted_upon else pairs
        which = "without" if options.acted_upon else "with"
        rows.append(
            log_loss(others, options, f"log_loss_{which}_acted_upon")
            if others.has_both
            else Evidence(
                f"log_loss_{which}_acted_upon",
                n=len(others),
                detail="there are not both, some who left and some who stayed",
            )
        )
    alpha = options.sequence.alpha
    rows += [
        roc_auc(counted, alpha, pause),
        brier_score(counted, options.sequence),
        calibration(counted, options.sequence),
    ]
    pause()
    rows += [flip_rate(counted, one, alpha) for one in options.thresholds]
    rows.append(worst_segment(segments, alpha))
    return rows


def log_loss(
    pairs: Pairs, options: Options, name: str, not_scored: Sequence[str] | None = None
) -> Evidence:
    """Return the mean log losses; with the verdict where ``not_scored`` is given."""
    champion = log_losses(pairs.champion, pairs.left)
    challenger = log_losses(pairs.challenger, pairs.left)
    found = verdict(
        challenger - champion, pairs.leavers, options.sequence, options.material
    )
    of_champion, of_challenger = float(champion.mean()), float(challenger.mean())
    bounds = (of_champion, of_challenger, found.difference, found.lower, found.upper)
    if not_scored is None:
        detail = f"{customers_of(pairs)}; {AT_ALL_TIMES}; not judged by"
        return Evidence(name, *bounds, len(pairs), None, detail)
    detail = verdict_detail(pairs, found, options.material)
    return Evidence(
        name, *bounds, len(pairs), found.words, "; ".join([detail, *not_scored])
    )


def verdict_detail(pairs: Pairs, found: Verdict, material: float) -> str:
    """Return what a verdict rests on, in words."""
    counted = customers_of(pairs)
    if found.too_few:
        return f"{counted}; it takes {LEAST_OF_A_CLASS} of either"
    return f"{counted}; {AT_ALL_TIMES}; {number_text(material)} or less is not material"


def customers_of(pairs: Pairs) -> str:
    """Return how many customers left, in words."""
    return f"{pairs.leavers:,} of {len(pairs):,} customers left"


def roc_auc(pairs: Pairs, alpha: float, pause: Pausing) -> Evidence:
    """Return the ROC AUCs."""
    champion, challenger, difference, p = roc_aucs(pairs, alpha, pause)
    return Evidence(
        "roc_auc",
        champion,
        challenger,
        *difference,
        len(pairs),
        detail=f"p = {p:.2g} by DeLong's test, {SINGLE_LOOK}",
    )


def brier_score(pairs: Pairs, sequence: ConfidenceSequence) -> Evidence:
    """Return the Brier scores."""
    champion = squared_errors(pairs.champion, pairs.left)
    challenger = squared_errors(pairs.challenger, pairs.left)
    return Evidence(
        "brier_score",
        float(champion.mean()),
        float(challenger.mean()),
        *mean_interval(challenger - champion, sequence),
        len(pairs),
        detail=AT_ALL_TIMES,
    )


def calibration(pairs: Pairs, sequence: ConfidenceSequence) -> Evidence:
    """Return how much higher the share who left is than the mean scores."""
    champion = mean_interval(pairs.left - pairs.champion, sequence)
    challenger = mean_interval(pairs.left - pairs.challenger, sequence)
    share = pairs.leavers / len(pairs)
    told = "; ".join(
        f"{who} said {share - one.value:.2%} ({verdict_of_calibration(one)})"
        for who, one in (("the champion", champion), ("the challenger", challenger))
    )
    return Evidence(
        "calibration_in_the_large",
        champion.value,
        challenger.value,
        *mean_interval(pairs.champion - pairs.challenger, sequence),
        len(pairs),
        detail=f"{share:.2%} left; {told}; {AT_ALL_TIMES}",
    )


def verdict_of_calibration(missing: Interval) -> str:
    """Return whether a mean score is too high or too low, in words."""
    if missing.lower > 0:
        return "too low"
    if missing.upper < 0:
        return "too high"
    return "within its bounds"


def flip_rate(pairs: Pairs, threshold: float, alpha: float) -> Evidence:
    """Return of which share of customers the scores are on either side of a threshold.

    That is the difference; the two figures are the shares at the threshold or above.
    """
    above = pairs.champion >= threshold, pairs.challenger >= threshold
    rises = int(np.count_nonzero(~above[0] & above[1]))
    falls = int(np.count_nonzero(above[0] & ~above[1]))
    return Evidence(
        f"flip_rate at {number_text(threshold)}",
        float(above[0].mean()),
        float(above[1].mean()),
        *share_interval(rises + falls, len(pairs), alpha),
        len(pairs),
        detail=f"{rises:,} customers rise to it or above, {falls:,} fall below it; "
        f"{SINGLE_LOOK}",
    )


def worst_segment(segments: Segments, alpha: float) -> Evidence:
    """Return where the challenger does worse most surely."""
    worst = segments.worst(alpha)
    if worst is None:
        return Evidence("worst_segment", n=0, detail="no segment has enough customers")
    return Evidence(
        "worst_segment",
        worst.champion,
        worst.challenger,
        worst.challenger - worst.champion,
        worst.lower,
        worst.upper,
        worst.customers,
        detail=f"{worst.name}: the worst of {worst.segments}; bounds hold for all of "
        f"these, {SINGLE_LOOK}; not judged by",
    )


def no_evidence() -> tuple[Any, ...]:
    """Return what the result type of a failed comparison does not allow."""
    return (None,) * len(Evidence._fields)
$python$;
COMMENT ON FUNCTION churn_runtime.comparing_evidence IS 'What a comparison of two versions returns: the verdict, and figures beside it.';
