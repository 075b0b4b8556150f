"""Which features have changed the mean score, in numbers and in a sentence."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.monitor_points import (
    MeanChange,
    mean_change,
    sample_size,
    told,
)
from pgchurn.plpython.runtime.monitor_tallies import Sample
from pgchurn.plpython.runtime.signature import Signature

from tests.explaining import explainer_of
from tests.models import KINDS, fit, training_frame

MODEL = fit()
SIGNATURE = Signature.from_json(MODEL.signature)
NAN = float("nan")


def columns(frame):
    return {name: frame[name].to_numpy() for name in KINDS}


def explained_rows(seed):
    frame, _ = training_frame(rows=80, seed=seed)
    return frame


def test_what_features_add_is_the_difference_of_the_mean_scores():
    before, after = explained_rows(1), explained_rows(2)
    after["complaint_count"] += 2
    explainer = explainer_of(MODEL.pipeline, SIGNATURE, columns(before))
    points = explainer.explain(columns(before)).points.mean(axis=0)
    sample = Sample(1_000, [*KINDS])
    sample.add(after.to_dict("records"))

    former = {"points": dict(zip(KINDS, points))}
    change = mean_change(explainer, sample, former, window_rows=80)

    scores = [MODEL.probabilities(frame).mean() for frame in (before, after)]
    assert change.total == pytest.approx(scores[1] - scores[0], abs=1e-12)
    assert sum(change.points.values()) == pytest.approx(change.total, abs=1e-15)
    assert max(change.points, key=change.points.get) == "complaint_count"
    assert change.rows == 80
    # There is no other row that could have said something else.
    assert change.margin == 0
    assert change.margins == dict.fromkeys(KINDS, 0)


def test_what_a_sample_says_is_told_with_how_far_that_may_be_from_the_window():
    window, _ = training_frame(rows=2_000, seed=3)
    explainer = explainer_of(MODEL.pipeline, SIGNATURE, columns(window))
    true = MODEL.probabilities(window).mean()
    records = window.to_dict("records")
    within = 0
    for seed in range(200):
        chosen = np.random.default_rng(seed).choice(2_000, 400, replace=False)
        sample = Sample(400, [*KINDS])
        sample.add([records[i] for i in chosen])
        change = mean_change(
            explainer, sample, {"points": dict.fromkeys(KINDS, 0.0)}, 2_000
        )
        base = MODEL.probabilities(window.iloc[chosen]).mean() - change.total
        within += abs(base + change.total - true) <= change.margin
    # 95 of 100, give or take three standard errors of so many draws.
    assert 181 <= within <= 199


def test_of_one_row_nobody_knows_how_far_it_is_from_the_window():
    frame = explained_rows(1)
    explainer = explainer_of(MODEL.pipeline, SIGNATURE, columns(frame))
    sample = Sample(10, [*KINDS])
    sample.add(frame[:1].to_dict("records"))

    change = mean_change(explainer, sample, {"points": dict.fromkeys(KINDS, 0.0)}, 9)

    assert (change.margin, change.margins) == (None, None)
    assert told(change, 9).endswith("; of 1 of 9 rows")


def test_without_a_row_that_has_every_feature_nothing_is_told():
    frame = explained_rows(1)
    explainer = explainer_of(MODEL.pipeline, SIGNATURE, columns(frame))
    sample = Sample(10, [*KINDS])
    sample.add([{"age": 3}])

    assert mean_change(explainer, sample, {"points": {}}, 1) is None


def test_no_more_rows_are_explained_than_a_second_or_two_allow():
    explainer = explainer_of(MODEL.pipeline, SIGNATURE, columns(explained_rows(1)))

    assert sample_size(explainer) == 10_000


def sentence(points, rows=100, of_rows=100):
    return told(MeanChange(points, sum(points.values()), rows, 0.0123, None), of_rows)


def test_the_sentence_names_what_matters_most_and_adds_up():
    points = {"contract": 0.006, "age": 0.0014, "complaint_count": 0.033, "usage": 6e-4}

    assert sentence(points) == (
        "mean score +0.041: complaint_count +0.033, contract +0.006, age +0.001,"
        " the rest +0.001"
    )
    assert sentence(points, rows=50, of_rows=2_000).endswith(
        "; of 50 of 2,000 rows, so give or take 0.012"
    )


@pytest.mark.parametrize(
    "points, expected",
    [
        ({"a": 0.0, "b": 0.0}, "mean score +0.000: all features +0.000"),
        ({"a": -1e-4, "b": -2e-4}, "mean score +0.000: all features +0.000"),
        ({"a": 4e-4, "b": 3e-4}, "mean score +0.001: all features +0.001"),
        ({"a": -0.02}, "mean score -0.020: a -0.020"),
        ({"a": 0.1, "b": -0.1}, "mean score +0.000: a +0.100, b -0.100"),
        ({"a": 0.0014, "b": 0.0014}, "mean score +0.003: a +0.001, b +0.001,"),
    ],
)
def test_roundings_are_part_of_the_rest(points, expected):
    assert sentence(points).startswith(expected)


def test_the_numbers_of_a_sentence_add_up_whatever_they_are():
    rng = np.random.default_rng(0)
    for _ in range(300):
        points = dict(zip("abcdefgh", rng.normal(0, 0.01, rng.integers(1, 8))))
        total, *parts = [
            float(part.split()[-1])
            for part in sentence(points).replace(":", ",").split(",")
        ]
        assert sum(parts) == pytest.approx(total, abs=1e-9)
