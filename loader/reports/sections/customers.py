"""Some customers, explained one by one."""

from typing import Any

import numpy as np
from pgchurn.loader.reports.bars import signed_bar
from pgchurn.loader.reports.explained import ExplainedRows, by_size
from pgchurn.loader.reports.markup import Content, Markup, joined, tag, value
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.sections.elements import (
    BAR,
    bar_cell,
    cell,
    number_cell,
    section,
    table,
)
from pgchurn.loader.reports.wording import count, percent, points, shown

TITLE = "Some customers, explained"
MOST_FEATURES = 6


def customers(explained: ExplainedRows | Missing, typical: dict[str, Any]) -> Markup:
    """Return customers at quantiles of the score, with what made it."""
    if isinstance(explained, Missing):
        return section(TITLE, explained)
    return section(
        TITLE,
        tag(
            "p",
            f"Every score begins at {percent(explained.base, 1)}, what the model says "
            "of an average customer. Each feature then adds percentage points or takes "
            "some away, and they sum to the score exactly.",
        ),
        tag(
            "div",
            [customer(explained, row, typical) for row in explained.shown()],
            class_="customers",
        ),
        ""
        if explained.keys is not None
        else tag(
            "p", "Keys are left out, because you may not read them.", class_="soft"
        ),
    )


def customer(explained: ExplainedRows, row: int, typical: dict[str, Any]) -> Markup:
    """Return a customer's score, and what each feature adds to it."""
    added = explained.points[row]
    order = by_size(added)
    shown_first, others = order[:MOST_FEATURES], order[MOST_FEATURES:]
    other_points = float(added[others].sum()) if others else 0.0
    drawn = [*(float(added[one]) for one in shown_first), other_points]
    low, high = min(0.0, *drawn), max(0.0, *drawn)
    rows = [
        feature_row(explained, row, feature, typical, low, high)
        for feature in shown_first
    ]
    if others:
        rows.append(
            [
                tag("th", f"{count(len(others), 'other feature')}", scope="row"),
                cell(),
                bar_cell(signed_bar(other_points, low, high)),
                number_cell(points(other_points)),
            ]
        )
    return tag(
        "article",
        tag(
            "h3",
            tag("span", named(explained, row)),
            tag("span", percent(float(explained.scores[row]), 1), class_="score"),
        ),
        tag("p", in_a_sentence(explained, row, order), class_="soft"),
        table(["feature", "value", BAR, "points"], rows, {3}),
        class_="customer",
    )


def feature_row(
    explained: ExplainedRows,
    row: int,
    feature: int,
    typical: dict[str, Any],
    low: float,
    high: float,
) -> list[Markup]:
    """Return the cells of one feature of a customer."""
    name = explained.features[feature]
    own = explained.values[row].get(name)
    usual = typical.get(name)
    added = float(explained.points[row, feature])
    beside: Content = ""
    if usual is not None and usual != own:
        beside = tag("small", " typical: ", value(shown(usual)))
    return [
        tag("th", value(name), scope="row"),
        cell(value(shown(own)), beside),
        bar_cell(signed_bar(added, low, high)),
        number_cell(points(added)),
    ]


def named(explained: ExplainedRows, row: int) -> Markup:
    """Return what a customer is called here: by key, or by place."""
    if explained.keys is not None:
        return joined(["Customer ", value(explained.keys[row])])
    return joined(f"Customer {row + 1:,} of {len(explained.scores):,} by score")


def in_a_sentence(explained: ExplainedRows, row: int, order: list[int]) -> Markup:
    """Return where the score stands, and what has raised and lowered it most."""
    scores, added = explained.scores, explained.points[row]
    lower = float(np.mean(scores < scores[row]))
    parts: list[Content] = [f"Higher than the scores of {percent(lower)} of customers"]
    if row == 0:
        parts = ["The highest score of those explained"]
    raised = [one for one in order if added[one] > 0][:1]
    lowered = [one for one in order if added[one] < 0][:1]
    for feature, verb in [(raised, "raised"), (lowered, "lowered")]:
        if feature:
            parts += [f"; {verb} most by ", value(explained.features[feature[0]])]
    return joined([*parts, "."])
