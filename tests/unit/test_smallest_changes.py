"""The smallest changes that bring a score below a threshold, against all changes."""

import json
from itertools import product

import numpy as np
import pytest
from pgchurn.plpython.runtime import smallest_changes as module
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.features import text_column
from pgchurn.plpython.runtime.signature import Feature
from pgchurn.plpython.runtime.smallest_changes import rank, smallest_changes

CALLS = Feature("calls", "number", True)
FEE = Feature("fee", "number", True)
PLAN = Feature("plan", "text", True)
ONLINE = Feature("online", "boolean", True)
KNOWN = {
    "calls": {"quantiles": [0.0, 0.0, 1.0, 2.0, 9.0]},
    "fee": {"quantiles": [10.0, 20.0, 30.0, 40.0, 50.0]},
    "plan": {"categories": [["basic", 60], ["gold", 30], ["silver", 10]]},
    "online": {"categories": [[True, 75], [False, 25]]},
}
WORTH = {"basic": 0.3, "gold": 0.15, "silver": 0.0}


def row(calls=9.0, fee=50.0, plan="basic", online=0.0):
    return {
        "calls": np.array([calls]),
        "fee": np.array([fee]),
        "plan": text_column([plan]),
        "online": np.array([online]),
    }


def score(columns):
    """Return scores to which each feature adds."""
    return (
        0.03 * columns["calls"]
        + 0.004 * columns["fee"]
        + np.array([WORTH.get(plan, 0.3) for plan in columns["plan"]])
        + np.where(columns["online"] == 1, 0.0, 0.05)
    )


def changes(below, features=(CALLS, FEE, PLAN, ONLINE), given=None, known=KNOWN):
    found = smallest_changes(features, given or row(), known, below, score)
    return [(json.loads(text), value, distance) for text, value, distance, _ in found]


def test_of_each_feature_that_suffices_alone_the_smallest_change_is_proposed():
    # It is 0.82 now.
    assert changes(0.7) == [
        ({"calls": 2}, pytest.approx(0.61), pytest.approx(0.25)),
        ({"plan": "gold"}, pytest.approx(0.67), pytest.approx(0.7)),
        ({"fee": 10}, pytest.approx(0.66), pytest.approx(1.0)),
    ]


@pytest.mark.parametrize("below", [0.25, 0.35, 0.45, 0.55, 0.65, 0.8])
def test_every_pair_is_the_smallest_of_all_there_are(below):
    found = changes(below)
    alone = {next(iter(c)) for c, *_ in found if len(c) == 1}
    offered = {
        "calls": [0, 1, 2],
        "fee": [10, 20, 30, 40],
        "plan": ["gold", "silver"],
        "online": [True],
    }
    distance = {
        **{("calls", v): 1 - p for v, p in ((0, 0.125), (1, 0.5), (2, 0.75))},
        **{("fee", v): (50 - v) / 40 for v in offered["fee"]},
        ("plan", "gold"): 0.7,
        ("plan", "silver"): 0.9,
        ("online", True): 0.25,
    }
    names = [name for name in offered if name not in alone]
    expected = {}
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            helping = []
            for a, b in product(offered[one], offered[other]):
                value = score({**row(), **column(one, a), **column(other, b)})[0]
                if value < below:
                    size = distance[one, a] + distance[other, b]
                    helping.append((size, value, {one: a, other: b}))
            if helping:
                size, value, change = min(helping, key=lambda each: each[:2])
                expected[one, other] = (change, value, size)

    pairs = [one for one in found if len(one[0]) == 2]
    assert len(pairs) == len(expected)
    for change, value, size in pairs:
        wanted = expected[tuple(change)]
        assert change == wanted[0]
        assert (value, size) == pytest.approx(wanted[1:])


def column(name, value):
    return {name: text_column([value]) if name == "plan" else np.array([float(value)])}


def test_of_categories_the_most_frequent_one_that_suffices_is_proposed():
    found = changes(0.8, features=[PLAN])

    assert found == [({"plan": "gold"}, pytest.approx(0.67), pytest.approx(0.7))]
    assert changes(0.6, features=[PLAN])[0][0] == {"plan": "silver"}


def test_nothing_is_proposed_that_was_never_observed():
    assert changes(0.1) == []
    assert changes(0.0001, features=[CALLS]) == []
    assert changes(0.7, known={}) == []


def test_what_is_below_already_needs_no_change():
    assert changes(0.9) == [({}, pytest.approx(0.82), 0.0)]


def test_a_value_that_is_not_known_is_as_far_from_all_as_the_median():
    given = row(calls=np.nan)
    given["calls"] = np.array([np.nan])

    def scored(columns):
        return score({**columns, "calls": np.nan_to_num(columns["calls"], nan=9.0)})

    ((text, _, distance, reason),) = smallest_changes(
        [CALLS], given, KNOWN, 0.7, scored
    )
    assert json.loads(text) == {"calls": 1}
    assert distance == 0.0
    assert reason == "calls: 1 instead of not known"


@pytest.mark.parametrize(
    "value, expected",
    [
        (-5.0, 0.0),
        (0.0, 0.125),
        (0.5, 0.375),
        (1.0, 0.5),
        (2.0, 0.75),
        (5.5, 0.875),
        (9.0, 1.0),
        (99.0, 1.0),
        (np.nan, 0.5),
    ],
)
def test_a_number_stands_between_the_quantiles_around_it(value, expected):
    assert rank(KNOWN["calls"]["quantiles"], value) == pytest.approx(expected)


def test_a_sentence_says_what_is_changed():
    given = row(fee=40.0)
    alone = smallest_changes([FEE, ONLINE], given, KNOWN, 0.72, score)
    together = smallest_changes([FEE, ONLINE], given, KNOWN, 0.65, score)

    assert [reason for *_, reason in alone] == ["fee: 20 instead of 40"]
    assert [reason for *_, reason in together] == [
        "fee: 10 instead of 40; online: true instead of false"
    ]


def test_too_many_pairs_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_CANDIDATES", 10)

    with pytest.raises(ScoringError) as refused:
        changes(0.1)
    assert refused.value.sqlstate == "54000"
    assert "more than 10" in refused.value.message
    assert refused.value.hint == "Name fewer features."
