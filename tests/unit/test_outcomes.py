"""Scores beside what came of customers, against scikit-learn's curves."""

import json

import numpy as np
import pytest
from pgchurn.loader.models.outcomes import MOST_GROUPS, Outcomes
from sklearn.metrics import (
    auc,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)


def made_up(rows=700, decimals=None, seed=0):
    """Return scores of which more churn the higher they are, with ties if rounded."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(1, 3, rows)
    positive = rng.random(rows) < scores
    return (scores if decimals is None else scores.round(decimals)), positive


@pytest.mark.parametrize("decimals", [None, 2, 1])
def test_the_roc_curve_is_scikit_learns(decimals):
    scores, positive = made_up(decimals=decimals)
    wrong, found = Outcomes.of_rows(scores, positive).roc()
    expected = roc_curve(positive, scores, drop_intermediate=False)[:2]
    assert np.allclose(wrong, expected[0], atol=1e-15)
    assert np.allclose(found, expected[1], atol=1e-15)
    assert auc(wrong, found) == pytest.approx(roc_auc_score(positive, scores))


@pytest.mark.parametrize("decimals", [None, 2, 1])
def test_the_precision_recall_curve_is_scikit_learns(decimals):
    scores, positive = made_up(decimals=decimals)
    recall, precision = Outcomes.of_rows(scores, positive).precision_recall()
    expected = precision_recall_curve(positive, scores)
    # It goes the other way, and ends in a point that no threshold gives.
    assert np.allclose(precision, expected[0][:-1][::-1], atol=1e-15)
    assert np.allclose(recall, expected[1][:-1][::-1], atol=1e-15)


def test_gain_and_lift_are_what_counting_gives():
    scores, positive = made_up(rows=1_000)
    outcomes = Outcomes.of_rows(scores, positive)
    first = positive[np.argsort(-scores)]
    for share in (0.01, 0.1, 0.37, 1.0):
        found = first[: int(share * 1_000)].sum() / positive.sum()
        assert outcomes.found_among(share) == pytest.approx(found)
        assert outcomes.lift_at(share) == pytest.approx(found / share)


def test_of_equal_scores_a_part_has_its_part_of_those_who_churned():
    outcomes = Outcomes.of_rows(np.full(8, 0.3), np.arange(8) < 2)
    assert outcomes.found_among(0.5) == 0.5
    assert outcomes.lift_at(0.25) == 1


def test_groups_keep_points_of_the_curve_and_never_part_equal_scores():
    scores, positive = made_up(rows=5_000, decimals=3)
    whole = Outcomes.of_rows(scores, positive)
    groups = whole.grouped(40)
    assert len(groups.scores) <= 40
    assert (groups.total, groups.churned) == (5_000, positive.sum())
    assert (np.diff(groups.scores) < 0).all()
    points = set(zip(*(axis.tolist() for axis in whole.roc())))
    assert set(zip(*(axis.tolist() for axis in groups.roc()))) <= points
    of_scores = np.average(groups.scores, weights=groups.rows)
    assert of_scores == pytest.approx(scores.mean())


def test_few_scores_are_left_as_they_are():
    outcomes = Outcomes.of_rows(*made_up(rows=MOST_GROUPS))
    assert outcomes.grouped() is outcomes


def test_what_is_recorded_is_read_again():
    outcomes = Outcomes.of_rows(*made_up(rows=3_000)).grouped()
    read = Outcomes.from_json(json.loads(json.dumps(outcomes.as_dict())))
    assert np.allclose(read.scores, outcomes.scores, atol=1e-6)
    assert (read.rows == outcomes.rows).all()
    assert (read.positives == outcomes.positives).all()


SOUND = {"scores": [0.9, 0.2], "rows": [1, 3], "positives": [1, 0]}


@pytest.mark.parametrize(
    "document",
    [
        *(None, [], "scores", 7, {}, {"scores": [0.5]}),
        SOUND | {"scores": [0.9]},
        SOUND | {"scores": [0.2, 0.9]},
        SOUND | {"scores": [1.2, 0.9]},
        SOUND | {"scores": [0.9, -0.1]},
        SOUND | {"scores": [0.9, float("nan")]},
        SOUND | {"scores": ["<script>", 0.2]},
        SOUND | {"scores": [[0.9, 0.2]]},
        SOUND | {"scores": [[0.9], 0.2]},
        SOUND | {"scores": 0.9},
        SOUND | {"rows": [0, 3]},
        SOUND | {"rows": [10**30, 3]},
        SOUND | {"rows": [10**18, 3]},
        SOUND | {"rows": {"0": 1}},
        SOUND | {"positives": [2, 0]},
        SOUND | {"positives": [-1, 0]},
        {"scores": [], "rows": [], "positives": []},
        {name: [0.5] * 501 for name in SOUND},
    ],
)
def test_anything_else_is_not_taken_for_a_record(document):
    assert Outcomes.from_json(SOUND) is not None
    assert Outcomes.from_json(document) is None
