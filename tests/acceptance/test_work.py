"""``pgchurn work``: processes that score whom queued mode has marked."""

import contextlib
import json
import signal
import subprocess
import sys

import pytest
from pgchurn.loader.command_line import main

from tests.databases import CHECKOUT
from tests.models import assert_fresh, default_model, divergences, populate
from tests.own_server import as_server, own_server
from tests.working import Process, looks, wait_for

MODEL = default_model()
COMPLAIN = "INSERT INTO churn.complaints (customer_id) VALUES (%s)"
EVERYBODY = (
    "INSERT INTO churn.complaints (customer_id) SELECT customer_id FROM churn.customers"
)
WAITING = "SELECT sum(waiting) FROM churn.queue"


@pytest.fixture
def start():
    with contextlib.ExitStack() as stack:

        def start(url, *options):
            worker = Process(url, *options)
            stack.enter_context(worker.process)
            stack.callback(worker.process.kill)
            return worker

        yield start


@pytest.fixture
def queued(trained_database):
    session = trained_database.session(autocommit=True)
    session.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    return session


def test_a_drain_scores_all_who_wait_and_ends(
    queued, trained_database, monkeypatch, capsys
):
    queued.run(EVERYBODY)
    monkeypatch.setenv("DATABASE_URL", trained_database.url)

    assert main(["work", "--drain", "--batch-size", "7"]) == 0

    assert capsys.readouterr().out == "Scored 40 customers; 0 failures.\n"
    assert_fresh(queued, MODEL)


def test_once_is_one_batch(queued, trained_database, monkeypatch, capsys):
    queued.run(EVERYBODY)
    monkeypatch.setenv("DATABASE_URL", trained_database.url)

    command = ["work", "--once", "--batch-size", "7", "--table", "churn.customers"]
    assert main([*command, "--format", "json"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["scored"], report["waiting"]) == (7, 33)
    assert report["oldest_seconds"] > 0
    assert queued.value(WAITING) == 33


def test_a_drain_leaves_what_fails_for_later(
    queued, trained_database, monkeypatch, capsys
):
    queued.run("SET session_replication_role = replica")
    queued.run(
        "UPDATE churn.customers SET data_usage_gb = 'infinity' WHERE customer_id = 1"
    )
    queued.run("RESET session_replication_role")
    queued.run(EVERYBODY)
    monkeypatch.setenv("DATABASE_URL", trained_database.url)

    assert main(["work", "--drain"]) == 0

    assert capsys.readouterr().out == "Scored 39 customers; 1 failures.\n"
    assert queued.value(WAITING) == 1


@pytest.mark.parametrize(
    "options",
    [["--batch-size", "0"], ["--poll", "0"], ["--poll", "nan"], ["--once", "--drain"]],
)
def test_wrong_usage_exits_with_2(options, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["work", *options])

    assert ended.value.code == 2


def test_a_table_that_is_not_attached_is_refused(trained_database, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", trained_database.url)

    assert main(["work", "--table", "churn.models"]) == 1

    assert "table churn.models is not attached" in capsys.readouterr().err


@pytest.mark.alone
def test_a_worker_without_work_sees_a_complaint_soon(queued, trained_database, start):
    worker = start(trained_database.url)
    wait_for(lambda: looks(queued))
    for customer in (1, 2, 3):
        queued.run(COMPLAIN, customer)
        worker.report_of(customer)

    assert worker.end(signal.SIGTERM)[0] == 0
    assert_fresh(queued, MODEL)
    waited = queued.value(
        "SELECT max(p.churn_scored_at - c.complained_at)"
        " FROM churn.customers p JOIN churn.complaints c USING (customer_id)"
        # The first score of a session loads packages.
        " WHERE customer_id IN (2, 3) AND c.complained_at = p.last_complaint_at"
    )
    assert waited.total_seconds() < 1


def test_a_worker_leaves_nothing_in_its_session(queued, trained_database, start):
    worker = start(trained_database.url)
    queued.run(COMPLAIN, 1)
    worker.report_of(1)

    # What is left is seen each time; a worker that wakes up between the reading of one
    # view and the other is not.
    held = (
        "SELECT l.locktype FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE a.application_name = 'pgchurn' AND a.state = 'idle'"
    )
    assert [] in [queued.column(held) for _ in range(5)]
    assert (
        queued.column(
            "SELECT query FROM pg_stat_activity WHERE application_name = 'pgchurn'"
            " AND query ~* '^(SET (?!LOCAL)|LISTEN)'"
        )
        == []
    )


def test_a_worker_sees_a_mark_of_any_kind(queued, trained_database, start):
    worker = start(trained_database.url, "--poll", "0.1")
    wait_for(lambda: looks(queued))

    queued.run(
        "INSERT INTO churn_internal.failed_profiles (attachment_id, key)"
        " VALUES (1, '1')"
    )

    assert worker.report_of(1)["waiting"] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_end_finishes_its_batch(
    queued, trained_database, start, number
):
    other = trained_database.session()
    queued.run(
        "INSERT INTO churn.customers (customer_id, age) SELECT i, 50"
        " FROM generate_series(100, 3000) i"
    )
    # What it has scored it cannot write yet, since this holds up its UPDATE.
    other.run("LOCK TABLE churn_internal.failed_profiles IN SHARE MODE")
    worker = start(trained_database.url, "--batch-size", "2000")
    blocked = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted"
        " AND relation = 'churn_internal.failed_profiles'::regclass AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    wait_for(lambda: queued.value(blocked))

    worker.process.send_signal(number)
    other.rollback()

    assert worker.end() == (0, "")
    assert queued.value(WAITING) == 901
    assert (
        queued.value(
            "SELECT count(*) FROM churn.customers"
            " WHERE customer_id >= 100 AND churn_score IS NOT NULL"
        )
        == 2000
    )


def test_what_a_killed_worker_had_in_hand_is_done_by_another(
    queued, trained_database, start
):
    other = trained_database.session()
    queued.run(EVERYBODY)
    other.run("LOCK TABLE churn_internal.failed_profiles IN SHARE MODE")
    killed = start(trained_database.url)
    blocked = (
        "SELECT pid FROM pg_locks WHERE NOT granted"
        " AND relation = 'churn_internal.failed_profiles'::regclass AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    wait_for(lambda: queued.run(blocked))
    backend = queued.value(blocked)

    assert killed.end(signal.SIGKILL)[0] == -signal.SIGKILL
    # Its session, which has lost its client, would end the batch all the same.
    queued.run("SELECT pg_terminate_backend(%s, 10000)", backend)
    other.rollback()
    assert queued.value(WAITING) == 40
    others = [start(trained_database.url, "--drain") for _ in range(2)]

    assert [worker.end()[0] for worker in others] == [0, 0]
    assert queued.value(WAITING) == 0
    assert_fresh(queued, MODEL)


def test_modes_are_switched_while_writers_and_a_worker_are_at_work(
    queued, trained_database, start
):
    worker = start(trained_database.url, "--batch-size", "5", "--poll", "0.1")
    writers = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", WRITER, trained_database.url, str(seed)),
            ],
            cwd=CHECKOUT,
        )
        for seed in range(3)
    ]
    switches = 0
    while any(writer.poll() is None for writer in writers):
        mode = ("inline", "queued")[switches % 2]
        queued.run("SELECT churn.set_scoring_mode('churn.customers', %s)", mode)
        switches += 1
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert switches > 4
    wait_for(lambda: queued.value(WAITING) == 0)

    assert worker.end(signal.SIGTERM) == (0, "")
    complaints = "SELECT count(*) FROM churn.complaints WHERE channel = 'test'"
    assert queued.value(complaints) == 3 * 300
    assert_fresh(queued, MODEL)


WRITER = """
import random, sys
import psycopg2
connection = psycopg2.connect(sys.argv[1])
connection.autocommit = True
cursor = connection.cursor()
random.seed(sys.argv[2])
for _ in range(300):
    cursor.execute(
        "INSERT INTO churn.complaints (customer_id, channel) VALUES (%s, 'test')",
        [random.randint(1, 40)],
    )
"""


@pytest.mark.slow(reason="starts a server three times")
def test_a_worker_survives_the_servers_restart(start):
    with own_server() as own:
        server = as_server(own)
        with server.database("restart") as database:
            database.alembic("upgrade", "head")
            session = database.session(autocommit=True)
            populate(session)
            session.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
            worker = start(database.url)
            wait_for(lambda: looks(session))

            for number in (signal.SIGINT, signal.SIGQUIT):
                own.end(number)
                own.start()
                session = database.session(autocommit=True)
                session.run(EVERYBODY)
                wait_for(lambda: session.value(WAITING) == 0)

            status, said = worker.end(signal.SIGTERM)
            assert status == 0
            assert "trying again in 0.1 s" in said
            assert "connected again" in said
            assert divergences(session) == []
