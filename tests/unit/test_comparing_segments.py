"""Where the challenger does worse: sums over segments, and the worst of them."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.comparing_segments import Segments
from pgchurn.plpython.runtime.signature import Feature
from scipy.stats import norm

NAN = float("nan")
TEXT = Feature("plan", "text", True)
NUMBER = Feature("usage", "number", True)
BOOLEAN = Feature("paperless", "boolean", True)


def drawn(rows=1_000, seed=0):
    """Return losses of two versions, and who left."""
    rng = np.random.default_rng(seed)
    return rng.random(rows), rng.random(rows), rng.random(rows) < 0.2


def worst(feature, values, worse, edges=None, batch=170):
    """Return the worst segment, where the challenger loses more in some rows."""
    champion, challenger, left = drawn(len(values))
    challenger = challenger + 0.5 * worse
    segments = Segments([feature], edges or {})
    for first in range(0, len(values), batch):
        part = slice(first, first + batch)
        segments.add(
            *({feature.name: values[part]}, champion[part], challenger[part]),
            left[part],
        )
    return segments.worst(0.05), challenger - champion, champion


@pytest.mark.parametrize(
    "feature, values, chosen, name",
    [
        (TEXT, ["a", "b", "c", NAN], "b", "plan is b"),
        (TEXT, ["a", "b", "c", NAN], None, "plan is not known"),
        (BOOLEAN, [0.0, 1.0, NAN], 1.0, "paperless is true"),
        (BOOLEAN, [0.0, 1.0, NAN], None, "paperless is not known"),
        (NUMBER, [1.0, 2.0, 3.5, 4.0, 5.0, NAN], 3.5, "usage from 3.5 to 4"),
        (NUMBER, [1.0, 2.0, 3.5, 4.0, 5.0, NAN], 1.0, "usage below 2"),
        (NUMBER, [1.0, 2.0, 3.5, 4.0, 5.0, NAN], 5.0, "usage from 5"),
        (NUMBER, [1.0, 2.0, 3.5, 4.0, 5.0, NAN], None, "usage is not known"),
    ],
)
def test_the_segment_where_the_challenger_loses_is_named(feature, values, chosen, name):
    dtype = object if feature.is_text else float
    drawn_values = np.random.default_rng(1).choice(np.array(values, dtype), 1_000)
    is_chosen = (
        drawn_values == chosen
        if chosen is not None
        else np.array([value != value for value in drawn_values])
    )

    found, differences, champion = worst(
        feature, drawn_values, is_chosen, {"usage": [2.0, 3.5, 4.0, 5.0]}
    )

    assert found.name == name
    assert found.customers == is_chosen.sum()
    assert found.segments == len(values)
    assert found.champion == pytest.approx(champion[is_chosen].mean())
    mean, deviation = differences[is_chosen].mean(), differences[is_chosen].std()
    assert found.challenger - found.champion == pytest.approx(mean)
    radius = norm.isf(0.025 / found.segments) * deviation / np.sqrt(is_chosen.sum())
    assert (found.lower, found.upper) == pytest.approx((mean - radius, mean + radius))


def test_without_edges_the_first_batch_says_where_bins_of_numbers_meet():
    values = np.arange(1_000) % 100.0

    found, *_ = worst(NUMBER, values, values >= 80, batch=500)

    assert found.name == "usage from 79"
    assert found.customers == 210


def test_texts_of_which_there_are_many_are_one_segment_but_for_the_first():
    values = np.array([f"plan {i}" for i in range(1_000)], object)
    values[::4] = "common"

    found, *_ = worst(TEXT, values, values == "common")
    assert found.name == "plan is common"
    assert found.segments == 2
    found, *_ = worst(TEXT, values, values != "common")
    assert found.name == "plan is any other"


def test_a_long_text_is_any_other():
    values = np.array(["x" * 1_000, "y"] * 500, object)

    found, *_ = worst(TEXT, values, values != "y")

    assert found.name == "plan is any other"


@pytest.mark.parametrize(
    "values", [["a"] * 1_000, ["a"] * 950 + ["b"] * 50], ids=["all", "few"]
)
def test_neither_all_customers_nor_a_few_are_a_segment(values):
    found, *_ = worst(TEXT, np.array(values, object), np.zeros(1_000))

    assert found is None or (found.name, found.segments) == ("plan is a", 1)


def test_segments_of_equal_models_seldom_look_worse():
    alarms = 0
    for seed in range(200):
        champion, challenger, left = drawn(2_000, seed)
        values = np.random.default_rng(seed).integers(0, 10, (2, 2_000))
        segments = Segments([TEXT, NUMBER], {"usage": [2.0, 4.0, 6.0, 8.0]})
        plans = values[0].astype(str).astype(object)
        columns = {"plan": plans, "usage": values[1].astype(float)}
        segments.add(columns, champion, challenger, left)
        found = segments.worst(0.05)
        assert found.segments == 15
        alarms += found.lower > 0

    assert alarms <= 10
