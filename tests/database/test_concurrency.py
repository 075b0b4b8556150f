"""Two sessions, step by step; each test leaves the tables as a whole consistent."""

import threading
from concurrent.futures import FIRST_COMPLETED, wait

import psycopg2.errors
import pytest

from tests.models import (
    activate,
    assert_fresh,
    default_model,
    deploy,
    divergences,
    fit,
    other_model,
    register_once,
)
from tests.statements import INFINITE, overwrite
from tests.waiting import in_background, wait_until_blocked

MODEL = default_model()
COUNT = "SELECT complaint_count FROM churn.customers WHERE customer_id = %s"
ONE = "INSERT INTO churn.complaints (customer_id) VALUES (1)"
MANY = "INSERT INTO churn.complaints (customer_id) VALUES (1), (2), (3)"
DELETE = (
    "DELETE FROM churn.complaints WHERE complaint_id ="
    " (SELECT max(complaint_id) FROM churn.complaints WHERE customer_id = 2)"
)
MOVE = "UPDATE churn.complaints SET customer_id = 1 WHERE customer_id = 5"
FEATURE = "UPDATE churn.customers SET age = 20 + random() * 50 WHERE customer_id <= 3"
TWO = "INSERT INTO churn.complaints (customer_id) VALUES (2)"


@pytest.mark.parametrize(
    "earlier, later",
    [
        (ONE, ONE),
        (ONE, MANY),
        (MANY, ONE),
        (MANY, MANY),
        (TWO, DELETE),
        (DELETE, TWO),
        (DELETE, MANY),
        (MANY, DELETE),
        (MOVE, ONE),
        (ONE, MOVE),
        (FEATURE, ONE),
        (ONE, FEATURE),
        (FEATURE, MANY),
        (MANY, FEATURE),
        (FEATURE, DELETE),
        (DELETE, FEATURE),
    ],
)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_the_later_statement_waits_and_both_are_right(
    first, second, module_database, earlier, later, end
):
    first.run("DELETE FROM churn.complaints WHERE customer_id IN (2, 5)")
    first.run("INSERT INTO churn.complaints (customer_id) VALUES (2), (2), (2), (5)")
    first.commit()
    first.run(earlier)

    with in_background(lambda: second.run(later)) as done:
        wait_until_blocked(module_database, second)
        getattr(first, end)()
        done.result(timeout=20)
    second.commit()

    assert_fresh(first, MODEL)


def test_a_batch_that_is_rescored_gives_way_to_what_changes_its_rows(
    first, second, module_database
):
    other = register_once(first, other_model())
    activate(first, other)
    first.commit()
    changes_3, changes_7, complains = (module_database.session() for _ in range(3))
    # By place row 4 comes last.
    first.run("UPDATE churn.customers SET age = 50 WHERE customer_id = 4")
    first.commit()
    second.run("SET LOCAL lock_timeout = '60 s'")
    changes_3.run("UPDATE churn.customers SET age = 32 WHERE customer_id = 3")
    changes_7.run("UPDATE churn.customers SET age = 31 WHERE customer_id = 7")

    with in_background(
        lambda: second.run("SELECT churn_internal.rescore_profiles_1(NULL, NULL, 100)")
    ) as rescored:
        wait_until_blocked(module_database, second, by=changes_3)
        changes_3.commit()
        wait_until_blocked(module_database, second, by=changes_7)
        # The batch has missed row 3 and written row 4, which this waits for.
        with in_background(
            lambda: complains.run(
                "INSERT INTO churn.complaints (customer_id) VALUES (3), (4)"
            )
        ) as complained:
            wait_until_blocked(module_database, complains, by=second)
            changes_7.commit()
            # The batch lets go of all rows and begins again. Whoever is first to lock
            # row 3 then is waited for by the other.
            wait([rescored, complained], timeout=20, return_when=FIRST_COMPLETED)
            work = [(rescored, second), (complained, complains)]
            for done, session in sorted(work, key=lambda pair: not pair[0].done()):
                done.result(timeout=20)
                session.commit()

    versions = "SELECT DISTINCT churn_model_version FROM churn.customers"
    assert first.column(versions) == [other]
    assert divergences(first) == []
    deploy(first, MODEL)
    first.commit()


def test_two_complaints_of_one_customer_are_both_counted(
    first, second, module_database
):
    before = first.value(COUNT, 1)
    first.run(ONE)

    with in_background(lambda: second.run(ONE)) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        done.result(timeout=20)
    second.commit()

    assert first.value(COUNT, 1) == before + 2


def test_complaints_of_different_customers_do_not_wait(first, second):
    second.run("SET LOCAL lock_timeout = '5s'")
    first.run("INSERT INTO churn.complaints (customer_id) VALUES (11), (12)")

    second.run("INSERT INTO churn.complaints (customer_id) VALUES (13), (14)")

    first.commit()
    second.commit()
    assert_fresh(first, MODEL)


@pytest.mark.parametrize("complain", [ONE, MANY])
def test_a_foreign_key_check_does_not_wait_for_a_score(first, second, complain):
    first.run(
        "CREATE TABLE IF NOT EXISTS public.orders"
        " (customer bigint REFERENCES churn.customers)"
    )
    first.commit()
    first.run(complain)

    second.run("SET LOCAL lock_timeout = '5s'")
    second.run("INSERT INTO public.orders VALUES (1)")

    second.commit()
    first.commit()


@pytest.mark.parametrize("later", [ONE, MANY, "DELETE FROM churn.complaints"])
def test_repeatable_read_is_told_to_try_again(first, second, module_database, later):
    second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    second.value(COUNT, 1)
    first.run(ONE)
    first.commit()

    with pytest.raises(psycopg2.errors.SerializationFailure):
        second.run(later)

    second.rollback()
    assert_fresh(first, MODEL)


def test_a_truncate_that_cannot_see_a_complaint_is_told_to_try_again(first, second):
    first.run("DELETE FROM churn.complaints WHERE customer_id = 1")
    first.commit()
    second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    second.value(COUNT, 1)
    first.run(ONE)
    first.commit()

    with pytest.raises(psycopg2.errors.SerializationFailure):
        second.run("TRUNCATE churn.complaints")

    second.rollback()
    assert_fresh(first, MODEL)


def test_a_serializable_transaction_alone_goes_through(first):
    first.run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")

    first.run(MANY)

    first.commit()
    assert_fresh(first, MODEL)


def test_statements_over_customers_in_opposite_orders_do_not_deadlock(first, second):
    orders = {first: "ASC", second: "DESC"}
    failures = []

    def complain(session):
        try:
            for _ in range(15):
                session.run(
                    "INSERT INTO churn.complaints (customer_id) SELECT i"
                    f" FROM generate_series(1, 40) i ORDER BY i {orders[session]}"
                )
                session.commit()
                session.run(
                    "UPDATE churn.complaints SET complained_at = now()"
                    " WHERE complaint_id IN (SELECT complaint_id FROM churn.complaints"
                    f" ORDER BY customer_id {orders[session]} LIMIT 0)"
                )
                session.commit()
        except psycopg2.Error as error:
            failures.append(error)
            session.rollback()

    threads = [threading.Thread(target=complain, args=[session]) for session in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert_fresh(first, MODEL)


def test_a_complaint_waits_for_a_customer_who_is_being_deleted(
    first, second, module_database
):
    first.run("INSERT INTO churn.customers (customer_id) VALUES (900)")
    first.commit()
    first.run("DELETE FROM churn.customers WHERE customer_id = 900")

    with in_background(
        lambda: second.run("INSERT INTO churn.complaints (customer_id) VALUES (900)")
    ) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            done.result(timeout=20)
    second.rollback()

    assert_fresh(first, MODEL)


def test_an_activation_meanwhile_leaves_scores_true_to_their_version(
    first, second, module_database
):
    version = register_once(first, fit(seed=31))
    first.commit()
    first.run(ONE)

    with in_background(lambda: second.run(MANY)) as done:
        wait_until_blocked(module_database, second)
        activate(first, version)
        first.commit()
        done.result(timeout=20)
    second.commit()

    assert divergences(first) == []
    first.run("SELECT churn.rollback_model('churn.customers')")
    first.run("UPDATE churn.customers SET churn_score = 0")
    first.commit()


@pytest.mark.parametrize("complaint", [ONE, MANY])
def test_a_row_that_is_mended_meanwhile_has_the_version_that_scores_it(
    first, second, module_database, complaint
):
    version = register_once(first, fit(seed=32))
    overwrite(first, INFINITE)
    first.commit()
    first.run("UPDATE churn.customers SET data_usage_gb = 40 WHERE customer_id = 1")
    third = module_database.session()
    activate(third, version)
    third.commit()

    # PostgreSQL scores the row that it finds, waits, and scores what comes of it.
    with in_background(lambda: second.run(complaint)) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        done.result(timeout=20)
    second.commit()

    assert divergences(first) == []
    stored = "SELECT churn_model_version FROM churn.customers WHERE customer_id = 1"
    assert first.value(stored) == version
    assert first.run("SELECT * FROM churn_internal.failed_profiles") == []
    first.run("SELECT churn.rollback_model('churn.customers')")
    first.run("UPDATE churn.customers SET churn_score = 0")
    first.commit()


def test_a_column_added_meanwhile_is_waited_for(first, second, module_database):
    first.run("ALTER TABLE churn.customers ADD COLUMN IF NOT EXISTS later integer")

    with in_background(lambda: second.run(MANY)) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        done.result(timeout=20)
    second.commit()

    assert_fresh(first, MODEL)


@pytest.mark.parametrize("later", [ONE, MANY, FEATURE])
def test_a_column_dropped_meanwhile_is_waited_for(
    first, second, module_database, later
):
    first.run("ALTER TABLE churn.customers ADD COLUMN doomed integer")
    first.commit()
    second.run(later)
    second.commit()
    first.run("ALTER TABLE churn.customers DROP COLUMN doomed")

    with in_background(lambda: second.run(later)) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        done.result(timeout=20)
    second.commit()

    assert_fresh(first, MODEL)
