import json

import pandas as pd
import pytest

from tests.models import (
    KINDS,
    default_model,
    expected_scores,
    fit,
    pipeline_for,
    register_once,
    stored_scores,
)

MODEL = default_model()
NO_MODEL = "no active model for this profile"
ACTIVATE = "Call churn.activate_model(version) with a registered version."
# NULL where a row of the frame has NaN.
ROW = {
    "age": 30,
    "monthly_charges": 55.5,
    "data_usage_gb": 12.25,
    "contract": "one year",
    "paperless_billing": True,
    "complaint_count": 2,
}


def client_score(model, values):
    nothing = float("nan")
    frame = pd.DataFrame(
        {
            name: pd.Series(
                [nothing if values[name] is None else values[name]],
                dtype="object" if kind == "text" else "float64",
            )
            for name, kind in model.kinds.items()
        }
    )
    return model.probabilities(frame)[0]


@pytest.fixture
def version(session):
    return session.value("SELECT version FROM churn.active_deployments")


def predict(session, version, values):
    return session.value("SELECT churn.predict(%s, %s)", version, json.dumps(values))


def predict_refusal(session, version, values):
    return session.refusal("SELECT churn.predict(%s, %s)", version, json.dumps(values))


def test_the_score_of_a_row_is_what_scikit_learn_says(session):
    scores = dict(
        session.run("SELECT c.customer_id::text, churn.score(c) FROM churn.customers c")
    )

    expected = expected_scores(session, MODEL)
    assert scores == pytest.approx(expected, rel=0, abs=1e-9)
    assert scores == pytest.approx(stored_scores(session), rel=0, abs=1e-9)


def test_the_score_of_a_customer_by_key(session):
    assert session.value("SELECT churn.score_customer(2)") == pytest.approx(
        expected_scores(session, MODEL)["2"], abs=1e-9
    )


def test_a_score_works_in_where_and_order_by(session):
    expected = expected_scores(session, MODEL)

    found = session.column(
        "SELECT customer_id::text FROM churn.customers c"
        " WHERE churn.score(c) > 0.5 ORDER BY churn.score(c) DESC"
    )

    assert found == sorted(
        (key for key in expected if expected[key] > 0.5), key=lambda k: -expected[k]
    )


@pytest.mark.parametrize(
    "change", [{"contract": "two year"}, {"complaint_count": 9}, {"age": None}]
)
def test_a_what_if_changes_one_value_of_the_row(session, change):
    score = session.value(
        "SELECT churn.score(jsonb_populate_record(c, %s)) FROM churn.customers c"
        " WHERE customer_id = 2",
        json.dumps(change),
    )

    column, given = next(iter(change.items()))
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        f"UPDATE churn.customers SET {column} = %s WHERE customer_id = 2", given
    )
    assert score == pytest.approx(expected_scores(session, MODEL)["2"], abs=1e-9)


def test_a_what_if_with_a_misnamed_column_changes_nothing(session):
    plain, misnamed = session.row(
        "SELECT churn.score(c),"
        " churn.score(jsonb_populate_record(c, '{\"contrct\": 1}'))"
        " FROM churn.customers c WHERE customer_id = 2"
    )

    assert plain == misnamed


def test_a_row_that_an_outer_join_does_not_find_has_no_score(session):
    assert session.column(
        "SELECT churn.score(c) FROM (VALUES (-1)) v (id)"
        " LEFT JOIN churn.customers c ON c.customer_id = v.id"
    ) == [None]
    assert session.value("SELECT churn.score(NULL::churn.customers)") is None


def test_an_empty_table_has_no_scores(session):
    session.run("TRUNCATE churn.customers CASCADE")

    assert session.run("SELECT churn.score(c) FROM churn.customers c") == []


@pytest.mark.parametrize("customer", [999_999, None])
def test_an_unknown_customer_has_no_score(session, customer):
    refused = session.refusal("SELECT churn.score_customer(%s)", customer)

    assert refused.sqlstate == "P0002"
    shown = "null" if customer is None else customer
    assert refused.message == f"customer {shown} does not exist"
    assert refused.hint == "Pass a customer_id of churn.customers."


@pytest.mark.parametrize(
    "statement",
    ["SELECT churn.score(c) FROM churn.customers c", "SELECT churn.score_customer(1)"],
)
def test_without_an_active_model_there_is_no_score(bare, statement):
    bare.run("INSERT INTO churn.customers (customer_id) VALUES (1)")

    refused = bare.refusal(statement)

    assert (refused.sqlstate, refused.message) == ("55000", NO_MODEL)
    assert refused.hint == ACTIVATE


@pytest.mark.parametrize("column", list(KINDS))
def test_a_null_follows_the_signature(session, column):
    model = fit(seed=3, refuses_null=(column,))
    complete = {"1": expected_scores(session, model)["1"]}
    version = register_once(session, model, replay=complete)

    refused = predict_refusal(session, version, {**ROW, column: None})

    assert refused.sqlstate == "22004"
    assert refused.message == (
        f'feature "{column}" is null, and the model does not accept that'
    )
    assert refused.hint == "Give it a value, or train a pipeline that imputes it."


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"age": None, "contract": None, "paperless_billing": None},
        {"contract": "unheard of"},
        {"contract": ""},
        {"contract": "õ – 'quoted' \\ \u20ac"},
        {"paperless_billing": False},
        {"age": -1e300},
        {"monthly_charges": 0.1 + 0.2},
        {"complaint_count": 10**12},
    ],
)
def test_predict_agrees_with_the_client(session, version, change):
    values = {**ROW, **change}

    assert predict(session, version, values) == pytest.approx(
        client_score(MODEL, values), abs=1e-9
    )


def test_predict_takes_a_whole_row_and_leaves_other_keys_alone(session, version):
    scores = dict(
        session.run(
            "SELECT customer_id::text, churn.predict(%s, to_jsonb(c))"
            " FROM churn.customers c",
            version,
        )
    )

    assert scores == pytest.approx(stored_scores(session), rel=0, abs=1e-9)


def test_predict_reads_nan_as_unknown(session, version):
    assert predict(session, version, {**ROW, "age": "NaN"}) == predict(
        session, version, {**ROW, "age": None}
    )


def test_predict_works_on_any_version(session):
    other = fit(seed=9)
    version = register_once(session, other)

    assert predict(session, version, ROW) == pytest.approx(
        client_score(other, ROW), abs=1e-9
    )


@pytest.mark.parametrize(
    "change, message",
    [
        ({"age": "thirty"}, "feature \"age\" is a number, not 'thirty'"),
        ({"age": "30"}, "feature \"age\" is a number, not '30'"),
        ({"age": []}, 'feature "age" is a number, not []'),
        ({"age": {}}, 'feature "age" is a number, not {}'),
        ({"contract": 5}, 'feature "contract" is a text, not 5'),
        ({"contract": True}, 'feature "contract" is a text, not True'),
        ({"contract": ["a"]}, "feature \"contract\" is a text, not ['a']"),
        ({"paperless_billing": 2}, 'feature "paperless_billing" is a boolean, not 2'),
        (
            {"paperless_billing": "yes"},
            "feature \"paperless_billing\" is a boolean, not 'yes'",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(session, version, change, message):
    refused = predict_refusal(session, version, {**ROW, **change})

    assert refused.sqlstate == "22023"
    assert refused.message == message
    assert refused.hint == "Pass null for a value that is not known."


@pytest.mark.parametrize("value", ["Infinity", "-Infinity"])
def test_an_infinity_is_refused(session, version, value):
    refused = predict_refusal(session, version, {**ROW, "age": value})

    assert refused.sqlstate == "22023"
    assert refused.message == 'feature "age" is infinite'


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e5000"])
def test_a_number_beyond_all_floats_is_refused_as_one(session, version, number):
    features = json.dumps({**ROW, "age": 0}).replace('"age": 0', f'"age": {number}')

    refused = session.refusal("SELECT churn.predict(%s, %s)", version, features)

    assert refused.sqlstate == "22023"
    assert '"age"' in refused.message


def test_a_missing_feature_is_named_with_a_guess(session, version):
    values = {**ROW, "Contract": "one year"}
    del values["contract"]

    refused = predict_refusal(session, version, values)

    assert refused.sqlstate == "42703"
    assert refused.message == 'feature "contract" is missing from the given values'
    assert refused.hint == (
        'Perhaps "Contract" was meant. The model needs it under exactly this name.'
    )


@pytest.mark.parametrize("features", ["[]", "1", '"text"', "null", "true", "[{}]"])
def test_features_are_an_object(session, version, features):
    refused = session.refusal("SELECT churn.predict(%s, %s)", version, features)

    assert refused.sqlstate == "22023"
    assert refused.message == "features must be a JSON object"
    assert (
        refused.hint == 'Pass {"feature": value, ...} with every feature of the model.'
    )


def test_no_features_at_all_are_refused_like_no_object(session, version):
    refused = session.refusal("SELECT churn.predict(%s, NULL)", version)

    assert refused.sqlstate == "22023"
    assert refused.message == "features must be a JSON object"


@pytest.mark.parametrize("unknown", [-1, 999_999_999])
def test_an_unknown_version_is_named(session, unknown):
    refused = session.refusal("SELECT churn.predict(%s, '{}')", unknown)

    assert refused.sqlstate == "22023"
    assert refused.message == f"model version {unknown} does not exist"
    assert refused.hint == (
        "SELECT version FROM churn.models lists the registered versions."
    )


def test_no_version_is_no_version(session):
    refused = session.refusal("SELECT churn.predict(NULL, '{}')")

    assert refused.sqlstate == "22023"
    assert refused.message == "model version null does not exist"


def test_a_pipeline_that_raises_on_an_unknown_category_says_so(session):
    model = fit(pipeline=pipeline_for(KINDS, handle_unknown="error"), seed=4)
    version = register_once(session, model)

    refused = predict_refusal(session, version, {**ROW, "contract": "unheard of"})

    assert refused.sqlstate == "22023"
    assert refused.message == (
        'feature "contract" has a category that the model does not know'
    )
    assert "unheard of" in refused.detail


def test_the_planner_puts_the_score_in_place_of_the_call(session):
    plan = "\n".join(
        session.column("EXPLAIN (VERBOSE) SELECT churn.score(c) FROM churn.customers c")
    )

    assert "score_features" in plan


def test_parallel_workers_are_kept_away(session):
    session.run(
        "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0;"
        "SET LOCAL min_parallel_table_scan_size = 0;"
        "ALTER TABLE churn.customers SET (parallel_workers = 2)"
    )

    # PostgreSQL 16 gave the setting a name that says what it is for.
    renamed = session.connection.server_version >= 16_00_00
    setting = "debug_parallel_query" if renamed else "force_parallel_mode"
    session.run(f"SET LOCAL {setting} = on")
    assert session.value("SELECT count(churn.score(c)) FROM churn.customers c") == 40


@pytest.mark.parametrize("version", [0, -1, 999])
def test_a_version_that_does_not_exist_is_named(session, version):
    refused = session.refusal("SELECT churn.predict(%s, '{}')", version)
    assert refused.message == f"model version {version} does not exist"
