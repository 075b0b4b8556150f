"""Measuring windows of scores against the reference: churn.monitor."""

import pytest

from tests.models import KINDS, fit, training_frame
from tests.monitoring import log_rows, monitor, of_metric, register_with_rows

SINCE = "2026-01-01Z"
UNTIL = "2026-01-02Z"
MODEL = fit()


@pytest.fixture
def monitored(session):
    """A version with a reference of 2,000 rows, and its number."""
    frame, _ = training_frame(rows=2_000)
    version = register_with_rows(session, MODEL, frame)
    session.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    return session, version


def log_window(session, version, rows=1_000, seed=1, **changed):
    """Log rows as those of the reference are, but for columns that are given."""
    frame, _ = training_frame(rows=rows, seed=seed)
    for name, change in changed.items():
        frame[name] = change(frame[name])
    log_rows(session, frame, MODEL.probabilities(frame), SINCE, version)
    return frame


def test_what_is_distributed_as_the_reference_is_ok(monitored):
    session, version = monitored
    log_window(session, version)

    rows = of_metric(monitor(session, SINCE, UNTIL), "psi")

    assert {name: row["verdict"] for name, row in rows.items()} == dict.fromkeys(
        KINDS, "ok"
    )
    assert all(row["n"] == 1_000 and row["value"] < 0.1 for row in rows.values())


def test_a_feature_that_has_shifted_is_found(monitored):
    session, version = monitored
    log_window(session, version, age=lambda values: values * 0.5 + 40)

    rows = of_metric(monitor(session, SINCE, UNTIL), "psi")

    found = [name for name, row in rows.items() if row["verdict"] == "finding"]
    assert found == ["age"]
    assert rows["age"]["value"] > rows["age"]["limit"] == 0.1
