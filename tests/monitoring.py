"""What tests of monitoring say: rows that were scored, in windows of the past."""

import json

import numpy as np

LOG = """
    INSERT INTO churn.predictions (
        attachment_id, key, version, score, features, cause, predicted_at
    )
    SELECT a.attachment_id, l.key, %s, l.score, l.features::json, 'batch',
           %s::timestamptz + l.number * interval '1 millisecond'
    FROM churn_internal.attachment_of(%s::regclass) a,
         unnest(%s::text[], %s::float8[], %s::text[])
             WITH ORDINALITY l (key, score, features, number)
"""
MONITOR = (
    "SELECT version, metric, feature, value, verdict, n, detail, lower, upper,"
    ' "limit" FROM churn.monitor(%s::regclass, %s, %s)'
)


def log_rows(
    session, frame, scores, since, version, profile="churn.customers", keys=None
):
    """Log the scores of rows, of a customer each, from a time on."""
    documents = [
        json.dumps({name: plain(value) for name, value in row.items()})
        for row in frame.to_dict("records")
    ]
    keys = [str(i) for i in range(len(frame))] if keys is None else keys
    session.run(
        LOG, version, since, profile, keys, np.asarray(scores).tolist(), documents
    )


def plain(value):
    """Return a value as JSON has it."""
    if value is None or value != value:
        return None
    return value.item() if isinstance(value, np.generic) else value


def register_with_rows(session, model, frame, profile="churn.customers", **changed):
    """Register a model with rows that it was fitted on; return its version."""
    given = {
        "artifact": model.artifact,
        "signature": json.dumps(model.signature),
        "metrics": "{}",
        "environment": json.dumps(model.environment),
        "provenance": '{"from": "tests"}',
        **changed,
    }
    sample = {
        name: [plain(value) for value in frame[name].tolist()] for name in model.kinds
    }
    return session.value(
        "SELECT churn.register_model(%s::regclass, %s, %s, %s, %s, %s, '{}', '{}',"
        " training_sample => %s)",
        *(profile, *given.values(), json.dumps(sample)),
    )


def monitor(session, since=None, until=None, profile="churn.customers"):
    """Measure a window; return its rows as dicts."""
    names = ("version", "metric", "feature", "value", "verdict", "n", "detail")
    names += ("lower", "upper", "limit")
    rows = session.run(MONITOR, profile, since, until)
    return [dict(zip(names, row)) for row in rows]


def of_metric(rows, metric):
    """Return the rows of a metric by their feature."""
    return {row["feature"]: row for row in rows if row["metric"] == metric}
