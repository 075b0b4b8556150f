import pytest

from tests.company import CLIENTS, MODEL, attach, create_tables
from tests.models import assert_fresh, default_model, deploy, divergences
from tests.schemas import OURS

DETACH = "SELECT churn.detach(%s::regclass)"
ROWS = "SELECT id, usage, plan FROM company.clients ORDER BY id"


@pytest.fixture
def attached(session):
    create_tables(session)
    attach(session)
    deploy(session, MODEL, "company.clients", "id")
    session.run("INSERT INTO company.calls VALUES (1), (1), (2)")
    return session


def columns(session, table):
    return session.column(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        table,
    )


def test_detaching_leaves_the_companys_data_alone(attached):
    rows, calls = attached.run(ROWS), attached.run("SELECT * FROM company.calls")

    attached.run(DETACH, "company.clients")

    assert columns(attached, "company.clients") == ["id", "usage", "plan"]
    assert attached.run(ROWS) == rows
    assert attached.run("SELECT * FROM company.calls") == calls


def test_detached_tables_are_the_companys_own_again(attached):
    attached.run(DETACH, "company.clients")

    attached.run("INSERT INTO company.calls VALUES (3)")
    attached.run("UPDATE company.clients SET usage = 0")
    attached.run("ALTER TABLE company.clients RENAME id TO number")
    attached.run("DROP TABLE company.calls, company.clients")


def test_nothing_that_was_created_stays(attached):
    attached.run(DETACH, "company.clients")

    assert (
        attached.column(
            "SELECT oid::regprocedure::text FROM pg_proc"
            f" WHERE pronamespace = ANY ({OURS}) AND (proname ~ '_2$'"
            " OR oid::regprocedure::text ~ 'company')"
        )
        == []
    )
    assert (
        attached.column("SELECT tgname FROM pg_trigger WHERE tgname ~ '^pgchurn_2_'")
        == []
    )
    for table in ("company.clients", "company.calls"):
        assert not attached.value(
            "SELECT has_any_column_privilege('churn_owner', %s::regclass, 'SELECT')"
            " OR has_any_column_privilege('churn_owner', %s::regclass, 'UPDATE')",
            table,
            table,
        )
    assert not attached.value(
        "SELECT has_schema_privilege('churn_owner', 'company', 'USAGE')"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM churn.verify('company.clients')",
        "SELECT churn.rollback_model('company.clients')",
        "SELECT churn.set_on_error('company.clients', 'raise')",
        "SELECT churn.detach('company.clients')",
        "CALL churn.rescore('company.clients')",
    ],
)
def test_a_detached_table_is_named_as_such(attached, statement):
    attached.run(DETACH, "company.clients")

    refused = attached.refusal(statement)

    assert refused.sqlstate == "22023"
    assert refused.message == "table company.clients is not attached"
    assert refused.hint == (
        "Call churn.attach(profile, profile_key, complaints, complaint_key)."
    )


def test_a_detached_profile_has_no_score(attached):
    attached.run(DETACH, "company.clients")

    assert (
        attached.refusal("SELECT churn.score(c) FROM company.clients c").sqlstate
        == "42883"
    )


def test_a_table_attached_again_takes_up_its_models(attached):
    before = attached.run("SELECT version, profile FROM churn.active_deployments")
    attached.run(DETACH, "company.clients")
    assert attached.value("SELECT count(*) FROM churn.active_deployments") == 1
    attached.run("INSERT INTO company.calls VALUES (3)")

    attach(attached)

    assert (
        attached.run("SELECT version, profile FROM churn.active_deployments") == before
    )
    assert divergences(attached, "company.clients") == []
    attached.run("INSERT INTO company.calls SELECT id FROM company.clients")
    assert_fresh(attached, MODEL, "company.clients", "id")


def test_a_table_attached_again_can_have_other_columns_and_another_key(attached):
    attached.run(DETACH, "company.clients")
    attached.run(
        "ALTER TABLE company.calls DROP CONSTRAINT calls_client_fkey;"
        "ALTER TABLE company.clients ALTER id TYPE text;"
        "ALTER TABLE company.clients RENAME id TO number;"
        "ALTER TABLE company.calls ALTER client TYPE text;"
        "ALTER TABLE company.calls DROP COLUMN at, ADD COLUMN said_at date"
    )

    attach(
        attached, ("company.clients", "number", "company.calls", "client", "said_at")
    )

    attached.run("INSERT INTO company.calls SELECT number FROM company.clients")
    assert_fresh(attached, MODEL, "company.clients", "number")


def test_detaching_one_pair_leaves_the_other_at_work(attached):
    attached.run(DETACH, "company.clients")

    attached.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    assert_fresh(attached, default_model())


def test_the_default_tables_work_on_when_they_are_detached(session):
    session.run("DROP FUNCTION churn.score_customer")

    session.run(DETACH, "churn.customers")

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")
    session.run("DELETE FROM churn.customers WHERE customer_id = 3")
    session.run("UPDATE churn.customers SET customer_id = 1001 WHERE customer_id = 1")
    with session.role("churn_application"):
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (5)")


def test_the_default_tables_can_be_attached_again(session):
    session.run("DROP FUNCTION churn.score_customer")
    session.run(DETACH, "churn.customers")

    session.run(
        "SELECT churn.attach('churn.customers', 'customer_id', 'churn.complaints',"
        " 'customer_id', 'complained_at')"
    )

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")
    session.run("UPDATE churn.customers SET churn_score = 0")
    session.run("DELETE FROM churn.customers WHERE customer_id = 3")
    session.run("UPDATE churn.customers SET customer_id = 1001 WHERE customer_id = 1")
    assert_fresh(session, default_model())


def test_only_a_superuser_detaches(attached):
    with attached.role("churn_loader"):
        assert attached.refusal(DETACH, "company.clients").sqlstate == "42501"


def test_a_view_that_reads_the_score_keeps_it_from_going(attached):
    attached.run("CREATE VIEW company.risky AS SELECT churn_score FROM company.clients")

    refused = attached.refusal(DETACH, "company.clients")

    assert refused.sqlstate == "2BP01"
    attached.run("INSERT INTO company.calls VALUES (3)")
    assert_fresh(attached, MODEL, "company.clients", "id")


def test_attached_is_as_attached_before_whatever_the_names(session):
    create_tables(session)

    assert attach(session, CLIENTS) == 2
    session.run(DETACH, "company.clients")
    assert attach(session, CLIENTS) == 2
