"""Profiles whose columns are of every type that can be a feature."""

import json

import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.models import (
    assert_fresh,
    default_model,
    deploy,
    expected_scores,
    fit,
    fit_matrix,
    pipeline_for,
    register,
    training_frame,
)

TYPES = {
    "small": ("smallint", "number"),
    "whole": ("integer", "number"),
    "large": ("bigint", "number"),
    "exact": ("numeric(12, 4)", "number"),
    "single": ("real", "number"),
    "double": ("double precision", "number"),
    "percent": ("wide.percent", "number"),
    "flag": ("boolean", "boolean"),
    "assent": ("wide.assent", "boolean"),
    "plain": ("text", "text"),
    "limited": ("varchar(5)", "text"),
    "padded": ("char(5)", "text"),
    "mood": ("wide.mood", "text"),
    "letter": ("wide.letter", "text"),
    "called": ("name", "text"),
}
KINDS = {name: kind for name, (_, kind) in TYPES.items()}


@pytest.fixture
def wide(session):
    columns = ", ".join(f"{name} {type_}" for name, (type_, _) in TYPES.items())
    session.run(f"""
        CREATE SCHEMA wide;
        CREATE TYPE wide.mood AS ENUM ('a', 'b', 'c');
        CREATE DOMAIN wide.letter AS text CHECK (length(VALUE) = 1);
        CREATE DOMAIN wide.half AS numeric CHECK (VALUE >= 0);
        CREATE DOMAIN wide.percent AS wide.half CHECK (VALUE <= 100);
        CREATE DOMAIN wide.assent AS boolean;
        CREATE TABLE wide.clients (id integer PRIMARY KEY, {columns});
        CREATE TABLE wide.calls (
            client integer REFERENCES wide.clients, at timestamptz
        );
        INSERT INTO wide.clients
        SELECT i, i, i, i, i / 7.0, i / 7.0, i / 7.0, i, i % 2 = 0, i % 3 = 0,
               x, x, x, x::wide.mood, x, x
        FROM generate_series(1, 30) i, substr('abc', 1 + i % 3, 1) x;
        INSERT INTO wide.clients VALUES (31);
        SELECT churn.attach('wide.clients', 'id', 'wide.calls', 'client', 'at');
        """)
    return session


def test_every_type_that_can_be_a_feature_is_one(wide):
    model = fit({**KINDS, "complaint_count": "number"})
    deploy(wide, model, "wide.clients", "id")

    wide.run("INSERT INTO wide.calls VALUES (1)")
    assert_fresh(wide, model, "wide.clients", "id")
    wide.run("INSERT INTO wide.calls SELECT i, now() FROM generate_series(1, 31) i")
    assert_fresh(wide, model, "wide.clients", "id")


@pytest.mark.parametrize("features", [["small"], ["complaint_count", "exact", "real"]])
def test_a_model_trained_on_a_matrix(wide, features):
    features = ["single" if name == "real" else name for name in features]
    model = fit_matrix(features)
    deploy(wide, model, "wide.clients", "id")

    wide.run("INSERT INTO wide.calls VALUES (1)")
    wide.run("INSERT INTO wide.calls VALUES (2), (3)")

    assert_fresh(wide, model, "wide.clients", "id")


def test_a_model_that_reads_texts_alone(wide):
    model = fit({"mood": "text", "plain": "text"})
    deploy(wide, model, "wide.clients", "id")

    wide.run("INSERT INTO wide.calls VALUES (1)")

    assert_fresh(wide, model, "wide.clients", "id")


def test_a_profile_without_any_text_column(session):
    session.run("""
        CREATE TABLE public.meters (id bigint PRIMARY KEY, usage real);
        CREATE TABLE public.faults (meter bigint, at date);
        INSERT INTO public.meters SELECT i, i FROM generate_series(1, 9) i;
        SELECT churn.attach('public.meters', 'id', 'public.faults', 'meter', 'at');
        """)
    model = fit({"usage": "number", "complaint_count": "number"})
    deploy(session, model, "public.meters", "id")

    session.run("INSERT INTO public.faults VALUES (1, '2025-01-01')")
    session.run(
        "INSERT INTO public.faults SELECT i, now() FROM generate_series(1, 9) i"
    )
    session.run("UPDATE public.meters SET usage = NULL WHERE id = 3")

    assert_fresh(session, model, "public.meters", "id")


def test_a_forest_that_wants_many_processes_scores_in_one(session):
    model = fit(
        pipeline=pipeline_for(
            default_model().kinds,
            RandomForestClassifier(n_estimators=5, n_jobs=-1, random_state=0),
        )
    )
    deploy(session, model)

    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, 9)"
    )

    assert_fresh(session, model)


def test_a_histogram_boosting_model_takes_nulls_itself(session):
    features = ["age", "data_usage_gb", "complaint_count"]
    frame, labels = training_frame(dict.fromkeys(features, "number"))
    model = fit_matrix(features, HistGradientBoostingClassifier(max_iter=5))
    model.pipeline = model.pipeline[-1].fit(frame.to_numpy(), labels)
    deploy(session, model)

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (7), (14)")

    assert_fresh(session, model)


@pytest.mark.parametrize(
    "dtypes",
    [
        {"age": "int64", "complaint_count": "int64"},
        {"paperless_billing": "bool"},
        {"contract": "str"},
        {"contract": "category"},
        {"age": "float32", "complaint_count": "int8"},
        {"paperless_billing": "Int64", "age": "Float64"},
    ],
)
def test_a_model_trained_on_a_frame_of_other_dtypes(session, dtypes):
    model = fit(seed=5)
    frame, labels = training_frame(seed=5)
    model.pipeline = pipeline_for(model.kinds).fit(frame.astype(dtypes), labels)

    deploy(session, model)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3), (5)")

    assert_fresh(session, model)


def test_a_boolean_that_is_one_hot_encoded(session):
    kinds = {"paperless_billing": "boolean", "contract": "text"}
    frame, labels = training_frame(kinds)
    pipeline = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), list(kinds)),
        ),
        LogisticRegression(),
    )
    model = fit(kinds)
    model.pipeline = pipeline.fit(frame.astype({"paperless_billing": "bool"}), labels)

    deploy(session, model)

    assert_fresh(session, model)


def test_the_order_of_the_features_is_the_models_own(session):
    kinds = dict(reversed(default_model().kinds.items()))
    model = fit(kinds)
    deploy(session, model)

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    assert_fresh(session, model)


def test_a_positive_class_that_comes_first_is_heeded(session):
    model = fit(seed=6)
    signature = {**model.signature, "positive_class": 0}
    scores = {key: 1 - p for key, p in expected_scores(session, model).items()}
    version = register(session, model, replay=scores, signature=json.dumps(signature))

    assert version
