import pytest

from tests.models import (
    assert_fresh,
    default_model,
    divergences,
    expected_scores,
    other_model,
    register_once,
)
from tests.writes import record_writes, writes

MODEL = default_model()
RESCORE = "CALL churn.rescore('churn.customers', %s)"


@pytest.fixture(scope="module")
def committing(module_database):
    return module_database.session(autocommit=True)


@pytest.fixture
def stale(committing):
    """A session whose database has another model active than scored its rows."""
    version = register_once(committing, other_model())
    committing.run("SELECT churn.activate_model(%s)", version)
    yield committing
    committing.run("SELECT churn.rollback_model('churn.customers')")
    committing.run("UPDATE churn.customers SET churn_score = 0")


@pytest.mark.parametrize("batch_size", [1, 7, 40, 41, 100_000])
def test_rescoring_scores_every_row_under_the_active_model(stale, batch_size):
    stale.run(RESCORE, batch_size)

    assert_fresh(stale, other_model())
    assert set(stale.column("SELECT churn_model_version FROM churn.customers")) == {
        stale.value("SELECT version FROM churn.active_deployments")
    }


def test_the_batch_has_a_usual_size(stale):
    stale.run("CALL churn.rescore('churn.customers')")

    assert_fresh(stale, other_model())


def test_each_batch_is_committed_for_itself(stale):
    transactions = (
        "SELECT count(DISTINCT xmin::text), count(DISTINCT xmin::text || cmin::text)"
        " FROM churn.customers"
    )

    stale.run(RESCORE, 10)

    assert stale.row(transactions)[0] == 4


def test_rescoring_leaves_the_counters_alone(stale):
    counters = (
        "SELECT customer_id, complaint_count, last_complaint_at FROM churn.customers"
        " ORDER BY 1"
    )
    before = stale.run(counters)

    stale.run(RESCORE, 10)

    assert stale.run(counters) == before


def test_a_loader_can_rescore(stale):
    stale.run("SET ROLE churn_loader")
    try:
        stale.run(RESCORE, 10)
    finally:
        stale.run("RESET ROLE")

    assert_fresh(stale, other_model())


def test_an_application_cannot_rescore(session):
    with session.role("churn_application"):
        assert session.refusal(RESCORE, 10).sqlstate == "42501"


def test_rescoring_in_a_transaction_is_refused(session):
    refused = session.refusal(RESCORE, 10)

    assert refused.sqlstate in ("2D000", "25001")
    assert "transaction" in refused.message
    assert refused.hint


@pytest.mark.parametrize("batch_size", [0, -1, None])
def test_a_batch_holds_at_least_one_row(committing, batch_size):
    refused = committing.refusal(RESCORE, batch_size)

    assert refused.sqlstate == "22023"
    shown = "null" if batch_size is None else batch_size
    assert refused.message == f"batch_size must be at least 1, not {shown}"


def test_without_an_active_model_nothing_is_rescored(module_empty_database):
    session = module_empty_database.session(autocommit=True)

    refused = session.refusal(RESCORE, 10)

    assert refused.sqlstate == "55000"
    assert refused.message == "no active model for churn.customers"
    assert refused.hint == (
        "Call churn.activate_model(version) with a registered version."
    )


def test_an_empty_table_is_rescored_at_once(trained_database):
    session = trained_database.session(autocommit=True)
    session.run("TRUNCATE churn.customers CASCADE")

    session.run(RESCORE, 10)

    assert divergences(session) == []


def test_rescoring_goes_on_past_rows_that_cannot_be_scored(trained_database):
    session = trained_database.session(autocommit=True)
    session.run(
        "UPDATE churn.customers SET data_usage_gb = 'infinity'"
        " WHERE customer_id IN (1, 10, 40)"
    )
    session.run("SELECT churn.activate_model(%s)", register_finite(session))

    session.run(RESCORE, 10)

    active = session.value("SELECT version FROM churn.active_deployments")
    assert session.column(
        "SELECT customer_id FROM churn.customers WHERE churn_model_version <> %s"
        " ORDER BY customer_id",
        active,
    ) == [1, 10, 40]


def register_finite(session):
    replay = {"2": expected_scores_finite(session)["2"]}
    return register_once(session, other_model(), replay=replay)


def expected_scores_finite(session):
    session.run(
        "CREATE TEMPORARY TABLE finite AS SELECT * FROM churn.customers"
        " WHERE data_usage_gb < 'infinity'"
    )
    return expected_scores(session, other_model(), "finite")


def overwrite(session, change):
    session.run("SET LOCAL session_replication_role = replica")
    session.run(f"UPDATE churn.customers SET {change} WHERE customer_id = 2")
    session.run("SET LOCAL session_replication_role = origin")


FOUND = {
    "complaint_count = complaint_count + 1": ["complaint_count", "churn_score"],
    "last_complaint_at = '1999-01-01'": ["last_complaint_at"],
    "last_complaint_at = NULL": ["last_complaint_at"],
    "churn_score = churn_score + 2e-9": ["churn_score"],
    "churn_score = NULL": ["churn_score"],
    "churn_score = 'NaN'": ["churn_score"],
    "churn_score = 'infinity'": ["churn_score"],
    "churn_model_version = 424242": ["churn_model_version"],
    "churn_model_version = NULL": ["churn_model_version"],
    "age = 99": ["churn_score"],
}


@pytest.mark.parametrize("change", FOUND)
def test_verify_finds_what_is_wrong(session, change):
    overwrite(session, change)

    assert [row[:2] for row in divergences(session)] == [
        ("2", column) for column in FOUND[change]
    ]


def test_verify_shows_what_is_stored_and_what_is_expected(session):
    overwrite(session, "complaint_count = 50, age = age")

    found = {row[1]: row[2:] for row in divergences(session)}

    assert found["complaint_count"] == ("50", "3")


def test_a_tiny_difference_is_none(session):
    overwrite(session, "churn_score = churn_score + 5e-10")

    assert divergences(session) == []


def test_verify_finds_complaints_that_no_trigger_saw(session):
    session.run("SET LOCAL session_replication_role = replica")
    session.run("DELETE FROM churn.complaints WHERE customer_id = 2")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    session.run("SET LOCAL session_replication_role = origin")

    assert sorted(row[:2] for row in divergences(session)) == [
        ("1", "complaint_count"),
        ("1", "last_complaint_at"),
        ("2", "complaint_count"),
        ("2", "last_complaint_at"),
    ]


def test_verify_writes_nothing(session):
    record_writes(session)

    divergences(session)

    assert writes(session) == {}


def test_verify_goes_through_more_rows_than_one_batch(session):
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        "INSERT INTO churn.customers (customer_id, complaint_count)"
        " SELECT i, CASE WHEN i IN (1000, 21000) THEN 1 ELSE 0 END"
        " FROM generate_series(1000, 21000) i"
    )
    session.run("SET LOCAL session_replication_role = origin")

    found = [row[0] for row in divergences(session) if row[1] == "complaint_count"]
    assert found == ["1000", "21000"]


def test_an_analyst_can_verify(session):
    with session.role("churn_scorer"):
        assert divergences(session) == []


@pytest.mark.parametrize("table", ["churn.complaints", "pg_class"])
def test_a_table_that_is_no_profile_is_not_verified(session, table):
    refused = session.refusal("SELECT * FROM churn.verify(%s::regclass)", table)

    assert refused.sqlstate == "22023"
    assert refused.message == f"table {table} is not attached"


def test_an_empty_profile_is_in_order(bare):
    assert divergences(bare) == []
