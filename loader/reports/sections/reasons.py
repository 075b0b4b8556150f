"""The most typical reasons for high scores."""

from typing import Any

from pgchurn.loader.reports.bars import size_bar
from pgchurn.loader.reports.explained import ExplainedRows
from pgchurn.loader.reports.markup import Markup, joined, tag, value
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.reasons import (
    REASONS_EACH,
    Reason,
    top_rows,
    typical_reasons,
)
from pgchurn.loader.reports.sections.elements import (
    BAR,
    bar_cell,
    number_cell,
    section,
    table,
)
from pgchurn.loader.reports.wording import count, percent, points, shown

TITLE = "Why do customers have high scores?"


def reasons(explained: ExplainedRows | Missing, typical: dict[str, Any]) -> Markup:
    """Return the ten most typical reasons."""
    if isinstance(explained, Missing):
        return section(TITLE, explained)
    found = typical_reasons(explained, typical)
    top = top_rows(explained)
    if not found:
        return section(
            TITLE,
            Missing("No feature raises the score of any customer that was explained."),
        )
    most = max(reason.customers for reason in found)
    least_score = percent(explained.scores[top - 1])
    rows = [
        [
            tag("th", wording(reason, typical.get(reason.feature)), scope="row"),
            bar_cell(size_bar(reason.customers, most)),
            number_cell(percent(reason.customers / top)),
            number_cell(points(reason.points)),
        ]
        for reason in found
    ]
    return section(
        TITLE,
        tag(
            "p",
            f"Of {count(len(explained.scores), 'customer')} explained, these are of "
            f"the {top:,} with the highest scores, which begin at {least_score}. A "
            f"reason counts for a customer when it is among the {REASONS_EACH} that "
            "raise the score most.",
        ),
        table(
            ["reason", BAR, "of these customers", "points on average"],
            rows,
            {2, 3},
        ),
    )


def wording(reason: Reason, typical: Any) -> Markup:
    """Return a reason in words."""
    name = value(reason.feature)
    usual = (
        joined([tag("small", " (typical: ", value(shown(typical)), ")")])
        if typical is not None and reason.what != "is"
        else Markup()
    )
    if reason.what == "not known":
        return joined([name, " is not known", usual])
    if reason.what == "is":
        if typical is not None and reason.value != typical:
            usual = tag("small", " (typical: ", value(shown(typical)), ")")
        return joined([name, " is ", value(shown(reason.value)), usual])
    low, high = shown(reason.low), shown(reason.high)
    span = low if low == high else f"{low} to {high}"
    direction = {"above": " is high: ", "below": " is low: "}.get(reason.what, " is ")
    return joined([name, direction, span, usual])
