import pytest

from tests.alerts import alerts, watch
from tests.models import (
    assert_fresh,
    default_model,
    deploy,
    divergences,
    fit,
    stored_scores,
)

MODEL = default_model()
COMPANY = fit({"usage": "number", "complaint_count": "number"})
STATE = (
    "SELECT customer_id, complaint_count, last_complaint_at, churn_score,"
    " churn_model_version, churn_scored_at FROM churn.customers ORDER BY customer_id"
)


@pytest.fixture(scope="module")
def source(module_database):
    session = module_database.session()
    session.run(
        'CREATE SCHEMA "the company";'
        'CREATE TABLE "the company"."Clients" (id text PRIMARY KEY, usage real);'
        'CREATE TABLE "the company".calls'
        ' (client text REFERENCES "the company"."Clients", at date);'
        'INSERT INTO "the company"."Clients" SELECT i, i FROM generate_series(1, 9) i;'
        "SELECT churn.attach('\"the company\".\"Clients\"', 'id',"
        " '\"the company\".calls', 'client', 'at')"
    )
    deploy(session, COMPANY, '"the company"."Clients"', "id")
    session.run("SELECT churn.set_outbox('\"the company\".\"Clients\"', 'every')")
    session.run("INSERT INTO \"the company\".calls VALUES ('1', '2024-01-01')")
    session.run("SELECT churn.set_outcome('churn.customers', 'churned', '30 days')")
    session.run("UPDATE churn.customers SET churned = true WHERE customer_id = 1")
    session.run("SELECT churn.record_action('churn.customers', '1', 'call')")
    watch(session, "ff", profile='"the company"."Clients"')
    session.run("SELECT churn.monitor('churn.customers')")
    session.run("SELECT churn.set_retraining('churn.customers', '30 days')")
    session.run("SELECT churn.request_retraining('churn.customers', 'a test')")
    session.commit()
    return module_database


@pytest.fixture(scope="module", params=["plain", "custom", "directory"])
def restored(source, server, request, tmp_path_factory):
    dump = tmp_path_factory.mktemp("dump") / "dump"
    source.program("pg_dump", "--format", request.param, "--file", dump)
    with server.database(f"restored_{request.param}") as target:
        if request.param == "plain":
            target.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", dump)
        else:
            jobs = ["--jobs", "2"] if request.param == "directory" else []
            target.program("pg_restore", "--exit-on-error", *jobs, dump)
        yield target


@pytest.fixture
def both(source, restored):
    sessions = source.session(), restored.session()
    yield sessions
    for session in sessions:
        session.close()


def test_no_trigger_fired_during_the_restore(both):
    before, after = both

    assert after.run(STATE) == before.run(STATE)
    assert after.run("SELECT * FROM churn.deployments ORDER BY 1") == before.run(
        "SELECT * FROM churn.deployments ORDER BY 1"
    )
    clients = 'SELECT * FROM "the company"."Clients" ORDER BY id'
    assert after.run(clients) == before.run(clients)


def test_the_attachments_point_at_the_restored_tables(both):
    before, after = both
    tables = (
        "SELECT attachment_id, profile::text, complaints::text, number_columns,"
        " text_columns FROM churn.attachments ORDER BY 1"
    )

    assert after.run(tables) == before.run(tables)


def test_scoring_and_triggers_work_where_it_was_restored(both):
    _, session = both
    assert_fresh(session, MODEL)
    assert_fresh(session, COMPANY, '"the company"."Clients"', "id")

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")
    session.run("UPDATE churn.customers SET age = 70 WHERE customer_id = 9")
    session.run("INSERT INTO \"the company\".calls VALUES ('2', '2024-01-01')")
    session.run("DELETE FROM \"the company\".calls WHERE client = '1'")

    assert_fresh(session, MODEL)
    assert_fresh(session, COMPANY, '"the company"."Clients"', "id")


def test_the_outbox_goes_on_where_it_was_dumped(both):
    before, after = both
    changes = "SELECT * FROM churn.outbox ORDER BY change_id"
    assert len(before.run(changes)) == 1
    assert after.run(changes) == before.run(changes)

    after.run("INSERT INTO \"the company\".calls VALUES ('2', '2024-01-01')")

    assert after.column("SELECT key FROM churn.outbox ORDER BY change_id") == ["1", "2"]


def test_labels_go_on_being_recorded_where_they_were(both):
    before, after = both
    outcomes = "SELECT * FROM churn.outcomes ORDER BY outcome_id"
    actions = "SELECT * FROM churn.actions ORDER BY action_id"
    assert len(before.run(outcomes)) == len(before.run(actions)) == 1
    assert after.run(outcomes) == before.run(outcomes)
    assert after.run(actions) == before.run(actions)

    after.run("UPDATE churn.customers SET churned = true WHERE customer_id <= 2")

    assert after.column("SELECT key FROM churn.outcomes ORDER BY outcome_id") == [
        *("1", "2"),
    ]
    assert (
        after.value("SELECT churn.set_outcome('churn.customers', 'churned', '30 days')")
        == 0
    )


def test_monitoring_goes_on_where_the_last_window_ended(both):
    before, after = both
    results = "SELECT * FROM churn.monitor_results ORDER BY result_id"
    assert len(before.run(results)) > 10
    assert after.run(results) == before.run(results)

    # Against references that are the ones that were registered.
    measured = after.run("SELECT metric, feature FROM churn.monitor('churn.customers')")

    drift = ("psi", "null_rate", "unseen_rate", "out_of_range_rate", "score_psi")
    assert [one for one in measured if one[0] in drift] == before.run(
        "SELECT r.metric, r.feature FROM churn.monitor_results r"
        " JOIN churn.attachments a USING (attachment_id)"
        " WHERE a.profile = 'churn.customers'::regclass AND r.metric = ANY (%s)"
        " ORDER BY r.result_id",
        list(drift),
    )
    assert after.value(
        "SELECT count(*) FROM churn.score_drift d JOIN churn.score_drift e"
        " ON e.since = d.\"time\" WHERE d.metric = e.metric AND d.metric = 'mean_score'"
    )


def test_the_restored_tables_can_be_altered_and_detached(both):
    _, session = both

    session.run("ALTER TABLE churn.customers ADD COLUMN extra integer")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    assert_fresh(session, MODEL)
    assert session.refusal("DROP TABLE churn.complaints").sqlstate == "2BP01"
    session.run('SELECT churn.detach(\'"the company"."Clients"\')')


def test_the_next_version_has_a_new_number(both):
    before, after = both
    numbers = "SELECT max(version) FROM churn.models"

    version = deploy(after, fit(seed=1))

    assert version > before.value(numbers)


def test_a_dump_of_the_restored_database_is_the_same(source, restored):
    dumps = [
        database.program("pg_dump", "--schema-only", "--no-comments").stdout
        for database in (source, restored)
    ]

    assert sorted(comparable(dumps[0])) == sorted(comparable(dumps[1]))


def comparable(dump):
    return [
        line
        for line in dump.splitlines()
        if not line.startswith(("--", "\\restrict", "\\unrestrict")) and line
    ]


def test_the_loading_of_data_alone_fires_no_trigger_where_triggers_are_disabled(
    source, server, migrated, tmp_path
):
    dump = tmp_path / "data"
    source.program(
        *("pg_dump", "--data-only", "--disable-triggers", "--file", dump),
        *("--table", "churn.customers", "--table", "churn.complaints"),
    )
    with server.database("data_only", migrated.template_dbname) as target:
        target.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", dump)
        session = target.session()
        before = source.session()
        assert stored_scores(session) == stored_scores(before)
        assert session.run(STATE) == before.run(STATE)
        before.close()


def load(target, dump):
    target.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", dump)


def test_a_schema_alone_counts_and_is_verified_once_it_has_its_attachments(
    source, server, tmp_path
):
    schema, attachments = tmp_path / "schema", tmp_path / "attachments"
    source.program("pg_dump", "--schema-only", "--file", schema)
    source.program(
        *("pg_dump", "--data-only", "--file", attachments),
        *("--table=churn.attachments", "--table=churn_migrations.alembic_version"),
    )
    with server.database("schema_only") as target:
        load(target, schema)
        session = target.session()
        session.run("INSERT INTO churn.customers (customer_id) VALUES (1)")
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (1)")
        refusal = session.refusal("SELECT churn.verify('churn.customers')")
        assert refusal.sqlstate == "22023"
        assert "is not attached" in refusal.message
        session.commit()

        load(target, attachments)

        assert session.value("SELECT complaint_count FROM churn.customers") == 2
        assert divergences(session) == []
        session.run("ALTER TABLE churn.customers ADD COLUMN extra integer")
        session.commit()
        assert "(head)" in target.alembic("current").stdout


def test_data_alone_without_its_triggers_is_what_it_was(
    source, server, migrated, tmp_path
):
    dump = tmp_path / "data"
    source.program(
        *("pg_dump", "--data-only", "--disable-triggers", "--file", dump),
        *("--schema=churn", "--exclude-table=churn.attachments"),
    )
    with server.database("data_only", migrated.template_dbname) as target:
        session = target.session()
        session.run(
            'CREATE SCHEMA "the company";'
            'CREATE TABLE "the company"."Clients" (id text PRIMARY KEY, usage real);'
            'CREATE TABLE "the company".calls (client text, at date);'
            "SELECT churn.attach('\"the company\".\"Clients\"', 'id',"
            " '\"the company\".calls', 'client', 'at')"
        )
        session.commit()
        load(target, dump)
        before = source.session()
        assert session.run(STATE) == before.run(STATE)
        before.close()
        assert_fresh(session, MODEL)


@pytest.fixture(params=["triggers fire", "triggers are disabled"])
def reloaded(server, migrated, tmp_path, request):
    """A table whose complaints have no time of their own, and its data-only restore."""
    tables = (
        "CREATE TABLE clients (id int PRIMARY KEY);"
        "CREATE TABLE calls (client int REFERENCES clients);"
        "SELECT churn.attach('clients', 'id', 'calls', 'client')"
    )
    with (
        server.database("timed", migrated.template_dbname) as former,
        server.database("reloaded", migrated.template_dbname) as target,
    ):
        for database in (former, target):
            session = database.session()
            session.run(tables)
            session.commit()
        session = former.session(autocommit=True)
        session.run("INSERT INTO clients VALUES (1), (2)")
        session.run("INSERT INTO calls VALUES (1), (1)")
        options = ["--disable-triggers"] if "disabled" in request.param else []
        former.program(
            *("pg_dump", "--data-only", "--schema=public", *options, "--file"),
            tmp_path / "data",
        )
        load(target, tmp_path / "data")
        yield request.param, session, target.session()


def test_a_time_that_only_the_profile_knows_survives_where_triggers_are_disabled(
    reloaded,
):
    case, former, session = reloaded
    rows = "SELECT id, complaint_count{} FROM clients ORDER BY id"
    times = rows.format(", last_complaint_at")

    assert session.run(rows.format("")) == former.run(rows.format(""))
    assert divergences(session, "clients") == []
    assert (session.run(times) == former.run(times)) == (case != "triggers fire")


def test_alerts_go_on(both):
    before, after = both
    for table in ("churn.monitor_results", "churn.alerts", "churn.alert_outbox"):
        rows = f"SELECT * FROM {table}"
        assert after.run(rows) == before.run(rows) != []
    clients = '"the company"."Clients"'

    watch(after, "iiiff", 3, profile=clients)

    assert alerts(after) == [(2, 5), (7, None)]
    numbers = "SELECT change_id FROM churn.outbox UNION ALL SELECT change_id"
    told = after.column(f"{numbers} FROM churn.alert_outbox")
    assert len(told) == len(set(told)) == 4
    after.rollback()


def test_a_request_to_retrain_is_open_where_it_was_restored(both):
    before, after = both
    requests = "SELECT * FROM churn.retraining_requests"
    policies = "SELECT profile::text, every, set_by FROM churn.retraining_policies"
    assert len(before.run(requests)) == len(before.run(policies)) == 1
    assert after.run(requests) == before.run(requests)
    assert after.run(policies) == before.run(policies)

    request = after.value("SELECT churn.request_retraining('churn.customers')")

    assert request == before.value("SELECT request_id FROM churn.retraining_requests")
    held = "SELECT churn_internal.hold_retraining(NULL, '{}')"
    assert after.value(held) == request
    after.run("SELECT churn.set_retraining('churn.customers')")
    assert after.value("SELECT churn.request_retraining('churn.customers')") > request
