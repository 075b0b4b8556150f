"""Reports that are made up of plain numbers, without a database."""

from datetime import UTC, datetime, timedelta

import numpy as np
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.explained import ExplainedRows
from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.feature_summary import FeatureSummary
from pgchurn.loader.reports.monitored import Cohort, Drift, Estimate, Monitored
from pgchurn.loader.reports.page import Report
from pgchurn.loader.reports.table import ScoredRows

MADE_AT = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
FEATURES = ("tenure_months", "contract", "paperless_billing")
KINDS = ("number", "text", "boolean")
TYPICAL = ("18", "two year", "true")


def version(features=FEATURES, profile="churn.customers", **changed):
    """Return a version as `pgchurn train` has registered it."""
    row = {
        "version": 7,
        "profile": profile,
        "active_since": MADE_AT,
        "registered_at": MADE_AT,
        "registered_by": "ann",
        "sha256": "5c4b" * 16,
        "compilation": "compared on 5550 rows",
        "parity": 7e-16,
        "signed_as": None,
        "signed_version": None,
        "expires": None,
        "detached_at": None,
        "deleted_at": None,
        "deleted_by": None,
        "provenance": {
            "source": "pgchurn train",
            "algorithm": "gradient_boosting",
            "table": profile,
            "label": "churned",
            "rows": 1_000,
            "train_rows": 800,
            "fitted_rows": 1_000,
            "left_out": {"customer_id": "the key"},
        },
        "metrics": {
            "roc_auc": 0.84,
            "average_precision": 0.66,
            "log_loss": 0.415,
            "brier_score": 0.134,
            "expected_calibration_error": 0.036,
            "rows": 200,
            "positive_share": 0.26,
            "threshold": 0.34,
            "tp": 36,
            "fn": 16,
            "fp": 26,
            "tn": 122,
        },
        "environment": {"scikit-learn": "1.9.1", "numpy": "2.4.6"},
        "signature": {
            "features": [
                {"name": name, "kind": KINDS[i % 3], "accepts_null": True}
                for i, name in enumerate(features)
            ],
            "classes": [False, True],
            "positive_class": 1,
            "named_columns": True,
        },
    }
    decision = {
        "action": "activate",
        "version": 7,
        "former_version": 6,
        "deployed_by": "ann",
        "deployed_at": MADE_AT,
    }
    return Version(row | changed, [decision], None)


def outcomes(rows=1_000, seed=0):
    """Return outcomes that are as likely as their scores say."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(1, 3, rows)
    return Outcomes.of_rows(scores, rng.random(rows) < scores)


def scored(scores, rows=None, problems=()):
    """Return the customers of a table by their scores."""
    scores = np.array(scores, float)
    return ScoredRows(len(scores) if rows is None else rows, scores, None, problems)


def explained(rows=50, features=FEATURES, values=None, keys=True, seed=0):
    """Return explained customers, whose points sum to their scores."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 0.3 / len(features), (rows, len(features)))
    points = points[np.argsort(-points.sum(axis=1))]
    example = dict(zip(features, [12, "one year", None] * len(features)))
    return ExplainedRows(
        tuple(features),
        [f"customer {row}" for row in range(rows)] if keys else None,
        0.5 + points.sum(axis=1),
        [values or example] * rows,
        points,
        0.5,
    )


def monitored(features=FEATURES, windows=12):
    """Return what was measured month by month; the relation changes in the ninth."""
    rng = np.random.default_rng(2)
    estimates, drift, cohorts = [], [], []
    for number in range(windows):
        time = MADE_AT + timedelta(days=30 * (number - windows))
        is_mature, has_changed = number < windows - 3, number >= windows - 5
        for metric, middle, change in (("roc_auc", 0.8, -0.1), ("log_loss", 0.4, 0.1)):
            estimated = middle + rng.normal(0, 0.01)
            realised = estimated + rng.normal(0, 0.01) + change * has_changed
            verdict = "not judged"
            if is_mature and metric == "log_loss":
                verdict = "finding" if has_changed else "ok"
            estimates.append(
                Estimate(
                    time,
                    metric,
                    estimated,
                    realised if is_mature else None,
                    estimated - 0.03,
                    estimated + 0.03,
                    1_200,
                    verdict,
                    "what the features say of leaving has changed"
                    if verdict == "finding"
                    else None,
                )
            )
        for place, feature in enumerate((None, *features)):
            value = rng.uniform(0, 0.06) + 0.3 * (number >= 7 and place == 1)
            verdict = "finding" if value > 0.1 else "ok"
            drift.append(Drift(time, feature, value, 0.1, verdict))
        if is_mature:
            for place, name in enumerate(
                (None, *(f"0.{i} to 0.{i + 1}" for i in range(9)))
            ):
                score = 0.25 if name is None else 0.1 * place - 0.05
                left = min(score + 0.05 * has_changed + rng.normal(0, 0.01), 1)
                verdict = "not judged" if name else "finding" if has_changed else "ok"
                cohorts.append(
                    Cohort(
                        *(time, name, score, left, left - 0.03, left + 0.03),
                        *(1_200 if name is None else 130, verdict),
                    )
                )
    return Monitored(estimates, drift, cohorts)


def report(**changed):
    """Return a report of which nothing is missing, but for what is changed."""
    features = changed.pop("features", FEATURES)
    parts = {
        "version": version(features),
        "scored": scored(np.random.default_rng(1).beta(1, 3, 1_000)),
        "evidence": Evidence(outcomes(), True, "churned", ""),
        "summaries": [
            FeatureSummary(name, 1 / (1 + i), 0.1 / (1 + i), TYPICAL[i % 3])
            for i, name in enumerate(features)
        ],
        "explained": explained(features=features),
        "monitored": monitored(features),
        "made_at": MADE_AT,
    }
    return Report(**parts | changed)
