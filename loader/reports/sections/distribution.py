"""How the scores are spread."""

import numpy as np
from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.markup import Markup, tag, value
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.plot import (
    Plot,
    figure,
    key,
    number_axis,
    patch,
    share_axis,
)
from pgchurn.loader.reports.sections.elements import section
from pgchurn.loader.reports.table import ScoredRows
from pgchurn.loader.reports.wording import count, percent

TITLE = "How are the scores spread?"
BINS = 25
LONGEST_PROBLEM = 600


def distribution(
    scored: ScoredRows | Missing, evidence: Evidence | Missing, threshold: float | None
) -> Markup:
    """Return a histogram of the table's scores, and of those whose outcome is known.

    Parameters
    ----------
    scored : ScoredRows or Missing
    evidence : Evidence or Missing
    threshold : float or None
        From which score on training counted a customer as churning.
    """
    figures = []
    if not isinstance(scored, Missing) and len(scored.known):
        figures.append(table_figure(scored, threshold))
    if not isinstance(evidence, Missing):
        figures.append(outcomes_figure(evidence, threshold))
    return section(
        TITLE,
        scored if isinstance(scored, Missing) else how_many(scored),
        tag("div", figures, class_="pair") if figures else "",
    )


def how_many(scored: ScoredRows) -> Markup:
    """Return how many customers there are, and what hinders a score of some."""
    if scored.rows == 0:
        return tag("p", "The table has no rows that you may see.", class_="note")
    sentence = f"The table has {count(scored.rows, 'customer')}."
    if scored.is_sample:
        sentence += (
            f" A sample of {len(scored.scores):,} of them was scored, always the same "
            "while the table stays the same."
        )
    without = len(scored.scores) - len(scored.known)
    if not without:
        return tag("p", sentence)
    problems = [
        tag(
            "p",
            tag("code", value(problem, LONGEST_PROBLEM)),
        )
        for problem in scored.problems[:1]
    ]
    return tag(
        "div",
        tag("p", sentence),
        tag(
            "div",
            tag("p", f"{count(without, 'customer')} could not be scored."),
            problems,
            class_="note",
        ),
    )


def table_figure(scored: ScoredRows, threshold: float | None) -> Markup:
    """Return the histogram of the table's scores."""
    scores = scored.known
    counts, edges = np.histogram(scores, BINS, (0, 1))
    plot = histogram("Scores of the table", counts, edges, "some")
    low, middle, high = np.quantile(scores, [0.1, 0.5, 0.9])
    sentence = (
        f"All have the score {percent(float(scores[0]), 1)}."
        if scores.min() == scores.max()
        else f"The median is {percent(float(middle), 1)}. The tenth of the customers "
        f"with the lowest scores ends at {percent(float(low), 1)}, that with the "
        f"highest begins at {percent(float(high), 1)}."
    )
    keys = [patch("some", "customers of the table today")]
    keys += mark(plot, threshold)
    return figure("The table's customers", plot, keys, sentence)


def outcomes_figure(evidence: Evidence, threshold: float | None) -> Markup:
    """Return the histogram of the scores whose outcome is known."""
    outcomes = evidence.outcomes
    counts, edges = np.histogram(
        outcomes.scores, BINS, (0, 1), weights=outcomes.rows.astype(float)
    )
    churned, _ = np.histogram(
        outcomes.scores, BINS, (0, 1), weights=outcomes.positives.astype(float)
    )
    plot = histogram("Scores by outcome", counts, edges, "some")
    for start, end, number in zip(edges, edges[1:], churned):
        if number:
            plot.bar(start, end, number, "churned")
    of_churned = np.average(outcomes.scores, weights=outcomes.positives)
    of_stayed = np.average(outcomes.scores, weights=outcomes.rows - outcomes.positives)
    who = "that training held out" if evidence.is_held_out else "whose outcome is known"
    keys = [patch("some", "stayed"), patch("churned", "churned")]
    keys += mark(plot, threshold)
    return figure(
        "By what came of them",
        plot,
        keys,
        f"Of the {count(outcomes.total, 'customer')} {who}, those who churned had a "
        f"score of {percent(float(of_churned))} on average, those who stayed "
        f"{percent(float(of_stayed))}.",
    )


def histogram(title: str, counts: np.ndarray, edges: np.ndarray, kind: str) -> Plot:
    """Return a histogram."""
    customers = number_axis("customers", float(counts.max()), least_step=1)
    plot = Plot(title, share_axis("score"), customers)
    for start, end, number in zip(edges, edges[1:], counts):
        if number:
            plot.bar(start, end, number, kind)
    return plot


def mark(plot: Plot, threshold: float | None) -> list[Markup]:
    """Draw the threshold, and return its entry of the legend."""
    if threshold is None or not 0 <= threshold <= 1:
        return []
    plot.line([threshold, threshold], [0, plot.y.high], "threshold")
    return [key("threshold", f"threshold of training, {percent(threshold, 1)}")]
