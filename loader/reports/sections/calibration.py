"""Whether the probabilities come true as often as they say."""

from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.intervals import CalibrationGroups, calibration_groups
from pgchurn.loader.reports.markup import Markup, tag
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.plot import Plot, figure, key, number_axis, share_axis
from pgchurn.loader.reports.sections.elements import number_cell, section, table
from pgchurn.loader.reports.wording import count, percent

TITLE = "Do its probabilities come true?"


def calibration(evidence: Evidence | Missing) -> Markup:
    """Return the chart of calibration and its numbers."""
    if isinstance(evidence, Missing):
        return section(TITLE, evidence)
    groups = calibration_groups(evidence.outcomes)
    return section(
        TITLE,
        tag("div", calibration_figure(groups), groups_table(groups), class_="pair"),
        tag(
            "p",
            "The groups are tenths of the customers by score, but those of one score "
            "stay together. The intervals are Wilson's score intervals of 95% (E. B. "
            "Wilson, 1927): where a group has few customers, its share says little, "
            "and they are wide.",
            class_="soft",
        ),
    )


def calibration_figure(groups: CalibrationGroups) -> Markup:
    """Return the shares that churned against the mean scores."""
    # Alike on both axes, so that scores that come true lie on the diagonal.
    high = number_axis("", float(max(groups.high.max(), groups.predicted.max()))).high
    plot = Plot(
        "Calibration",
        share_axis("mean score of a group", high),
        share_axis("share that churned", high),
    )
    plot.line([0, high], [0, high], "chance")
    for predicted, observed, low, top, rows in zip(
        groups.predicted, groups.observed, groups.low, groups.high, groups.rows
    ):
        said = (
            f"{count(int(rows), 'customer')}: mean score {percent(predicted, 1)}, "
            f"{percent(observed, 1)} churned"
        )
        plot.interval(predicted, low, top, "interval")
        plot.dot(predicted, observed, "dot", said)
    number = len(groups.rows)
    verdict = (
        f"In {groups.agreeing} of {count(number, 'group')}, the mean score "
        "lies within what its outcomes allow"
    )
    expected = "; by chance alone about one in twenty does not." if number > 1 else "."
    return figure(
        "Calibration",
        plot,
        [
            key("interval", "share that churned, with its interval"),
            key("chance", "scores that come true"),
        ],
        verdict + expected,
    )


def groups_table(groups: CalibrationGroups) -> Markup:
    """Return the groups as numbers."""
    rows = [
        [
            number_cell(percent(predicted, 1)),
            number_cell(percent(observed, 1)),
            number_cell(f"{percent(low)} to {percent(high)}"),
            number_cell(f"{rows:,}"),
        ]
        for predicted, observed, low, high, rows in zip(
            groups.predicted, groups.observed, groups.low, groups.high, groups.rows
        )
    ]
    return table(["mean score", "churned", "95% interval", "customers"], rows, range(4))
