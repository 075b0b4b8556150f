"""churn.predict_query: the rows of any query, with the rights of who asks."""

import time

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from tests.models import (
    CUSTOMERS,
    KINDS,
    Model,
    assert_fresh,
    default_model,
    expected_scores,
    fit,
    fit_matrix,
    other_model,
    pipeline_for,
    register_once,
    stored_scores,
)
from tests.waiting import in_background, observer_of

MODEL = default_model()
SCORED = (
    "SELECT passed->>'customer_id', score"
    " FROM churn.predict_query(%s, 'TABLE churn.customers')"
)
PREDICT = "SELECT * FROM churn.predict_query(%s, %s)"
NUMBERS = ("age", "monthly_charges")
CANNOT = "query cannot be scored"
SELECT_ONLY = "Pass a single SELECT, VALUES or TABLE that locks and writes nothing."
INTRUDER = "pgchurn_test_reader"


@pytest.fixture
def version(session):
    return session.value("SELECT version FROM churn.active_deployments")


@pytest.fixture
def matrix_version(session):
    """A model of two numbers, both of which may be missing."""
    return register_once(session, fit_matrix(NUMBERS))


@pytest.fixture
def strict_version(session):
    """A model of two numbers, of which the age must be known."""
    session.run("SET LOCAL session_replication_role = replica")
    session.run("UPDATE churn.customers SET age = 40 WHERE age IS NULL")
    return register_once(session, fit_matrix(NUMBERS, refuses_null=("age",)))


def test_the_scores_are_what_scikit_learn_says(session, version):
    scores = dict(session.run(SCORED, version))

    assert scores == pytest.approx(expected_scores(session, MODEL), rel=0, abs=1e-9)
    assert scores == stored_scores(session)


def test_any_version_scores(session):
    other = other_model()

    scores = dict(session.run(SCORED, register_once(session, other)))

    assert scores == pytest.approx(expected_scores(session, other), rel=0, abs=1e-9)


def test_a_table_is_created_from_it_as_it_stands(session, version):
    session.run(
        f"CREATE TABLE scored AS SELECT * FROM churn.predict_query({version},"
        " 'SELECT * FROM churn.customers ORDER BY customer_id DESC')"
    )

    assert session.column("SELECT row_number FROM scored") == list(
        range(1, CUSTOMERS + 1)
    )
    assert session.column(
        "SELECT (passed->>'customer_id')::bigint FROM scored ORDER BY row_number"
    ) == list(range(CUSTOMERS, 0, -1))


def test_it_joins_like_any_set(session, version):
    assert (
        session.column(
            "SELECT c.churn_score - q.score FROM churn.customers c JOIN"
            " churn.predict_query(%s, 'TABLE churn.customers') q"
            " ON c.customer_id = (q.passed->>'customer_id')::bigint",
            version,
        )
        == [0.0] * CUSTOMERS
    )


def test_columns_that_are_no_features_pass_through_with_their_values(
    session, matrix_version
):
    query = """
        SELECT 1 AS age, 2 AS monthly_charges, 9007199254740993 AS "Big "" key",
               1.10 AS exact, NULL::date AS nothing, '{"a": [1]}'::jsonb AS document,
               timestamptz '2026-01-01 00:00Z' AS at, true AS "select"
        """

    session.run("SET LOCAL timezone = 'UTC'")
    assert session.value(
        "SELECT passed::text FROM churn.predict_query(%s, %s)", matrix_version, query
    ) == session.value(f"""
        SELECT (to_jsonb(q) - 'age' - 'monthly_charges')::text FROM ({query}) q
        """)


@pytest.mark.parametrize(
    "pass_features, passed",
    [("false", {"id": 7}), ("true", {"id": 7, "age": 1, "monthly_charges": 2})],
)
def test_features_pass_through_when_asked_to(
    session, matrix_version, pass_features, passed
):
    query = "SELECT 7 AS id, 1 AS age, 2 AS monthly_charges"

    assert (
        session.value(
            "SELECT passed FROM churn.predict_query(%s, %s, pass_features => "
            f"{pass_features})",
            matrix_version,
            query,
        )
        == passed
    )


def test_without_other_columns_nothing_passes(session, matrix_version):
    rows = session.run(PREDICT, matrix_version, "SELECT 1 AS age, 2 AS monthly_charges")

    assert [row[:2] for row in rows] == [(1, {})]


@pytest.mark.parametrize(
    "query",
    [
        "VALUES (1, 2)",
        "SELECT 1, 2;",
        "SELECT 1, 2 ;; \n\t",
        "SELECT 1, 2 -- as good as any",
        "SELECT 1, 2 /* ; */",
        "WITH given AS (SELECT 1, 2) TABLE given",
        "SELECT 1, 2 UNION ALL SELECT 3, 4 ORDER BY 1 LIMIT 1",
    ],
)
def test_every_form_of_a_query_is_scored(session, query):
    numbers = ("column1", "column2")
    session.run(
        "ALTER TABLE churn.customers ADD COLUMN column1 float8,"
        " ADD COLUMN column2 float8"
    )
    version = register_once(session, fit_matrix(numbers), replay={})
    named = query.replace("1, 2", "1 AS column1, 2 AS column2")

    rows = session.run(PREDICT, version, query if "VALUES" in query else named)

    assert [row[2] for row in rows] == [
        session.value(
            """SELECT churn.predict(%s, '{"column1": 1, "column2": 2}')""", version
        )
    ]


def test_a_query_without_rows_has_no_scores(session, version):
    query = "SELECT * FROM churn.customers WHERE false"

    assert session.run(PREDICT, version, query) == []


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO churn.complaints (customer_id) VALUES (1) RETURNING *",
        "DELETE FROM churn.complaints",
        "WITH gone AS (DELETE FROM churn.complaints RETURNING *) TABLE gone",
        "SELECT * FROM churn.customers FOR UPDATE",
        "TABLE churn.customers; DELETE FROM churn.complaints",
        "TABLE churn.customers; TABLE churn.customers",
        "SELECT * INTO copied FROM churn.customers",
        "CREATE TABLE copied AS TABLE churn.customers",
        "CALL churn.rescore('churn.customers')",
        "EXPLAIN ANALYZE DELETE FROM churn.complaints",
        "SHOW work_mem",
        "COMMIT",
        "",
        " ; ",
    ],
)
def test_what_is_no_plain_query_is_refused_and_not_run(session, version, query):
    before = session.value("SELECT count(*) FROM churn.complaints")

    refused = session.refusal(PREDICT, version, query)

    assert (refused.sqlstate, refused.message) == ("22023", CANNOT)
    assert refused.detail.startswith("The server says: ")
    assert refused.hint == SELECT_ONLY
    assert session.value("SELECT count(*) FROM churn.complaints") == before
    assert session.value("SELECT to_regclass('copied')") is None


@pytest.mark.parametrize(
    "query, sqlstate",
    [
        ("SELEC", "42601"),
        ("SELECT 1) q; DELETE FROM churn.complaints; --", "42601"),
        ("SELECT 1 AS age) q (c1), (SELECT 2", "42601"),
        ("SELECT 1; -- a comment after it", "42601"),
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT $1::integer AS age", "42P02"),
        ("SELECT 1 / 0 AS age, 1 AS monthly_charges", "22012"),
    ],
)
def test_the_servers_own_errors_are_told(session, matrix_version, query, sqlstate):
    before = session.value("SELECT count(*) FROM churn.complaints")

    assert session.refusal(PREDICT, matrix_version, query).sqlstate == sqlstate

    assert session.value("SELECT count(*) FROM churn.complaints") == before


def test_no_query_is_named_as_such(session, version):
    refused = session.refusal(PREDICT, version, None)

    assert (refused.sqlstate, refused.message) == ("22023", "query is null")
    assert refused.hint == "Pass the text of a SELECT."


@pytest.mark.parametrize("unknown", [-1, None])
def test_an_unknown_version_is_named(session, unknown):
    refused = session.refusal(PREDICT, unknown, "SELECT 1")

    shown = "null" if unknown is None else unknown
    assert refused.sqlstate == "22023"
    assert refused.message == f"model version {shown} does not exist"


@pytest.mark.parametrize("policy", ["", "skip", None])
def test_an_unknown_failure_policy_is_named(session, version, policy):
    refused = session.refusal(
        "SELECT * FROM churn.predict_query(%s, 'TABLE churn.customers', %s)",
        version,
        policy,
    )

    shown = "null" if policy is None else policy
    assert refused.sqlstate == "22023"
    assert refused.message == f"unknown failure policy {shown}"
    assert refused.hint == "Pass keep or raise."


def test_a_missing_feature_is_named_with_a_guess(session, matrix_version):
    refused = session.refusal(
        PREDICT, matrix_version, "SELECT 1 AS age, 2 AS monthly_charge"
    )

    assert refused.sqlstate == "42703"
    assert refused.message == 'feature "monthly_charges" is missing from the query'
    assert refused.hint == (
        'Perhaps "monthly_charge" was meant. '
        "The model needs it under exactly this name."
    )


def test_two_columns_of_one_name_are_refused_as_a_table_would(session, matrix_version):
    refused = session.refusal(
        PREDICT, matrix_version, "SELECT 1 AS age, 2 AS monthly_charges, 3 AS x, 4 AS x"
    )

    assert refused.sqlstate == "42701"
    assert refused.message == 'column "x" appears more than once in the query'
    assert refused.hint == "Give each column a name of its own with AS."


@pytest.mark.parametrize(
    "column, value, kind, type, cast",
    [
        ("age", "'30'", "number", "text", "double precision"),
        ("age", "NULL", "number", "text", "double precision"),
        ("age", "now()", "number", "timestamp with time zone", "double precision"),
        ("contract", "5", "text", "integer", "text"),
        ("contract", "true", "text", "boolean", "text"),
        ("paperless_billing", "1", "boolean", "integer", "boolean"),
        ("paperless_billing", "'yes'", "boolean", "text", "boolean"),
    ],
)
def test_a_feature_of_another_type_is_named(
    session, version, column, value, kind, type, cast
):
    columns = ", ".join(
        f"{value} AS {name}" if name == column else name for name in KINDS
    )

    refused = session.refusal(
        PREDICT, version, f"SELECT {columns} FROM churn.customers"
    )

    assert refused.sqlstate == "42804"
    assert refused.message == (
        f'feature "{column}" is a {kind} in the model, but {type} in the query'
    )
    assert refused.hint == f"Cast it in the query to {cast}."


@pytest.mark.parametrize(
    "number",
    [
        *("1::smallint", "1::bigint", "1::real", "1::numeric", "true", "1::small"),
        *("'NaN'::numeric", "'NaN'::float8", "NULL::integer", "1e-400", "NULL::small"),
    ],
)
def test_every_type_of_number_is_read(session, matrix_version, number):
    session.run("CREATE DOMAIN small AS numeric CHECK (value < 10)")

    ((_, _, score),) = session.run(
        PREDICT, matrix_version, f"SELECT {number} AS age, 2.5 AS monthly_charges"
    )

    known = 0 if number == "1e-400" else 1
    given = "null" if "NULL" in number or "NaN" in number else known
    assert score == session.value(
        "SELECT churn.predict(%s, %s)",
        matrix_version,
        f'{{"age": {given}, "monthly_charges": 2.5}}',
    )


@pytest.mark.parametrize("type", ["text", "varchar(20)", "name", "contract_kind"])
def test_every_type_of_text_is_read(session, version, type):
    session.run(
        "CREATE TYPE contract_kind AS ENUM ('month to month', 'one year', 'two year')"
    )
    columns = ", ".join(
        f"contract::{type} AS contract" if name == "contract" else name
        for name in KINDS
    )

    scores = session.run(
        "SELECT (passed->>'customer_id'), score FROM churn.predict_query(%s, %s)"
        " WHERE passed->>'kept' = 'two year' OR passed->>'kept' IS NULL",
        version,
        f"SELECT customer_id, contract AS kept, {columns} FROM churn.customers",
    )

    stored = stored_scores(session)
    assert scores and dict(scores) == {key: stored[key] for key, _ in scores}


def test_a_model_of_texts_alone_is_scored(session):
    model = fit({"contract": "text"}, pipeline_for({"contract": "text"}))
    version = register_once(session, model)

    scores = dict(session.run(SCORED, version))

    assert scores == pytest.approx(expected_scores(session, model), rel=0, abs=1e-9)


@pytest.mark.parametrize(
    "age, sqlstate, message",
    [
        ("'Infinity'::float8", "22023", 'feature "age" is infinite'),
        ("'-Infinity'::numeric", "22023", 'feature "age" is infinite'),
        ("1e400", "22023", 'feature "age" is infinite'),
        (
            "NULL::float8",
            "22004",
            'feature "age" is null, and the model does not accept that',
        ),
    ],
)
@pytest.mark.parametrize("row", [1, 17, 12_345])
def test_a_row_that_cannot_be_scored_is_named(
    session, strict_version, age, sqlstate, message, row
):
    query = (
        f"SELECT CASE WHEN i = {row} OR i > 15000 THEN {age} ELSE i END AS age,"
        " i AS monthly_charges FROM generate_series(1, 20000) i"
    )

    refused = session.refusal(PREDICT, strict_version, query)

    assert (refused.sqlstate, refused.message) == (sqlstate, message)
    assert refused.detail == f"It is row {row} of the query."


def test_a_row_that_cannot_be_scored_may_be_kept_without_a_score(
    session, strict_version
):
    query = """
        SELECT CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN 'Infinity' ELSE i::float8 END
                   AS age,
               i AS monthly_charges
        FROM generate_series(1, 3000) i
        """
    session.take_notices()

    scores = session.column(
        "SELECT score FROM churn.predict_query(%s, %s, on_error => 'keep')",
        strict_version,
        query,
    )

    expected = session.column(
        "SELECT score FROM churn.predict_query(%s, %s)",
        strict_version,
        "SELECT i AS age, i AS monthly_charges FROM generate_series(2, 3000, 3) i",
    )
    assert len(scores) == 3000
    assert scores[1::3] == pytest.approx(expected, rel=0, abs=1e-12)
    assert scores[0::3] == scores[2::3] == [None] * 1000
    warning = session.take_notices()
    assert f"version {strict_version} could not score 2000 of 3000 rows" in warning
    assert "The first is row 1 of the query." in warning


def test_a_category_that_the_model_refuses_is_named(session):
    kinds = {"contract": "text"}
    model = fit(kinds, pipeline_for(kinds, handle_unknown="error"))
    version = register_once(session, model)

    refused = session.refusal(
        PREDICT,
        version,
        "SELECT * FROM (VALUES ('one year'), ('unheard of')) v (contract)",
    )

    assert refused.sqlstate == "22023"
    assert "unheard of" in refused.detail
    assert refused.detail.endswith("It is row 2 of the query.")


@pytest.mark.parametrize("role", ["churn_scorer", "churn_loader"])
def test_the_query_has_its_callers_rights_and_no_more(session, version, role):
    session.run("CREATE TABLE secrets AS SELECT * FROM churn.customers")
    with session.role(role):
        assert dict(session.run(SCORED, version)) == stored_scores(session)
        for query in ("TABLE secrets", "SELECT artifact FROM churn.models"):
            assert session.refusal(PREDICT, version, query).sqlstate == "42501"


def test_an_application_scores_no_queries(session, version):
    with session.role("churn_application"):
        refused = session.refusal(PREDICT, version, "TABLE churn.customers")

    assert refused.sqlstate == "42501"


def test_row_level_security_hides_rows_from_the_query(session, version):
    session.run(f"""
        CREATE ROLE {INTRUDER} IN ROLE churn_scorer;
        CREATE TABLE hidden AS SELECT * FROM churn.customers;
        ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
        CREATE POLICY few ON hidden USING (customer_id <= 3);
        GRANT SELECT ON hidden TO {INTRUDER};
        """)
    with session.role(INTRUDER):
        assert len(session.run(PREDICT, version, "TABLE hidden")) == 3


def test_names_in_the_query_are_looked_up_as_its_caller_does(session, matrix_version):
    session.run("""
        CREATE SCHEMA own; SET LOCAL search_path = own, public;
        CREATE TABLE customers AS SELECT 30 AS age, 4.5 AS monthly_charges;
        CREATE FUNCTION path() RETURNS text LANGUAGE plpgsql AS
            $$BEGIN RETURN current_setting('search_path'); END$$;
        CREATE FUNCTION whose() RETURNS name LANGUAGE plpgsql AS
            $$BEGIN RETURN current_user; END$$;
        GRANT USAGE ON SCHEMA own TO churn_scorer;
        GRANT SELECT ON customers TO churn_scorer;
        """)
    with session.role("churn_scorer"):
        passed = session.value(
            "SELECT passed FROM churn.predict_query(%s,"
            " 'SELECT *, path(), whose() FROM customers')",
            matrix_version,
        )
        after = session.value("SHOW search_path")

    assert passed == {"path": "own, public", "whose": "churn_scorer"}
    assert after == "own, public"


def test_a_query_may_score_queries(session, version, matrix_version):
    rows = session.run(
        PREDICT,
        matrix_version,
        "SELECT q.score * 100 AS age, q.row_number AS monthly_charges"
        f" FROM churn.predict_query({version}, 'TABLE churn.customers') q",
    )

    assert len(rows) == CUSTOMERS


def test_a_read_only_transaction_scores(session, version):
    session.run("SET TRANSACTION READ ONLY")

    assert len(session.run(PREDICT, version, "TABLE churn.customers")) == CUSTOMERS


@pytest.mark.alone
def test_a_cancel_takes_effect_while_the_query_computes(session, matrix_version):
    session.run("SET LOCAL statement_timeout = '100ms'")
    start = time.monotonic()

    refused = session.refusal(
        PREDICT,
        matrix_version,
        "SELECT i AS age, i AS monthly_charges FROM generate_series(1, 100000000) i",
    )

    assert refused.sqlstate == "57014"
    assert time.monotonic() - start < 2


@pytest.mark.slow(reason="scores with a slow pickle")
@pytest.mark.alone
def test_a_cancel_takes_effect_while_a_slow_pickle_scores(first, module_database):
    rng = np.random.default_rng(0)
    forest = RandomForestClassifier(1, max_depth=2, random_state=0)
    forest.fit(rng.uniform(0, 100, (60, 2)), rng.random(60) < 0.5)
    # One tree many times over, so that its pickle is small.
    forest.estimators_ *= 1000
    kinds = dict.fromkeys(NUMBERS, "number")
    version = register_once(first, Model(forest, kinds, named_columns=False), replay={})
    first.commit()
    query = "SELECT i AS age, 1 AS monthly_charges FROM generate_series(1, 1000000) i"
    # Loaded, and its pace known.
    first.run(PREDICT, version, query.replace("1000000", "2000"))

    with in_background(lambda: first.refusal(PREDICT, version, query)) as asked:
        observer = observer_of(module_database)
        while not observer.value(
            "SELECT query LIKE 'SELECT * FROM churn.predict_query%%' AND state ="
            " 'active' FROM pg_stat_activity WHERE pid = %s",
            first.backend,
        ):
            assert not asked.done()
        observer.run("SELECT pg_cancel_backend(%s)", first.backend)
        start = time.monotonic()
        assert asked.result().sqlstate == "57014"

    assert time.monotonic() - start < 1


def test_memory_does_not_grow_with_the_query(session, matrix_version):
    session.run("""
        CREATE FUNCTION pg_temp.memory() RETURNS integer
        LANGUAGE plpython3u VOLATILE AS $$
            with open("/proc/self/status", encoding="ascii") as status:
                (kilobytes,) = (x.split()[1] for x in status if "RssAnon" in x)
            return int(kilobytes) // 1024
        $$
        """)
    query = """
        SELECT i AS age, i AS monthly_charges, repeat(i::text, 1000) AS remark,
               CASE WHEN i % 500 = 0 THEN pg_temp.memory() END AS megabytes
        FROM generate_series(1, {rows}) i
        """
    count = "SELECT max((passed->>'megabytes')::int) FROM churn.predict_query(%s, %s)"

    # The first takes the memory of a batch.
    _, small, large = (
        session.value(count, matrix_version, query.format(rows=rows))
        for rows in (20_000, 20_000, 60_000)
    )

    # 200 MB more of remarks go by.
    assert large - small < 50


WRITERS = {
    "a table": "INSERT INTO public.written VALUES (1)",
    "a row": "DELETE FROM churn.customers",
    "a sequence": "PERFORM nextval('public.counter')",
    "what is read only": "SET LOCAL transaction_read_only = off;"
    " INSERT INTO public.written VALUES (1)",
    "a schema": "CREATE TABLE public.made (i integer)",
}


@pytest.mark.parametrize("written", WRITERS)
@pytest.mark.parametrize("on_error", ["raise", "keep"])
def test_no_function_that_a_query_calls_writes(
    session, matrix_version, written, on_error
):
    session.run(
        "CREATE TABLE public.written (i integer); CREATE SEQUENCE public.counter;"
        'CREATE FUNCTION public."wri""te"() RETURNS float8 LANGUAGE plpgsql AS'
        f" $$ BEGIN {WRITERS[written]}; RETURN 1; END $$"
    )

    refused = session.refusal(
        "SELECT * FROM churn.predict_query(%s, %s, %s)",
        *(matrix_version, 'SELECT public."wri""te"() AS age, 1.5 AS monthly_charges'),
        on_error,
    )

    assert refused.sqlstate in ("25006", "25001")
    assert session.value("SELECT count(*) FROM public.written") == 0


def test_a_transaction_writes_again_after_a_query_was_scored(session, version):
    session.run(SCORED, version)
    session.refusal(PREDICT, version, "SELECT 1 / 0 AS age")
    session.run(SCORED, version)

    assert session.value("SELECT current_setting('transaction_read_only')") == "off"
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    assert_fresh(session, MODEL)
