"""When a difference is a finding: against SciPy's tests, and what it is told of."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.monitor_rules import (
    Counts,
    chance_of_difference,
    chance_of_fall,
    chance_of_rise,
    coarse_bins,
    judge_distribution,
    judge_rates,
    least_effect,
    merged_bins,
    rows_needed,
    stability,
)
from scipy.stats import chi2_contingency, fisher_exact

SIGNIFICANCE = 1e-6
# Of ten bins in order, between two ends that are beyond the reference's range.
TENTHS = np.array([0.0, *[1_000.0] * 10, 0.0])


def window(*shares, rows=1_000):
    """Return rows of a window in the bins of ``TENTHS``, nothing beyond them."""
    return np.array([0.0, *(rows * share for share in shares), 0.0])


def judged(found, reference=TENTHS):
    return judge_distribution(reference, found, len(reference), SIGNIFICANCE)


@pytest.mark.parametrize(
    "left, right",
    [
        ([50, 50], [70, 30]),
        ([10, 20, 30], [30, 20, 10]),
        ([9, 8, 7, 100], [5, 9, 6, 80]),
    ],
)
def test_the_chance_of_a_difference_is_scipys(left, right):
    left, right = np.array(left, float), np.array(right, float)

    wanted = chi2_contingency([left, right], correction=False).pvalue

    assert chance_of_difference(left, right) == pytest.approx(wanted, rel=1e-9)


def test_stability_is_the_sum_that_the_textbook_has():
    left, right = np.array([100.0, 300.0, 600.0]), np.array([20.0, 20.0, 60.0])
    p, q = left / left.sum(), right / right.sum()

    parts = stability(left, right)

    assert parts.tolist() == pytest.approx(((q - p) * np.log(q / p)).tolist())
    assert (parts >= 0).all()


def test_a_bin_that_one_sample_has_nothing_in_leaves_stability_finite():
    assert np.isfinite(stability(np.array([10.0, 0.0]), np.array([0.0, 10.0]))).all()


def test_a_window_like_the_reference_is_ok():
    assert judged(window(*[0.1] * 10)).verdict == "ok"
    assert judged(window(*[0.1] * 10)).value == 0


def test_a_finding_takes_an_effect_however_many_rows_there_are():
    slight = window(*[0.11, 0.09] * 5, rows=1e6)

    assert chance_of_difference(TENTHS[1:-1], slight[1:-1]) < SIGNIFICANCE
    assert judged(slight).verdict == "ok"


def test_a_finding_takes_significance_however_large_the_effect_is():
    few = window(0.16, 0.04, 0.16, 0.04, 0.16, 0.04, 0.16, 0.04, 0.1, 0.1, rows=100)

    assert judged(few).value > 0.2
    assert judged(few).verdict == "too few"
    assert judged(few * 10).verdict == "finding"


def test_below_the_least_rows_it_says_how_many_it_takes():
    needed = int(rows_needed(10, TENTHS.sum(), SIGNIFICANCE))

    below = judged(window(*[0.1] * 10, rows=needed - 1))

    assert (below.verdict, below.detail) == (
        "too few",
        f"needs {needed} rows, has {needed - 1}",
    )
    assert judged(window(*[0.1] * 10, rows=needed)).verdict == "ok"


def test_as_many_rows_as_it_takes_are_about_significant_at_the_least_effect():
    needed = rows_needed(2, 10_000, SIGNIFICANCE)
    left = np.array([5_000.0, 5_000.0])
    share = 0.5 + least_effect(np.array([5_000.0]), np.array([10_000.0]))[0] - 0.5
    right = needed * np.array([share, 1 - share])

    assert chance_of_difference(left, right) == pytest.approx(SIGNIFICANCE, rel=0.5)


def test_a_gross_shift_is_found_in_fewer_rows_than_it_takes():
    few = window(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, rows=30)

    assert judged(few).verdict == "finding"


def test_a_reference_can_have_too_few_rows_for_any_window():
    found = judged(window(*[0.1] * 10, rows=1e6), TENTHS / 500)

    assert found.verdict == "too few"
    assert found.detail == "the reference has too few rows, 20"
    assert rows_needed(10, 20, SIGNIFICANCE) == float("inf")


def test_rows_beyond_the_range_of_a_reference_that_is_always_the_same_are_found():
    constant = np.array([0.0, 500.0, 0.0])

    below = judge_distribution(constant, np.array([200.0, 0, 0]), 3, SIGNIFICANCE)
    same = judge_distribution(constant, np.array([0, 500.0, 0]), 3, SIGNIFICANCE)

    assert (below.verdict, below.bins) == ("finding", (0,))
    assert (same.verdict, same.value) == ("ok", 0)


@pytest.mark.parametrize("nothing", [TENTHS * 0, np.zeros(12)])
def test_without_rows_there_is_nothing_to_compare(nothing):
    assert judged(nothing).verdict == judged(TENTHS, nothing).verdict == "too few"
    assert judged(nothing).value is None


def test_twentieths_make_tenths_and_ends_stay_alone():
    reference = np.array([0.0, *[50.0] * 20, 0.0, 7.0])

    groups = coarse_bins(reference, 22)

    assert groups == [
        [0],
        *([place, place + 1] for place in range(1, 20, 2)),
        [21],
        [22],
    ]
    assert coarse_bins(np.array([5.0, 1.0]), 0) == [[0], [1]]


def test_every_bin_stays_in_one_group_however_they_are_merged():
    rng = np.random.default_rng(0)
    for _ in range(200):
        ordered = int(rng.choice([0, 3, 12, 22]))
        bins = ordered + int(rng.integers(1, 40))
        reference, found = rng.poisson(5, bins) * 1.0, rng.poisson(0.5, bins) * 1.0
        found[0] += 1
        groups = merged_bins(coarse_bins(reference, ordered), reference, found, ordered)
        assert sorted(place for group in groups for place in group) == [*range(bins)]
        assert len(groups) <= 20


def test_bins_are_merged_until_five_rows_are_expected_in_the_smaller_sample():
    rng = np.random.default_rng(0)
    for _ in range(100):
        reference, found = rng.poisson(40, 15) * 1.0, rng.poisson(3, 15) * 1.0
        groups = merged_bins([[i] for i in range(15)], reference, found, 15)
        both = reference + found
        expected = [both[group].sum() * found.sum() / both.sum() for group in groups]
        assert min(expected) >= 5
        # Neighbours all of them.
        assert all(np.diff(sorted(group)).max(initial=1) == 1 for group in groups)


def test_how_bins_are_merged_goes_by_both_samples_together():
    rng = np.random.default_rng(0)
    reference, found = rng.poisson(9, 30) * 1.0, rng.poisson(1, 30) * 1.0
    total = reference.sum()
    moved = np.minimum(reference, 1.0)

    groups = [
        merged_bins([[i] for i in range(30)], left, right, 0)
        for left, right in ((reference, found), (reference - moved, found + moved))
    ]
    # Merged as long as the smaller sample asks for it, in the same order.
    assert total > moved.sum()
    assert len(groups[0]) <= len(groups[1])
    for group in groups[1]:
        assert any(set(group) <= set(coarse) for coarse in groups[0])


@pytest.mark.parametrize(
    "found, rows, expected, of_rows",
    [(2, 100, 1, 1_000), (5, 50, 30, 3_000), (0, 20, 4, 90), (990, 1_000, 900, 1_000)],
)
def test_the_chance_of_a_rare_event_is_near_fishers_and_not_below(
    found, rows, expected, of_rows
):
    given = [np.array([float(n)]) for n in (found, rows, expected, of_rows)]
    table = [[found, rows - found], [expected, of_rows - expected]]

    more = fisher_exact(table, "greater").pvalue
    fewer = fisher_exact(table, "less").pvalue

    assert more * 0.99 <= chance_of_rise(*given)[0] <= 10 * more + 0.2 * (more > 0.01)
    assert fewer * 0.99 <= chance_of_fall(*given)[0] <= min(1.0, 10 * fewer)


def rate(found, rows, expected, of_rows):
    (one,) = judge_rates(
        Counts(*(np.array([float(n)]) for n in (found, rows, expected, of_rows))),
        SIGNIFICANCE,
    )
    return one


def test_the_limit_is_the_least_share_that_is_significant_and_large_enough():
    few, many = rate(0, 50, 0, 10_000), rate(0, 10_000, 0, 10_000)
    effect = least_effect(np.array([0.0]), np.array([10_000.0]))[0]

    # Of fifty rows three are significant, and two are not.
    assert few.limit == 3 / 50 > effect
    assert few.upper == 2 / 50
    # Of many rows a few are significant, and the effect is what it takes.
    assert many.limit == pytest.approx(effect, abs=1e-4)
    assert many.upper < many.limit


def test_the_least_effect_is_a_stability_of_a_tenth():
    expected, rows = np.array([0.0, 10.0, 500.0]), np.array([1_000.0] * 3)
    former = (expected + 0.5) / (rows + 1)

    found = least_effect(expected, rows)

    for before, now in zip(former, found):
        parts = stability(np.array([before, 1 - before]), np.array([now, 1 - now]))
        assert parts.sum() == pytest.approx(0.1)
        assert now > before


def test_from_the_rows_that_are_needed_on_the_least_effect_is_significant():
    needed = int(rate(0, 50, 30, 10_000).needed)

    assert rate(0, needed, 30, 10_000).limit == pytest.approx(
        least_effect(np.array([30.0]), np.array([10_000.0]))[0], abs=1 / needed
    )


def test_what_is_always_so_cannot_become_more():
    always = rate(100, 100, 1_000, 1_000)

    assert not always.can_rise
    assert always.upper == 1
    assert rate(0, 100, 0, 1_000).can_rise


def test_a_small_reference_never_tells():
    assert rate(0, 1_000_000, 3, 20).needed == float("inf")


def test_without_rates_there_is_nothing_to_judge():
    nothing = np.zeros(0)

    assert judge_rates(Counts(nothing, nothing, nothing, nothing), SIGNIFICANCE) == []
