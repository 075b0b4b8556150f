"""Why a row has the score it has: churn.explain and what goes with it."""

import json
import math

import pytest
from sklearn.ensemble import GradientBoostingClassifier

from tests.company import attach
from tests.models import (
    KINDS,
    activate,
    default_model,
    deploy,
    fit,
    fit_matrix,
    other_model,
    pipeline_for,
    read_features,
    register_once,
    unexplained,
)

EXPLAIN = (
    "SELECT e.* FROM churn.customers c, churn.explain(c) e WHERE c.customer_id = %s"
)
TOP = (
    "SELECT e.* FROM churn.customers c, churn.explain(c, %s) e WHERE c.customer_id = 1"
)
SCORE = "SELECT churn.score(c) FROM churn.customers c WHERE customer_id = %s"
FEATURE, VALUE, CONTRIBUTION, POINTS, TYPICAL, REASON = range(6)


@pytest.fixture
def version(session):
    """Have the default model registered as anybody would, and active."""
    version = register_once(session, default_model())
    activate(session, version)
    return version


@pytest.fixture
def boosting(session):
    """Have boosted trees active."""
    model = fit(
        pipeline=pipeline_for(KINDS, GradientBoostingClassifier(random_state=0))
    )
    version = register_once(session, model)
    activate(session, version)
    return version


def log_odds(score):
    return math.log(score) - math.log1p(-score)


def test_contributions_and_points_add_up_to_the_score_of_every_row(session, boosting):
    base, probability = session.row("SELECT * FROM churn.explain_base(%s)", boosting)
    rows = session.run(
        "SELECT churn.score(c), sum(e.contribution), sum(e.points), count(*)"
        " FROM churn.customers c, churn.explain(c) e GROUP BY c.customer_id, c.*"
    )

    assert len(rows) == session.value("SELECT count(*) FROM churn.customers")
    assert base == pytest.approx(log_odds(probability), abs=1e-9)
    for score, contribution, points, features in rows:
        assert base + contribution == pytest.approx(log_odds(score), rel=0, abs=1e-9)
        assert probability + points == pytest.approx(score, rel=0, abs=1e-12)
        assert features == len(KINDS)


def test_of_a_logistic_regression_they_are_coefficients_times_distances(
    session, version
):
    """Each is the coefficient times how far the value is from the mean."""
    frame = read_features(session, KINDS)
    columns, classifier = default_model().pipeline
    names = columns.get_feature_names_out()
    matrix = columns.transform(frame)
    parts = (matrix - matrix.mean(axis=0)) * classifier.coef_[0]

    for key in frame.index[:10]:
        row = frame.index.get_loc(key)
        expected = dict.fromkeys(KINDS, 0.0)
        for name, part in zip(names, parts[row]):
            feature = name.partition("__")[2]
            owner = next(
                f for f in KINDS if feature == f or feature.startswith(f"{f}_")
            )
            expected[owner] += part
        found = {row[FEATURE]: row[CONTRIBUTION] for row in session.run(EXPLAIN, key)}
        assert found == pytest.approx(expected, rel=0, abs=1e-9)


def test_the_largest_contribution_comes_first(session, boosting):
    for key in (1, 7, 20):
        sizes = [abs(row[CONTRIBUTION]) for row in session.run(EXPLAIN, key)]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] > 0


def test_values_are_told_as_the_model_reads_them(session, version):
    session.run(
        "UPDATE churn.customers SET age = NULL, monthly_charges = 29.50,"
        " contract = 'one year', paperless_billing = true WHERE customer_id = 1"
    )

    values = {row[FEATURE]: row[VALUE] for row in session.run(EXPLAIN, 1)}

    assert values == {
        "age": "not known",
        "monthly_charges": "29.5",
        "data_usage_gb": "2.5",
        "contract": "one year",
        "paperless_billing": "true",
        "complaint_count": "0",
    }


def test_what_is_typical_is_the_median_or_the_most_frequent_value(session, version):
    typical = {row[FEATURE]: row[TYPICAL] for row in session.run(EXPLAIN, 1)}

    assert float(typical["age"]) == session.value(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY age) FROM churn.customers"
    )
    assert typical["contract"] == session.value(
        "SELECT mode() WITHIN GROUP (ORDER BY contract) FROM churn.customers"
    )
    assert typical["paperless_billing"] in ("true", "false")


def test_a_reason_is_a_sentence(session, version):
    reasons = {row[FEATURE]: row for row in session.run(EXPLAIN, 7)}

    age = reasons["age"]
    assert age[VALUE] == "not known"
    assert age[REASON].startswith(f"age is not known (typical: {age[TYPICAL]}), which ")
    told = reasons["monthly_charges"]
    direction = "raises" if told[POINTS] > 0 else "lowers"
    assert told[REASON] == (
        f"monthly_charges is {told[VALUE]} (typical: {told[TYPICAL]}), which"
        f" {direction} the score by {abs(told[POINTS]) * 100:.1f} percentage points"
    )


def test_top_k_keeps_the_largest_and_adds_the_rest_up(session, version):
    everything = session.run(EXPLAIN, 1)

    top = session.run(TOP, 2)

    assert top[:2] == everything[:2]
    assert len(top) == 3
    rest = top[2]
    assert (rest[FEATURE], rest[VALUE], rest[TYPICAL]) == (None, None, None)
    for column in (CONTRIBUTION, POINTS):
        assert rest[column] == pytest.approx(
            sum(row[column] for row in everything[2:]), rel=0, abs=1e-12
        )
    assert rest[REASON].startswith("what is left, 4 features, ")
    assert session.run(TOP, len(KINDS)) == session.run(TOP, None) == everything


@pytest.mark.parametrize("top_k", [0, -3])
def test_a_top_k_of_nothing_is_refused(session, version, top_k):
    refused = session.refusal(TOP, top_k)

    assert refused.sqlstate == "22023"
    assert refused.message == f"top_k is {top_k}, and must be at least 1"
    assert refused.hint == "Leave it out to have every feature explained."


def test_what_if_is_explained_as_well(session, version):
    changed = 'jsonb_populate_record(c, \'{"contract": "two year"}\')'
    rows = session.run(
        f"SELECT e.feature, e.value, churn.score({changed}),"
        f" sum(e.points) OVER () FROM churn.customers c, churn.explain({changed}) e"
        " WHERE c.customer_id = 1"
    )

    assert ("contract", "two year") in {row[:2] for row in rows}
    base = session.row("SELECT * FROM churn.explain_base(%s)", version)[1]
    assert rows[0][3] == pytest.approx(rows[0][2] - base, rel=0, abs=1e-12)


def test_the_missing_side_of_an_outer_join_has_no_explanation(session, version):
    assert session.run(
        "SELECT i, e.feature FROM generate_series(-1, -1) i"
        " LEFT JOIN churn.customers c ON c.customer_id = i"
        " LEFT JOIN LATERAL churn.explain(c) e ON true"
    ) == [(-1, None)]


def test_what_is_active_explains(session, version):
    first = session.run(EXPLAIN, 1)
    activate(session, register_once(session, other_model()))

    second = session.run(EXPLAIN, 1)

    assert second != first
    session.run("SELECT churn.rollback_model('churn.customers')")
    assert session.run(EXPLAIN, 1) == first


def test_a_row_that_cannot_be_scored_is_refused_as_by_score(session):
    session.run("SET LOCAL session_replication_role = replica")
    session.run("UPDATE churn.customers SET age = 40 WHERE age IS NULL")
    numbers = ("age", "monthly_charges")
    activate(
        session, register_once(session, fit_matrix(numbers, refuses_null=("age",)))
    )
    session.run("UPDATE churn.customers SET age = NULL WHERE customer_id = 1")

    refused = session.refusal(EXPLAIN, 1)

    assert refused.sqlstate == "22004"
    assert refused.message == session.refusal(SCORE, 1).message


def test_without_an_active_version_nothing_is_explained(bare):
    bare.run("INSERT INTO churn.customers (customer_id) VALUES (1)")

    refused = bare.refusal(EXPLAIN, 1)

    assert refused.sqlstate == "55000"
    assert refused.message == "no active model for this profile"


def test_a_model_without_an_explanation_is_refused_by_name(session):
    version = register_once(session, unexplained())
    activate(session, version)

    for refused in (
        session.refusal(EXPLAIN, 1),
        session.refusal("SELECT * FROM churn.explain_base(%s)", version),
        session.refusal(
            "SELECT * FROM churn.explain_query(%s, 'TABLE churn.customers')", version
        ),
        session.refusal("SELECT * FROM churn.global_explain(%s)", version),
    ):
        assert refused.sqlstate == "55000"
        assert refused.message == f"model version {version} has no explanation"
        assert "KNeighborsClassifier" in refused.detail
        assert "logistic regression" in refused.detail
        assert refused.hint


@pytest.mark.parametrize("unknown", [-1, None])
@pytest.mark.parametrize("function", ["explain_base", "global_explain"])
def test_an_unknown_version_is_named(session, function, unknown):
    refused = session.refusal(f"SELECT * FROM churn.{function}(%s)", unknown)

    shown = "null" if unknown is None else unknown
    assert refused.sqlstate == "22023"
    assert refused.message == f"model version {shown} does not exist"


def test_a_version_on_its_pickle_is_explained_all_the_same(session, version):
    expected = session.run(EXPLAIN, 1)
    pickled = register_once(session, default_model(), compile_form=False)
    activate(session, pickled)

    assert session.run(EXPLAIN, 1) == expected
    found = session.run(
        "SELECT contributions FROM churn.explain_query(%s, 'TABLE churn.customers')",
        pickled,
    )
    assert len(found) == 40


def test_a_version_that_was_fitted_on_a_matrix_is_explained(session):
    numbers = ("age", "monthly_charges", "complaint_count")
    version = register_once(session, fit_matrix(numbers))
    activate(session, version)

    base = session.row("SELECT * FROM churn.explain_base(%s)", version)[1]
    rows = session.run(EXPLAIN, 2)

    assert {row[FEATURE] for row in rows} == set(numbers)
    assert base + sum(row[POINTS] for row in rows) == pytest.approx(
        session.value(SCORE, 2), rel=0, abs=1e-12
    )


def test_global_explain_is_the_mean_size_of_contributions(session, version):
    rows = session.run("SELECT * FROM churn.global_explain(%s)", version)
    means = dict(
        session.run(
            "SELECT e.feature, avg(abs(e.contribution))"
            " FROM churn.customers c, churn.explain(c) e GROUP BY 1"
        )
    )

    assert {row[0]: row[1] for row in rows} == pytest.approx(means, rel=0, abs=1e-9)
    assert [row[1] for row in rows] == sorted(means.values(), reverse=True) or (
        sorted((row[1] for row in rows), reverse=True) == [row[1] for row in rows]
    )
    assert {row[2] for row in rows} == {None}


def test_global_explain_has_the_permutation_importance_of_training(session):
    importance = {name: {"mean": i / 10, "std": 0.0} for i, name in enumerate(KINDS)}
    version = register_once(
        session,
        default_model(),
        metrics=json.dumps({"permutation_importance": importance}),
    )

    found = dict(
        session.run("SELECT feature, importance FROM churn.global_explain(%s)", version)
    )

    assert found == {name: one["mean"] for name, one in importance.items()}


def test_importance_is_told_of_a_model_without_an_explanation(session):
    model = unexplained()
    importance = {name: {"mean": 0.2, "std": 0.0} for name in model.kinds}
    version = register_once(
        session,
        model,
        metrics=json.dumps({"permutation_importance": importance}),
    )

    found = session.run("SELECT * FROM churn.global_explain(%s)", version)

    assert [row[:3] for row in found] == [(n, None, 0.2) for n in model.kinds]


def test_a_deleted_version_is_named(session, version):
    activate(session, register_once(session, other_model()))
    activate(session, register_once(session, other_model()))
    session.run("UPDATE churn.customers SET churn_score = -1")
    session.run("SELECT churn.delete_model(%s)", version)

    for function in ("explain_base", "global_explain"):
        refused = session.refusal(f"SELECT * FROM churn.{function}(%s)", version)
        assert refused.sqlstate == "55000"
        assert refused.message.startswith(f"model version {version} was deleted on ")


ODD = ('"Odd Company"."Cli ""ents"', "the id", '"Odd Company".calls', "client", "at")
ODD_KINDS = {
    "us%age": "number",
    'pl"an': "text",
    "feature": "text",
    "value": "boolean",
    "@id@": "number",
    "complaint_count": "number",
}
ODD_TABLES = """
    CREATE SCHEMA "Odd Company";
    CREATE DOMAIN "Odd Company".amount AS numeric(9, 2) CHECK (value >= 0);
    CREATE TYPE "Odd Company".level AS ENUM ('a', 'b', 'c');
    CREATE TABLE "Odd Company"."Cli ""ents" (
        gone integer, "the id" text PRIMARY KEY, "us%age" "Odd Company".amount,
        "pl""an" char(3), feature "Odd Company".level, value boolean, "@id@" real
    );
    ALTER TABLE "Odd Company"."Cli ""ents" DROP COLUMN gone;
    CREATE TABLE "Odd Company".calls (
        client text REFERENCES "Odd Company"."Cli ""ents", at date
    );
    INSERT INTO "Odd Company"."Cli ""ents"
    SELECT 'key ' || i, nullif(i, 3), (ARRAY['a', 'b', 'c'])[1 + i % 3],
           (ARRAY['a', 'b', 'c'])[1 + i % 2]::"Odd Company".level, i % 2 = 0, i / 10.0
    FROM generate_series(1, 24) i;
"""


@pytest.fixture
def odd(session):
    """Have a table attached that is like nobody's, and its version."""
    session.run(ODD_TABLES)
    attach(session, ODD)
    version = deploy(session, fit(ODD_KINDS), ODD[0], ODD[1])
    return version


def test_a_table_of_odd_names_and_types_is_explained(session, odd):
    base = session.row("SELECT * FROM churn.explain_base(%s)", odd)[1]
    rows = session.run(
        f"SELECT churn.score(c), e.* FROM {ODD[0]} c, churn.explain(c) e"
        " WHERE \"the id\" = 'key 3'"
    )

    values = {row[1]: row[2] for row in rows}
    assert values == {
        "us%age": "not known",
        'pl"an': "a  ",
        "feature": "b",
        "value": "false",
        "@id@": "0.3",
        "complaint_count": "0",
    }
    assert base + sum(row[4] for row in rows) == pytest.approx(
        rows[0][0], rel=0, abs=1e-12
    )
    found = session.value(
        "SELECT contributions FROM churn.explain_query(%s, %s) WHERE"
        " passed->>'the id' = 'key 3'",
        *(odd, f"TABLE {ODD[0]}"),
    )
    assert found == pytest.approx({row[1]: row[3] for row in rows}, rel=0, abs=1e-12)


def test_a_column_that_is_dropped_and_one_that_is_renamed_leave_others_explained(
    session, odd
):
    session.run(f"ALTER TABLE {ODD[0]} ADD COLUMN more text")
    before = session.run(f"SELECT e.* FROM {ODD[0]} c, churn.explain(c, 9) e")
    session.run(f"ALTER TABLE {ODD[0]} DROP COLUMN more")

    assert session.run(f"SELECT e.* FROM {ODD[0]} c, churn.explain(c, 9) e") == before

    session.run(f'ALTER TABLE {ODD[0]} RENAME COLUMN value TO "val"')
    refused = session.refusal(f"SELECT e.* FROM {ODD[0]} c, churn.explain(c, 9) e")
    assert refused.sqlstate == "42703"
    assert refused.message == 'feature "value" is missing from the profile'


def test_the_functions_of_a_table_go_with_its_attachment(session, odd):
    def functions():
        return session.column(
            "SELECT proname::text FROM pg_proc"
            " WHERE pronamespace = 'churn'::regnamespace"
            " AND oid::regprocedure::text LIKE %s ORDER BY 1",
            "%Odd Company%",
        )

    assert functions() == ["explain", "score", "score_many", "what_would_help"]
    session.run("SELECT churn.detach(%s)", ODD[0])
    assert functions() == []


def test_an_explanation_is_for_whoever_may_score_and_reads_no_other_row(session, odd):
    """Row level security hides rows, and what is passed is all that is explained."""
    session.run(
        f'GRANT USAGE ON SCHEMA "Odd Company" TO churn_scorer;'
        f"GRANT SELECT ON {ODD[0]} TO churn_scorer;"
        f"ALTER TABLE {ODD[0]} ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY few ON {ODD[0]} TO churn_scorer USING (\"the id\" = 'key 2')"
    )
    with session.role("churn_scorer"):
        keys = session.column(
            f'SELECT DISTINCT c."the id" FROM {ODD[0]} c, churn.explain(c) e'
        )
        queried = session.column(
            "SELECT passed->>'the id' FROM churn.explain_query(%s, %s)",
            *(odd, f"TABLE {ODD[0]}"),
        )
        typical = session.column(
            f"SELECT DISTINCT e.typical FROM {ODD[0]} c, churn.explain(c) e"
        )
        refused = session.refusal(
            f"SELECT h.* FROM {ODD[0]} c,"
            " churn.what_would_help(c, '{feature}', 0.01) h"
        )
    assert keys == queried == ["key 2"]
    # Others' values are in what is typical.
    assert typical == [None]
    assert refused.sqlstate == "42501"


def test_what_is_typical_is_told_to_who_may_read_the_column(session, version):
    session.run(
        "CREATE ROLE pgchurn_test_analyst IN ROLE churn_scorer;"
        "REVOKE SELECT ON churn.customers FROM churn_scorer;"
        "GRANT SELECT (age, complaint_count) ON churn.customers TO pgchurn_test_analyst"
    )
    made_up = (
        "jsonb_populate_record(NULL::churn.customers,"
        ' \'{"customer_id": 1, "complaint_count": 2}\')'
    )
    told = dict(
        session.run("SELECT feature, typical FROM churn.global_explain(%s)", version)
    )
    told |= dict.fromkeys(told.keys() - {"age", "complaint_count"})
    with session.role("pgchurn_test_analyst"):
        explained = session.run(
            f"SELECT feature, typical FROM churn.explain({made_up})"
        )
        going_by = session.run(
            "SELECT feature, typical FROM churn.global_explain(%s)", version
        )
        known = session.column(
            "SELECT DISTINCT feature FROM churn_internal.known_values"
        )
        helped = session.run(
            f"SELECT * FROM churn.what_would_help({made_up}, '{{age}}', 0.9)"
        )
        refused = session.refusal(
            f"SELECT * FROM churn.what_would_help({made_up}, '{{contract}}', 0.01)"
        )

    assert dict(explained) == dict(going_by) == told
    assert set(known) == {"age", "complaint_count"}
    assert helped
    assert refused.sqlstate == "42501"
    assert refused.message == 'the values of feature "contract" may not be read'


def test_no_condition_sees_what_its_caller_may_not_read(session, version):
    session.run("REVOKE SELECT ON churn.customers FROM churn_scorer")
    session.take_notices()
    with session.role("churn_scorer"):
        session.run(
            "CREATE FUNCTION pg_temp.leak(jsonb) RETURNS boolean LANGUAGE plpgsql"
            " COST 0.0001 AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$"
        )
        seen = session.run(
            "SELECT * FROM churn_internal.known_values WHERE pg_temp.leak(known)"
        )

    assert seen == []
    assert "saw" not in session.take_notices()


@pytest.mark.parametrize(
    "metrics",
    ["[]", "null", '{"permutation_importance": [1]}']
    + ['{"permutation_importance": {"age": 1}}', '{"permutation_importance": "x"}']
    + ['{"permutation_importance": {"age": {"mean": "much"}}}'],
)
def test_metrics_that_say_nothing_of_importance_are_passed_over(session, metrics):
    version = register_once(session, default_model(), metrics=metrics)

    rows = session.run("SELECT * FROM churn.global_explain(%s)", version)

    assert {row[2] for row in rows} == {None}
    assert all(row[1] > 0 for row in rows)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT churn.explain(NULL::churn.customers)",
        "SELECT churn.explain_base(1)",
        "SELECT churn.explain_query(1, 'TABLE churn.customers')",
        "SELECT churn.explain_prediction('churn.customers', '1')",
        "SELECT churn.global_explain(1)",
        "SELECT churn.what_would_help(NULL::churn.customers, '{age}', 0.5)",
    ],
)
def test_who_may_not_score_may_not_ask_why(session, statement):
    with session.role("churn_application"):
        assert session.refusal(statement).sqlstate == "42501"
