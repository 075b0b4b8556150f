"""Which customers the curves are drawn from, before the curves."""

from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.markup import Markup, joined, tag, value
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.wording import count

# With fewer of either outcome, the interval of a ROC AUC of 0.95 is wider than 0.1.
FEW = 30
# What `pgchurn recalibrate` records as the source of a version.
RECALIBRATED = "pgchurn recalibrate"


def whence(version: Version, evidence: Evidence | Missing) -> Markup:
    """Return where the curves are from, and a warning where they may flatter."""
    if isinstance(evidence, Missing):
        return Markup()
    customers = count(evidence.outcomes.total, "customer")
    return joined([which(version, evidence, customers), how_few(evidence)])


def which(version: Version, evidence: Evidence, customers: str) -> Markup:
    """Return which customers the curves are of."""
    if evidence.is_held_out and version.recorded("source") == RECALIBRATED:
        return tag(
            "p",
            f"The curves are of {customers} whose outcome had become known: the scores "
            "are those of calibrators that had not seen them.",
            class_="soft",
        )
    if evidence.is_held_out:
        return tag(
            "p",
            f"The curves are of {customers} that training held out: the model that was "
            "measured had not seen them, so they show what to expect of new customers.",
            refitted(version),
            class_="soft",
        )
    return tag(
        "p",
        joined(
            [
                tag("strong", "Read the curves with care. "),
                f"They are of the {customers} of the table that have a score under "
                "this version and a value in ",
                value(evidence.label),
                f". {evidence.may_flatter}",
            ]
        ),
        class_="note",
    )


def how_few(evidence: Evidence) -> Markup:
    """Return a warning where chance alone may have drawn the curves."""
    churned = evidence.outcomes.churned
    stayed = evidence.outcomes.total - churned
    if min(churned, stayed) >= FEW:
        return Markup()
    return tag(
        "p",
        f"{count(churned, 'customer')} churned and {count(stayed, 'customer')} stayed: "
        "with so few, other customers would give quite other curves.",
        class_="note",
    )


def refitted(version: Version) -> str:
    """Return how the measured model differs from the one that scores."""
    if version.recorded("fitted_rows") == version.recorded("train_rows"):
        return ""
    return (
        " The one that scores was fitted again with them, and cannot be measured on "
        "them."
    )
