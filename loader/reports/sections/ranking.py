"""Whether those who churn have the higher scores."""

import numpy as np
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.intervals import roc_auc, roc_auc_interval
from pgchurn.loader.reports.markup import Markup, tag
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.plot import (
    Plot,
    figure,
    key,
    number_axis,
    share_axis,
)
from pgchurn.loader.reports.sections.elements import number_cell, section, table
from pgchurn.loader.reports.wording import count, percent

TAKEN = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)
# Of fewer, what is found is a matter of chance.
LEAST_TAKEN = 5
MODEL, CHANCE = "this model", "blind choice"
TITLE = "Does it rank the right customers first?"


def ranking(evidence: Evidence | Missing) -> Markup:
    """Return the four curves of the ranking, and what a campaign would find."""
    if isinstance(evidence, Missing):
        return section(TITLE, evidence)
    outcomes = evidence.outcomes
    return section(
        TITLE,
        tag(
            "div",
            gain_figure(outcomes),
            lift_figure(outcomes),
            roc_figure(outcomes),
            precision_figure(outcomes),
            class_="pair",
        ),
        campaign_table(outcomes),
    )


def roc_figure(outcomes: Outcomes) -> Markup:
    """Return the ROC curve."""
    wrong, found = outcomes.roc()
    plot = Plot(
        "ROC curve",
        share_axis("stayers taken by mistake (false positive rate)"),
        share_axis("churners found (true positive rate)"),
    )
    plot.line([0, 1], [0, 1], "chance").line(wrong, found, "main")
    interval = roc_auc_interval(outcomes)
    between = ""
    if interval is not None:
        low, high = interval
        between = (
            f" (95% interval {low:.3f} to {high:.3f}, after DeLong and others, 1988)"
        )
    return figure(
        "ROC curve",
        plot,
        [key("main", MODEL), key("chance", CHANCE)],
        f"The area under it is {roc_auc(outcomes):.3f}{between}: so often has a "
        "customer who churned a higher score than one who stayed.",
    )


def precision_figure(outcomes: Outcomes) -> Markup:
    """Return the precision-recall curve."""
    recall, precision = outcomes.precision_recall()
    plot = Plot(
        "Precision-recall curve",
        share_axis("churners found (recall)"),
        share_axis("churners among them (precision)"),
    )
    plot.line([0, 1], [outcomes.share] * 2, "chance").line(recall, precision, "main")
    half = float(precision[np.searchsorted(recall, 0.5)])
    return figure(
        "Precision and recall",
        plot,
        [key("main", MODEL), key("chance", CHANCE)],
        f"To find half of those who churn, one takes customers of whom {percent(half)} "
        f"do. Taken blindly, {percent(outcomes.share)} would.",
    )


def gain_figure(outcomes: Outcomes) -> Markup:
    """Return the curve of cumulative gain."""
    taken, found = outcomes.gain()
    plot = Plot(
        "Cumulative gain",
        share_axis("customers taken, highest scores first"),
        share_axis("churners found"),
    )
    plot.line([0, 1], [0, 1], "chance")
    plot.line([0, outcomes.share, 1], [0, 1, 1], "best").line(taken, found, "main")
    return figure(
        "Gain",
        plot,
        [
            key("main", MODEL),
            key("chance", CHANCE),
            key("best", "the best there could be"),
        ],
        f"Taking a fifth of the customers finds {percent(outcomes.found_among(0.2))} "
        "of those who churn.",
    )


def lift_figure(outcomes: Outcomes) -> Markup:
    """Return the curve of lift."""
    taken, found = outcomes.gain()
    # Of less than so many customers it is a matter of chance.
    is_shown = taken >= min(0.01, 10 / outcomes.total)
    lift = found[is_shown] / taken[is_shown]
    plot = Plot(
        "Cumulative lift",
        share_axis("customers taken, highest scores first"),
        number_axis("times as many churners as blindly", float(lift.max())),
    )
    plot.line([0, 1], [1, 1], "chance").line(taken[is_shown], lift, "main")
    return figure(
        "Lift",
        plot,
        [key("main", MODEL), key("chance", CHANCE)],
        "Among the tenth with the highest scores are "
        f"{outcomes.lift_at(0.1):.1f} times as many who churn as among all, among the "
        f"fifth {outcomes.lift_at(0.2):.1f} times.",
    )


def campaign_table(outcomes: Outcomes) -> Markup:
    """Return what is found when so many customers are taken."""
    rows = []
    for share in TAKEN:
        taken = share * outcomes.total
        if taken < LEAST_TAKEN:
            continue
        found = outcomes.found_among(share)
        rows.append(
            [
                tag("th", f"highest {percent(share)}", scope="row"),
                number_cell(f"{taken:,.0f}"),
                number_cell(f"{found * outcomes.churned:,.0f}"),
                number_cell(percent(found)),
                number_cell(percent(found * outcomes.churned / taken)),
                number_cell(f"{outcomes.lift_at(share):.1f}"),
            ]
        )
    if not rows:
        return Markup()
    return tag(
        "div",
        tag("h3", "What a campaign would find"),
        tag(
            "p",
            f"Of {count(outcomes.total, 'customer')}, of whom {outcomes.churned:,} "
            "churned.",
            class_="soft",
        ),
        table(
            [
                "customers taken",
                "of them",
                "churners",
                "of all churners",
                "precision",
                "lift",
            ],
            rows,
            range(1, 6),
        ),
    )
