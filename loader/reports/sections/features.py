"""What the model goes by, over all customers."""

from pgchurn.loader.reports.bars import size_bar
from pgchurn.loader.reports.feature_summary import FeatureSummary
from pgchurn.loader.reports.markup import Markup, joined, listed_in_words, tag, value
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.sections.elements import (
    BAR,
    bar_cell,
    number_cell,
    section,
    table,
)
from pgchurn.loader.reports.wording import decimal

TITLE = "What does it go by?"
MOST_FEATURES = 20
NAMED = 3
# What the columns of numbers are, by the attribute that they show.
MEANINGS = {
    "contribution": (
        "Contribution: by how much a feature moves the log odds of a score up or down, "
        "on average over the customers that it was explained on when it was registered."
    ),
    "importance": (
        "Importance: how much ROC AUC is lost on held-out customers when a feature's "
        "values are shuffled among them. Near zero: the model ranks as well without "
        "it, or others say the same."
    ),
}


def features(summaries: list[FeatureSummary] | Missing) -> Markup:
    """Return the features by what they count."""
    if isinstance(summaries, Missing):
        return section(TITLE, summaries)
    shown = summaries[:MOST_FEATURES]
    largest = max((one.weight for one in shown), default=0.0)
    columns = [
        name
        for name in MEANINGS
        if any(getattr(one, name) is not None for one in summaries)
    ]
    rows = [
        [
            tag("th", value(one.feature), scope="row"),
            bar_cell(size_bar(one.weight, largest)),
            *(number_cell(decimal(getattr(one, name), 3)) for name in columns),
        ]
        for one in shown
    ]
    return section(
        TITLE,
        tag("p", in_a_sentence(summaries, columns)),
        table(["feature", BAR, *columns], rows, {2, 3}),
        rest(len(summaries) - len(shown)),
        tag("p", " ".join(MEANINGS[name] for name in columns), class_="soft"),
    )


def in_a_sentence(summaries: list[FeatureSummary], columns: list[str]) -> Markup:
    """Return the first features, named."""
    first = [value(one.feature) for one in summaries[:NAMED] if one.weight > 0]
    if not first:
        return joined("No feature moves any score: all customers get the same.")
    names = listed_in_words(first)
    if "contribution" in columns:
        return joined(["Scores follow most from ", names, "."])
    return joined(
        [
            "What each feature contributes is not known of this version. It ranks "
            "worst without ",
            names,
            ".",
        ]
    )


def rest(number: int) -> Markup:
    """Return how many features are not shown."""
    if number <= 0:
        return Markup()
    return tag("p", f"{number:,} more features contribute less.", class_="soft")
