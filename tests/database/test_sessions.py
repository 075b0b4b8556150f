"""What a session of the server loads, holds, and lets go."""

import time

import psycopg2.errors
import pytest
from sklearn.ensemble import VotingClassifier

from tests.misbehaving_models import (
    of_one_class,
    of_three_classes,
    overflowing,
    overshooting,
    slow,
    slow_and_failing,
)
from tests.models import default_model, fit, other_model, register

MODEL = default_model()


def deploy_unseen(session, model):
    """Activate a model that would not have passed, had there been a row to ask."""
    session.run("SET LOCAL session_replication_role = replica")
    session.run("CREATE TEMPORARY TABLE held AS SELECT * FROM churn.customers")
    session.run("DELETE FROM churn.customers")
    version = register(session, model, replay={}, compile_form=False)
    session.run("INSERT INTO churn.customers SELECT * FROM held")
    if model.pipeline.__class__ is VotingClassifier:
        session.run("UPDATE churn.customers SET age = NULL")
    session.run("SET LOCAL session_replication_role = origin")
    session.run("SELECT churn.activate_model(%s)", version)


@pytest.mark.parametrize("customers", ["(1)", "(1), (3)"])
@pytest.mark.parametrize("model", [slow, slow_and_failing])
@pytest.mark.parametrize("policy", ["keep", "raise"])
def test_a_cancel_is_not_swallowed(session, customers, model, policy):
    deploy_unseen(session, model())
    session.run("SELECT churn.set_on_error('churn.customers', %s)", policy)
    session.run("SET LOCAL statement_timeout = '30ms'")

    with pytest.raises(psycopg2.Error) as raised, session.savepoint():
        session.run(f"INSERT INTO churn.complaints (customer_id) VALUES {customers}")

    if model is slow or policy == "keep":
        assert raised.value.pgcode == "57014"
    session.run("SET LOCAL statement_timeout = 0")
    assert (
        session.value(
            "SELECT complaint_count FROM churn.customers WHERE customer_id = 1"
        )
        == 0
    )


@pytest.mark.alone
def test_a_cancel_while_many_rows_fail_one_by_one_is_heeded(session):
    deploy_unseen(session, slow_and_failing())
    session.run("SET LOCAL statement_timeout = '100ms'")
    start = time.monotonic()

    refused = session.refusal(
        "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, 40)"
    )

    assert refused.sqlstate == "57014"
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "model, complaint",
    [
        (overflowing, "no probability"),
        (overshooting, "no probability"),
        (of_one_class, "shape (1, 1)"),
        (of_three_classes, "shape (1, 3)"),
    ],
)
@pytest.mark.parametrize("customers", ["(1)", "(1), (3)"])
def test_a_model_that_returns_nonsense_costs_no_complaint(
    session, model, complaint, customers
):
    deploy_unseen(session, model())
    session.take_notices()

    session.run(f"INSERT INTO churn.complaints (customer_id) VALUES {customers}")

    assert (
        session.value(
            "SELECT complaint_count FROM churn.customers WHERE customer_id = 1"
        )
        == 1
    )
    rows = customers.count("(")
    assert complaint.replace("(1,", f"({rows},") in session.take_notices()


def test_warming_loads_every_active_model(session):
    assert session.value("SELECT churn.warm()") == 1


def test_warming_before_any_model_is_active_loads_the_packages(bare):
    assert bare.value("SELECT churn.warm()") == 0


@pytest.mark.alone
def test_a_warm_session_scores_fast(module_database):
    session = module_database.session()
    session.run("SELECT churn.warm()")
    start = time.monotonic()

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    assert time.monotonic() - start < 0.5
    session.rollback()


def test_the_environment_names_interpreter_packages_and_memory(session):
    environment = session.value("SELECT churn.server_environment()")

    memory = environment.pop("memory_megabytes")
    assert environment.items() >= MODEL.environment.items()
    assert 30 < memory < 2000


def test_the_environment_is_told_without_loading_a_package(fresh):
    fresh.run("""
        SELECT churn.server_environment();
        CREATE FUNCTION pg_temp.loaded() RETURNS text[] LANGUAGE plpython3u AS $$
            import sys
            heavy = {"numpy", "sklearn", "pandas", "onnxruntime"}
            return sorted(heavy & set(sys.modules))
        $$
        """)

    assert fresh.value("SELECT pg_temp.loaded()") == []


def test_a_session_that_has_scored_runs_one_thread(session):
    session.run("SELECT churn.score(c) FROM churn.customers c")
    threads = session.value(
        "SELECT (regexp_match(pg_read_file(%s), 'Threads:\\s+(\\d+)'))[1]::int",
        f"/proc/{session.backend}/status",
    )

    assert threads == 1


def test_scoring_in_a_read_only_transaction(module_database):
    session = module_database.session()
    session.run("SET TRANSACTION READ ONLY")

    assert session.value("SELECT churn.score_customer(1)") > 0
    assert session.run("SELECT * FROM churn.verify('churn.customers')") == []
    session.rollback()


def test_scoring_takes_no_transaction_number(session):
    session.rollback()

    session.value("SELECT churn.score_customer(1)")

    assert session.value("SELECT pg_current_xact_id_if_assigned()") is None


def test_a_version_number_that_comes_to_mean_another_model_is_loaded_anew(session):
    version = register(session, other_model())
    score = "SELECT churn.predict(%s, to_jsonb(c)) FROM churn.customers c LIMIT 1"
    before = session.value(score, version)
    session.run("SET LOCAL session_replication_role = replica")
    other = register(session, fit(seed=55))
    session.run(
        "UPDATE churn.models m SET artifact = o.artifact,"
        " artifact_sha256 = o.artifact_sha256, compiled = o.compiled,"
        " compiled_sha256 = o.compiled_sha256 FROM churn.models o"
        " WHERE (m.version, o.version) = (%s, %s)",
        *(version, other),
    )

    assert session.value(score, version) != before


def test_bytes_that_do_not_match_their_digest_are_not_loaded(session):
    version = register(session, other_model(), compile_form=False)
    session.run(
        "SET LOCAL session_replication_role = replica;"
        "ALTER TABLE churn.models DROP CONSTRAINT models_check"
    )
    session.run(
        "UPDATE churn.models SET artifact_sha256 = sha256('other') WHERE version = %s",
        version,
    )
    session.run("SELECT churn_trust.allow_pickle(sha256('other'), 'a test')")

    refused = session.refusal("SELECT churn.predict(%s, '{}')", version)

    assert refused.sqlstate == "XX001"
    assert refused.message == f"model version {version} does not match its digest"
    assert refused.hint


def test_discard_all_leaves_a_session_that_scores(module_database):
    session = module_database.session(autocommit=True)
    before = session.value("SELECT churn.score_customer(1)")

    session.run("DISCARD ALL")

    assert session.value("SELECT churn.score_customer(1)") == before
