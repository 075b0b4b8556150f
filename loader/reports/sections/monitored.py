"""Whether scores are still true: performance, calibration and drift over time."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pgchurn.loader.reports.bars import size_bar
from pgchurn.loader.reports.markup import Markup, tag, value
from pgchurn.loader.reports.monitored import FINDING, Cohort, Drift, Estimate, Monitored
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.plot import (
    Axis,
    Plot,
    figure,
    key,
    number_axis,
    patch,
    range_axis,
    share_axis,
    spot,
    time_axis,
)
from pgchurn.loader.reports.sections.elements import (
    BAR,
    bar_cell,
    number_cell,
    section,
    table,
)
from pgchurn.loader.reports.wording import count, percent

TITLE = "Is it still true?"
METRICS = {"roc_auc": "ROC AUC", "log_loss": "Log loss"}
WINDOW = "end of the window"
# Of more, those that have drifted the most are listed.
MOST_FEATURES = 10
NOTHING = (
    "Nothing was measured of it: churn.monitor has not looked at a window in which "
    "this version has scored customers."
)
SECONDS_OF_DAY = 86_400


def still_true(monitored: Monitored | Missing) -> Markup:
    """Return what monitoring has measured over time."""
    if isinstance(monitored, Missing):
        return section(TITLE, monitored)
    if monitored.is_empty:
        return section(TITLE, tag("p", NOTHING))
    figures = [
        performance_figure(name, rows)
        for metric, name in METRICS.items()
        if (rows := [one for one in monitored.estimates if one.metric == metric])
    ]
    whole = [one for one in monitored.cohorts if one.bin is None]
    if whole:
        last = whole[-1].time
        bins = [one for one in monitored.cohorts if one.bin and one.time == last]
        figures += [cohorts_figure(whole), last_cohort_figure(bins)]
    if monitored.drift:
        figures.append(drift_figure(monitored.drift))
    return section(
        TITLE,
        tag("div", figures, class_="pair"),
        drifted_table(monitored.drift),
        tag(
            "p",
            "Estimates are made of the scores alone. They know nothing of what changes "
            "the probabilities themselves, nor of what is done to keep customers: "
            "where what is realised leaves the band, something has changed. Customers "
            "who were acted upon are left out of what is realised.",
            class_="soft",
        ),
    )


def performance_figure(name: str, rows: Sequence[Estimate]) -> Markup:
    """Return estimates of a figure over time, and what was realised of it."""
    shown = [
        number
        for one in rows
        for number in (one.estimated, one.realised, one.lower, one.upper)
        if number is not None
    ]
    across, x = time_of(one.time for one in rows)
    plot = Plot(
        f"{name}, estimated and realised",
        x,
        range_axis(name, min(shown, default=0.0), max(shown, default=1.0)),
    )
    banded = [
        (when, one.estimated, *one.band)
        for when, one in zip(across, rows)
        if one.estimated is not None and one.band is not None
    ]
    if len(banded) == 1:
        ((when, estimated, lower, upper),) = banded
        plot.interval(when, lower, upper, "interval")
        plot.dot(when, estimated, "dot", f"{estimated:.3f} estimated")
    elif banded:
        times, middle, low, high = (list(column) for column in zip(*banded))
        plot.area(times, low, high, "band").line(times, middle, "main")
    for when, one in zip(across, rows):
        if one.realised is not None:
            is_found = one.verdict == FINDING
            plot.dot(
                *(when, one.realised, "found" if is_found else "realised"),
                f"{one.time:%Y-%m-%d}: {one.realised:.3f} of {one.n:,} customers"
                + expected(one),
            )
    keys = [patch("band", "where it is expected, 98%"), key("main", "estimated")]
    keys += [spot("realised", "realised")]
    if any(one.verdict == FINDING for one in rows):
        keys.append(spot("found", "a finding"))
    return figure(f"{name} over time", plot, keys, performance_in_words(rows))


def expected(one: Estimate) -> str:
    """Return between what a figure was expected."""
    if one.band is None:
        return ""
    lower, upper = one.band
    return f", {lower:.3f} to {upper:.3f} was expected"


def performance_in_words(rows: Sequence[Estimate]) -> str:
    """Return a sentence on what was realised, and on what is not known yet."""
    judged = [one.is_in_band for one in rows if one.is_in_band is not None]
    waiting = sum(one.realised is None for one in rows)
    parts = []
    if judged:
        number = count(len(judged), "window")
        parts.append(
            f"In {sum(judged)} of {number}, what was realised lies in the band."
        )
    found = [one for one in rows if one.verdict == FINDING]
    if found:
        parts.append(f"In that of {found[-1].time:%Y-%m-%d}: {found[-1].detail}.")
    if waiting:
        parts.append(f"{count(waiting, 'window')} {are(waiting)} not judged yet.")
    return " ".join(parts)


def cohorts_figure(cohorts: Sequence[Cohort]) -> Markup:
    """Return the shares who left over time, against the mean scores."""
    high = highest_share(cohorts)
    across, x = time_of(one.time for one in cohorts)
    plot = Plot("Share who left, and mean score", x, share_axis("share", high))
    if len(cohorts) == 1:
        plot.dot(across[0], cohorts[0].score, "dot", "mean score")
    else:
        plot.line(across, [one.score for one in cohorts], "main")
    for when, one in zip(across, cohorts):
        plot.interval(when, one.lower, one.upper, "interval")
        is_found = one.verdict == FINDING
        plot.dot(when, one.left, "found" if is_found else "realised", cohort_said(one))
    keys = [key("main", "mean score"), spot("realised", "share who left, 95% interval")]
    found = [one for one in cohorts if one.verdict == FINDING]
    if found:
        keys.append(spot("found", "a finding"))
    last = cohorts[-1]
    sentence = (
        f"In the last of {count(len(cohorts), 'window')} that {are(len(cohorts))} "
        f"mature, {percent(last.left, 1)} of {count(last.n, 'customer')} left, "
        f"{percent(last.score, 1)} by the scores. "
    )
    sentence += (
        f"In {count(len(found), 'window')} too many or too few left to be chance."
        if found
        else "In none did too many or too few leave to be chance."
    )
    return figure("As many as the scores say?", plot, keys, sentence)


def last_cohort_figure(bins: Sequence[Cohort]) -> Markup:
    """Return the shares who left of the last cohort by score."""
    high = highest_share(bins)
    plot = Plot(
        "Calibration of the last cohort",
        share_axis("mean score of a tenth", high),
        share_axis("share who left", high),
    )
    plot.line([0, high], [0, high], "chance")
    for one in bins:
        plot.interval(one.score, one.lower, one.upper, "interval")
        plot.dot(one.score, one.left, "realised", cohort_said(one))
    within = sum(one.lower <= one.score <= one.upper for one in bins)
    return figure(
        "The last of them by score",
        plot,
        [
            spot("realised", "share who left, 95% interval"),
            key("chance", "scores that come true"),
        ],
        f"In {within} of {count(len(bins), 'tenth')} of the scores that had customers, "
        "the mean score lies within what the outcomes allow.",
    )


def cohort_said(one: Cohort) -> str:
    """Return what a dot of a cohort stands for."""
    named = f"{one.bin}" if one.bin else f"{one.time:%Y-%m-%d}"
    return (
        f"{named}: {percent(one.left, 1)} of {count(one.n, 'customer')} left, "
        f"{percent(one.score, 1)} by the scores"
    )


def highest_share(cohorts: Sequence[Cohort]) -> float:
    """Return where an axis of shares ends that has to hold these."""
    return number_axis("", max(max(one.upper, one.score) for one in cohorts)).high


def drift_figure(rows: Sequence[Drift]) -> Markup:
    """Return how far inputs and scores are from the reference over time."""
    times = sorted({one.time for one in rows})
    across, x = time_of(times)
    place = dict(zip(times, across))
    limit = max(one.limit for one in rows)
    plot = Plot(
        "Drift over time",
        x,
        number_axis(
            "population stability index", max([limit, *(one.value for one in rows)])
        ),
    )
    plot.line([0, x.high], [limit, limit], "chance")
    keys = []
    for of_scores, kind, said in (
        (False, "main", "the input that has drifted most"),
        (True, "best", "scores"),
    ):
        most: dict[datetime, float] = {}
        for one in rows:
            if (one.feature is None) == of_scores:
                most[one.time] = max(one.value, most.get(one.time, 0.0))
        if most:
            plot.line([place[when] for when in most], list(most.values()), kind)
            keys.append(key(kind, said))
    keys.append(key("chance", "from here on it can be a finding"))
    found = [one for one in rows if one.verdict == FINDING]
    for one in found:
        named = "scores" if one.feature is None else one.feature
        said = f"{one.time:%Y-%m-%d}: {named}, {one.value:.2f}"
        plot.dot(place[one.time], one.value, "found", said)
    sentence = f"Nothing has drifted in {count(len(times), 'window')}."
    if found:
        keys.append(spot("found", "a finding"))
        drifted = len({one.time for one in found})
        sentence = (
            f"In {drifted} of {count(len(times), 'window')} inputs or scores were "
            "distributed otherwise than when the version was registered."
        )
    return figure("Drift over time", plot, keys, sentence)


def drifted_table(rows: Sequence[Drift]) -> Markup:
    """Return the inputs that have drifted in some window."""
    by_feature: dict[str, list[Drift]] = {}
    for one in rows:
        if one.feature is not None:
            by_feature.setdefault(one.feature, []).append(one)
    drifted = {
        feature: found
        for feature, of_it in by_feature.items()
        if (found := [one for one in of_it if one.verdict == FINDING])
    }
    if not drifted:
        return Markup()
    last = {feature: by_feature[feature][-1].value for feature in drifted}
    ordered = sorted(drifted, key=lambda feature: -last[feature])[:MOST_FEATURES]
    lines = [
        [
            tag("th", value(feature), scope="row"),
            bar_cell(size_bar(last[feature], last[ordered[0]])),
            number_cell(f"{last[feature]:.2f}"),
            number_cell(f"{len(drifted[feature]):,}"),
            number_cell(f"{drifted[feature][0].time:%Y-%m-%d}"),
        ]
        for feature in ordered
    ]
    headings = ["input", BAR, "index in the last window", "windows", "first found"]
    more = len(drifted) - len(ordered)
    return tag(
        "div",
        tag("h3", "Inputs that have drifted"),
        table(headings, lines, range(2, 5)),
        tag("p", f"And {count(more, 'other')}.", class_="soft") if more else "",
    )


def time_of(times: Iterable[datetime]) -> tuple[list[float], Axis]:
    """Return where times lie on an axis of days, and the axis."""
    listed = list(times)
    first = min(listed)
    return [
        (when - first).total_seconds() / SECONDS_OF_DAY for when in listed
    ], time_axis(WINDOW, first, max(listed))


def are(number: int) -> str:
    """Return "is" or "are"."""
    return "is" if number == 1 else "are"
