"""The nightly jobs of the README, run by pg_cron on a server of the tests' own."""

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

# pg_cron starts a job at full minutes.
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
    pytest.mark.slow(reason="pg_cron starts a job at the full minute"),
    pytest.mark.skipif(
        not (server_directory() / "lib/pg_cron.so").exists(),
        reason="pg_cron is not installed",
    ),
]


@pytest.fixture(scope="module")
def database():
    """A database with pg_cron, customers and a model."""
    with own_server(**SETTINGS) as own:
        database = Database(as_server(own), "postgres")
        database.alembic("upgrade", "head")
        session = database.session()
        populate(session)
        session.run("CREATE EXTENSION pg_cron")
        session.commit()
        yield database
        database.close()


def run_jobs(session, **jobs):
    """Schedule jobs, wait until each has ended, and return how it went."""
    for name, statement in jobs.items():
        session.value("SELECT cron.schedule(%s, '* * * * *', %s)", name, statement)
    deadline = time.monotonic() + LONGEST
    ended = """
        SELECT DISTINCT ON (j.jobname) j.jobname, d.status, d.return_message
        FROM cron.job_run_details d JOIN cron.job j USING (jobid)
        WHERE d.status IN ('succeeded', 'failed') AND j.jobname = ANY (%s)
        ORDER BY j.jobname, d.runid
    """
    while len(found := session.run(ended, list(jobs))) < len(jobs):
        details = "SELECT status, return_message FROM cron.job_run_details"
        assert time.monotonic() < deadline, session.run(details)
        threading.Event().wait(0.2)
    for name in jobs:
        session.run("SELECT cron.unschedule(%s)", name)
    return {name: (status, message) for name, status, message in found}


def test_a_job_of_pg_cron_scores_the_table_committing_after_each_batch(database):
    session = database.session(autocommit=True)
    version = register(session, other_model())
    activate(session, version)

    ((status, message),) = run_jobs(session, rescore=RESCORE).values()

    assert status == "succeeded", message
    assert session.run(
        "SELECT version, state, rows_done FROM churn.rescore_progress"
        " ORDER BY run_id LIMIT 1"
    ) == [(version, "done", 40)]
    batches = "SELECT count(DISTINCT xmin::text) FROM churn.customers"
    assert session.value(batches) == 4
    assert_fresh(session, other_model())


def test_jobs_of_pg_cron_measure_drift_open_an_alert_and_expire_what_is_old(database):
    session = database.session(autocommit=True)
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

    done = run_jobs(session, monitor=MONITOR, expire=EXPIRE)

    assert {status for status, _ in done.values()} == {"succeeded"}, done
    opened = "SELECT metric, version FROM churn.open_alerts WHERE feature = 'age'"
    assert ("psi", version) in session.run(opened)
    assert session.column("SELECT key FROM churn.outbox") == ["2"]


def test_a_job_of_pg_cron_opens_the_request_that_is_due(database):
    session = database.session(autocommit=True)
    session.run(
        "SELECT churn.set_retraining('churn.customers', every => '1 millisecond')"
    )

    ((status, message),) = run_jobs(session, request=REQUEST).values()

    assert status == "succeeded", message
    assert session.run(
        "SELECT profile::text, attempts, decision FROM churn.retraining_requests"
    ) == [("churn.customers", 0, None)]
    session.run("SELECT churn.set_retraining('churn.customers')")


def test_a_job_of_pg_cron_takes_the_steps_of_a_release(database):
    session = database.session(autocommit=True)
    activate(session, register(session, other_model()))
    challenger = register(session, fit())
    session.run(RELEASE, challenger, [50.0, 100.0], LENIENT)
    session.run(EVERYBODY)

    ((status, message),) = run_jobs(session, releases=ADVANCE).values()

    assert status == "succeeded", message
    assert session.row(STATE)[0] == "promoted"
