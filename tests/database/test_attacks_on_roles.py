"""What somebody with few rights might try, each try a test."""

from pathlib import Path

import pytest

from tests import comparing
from tests.alerts import watch
from tests.models import (
    activate,
    assert_fresh,
    default_model,
    divergences,
    other_model,
    register,
)
from tests.retraining import days_ago
from tests.schemas import OURS
from tests.statements import INFINITE, overwrite

MODEL = default_model()
SHADOWS = Path(__file__).with_name("shadows.sql")
INTRUDER = "pgchurn_test_intruder"

# Its path names the shadows before everything else.
SHADOWED_PATH = (
    "SET LOCAL search_path = shadows, pg_temp, pg_catalog, churn, churn_internal"
)
PINNED_PATH = "SET LOCAL search_path = pg_catalog, pg_temp"

# What each role does, so that every function with its owner's rights is called.
DEEDS = {
    "churn_application": [
        "INSERT INTO churn.complaints (customer_id) VALUES (1)",
        "INSERT INTO churn.complaints (customer_id) VALUES (1), (3)",
        "SELECT churn.warm()",
    ],
    "churn_scorer": [
        "SELECT churn.score(c) FROM churn.customers c",
        "SELECT churn.score_many(ARRAY(SELECT c FROM churn.customers c))",
        "SELECT churn.score_customer(1)",
        "SELECT churn.predict({other}, values) FROM values_by_name",
        "SELECT * FROM churn.predict_query({other}, 'TABLE churn.customers')",
        "SELECT e.* FROM churn.customers c, churn.explain(c) e",
        "SELECT h.* FROM churn.customers c,"
        " churn.what_would_help(c, '{{age,contract}}', 0.3) h",
        "SELECT * FROM churn.explain_base({other})",
        "SELECT * FROM churn.global_explain({other})",
        "SELECT * FROM churn.explain_query({other}, 'TABLE churn.customers')",
        "SELECT * FROM churn.explain_prediction('churn.customers', '1')",
        "SELECT * FROM churn.why_changed('churn.customers', '1')",
        "SELECT * FROM churn.verify('churn.customers')",
        "SELECT churn.server_environment()",
        "UPDATE churn.customers SET age = 50",
        "UPDATE churn.customers SET churned = true",
        "SELECT * FROM churn.health",
        "SELECT * FROM churn.matured('churn.customers')",
        "SELECT * FROM churn.compare('churn.customers', {other}, {other},"
        f" '{comparing.SINCE}')",
    ],
    "churn_loader": [
        "SELECT churn.delete_model({unused})",
        "SELECT churn.activate_model({other})",
        "SELECT churn.rollback_model('churn.customers')",
        "SELECT churn.set_on_error('churn.customers', 'keep')",
        "SELECT churn.set_score_timeout('churn.customers', '5 s')",
        "SELECT churn_internal.rescore_batch("
        "churn_internal.begin_rescoring('churn.customers'), 9, NULL)",
        "SELECT churn_internal.wait_for_batch("
        "1, churn_internal.reserve_batch(1, 10, 1000))",
        "SELECT profile, rows_per_second, time_left FROM churn.rescore_progress",
        "SELECT churn.set_notifications('churn.customers', 'threshold', 0.5)",
        "SELECT churn.set_outbox('churn.customers', 'every')",
        "SELECT churn.expire_outbox('7 days')",
        "SELECT churn.record_outcome('churn.customers', '1', false)",
        "INSERT INTO churn.known_outcomes VALUES ('churn.customers', '2', true)",
        "SELECT churn.record_action('churn.customers', '1', 'call')",
        "SELECT churn.acknowledge_alert(alert_id) FROM churn.open_alerts",
        "SELECT * FROM churn.monitor('churn.customers')",
        "SELECT churn.expire_monitor_results('1 year')",
        "SELECT churn_internal.count_unrecorded_labels(1)",
        "SELECT churn_internal.columns_changed_by_writing('churn.customers')",
        "SELECT churn_internal.equals_key("
        "churn_internal.attachment_of('churn.customers'))",
        "SELECT churn_internal.wrong_profiles("
        "churn_internal.attachment_of('churn.customers'))",
        "SELECT churn_internal.repair_profiles_1('{{1,2}}')",
        "SELECT churn.release('churn.customers', {other}, '{{50,100}}')",
        "SELECT churn.score(c) FROM churn.customers c",
        "SELECT churn.hold_release('churn.customers')",
        "SELECT churn.advance_releases('churn.customers')",
        "SELECT * FROM churn.releases",
        "SELECT churn.cancel_release('churn.customers')",
        "SELECT churn.estimate_experiment('churn.customers')",
        "SELECT churn.simulate_experiment('churn.customers', salts => 1)",
        "SELECT churn.start_experiment('churn.customers', {other}, expected => 100)",
        "SELECT * FROM churn.experiments",
        "SELECT churn.worklist('churn.customers', 5)",
        "SELECT churn.stop_experiment('churn.customers')",
        "SELECT churn.set_retraining('churn.customers', every => '1 day')",
        "SELECT * FROM churn.retraining_policies",
        "SELECT churn.open_retraining_requests('churn.customers')",
        "SELECT churn.request_retraining('churn.customers')",
        "SELECT churn_internal.hold_retraining(NULL, '{{}}')",
        "SELECT churn_internal.retraining_cohorts("
        "'churn.customers', '2026-01-01', NULL)",
        *(
            f"SELECT churn_internal.{call}) FROM churn.retraining_requests"
            for call in (
                "begin_retraining(request_id",
                "postpone_retraining(request_id, attempts, 'an example'",
                "begin_retraining(request_id",
                "note_retrained(request_id, attempts, {other}",
                "finish_retraining(request_id, attempts, 'kept', 'an example', '{{}}',"
                " NULL, NULL, NULL, NULL",
            )
        ),
        "SELECT churn.set_learning('churn.customers', {other})",
        "SELECT churn_internal.begin_learning('churn.customers')",
        *(
            f"SELECT churn_internal.{call}) FROM churn.learning"
            for call in (
                "learnable_rows(stream_id, NULL, NULL, '2026-01-01', '2026-01-01'",
                "record_batch(stream_id, 1, NULL, '2026-01-01', '2026-01-02', 'd',"
                " '2026-06-01', 50, 5, 1, 0.3, 0.2, 0.001, 1, '\\x01', '\\x02',"
                " '\\x03'",
                "record_snapshot(stream_id, 1, {other}",
                "read_batches(stream_id",
            )
        ),
        "SELECT churn_internal.unneeded_snapshots('churn.customers')",
        "SELECT churn.set_learning('churn.customers', NULL)",
        "SELECT churn.register_model('churn.customers', artifact, signature, metrics,"
        " environment, provenance, NULL, NULL) FROM given",
        "SELECT churn.delete_model({other})",
    ],
    "churn_owner": [
        "SELECT * FROM churn.forget('churn.customers', '1')",
        "SELECT churn.set_scoring_mode('churn.customers', 'queued')",
        "UPDATE churn.complaints SET customer_id = 1",
        "DELETE FROM churn.complaints",
        "INSERT INTO churn.customers (customer_id) VALUES (999)",
        "ALTER TABLE churn.customers ADD COLUMN shoe_size integer",
        "ALTER TABLE churn.customers DROP COLUMN shoe_size",
        "SELECT churn.work(1000, 'churn.customers')",
        "DROP TABLE given",
        "SELECT churn_internal.end_releases_of_key('none')",
        "SELECT churn.expire_predictions('1 year')",
        "SELECT churn.expire_outcomes('1 year')",
        "SELECT * FROM churn.forget('churn.customers', '1')",
    ],
}


@pytest.fixture
def intruder(session):
    """A session that can become somebody who may update profiles, and no more."""
    session.run(f"""
        CREATE ROLE {INTRUDER} IN ROLE churn_application;
        GRANT SELECT, INSERT, UPDATE ON churn.customers TO {INTRUDER};
        """)
    return session


def owners_functions(session):
    return set(
        session.column(
            "SELECT proname FROM pg_proc WHERE prosecdef"
            f" AND pronamespace = ANY ({OURS})"
        )
    )


@pytest.mark.slow(reason="every role does all that it may")
def test_no_function_is_misled_by_what_the_caller_puts_in_front(first):
    other, unused = (
        register(first, other_model(), provenance=comparing.trained_until())
        for _ in range(2)
    )
    first.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    frame, left = comparing.customers(100)
    keys = [str(i) for i in range(1_001, 1_101)]
    comparing.log(first, frame, left, [0.1] * 100, unused, keys=keys)
    frame, left = comparing.customers(300)
    keys = [str(i) for i in range(2_001, 2_301)]
    comparing.log(first, frame, left, [0.1] * 300, unused, days_ago(200), keys=keys)
    watch(first, "ff")
    first.run(SHADOWS.read_text(encoding="utf-8"))
    first.run(
        "CREATE TEMPORARY TABLE given AS SELECT * FROM churn.models WHERE version = %s;"
        " GRANT ALL ON given TO PUBLIC; ALTER TABLE given OWNER TO churn_owner",
        other,
    )
    first.run(
        "CREATE TEMPORARY TABLE values_by_name AS"
        " SELECT to_jsonb(c) AS values FROM churn.customers c LIMIT 1;"
        " GRANT ALL ON values_by_name TO PUBLIC"
    )
    first.run("GRANT UPDATE (age, churned) ON churn.customers TO churn_scorer")
    first.run("SELECT churn.set_outcome('churn.customers', 'churned')")
    first.run("SET LOCAL track_functions = 'all'")
    first.run(PINNED_PATH)

    for role, deeds in DEEDS.items():
        for deed in deeds:
            with first.role(role), first.savepoint():
                first.run(SHADOWED_PATH)
                first.run(deed.format(other=other, unused=unused))
                first.run(PINNED_PATH)
    # And once more where the table's owner writes.
    first.run(
        "CREATE FUNCTION public.pass() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER pass BEFORE UPDATE"
        " ON churn.customers FOR EACH ROW EXECUTE FUNCTION public.pass()"
    )
    with first.role("churn_application"):
        first.run(SHADOWED_PATH)
        first.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
        first.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")
        first.run(PINNED_PATH)
    # By itself, because complaints were counted anew in this transaction.
    with first.role("churn_owner"):
        first.run(SHADOWED_PATH)
        first.run(
            "SELECT churn_internal.update_profile_1(ctid, tableoid, xmin,"
            " complaint_count, last_complaint_at, churn_score, churn_model_version,"
            " churn_scored_at) FROM churn.customers c WHERE c.customer_id"
            " OPERATOR(pg_catalog.=) 1"
        )
        first.run(PINNED_PATH)
    first.run("SELECT churn.work()")

    called = first.column("SELECT funcname FROM pg_stat_xact_user_functions")
    assert owners_functions(first) - set(called) == set()
    assert divergences(first) == []


def test_the_shadows_do_betray(first):
    first.run(SHADOWS.read_text(encoding="utf-8"))
    first.run(SHADOWED_PATH)

    for shadowed in (
        "SELECT 1 = 1",
        "SELECT now()",
        "SELECT max(1)",
        "SELECT 'x'::text",
        "TABLE pg_class",
        "TABLE complaints",
    ):
        assert first.refusal(shadowed).message == "a shadow was called"


@pytest.mark.parametrize(
    "function, call",
    [
        (
            "churn_internal.complaints_inserted_1",
            "INSERT INTO churn.complaints (customer_id) VALUES (1)",
        ),
        ("churn.score_customer", "SELECT churn.score_customer(1)"),
        ("churn.set_on_error", "SELECT churn.set_on_error('churn.customers', 'keep')"),
        (
            "churn_internal.attachment_of",
            "SELECT churn_internal.attachment_of('churn.customers')",
        ),
    ],
)
def test_a_function_that_pinned_nothing_would_be_misled(first, function, call):
    first.run(f"ALTER FUNCTION {function} RESET search_path")
    first.run(SHADOWS.read_text(encoding="utf-8"))
    first.run(SHADOWED_PATH)

    assert first.refusal(call).message == "a shadow was called"


# A domain for each type of the server's, for whoever names one without its schema where
# no search_path says that temporary ones come last.
TEMPORARY_TYPES = """
    CREATE FUNCTION pg_temp.betray() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        RAISE NOTICE 'a shadow was called by %', current_user;
        RETURN true;
    END $$;
    DO $$
    DECLARE
        shadowed name;
    BEGIN
        FOR shadowed IN
            SELECT t.typname FROM pg_catalog.pg_type t
            WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b'
              AND t.typelem = 0
        LOOP
            EXECUTE format(
                'CREATE DOMAIN pg_temp.%I AS pg_catalog.varchar'
                ' CHECK (pg_temp.betray())', shadowed
            );
        END LOOP;
    END $$
"""


def test_temporary_types_do_betray(first):
    first.run(TEMPORARY_TYPES)
    first.run("SET LOCAL search_path = ''")

    first.run("SELECT 'x'::text")

    assert "a shadow was called" in first.take_notices()


@pytest.mark.parametrize("mode", ["inline", "queued"])
@pytest.mark.parametrize("guarded", [False, True], ids=["plain", "guarded"])
@pytest.mark.parametrize("change", [INFINITE, "churn_score = NULL"])
def test_nobody_runs_anything_as_the_owner_by_a_temporary_type(
    intruder, mode, guarded, change
):
    intruder.run("SELECT churn.set_scoring_mode('churn.customers', %s)", mode)
    if guarded:
        intruder.run(
            "CREATE TRIGGER watch BEFORE UPDATE ON churn.customers"
            " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        )
    overwrite(intruder, change)
    intruder.take_notices()
    with intruder.role(INTRUDER):
        intruder.run(TEMPORARY_TYPES)
        for customers in ("(1)", "(1)", "(1), (3)"):
            intruder.run(
                f"INSERT INTO churn.complaints (customer_id) VALUES {customers}"
            )

    assert "a shadow was called" not in intruder.take_notices()


@pytest.mark.parametrize("kind", ["TEMPORARY", ""])
@pytest.mark.parametrize(
    "function",
    [
        *("complaints_inserted_1", "complaints_recounted_1", "profiles_changed_1"),
        "refuse_change",
    ],
)
@pytest.mark.parametrize(
    "role", ["churn_application", "churn_scorer", "churn_loader", INTRUDER]
)
def test_nobody_forges_scores_by_a_trigger_on_a_table_of_their_own(
    intruder, role, function, kind
):
    intruder.run("CREATE SCHEMA own; GRANT ALL ON SCHEMA own TO PUBLIC")
    with intruder.role(role):
        intruder.run(
            f"CREATE {kind} TABLE {'' if kind else 'own.'}forged"
            " (customer_id bigint, complained_at timestamptz)"
        )
        assert (
            intruder.refusal(
                "CREATE TRIGGER forge AFTER INSERT ON"
                f" {'' if kind else 'own.'}forged REFERENCING NEW TABLE AS inserted"
                f" FOR EACH STATEMENT EXECUTE FUNCTION"
                f" churn_internal.{function}()"
            ).sqlstate
            == "42501"
        )


def test_saying_that_a_score_failed_does_not_keep_the_version(session):
    model = other_model()
    version = register(session, model)
    activate(session, version)
    with session.role("churn_application"):
        session.run("SET LOCAL churn.score_failed = 'yes'")
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    assert divergences(session) == []
    assert (
        session.value(
            "SELECT churn_model_version FROM churn.customers WHERE customer_id = 1"
        )
        == version
    )


@pytest.mark.parametrize("name", ["score_failed", "score_cause", "unmarked"])
@pytest.mark.parametrize("value", ["", "yes", "0", "true", "recounted", "{}"])
def test_no_setting_misleads_the_trigger_of_complaints(session, name, value):
    with session.role("churn_application"):
        session.run("SELECT set_config(%s, %s, true)", f"churn.{name}", value)
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    assert_fresh(session, MODEL)


FORGERY = (
    "UPDATE churn.customers SET complaint_count = 77, churn_score = 0.5,"
    " churn_scored_at = now() WHERE customer_id = 3"
)


@pytest.mark.parametrize("derived", [False, True])
def test_saying_that_pgchurn_writes_does_not_let_a_score_be_overwritten(
    intruder, derived
):
    if derived:
        intruder.run(
            "ALTER TABLE churn.customers ADD COLUMN twice integer"
            " GENERATED ALWAYS AS (complaint_count * 2) STORED"
        )
    with intruder.role(INTRUDER):
        intruder.run("SET LOCAL churn.score_failed = 'recounted'")
        intruder.run(FORGERY)

    assert_fresh(intruder, MODEL)


@pytest.mark.parametrize("derived", [False, True])
def test_nor_does_it_from_a_trigger_of_ones_own(intruder, derived):
    if derived:
        intruder.run(
            "ALTER TABLE churn.customers ADD COLUMN twice integer"
            " GENERATED ALWAYS AS (complaint_count * 2) STORED"
        )
    with intruder.role(INTRUDER):
        intruder.run(f"""
            CREATE TEMPORARY TABLE lever (id integer);
            CREATE FUNCTION pg_temp.pull() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                SET LOCAL churn.score_failed = 'recounted';
                {FORGERY};
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER pull AFTER INSERT ON lever
                FOR EACH ROW EXECUTE FUNCTION pg_temp.pull();
            INSERT INTO lever VALUES (1);
            """)

    assert_fresh(intruder, MODEL)


def test_a_table_that_derives_no_more_is_scored_once(session):
    guarded = "SELECT guarded FROM churn.attachments"
    session.run(
        "ALTER TABLE churn.customers ADD COLUMN twice integer"
        " GENERATED ALWAYS AS (complaint_count * 2) STORED"
    )
    assert session.value(guarded)
    session.run("ALTER TABLE churn.customers DROP COLUMN twice")

    assert not session.value(guarded)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")
    assert_fresh(session, MODEL)


# Runs in the middle of an INSERT, whose complaint is there but not counted yet; has it
# counted anew, and wipes away whatever says so.
IN_BETWEEN = """
    CREATE FUNCTION pg_temp.in_between() RETURNS integer LANGUAGE plpgsql AS $$
    BEGIN
        {recount};
        SET LOCAL churn.score_failed = '';
        RESET ALL;
        RETURN 1;
    END
    $$
"""


@pytest.mark.parametrize(
    "recount",
    [
        "SET LOCAL churn.score_failed = 'recounted';"
        " INSERT INTO churn.complaints (customer_id) VALUES (1)",
        "SET LOCAL churn.score_failed = 'recounted';"
        " INSERT INTO churn.complaints (customer_id) VALUES (1), (3)",
        "UPDATE churn.customers SET complaint_count = -1 WHERE customer_id = 1",
        "BEGIN UPDATE churn.customers SET complaint_count = -1;"
        " EXCEPTION WHEN division_by_zero THEN NULL; END",
        "DELETE FROM churn.complaints WHERE customer_id = 2",
    ],
)
@pytest.mark.parametrize("values", ["(1)", "(1), (2), (3)"])
def test_no_complaint_is_counted_twice_by_a_statement_inside_another(
    intruder, recount, values
):
    intruder.run(f"GRANT SELECT, DELETE ON churn.complaints TO {INTRUDER}")
    with intruder.role(INTRUDER):
        intruder.run(IN_BETWEEN.format(recount=recount))
        intruder.run(
            f"INSERT INTO churn.complaints (customer_id) VALUES {values}"
            " RETURNING pg_temp.in_between()"
        )

    assert_fresh(intruder, MODEL)


def test_the_name_of_a_table_executes_nothing(session):
    session.run(f"""
        CREATE ROLE {INTRUDER};
        CREATE SCHEMA company AUTHORIZATION {INTRUDER};
        SET LOCAL ROLE {INTRUDER};
        CREATE TABLE company.clients (id integer PRIMARY KEY, usage numeric);
        CREATE TABLE company.calls (client integer, at date);
        RESET ROLE;
        SELECT churn.attach('company.clients', 'id', 'company.calls', 'client', 'at');
        """)
    with session.role(INTRUDER):
        # A backslash then escapes what ends a literal.
        session.run("SET LOCAL escape_string_warning = off")
        session.run("SET LOCAL standard_conforming_strings = off")
        for table in ("clients", "calls"):
            session.run(
                f"ALTER TABLE company.{table} RENAME TO"
                f' "{table[:2]}\\\';GRANT SELECT ON churn.models TO PUBLIC;--"'
            )
        session.run("SET LOCAL standard_conforming_strings = on")

    assert not session.value(
        "SELECT has_table_privilege('public', 'churn.models', 'SELECT')"
    )


@pytest.mark.parametrize("role", ["churn_scorer", "churn_loader", "churn_application"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT artifact FROM churn.models",
        "SELECT compiled FROM churn.models",
        "SELECT m FROM churn.models m",
        "SELECT to_jsonb(m) FROM churn.models m",
        "SELECT count(artifact) FROM churn.models",
        "SELECT version FROM churn.models WHERE length(artifact) > 0",
        "COPY churn.models TO STDOUT",
        "COPY churn.models (artifact) TO STDOUT",
        "SELECT table_to_xml('churn.models', true, false, '')",
        "SELECT query_to_xml('SELECT artifact FROM churn.models', true, false, '')",
        "SELECT * FROM ts_stat('SELECT artifact::text::tsvector FROM churn.models')",
        "CREATE TEMPORARY VIEW mine AS SELECT artifact FROM churn.models;"
        " SELECT * FROM mine",
        "SELECT chunk_data FROM {toast}",
        "SELECT stavalues1 FROM pg_statistic WHERE starelid = 'churn.models'::regclass",
        "SELECT pg_read_binary_file(pg_relation_filepath('churn.models'))",
    ],
)
def test_no_way_leads_to_the_bytes_of_a_model(session, role, statement):
    toast = session.value(
        "SELECT reltoastrelid::regclass::text FROM pg_class"
        " WHERE oid = 'churn.models'::regclass"
    )
    with session.role(role):
        assert session.refusal(statement.format(toast=toast)).sqlstate == "42501"


def test_statistics_tell_nothing_of_the_bytes_of_a_model(session):
    session.run("ANALYZE churn.models")
    with session.role("churn_scorer"):
        assert "artifact" not in session.column(
            "SELECT attname FROM pg_stats WHERE tablename = 'models'"
        )
    assert "artifact" in session.column(
        "SELECT attname FROM pg_stats WHERE tablename = 'models'"
    )


@pytest.mark.parametrize(
    "role", ["churn_application", "churn_scorer", "churn_loader", INTRUDER]
)
def test_what_no_role_may_call_is_refused_when_it_is_called(intruder, role):
    if role == INTRUDER:
        intruder.run(f"REVOKE churn_application FROM {INTRUDER}")
    calls = intruder.run(
        f"""
        SELECT p.oid, format(
            'SELECT %%s.%%I(%%s)', p.pronamespace::regnamespace, p.proname, (
                SELECT string_agg(
                    format('NULL::%%s', CASE
                        WHEN t.type = 'anyelement'::regtype THEN 'text'
                        ELSE format_type(t.type, NULL)
                    END), ', ' ORDER BY t.place
                )
                FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY t (type, place)
            )
        )
        FROM pg_proc p
        WHERE p.pronamespace = ANY ({OURS}) AND p.prokind = 'f'
          AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
          -- A strict one is null without being called.
          AND NOT p.proisstrict
          AND NOT has_function_privilege(%s, p.oid, 'EXECUTE')
        """,
        role,
    )
    assert len(calls) > 20
    with intruder.role(role):
        for _, call in calls:
            assert intruder.refusal(call).sqlstate == "42501", call


@pytest.mark.parametrize(
    "role", ["churn_application", "churn_scorer", "churn_loader", INTRUDER]
)
def test_nobody_becomes_the_owner_or_gives_the_owners_things_away(intruder, role):
    with intruder.role(role):
        for statement in (
            "ALTER FUNCTION churn.warm() RESET search_path",
            "ALTER TABLE churn.models DISABLE TRIGGER ALL",
            "DROP TRIGGER pgchurn_1_insert ON churn.complaints",
            "ALTER TABLE churn.models OWNER TO CURRENT_USER",
            "CREATE FUNCTION churn.warm(integer) RETURNS integer LANGUAGE sql"
            " AS 'SELECT 1'",
            "CREATE RULE mine AS ON INSERT TO churn.complaints DO ALSO"
            " DELETE FROM churn.models",
            "ALTER ROLE churn_owner LOGIN",
            "SET session_replication_role = replica",
            "ALTER EVENT TRIGGER churn_keep_attached_tables DISABLE",
            "ALTER DEFAULT PRIVILEGES FOR ROLE churn_owner"
            " GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
            "GRANT churn_owner TO CURRENT_USER",
            "SELECT setval('churn.models_version_seq', 1)",
            "SELECT nextval('churn.complaints_complaint_id_seq')",
        ):
            assert intruder.refusal(statement).sqlstate == "42501", statement
