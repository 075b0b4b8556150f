"""Several sessions that monitor, and what becomes of one that is interrupted."""

import re
import threading
import time

import psycopg2
import pytest

from tests.imported import imported_modules, modules_of_scoring
from tests.models import fit, training_frame
from tests.monitoring import monitor, of_metric, register_with_rows
from tests.waiting import in_background, wait_until_blocked

WINDOWS = "SELECT DISTINCT since, until FROM churn.monitor_results ORDER BY until"
OF_MONITORING = re.compile("monitor|^scipy")
MONITOR = "SELECT count(*) FROM churn.monitor('churn.customers')"
MANY = """
    INSERT INTO churn.predictions
    SELECT 1, i::text, %s, random(), json_build_object(
               'age', i %% 60, 'monthly_charges', random(), 'data_usage_gb', 1,
               'contract', 'one year', 'paperless_billing', true, 'complaint_count', 0
           ), 'batch', timestamptz '2026-01-01Z' + i * interval '1 millisecond'
    FROM generate_series(1, 300000) i
"""


def test_one_of_two_waits_and_begins_where_the_other_has_ended(
    first, second, module_database
):
    first.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    first.commit()
    first.run(MONITOR)
    first.run("SELECT pg_sleep(0.01)")
    with in_background(lambda: second.run(MONITOR)) as waiting:
        wait_until_blocked(module_database, second, first)
        first.commit()
        waiting.result()
    second.commit()
    second.run(MONITOR)
    second.commit()

    windows = second.run(WINDOWS)

    assert len(windows) == 3
    assert [since for since, _ in windows[1:]] == [until for _, until in windows[:-1]]


def test_two_of_the_same_window_leave_it_once(first, second, module_database):
    window = ("2020-01-01Z", "2020-01-02Z")
    once = monitor(first, *window)
    with in_background(lambda: monitor(second, *window)) as waiting:
        wait_until_blocked(module_database, second, first)
        first.commit()
        assert waiting.result() == once
    second.commit()

    assert len(once) == second.value(
        "SELECT count(*) FROM churn.monitor_results WHERE until = '2020-01-02Z'"
    )


def test_neither_writers_nor_readers_wait_for_a_monitor(first, second):
    # Makes this month's partition of the log, which waits for whoever reads it.
    first.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    first.commit()
    first.run(MONITOR)
    second.run("SET LOCAL lock_timeout = '1s'")

    second.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    second.run("UPDATE churn.customers SET age = 33 WHERE customer_id = 2")
    second.run("SELECT * FROM churn.drift")
    second.run("SELECT churn.expire_monitor_results('1 year')")
    second.run("SELECT churn.set_prediction_log('churn.customers', 1)")


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_would_miss_what_others_measured_is_refused(first, level):
    first.run(f"SET TRANSACTION ISOLATION LEVEL {level}")

    refused = first.refusal(MONITOR)

    assert refused.sqlstate == "25001"
    assert refused.message == (
        f"profiles cannot be monitored in a {level.lower()} transaction"
    )


def test_what_is_rolled_back_was_not_measured(first):
    before = first.value("SELECT count(*) FROM churn.monitor_results")
    first.run(MONITOR)
    first.rollback()

    assert first.value("SELECT count(*) FROM churn.monitor_results") == before


@pytest.mark.alone
@pytest.mark.slow(reason="logs 300,000 rows")
def test_a_cancel_takes_effect_and_leaves_nothing(trained_database):
    session = trained_database.session()
    frame, _ = training_frame(rows=200)
    version = register_with_rows(session, fit(), frame)
    session.run(MANY, version)
    session.commit()
    connection = session.connection
    takes = []
    for _ in range(2):
        began = time.monotonic()
        monitor(session)
        takes.append(time.monotonic() - began)
        session.rollback()
    waits = []
    for part in (0.2, 0.4, 0.6):
        delay = part * min(takes)
        told = []

        def cancel(told=told):
            told.append(time.monotonic())
            connection.cancel()

        timer = threading.Timer(delay, cancel)
        timer.start()
        with pytest.raises(psycopg2.errors.QueryCanceled):
            monitor(session)
        waits.append(time.monotonic() - told[0])
        timer.join()
        session.rollback()

    assert max(waits) < 0.5
    assert session.value("SELECT count(*) FROM churn.monitor_results") == 0
    assert of_metric(monitor(session), "mean_score")[None]["n"] == 300_000


def test_a_session_that_does_not_monitor_imports_nothing_for_it(trained_database):
    session = trained_database.session()

    scoring = modules_of_scoring(session)
    monitor(session)

    assert not [name for name in scoring if OF_MONITORING.search(name)]
    assert [name for name in imported_modules(session) if OF_MONITORING.search(name)]
