"""What tests of retraining say: a year of scores, and a champion that knows nothing."""

import functools
import json
from datetime import UTC, datetime, timedelta

import numpy as np

from tests.comparing import customers, log, said_of
from tests.models import KINDS, Model, activate, pipeline_for, register_once

CUSTOMERS = "churn.customers"
# A horizon is 90 days. What is mature reaches from 300 days ago to 90; one horizon is
# between those who are trained on and those who are compared, a third of the others.
TRAINED_AT, COMPARED_AT = 300, 120
KNOWN = 301
REQUESTS = (
    "SELECT request_id, decision, version, release_id, waiting, attempts"
    " FROM churn.retraining_requests ORDER BY request_id"
)


def days_ago(days):
    """Return a time of the past."""
    return datetime.now(UTC) - timedelta(days=days)


@functools.cache
def poor_model():
    """Return a model that knows nothing of such customers: half of them leave."""
    frame, _ = customers(1_000, seed=3)
    left = np.random.default_rng(0).random(len(frame)) < 0.5
    return Model(pipeline_for(KINDS).fit(frame, left), dict(KINDS))


def champion(session, model, known=KNOWN, profile=CUSTOMERS, key="customer_id"):
    """Activate a version that was trained on what was known so many days ago."""
    registered = register_once(session, model, profile, key)
    provenance = {"trained_until": known and days_ago(known).isoformat()}
    version = said_of(session, registered, json.dumps(provenance))
    activate(session, version)
    return version


def log_year(session, model, version, rows=1_200, profile=CUSTOMERS, change=None):
    """Log two cohorts, and who left of them."""
    for number, days in enumerate((TRAINED_AT, COMPARED_AT)):
        frame, left = customers(rows, seed=20 + number)
        if change is not None:
            frame, left = change(frame, left, days)
        log(
            session,
            *(frame, left, model.probabilities(frame), version, days_ago(days)),
            profile,
            [f"{days} {row}" for row in range(len(frame))],
        )
