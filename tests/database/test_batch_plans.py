"""How the server runs the statements of a batch, which PostgreSQL's auto_explain tells.

It tells the client, as a notice for each statement.
"""

import pytest

from tests.models import activate, default_model, other_model, register

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
    activate(session, register(session, other_model()))
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
