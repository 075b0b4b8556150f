"""The pieces of a report: charts against scikit-learn, intervals, reasons, escaping."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.reports.explained import in_points
from pgchurn.loader.reports.intervals import (
    calibration_groups,
    roc_auc,
    roc_auc_interval,
    wilson,
)
from pgchurn.loader.reports.markup import Markup, joined, tag, value, visible
from pgchurn.loader.reports.plot import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    Plot,
    number_axis,
    range_axis,
    share_axis,
    thinned,
    time_axis,
)
from pgchurn.loader.reports.reasons import typical_reasons
from pgchurn.loader.reports.sections.calibration import calibration_figure
from pgchurn.loader.reports.sections.ranking import (
    campaign_table,
    gain_figure,
    lift_figure,
    precision_figure,
    roc_figure,
)
from pgchurn.loader.reports.wording import percent, plain, points
from scipy.special import expit, logit
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from tests.reports import explained

# Of a chart's height: a line is drawn to a tenth of a unit.
DRAWN = 0.15 / (HEIGHT - TOP - BOTTOM)


def made_up(rows, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.beta(1, 3, rows)
    return scores, rng.random(rows) < scores


def drawn(figure, kind="main", high=1.0):
    """Return the points of a line in a chart, in the units of its axes."""
    (path,) = re.findall(rf'<path d="M([^"]*)" class="{kind}"></path>', figure[:-1])[:1]
    x, y = np.array([point.split(",") for point in path.split("L")], float).T
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    return (x - LEFT) / across, (HEIGHT - BOTTOM - y) / up * high


@pytest.mark.parametrize("rows", [3, 200, 20_000])
def test_the_roc_curve_that_is_drawn_is_scikit_learns(rows):
    scores, positive = made_up(rows)
    positive[:2] = [True, False]
    figure = roc_figure(Outcomes.of_rows(scores, positive))
    wrong, found = drawn(figure)
    expected = roc_curve(positive, scores, drop_intermediate=False)[:2]
    assert_on_line(wrong, found, *expected)
    assert f"{roc_auc_score(positive, scores):.3f}" in figure


@pytest.mark.parametrize("rows", [200, 20_000])
def test_the_precision_recall_curve_that_is_drawn_is_scikit_learns(rows):
    scores, positive = made_up(rows)
    recall, precision = drawn(precision_figure(Outcomes.of_rows(scores, positive)))
    expected = precision_recall_curve(positive, scores)
    assert_on_line(recall, precision, expected[1][:-1], expected[0][:-1])


def assert_on_line(x, y, expected_x, expected_y):
    """Compare what is drawn with points that it leaves out or rounds."""
    given_points = np.column_stack([expected_x, expected_y])
    for one in np.column_stack([x, y]):
        assert np.abs(given_points - one).max(axis=1).min() < DRAWN
    # Between what is drawn, the line is nowhere far from what is left out.
    shown = np.column_stack([x, y])
    farthest = max(distance_to_line(one, shown) for one in given_points)
    assert farthest < 6 / WIDTH


def distance_to_line(point, line):
    starts, ways = line[:-1], np.diff(line, axis=0)
    lengths = np.maximum((ways**2).sum(axis=1), 1e-300)
    along = np.clip(((point - starts) * ways).sum(axis=1) / lengths, 0, 1)
    nearest = starts + along[:, None] * ways
    return np.sqrt(((nearest - point) ** 2).sum(axis=1)).min()


def test_gain_and_lift_that_are_drawn_are_what_counting_gives():
    scores, positive = made_up(1_000)
    outcomes = Outcomes.of_rows(scores, positive)
    found = np.concatenate([[0], positive[np.argsort(-scores)].cumsum()])
    found = found / positive.sum()
    taken = np.arange(1_001) / 1_000
    assert_on_line(*drawn(gain_figure(outcomes)), taken, found)
    lift = found[10:] / taken[10:]
    high = number_axis("", lift.max()).high
    taken_shown, lift_shown = drawn(lift_figure(outcomes), high=high)
    assert np.interp(taken_shown, taken[10:], lift) == pytest.approx(
        lift_shown, abs=0.05
    )


def test_a_campaign_finds_what_counting_gives():
    scores, positive = made_up(1_000)
    found = int(positive[np.argsort(-scores)][:100].sum())
    cells = (
        '<th scope="row">highest 10%</th><td class="number">100</td>'
        f'<td class="number">{found}</td>'
    )
    assert cells in campaign_table(Outcomes.of_rows(scores, positive))


def test_calibration_groups_are_scikit_learns_quantiles():
    scores, positive = made_up(1_000)
    groups = calibration_groups(Outcomes.of_rows(scores, positive))
    observed, predicted = calibration_curve(
        positive, scores, n_bins=10, strategy="quantile"
    )
    assert groups.rows.tolist() == [100] * 10
    assert groups.predicted == pytest.approx(predicted)
    assert groups.observed == pytest.approx(observed)
    assert calibration_figure(groups).count("<circle") == 10


@given(st.integers(1, 5_000), st.floats(0, 1))
def test_intervals_are_wilsons(rows, share):
    positives = round(share * rows)
    low, high = wilson(np.array([positives]), np.array([rows]))
    expected = binomtest(positives, rows).proportion_ci(method="wilson")
    assert low[0] == pytest.approx(expected.low, abs=1e-12)
    assert high[0] == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= low[0] <= positives / rows <= high[0] <= 1


def delong_variance(scores, positive):
    """Return the variance of a ROC AUC from all pairs of customers."""
    left, stayed = scores[positive], scores[~positive]
    pairs = (left[:, None] > stayed) + (left[:, None] == stayed) / 2
    return pairs.mean(axis=1).var(ddof=1) / len(left) + pairs.mean(axis=0).var(
        ddof=1
    ) / len(stayed)


@pytest.mark.parametrize("decimals", [None, 1])
def test_the_interval_of_the_roc_auc_is_delongs(decimals):
    scores, positive = made_up(300)
    scores = scores if decimals is None else scores.round(decimals)
    outcomes = Outcomes.of_rows(scores, positive)
    area = roc_auc_score(positive, scores)
    assert roc_auc(outcomes) == pytest.approx(area)
    half = 1.959964 * delong_variance(scores, positive) ** 0.5 / (area * (1 - area))
    expected = expit(logit(area) + np.array([-half, half]))
    assert roc_auc_interval(outcomes) == pytest.approx(expected, abs=1e-7)


def test_the_interval_of_the_roc_auc_holds_the_truth_as_often_as_it_says():
    scores, positive = made_up(400_000)
    truth = roc_auc_score(positive, scores)
    samples = zip(scores.reshape(1_000, 400), positive.reshape(1_000, 400))
    intervals = [roc_auc_interval(Outcomes.of_rows(*sample)) for sample in samples]
    held = np.mean([low <= truth <= high for low, high in intervals])
    # Four standard errors of 1,000 samples.
    assert held == pytest.approx(0.95, abs=0.028)


def test_a_perfect_ranking_has_no_interval():
    assert (
        roc_auc_interval(Outcomes.of_rows(np.array([0.9, 0.1]), np.array([1, 0])))
        is None
    )


def test_a_line_of_many_points_is_drawn_with_few():
    x = np.linspace(0, 1, 50_000)
    points = thinned(np.column_stack([300 * x, 200 * x**2]))
    assert len(points) <= MOST_POINTS + 1
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [300, 200]


def test_what_lies_on_a_straight_line_is_left_out():
    line = np.array([[0, 0], [1, 1], [5, 5], [5, 9], [5, 12], [8, 12]])
    assert thinned(line).tolist() == [[0, 0], [5, 5], [5, 12], [8, 12]]


@given(st.floats(1e-9, 1e15))
def test_an_axis_ends_at_a_round_number_above_all(highest):
    axis = number_axis("", highest)
    assert axis.high >= highest * (1 - 1e-9)
    assert axis.high <= highest * 1.5
    assert 3 <= len(axis.ticks) <= 8
    assert axis.ticks[0] == 0
    assert axis.ticks[-1] == pytest.approx(axis.high)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_an_axis_of_a_range_holds_it_between_round_numbers(lowest, size):
    axis = range_axis("", lowest, lowest + size)
    step = axis.ticks[1] - axis.ticks[0]
    assert axis.low <= lowest + 1e-6 * step
    assert axis.high >= (lowest + size) - 1e-6 * step
    assert (axis.low, axis.high) == (axis.ticks[0], axis.ticks[-1])
    assert 2 <= len(axis.ticks) <= 9


def test_what_begins_above_zero_is_drawn_from_there():
    plot = Plot("", range_axis("", 0.6, 0.9), range_axis("", 10, 20))
    assert [plot.across(x) for x in (0.6, 0.9)] == pytest.approx([LEFT, WIDTH - RIGHT])
    assert [plot.down(y) for y in (10, 20)] == [HEIGHT - BOTTOM, TOP]
    plot.area([0.6, 0.9], [10, 10], [20, 15], "band")
    assert re.findall(r' d="([^"]*)"', plot.drawn[0]) == [
        "M56,12L380,128L380,244L56,244Z"
    ]


@pytest.mark.parametrize("days, ticks", [(0, 1), (3, 1), (4, 4), (90, 4), (5_000, 4)])
def test_an_axis_of_days_is_labelled_with_dates(days, ticks):
    first = datetime(2026, 1, 31, tzinfo=UTC)
    axis = time_axis("", first, first + timedelta(days=days))
    written = [axis.written(tick) for tick in axis.ticks]
    assert written[0] == "2026-01-31"
    assert len(set(written)) == len(written) == ticks
    assert axis.high == max(days, 1)
    # A label at the very end would be cut off.
    assert axis.ticks[-1] <= 0.9 * axis.high


def test_shares_are_labelled_as_percentages():
    axis = share_axis("score")
    written = [axis.written(tick) for tick in axis.ticks]
    assert written == ["0%", "20%", "40%", "60%", "80%", "100%"]


@given(st.text())
def test_no_text_becomes_an_element(text):
    shown = value(text) + tag("p", text, title=text) + joined([text])
    assert re.sub(r"</?(bdi|p|wbr)( title=\"[^\"<>]*\")?>", "", shown).count("<") == 0


def test_what_is_no_text_of_the_database_is_not_escaped_again():
    assert tag("p", tag("b", "a & b")) == "<p><b>a &amp; b</b></p>"
    assert joined([Markup("<br>"), "<br>"]) == "<br>&lt;br&gt;"


def test_a_long_text_is_cut_and_stands_in_a_title():
    shown = value("x" * 500)
    assert f">{'x' * 59}…<" in shown
    assert f'title="{"x" * 299}…"' in shown


def test_what_cannot_be_seen_is_written_out():
    assert visible("a\u202eb\u200b\x07\ufeff") == r"a\u202eb\u200b\x07\ufeff"
    # What scripts and emoji need stays.
    assert visible("می\u200cخواهم 👩\u200d💻") == "می\u200cخواهم 👩\u200d💻"
    assert value("") == "<bdi>(empty)</bdi>"


@pytest.mark.parametrize(
    "share, digits, expected",
    [
        (0, 0, "0%"),
        (0.004, 0, "under 1%"),
        (0.005, 0, "under 1%"),
        (0.996, 0, "over 99%"),
        (1, 0, "100%"),
        (0.4567, 1, "45.7%"),
        (0.0004, 1, "under 0.1%"),
    ],
)
def test_a_share_that_rounds_to_nothing_or_to_all_says_so(share, digits, expected):
    assert percent(share, digits) == expected


def test_numbers_are_short():
    assert [plain(number) for number in (1234, 12.0, 0.051678, 98765.4, -3.25)] == [
        *("1,234", "12", "0.05168", "98,765", "-3.25"),
    ]
    assert [points(part) for part in (0.1234, -0.05, -0.0001)] == [
        *("+12.3", "−5.0", "0.0"),
    ]


def test_points_sum_to_the_difference_of_the_probabilities():
    rng = np.random.default_rng(0)
    contributions = rng.normal(size=(200, 6))
    contributions[0] = 0
    scores = expit(logit(0.2) + contributions.sum(axis=1))
    added = in_points(contributions, scores - 0.2)
    assert added.sum(axis=1) == pytest.approx(scores - 0.2, abs=1e-12)
    assert (np.sign(added) == np.sign(contributions)).all()


def test_reasons_are_counted_among_the_customers_with_the_highest_scores():
    features = ("calls", "plan", "seats")
    found = explained(rows=40, features=features)
    # The first ten are the highest; of the others nothing counts.
    found.points[:] = [0.3, 0.1, -0.2]
    found.points[10:] = [0.1, 0.2, 0.3]
    found.values[:] = [
        {"calls": 5 + i % 3, "plan": "gold" if i % 3 else None, "seats": 1}
        for i in range(40)
    ]
    reasons = typical_reasons(found, {"calls": 2, "plan": "silver", "seats": 1})
    told = [(one.feature, one.what, one.value, one.customers) for one in reasons]
    assert told == [
        ("calls", "above", None, 10),
        ("plan", "is", "gold", 6),
        ("plan", "not known", None, 4),
    ]
    assert (reasons[0].low, reasons[0].high) == (5, 7)
    assert reasons[0].points == pytest.approx(0.3)


def test_numbers_without_a_typical_one_are_told_as_a_range():
    found = explained(rows=12, features=("calls",))
    found.points[:] = 0.1
    found.values[:] = [{"calls": i} for i in range(12)]
    (reason,) = typical_reasons(found, {})
    assert (reason.what, reason.low, reason.high) == ("between", 0, 9)


def test_customers_are_shown_at_quantiles_and_none_twice():
    assert explained(rows=101).shown() == [0, 10, 25, 50, 90]
    assert explained(rows=3).shown() == [0, 1, 2]
    assert explained(rows=1).shown() == [0]
