"""Made-up customers whose predictions are mature, and versions to compare on them."""

import functools
import json

import numpy as np
import pandas as pd

from tests.models import CATEGORIES, KINDS, Model, pipeline_for, register_once

CUSTOMERS = "churn.customers"
SINCE = "2025-03-01T00:00:00+00:00"
BEFORE = "2025-02-28T00:00:00+00:00"
COMPARE = "SELECT * FROM churn.compare(%s::regclass, %s, %s, %s)"
COLUMNS = (
    *("name", "of_champion", "of_challenger", "difference"),
    *("lower", "upper", "n", "verdict", "detail"),
)


def customers(rows, seed=0):
    """Return made-up customers, and which of them leave: about an eighth."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows).astype(float),
            "monthly_charges": rng.uniform(20, 120, rows).round(2),
            "data_usage_gb": rng.gamma(2, 40, rows).round(3),
            "contract": rng.choice(np.array(CATEGORIES["contract"], object), rows),
            "paperless_billing": rng.random(rows) < 0.5,
            "complaint_count": rng.poisson(0.7, rows).astype(float),
        }
    )
    odds = (
        -3.2
        + (frame["contract"] == "month to month") * 1.2
        + frame["complaint_count"] * 0.8
        + (frame["monthly_charges"] - 70) / 60
        - (frame["age"] - 50) / 60
    )
    left = rng.random(rows) < 1 / (1 + np.exp(-odds))
    blank = rng.random(rows) < 0.05
    frame.loc[blank, "age"] = np.nan
    return frame[list(KINDS)], left.to_numpy()


@functools.cache
def trained_model(rows=4_000):
    """Return a model that knows what such customers do."""
    frame, left = customers(rows, seed=7)
    return Model(pipeline_for(KINDS).fit(frame, left), dict(KINDS))


def trained_until(time=BEFORE):
    """Return the provenance of a version that was trained on what was known then."""
    return json.dumps({"trained_until": time})


def version_of(
    session,
    model,
    profile=CUSTOMERS,
    key="customer_id",
    **changed,
):
    """Return a version that was trained on what was known before ``SINCE``."""
    registered = register_once(session, model, profile, key, **changed)
    return said_of(session, registered, trained_until())


def said_of(session, version, provenance):
    """Return a copy of a version with another provenance, given as JSON."""
    names = session.column(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'churn.models'::regclass"
        " AND attnum > 0 AND attidentity = '' AND attname <> 'provenance'"
    )
    columns = ", ".join(names)
    return session.value(
        f"INSERT INTO churn.models (provenance, {columns})"
        f" SELECT %s, {columns} FROM churn.models WHERE version = %s RETURNING version",
        *(provenance, version),
    )


def as_logged(value):
    """Return a value as JSON has it in the log."""
    if value != value:
        return None
    return "Infinity" if value == np.inf else value


def log(session, frame, left, scores, version, at=SINCE, profile=CUSTOMERS, keys=None):
    """Log a prediction of each customer, and who of them left ten days later."""
    documents = [
        json.dumps({name: as_logged(value) for name, value in row.items()})
        for row in frame.astype(object).to_dict("records")
    ]
    keys = [str(i) for i in range(1, len(frame) + 1)] if keys is None else keys
    session.run(
        "INSERT INTO churn.predictions"
        " SELECT a.attachment_id, r.key, %s, r.score, r.features, 'batch', %s"
        " FROM churn_internal.attachment_of(%s::regclass) a,"
        " unnest(%s::text[], %s::float8[], %s::json[]) r (key, score, features)",
        *(version, at, profile, keys, list(map(float, scores)), documents),
    )
    leavers = [key for key, one in zip(keys, left) if one]
    session.run(
        "INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)"
        " SELECT a.attachment_id, k, true, %s::timestamptz + interval '10 days', 'call'"
        " FROM churn_internal.attachment_of(%s::regclass) a, unnest(%s::text[]) k",
        *(at, profile, leavers),
    )


def compare(session, champion, challenger, since=SINCE, profile=CUSTOMERS, **options):
    """Return what a comparison finds, by name."""
    given = "".join(f", {name} => %s" for name in options)
    rows = session.run(
        f"SELECT {', '.join(COLUMNS)}"
        f" FROM churn.compare(%s::regclass, %s, %s, %s{given})",
        *(profile, champion, challenger, since, *options.values()),
    )
    found = [dict(zip(COLUMNS, row)) for row in rows]
    return {row["name"]: row for row in found}
