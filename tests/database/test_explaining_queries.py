"""churn.explain_query: what each feature contributes, row by row of any query."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from tests.models import (
    CUSTOMERS,
    KINDS,
    Model,
    activate,
    fit,
    fit_matrix,
    pipeline_for,
    register_once,
    training_frame,
)

EXPLAIN = "SELECT * FROM churn.explain_query(%s, %s)"
NUMBERS = ("age", "monthly_charges")


@pytest.fixture
def version(session):
    model = fit(
        pipeline=pipeline_for(KINDS, GradientBoostingClassifier(random_state=0))
    )
    version = register_once(session, model)
    activate(session, version)
    return version


@pytest.fixture
def strict_version(session):
    """A model of two numbers, of which the age must be known."""
    session.run("SET LOCAL session_replication_role = replica")
    session.run("UPDATE churn.customers SET age = 40 WHERE age IS NULL")
    return register_once(session, fit_matrix(NUMBERS, refuses_null=("age",)))


def test_contributions_add_up_to_the_score_that_predict_query_gives(session, version):
    base = session.value("SELECT base FROM churn.explain_base(%s)", version)
    query = "SELECT * FROM churn.customers ORDER BY customer_id"

    rows = session.run(EXPLAIN, version, query)

    predicted = session.run("SELECT * FROM churn.predict_query(%s, %s)", version, query)
    assert [row[:2] for row in rows] == [row[:2] for row in predicted]
    scores = np.array([row[2] for row in rows])
    assert scores == pytest.approx([row[2] for row in predicted], rel=0, abs=1e-12)
    sums = np.array([base + sum(row[3].values()) for row in rows])
    assert sums == pytest.approx(np.log(scores / (1 - scores)), rel=0, abs=1e-9)
    assert all(list(row[3].keys() - KINDS.keys()) == [] for row in rows)


def test_they_are_those_of_explain(session, version):
    rows = session.run(
        "SELECT (q.passed->>'customer_id')::bigint, q.contributions,"
        " jsonb_object_agg(e.feature, e.contribution)"
        " FROM churn.explain_query(%s, 'TABLE churn.customers') q"
        " JOIN churn.customers c ON c.customer_id = (q.passed->>'customer_id')::bigint"
        " CROSS JOIN LATERAL churn.explain(c) e GROUP BY 1, 2",
        version,
    )

    assert len(rows) == CUSTOMERS
    for _, queried, alone in rows:
        assert queried == pytest.approx(alone, rel=0, abs=1e-12)


@pytest.mark.parametrize("pass_features, passed", [(False, {"id": 7}), (True, None)])
def test_columns_pass_as_through_predict_query(session, pass_features, passed):
    version = register_once(session, fit_matrix(NUMBERS))
    query = "SELECT 7 AS id, 1 AS age, 2 AS monthly_charges"

    found = session.value(
        "SELECT passed FROM churn.explain_query(%s, %s, pass_features => %s)",
        *(version, query, pass_features),
    )

    assert found == (passed or {"id": 7, "age": 1, "monthly_charges": 2})


def test_a_row_that_cannot_be_explained_is_named(session, strict_version):
    refused = session.refusal(
        EXPLAIN,
        strict_version,
        "SELECT CASE WHEN i <> 12345 THEN i END AS age, i AS monthly_charges"
        " FROM generate_series(1, 20000) i",
    )

    assert refused.sqlstate == "22004"
    assert refused.detail == "It is row 12345 of the query."


def test_a_row_that_cannot_be_explained_may_be_kept(session, strict_version):
    session.take_notices()

    rows = session.run(
        "SELECT score, contributions FROM churn.explain_query(%s, %s, 'keep')",
        strict_version,
        "SELECT nullif(i % 3, 0) AS age, i AS monthly_charges"
        " FROM generate_series(1, 300) i",
    )

    assert [row == (None, None) for row in rows] == [False, False, True] * 100
    assert all(set(row[1]) == set(NUMBERS) for row in rows[::3])
    warning = session.take_notices()
    assert f"version {strict_version} could not score 100 of 300 rows" in warning


def test_what_is_no_plain_query_is_refused_and_not_run(session, version):
    refused = session.refusal(
        EXPLAIN, version, "DELETE FROM churn.complaints RETURNING *"
    )

    assert (refused.sqlstate, refused.message) == ("22023", "query cannot be scored")


def test_a_query_without_rows_has_no_explanations(session, version):
    query = "SELECT * FROM churn.customers WHERE false"

    assert session.run(EXPLAIN, version, query) == []


def test_the_query_has_its_callers_rights(session, version):
    session.run("CREATE TABLE secrets AS SELECT * FROM churn.customers")
    with session.role("churn_scorer"):
        assert session.refusal(EXPLAIN, version, "TABLE secrets").sqlstate == "42501"


def test_percent_signs_in_names_are_names(session):
    session.run('ALTER TABLE churn.customers ADD COLUMN "100%" integer DEFAULT 1')
    session.run('ALTER TABLE churn.customers ADD COLUMN "%s" integer DEFAULT 1')
    version = register_once(session, fit_matrix(("100%", "%s")), replay={})

    found = session.value(
        "SELECT contributions FROM churn.explain_query(%s, %s)",
        *(version, 'SELECT 1 AS "100%", 2 AS "%s"'),
    )

    assert set(found) == {"100%", "%s"}


@pytest.mark.alone
@pytest.mark.slow(reason="100,000 rows are explained, and timed")
def test_a_hundred_thousand_rows_take_their_time_and_memory(session):
    """At most 0.15 ms a row, and 200 MB above the session."""
    kinds = {**dict.fromkeys((f"n{i}" for i in range(9)), "number"), "plan": "text"}
    session.run(
        "ALTER TABLE churn.customers "
        + ", ".join(f"ADD COLUMN n{i} float8" for i in range(9))
        + ", ADD COLUMN plan text"
    )
    # Of so many rows that every tree has its eight leaves.
    frame, labels = training_frame(kinds, rows=5_000)
    pipeline = pipeline_for(kinds, GradientBoostingClassifier(random_state=0))
    version = register_once(
        session, Model(pipeline.fit(frame, labels), kinds), replay={}
    )
    session.run("""
        CREATE FUNCTION pg_temp.memory() RETURNS integer
        LANGUAGE plpython3u VOLATILE AS $$
            with open("/proc/self/status", encoding="ascii") as status:
                (kilobytes,) = (x.split()[1] for x in status if "RssAnon" in x)
            return int(kilobytes) // 1024
        $$
        """)
    columns = ", ".join(f"random() * 100 AS n{i}" for i in range(9))
    query = (
        f"SELECT {columns}, substr('abcd', 1 + i %% 4, 1) AS plan,"
        " CASE WHEN i %% 500 = 0 THEN pg_temp.memory() END AS megabytes"
        " FROM generate_series(1, {}) i"
    ).replace("%%", "%")
    explained = (
        "SELECT count(contributions), max((passed->>'megabytes')::integer),"
        " extract(epoch FROM clock_timestamp() - now())::float8"
        " FROM churn.explain_query(%s, %s)"
    )
    session.run(explained, version, query.format(1000))
    before = session.value("SELECT pg_temp.memory()")
    started = session.value("SELECT clock_timestamp()")

    rows, most, _ = session.row(explained, version, query.format(100_000))

    seconds = session.value(
        "SELECT extract(epoch FROM clock_timestamp() - %s::timestamptz)::float8",
        started,
    )
    assert rows == 100_000
    assert most - before < 200
    assert seconds / rows < 0.00015, f"{seconds / rows * 1e3:.3f} ms a row"
