"""The nightly jobs of the README, run by pg_cron on a server of the tests' own."""

import contextlib
import threading
import time

import pytest
from pgchurn.loader.private_server import server_directory

from tests.databases import Database
from tests.models import (
    activate,
    assert_fresh,
    fit,
    other_model,
    populate,
    register,
    training_frame,
)
from tests.monitoring import log_rows, register_with_rows
from tests.own_server import as_server, own_server
from tests.releases import EVERYBODY, LENIENT, RELEASE, STATE

# pg_cron starts jobs at full minutes.
LONGEST = 90
SETTINGS = {
    "shared_preload_libraries": "pg_cron",
    "cron.database_name": "postgres",
    "cron.use_background_workers": "on",
}
RESCORE = "CALL churn.rescore('churn.customers', 10, rows_per_second => 20000)"
MONITOR = "SELECT count(*) FROM churn.monitor('churn.customers')"
ADVANCE = "SELECT churn.advance_releases()"
REQUEST = "SELECT count(*) FROM churn.open_retraining_requests()"
EXPIRE = (
    "SELECT churn.expire_predictions('1 year'), churn.expire_outcomes('2 years'),"
    " churn.expire_monitor_results('2 years'), churn.expire_outbox('7 days')"
)

pytestmark = [
    pytest.mark.slow(reason="pg_cron starts jobs at the full minute"),
    pytest.mark.skipif(
        not (server_directory() / "lib/pg_cron.so").exists(),
        reason="pg_cron is not installed",
    ),
]


def to_rescore(session):
    """Leave all customers for a job to score, and return the version."""
    version = register(session, other_model())
    activate(session, version)
    return version


def to_measure(session):
    """Log a feature that has drifted for two days, and return the version."""
    model = fit()
    version = register_with_rows(session, model, training_frame(rows=2_000)[0])
    session.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    for hours in (36, 12):
        rows, _ = training_frame(rows=1_000, seed=hours)
        rows["age"] = rows["age"] * 0.5 + 50
        at = session.value(f"SELECT now() - interval '{hours} hours'")
        log_rows(session, rows, model.probabilities(rows), version, at)
    # As the night before.
    session.run(
        "SELECT churn.monitor('churn.customers', until => now() - interval '1 day')"
    )
    assert session.run("SELECT * FROM churn.open_alerts") == []
    session.run("SELECT churn.set_outbox('churn.customers', 'every')")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")
    session.run(
        "UPDATE churn.outbox SET scored_at = now() - interval '8 days' WHERE key = '1'"
    )
    return version


def to_retrain(session):
    """Have a retraining be due."""
    session.run(
        "SELECT churn.set_retraining('churn.customers', every => '1 millisecond')"
    )


def to_release(session):
    """Leave a release at its first step, which has scored everybody."""
    activate(session, register(session, other_model()))
    challenger = register(session, fit())
    session.run(RELEASE, challenger, [50.0, 100.0], LENIENT)
    session.run(EVERYBODY)


# The jobs of a night, each with what there is for it to do.
NIGHT = {
    to_rescore: [RESCORE],
    to_measure: [MONITOR, EXPIRE],
    to_retrain: [REQUEST],
    to_release: [ADVANCE],
}


@pytest.fixture(scope="module")
def night():
    """A session for each preparation, after its jobs, and what that has returned.

    Each has a database of its own, so that all wait for the same full minute.
    """
    with contextlib.ExitStack() as stack:
        server = as_server(stack.enter_context(own_server(**SETTINGS)))
        migrated = stack.enter_context(server.database("migrated"))
        migrated.alembic("upgrade", "head")
        with contextlib.closing(migrated.session()) as session:
            populate(session)
            session.commit()
        jobs, prepared = [], {}
        for prepare, statements in NIGHT.items():
            database = stack.enter_context(
                server.database(prepare.__name__, migrated.name)
            )
            session = database.session(autocommit=True)
            prepared[prepare] = session, prepare(session)
            jobs += [(database.name, statement) for statement in statements]
        maintenance = Database(server, "postgres")
        stack.callback(maintenance.close)
        run_jobs(maintenance.session(autocommit=True), jobs)
        yield prepared


def run_jobs(session, jobs):
    """Schedule statements in databases, and wait until each has succeeded."""
    session.run("CREATE EXTENSION pg_cron")
    for number, (database, statement) in enumerate(jobs):
        session.value(
            "SELECT cron.schedule_in_database(%s, '* * * * *', %s, %s)",
            f"job {number}",
            statement,
            database,
        )
    deadline = time.monotonic() + LONGEST
    ended = """
        SELECT DISTINCT ON (jobid) command, status, return_message
        FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')
        ORDER BY jobid, runid
    """
    while len(found := session.run(ended)) < len(jobs):
        details = "SELECT command, status, return_message FROM cron.job_run_details"
        assert time.monotonic() < deadline, session.run(details)
        threading.Event().wait(0.2)
    session.run("SELECT cron.unschedule(jobid) FROM cron.job")
    assert {status for _, status, _ in found} == {"succeeded"}, found


def test_a_job_of_pg_cron_scores_the_table_committing_after_each_batch(night):
    session, version = night[to_rescore]

    assert session.run(
        "SELECT version, state, rows_done FROM churn.rescore_progress"
        " ORDER BY run_id LIMIT 1"
    ) == [(version, "done", 40)]
    batches = "SELECT count(DISTINCT xmin::text) FROM churn.customers"
    assert session.value(batches) == 4
    assert_fresh(session, other_model())


def test_jobs_of_pg_cron_measure_drift_open_an_alert_and_expire_what_is_old(night):
    session, version = night[to_measure]

    opened = "SELECT metric, version FROM churn.open_alerts WHERE feature = 'age'"
    assert ("psi", version) in session.run(opened)
    assert session.column("SELECT key FROM churn.outbox") == ["2"]


def test_a_job_of_pg_cron_opens_the_request_that_is_due(night):
    session, _ = night[to_retrain]

    assert session.run(
        "SELECT profile::text, attempts, decision FROM churn.retraining_requests"
    ) == [("churn.customers", 0, None)]


def test_a_job_of_pg_cron_takes_the_steps_of_a_release(night):
    session, _ = night[to_release]

    assert session.row(STATE)[0] == "promoted"
