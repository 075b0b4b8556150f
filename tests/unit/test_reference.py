"""What a version keeps of the rows that it was registered with."""

import json

import numpy as np
import pytest
from pgchurn.plpython.runtime.features import text_column
from pgchurn.plpython.runtime.reference import describe_rows
from pgchurn.plpython.runtime.reference_bins import binned
from pgchurn.plpython.runtime.reference_scores import (
    HELD_OUT,
    describe_scores,
    sound_groups,
)
from pgchurn.plpython.runtime.signature import Feature, Signature

NAN = float("nan")


def described(kind, values):
    """Return what is told of the values of one feature."""
    signature = Signature((Feature("x", kind, True),), (False, True), 1, True)
    column = text_column(values) if kind == "text" else np.array(values, float)
    return describe_rows(signature, {"x": column}, "training sample")["features"]["x"]


def test_numbers_are_in_twenty_bins_of_as_many_each():
    told = described("number", range(1_000))

    assert len(told["edges"]) == 19
    assert told["shares"] == pytest.approx([0.05] * 20)
    assert (told["min"], told["max"]) == (0, 999)


def test_edges_are_distinct_values_that_occur():
    told = described("number", [0.0] * 60 + [1.0] * 30 + [5.0] * 10)

    assert told["edges"] == [0, 1, 5]
    assert told["shares"] == [0.6, 0.3, 0.1, 0]


def test_a_bin_ends_with_its_edge():
    rng = np.random.default_rng(0)
    values = np.round(rng.normal(0, 3, 500))

    told = binned(values)

    bounds = [-np.inf, *told["edges"], np.inf]
    for low, high, share in zip(bounds, bounds[1:], told["shares"]):
        assert share == pytest.approx(((values > low) & (values <= high)).mean())


def test_shares_go_by_the_rows_that_each_value_has():
    values, rows = np.array([0.9, 0.5, 0.1]), np.array([10, 30, 60])

    assert binned(values, rows) == binned(np.repeat(values, rows))


def test_what_is_not_known_is_in_no_bin():
    told = described("number", [1.0, NAN, 3.0, NAN])

    assert told["known"] == 0.5
    assert sum(told["shares"]) == 1


@pytest.mark.parametrize("kind", ["number", "text"])
def test_a_feature_of_which_nothing_is_known_has_neither_bins_nor_categories(kind):
    told = described(kind, [None, None] if kind == "text" else [NAN, NAN])

    assert told["known"] == 0
    assert told.get("edges", []) == told.get("categories", []) == []
    assert told.get("min") is None


def test_categories_that_are_all_listed_leave_no_rest():
    told = described("text", ["a"] * 300 + ["b"])

    assert told["categories"] == [["a", 300], ["b", 1]]
    assert told["rest"] == 0
    assert "common" not in told


def test_where_others_are_to_be_expected_one_half_says_how_often():
    names = [f"c{i}" for i in range(200)]
    shares = 1 / np.arange(1, 201)
    shares = dict(zip(names, shares / shares.sum()))
    apart, own = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        told = described("text", rng.choice(names, 300, p=[*shares.values()]).tolist())
        common = told["common"]
        listed = common["categories"]
        wanted = 1 - sum(shares[name] for name, _ in listed)
        apart.append(1 - sum(count for _, count in listed) / common["rows"] - wanted)
        own.append(told["rest"] - 1 + sum(shares[n] for n, _ in told["categories"]))

    # On average it is as large as it will be, which the rest of all of them is not.
    assert abs(np.mean(apart)) < 0.02
    assert np.mean(own) < -0.1


def test_of_many_categories_one_half_says_which_and_the_other_how_frequent():
    rng = np.random.default_rng(0)
    values = [f"c{i}" for i in rng.integers(0, 200, 4_000)]

    told = described("text", values)

    assert len(told["categories"]) == 100
    listed = sum(count for _, count in told["categories"])
    assert told["rest"] == pytest.approx(1 - listed / 4_000)
    common = told["common"]
    assert len(common["categories"]) == 50
    # All are as frequent: those that are so by chance in the one half are not in the
    # other, and the hundred that are listed are.
    share = sum(count for _, count in common["categories"]) / common["rows"]
    assert share == pytest.approx(50 / 200, abs=0.02)
    assert listed / 4_000 > 100 / 200 + 0.05


def test_scores_are_those_of_the_rows_unless_training_held_some_out():
    scores = np.array([0.2, 0.4, 0.4, 0.9])
    groups = {"scores": [0.8, 0.1], "rows": [10, 30], "positives": [6, 2]}

    own = describe_scores(scores, "training sample", None)
    held_out = describe_scores(scores, "training sample", groups)

    assert own["scores"]["source"] == "training sample"
    assert own["scores"]["mean"] == pytest.approx(scores.mean())
    assert own["scores"]["deviation"] == pytest.approx(scores.std())
    assert own["scores"]["rows"] == 4
    assert "calibration" not in own
    assert held_out["scores"]["source"] == HELD_OUT
    assert held_out["scores"]["rows"] == 40
    assert held_out["scores"]["mean"] == pytest.approx((0.8 * 10 + 0.1 * 30) / 40)
    assert held_out["calibration"] == groups
    assert json.loads(json.dumps(held_out)) == held_out


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "held out",
        {"scores": [0.5], "rows": [1]},
        {"scores": [], "rows": [], "positives": []},
        {"scores": [0.1, 0.8], "rows": [1, 1], "positives": [0, 0]},
        {"scores": [1.5], "rows": [1], "positives": [0]},
        {"scores": [float("nan")], "rows": [1], "positives": [0]},
        {"scores": [0.5], "rows": [0], "positives": [0]},
        {"scores": [0.5], "rows": [1], "positives": [2]},
        {"scores": [0.5], "rows": [10**30], "positives": [2]},
        {"scores": [0.5] * 501, "rows": [1] * 501, "positives": [0] * 501},
    ],
)
def test_what_is_no_record_of_held_out_rows_is_left_alone(document):
    assert sound_groups(document) is None
    assert "calibration" not in describe_scores(np.array([0.5]), "rows", document)
