"""What the curves of a report are drawn from, and how far they can be trusted."""

from dataclasses import dataclass

import numpy as np
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.labels import as_text, churned
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.table import ScoredRows, Table
from pgchurn.loader.reports.wording import count


@dataclass(frozen=True, eq=False)
class Evidence:
    """Scores beside what came of customers, and which customers these are.

    Attributes
    ----------
    outcomes : Outcomes
        Of both classes.
    is_held_out : bool
        Whether the model that was measured had not seen them.
    label : str
        The column that says what came of them.
    may_flatter : str
        Why the real figures may be worse; empty: there is no reason to think so.
    """

    outcomes: Outcomes
    is_held_out: bool
    label: str
    may_flatter: str


def label_column(
    version: Version, table: Table | Missing, wanted: str | None
) -> str | None:
    """Return the column of the table that says what came of the customers, if any.

    Parameters
    ----------
    version : Version
    table : Table or Missing
    wanted : str or None
        The column that was named for this report; by default that of the training.

    Raises
    ------
    LoaderError
        If a column was named that cannot be read.
    """
    if wanted is None:
        label = version.label
        if label is None or isinstance(table, Missing):
            return None
        return label if table.columns.get(label) else None
    if isinstance(table, Missing):
        raise LoaderError(f"{table} Leave --label out.")
    if wanted not in table.columns:
        raise LoaderError(f"{table.name} has no column {wanted!r}; --label names one")
    if not table.columns[wanted]:
        raise LoaderError(
            f"your role may not read {wanted!r} of {table.name}; have SELECT on it "
            "granted, or leave --label out"
        )
    return wanted


def evidence_of(
    version: Version,
    scored: ScoredRows | Missing,
    label: str | None,
    positive_class: str | None,
    is_wanted: bool,
) -> Evidence | Missing:
    """Return what the curves are drawn from.

    That is what training has held out, unless a column was named for this report.

    Parameters
    ----------
    version : Version
    scored : ScoredRows or Missing
        The table's customers.
    label : str or None
        The column that says what came of them.
    positive_class : str or None
        The label of those who churned, where it is not what training took.
    is_wanted : bool
        Whether the column was named for this report.
    """
    if version.held_out is not None and version.held_out.has_both and not is_wanted:
        return Evidence(version.held_out, True, version.label or "the label", "")
    if label is None:
        return Missing(without_label(version))
    if isinstance(scored, Missing):
        return scored
    outcomes = labelled_outcomes(scored, label, positive_class, version.positive_label)
    if isinstance(outcomes, Missing):
        return outcomes
    return Evidence(outcomes, False, label, may_flatter(version, label))


def without_label(version: Version) -> str:
    """Return why nothing says what came of the customers."""
    if version.label is None:
        return (
            "No column that says what came of the customers is recorded with this "
            "version. Name one with --label."
        )
    return (
        f"The column that training learned from ({version.label}) is not in the table "
        "any more, or you may not read it. Name another one with --label."
    )


def labelled_outcomes(
    scored: ScoredRows, label: str, positive: str | None, usual: str | None
) -> Outcomes | Missing:
    """Return the outcomes of the customers that have a score and a label.

    Parameters
    ----------
    scored : ScoredRows
    label : str
        The column that says what came of them.
    positive : str or None
        The label of those who churned, where one was named.
    usual : str or None
        That of the model, which counts where the column has it: a model that was fitted
        on 0 and 1 is compared with a column of booleans all the same.
    """
    labels = np.empty(0, object) if scored.labels is None else scored.labels
    known = np.array([one is not None for one in labels], bool)
    usable = known & ~np.isnan(scored.scores) if len(known) else known
    if not usable.any():
        return Missing(
            f"No customer with a score has a value in {label}, so nothing says what "
            "came of any."
        )
    found = labels[usable]
    if positive is None and usual in {as_text(one) for one in found}:
        positive = usual
    try:
        positives = churned(found, positive)
    except LoaderError as error:
        return Missing(
            f"{label} cannot be read as what came of the customers: {error}."
        )
    outcomes = Outcomes.of_rows(scored.scores[usable], positives)
    if not outcomes.has_both:
        came = "churned" if outcomes.churned else "stayed"
        return Missing(
            f"By {label}, {count(outcomes.total, 'customer')} with a score all {came}. "
            "Curves need customers who churned and customers who stayed."
        )
    return outcomes


def may_flatter(version: Version, label: str) -> str:
    """Return a warning about customers that the model may know from its training."""
    if version.label == label:
        return (
            "The model was trained on this column, so it knows most of these answers "
            "already, and the curves flatter it. On customers that it has not met it "
            "does worse."
        )
    if version.label is not None:
        return (
            "The model was trained on customers of this table, though on another "
            "column. Where both columns say much the same, the curves flatter it."
        )
    return (
        "It is not recorded which customers the model was trained on. If these are "
        "among them, the curves flatter it."
    )
