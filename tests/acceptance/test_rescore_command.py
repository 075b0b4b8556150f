"""`pgchurn rescore`: workers, interruptions and what it says of them."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import threading

import pytest

from tests.databases import CHECKOUT
from tests.models import activate, divergences, fit, other_model, register_once

LONGEST = 60
VERSIONS = "SELECT DISTINCT churn_model_version FROM churn.customers"
STATES = "SELECT state, rows_done, workers FROM churn.rescore_progress ORDER BY run_id"


@pytest.fixture
def database(trained_database):
    return trained_database


@pytest.fixture
def owner(database):
    """A superuser's session; the active version has scored no row yet."""
    session = database.session(autocommit=True)
    activate(session, register_once(session, other_model()))
    return session


@contextlib.contextmanager
def pgchurn(database, *arguments, **options):
    """The command in a process of its own, which is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pgchurn.loader", *arguments],
        cwd=CHECKOUT,
        env=database.environment(),
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def held(database, owner, *arguments):
    """The command while its only worker waits for a row after 20 others."""
    holder = database.session()
    holder.run("UPDATE churn.customers SET age = 50 WHERE customer_id = 25")
    with pgchurn(database, "rescore", "--batch-size", "10", *arguments) as process:
        wait_for_worker(database, owner, holder)
        yield process, holder
    holder.rollback()


def wait_for_worker(database, owner, holder):
    """Return the process number of the session that waits for the holder."""
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL churn.rescore%%'"
        " AND datname = current_database() AND %s = ANY (pg_blocking_pids(pid))"
    )
    for _ in range(LONGEST * 20):
        found = owner.column(waiting, holder.backend)
        if found:
            return found[0]
        threading.Event().wait(0.05)
    pytest.fail("no worker waits")


def wait_until_nobody_works(owner):
    for _ in range(LONGEST * 20):
        if all(workers == 0 for _, _, workers in owner.run(STATES)):
            return
        threading.Event().wait(0.05)
    pytest.fail("a worker goes on")


def finished(process):
    out, err = process.communicate(timeout=LONGEST)
    return process.returncode, out, err


def test_several_workers_score_the_table(database, owner):
    with pgchurn(database, "rescore", "--workers", "3", "--format", "json") as process:
        status, out, _ = finished(process)

    active = owner.value("SELECT version FROM churn.active_deployments")
    assert status == 0
    assert json.loads(out) == {"rows": 40, "version": active}
    assert owner.column(VERSIONS) == [active]
    assert divergences(owner) == []


def test_a_version_is_activated_and_scores_the_table_in_one_go(database, owner):
    version = register_once(owner, fit(seed=7))
    arguments = ("activate", str(version), "--rescore", "--workers", "2")

    with pgchurn(database, *arguments) as process:
        status, out, err = finished(process)

    assert (status, out) == (
        0,
        f"Scored 40 rows of churn.customers with version {version}.\n",
    )
    assert err == f"Version {version} is active.\n"
    assert owner.column(VERSIONS) == [version]


def test_a_killed_client_takes_its_session_along_and_the_same_command_goes_on(
    database, owner
):
    with held(database, owner) as (process, _):
        process.kill()
        process.wait()
        wait_until_nobody_works(owner)
        assert owner.run(STATES) == [("interrupted", 20, 0)]

    with pgchurn(database, "rescore") as process:
        status, out, err = finished(process)

    assert status == 0 and out.startswith("Scored 40 rows")
    assert "goes on after 20 of about 40 rows" in err
    assert owner.run(STATES) == [("done", 40, 0)]


def test_an_interrupted_client_says_where_it_stopped(database, owner):
    with held(database, owner) as (process, _):
        process.send_signal(signal.SIGINT)
        status, out, err = finished(process)
        assert owner.run(STATES) == [("interrupted", 20, 0)]

    assert (status, out) == (1, "")
    assert err == (
        "pgchurn: interrupted after 20 of about 40 rows; the same command goes on from"
        " there\n"
    )


def test_a_lost_session_is_an_error_that_says_where_it_stopped(database, owner):
    with held(database, owner) as (process, holder):
        worker = wait_for_worker(database, owner, holder)
        owner.run("SELECT pg_terminate_backend(%s)", worker)
        status, _, err = finished(process)

    assert status == 1
    assert err.startswith(
        "pgchurn: stopped after 20 of about 40 rows; the same command goes on from"
        " there\npgchurn: "
    )


def test_the_other_worker_does_the_rows_of_a_lost_one(database, owner):
    holder = database.session()
    holder.run("UPDATE churn.customers SET age = 50 WHERE customer_id = 25")
    arguments = ("rescore", "--batch-size", "10", "--workers", "2")
    with pgchurn(database, *arguments) as process:
        worker = wait_for_worker(database, owner, holder)
        owner.run("SELECT pg_terminate_backend(%s, 20000)", worker)
        holder.rollback()
        status, out, err = finished(process)

    assert status == 0 and out.startswith("Scored 40 rows")
    assert err.startswith("pgchurn: a worker was lost and the others did its rows: ")


def test_a_run_can_be_begun_anew(database, owner):
    with held(database, owner) as (process, _):
        process.send_signal(signal.SIGINT)
        process.wait()

    with pgchurn(database, "rescore", "--restart") as process:
        assert finished(process)[0] == 0

    assert owner.run(STATES) == [("abandoned", 20, 0), ("done", 40, 0)]


def test_an_error_of_the_model_is_shown_once(database, owner):
    owner.run("SELECT churn.set_on_error('churn.customers', 'raise')")
    owner.run("SET session_replication_role = replica")
    owner.run("UPDATE churn.customers SET data_usage_gb = 'infinity'")

    with pgchurn(database, "rescore", "--workers", "2") as process:
        status, _, err = finished(process)

    assert status == 1
    assert err.count("is infinite") == 1


def test_a_terminal_sees_how_far_it_is(database, owner):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    arguments = ("rescore", "--rows-per-second", "10")
    with pgchurn(database, *arguments, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):
            while part := os.read(ours, 4096):
                shown += part
        assert process.wait(LONGEST) == 0
    os.close(ours)

    assert b"scoring churn.customers" in shown and b"/40 [" in shown
