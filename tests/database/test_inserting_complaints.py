import psycopg2.errors
import pytest

from tests.models import (
    CUSTOMERS,
    activate,
    assert_fresh,
    default_model,
    expected_scores,
    other_model,
    register,
    stored_scores,
)
from tests.writes import record_writes, writes

MODEL = default_model()
COMPLAINT = "INSERT INTO churn.complaints (customer_id) VALUES (%s)"
PROFILE = (
    "SELECT complaint_count, churn_score FROM churn.customers WHERE customer_id = %s"
)


def complaint_count(session, customer):
    return session.row(PROFILE, customer)[0]


def test_one_complaint_moves_count_and_score(session):
    before = session.row(PROFILE, 1)

    session.run(COMPLAINT, 1)

    after = session.row(PROFILE, 1)
    assert (before[0], after[0]) == (0, 1)
    assert after[1] > before[1]
    assert_fresh(session, MODEL)


def test_one_complaint_names_the_version_and_the_time(session):
    active = session.value("SELECT version FROM churn.active_deployments")
    session.run("UPDATE churn.customers SET churn_scored_at = '2020-01-01'")

    session.run(COMPLAINT, 1)

    assert session.row(
        "SELECT churn_model_version, churn_scored_at > now() - interval '1 minute',"
        " last_complaint_at = now() FROM churn.customers WHERE customer_id = 1"
    ) == (active, True, True)


def test_an_earlier_complaint_does_not_turn_the_clock_back(session):
    latest = session.value(
        "SELECT last_complaint_at FROM churn.customers WHERE customer_id = 2"
    )

    session.run(
        "INSERT INTO churn.complaints (customer_id, complained_at)"
        " VALUES (2, '1999-01-01')"
    )

    assert latest == session.value(
        "SELECT last_complaint_at FROM churn.customers WHERE customer_id = 2"
    )
    assert_fresh(session, MODEL)


@pytest.mark.parametrize("time", ["infinity", "-infinity", "4713-01-01 BC"])
def test_the_ends_of_time_are_times(session, time):
    session.run(
        "INSERT INTO churn.complaints (customer_id, complained_at) VALUES (1, %s)",
        time,
    )

    assert_fresh(session, MODEL)


def test_many_complaints_of_one_customer_in_one_statement(session):
    session.run(
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT 1 FROM generate_series(1, 50)"
    )

    assert complaint_count(session, 1) == 50
    assert_fresh(session, MODEL)


def test_complaints_of_all_customers_in_one_statement(session):
    session.run(
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT 1 + i %% %s FROM generate_series(1, 200) i",
        CUSTOMERS,
    )

    assert_fresh(session, MODEL)


@pytest.mark.parametrize("customers", [1, 2, 30])
def test_each_profile_row_is_written_once_in_a_statement(session, customers):
    record_writes(session)

    session.run(
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT 1 + i %% %s FROM generate_series(1, 90) i",
        customers,
    )

    assert writes(session) == {str(i): 1 for i in range(1, customers + 1)}


def test_customers_who_do_not_complain_are_not_written(session):
    def row_version():
        return session.row("SELECT ctid, xmin FROM churn.customers WHERE customer_id=9")

    before = row_version()

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    assert row_version() == before


def test_a_hundred_thousand_complaints_in_one_statement(session):
    session.run(
        "INSERT INTO churn.customers (customer_id, age, contract, monthly_charges)"
        " SELECT i, i % 60, 'one year', i % 90 FROM generate_series(1000, 12999) i"
    )
    record_writes(session)

    session.run(
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT 1000 + i % 12000 FROM generate_series(1, 100000) i"
    )

    assert set(writes(session).values()) == {1}
    assert len(writes(session)) == 12_000
    assert_fresh(session, MODEL)


def test_copy_is_a_statement_like_any_other(session):
    record_writes(session)

    session.copy(
        "COPY churn.complaints (customer_id) FROM STDIN",
        [f"{1 + i % 10}\n" for i in range(100)],
    )

    assert writes(session) == {str(i): 1 for i in range(1, 11)}
    assert_fresh(session, MODEL)


def test_a_statement_without_rows_changes_nothing(session):
    record_writes(session)

    session.run("INSERT INTO churn.complaints (customer_id) SELECT 1 WHERE false")

    assert writes(session) == {}


def test_a_rolled_back_complaint_was_never_made(trained_database):
    session = trained_database.session()
    before = session.run("SELECT * FROM churn.customers ORDER BY customer_id")
    session.run(COMPLAINT, 1)

    session.rollback()

    assert before == session.run("SELECT * FROM churn.customers ORDER BY customer_id")
    assert_fresh(session, MODEL)
    session.run(COMPLAINT, 1)
    assert complaint_count(session, 1) == 1
    assert_fresh(session, MODEL)


def test_a_savepoint_takes_back_only_what_came_after_it(session):
    session.run(COMPLAINT, 1)
    session.run("SAVEPOINT before_the_second")
    session.run(COMPLAINT, 1)
    session.run("ROLLBACK TO SAVEPOINT before_the_second")

    assert complaint_count(session, 1) == 1
    assert_fresh(session, MODEL)
    session.run("UPDATE churn.customers SET age = age + 1 WHERE customer_id = 1")
    assert_fresh(session, MODEL)


def test_two_statements_of_one_transaction_add_up(session):
    session.run(COMPLAINT, 1)
    session.run(COMPLAINT, 1)

    assert complaint_count(session, 1) == 2
    assert_fresh(session, MODEL)


@pytest.mark.parametrize("customers", ["(999999)", "(1), (999999), (3)"])
def test_a_complaint_for_an_unknown_customer_is_a_foreign_key_error(session, customers):
    refused = session.refusal(
        f"INSERT INTO churn.complaints (customer_id) VALUES {customers}"
    )

    assert refused.sqlstate == "23503"
    assert complaint_count(session, 1) == 0
    assert_fresh(session, MODEL)
    session.run("UPDATE churn.customers SET age = 30 WHERE customer_id = 1")
    assert_fresh(session, MODEL)


@pytest.mark.parametrize("keys", [[None], [None, 1], [None, 1, 3], [None, None]])
def test_a_complaint_of_nobody_counts_for_nobody(session, keys):
    session.run("ALTER TABLE churn.complaints ALTER customer_id DROP NOT NULL")

    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT unnest(%s::bigint[])", keys
    )

    assert_fresh(session, MODEL)
    session.run("UPDATE churn.complaints SET customer_id = 5 WHERE customer_id IS NULL")
    assert complaint_count(session, 5) > 0
    assert_fresh(session, MODEL)
    session.run("UPDATE churn.complaints SET customer_id = NULL WHERE customer_id = 5")
    session.run("DELETE FROM churn.complaints WHERE customer_id IS NULL")
    assert_fresh(session, MODEL)


def test_an_upsert_counts_what_it_inserts_and_moves_what_it_updates(session):
    session.run(
        "INSERT INTO churn.complaints (complaint_id, customer_id)"
        " OVERRIDING SYSTEM VALUE VALUES (1000, 1)"
    )
    record_writes(session)

    session.run(
        "INSERT INTO churn.complaints (complaint_id, customer_id)"
        " OVERRIDING SYSTEM VALUE VALUES (1000, 3), (1001, 4)"
        " ON CONFLICT (complaint_id) DO UPDATE SET customer_id = excluded.customer_id"
    )

    assert [complaint_count(session, i) for i in (1, 3, 4)] == [0, 1, 1]
    assert writes(session) == {"1": 1, "3": 1, "4": 1}
    assert_fresh(session, MODEL)


def test_an_upsert_that_does_nothing_counts_nothing(session):
    session.run(
        "INSERT INTO churn.complaints (complaint_id, customer_id)"
        " OVERRIDING SYSTEM VALUE VALUES (1000, 1), (1000, 1)"
        " ON CONFLICT DO NOTHING"
    )

    assert complaint_count(session, 1) == 1
    assert_fresh(session, MODEL)


def test_a_merge_inserts_updates_and_deletes(session):
    session.run(
        "INSERT INTO churn.complaints (customer_id, subject)"
        " VALUES (1, 'moves'), (3, 'goes')"
    )

    session.run("""
        MERGE INTO churn.complaints c
        USING (VALUES ('moves', 4), ('goes', NULL), ('comes', 6)) s (subject, customer)
            ON c.subject = s.subject
        WHEN MATCHED AND s.customer IS NULL THEN DELETE
        WHEN MATCHED THEN UPDATE SET customer_id = s.customer
        WHEN NOT MATCHED THEN
            INSERT (customer_id, subject) VALUES (s.customer, s.subject)
        """)

    assert [complaint_count(session, i) for i in (1, 3, 4, 6)] == [0, 0, 1, 1]
    assert_fresh(session, MODEL)


def test_a_writing_common_table_expression_counts_both_parts(session):
    session.run(
        "WITH gone AS (DELETE FROM churn.complaints WHERE customer_id = 2 RETURNING 3)"
        " INSERT INTO churn.complaints (customer_id) SELECT 3 FROM gone"
    )

    assert complaint_count(session, 2) == 0
    assert complaint_count(session, 3) == 3
    assert_fresh(session, MODEL)


def test_customers_and_complaints_can_come_in_one_statement(session):
    session.run(
        "WITH new AS (INSERT INTO churn.customers (customer_id, age) VALUES (500, 30)"
        " RETURNING customer_id)"
        " INSERT INTO churn.complaints (customer_id) SELECT customer_id FROM new"
    )

    assert complaint_count(session, 500) == 1
    assert_fresh(session, MODEL)


def test_one_statement_can_delete_and_insert_complaints_of_one_customer(session):
    session.run(
        "WITH gone AS (DELETE FROM churn.complaints WHERE customer_id = 2 RETURNING 2)"
        " INSERT INTO churn.complaints (customer_id) SELECT 2 FROM gone LIMIT 1"
    )

    assert complaint_count(session, 2) == 1
    assert_fresh(session, MODEL)


COMPANY_RULES = {
    "keeps the last three": (
        "AFTER INSERT",
        "DELETE FROM churn.complaints WHERE complaint_id IN (SELECT complaint_id"
        " FROM churn.complaints WHERE customer_id = NEW.customer_id"
        " ORDER BY complaint_id DESC OFFSET 3)",
    ),
    "corrects the time": (
        "AFTER INSERT",
        "UPDATE churn.complaints SET complained_at = '2020-02-02'"
        " WHERE complaint_id = NEW.complaint_id",
    ),
    "copies the complaint to a colleague": (
        "AFTER INSERT",
        "IF pg_trigger_depth() = 1 THEN INSERT INTO churn.complaints (customer_id)"
        " VALUES (NEW.customer_id), (NEW.customer_id + 1); END IF",
    ),
    "changes the profile": (
        "AFTER INSERT",
        "UPDATE churn.customers SET age = 91 WHERE customer_id = NEW.customer_id",
    ),
    "overwrites the counter": (
        "AFTER INSERT",
        "UPDATE churn.customers SET complaint_count = complaint_count + 1"
        " WHERE customer_id = NEW.customer_id",
    ),
    "enters unknown customers": (
        "BEFORE INSERT",
        "INSERT INTO churn.customers (customer_id) VALUES (NEW.customer_id)"
        " ON CONFLICT DO NOTHING",
    ),
}


@pytest.mark.parametrize("rule", COMPANY_RULES)
@pytest.mark.parametrize("customers", ["(2)", "(2), (2), (3)", "(500), (501), (500)"])
def test_a_company_trigger_on_complaints_does_not_upset_the_count(
    session, rule, customers
):
    timing, body = COMPANY_RULES[rule]
    if "500" in customers and rule != "enters unknown customers":
        session.run(
            "INSERT INTO churn.customers (customer_id) VALUES (500), (501), (502)"
        )
    session.run(f"""
        CREATE FUNCTION pg_temp.company_rule() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER AS $rule$
        BEGIN {body}; RETURN NEW; END $rule$;
        CREATE TRIGGER company_rule {timing} ON churn.complaints
            FOR EACH ROW EXECUTE FUNCTION pg_temp.company_rule();
        """)

    session.run(f"INSERT INTO churn.complaints (customer_id) VALUES {customers}")

    assert_fresh(session, MODEL)


def test_without_an_active_model_complaints_are_counted_and_nothing_is_scored(bare):
    bare.run("INSERT INTO churn.customers (customer_id) VALUES (1), (2), (3)")

    bare.run(COMPLAINT, 1)
    bare.run("INSERT INTO churn.complaints (customer_id) VALUES (2), (3), (3)")

    assert bare.column(
        "SELECT complaint_count FROM churn.customers ORDER BY customer_id"
    ) == [1, 1, 2]
    assert set(stored_scores(bare).values()) == {None}
    assert bare.run("SELECT * FROM churn.verify('churn.customers')") == []
    assert bare.take_notices() == ""


def test_without_an_active_model_each_row_is_written_once(bare):
    bare.run("INSERT INTO churn.customers (customer_id) VALUES (1), (2)")
    record_writes(bare)

    bare.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2), (2)")

    assert writes(bare) == {"1": 1, "2": 1}


def test_a_trigger_of_the_company_that_refuses_a_complaint_is_obeyed(session):
    session.run("""
        CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.customer_id = 3 THEN RETURN NULL; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON churn.complaints
            FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse();
        """)

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    assert [complaint_count(session, i) for i in (1, 3)] == [1, 0]
    assert_fresh(session, MODEL)


def test_a_name_in_the_temporary_schema_deceives_no_trigger(session):
    session.run(
        "CREATE TEMPORARY TABLE customers (LIKE churn.customers);"
        "CREATE TEMPORARY TABLE complaints (LIKE churn.complaints);"
        "CREATE TEMPORARY TABLE deployments (LIKE churn.deployments);"
        "CREATE TEMPORARY TABLE inserted (customer_id bigint);"
        "SET LOCAL search_path = pg_temp, public"
    )

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    assert_fresh(session, MODEL)


def test_a_prepared_statement_goes_on_under_another_version(trained_database):
    session = trained_database.session()
    session.run(
        "PREPARE complain AS INSERT INTO churn.complaints (customer_id) VALUES ($1)"
    )
    session.run("EXECUTE complain (1)")
    version = register(session, other_model())
    activate(session, version)

    session.run("EXECUTE complain (1)")

    score, scored_by = session.row(
        "SELECT churn_score, churn_model_version FROM churn.customers"
        " WHERE customer_id = 1"
    )
    assert scored_by == version
    assert score == pytest.approx(
        expected_scores(session, other_model())["1"], abs=1e-9
    )


def test_disabled_triggers_leave_a_divergence_that_verify_finds(session):
    session.run("SET LOCAL session_replication_role = replica")
    session.run(COMPLAINT, 1)
    session.run("SET LOCAL session_replication_role = origin")

    with pytest.raises(AssertionError):
        assert_fresh(session, MODEL)


def test_the_error_of_a_complaint_leaves_the_session_usable(session):
    with pytest.raises(psycopg2.errors.ForeignKeyViolation), session.savepoint():
        session.run(COMPLAINT, 999_999)

    session.run(COMPLAINT, 1)

    assert_fresh(session, MODEL)
