"""The nightly job of the README, run by pg_cron on a server of the tests' own."""

import threading
import time

import pytest
from pgchurn.loader.private_server import server_directory

from tests.databases import Database
from tests.models import activate, assert_fresh, other_model, populate, register
from tests.own_server import as_server, own_server

# pg_cron starts a job at full minutes.
LONGEST = 90
SETTINGS = {
    "shared_preload_libraries": "pg_cron",
    "cron.database_name": "postgres",
    "cron.use_background_workers": "on",
}
JOB = "CALL churn.rescore('churn.customers', 10, rows_per_second => 20000)"

pytestmark = [
    pytest.mark.slow(reason="pg_cron starts a job at the full minute"),
    pytest.mark.skipif(
        not (server_directory() / "lib/pg_cron.so").exists(),
        reason="pg_cron is not installed",
    ),
]


def wait_until(session, condition):
    deadline = time.monotonic() + LONGEST
    while not session.value(condition):
        assert time.monotonic() < deadline, session.run(
            "SELECT status, return_message FROM cron.job_run_details"
        )
        threading.Event().wait(0.2)


def test_a_job_of_pg_cron_scores_the_table_committing_after_each_batch():
    with own_server(**SETTINGS) as own:
        database = Database(as_server(own), "postgres")
        database.alembic("upgrade", "head")
        session = database.session(autocommit=True)
        session.run("BEGIN")
        populate(session)
        session.run("COMMIT")
        version = register(session, other_model())
        activate(session, version)
        session.run("CREATE EXTENSION pg_cron")

        session.value("SELECT cron.schedule('rescore customers', '* * * * *', %s)", JOB)
        wait_until(
            session,
            "SELECT EXISTS (SELECT FROM cron.job_run_details"
            " WHERE status IN ('succeeded', 'failed'))",
        )

        status = "SELECT status FROM cron.job_run_details ORDER BY runid LIMIT 1"
        assert session.value(status) == "succeeded"
        assert session.run(
            "SELECT version, state, rows_done FROM churn.rescore_progress"
            " ORDER BY run_id LIMIT 1"
        ) == [(version, "done", 40)]
        batches = "SELECT count(DISTINCT xmin::text) FROM churn.customers"
        assert session.value(batches) == 4
        assert_fresh(session, other_model())
        database.close()
