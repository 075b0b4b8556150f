"""What tests of performance say: customers who were scored, and what became of them."""

import numpy as np

from tests.monitoring import of_metric

CUSTOMERS = "churn.customers"
LOG_SCORES = """
    INSERT INTO churn.predictions
    SELECT a.attachment_id, s.key, %s, s.score, '{}', 'batch',
           %s::timestamptz + s.number * interval '1 millisecond'
    FROM churn_internal.attachment_of(%s::regclass) a,
         unnest(%s::text[], %s::float8[]) WITH ORDINALITY s (key, score, number)
"""
RECORD_LEAVERS = """
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT a.attachment_id, k.key, true, %s::timestamptz + interval '10 days', 'call'
    FROM churn_internal.attachment_of(%s::regclass) a, unnest(%s::text[]) k (key)
"""
RECORD_ACTIONS = """
    INSERT INTO churn.actions (attachment_id, key, action, at)
    SELECT a.attachment_id, k.key, 'call', %s::timestamptz + interval '5 days'
    FROM churn_internal.attachment_of(%s::regclass) a, unnest(%s::text[]) k (key)
"""
MONITOR = (
    'SELECT time, version, metric, feature, value, lower, upper, "limit", n, verdict,'
    " detail FROM churn.monitor(%s::regclass, %s, %s)"
)
NAMES = (
    *("time", "version", "metric", "feature", "value", "lower", "upper", "limit"),
    *("n", "verdict", "detail"),
)


def true_scores(random, rows, positive=1.0, negative=3.0):
    """Return probabilities of leaving, a quarter on average."""
    return random.beta(positive, negative, rows)


def keys_of(rows, prefix=""):
    """Return the keys of customers."""
    return [f"{prefix}{number}" for number in range(1, rows + 1)]


def log_scores(session, since, scores, keys=None, version=1, profile=CUSTOMERS):
    """Log scores of customers."""
    keys = keys_of(len(scores)) if keys is None else keys
    scores = np.asarray(scores, float).tolist()
    session.run(LOG_SCORES, version, since, profile, keys, scores)


def leave(session, since, keys, profile=CUSTOMERS):
    """Record that customers left, ten days after they were scored."""
    session.run(RECORD_LEAVERS, since, profile, list(keys))


def act_upon(session, since, keys, profile=CUSTOMERS):
    """Record that customers were acted upon, five days after they were scored."""
    session.run(RECORD_ACTIONS, since, profile, list(keys))


def stream(session, random, since, scores, chances=None, prefix="", **changed):
    """Log scores of customers, and record who leaves; return who did.

    Parameters
    ----------
    since : str
        When they are scored.
    scores : ndarray
    chances : ndarray, optional
        Their probabilities of leaving; the scores, if left out.
    prefix : str
        In front of the keys.
    """
    keys = keys_of(len(scores), prefix)
    log_scores(session, since, scores, keys, **changed)
    left = random.random(len(scores)) < (scores if chances is None else chances)
    gone = [key for key, has_left in zip(keys, left) if has_left]
    leave(session, since, gone, changed.get("profile", CUSTOMERS))
    return left


def monitor(session, since, until, profile=CUSTOMERS):
    """Measure a window; return what is told of performance, as dicts."""
    rows = [
        dict(zip(NAMES, row)) for row in session.run(MONITOR, profile, since, until)
    ]
    told = ("estimated_", "realised_", "calibration", "recalibration")
    return [row for row in rows if row["metric"].startswith(told)]


def figure(rows, metric, feature=None):
    """Return the row of a metric and a feature."""
    return of_metric(rows, metric)[feature]


def findings(rows):
    """Return the metrics of findings."""
    return [row["metric"] for row in rows if row["verdict"] == "finding"]
