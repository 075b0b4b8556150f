"""The command behind pgbouncer, which lends a session to each transaction."""

import contextlib
import signal
import subprocess
from pathlib import Path

import psycopg2
import pytest
from pgchurn.loader import private_server
from pgchurn.loader.command_line import main
from psycopg2.extensions import make_dsn, parse_dsn

from tests.databases import Session
from tests.models import assert_fresh, default_model
from tests.own_server import directories
from tests.working import Process, looks, wait_for

PGBOUNCER = Path("/usr/sbin/pgbouncer")
PORT = 6432
SETTINGS = """\
[databases]
* = {server}
[pgbouncer]
pool_mode = transaction
default_pool_size = {sessions}
auth_type = any
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
logfile = {folder}/log
"""
SESSIONS = 3
# What a client might leave to the next.
LEFT = """
    SELECT current_setting('statement_timeout'),
           current_setting('client_connection_check_interval'),
           (SELECT count(*) FROM pg_listening_channels()),
           (SELECT count(*) FROM pg_locks
            WHERE pid = pg_backend_pid() AND locktype = 'advisory')
"""
WAITING = "SELECT sum(waiting) FROM churn.queue"

pytestmark = [
    pytest.mark.skipif(not PGBOUNCER.exists(), reason="pgbouncer is not installed"),
    pytest.mark.slow(reason="starts a pooler and workers"),
]


@pytest.fixture
def pooled(trained_database):
    """How to connect to the database through a pooler in transaction mode."""
    parts = parse_dsn(trained_database.url)
    name = parts.pop("dbname")
    server = " ".join(
        f"{part}={parts[part]}"
        for part in ("host", "port", "user", "password")
        if part in parts
    )
    with directories(1) as (folder,), contextlib.ExitStack() as stack:
        (folder / "settings").write_text(
            SETTINGS.format(server=server, folder=folder, port=PORT, sessions=SESSIONS)
        )
        process = stack.enter_context(
            subprocess.Popen(
                [PGBOUNCER, "-q", folder / "settings"],
                stdin=subprocess.DEVNULL,
                **private_server.server_identity(),
            )
        )
        stack.callback(process.terminate)
        wait_for(lambda: (folder / f".s.PGSQL.{PORT}").exists())
        yield make_dsn(host=str(folder), port=PORT, user=parts["user"], dbname=name)


@pytest.fixture
def queued(trained_database):
    session = trained_database.session(autocommit=True)
    session.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    return session


def left_in_sessions(url):
    """Return what clients have left in each of the pooler's sessions."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(SESSIONS):
            # Held by its transaction, so that the next gets another.
            connection = stack.enter_context(contextlib.closing(psycopg2.connect(url)))
            found.append(Session(connection).row(LEFT))
        return found


def test_a_worker_works_and_leaves_nothing(pooled, queued):
    untouched = left_in_sessions(pooled)
    worker = Process(pooled)
    with worker.process:
        wait_for(lambda: looks(queued))
        queued.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")
        worker.report_of(2)
        # While it is about, too.
        assert left_in_sessions(pooled) == untouched

        assert worker.end(signal.SIGTERM)[0] == 0

    assert left_in_sessions(pooled) == untouched
    assert_fresh(queued, default_model())


def test_a_killed_worker_leaves_nothing_either(pooled, queued):
    untouched = left_in_sessions(pooled)
    worker = Process(pooled)
    with worker.process:
        wait_for(lambda: looks(queued))
        worker.process.kill()

    assert left_in_sessions(pooled) == untouched
    queued.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    assert main(["work", "--drain", "--database-url", pooled]) == 0
    assert queued.value(WAITING) == 0


def test_a_table_is_rescored_and_nothing_is_left(pooled, queued):
    untouched = left_in_sessions(pooled)

    rescore = ["rescore", "--workers", "2", "--batch-size", "7"]
    assert main([*rescore, "--database-url", pooled]) == 0

    assert left_in_sessions(pooled) == untouched


@pytest.mark.parametrize(
    "command", ["doctor", "verify", "models", "show 1", "activate 1"]
)
def test_other_commands_work_there_as_well(pooled, command):
    assert main([*command.split(), "--database-url", pooled]) == 0
