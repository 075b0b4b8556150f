import time

import pytest

from tests.models import (
    activate,
    assert_fresh,
    default_model,
    deploy,
    divergences,
    expected_scores,
    fit,
    other_model,
    register_once,
    rescore_in_place,
)
from tests.waiting import in_background, wait_until_blocked

MODEL = default_model()
ACTIVE = "SELECT version FROM churn.active_deployments"
SCORE = "SELECT churn.score_customer(1)"
COMPLAIN = "INSERT INTO churn.complaints (customer_id) VALUES (1)"


def score_of(session, model):
    return pytest.approx(expected_scores(session, model)["1"], abs=1e-9)


def history(session):
    return session.run(
        "SELECT version, action FROM churn.deployments ORDER BY deployment_id"
    )


def test_activation_is_a_row_with_a_name_to_it(session):
    version = register_once(session, other_model())

    activate(session, version)

    assert session.row(
        "SELECT d.version, d.artifact_sha256 = m.artifact_sha256, d.action,"
        " d.deployed_by = session_user, d.deployed_at = now()"
        " FROM churn.deployments d JOIN churn.models m USING (version)"
        " ORDER BY d.deployment_id DESC LIMIT 1"
    ) == (version, True, "activate", True, True)


def test_the_new_version_scores_the_next_statement(session):
    activate(session, register_once(session, other_model()))

    assert session.value(SCORE) == score_of(session, other_model())
    session.run(COMPLAIN)
    assert session.value(
        "SELECT churn_score FROM churn.customers WHERE customer_id = 1"
    ) == score_of(session, other_model())


def test_scores_of_the_version_before_stay_true_to_that_version(session):
    activate(session, register_once(session, other_model()))
    session.run(COMPLAIN)

    assert divergences(session) == []
    rescore_in_place(session, "churn.customers")
    assert_fresh(session, other_model())


def test_activating_the_active_version_says_so_and_adds_nothing(session):
    before = history(session)

    activate(session, session.value(ACTIVE))

    assert history(session) == before
    assert "is already active" in session.take_notices()


@pytest.mark.parametrize("version", [999_999, None])
def test_an_unknown_version_is_not_activated(session, version):
    refused = session.refusal("SELECT churn.activate_model(%s)", version)

    assert refused.sqlstate == "22023"
    shown = "null" if version is None else version
    assert refused.message == f"model version {shown} does not exist"
    assert refused.hint == (
        "SELECT version FROM churn.models lists the registered versions."
    )


def test_a_version_whose_feature_is_gone_is_not_activated(session):
    version = register_once(session, fit({"late_payments": "number", "age": "number"}))
    session.run("ALTER TABLE churn.customers DROP COLUMN late_payments")

    refused = session.refusal("SELECT churn.activate_model(%s)", version)

    assert refused.sqlstate == "42703"
    assert refused.message == 'feature "late_payments" is missing from the profile'


def test_rollback_puts_the_version_before_in_force(session):
    first = session.value(ACTIVE)
    activate(session, register_once(session, other_model()))

    assert session.value("SELECT churn.rollback_model('churn.customers')") == first

    assert session.value(ACTIVE) == first
    assert session.value(SCORE) == score_of(session, MODEL)
    assert history(session)[-1] == (first, "rollback")


def test_rolling_back_twice_goes_two_versions_back(session):
    first = session.value(ACTIVE)
    second = deploy(session, fit(seed=1))
    deploy(session, fit(seed=2))

    rollback = "SELECT churn.rollback_model('churn.customers')"
    assert [session.value(rollback), session.value(rollback)] == [second, first]
    assert session.refusal(rollback).sqlstate == "55000"


def test_a_version_activated_anew_has_what_was_active_before_it_behind_it(session):
    first = session.value(ACTIVE)
    second = deploy(session, fit(seed=1))
    activate(session, first)

    rollback = "SELECT churn.rollback_model('churn.customers')"
    assert session.value(rollback) == second
    assert session.value(rollback) == first


def test_after_a_rollback_another_version_can_be_activated_and_rolled_back(session):
    first = session.value(ACTIVE)
    deploy(session, fit(seed=1))
    session.run("SELECT churn.rollback_model('churn.customers')")
    third = deploy(session, fit(seed=2))

    assert session.value(ACTIVE) == third
    assert session.value("SELECT churn.rollback_model('churn.customers')") == first


def test_where_nothing_was_active_before_there_is_no_going_back(session):
    refused = session.refusal("SELECT churn.rollback_model('churn.customers')")

    assert refused.sqlstate == "55000"
    assert refused.message == (
        "there is no earlier version of churn.customers to go back to"
    )
    assert refused.hint == (
        "SELECT * FROM churn.deployments shows what was active when."
    )


def test_where_nothing_was_ever_active_there_is_no_going_back(bare):
    assert (
        bare.refusal("SELECT churn.rollback_model('churn.customers')").sqlstate
        == "55000"
    )


def test_rollback_of_the_transaction_takes_an_activation_back(session):
    before = session.value(ACTIVE)
    version = register_once(session, other_model())
    session.run("SAVEPOINT before_it")
    activate(session, version)
    session.run(COMPLAIN)
    assert session.value(SCORE) == score_of(session, other_model())

    session.run("ROLLBACK TO SAVEPOINT before_it")

    assert session.value(ACTIVE) == before
    assert session.value(SCORE) == score_of(session, MODEL)
    session.run(COMPLAIN)
    assert_fresh(session, MODEL)


def test_another_session_sees_an_activation_at_commit_and_not_before(first, second):
    assert second.value(SCORE) == score_of(second, MODEL)
    second.commit()
    version = register_once(first, other_model())
    activate(first, version)
    assert first.value(SCORE) == score_of(first, other_model())

    assert second.value(SCORE) == score_of(second, MODEL)
    first.commit()

    # In the same transaction, by the next statement.
    assert second.value(SCORE) == score_of(second, other_model())
    second.run(COMPLAIN)
    assert (
        second.value(
            "SELECT churn_model_version FROM churn.customers WHERE customer_id = 1"
        )
        == version
    )
    second.rollback()

    first.run("SELECT churn.rollback_model('churn.customers')")
    assert second.value(SCORE) == score_of(second, other_model())
    first.commit()
    assert second.value(SCORE) == score_of(second, MODEL)


def test_a_repeatable_read_transaction_keeps_the_version_it_began_with(first, second):
    second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    assert second.value(SCORE) == score_of(second, MODEL)
    version = register_once(first, other_model())
    activate(first, version)
    first.commit()

    assert second.value(SCORE) == score_of(second, MODEL)

    second.commit()
    assert second.value(SCORE) == score_of(second, other_model())
    first.run("SELECT churn.rollback_model('churn.customers')")
    first.commit()


def test_two_activations_at_once_take_turns(first, second, module_database):
    versions = [register_once(first, fit(seed=seed)) for seed in (21, 22)]
    first.commit()
    before = first.value(ACTIVE)
    activate(first, versions[0])

    with in_background(lambda: activate(second, versions[1])) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        done.result(timeout=20)
    second.commit()

    rollback = "SELECT churn.rollback_model('churn.customers')"
    assert first.value(ACTIVE) == versions[1]
    assert first.value(rollback) == versions[0]
    assert first.value(rollback) == before
    first.commit()


@pytest.mark.slow(reason="registers ten models")
def test_more_versions_than_a_session_holds_all_score_right(session):
    models = {}
    for seed in range(10, 20):
        model = fit(seed=seed)
        models[register_once(session, model)] = model

    for version in (*models, *reversed(models)):
        activate(session, version)
        assert session.value(SCORE) == score_of(session, models[version])


@pytest.mark.alone
def test_activation_does_not_take_long(session):
    version = register_once(session, other_model())
    start = time.monotonic()

    activate(session, version)

    assert time.monotonic() - start < 1
