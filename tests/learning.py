"""What tests of learning say: customers who were scored, and what became of them."""

import functools
import json
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.special import expit, logit

from tests.models import KINDS, Model, activate, pipeline_for, training_frame
from tests.monitoring import log_rows, register_with_rows
from tests.streams import leave

CUSTOMERS = "churn.customers"
TRAINED_ROWS = 4_000
# Since then customers were scored, all of whom are mature.
SCORED = datetime.now(UTC) - timedelta(days=200)
SET = "SELECT churn.set_learning(%s::regclass, %s, %s, %s)"
BATCHES = (
    "SELECT position, decision, n, churned, left_out, reason, version"
    " FROM churn.learning_batches ORDER BY stream_id, position"
)


@functools.cache
def base_model():
    """Return a model that was fitted on as many rows as its reference is of."""
    frame, labels = training_frame(rows=TRAINED_ROWS, seed=5)
    return Model(pipeline_for(KINDS).fit(frame, labels), dict(KINDS))


def provenance(since=SCORED):
    """Return a provenance that says until when a base was trained."""
    return json.dumps({"from": "tests", "trained_until": since.isoformat()})


def register_base(session, model=None, profile=CUSTOMERS, since=SCORED, rows=None):
    """Register and activate a version that can be learned; return its number."""
    frame = training_frame(rows=TRAINED_ROWS, seed=5)[0] if rows is None else rows
    version = register_with_rows(
        session, model or base_model(), frame, profile, provenance=provenance(since)
    )
    activate(session, version)
    return version


def fewer_leave(scores):
    """Return the chances of leaving of customers whose scores are too high."""
    return expit(logit(scores) - 0.6)


def key_of(day, number):
    """Return the key of a customer who is scored on a day."""
    return str((day + 1_000) * 1_000_000 + number)


def nobody(scores):
    """Return the chances of leaving of customers none of whom leaves."""
    return scores * 0


def log_outcomes(
    session,
    rows,
    day=0,
    *,
    seed=0,
    chances=fewer_leave,
    change=None,
    version=1,
    profile=CUSTOMERS,
    model=None,
):
    """Log customers of a day since `SCORED`, and who left; return the frame and those.

    Parameters
    ----------
    chances : callable
        From the base version's scores.
    change : callable, optional
        Changes the frame before it is logged.
    """
    model = model or base_model()
    frame, _ = training_frame(rows=rows, seed=1_000 + seed)
    scores = model.probabilities(frame)
    left = np.random.default_rng(seed).random(rows) < chances(scores)
    if change is not None:
        frame = change(frame)
    since = SCORED + timedelta(days=day, seconds=1)
    keys = [key_of(day, number) for number in range(rows)]
    log_rows(session, frame, scores, version, since, profile, keys)
    leave(session, since, np.array(keys)[left], profile)
    return frame, left


def set_learning(session, version, half_life="90 days", min_batch=500):
    """Have a version learned; return the number of the stream."""
    return session.value(SET, CUSTOMERS, version, half_life, min_batch)


def batches(session):
    """Return what became of batches, as (decision, n)."""
    return [(row[1], row[2]) for row in session.run(BATCHES)]


def reasons(session):
    """Return why batches are quarantined, by position."""
    return {row[0]: row[5] for row in session.run(BATCHES) if row[5] is not None}
