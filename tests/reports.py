"""Reports that are made up of plain numbers, without a database."""

from datetime import UTC, datetime

import numpy as np
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.explained import ExplainedRows
from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.feature_summary import FeatureSummary
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
        "made_at": MADE_AT,
    }
    return Report(**parts | changed)
