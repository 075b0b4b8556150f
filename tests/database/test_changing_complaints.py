import pytest

from tests.models import assert_fresh, default_model
from tests.writes import record_writes, writes

MODEL = default_model()
COUNT = "SELECT complaint_count FROM churn.customers WHERE customer_id = %s"
LATEST = "SELECT last_complaint_at FROM churn.customers WHERE customer_id = %s"


def test_a_deleted_complaint_is_no_longer_counted(session):
    before = session.value(COUNT, 2)

    session.run(
        "DELETE FROM churn.complaints WHERE complaint_id ="
        " (SELECT min(complaint_id) FROM churn.complaints WHERE customer_id = 2)"
    )

    assert session.value(COUNT, 2) == before - 1
    assert_fresh(session, MODEL)


def test_without_any_complaint_left_there_is_no_last_one(session):
    session.run("DELETE FROM churn.complaints WHERE customer_id = 2")

    assert session.value(COUNT, 2) == 0
    assert session.value(LATEST, 2) is None
    assert_fresh(session, MODEL)


def test_deleting_the_latest_complaint_brings_back_the_one_before(session):
    session.run(
        "INSERT INTO churn.complaints (customer_id, complained_at)"
        " VALUES (1, '2001-01-01'), (1, '2002-02-02')"
    )

    session.run("DELETE FROM churn.complaints WHERE complained_at = '2002-02-02'")

    assert session.value(LATEST, 1).year == 2001
    assert_fresh(session, MODEL)


def test_deleting_everything_writes_each_customer_who_complained_once(session):
    complained = session.column(
        "SELECT DISTINCT customer_id::text FROM churn.complaints"
    )
    record_writes(session)

    session.run("DELETE FROM churn.complaints")

    assert writes(session) == dict.fromkeys(complained, 1)
    assert_fresh(session, MODEL)


def test_deleting_nothing_writes_nothing(session):
    record_writes(session)

    session.run("DELETE FROM churn.complaints WHERE false")

    assert writes(session) == {}


def test_truncate_sets_every_counter_back(session):
    record_writes(session)
    complained = session.column(
        "SELECT DISTINCT customer_id::text FROM churn.complaints"
    )

    session.run("TRUNCATE churn.complaints")

    assert session.value("SELECT sum(complaint_count) FROM churn.customers") == 0
    assert writes(session) == dict.fromkeys(complained, 1)
    assert_fresh(session, MODEL)


def test_truncate_of_customers_with_cascade_leaves_nothing_to_count(session):
    session.run("TRUNCATE churn.customers CASCADE")

    assert_fresh(session, MODEL)
    session.run("INSERT INTO churn.customers (customer_id) VALUES (1)")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    assert_fresh(session, MODEL)


def test_a_complaint_that_changes_hands_is_counted_for_the_other(session):
    before = session.value(COUNT, 2)
    record_writes(session)

    session.run("UPDATE churn.complaints SET customer_id = 1 WHERE customer_id = 2")

    assert (session.value(COUNT, 1), session.value(COUNT, 2)) == (before, 0)
    assert writes(session) == {"1": 1, "2": 1}
    assert_fresh(session, MODEL)


def test_complaints_that_change_places_stay_counted(session):
    session.run(
        "INSERT INTO churn.complaints (customer_id, complained_at)"
        " VALUES (1, '2030-01-01'), (3, '2031-01-01')"
    )

    session.run(
        "UPDATE churn.complaints SET customer_id = 4 - customer_id"
        " WHERE customer_id IN (1, 3)"
    )

    assert session.value(LATEST, 1).year == 2031
    assert session.value(LATEST, 3).year == 2030
    assert_fresh(session, MODEL)


def test_a_corrected_time_moves_the_last_complaint(session):
    session.run(
        "UPDATE churn.complaints SET complained_at = '2001-01-01' WHERE customer_id = 2"
    )

    assert session.value(LATEST, 2).year == 2001
    assert_fresh(session, MODEL)


@pytest.mark.parametrize(
    "change", ["subject = 'x'", "customer_id = customer_id", "channel = NULL"]
)
def test_an_update_of_nothing_that_counts_writes_no_profile(session, change):
    record_writes(session)

    session.run(f"UPDATE churn.complaints SET {change}")

    assert writes(session) == {}


def test_an_update_to_an_unknown_customer_is_a_foreign_key_error(session):
    refused = session.refusal("UPDATE churn.complaints SET customer_id = 999999")

    assert refused.sqlstate == "23503"
    assert_fresh(session, MODEL)


def test_deleting_a_customer_takes_the_complaints_along(session):
    session.run("DELETE FROM churn.customers WHERE customer_id IN (2, 3)")

    assert session.run("SELECT FROM churn.complaints WHERE customer_id = 2") == []
    assert_fresh(session, MODEL)


def test_a_customer_key_that_changes_takes_the_complaints_along(session):
    before = session.value(COUNT, 2)

    session.run("UPDATE churn.customers SET customer_id = 1002 WHERE customer_id = 2")

    assert session.value(COUNT, 1002) == before
    assert_fresh(session, MODEL)


def test_all_customer_keys_can_change_at_once(session):
    session.run("UPDATE churn.customers SET customer_id = customer_id + 1000")

    assert_fresh(session, MODEL)


def test_a_customer_deleted_and_entered_again_starts_afresh(session):
    session.run("DELETE FROM churn.customers WHERE customer_id = 2")
    session.run("INSERT INTO churn.customers (customer_id, age) VALUES (2, 40)")

    assert session.value(COUNT, 2) == 0
    assert_fresh(session, MODEL)


def test_complaints_can_wait_for_a_customer_where_no_foreign_key_asks_for_one(session):
    session.run(
        "ALTER TABLE churn.complaints DROP CONSTRAINT complaints_customer_id_fkey"
    )
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (700), (700), (701)")

    session.run("INSERT INTO churn.customers (customer_id) VALUES (700), (702)")

    assert (session.value(COUNT, 700), session.value(COUNT, 702)) == (2, 0)
    assert_fresh(session, MODEL)


def test_keys_that_change_places_are_counted_anew_without_a_foreign_key(session):
    session.run(
        "ALTER TABLE churn.complaints DROP CONSTRAINT complaints_customer_id_fkey"
    )

    session.run(
        "UPDATE churn.customers SET customer_id = CASE customer_id"
        " WHEN 2 THEN 9001 WHEN 1 THEN 9002 END WHERE customer_id IN (1, 2)"
    )
    assert_fresh(session, MODEL)
    session.run("UPDATE churn.customers SET customer_id = 1 WHERE customer_id = 9001")
    session.run("UPDATE churn.customers SET customer_id = 2 WHERE customer_id = 9002")

    assert (session.value(COUNT, 1), session.value(COUNT, 2)) == (0, 3)
    assert_fresh(session, MODEL)


def test_a_recount_is_forgotten_with_the_first_complaint_after_it(trained_database):
    session = trained_database.session(autocommit=True)
    session.run("DELETE FROM churn.complaints WHERE customer_id = 3")

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (3)")

    session.run("DO LANGUAGE plpython3u $$ assert 'pgchurn recount' not in GD $$")
    assert_fresh(session, MODEL)
