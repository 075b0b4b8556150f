"""What tests of monitoring say: rows that were scored, in windows of the past."""

import json

import numpy as np

from tests.models import evaluated, handed_over, quoted, register_evaluated

CUSTOMERS = "churn.customers"
SINCE, UNTIL = "2026-01-01Z", "2026-01-02Z"
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
NAMES = ("version", "metric", "feature", "value", "verdict", "n", "detail")
NAMES += ("lower", "upper", "limit", "time")
MONITOR = (
    f"SELECT {', '.join(map(quoted, NAMES))} FROM churn.monitor(%s::regclass, %s, %s)"
)
REGISTER = (
    "SELECT churn.register_model(%s::regclass, %s, %s, %s, %s, %s, '{}', '{}',"
    " training_sample => %s)"
)
# What the server has made of models and their rows, in this process.
EVALUATED = {}


def register_with_rows(session, model, frame, profile=CUSTOMERS, **changed):
    """Register a model with rows that it was fitted on; return its version."""
    given = handed_over(model, **changed)
    sample = json.dumps(
        {name: [plain(value) for value in frame[name].tolist()] for name in model.kinds}
    )
    return session.value(REGISTER, profile, *given.values(), sample)


def register_with_rows_once(session, model, frame, profile=CUSTOMERS):
    """Register a model with rows for a test that is not about that."""
    made = model.artifact, frame.to_json()
    if made not in EVALUATED:
        version = register_with_rows(session, model, frame, profile)
        EVALUATED[made] = evaluated(session, version)
        return version
    return register_evaluated(session, model, profile, EVALUATED[made])


def log_rows(session, frame, scores, version, since=SINCE, profile=CUSTOMERS, keys=()):
    """Log the scores of rows, from a time on; of a customer each unless keys say so."""
    documents = [
        json.dumps({name: plain(value) for name, value in row.items()})
        for row in frame.to_dict("records")
    ]
    session.run(
        LOG,
        *(version, since, profile, list(keys) or [str(i) for i in range(len(frame))]),
        *(np.asarray(scores).tolist(), documents),
    )


def plain(value):
    """Return a value as JSON has it."""
    if value is None or value != value:
        return None
    return value.item() if isinstance(value, np.generic) else value


def monitor(session, since=SINCE, until=UNTIL, profile=CUSTOMERS):
    """Measure a window; return its results."""
    return [
        dict(zip(NAMES, row)) for row in session.run(MONITOR, profile, since, until)
    ]


def of_metric(results, metric):
    """Return the results of a metric by their feature."""
    return {one["feature"]: one for one in results if one["metric"] == metric}


def verdicts(results, metric):
    """Return the verdicts of a metric by the feature."""
    return {name: one["verdict"] for name, one in of_metric(results, metric).items()}


def findings(results):
    """Return what is found: metric and feature, in order."""
    return [
        (one["metric"], one["feature"])
        for one in results
        if one["verdict"] == "finding"
    ]
