"""What tests of outcomes say: labels, what is recorded, predictions of the past."""

CUSTOMERS = "churn.customers"
SET = "SELECT churn.set_outcome(%s::regclass, %s)"
RECORD = "SELECT churn.record_outcome(%s::regclass, %s, %s, now() + %s::interval)"
ACT = "SELECT churn.record_action(%s::regclass, %s, %s, now() + %s::interval)"
RECORDED = """
    SELECT o.key, o.outcome FROM churn.outcomes o
    WHERE o.attachment_id = (churn_internal.attachment_of(%s::regclass)).attachment_id
    ORDER BY o.outcome_id
"""
PREDICT = """
    INSERT INTO churn.predictions
    SELECT a.attachment_id, %s, %s, %s, '{"age": 40}', 'batch', now() + %s::interval
    FROM churn_internal.attachment_of(%s::regclass) a
"""
MATURED = "SELECT key, outcome FROM churn.matured(%s::regclass) ORDER BY key"


def recorded(session, profile=CUSTOMERS):
    """Return what is recorded, as (key, outcome), in order."""
    return session.run(RECORDED, profile)


def predict(session, key, at, version=1, score=0.5, profile=CUSTOMERS):
    """Log a prediction at an interval from now, which is in the past if negative."""
    session.run(PREDICT, key, version, score, at, profile)


def know(session, key, outcome, at, profile=CUSTOMERS):
    """Record an outcome as known at an interval from now."""
    return session.value(RECORD, profile, key, outcome, at)


def matured(session, profile=CUSTOMERS):
    """Return the outcomes of all mature predictions, by key."""
    rows = session.run(MATURED, profile)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def label(session, value, customers="customer_id = 1"):
    """Change the label of customers."""
    session.run(f"UPDATE churn.customers SET churned = {value} WHERE {customers}")
