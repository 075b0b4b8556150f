"""Deleting versions that are not needed any more: what goes, what stays and says so."""

import datetime

import pytest

from tests.models import (
    activate,
    assert_fresh,
    deploy,
    divergences,
    expected_scores,
    fit,
    other_model,
    register_once,
    rescore_in_place,
)
from tests.waiting import in_background, wait_until_blocked

DELETE = "SELECT churn.delete_model(%s)"
ACTIVE = "SELECT version FROM churn.active_deployments"
PREDICT = "SELECT churn.predict(%s, to_jsonb(c)) FROM churn.customers c LIMIT 1"
ROLLBACK = "SELECT churn.rollback_model('churn.customers')"
ONE = "INSERT INTO churn.complaints (customer_id) VALUES (1)"
TODAY = "SELECT to_char(now(), 'YYYY-MM-DD')"


@pytest.fixture
def replaced(session):
    """A session in which a version was active, and was replaced twice."""
    version = session.value(ACTIVE)
    activate(session, register_once(session, fit(seed=1)))
    deploy(session, fit(seed=2))
    return session, version


def stored(session, version):
    return session.row(
        "SELECT artifact, compiled, deleted_by, deleted_at FROM churn.models"
        " WHERE version = %s",
        version,
    )


def said_to_be_deleted(session, version, refused):
    assert refused.sqlstate == "55000"
    assert refused.message == (
        f"model version {version} was deleted on {session.value(TODAY)}"
    )
    assert refused.detail == "postgres called churn.delete_model."
    assert refused.hint == (
        "Name another version: SELECT version FROM churn.models WHERE deleted_at IS"
        " NULL lists them. Or register the model anew."
    )
    return True


def test_a_version_that_was_never_deployed_goes_with_its_row(session):
    version = register_once(session, other_model())

    assert session.value(DELETE, version) is True

    assert session.column("SELECT version FROM churn.models") == [session.value(ACTIVE)]
    assert session.take_notices() == ""


def test_a_version_that_was_deployed_keeps_its_row_without_the_bytes(replaced):
    session, version = replaced
    session.take_notices()

    assert session.value(DELETE, version) is False

    artifact, compiled, deleted_by, deleted_at = stored(session, version)
    assert (artifact, compiled) == (None, None)
    assert deleted_by == session.value("SELECT session_user")
    assert deleted_at == session.value("SELECT now()")
    notices = session.take_notices()
    assert f"model version {version} keeps its row, without its bytes" in notices
    assert "churn.deployments names it." in notices


def test_the_digests_and_all_that_was_said_about_it_stay(replaced):
    session, version = replaced
    said = (
        "SELECT artifact_sha256, compiled_sha256, parity, compilation, signature,"
        " metrics, environment, provenance, registered_by, registered_at"
        " FROM churn.models WHERE version = %s"
    )
    before = session.row(said, version)

    session.run(DELETE, version)

    assert session.row(said, version) == before


@pytest.mark.parametrize("log", ["predictions", "outbox", "former"])
def test_a_version_that_a_log_names_keeps_its_row(session, log):
    version = register_once(session, other_model())
    if log == "predictions":
        session.run(
            "INSERT INTO churn.predictions"
            " VALUES (1, '1', %s, 0.5, '{}', 'batch', now())",
            version,
        )
    else:
        column = "version" if log == "outbox" else "former_version"
        other = "former_version" if log == "outbox" else "version"
        session.run(
            "INSERT INTO churn.outbox"
            f" (attachment_id, profile, key, score, {column}, {other}, scored_at)"
            " VALUES (1, 'churn.customers', '1', 0.5, %s, 1, now())",
            version,
        )

    assert session.value(DELETE, version) is False

    assert stored(session, version)[0] is None
    relation = "churn.predictions" if log == "predictions" else "churn.outbox"
    assert f"{relation} names it." in session.take_notices()


def test_what_is_left_goes_when_nothing_names_it_any_more(session):
    version = register_once(session, other_model())
    session.run(
        "INSERT INTO churn.predictions VALUES (1, '1', %s, 0.5, '{}', 'batch', now())",
        version,
    )
    session.run(DELETE, version)
    session.run("DELETE FROM churn.predictions")

    assert session.value(DELETE, version) is True


def test_what_was_deleted_stays_as_it_was_deleted_first(replaced):
    session, version = replaced
    session.run("SET LOCAL ROLE churn_loader")
    session.run(DELETE, version)
    session.run("RESET ROLE")
    before = stored(session, version)

    assert session.value(DELETE, version) is False

    assert stored(session, version) == before


@pytest.mark.parametrize("version", [999_999, None])
def test_an_unknown_version_is_not_deleted(session, version):
    refused = session.refusal(DELETE, version)

    assert refused.sqlstate == "22023"
    shown = "null" if version is None else version
    assert refused.message == f"model version {shown} does not exist"
    assert refused.hint == (
        "SELECT version FROM churn.models lists the registered versions."
    )


def test_the_active_version_is_not_deleted(session):
    version = session.value(ACTIVE)

    refused = session.refusal(DELETE, version)

    assert refused.sqlstate == "55006"
    assert refused.message == f"model version {version} is active"
    assert refused.detail == "It scores churn.customers."
    assert refused.hint == "Call churn.activate_model with another version first."
    assert stored(session, version)[0] is not None


def test_the_version_to_go_back_to_is_not_deleted(session):
    version = session.value(ACTIVE)
    deploy(session, other_model())

    refused = session.refusal(DELETE, version)

    assert refused.sqlstate == "55006"
    assert refused.message == f"model version {version} is the one to go back to"
    assert refused.detail == (
        "churn.rollback_model('churn.customers') puts it in force again."
    )
    assert refused.hint == (
        "Call churn.activate_model with another version first: what is active now is"
        " then the one to go back to."
    )
    assert session.value(ROLLBACK) == version


def test_what_a_rollback_left_can_be_deleted(session):
    deployed = deploy(session, other_model())
    session.run(ROLLBACK)
    rescore_in_place(session, "churn.customers")

    assert session.value(DELETE, deployed) is False


def test_a_version_that_stored_scores_are_of_is_not_deleted(session):
    version = session.value(ACTIVE)
    activate(session, register_once(session, fit(seed=1)))
    activate(session, register_once(session, fit(seed=2)))
    session.run(ONE)
    rows = session.value("SELECT count(*) FROM churn.customers") - 1

    refused = session.refusal(DELETE, version)

    assert refused.sqlstate == "55006"
    assert refused.message == (
        f"scores of churn.customers are of model version {version}"
    )
    assert refused.detail == f"{rows} rows name it."
    assert refused.hint == "CALL churn.rescore('churn.customers') first."

    rescore_in_place(session, "churn.customers")
    assert session.value(DELETE, version) is False
    assert divergences(session) == []


def test_one_row_is_enough_even_of_a_version_that_was_never_deployed(session):
    version = register_once(session, other_model())
    with session.savepoint():
        session.run("SET LOCAL session_replication_role = replica")
        session.run(
            "UPDATE churn.customers SET churn_model_version = %s WHERE customer_id = 1",
            version,
        )
        session.run("SET LOCAL session_replication_role = origin")

    assert session.refusal(DELETE, version).detail == "1 row names it."


def test_a_row_that_row_security_hides_is_seen(session):
    version = session.value(ACTIVE)
    activate(session, register_once(session, fit(seed=1)))
    activate(session, register_once(session, fit(seed=2)))
    session.run(
        "UPDATE churn.customers SET age = 99 WHERE customer_id > 1;"
        "ALTER TABLE churn.customers ENABLE ROW LEVEL SECURITY,"
        " FORCE ROW LEVEL SECURITY"
    )

    with session.role("churn_loader"):
        assert session.refusal(DELETE, version).detail == "1 row names it."


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_nothing_is_deleted_by_what_an_old_snapshot_shows(first, level):
    version = register_once(first, other_model())
    first.commit()
    first.run(f"SET TRANSACTION ISOLATION LEVEL {level}")

    refused = first.refusal(DELETE, version)

    assert refused.sqlstate == "25001"
    assert refused.message == (
        f"models cannot be deleted in a {level.lower()} transaction"
    )
    assert refused.hint == "Use READ COMMITTED."


@pytest.mark.parametrize(
    "statement",
    [
        PREDICT,
        "SELECT churn.activate_model(%s)",
        "SELECT * FROM churn.predict_query(%s, 'TABLE churn.customers')",
        "SELECT * FROM churn.predict_query(%s, 'TABLE churn.customers', 'keep')",
    ],
)
def test_whoever_asks_for_it_is_told_when_it_was_deleted(replaced, statement):
    session, version = replaced
    # Even a session that holds it in its memory.
    assert session.value(PREDICT, version) is not None
    session.run(DELETE, version)

    assert said_to_be_deleted(session, version, session.refusal(statement, version))


def test_going_back_to_it_is_refused_likewise(replaced):
    session, version = replaced
    session.run(DELETE, version)
    second = session.value(ROLLBACK)

    assert said_to_be_deleted(session, version, session.refusal(ROLLBACK))

    assert session.value(ACTIVE) == second


def test_rows_that_name_it_all_the_same_are_found_and_mended(replaced):
    session, version = replaced
    session.run(DELETE, version)
    session.run(
        "SET LOCAL session_replication_role = replica;"
        f"UPDATE churn.customers SET churn_model_version = {version}"
        " WHERE customer_id IN (1, 2);"
        "SET LOCAL session_replication_role = origin"
    )
    session.take_notices()

    assert sorted(divergences(session)) == [
        (key, "churn_model_version", str(version), "a registered version")
        for key in ("1", "2")
    ]

    said = session.take_notices()
    assert f"model version {version} was deleted on {session.value(TODAY)}" in said
    assert "Rows that name it: 2." in said
    assert "CALL churn.repair('churn.customers') scores them anew." in said
    session.run("SELECT churn_internal.repair_profiles_1('{1,2}')")
    assert_fresh(session, fit(seed=2))


def test_a_score_under_a_version_that_is_gone_costs_no_complaint(trained_database):
    session = trained_database.session()
    version = session.value(ACTIVE)
    # Nothing in the interface does this.
    session.run(
        "ALTER TABLE churn.models DISABLE TRIGGER refuse_change;"
        "UPDATE churn.models SET artifact = NULL, compiled = NULL,"
        " explanation = NULL, reference = NULL, deleted_at = now(),"
        " deleted_by = 'somebody'"
    )
    session.commit()
    fresh = trained_database.session()

    fresh.run(ONE)

    assert (
        f"model version {version} could not score 1 row: model version {version} was"
        " deleted on"
    ) in fresh.take_notices()
    assert fresh.row(
        "SELECT complaint_count, churn_score IS NOT NULL FROM churn.customers"
        " WHERE customer_id = 1"
    ) == (1, True)


def test_why_a_score_changed_is_still_told(session):
    session.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    version = session.value(ACTIVE)
    session.run(ONE)
    activate(session, register_once(session, fit(seed=1)))
    session.run(ONE)
    activate(session, register_once(session, fit(seed=2)))
    rescore_in_place(session, "churn.customers")
    session.run("DELETE FROM churn.predictions WHERE key = '1' AND cause = 'batch'")
    session.run("DELETE FROM churn.predictions WHERE cause = 'profile'")

    session.run(DELETE, version)

    changes = {
        what: (former, current)
        for what, former, current, _ in session.run(
            "SELECT * FROM churn.why_changed('churn.customers', '1')"
        )
    }
    assert changes["version"][0] == str(version)
    assert "complaint_count" in changes


def test_models_of_a_detached_table_that_it_would_take_up_again_stay(session):
    version = session.value(ACTIVE)
    session.run("DROP FUNCTION churn.score_customer")
    session.run("SELECT churn.detach('churn.customers')")

    refused = session.refusal(DELETE, version)

    assert refused.message == f"model version {version} is active"
    assert refused.detail == (
        "It scores churn.customers as soon as that is attached again."
    )


def test_models_of_a_table_that_was_dropped_can_be_deleted(session):
    version = session.value(ACTIVE)
    unused = register_once(session, other_model())
    session.run("DROP FUNCTION churn.score_customer")
    session.run("SELECT churn.detach('churn.customers')")
    session.run("DROP TABLE churn.complaints, churn.customers")

    assert session.value(DELETE, version) is False
    assert session.value(DELETE, unused) is True


def test_the_names_of_tables_and_columns_may_be_odd(session):
    session.run("""
        CREATE SCHEMA "the ""company";
        CREATE TABLE "the ""company"."Clients' %s" (
            "the key" text COLLATE "C" PRIMARY KEY, usage numeric
        );
        CREATE TABLE "the ""company".calls (
            client text REFERENCES "the ""company"."Clients' %s"
        );
        INSERT INTO "the ""company"."Clients' %s" SELECT i, i
        FROM generate_series(1, 5) i;
        SELECT churn.attach(
            '"the ""company"."Clients'' %s"', 'the key', '"the ""company".calls',
            'client'
        );
        """)
    table = """"the ""company"."Clients' %s\""""
    models = [fit({"usage": "number"}, seed=seed) for seed in range(3)]
    versions = [register_once(session, model, table, "the key") for model in models]
    activate(session, versions[0])
    rescore_in_place(session, table)
    for version in versions[1:]:
        activate(session, version)

    refused = session.refusal(DELETE, versions[0])

    assert refused.message == f"scores of {table} are of model version {versions[0]}"
    assert refused.hint == (
        "CALL churn.rescore('{}') first.".format(table.replace("'", "''"))
    )
    rescore_in_place(session, table)
    assert session.value(DELETE, versions[0]) is False
    assert divergences(session, table) == []


def test_partitions_and_history_triggers_are_no_obstacle(session):
    session.run("""
        CREATE SCHEMA company;
        CREATE TABLE company.clients (id bigint PRIMARY KEY, usage numeric)
            PARTITION BY RANGE (id);
        CREATE TABLE company.clients_low PARTITION OF company.clients
            FOR VALUES FROM (0) TO (3);
        CREATE TABLE company.clients_high PARTITION OF company.clients DEFAULT;
        CREATE TABLE company.calls (client bigint);
        CREATE TABLE company.history (client bigint, version bigint);
        CREATE FUNCTION company.keep_history() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO company.history VALUES (OLD.id, OLD.churn_model_version);
            RETURN NEW;
        END
        $$;
        INSERT INTO company.clients SELECT i, i FROM generate_series(1, 5) i;
        SELECT churn.attach('company.clients', 'id', 'company.calls', 'client');
        CREATE TRIGGER history BEFORE UPDATE ON company.clients
            FOR EACH ROW EXECUTE FUNCTION company.keep_history();
        """)
    versions = [
        deploy(session, fit({"usage": "number"}, seed=seed), "company.clients", "id")
        for seed in range(3)
    ]

    assert session.value(DELETE, versions[0]) is False

    # A company's history is its own.
    assert session.value(
        "SELECT count(*) FROM company.history WHERE version = %s", versions[0]
    )


# Who may, and who may not.


def test_a_loader_deletes(replaced):
    session, version = replaced
    unused = register_once(session, other_model())
    with session.role("churn_loader"):
        assert session.value(DELETE, unused) is True
        assert session.value(DELETE, version) is False
        assert isinstance(
            session.value(
                "SELECT deleted_at FROM churn.models WHERE version = %s", version
            ),
            datetime.datetime,
        )


@pytest.mark.parametrize("role", ["churn_scorer", "churn_application"])
def test_nobody_else_deletes(session, role):
    version = register_once(session, other_model())
    with session.role(role):
        assert session.refusal(DELETE, version).sqlstate == "42501"


@pytest.mark.parametrize("role", ["postgres", "pgchurn_test_writer", "churn_loader"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE churn.models SET artifact = NULL, compiled = NULL,"
        " explanation = NULL, reference = NULL, deleted_at = now(),"
        " deleted_by = 'x'",
        "UPDATE churn.models SET deleted_at = NULL WHERE false",
        "DELETE FROM churn.models",
        "TRUNCATE churn.models CASCADE",
        "DELETE FROM churn.deployments",
        "UPDATE churn.deployments SET version = 1",
    ],
)
def test_rows_of_the_registry_change_by_no_other_way(session, role, change):
    session.run(
        "CREATE ROLE pgchurn_test_writer IN ROLE pg_write_all_data, pg_read_all_data;"
        "GRANT USAGE ON SCHEMA churn TO pgchurn_test_writer"
    )
    before = session.run("SELECT * FROM churn.models ORDER BY version")
    with session.role(role):
        assert session.refusal(change).sqlstate in ("55000", "42501")

    assert session.run("SELECT * FROM churn.models ORDER BY version") == before


def test_a_writer_of_all_data_is_refused_by_the_trigger(session):
    session.run("CREATE ROLE pgchurn_test_writer IN ROLE pg_write_all_data")

    with session.role("pgchurn_test_writer"):
        refused = session.refusal("UPDATE churn.models SET artifact = NULL")

    assert refused.sqlstate == "55000"
    assert refused.message == "rows of churn.models never change"
    assert refused.hint == (
        "Register a new version with churn.register_model, or call churn.delete_model"
        " for one that is not needed."
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE churn.models SET artifact = NULL",
        "UPDATE churn.models SET deleted_at = now(), deleted_by = 'x'",
        "UPDATE churn.models SET artifact = NULL, compiled = NULL,"
        " explanation = NULL, reference = NULL, deleted_at = now()",
        "UPDATE churn.models SET artifact = 'x'",
        "UPDATE churn.models SET compiled = 'x'",
        "UPDATE churn.models SET compiled_sha256 = sha256('x'), parity = 0",
        "TRUNCATE churn.models CASCADE",
        "DELETE FROM churn.deployments",
    ],
)
def test_not_even_the_owner_leaves_a_version_by_halves(session, change):
    with session.role("churn_owner"):
        assert session.refusal(change).sqlstate in ("23514", "55000")


# Two sessions.


@pytest.fixture
def versions(first):
    """Two versions, the first of which is active and scores every row."""
    made = deploy(first, fit(seed=31)), register_once(first, fit(seed=32))
    first.commit()
    return made


def test_an_activation_waits_and_finds_the_version_gone(
    first, second, module_database, versions
):
    unused = versions[1]
    first.run(DELETE, unused)

    with in_background(
        lambda: second.refusal("SELECT churn.activate_model(%s)", unused)
    ) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        refused = done.result(timeout=20)

    assert refused.message == f"model version {unused} does not exist"
    second.rollback()
    assert second.value(ACTIVE) == versions[0]


def test_an_activation_waits_and_finds_the_bytes_gone(
    first, second, module_database, versions
):
    former = versions[1]
    for version in (former, versions[0], register_once(first, fit(seed=34))):
        activate(first, version)
    rescore_in_place(first, "churn.customers")
    first.commit()
    first.run(DELETE, former)

    with in_background(
        lambda: second.refusal("SELECT churn.activate_model(%s)", former)
    ) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        refused = done.result(timeout=20)

    assert said_to_be_deleted(second, former, refused)
    second.rollback()


def test_a_deletion_waits_and_finds_the_version_active(
    first, second, module_database, versions
):
    activate(first, versions[1])

    with in_background(lambda: second.refusal(DELETE, versions[1])) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        refused = done.result(timeout=20)

    assert refused.message == f"model version {versions[1]} is active"
    second.rollback()


def test_a_deletion_waits_for_an_activation_that_is_taken_back(
    first, second, module_database, versions
):
    activate(first, versions[1])

    with in_background(lambda: second.value(DELETE, versions[1])) as done:
        wait_until_blocked(module_database, second)
        first.rollback()
        assert done.result(timeout=20) is True
    second.commit()


def test_two_deletions_take_turns(first, second, module_database, versions):
    first.run(DELETE, versions[1])

    with in_background(lambda: second.refusal(DELETE, versions[1])) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        refused = done.result(timeout=20)

    assert refused.message == f"model version {versions[1]} does not exist"
    second.rollback()


@pytest.mark.parametrize("call", ["SELECT churn.activate_model(%s)", ROLLBACK])
def test_who_began_before_a_version_was_deleted_does_not_activate_it(
    first, second, versions, call
):
    former = versions[1]
    for version in (former, versions[0], register_once(first, fit(seed=34))):
        activate(first, version)
    if call == ROLLBACK:
        # So that the version to be deleted is next after one more rollback.
        first.run(ROLLBACK)
    rescore_in_place(first, "churn.customers")
    first.commit()
    active = first.value(ACTIVE)
    first.commit()
    second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    assert second.value(ACTIVE) == active
    if call == ROLLBACK:
        activate(first, register_once(first, fit(seed=35)))
        activate(first, register_once(first, fit(seed=36)))
        rescore_in_place(first, "churn.customers")
        first.commit()
    first.run(DELETE, former)
    first.commit()

    refused = second.refusal(call, *([former] if "%s" in call else []))

    assert refused.sqlstate == "40001"
    second.rollback()


def test_a_deletion_waits_for_who_stores_scores_of_the_version(
    first, second, module_database, versions
):
    complains = module_database.session()
    activate(first, versions[1])
    rescore_in_place(first, "churn.customers")
    first.run(
        "UPDATE churn.customers SET churn_score = NULL, churn_model_version = NULL"
        " WHERE customer_id = 1"
    )
    first.commit()
    complains.run("BEGIN")
    # Scored by the version that is active, and held in this session's memory.
    complains.run(ONE)
    former = versions[1]
    for version in (versions[0], register_once(first, fit(seed=34))):
        activate(first, version)
    first.run("UPDATE churn.customers SET churn_score = -1 WHERE customer_id > 1")
    first.commit()

    with in_background(lambda: second.refusal(DELETE, former)) as done:
        complains.commit()
        refused = done.result(timeout=20)

    assert refused.message == f"scores of churn.customers are of model version {former}"
    assert refused.detail == "1 row names it."
    second.rollback()
    complains.close()


@pytest.mark.slow(reason="waits until a deletion gives up")
def test_a_deletion_does_not_wait_for_ever_nor_hold_others_up(
    first, second, module_database, versions
):
    complains = module_database.session()
    former = versions[1]
    for version in (former, versions[0], register_once(first, fit(seed=34))):
        activate(first, version)
    rescore_in_place(first, "churn.customers")
    first.commit()
    complains.run(ONE)

    with in_background(lambda: second.refusal(DELETE, former)) as done:
        first.run("SET LOCAL lock_timeout = '2s'")
        first.run("INSERT INTO churn.complaints (customer_id) VALUES (2), (3)")
        first.commit()
        refused = done.result(timeout=20)

    assert refused.sqlstate == "55P03"
    assert refused.message == "churn.customers is being written"
    assert refused.hint == "Call churn.delete_model again when it has ended."
    complains.commit()
    complains.close()
    second.rollback()
    assert second.value(DELETE, former) is False
    second.commit()


def test_a_session_that_holds_the_version_does_not_score_with_it_any_more(
    first, second, versions
):
    former = versions[1]
    for version in (former, versions[0], register_once(first, fit(seed=34))):
        activate(first, version)
    rescore_in_place(first, "churn.customers")
    first.commit()
    assert second.value(PREDICT, former) is not None
    second.commit()

    first.run(DELETE, former)
    first.commit()

    assert said_to_be_deleted(second, former, second.refusal(PREDICT, former))
    second.run(ONE)
    second.commit()
    assert divergences(second) == []


def test_a_query_that_scores_with_it_goes_on_to_its_end(first, second, versions):
    unused = versions[1]
    expected = expected_scores(second, fit(seed=32))
    second.run(
        "DECLARE scored CURSOR FOR SELECT passed ->> 'customer_id', score"
        f" FROM churn.predict_query({unused}, 'TABLE churn.customers',"
        " 'raise', true)"
    )

    first.run(DELETE, unused)
    first.commit()

    assert len(second.run("FETCH ALL FROM scored")) == len(expected)
    second.commit()


def test_an_interrupted_run_under_a_version_that_is_gone_begins_anew(first, versions):
    former = versions[1]
    activate(first, former)
    run = first.value("SELECT churn_internal.begin_rescoring('churn.customers')")
    first.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)
    for version in (versions[0], register_once(first, fit(seed=34))):
        activate(first, version)
    first.commit()
    assert "rows name it" in first.refusal(DELETE, former).detail
    first.rollback()

    again = first.value("SELECT churn_internal.begin_rescoring('churn.customers')")
    outcome = None
    while outcome is None:
        outcome = first.row(
            "SELECT * FROM churn_internal.rescore_batch(%s, 1000, NULL)", again
        )[1]
    first.commit()

    assert again > run
    assert first.value(DELETE, former) is False
    first.commit()
    assert divergences(first) == []
