"""Which customers the curves of a report are of, and which of them count as churned."""

import numpy as np
import pytest
from pgchurn.loader.reports.evidence import evidence_of, labelled_outcomes
from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.table import ScoredRows

from tests import reports

SCORES = np.array([0.9, 0.7, np.nan, 0.2, 0.1])


def scored(labels):
    found = np.empty(len(labels), dtype=object)
    found[:] = labels
    return ScoredRows(len(labels), SCORES[: len(labels)], found, ())


@pytest.mark.parametrize(
    ("labels", "positive", "usual"),
    [
        ([True, False, True, False, False], None, None),
        # A model that was fitted on 0 and 1, or on words, and a column of booleans.
        ([True, False, True, False, False], None, "1"),
        ([True, False, True, False, False], None, "gone"),
        ([1, 0, 1, 0, 0], None, "1"),
        (["gone", "here", "gone", "here", "here"], None, "gone"),
        (["Gone", "here", "gone", "here", "here"], "GONE", None),
        # The score is of those who stay.
        ([0, 1, 0, 1, 1], None, "0"),
        # What is named for the report comes first.
        (["left", "stayed", "left", "stayed", "stayed"], "left", "stayed"),
        ([True, False, True, False, None], None, None),
    ],
)
def test_those_who_churned_are_found_whatever_the_label_is(labels, positive, usual):
    outcomes = labelled_outcomes(scored(labels), "came", positive, usual)
    assert outcomes.churned == 1
    assert outcomes.scores[outcomes.positives > 0].tolist() == [0.9]
    # Neither without a score nor without a label.
    assert outcomes.total == (3 if None in labels else 4)


@pytest.mark.parametrize(
    ("labels", "positive", "said"),
    [
        ([None] * 5, None, "nothing says what came of any"),
        ([None, None, True], None, "nothing says what came of any"),
        ([], None, "nothing says what came of any"),
        ([True] * 5, None, "4 customers with a score all churned"),
        ([False], None, "1 customer with a score all stayed"),
        (["a", "b", "a", "b", "a"], None, "say with --positive-class"),
        (["a", "b", "a", "c", "a"], "a", "it needs two"),
        ([True, False], "gone", "no row is labelled 'gone'"),
        ([[1], {"a": 1}], None, "say with --positive-class"),
    ],
)
def test_labels_of_which_no_curve_can_be_made_are_told(labels, positive, said):
    missing = labelled_outcomes(scored(labels), "came", positive, None)
    assert isinstance(missing, Missing)
    assert said in missing


def with_held_out():
    version = reports.version()
    return Version(version.row, version.decisions, reports.outcomes(200))


def test_held_out_customers_come_first_unless_a_column_is_named():
    labels = scored([True, False, True, False, False])
    of_training = evidence_of(with_held_out(), labels, "churned", None, False)
    assert of_training.is_held_out
    assert of_training.outcomes.total == 200
    of_table = evidence_of(with_held_out(), labels, "churned", None, True)
    assert not of_table.is_held_out
    assert "knows most of these answers already" in of_table.may_flatter
    of_another = evidence_of(with_held_out(), labels, "came", None, True)
    assert "on another column" in of_another.may_flatter


def test_held_out_customers_need_no_table():
    missing = Missing("Its table is not attached any more.")
    assert evidence_of(with_held_out(), missing, None, None, False).is_held_out
    assert evidence_of(reports.version(), missing, "churned", None, False) is missing
