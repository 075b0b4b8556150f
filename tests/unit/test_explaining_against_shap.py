"""Explanations against those of the shap package, where that is installed."""

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from tests.bench import rival_shap
from tests.compiling import COLUMNS, columns_of, kind_of, signature_of, training
from tests.explaining import explainer_of, log_odds, owners_after, scaled

CLASSIFIERS = {
    "logistic regression": LogisticRegression(),
    "decision tree": DecisionTreeClassifier(max_depth=6, random_state=0),
    "random forest": RandomForestClassifier(30, max_depth=9, random_state=0),
    "extra trees": ExtraTreesClassifier(10, max_depth=9, random_state=0),
    "gradient boosting": GradientBoostingClassifier(random_state=0),
    "histogram gradient boosting": HistGradientBoostingClassifier(random_state=0),
}


@pytest.mark.skipif(
    not rival_shap.is_installed(), reason="python -m tests.bench.rivals installs shap"
)
def test_contributions_are_those_of_the_shap_package():
    frame, labels = training(rows=1_000)
    rows, _ = training(rows=200, seed=3)
    fitted = {
        name: make_pipeline(scaled(), one).fit(frame[COLUMNS], labels)
        for name, one in CLASSIFIERS.items()
    }
    said = rival_shap.explained(fitted, rows[COLUMNS], frame[COLUMNS])
    signature = signature_of({name: kind_of(name) for name in COLUMNS})
    for name, pipeline in fitted.items():
        explainer = explainer_of(pipeline, signature, columns_of(frame[COLUMNS]))
        found = explainer.explain(columns_of(rows[COLUMNS]))
        owners = owners_after(pipeline[0], frame[COLUMNS], [[i] for i in range(7)])
        base, by_column = said[name]["base"][-1], said[name]["values"]
        if by_column.ndim == 3:
            by_column = by_column[:, :, 1]
        wanted = np.zeros(found.contributions.shape)
        for column, (owner,) in zip(by_column.T, owners):
            wanted[:, owner] += column
        if not hasattr(pipeline[-1], "decision_function"):
            # Of a probability, from which a chord leads to log odds.
            odds, start = log_odds(found.scores), float(log_odds(np.array(base)))
            wanted *= ((odds - start) / (found.scores - base))[:, None]
            base = start
        assert explainer.base == pytest.approx(base, abs=1e-9), name
        np.testing.assert_allclose(
            found.contributions, wanted, rtol=0, atol=1e-9, err_msg=name
        )
