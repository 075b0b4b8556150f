"""Which smallest changes bring a score below a threshold: churn.what_would_help."""

import json

import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier

from tests.models import (
    CONTRACTS,
    KINDS,
    activate,
    fit,
    fit_matrix,
    pipeline_for,
    register_once,
)
from tests.shop import CLIENTS, MODEL, attach_shop

HELP = (
    "SELECT h.* FROM churn.customers c,"
    " churn.what_would_help(c, %s::text[], %s) h WHERE c.customer_id = %s"
)
SCORE = "SELECT churn.score(c) FROM churn.customers c WHERE customer_id = %s"
CHANGED = (
    "SELECT churn.score(jsonb_populate_record(c, %s)) FROM churn.customers c"
    " WHERE c.customer_id = %s"
)


@pytest.fixture
def version(session):
    model = fit(
        pipeline=pipeline_for(KINDS, GradientBoostingClassifier(random_state=0))
    )
    version = register_once(session, model)
    activate(session, version)
    return version


def risky(session):
    """Return the customer of the highest score, and that."""
    return session.row(
        "SELECT customer_id, churn.score(c) FROM churn.customers c"
        " ORDER BY 2 DESC LIMIT 1"
    )


def test_every_change_has_the_score_that_it_is_said_to_have(session, version):
    key, score = risky(session)

    rows = session.run(HELP, list(KINDS), score / 2, key)

    assert rows
    for changes, below, distance, reason in rows:
        assert below < score / 2
        again = session.value(CHANGED, json.dumps(changes), key)
        assert below == pytest.approx(again, rel=0, abs=1e-12)
        assert 1 <= len(changes) <= 2
        assert distance >= 0
        assert all(f"{name}: " in reason for name in changes)


def test_no_smaller_change_of_a_category_helps(session, version):
    """Against all of them, by churn.score."""
    key, score = risky(session)
    frequent = session.column(
        "SELECT contract FROM churn.customers GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    assert set(frequent) == set(CONTRACTS)
    present = session.value(
        "SELECT contract FROM churn.customers WHERE customer_id = %s", key
    )
    scores = {
        contract: session.value(CHANGED, json.dumps({"contract": contract}), key)
        for contract in frequent
        if contract != present
    }
    for below in (max(scores.values()) + 1e-6, min(scores.values()) + 1e-6, 1e-9):
        helping = [name for name, value in scores.items() if value < below <= score]
        rows = session.run(HELP, ["contract"], below, key)
        assert [row[0] for row in rows] == [{"contract": name} for name in helping[:1]]


def test_no_value_is_proposed_that_nobody_has(session, version):
    key, score = risky(session)

    for divisor in (1.2, 2, 4):
        for changes, *_ in session.run(HELP, list(KINDS), score / divisor, key):
            for name, value in changes.items():
                assert session.value(
                    f"SELECT count(*) FROM churn.customers WHERE {name} = %s", value
                )


def test_single_changes_come_first_and_pairs_are_of_others(session, version):
    key, score = risky(session)

    rows = session.run(HELP, list(KINDS), score * 0.99, key)

    sizes = [len(row[0]) for row in rows]
    assert sizes == sorted(sizes)
    alone = {name for row in rows if len(row[0]) == 1 for name in row[0]}
    assert alone
    assert not alone & {name for row in rows if len(row[0]) == 2 for name in row[0]}


def test_of_two_features_there_may_be_what_neither_does_alone(session, version):
    key, score = risky(session)
    single = [
        row for name in KINDS for row in session.run(HELP, [name], score * 0.999, key)
    ]
    lowest = min(row[1] for row in single)

    rows = session.run(HELP, list(KINDS), lowest / 2, key)

    assert rows
    assert {len(row[0]) for row in rows} == {2}


def test_only_named_features_are_changed(session, version):
    key, score = risky(session)

    rows = session.run(HELP, ["contract", "complaint_count"], score * 0.99, key)

    assert rows
    assert {name for row in rows for name in row[0]} <= {"contract", "complaint_count"}


def test_what_is_below_already_needs_no_change(session, version):
    key, score = risky(session)

    assert session.run(HELP, ["age"], min(1, score + 0.001), key) == [
        ({}, score, 0.0, "The score is below already.")
    ]


def test_where_nothing_helps_there_is_nothing(session, version):
    assert session.run(HELP, list(KINDS), 1e-12, 1) == []


def test_what_is_not_known_may_become_known(session, version):
    session.run("UPDATE churn.customers SET complaint_count = 9, age = NULL")
    score = session.value(SCORE, 7)

    for changes, *_, reason in session.run(HELP, ["age"], score, 7):
        assert reason == f"age: {changes['age']} instead of not known"


@pytest.mark.parametrize("below", [0, -0.5, 1.5, "NaN", "Infinity", None])
def test_a_threshold_that_is_no_probability_is_refused(session, version, below):
    refused = session.refusal(HELP, ["age"], below, 1)

    assert refused.sqlstate == "22023"
    assert refused.message.endswith("is no probability")
    assert refused.hint


def test_an_unknown_feature_is_named_with_a_guess(session, version):
    refused = session.refusal(HELP, ["age", "contracts"], 0.1, 1)

    assert refused.sqlstate == "42703"
    assert refused.message == 'the model has no feature "contracts"'
    assert refused.hint.startswith(
        'Perhaps "contract" was meant. Its features are age, '
    )


@pytest.mark.parametrize("features", [[], None])
def test_no_features_are_refused(session, version, features):
    refused = session.refusal(HELP, features, 0.1, 1)

    assert refused.sqlstate == "22023"
    assert refused.message == "no features are named"


def test_a_null_among_the_features_is_refused(session, version):
    refused = session.refusal(HELP, ["age", None], 0.1, 1)

    assert refused.sqlstate == "22023"


def test_a_feature_that_is_named_twice_is_changed_once(session, version):
    key, score = risky(session)

    twice = session.run(HELP, ["contract", "contract"], score * 0.99, key)

    assert twice == session.run(HELP, ["contract"], score * 0.99, key)


def test_models_without_an_explanation_help_as_well(session):
    numbers = ("monthly_charges", "complaint_count")
    activate(
        session, register_once(session, fit_matrix(numbers, KNeighborsClassifier()))
    )
    key, score = risky(session)

    rows = session.run(HELP, list(numbers), score, key)

    assert rows
    assert all(row[1] < score for row in rows)


def test_a_version_that_knows_no_values_is_refused(session):
    session.run(
        "CREATE ROLE blind IN ROLE churn_loader;"
        "REVOKE SELECT ON churn.customers FROM churn_loader"
    )
    with session.role("blind"):
        version = register_once(session, fit(), replay={})
    activate(session, version)

    refused = session.refusal(HELP, ["age"], 0.1, 1)

    assert refused.sqlstate == "55000"
    assert refused.message == f"model version {version} knows no values of its features"
    assert "SELECT on the table" in refused.hint


def test_without_an_active_version_nothing_helps(bare):
    bare.run("INSERT INTO churn.customers (customer_id) VALUES (1)")

    assert bare.refusal(HELP, ["age"], 0.1, 1).sqlstate == "55000"


def test_a_table_of_odd_names_is_helped(session):
    attach_shop(session)
    activate(session, register_once(session, MODEL, CLIENTS, "id"))
    key, score = session.row(
        f"SELECT id, churn.score(c) FROM {CLIENTS} c ORDER BY 2 DESC LIMIT 1"
    )

    rows = session.run(
        f"SELECT h.* FROM {CLIENTS} c, churn.what_would_help(c, '{{plan,usage}}', %s) h"
        " WHERE c.id = %s",
        *(score, key),
    )

    assert rows
    assert all(row[0].keys() <= {"plan", "usage"} for row in rows)
