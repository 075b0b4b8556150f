"""The sandbox on the server: what reaches SQL, and what is left behind."""

import json
import threading
import time

import psycopg2
import pytest

from tests.models import default_model, register
from tests.waiting import LONGEST, in_background, observer_of

MODEL = default_model()


def processes_of(observer, backend):
    """Return the child processes of a backend, as the server's own user sees them."""
    observer.run("""
        CREATE OR REPLACE FUNCTION pg_temp.processes()
        RETURNS TABLE (process integer, parent integer)
        LANGUAGE plpython3u AS $$
            import glob
            found = []
            for path in glob.glob("/proc/[0-9]*/stat"):
                try:
                    with open(path, errors="replace") as file:
                        content = file.read()
                except OSError:
                    continue
                # After the name, which may hold anything: the state, the parent.
                parent = content.rpartition(")")[2].split()[1]
                found.append((int(path.split("/")[2]), int(parent)))
            return found
        $$
        """)
    return observer.column(
        "SELECT process FROM pg_temp.processes() WHERE parent = %s", backend
    )


def runs(observer, process):
    """Return whether a process is there."""
    return observer.value(
        "SELECT EXISTS (SELECT FROM pg_temp.processes() p WHERE p.process = %s)",
        process,
    )


def respond_with(session, statement):
    """Let the sandbox of this transaction do something else."""
    session.run(f"""
        CREATE OR REPLACE FUNCTION churn_runtime.sandbox_worker() RETURNS void
        LANGUAGE plpython3u AS $python$
import os, time
def respond(request, *parts):
    {statement}
        $python$
        """)


def wait_for_sandbox(database, backend):
    """Return the process that evaluates for a backend."""
    observer = observer_of(database)
    deadline = time.monotonic() + LONGEST
    while not (found := processes_of(observer, backend)):
        assert time.monotonic() < deadline, "no process was started"
        threading.Event().wait(0.01)
    (process,) = found
    return process


def refused(work):
    """Return the error that ends a background registration."""
    with pytest.raises(psycopg2.Error) as raised:
        work.result(LONGEST)
    return raised.value


@pytest.fixture
def candidate(module_database):
    """Return a session of its own, which a test may lose."""
    session = module_database.session()
    yield session
    session.close()


def test_a_cancel_ends_the_sandbox_at_once(module_database, candidate):
    observer = observer_of(module_database)
    respond_with(candidate, "time.sleep(600)")
    backend = candidate.backend

    with in_background(lambda: register(candidate, MODEL)) as work:
        process = wait_for_sandbox(module_database, backend)
        before = time.monotonic()
        observer.run("SELECT pg_cancel_backend(%s)", backend)
        error = refused(work)

    assert error.pgcode == "57014"
    assert time.monotonic() - before < 5
    assert not runs(observer, process)
    candidate.rollback()
    assert register(candidate, MODEL)


def test_a_statement_timeout_ends_the_sandbox(module_database, candidate):
    observer = observer_of(module_database)
    respond_with(candidate, "while True: pass")
    candidate.run("SET LOCAL statement_timeout = '1s'")

    with pytest.raises(psycopg2.Error) as raised:
        register(candidate, MODEL)

    assert raised.value.pgcode == "57014"
    assert processes_of(observer, candidate.backend) == []
    candidate.rollback()


@pytest.mark.parametrize("statement", ["time.sleep(600)", "while True: pass"])
def test_a_session_that_is_terminated_takes_its_sandbox_along(
    module_database, candidate, statement
):
    observer = observer_of(module_database)
    respond_with(candidate, statement)
    backend = candidate.backend

    with in_background(lambda: register(candidate, MODEL)) as work:
        process = wait_for_sandbox(module_database, backend)
        observer.run("SELECT pg_terminate_backend(%s)", backend)
        refused(work)

    deadline = time.monotonic() + LONGEST
    while runs(observer, process):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.mark.parametrize(
    "statement, sqlstate, said",
    [
        ("os.kill(os.getpid(), 11)", "22023", "signal 11"),
        ("os._exit(0)", "22023", "not responded"),
        ("print('noise')", "22023", "not responded"),
        (
            'print(\'{"failed": ["MemoryError", ""]}\')',
            "54000",
            "It is given 1536 MB",
        ),
    ],
)
def test_how_the_sandbox_ends_is_reported_in_sql(session, statement, sqlstate, said):
    replay = {}
    respond_with(session, statement)

    with pytest.raises(psycopg2.Error) as raised, session.savepoint():
        register(session, MODEL, replay=replay)

    assert raised.value.pgcode == sqlstate
    assert said in raised.value.diag.message_detail
    assert raised.value.diag.message_hint


def test_nothing_is_left_behind(module_database, candidate):
    observer = observer_of(module_database)

    assert register(candidate, MODEL)
    refusal = candidate.refusal(
        "SELECT churn.register_model('churn.customers', 'no pickle', %s, '{}', %s,"
        " '{}', '{}', '{}')",
        json.dumps(MODEL.signature),
        json.dumps(MODEL.environment),
    )

    assert refusal.sqlstate == "55000"
    assert processes_of(observer, candidate.backend) == []
    candidate.rollback()


def test_the_backend_that_registers_reads_no_pickle(module_database):
    session = module_database.session()
    # The active model is a pickle, and warming would read it.
    session.run("""
        CREATE FUNCTION pg_temp.imported() RETURNS boolean
        LANGUAGE plpython3u AS $$
            import sys
            return "sklearn" in sys.modules
        $$
        """)

    assert register(session, MODEL)

    assert session.value("SELECT pg_temp.imported()") is False
    session.rollback()
    session.close()
