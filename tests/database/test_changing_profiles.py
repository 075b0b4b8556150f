import pytest

from tests.bench.measuring import seconds_of
from tests.models import CUSTOMERS, assert_fresh, default_model, divergences
from tests.writes import record_writes, writes

MODEL = default_model()
SCORE = "SELECT churn_score FROM churn.customers WHERE customer_id = %s"


def test_a_changed_feature_is_scored_at_once(session):
    before = session.value(SCORE, 1)

    session.run(
        "UPDATE churn.customers SET contract = 'two year' WHERE customer_id = 1"
    )

    assert session.value(SCORE, 1) != before
    assert_fresh(session, MODEL)


@pytest.mark.parametrize(
    "change",
    [
        "age = NULL",
        "age = age + 1",
        "monthly_charges = 1",
        "contract = NULL",
        "contract = 'unheard of'",
        "contract = ''",
        "paperless_billing = NOT paperless_billing",
        "paperless_billing = NULL",
        "data_usage_gb = 'NaN'",
        "data_usage_gb = 1e300",
        "data_usage_gb = 5e-324",
        "age = -2147483648",
    ],
)
def test_every_kind_of_change_is_scored(session, change):
    session.run(f"UPDATE churn.customers SET {change}")

    assert_fresh(session, MODEL)


def test_a_change_of_features_writes_each_row_once_more(session):
    record_writes(session)

    session.run("UPDATE churn.customers SET age = 150")

    assert writes(session) == {str(i): 2 for i in range(1, CUSTOMERS + 1)}


@pytest.mark.parametrize(
    "change", ["age = age", "signed_up_on = '2020-02-02'", "churn_score = churn_score"]
)
def test_a_change_of_no_feature_writes_no_row_twice(session, change):
    record_writes(session)

    session.run(f"UPDATE churn.customers SET {change} WHERE customer_id <= 3")

    assert writes(session) == {"1": 1, "2": 1, "3": 1}
    assert_fresh(session, MODEL)


def test_only_the_rows_that_changed_are_written_twice(session):
    record_writes(session)

    session.run(
        "UPDATE churn.customers SET late_payments = 1,"
        " age = CASE customer_id WHEN 1 THEN 99 ELSE age END WHERE customer_id <= 2"
    )
    session.run("TRUNCATE recorded_writes")
    session.run(
        "UPDATE churn.customers SET age = CASE customer_id WHEN 1 THEN 98 ELSE age END"
        " WHERE customer_id <= 2"
    )

    assert writes(session) == {"1": 2, "2": 1}


def test_new_customers_are_scored(session):
    session.run(
        "INSERT INTO churn.customers (customer_id, age, contract)"
        " VALUES (501, 20, 'one year'), (502, NULL, NULL)"
    )

    assert None not in [session.value(SCORE, 501), session.value(SCORE, 502)]
    assert_fresh(session, MODEL)


def test_new_customers_by_copy_are_scored(session):
    session.copy(
        "COPY churn.customers (customer_id, age) FROM STDIN",
        [f"{500 + i}\t{i}\n" for i in range(50)],
    )

    assert_fresh(session, MODEL)


def test_new_customers_cannot_bring_counters_and_scores_of_their_own(session):
    session.run(
        "INSERT INTO churn.customers"
        " (customer_id, complaint_count, churn_score, churn_model_version)"
        " VALUES (501, 9, 0.5, 999)"
    )

    assert_fresh(session, MODEL)


def test_an_upsert_scores_new_and_changed_rows(session):
    session.run(
        "INSERT INTO churn.customers (customer_id, age) VALUES (1, 77), (501, 78)"
        " ON CONFLICT (customer_id) DO UPDATE SET age = excluded.age"
    )

    assert_fresh(session, MODEL)


def test_a_merge_scores_new_and_changed_rows(session):
    session.run("""
        MERGE INTO churn.customers c
        USING (VALUES (1, 77), (2, NULL), (501, 78)) s (customer_id, age)
            ON c.customer_id = s.customer_id
        WHEN MATCHED AND s.age IS NULL THEN DELETE
        WHEN MATCHED THEN UPDATE SET age = s.age
        WHEN NOT MATCHED THEN INSERT (customer_id, age) VALUES (s.customer_id, s.age)
        """)

    assert_fresh(session, MODEL)


@pytest.mark.parametrize(
    "overwritten",
    [
        "churn_score = 0.123",
        "churn_score = NULL",
        "churn_score = 'NaN'",
        "churn_score = 0, churn_model_version = NULL, churn_scored_at = NULL",
        "churn_model_version = 424242",
        "complaint_count = 77",
        "complaint_count = complaint_count + 1, age = 20",
        "last_complaint_at = now()",
        "last_complaint_at = NULL",
        "complaint_count = 0, last_complaint_at = NULL, churn_score = 1",
    ],
)
@pytest.mark.parametrize("customers", ["customer_id = 2", "true"])
def test_what_somebody_overwrites_is_put_right(session, overwritten, customers):
    session.run(f"UPDATE churn.customers SET {overwritten} WHERE {customers}")

    assert_fresh(session, MODEL)


def test_a_changed_key_with_a_changed_counter_is_put_right(session):
    session.run(
        "UPDATE churn.customers SET customer_id = 1002, complaint_count = 50"
        " WHERE customer_id = 2"
    )

    assert_fresh(session, MODEL)


def create_trigger(session, timing, body):
    session.run(f"""
        CREATE FUNCTION pg_temp.company_rule() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER AS $rule$ BEGIN {body} END $rule$;
        CREATE TRIGGER company_rule {timing} ON churn.customers
            FOR EACH ROW EXECUTE FUNCTION pg_temp.company_rule();
        """)


def test_a_company_trigger_that_updates_other_profiles_has_them_scored(session):
    create_trigger(
        session,
        "AFTER UPDATE",
        "IF pg_trigger_depth() < 3 AND NEW.complaint_count > OLD.complaint_count THEN"
        " UPDATE churn.customers SET age = 90 WHERE customer_id = NEW.customer_id + 1;"
        " END IF; RETURN NULL;",
    )

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    assert_fresh(session, MODEL)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (10), (20)")
    assert_fresh(session, MODEL)

    ages = "SELECT age FROM churn.customers WHERE customer_id IN (2, 11, 21)"
    assert session.column(ages) == [90, 90, 90]


@pytest.mark.parametrize("customers", ["(1)", "(1), (10)"])
def test_a_company_trigger_that_updates_others_beforehand_has_them_scored(
    session, customers
):
    create_trigger(
        session,
        "BEFORE UPDATE",
        "IF NEW.customer_id <> 5 AND NEW.complaint_count > OLD.complaint_count THEN"
        " UPDATE churn.customers SET age = coalesce(age, 0) + 1 WHERE customer_id = 5;"
        " END IF; RETURN NEW;",
    )
    record_writes(session)

    session.run(f"INSERT INTO churn.complaints (customer_id) VALUES {customers}")

    assert_fresh(session, MODEL)
    assert writes(session)["1"] == 1


def test_a_company_trigger_that_updates_others_each_time_comes_to_an_end(session):
    create_trigger(
        session,
        "BEFORE UPDATE",
        "IF NEW.customer_id <> 5 THEN UPDATE churn.customers"
        " SET late_payments = coalesce(late_payments, 0) + 1 WHERE customer_id = 5;"
        " END IF; RETURN NEW;",
    )

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    assert_fresh(session, MODEL)


def test_a_company_trigger_that_inserts_a_complaint_is_counted(session):
    create_trigger(
        session,
        "AFTER UPDATE",
        "IF NEW.late_payments > coalesce(OLD.late_payments, 0) THEN"
        " INSERT INTO churn.complaints (customer_id) VALUES (NEW.customer_id);"
        " END IF; RETURN NULL;",
    )

    session.run(
        "UPDATE churn.customers SET late_payments = 1 WHERE customer_id IN (1, 3)"
    )

    assert_fresh(session, MODEL)


def test_a_company_trigger_that_derives_a_feature_from_the_count_is_heeded(session):
    create_trigger(
        session,
        "BEFORE UPDATE",
        "NEW.age := 20 + 10 * NEW.complaint_count; RETURN NEW;",
    )

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    assert_fresh(session, MODEL)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (3), (4), (4)")
    assert_fresh(session, MODEL)


def test_saying_that_pgchurn_writes_does_not_stop_the_scoring(session):
    session.run("SET LOCAL churn.score_failed = 'recounted'")

    session.run("UPDATE churn.customers SET age = 90")

    assert_fresh(session, MODEL)


def test_what_a_foreign_key_changes_is_scored(session):
    session.run(
        "CREATE TABLE contracts (name text PRIMARY KEY);"
        " INSERT INTO contracts SELECT DISTINCT contract FROM churn.customers"
        " WHERE contract IS NOT NULL"
    )
    session.run(
        "ALTER TABLE churn.customers ADD FOREIGN KEY (contract) REFERENCES contracts"
        " ON UPDATE CASCADE"
    )

    session.run("UPDATE contracts SET name = 'three year' WHERE name = 'two year'")

    assert session.value(
        "SELECT count(*) FROM churn.customers WHERE contract = 'three year'"
    )
    assert_fresh(session, MODEL)
    assert divergences(session) == []


def test_what_a_trigger_writes_after_a_complaint_is_scored(session):
    session.run(
        "CREATE FUNCTION promote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " UPDATE churn.customers SET age = 77"
        " WHERE customer_id = NEW.customer_id + 1 AND age IS DISTINCT FROM 77;"
        " RETURN NULL; END $$;"
        " CREATE TRIGGER promote AFTER UPDATE ON churn.customers"
        " FOR EACH ROW WHEN (NEW.complaint_count > OLD.complaint_count)"
        " EXECUTE FUNCTION promote();"
        " GRANT UPDATE ON churn.customers TO churn_owner"
    )

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (3)")

    assert session.value("SELECT age FROM churn.customers WHERE customer_id = 4") == 77
    assert_fresh(session, MODEL)
    assert divergences(session) == []


def test_many_rows_take_no_longer_after_a_single_one(trained_database):
    everybody = "UPDATE churn.customers SET customer_name = 'x'"
    fresh, other = (trained_database.session(autocommit=True) for _ in range(2))
    fresh.run(
        "INSERT INTO churn.customers (customer_id) SELECT generate_series(1000, 4999)"
    )
    fresh.run(everybody)
    other.run(f"{everybody} WHERE customer_id = 1")
    other.run(f"{everybody} WHERE customer_id < 1000")

    alone = min(seconds_of(lambda: fresh.run(everybody)) for _ in range(3))
    after = min(seconds_of(lambda: other.run(everybody)) for _ in range(3))

    # With all rows compared with each other it was 78 times as long.
    assert after < 4 * alone
