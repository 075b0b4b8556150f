"""How the server runs the statements of a batch, which PostgreSQL's auto_explain tells.

It tells the client, as a notice for each statement.
"""

import pytest

from tests.models import activate, default_model, fit_matrix, other_model, register_once

MODEL = default_model()


class Plans(list):
    """All notices of a session: psycopg2 itself keeps the last fifty."""

    def __contains__(self, text):
        """Return whether a text is part of a plan."""
        return any(text in plan for plan in self)


@pytest.fixture
def explained(trained_database):
    """A session that keeps the plans of all statements, those within functions, too."""
    session = trained_database.session(autocommit=True)
    if not session.value("SELECT pg_jit_available()"):
        pytest.skip("this server compiles no expressions")
    activate(session, register_once(session, other_model()))
    session.run("SELECT churn.score(c) FROM churn.customers c LIMIT 1")
    session.run(
        "LOAD 'auto_explain'; SET auto_explain.log_nested_statements = on;"
        " SET auto_explain.log_analyze = on; SET auto_explain.log_min_duration = 0;"
        " SET jit = on; SET client_min_messages = log"
    )
    session.connection.notices = Plans()
    return session


def mark_all(session):
    session.run(
        "INSERT INTO churn_internal.pending_profiles (attachment_id, key)"
        " SELECT 1, c.customer_id::text FROM churn.customers c"
    )


@pytest.mark.parametrize(
    ("statement", "prepare"),
    [
        ("CALL churn.rescore('churn.customers', 10)", None),
        ("SELECT * FROM churn.work(10)", mark_all),
        ("CALL churn.repair('churn.customers')", mark_all),
        ("SELECT * FROM churn.verify('churn.customers')", None),
    ],
    ids=["rescore", "work", "repair", "verify"],
)
def test_no_small_statement_of_a_batch_is_compiled(explained, statement, prepare):
    # It takes longer than the batch. A plan that the settings of a function price out
    # of the question, for want of another one, looked worth it.
    if prepare is not None:
        prepare(explained)
        explained.connection.notices.clear()

    explained.run(statement)

    plans = explained.connection.notices
    assert "Query Text" in plans
    assert "JIT:" not in plans


@pytest.fixture(params=["whole", "parted"])
def scored(explained, request):
    """The schema of 3,000 clients, in one table or in parts, who have a model."""
    schema = request.param
    partitions = "PARTITION BY HASH (id)" if schema == "parted" else ""
    explained.run(f"""
        CREATE SCHEMA {schema};
        CREATE TABLE {schema}.clients (id int PRIMARY KEY, usage float8) {partitions};
        CREATE TABLE {schema}.calls (client int REFERENCES {schema}.clients, at date);
    """)
    if partitions:
        for remainder in range(3):
            explained.run(
                f"CREATE TABLE {schema}.part_{remainder} PARTITION OF {schema}.clients"
                f" FOR VALUES WITH (MODULUS 3, REMAINDER {remainder})"
            )
    explained.run(f"""
        INSERT INTO {schema}.clients SELECT i, i FROM generate_series(1, 3000) i;
        ANALYZE {schema}.clients;
        SELECT churn.attach('{schema}.clients', 'id', '{schema}.calls', 'client', 'at');
    """)
    model = fit_matrix(["usage"])
    activate(explained, register_once(explained, model, f"{schema}.clients", "id"))
    explained.connection.notices.clear()
    return schema


def test_rows_are_rescored_by_their_places(explained, scored):
    # By their keys each of them would be looked up once more.
    explained.run(f"CALL churn.rescore('{scored}.clients', 1000)")

    (plan, *_) = [p for p in explained.connection.notices if "unnest(scores)" in p]
    assert "Tid Scan" in plan
    assert "Index Scan" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("first", [2, 3000], ids=["two rows", "all rows"])
def test_the_rows_of_a_statement_are_written_by_one_scan_of_their_places(
    explained, scored, first
):
    # The plan is the session's, whatever the first statement was. The partitions are so
    # small that the planner would rather read them whole.
    insert = f"INSERT INTO {scored}.calls SELECT i, now() FROM generate_series(1, %s) i"
    explained.run(insert, first)
    explained.connection.notices.clear()

    explained.run(insert, 3000)

    (plan, *_) = [p for p in explained.connection.notices if "unnest(scores)" in p]
    assert "Tid Scan" in plan
    assert "Nested Loop" not in plan
    assert "Seq Scan" not in plan
    wrong = f"SELECT count(*) FROM churn.verify('{scored}.clients')"
    assert explained.value(wrong) == 0
