import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.models import importance
from pgchurn.loader.models.importance import MOST_ROWS, importance_of_features
from pgchurn.loader.models.pipelines import as_features
from pgchurn.loader.models.time_budget import TimeBudget
from pgchurn.loader.models.training import split, train
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

KINDS = {"calls": "number", "noise": "number", "paperless": "boolean", "plan": "text"}
UNLIMITED = TimeBudget(None)


def customers(rows=600, seed=0):
    """Return features and labels: the plan decides most, the calls something."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "calls": rng.poisson(1.0, rows).astype(float),
            "noise": rng.normal(size=rows),
            "paperless": rng.random(rows) < 0.5,
            "plan": rng.choice(np.array(["basic", "gold"], dtype=object), rows),
        }
    )
    frame.loc[::9, "plan"] = np.nan
    log_odds = -1.5 + 0.7 * frame["calls"] + 3.0 * (frame["plan"] == "basic")
    return frame, rng.random(rows) < 1 / (1 + np.exp(-log_odds.to_numpy()))


@pytest.fixture(scope="module")
def trained():
    return train(*customers(), KINDS, "logistic_regression")


def test_each_feature_has_its_loss_of_roc_auc(trained):
    means = {name: found["mean"] for name, found in trained.importance.items()}
    assert list(means) == list(trained.features)
    assert sorted(means, key=means.get, reverse=True)[:2] == ["plan", "calls"]
    assert means["plan"] > 0.1
    assert abs(means["noise"]) < 0.02
    assert all(found["std"] >= 0 for found in trained.importance.values())


def test_it_is_measured_on_the_rows_that_were_held_out(trained):
    frame, churned = customers()
    rows = as_features(frame, trained.features)
    _, test_rows, _, test_labels = split(rows, churned)
    auc = trained.evaluation.roc_auc
    rng = np.random.default_rng(1)
    losses = []
    for _ in range(40):
        shuffled = test_rows.copy()
        shuffled["plan"] = rng.permutation(shuffled["plan"])
        probabilities = trained.evaluated.predict_proba(shuffled)[:, 1]
        losses.append(auc - roc_auc_score(test_labels, probabilities))
    assert trained.importance["plan"]["mean"] == pytest.approx(
        np.mean(losses), abs=3 * np.std(losses)
    )


def test_it_is_told_with_the_metrics(trained):
    metrics = trained.as_dict()["evaluation"]
    assert metrics["permutation_importance"] == trained.importance
    assert metrics["roc_auc"] == trained.evaluation.roc_auc


def test_without_time_it_is_left_out(trained):
    frame, churned = customers()
    rows = as_features(frame, trained.features)
    gone = TimeBudget(1.0, clock=iter([0.0, 2.0]).__next__)
    found = importance_of_features(trained.evaluated, rows, churned, 0, gone)
    assert found is None


def test_of_many_rows_enough_are_drawn(monkeypatch):
    seen = []

    def measure(pipeline, frame, labels, **options):
        seen.append((len(frame), labels.mean()))
        return importance_of_one(pipeline, frame, labels, **options)

    importance_of_one = importance.permutation_importance
    monkeypatch.setattr(importance, "permutation_importance", measure)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=3 * MOST_ROWS)})
    labels = frame["a"].to_numpy() > 1
    pipeline = make_pipeline(LogisticRegression()).fit(frame, labels)
    importance_of_features(pipeline, frame, labels, 0, UNLIMITED)
    assert seen[0][0] == MOST_ROWS
    assert seen[0][1] == pytest.approx(labels.mean(), abs=0.001)
