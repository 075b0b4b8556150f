"""Counting the rows of a window, as they were logged."""

import json

import numpy as np
import pytest
from pgchurn.plpython.runtime.json_rows import documents_from_json
from pgchurn.plpython.runtime.monitor_bins import feature_bins
from pgchurn.plpython.runtime.monitor_tallies import (
    CategoryTally,
    NumberTally,
    Sample,
    WindowTally,
    values_of,
)
from pgchurn.plpython.runtime.reference_bins import NO_BINS, binned
from pgchurn.plpython.runtime.signature import Feature, Signature

NUMBER = Feature("n", "number", True)
TEXT = Feature("t", "text", True)
FLAG = Feature("b", "boolean", True)
NAN = float("nan")


def test_numbers_are_counted_in_the_bins_of_the_reference_and_beyond():
    tally = NumberTally({"edges": [1.0, 2.0], "min": 0.0, "max": 5.0})

    tally.add(np.array([-1.0, 0.0, 1.0, 1.5, 5.0, 5.1, NAN, np.inf]))

    assert tally.counts.tolist() == [1, 2, 1, 1, 2]
    assert (tally.nulls, tally.beyond, tally.rows) == (1, 3, 8)


def test_a_reference_falls_into_its_own_bins_as_it_says():
    values = np.round(np.random.default_rng(0).normal(0, 2, 700))
    known = binned(values)
    tally = NumberTally(known)

    tally.add(values)

    assert (tally.counts[1:-1] / 700).tolist() == pytest.approx(known["shares"])
    assert tally.beyond == 0


def test_what_the_reference_knows_nothing_of_is_beyond_it():
    tally = NumberTally(NO_BINS)

    tally.add(np.array([1.0, NAN]))

    assert (tally.beyond, tally.nulls) == (1, 1)


def test_categories_that_are_not_listed_are_told_apart_as_far_as_memory_goes():
    tally = CategoryTally({"categories": [["a", 3], ["b", 1]]})

    tally.add(["a", "a", None, "c", "b", "c"])
    tally.add([f"new {i}" for i in range(1_000)])

    assert tally.counts.tolist() == [2, 1, 1_002]
    assert (tally.nulls, tally.rows) == (1, 1_006)
    assert tally.others.most_common(1) == [("c", 2)]
    assert len(tally.others) == 100


@pytest.mark.parametrize(
    "feature, logged, expected",
    [
        (NUMBER, "1", 1.0),
        (NUMBER, "1.25", 1.25),
        (NUMBER, "null", NAN),
        (NUMBER, '"NaN"', NAN),
        (NUMBER, '"Infinity"', np.inf),
        (NUMBER, "1e400", np.inf),
        (NUMBER, "1" + "0" * 5_000, np.inf),
        (NUMBER, "1" + "0" * 350, NAN),
        (NUMBER, '"words"', NAN),
        (NUMBER, "[1]", NAN),
        (NUMBER, "true", 1.0),
        (FLAG, "true", True),
        (FLAG, "false", False),
        (FLAG, "null", None),
        (FLAG, "1", True),
        (FLAG, "0.0", False),
        (FLAG, "7", None),
        (TEXT, '"a"', "a"),
        (TEXT, '""', ""),
        (TEXT, "null", None),
        (TEXT, "3", None),
    ],
)
def test_a_logged_value_is_read_as_scoring_reads_it(feature, logged, expected):
    rows = documents_from_json([f'{{"{feature.name}": {logged}}}'] * 2)

    values = list(values_of(feature, rows))

    assert values == pytest.approx([expected] * 2, nan_ok=True)
    assert feature.kind == "number" or type(values[0]) is type(expected)


@pytest.mark.parametrize("feature", [NUMBER, TEXT, FLAG])
def test_rows_that_lack_a_feature_are_left_out(feature):
    assert len(values_of(feature, [{"n": 1, "t": "a", "b": True}, {}])) == 1
    assert len(values_of(feature, [{}])) == 0


def test_rows_are_counted_batch_by_batch():
    signature = Signature((NUMBER, TEXT, FLAG), (False, True), 1, True)
    reference = {
        "features": {
            "n": binned(np.arange(10.0)),
            "t": {"categories": [["a", 1]]},
            "b": {"categories": [[True, 2], [False, 1]]},
        }
    }
    tally = WindowTally(signature, reference, sample_size=3)
    for scores, flags in (([0.25, 0.5], [True, None]), ([0.75], [False])):
        tally.add(
            np.array(scores),
            [json.dumps({"n": 3, "t": "a", "b": flag}) for flag in flags],
        )

    assert tally.scores.mean == 0.5
    assert {name: one.rows for name, one in tally.features.items()} == {
        "n": 3,
        "t": 3,
        "b": 3,
    }
    assert tally.features["b"].counts.tolist() == [1, 1, 0]
    assert len(tally.sample.rows) == 3


def test_a_sample_holds_any_row_as_likely_as_another():
    counts = np.zeros(400)
    for start in range(200):
        sample = Sample(20, ["n"])
        sample.random = np.random.default_rng(start)
        for first in range(0, 400, 50):
            sample.add([{"n": first + i} for i in range(50)])
        sample.cut()
        assert len(sample.rows) == 20
        counts[[row["n"] for row in sample.rows]] += 1

    # Ten of each are expected, whenever it came.
    assert abs(counts[:200].sum() - counts[200:].sum()) < 250
    assert counts.max() < 30


def test_a_sample_is_the_same_of_the_same_rows():
    samples = [Sample(5, ["n"]) for _ in range(2)]
    for sample in samples:
        sample.add([{"n": i} for i in range(100)])
        sample.cut()

    assert samples[0].rows == samples[1].rows


def test_a_row_that_lacks_a_feature_is_in_no_sample():
    sample = Sample(5, ["n", "t"])

    sample.add([{"n": 1}, {"n": 2, "t": None}])

    assert sample.rows == [{"n": 2, "t": None}]


def told(known, values, places, is_logged=True):
    """Return what is said of bins of categories, of ten rows of the reference."""
    tally = CategoryTally(known)
    tally.add(values)
    return feature_bins(known, 10, tally, is_logged).told(places)


def test_a_category_is_named_only_where_the_log_has_it():
    known = {"categories": [["a", 6], ["b", 4]], "known": 1.0, "rest": 0.0}

    assert told(known, ["a"] * 9 + ["b"], [0]) == '90.0% are "a", where 60.0% were'
    assert told(known, ["a"] * 10, [1]) == "0.0% are of one category, where 40.0% were"
    assert told(known, ["a"] * 10, [0], is_logged=False) == (
        "100.0% are of one category, where 60.0% were"
    )
    assert told(known, ["c"] * 10, [2]) == (
        "100.0% are of other categories, where 0.0% were"
    )
    assert told(known, [None] * 5 + ["a"] * 5, [3]) == (
        "50.0% are null, where 0.0% were"
    )
    # Of what was merged only that is named of which there is any.
    assert told(known, ["c"] * 10, [2, 3]) == told(known, ["c"] * 10, [2])
    assert told(known, ["c"] * 5 + [None] * 5, [2, 3]) == (
        "100.0% are of rare categories, or null, where 0.0% were"
    )


def test_numbers_are_told_by_percentiles_and_never_by_values():
    known = {**binned(np.arange(100.0)), "known": 0.5}
    tally = NumberTally(known)
    tally.add(np.array([99.0] * 30 + [150.0] * 10 + [-1.0] * 5 + [NAN] * 5))
    bins = feature_bins(known, 200, tally, True)

    assert bins.told([19, 20]) == (
        "60.0% are between percentiles 90 and 100 of the reference, where 5.0% were"
    )
    assert bins.told([0]) == "10.0% are below the reference's range, where 0.0% were"
    assert bins.told([21]) == "20.0% are above the reference's range, where 0.0% were"
    assert bins.told([22]) == "10.0% are null, where 50.0% were"
