"""What is appended to churn.predictions, and what it says."""

import pytest

from tests.models import (
    CUSTOMERS,
    activate,
    deploy,
    fit,
    other_model,
    populate,
    register_once,
    rescore_in_place,
)
from tests.waiting import in_background, wait_until_blocked

ONE = "INSERT INTO churn.complaints (customer_id) VALUES (1)"
SWITCH = "SELECT churn.set_prediction_log('churn.customers', %s)"
LOGGED = "SELECT key, cause FROM churn.predictions ORDER BY predicted_at, key::bigint"
CAUSES = "SELECT DISTINCT cause FROM churn.predictions"
COUNT = "SELECT count(*) FROM churn.predictions"
STORED = (
    "SELECT churn_score, churn_scored_at::text FROM churn.customers"
    " WHERE customer_id = 1"
)
# Rows of the table whose stored score is not what was logged last, and logged scores
# that their version does not give for the features logged with them.
WRONG = """
    SELECT t.{key}::text FROM {profile} t
    LEFT JOIN churn.predictions l
        ON l.attachment_id = (churn_internal.attachment_of('{profile}')).attachment_id
        AND (l.key, l.version, l.score, l.predicted_at) =
            (t.{key}::text, t.churn_model_version, t.churn_score, t.churn_scored_at)
    WHERE l.key IS NULL
    UNION ALL
    SELECT l.key FROM churn.predictions l
    WHERE l.attachment_id = (churn_internal.attachment_of('{profile}')).attachment_id
      AND (abs(churn.predict(l.version, l.features::jsonb) - l.score) <= 1e-9)
          IS NOT TRUE
"""
OLD = """
    INSERT INTO churn.predictions
    SELECT 1, i::text, 1, 0.5, '{{}}', 'batch', now() - interval '{}'
    FROM generate_series(1, {}) i
"""
PARTITIONS = """
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'churn.predictions'::regclass ORDER BY 1
"""


def wrong(session, profile="churn.customers", key="customer_id"):
    return session.column(WRONG.format(profile=profile, key=key))


@pytest.fixture
def logged(session):
    session.run(SWITCH, 1)
    return session


def test_nothing_is_logged_until_it_is_wanted_and_after_it_is_not(session):
    session.run(ONE)
    assert session.value(COUNT) == 0
    session.run(SWITCH, 1)
    session.run(ONE)
    assert session.value(COUNT) == 1
    session.run(SWITCH, 0)
    session.run(ONE)
    assert session.value(COUNT) == 1
    session.run(SWITCH, 0)
    assert (
        session.column(
            "SELECT tgname FROM pg_trigger WHERE tgname = 'pgchurn_1_log'"
            " UNION SELECT proname FROM pg_proc WHERE proname = 'log_predictions_1'"
        )
        == []
    )


@pytest.mark.parametrize(
    "statement, keys, cause",
    [
        (ONE, [1], "complaint"),
        (
            "INSERT INTO churn.complaints (customer_id) VALUES (1), (3), (1)",
            [1, 3],
            "complaint",
        ),
        ("DELETE FROM churn.complaints WHERE customer_id = 2", [2], "complaint"),
        (
            "UPDATE churn.complaints SET customer_id = 3 WHERE customer_id = 2",
            [2, 3],
            "complaint",
        ),
        (
            "UPDATE churn.customers SET age = 70 WHERE customer_id IN (4, 9)",
            [4, 9],
            "profile",
        ),
        (
            "UPDATE churn.customers SET complaint_count = 9 WHERE customer_id = 4",
            [4],
            "profile",
        ),
        ("INSERT INTO churn.customers (customer_id) VALUES (99)", [99], "profile"),
        ("SELECT churn_internal.rescore_profiles_1(NULL, NULL, 2)", [1, 2], "batch"),
        ("SELECT churn_internal.repair_profiles_1('{3,2}')", [2, 3], "batch"),
    ],
)
def test_each_stored_score_is_logged_once_with_its_cause(
    logged, statement, keys, cause
):
    # Whatever the caller says of it.
    logged.run("SET LOCAL churn.score_cause = 'forged'")

    logged.run(statement)

    assert sorted(logged.run(LOGGED)) == sorted((str(key), cause) for key in keys)


def test_a_transaction_that_does_several_things_names_each(logged):
    logged.run("SELECT churn_internal.rescore_profiles_1(NULL, NULL, 1)")
    logged.run("UPDATE churn.customers SET age = 70 WHERE customer_id = 1")
    logged.run(ONE)
    logged.run("UPDATE churn.customers SET age = 60 WHERE customer_id = 1")

    causes = [cause for _, cause in logged.run(LOGGED)]
    assert causes == ["batch", "profile", "complaint", "profile"]


def test_what_is_logged_is_what_is_stored_and_the_features_give_it_again(logged):
    rescore_in_place(logged, "churn.customers")
    logged.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    assert logged.value(COUNT) == CUSTOMERS + 2
    assert wrong(logged) == []


def test_each_score_is_logged_once_whatever_others_put_on_the_table_or_take_away(
    logged,
):
    trigger = (
        "SELECT pg_get_triggerdef(oid) LIKE '%% WHEN (true) %%' FROM pg_trigger"
        " WHERE tgname = 'pgchurn_1_log'"
    )
    assert logged.column(trigger) == []
    for change, fires in (
        ("ADD CONSTRAINT of_age CHECK (age > 0)", True),
        ("DROP CONSTRAINT of_age", False),
        ("ADD CONSTRAINT of_age CHECK (age > 0)", True),
    ):
        logged.run(f"ALTER TABLE churn.customers {change}")
        assert logged.column(trigger) == [fires]
        logged.run("TRUNCATE churn.predictions")
        logged.run(ONE)
        logged.run("INSERT INTO churn.complaints (customer_id) VALUES (2), (3), (2)")
        logged.run("UPDATE churn.customers SET age = age + 1 WHERE customer_id = 4")
        logged.run("SELECT churn_internal.rescore_profiles_1(NULL, NULL, 1000)")
        counts = "SELECT cause, count(*) FROM churn.predictions GROUP BY 1 ORDER BY 1"
        assert logged.run(counts) == [
            ("batch", CUSTOMERS),
            ("complaint", 3),
            ("profile", 1),
        ]
        assert wrong(logged) == []


@pytest.mark.parametrize(
    "statement",
    [
        ONE,
        "INSERT INTO churn.complaints (customer_id) VALUES (1), (3)",
        "UPDATE churn.customers SET age = 70 WHERE customer_id = 1",
        "SELECT churn_internal.rescore_profiles_1(NULL, NULL, 2)",
    ],
)
def test_every_digit_is_logged_however_the_session_prints_its_floats(logged, statement):
    logged.run(
        "UPDATE churn.customers SET data_usage_gb = 1.0 / 3 WHERE customer_id = 1"
    )
    logged.run("SET LOCAL extra_float_digits = -15")

    logged.run(statement)

    logged.run("SET LOCAL extra_float_digits = 1")
    assert logged.value(
        "SELECT features ->> 'data_usage_gb' FROM churn.predictions WHERE key = '1'"
        " ORDER BY predicted_at DESC LIMIT 1"
    ) == repr(1 / 3)


def test_what_a_version_reads_is_logged_before_it_is_active(logged):
    register_once(logged, fit({"tenure_months": "number", "age": "number"}))
    logged.run("UPDATE churn.customers SET tenure_months = 5 WHERE customer_id = 1")

    logged.run(ONE)

    assert logged.row(
        "SELECT features ->> 'tenure_months',"
        " abs(churn.predict(version, features::jsonb) - score) <= 1e-9"
        " FROM churn.predictions WHERE key = '1' ORDER BY predicted_at DESC LIMIT 1"
    ) == ("5", True)


def test_the_log_is_switched_on_once_nobody_writes_who_has_not_seen_it(
    first, second, module_database
):
    first.run(ONE)

    with in_background(lambda: second.run(SWITCH, 1)) as switched:
        wait_until_blocked(module_database, second, by=first)
        first.commit()
        switched.result(timeout=20)
    second.commit()
    first.run(ONE)

    assert first.run(LOGGED) == [("1", "complaint")]
    first.rollback()
    first.run(SWITCH, 0)
    first.commit()


def test_a_share_of_the_scores_is_logged_of_rows_that_are_all_rescored(session):
    session.run(SWITCH, 0.1)
    session.run("SELECT setseed(0.5)")

    done = session.value(
        "SELECT rows_done FROM churn_internal.rescore_profiles_1(NULL, NULL, 1000)"
    )

    assert done == CUSTOMERS
    assert (
        session.value(
            "SELECT count(*) FROM churn.customers WHERE churn_scored_at >= now()"
        )
        == CUSTOMERS
    )
    assert session.value(COUNT) < CUSTOMERS


def test_a_transaction_that_is_rolled_back_logs_nothing(logged):
    logged.run("SAVEPOINT before")
    logged.run(ONE)
    assert logged.value(COUNT) == 1
    logged.run("ROLLBACK TO before")

    assert logged.value(COUNT) == 0


def test_a_score_that_is_kept_is_not_logged_again(logged):
    logged.run(
        "UPDATE churn.customers SET data_usage_gb = 'infinity' WHERE customer_id = 2"
    )
    logged.run("INSERT INTO churn.complaints (customer_id) VALUES (2)")
    assert logged.value(COUNT) == 0

    logged.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2), (3)")

    assert logged.run(LOGGED) == [("1", "complaint"), ("3", "complaint")]


def test_a_clock_that_was_ahead_once_hides_no_score(logged):
    logged.run("SET LOCAL session_replication_role = replica")
    logged.run(
        "UPDATE churn.customers SET churn_scored_at = now() + interval '1 day'"
        " WHERE customer_id IN (2, 3)"
    )
    logged.run("SET LOCAL session_replication_role = origin")
    logged.run(
        "UPDATE churn.customers SET data_usage_gb = 'infinity' WHERE customer_id = 2"
    )

    logged.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2), (3)")

    assert logged.run(LOGGED) == [("1", "complaint"), ("3", "complaint")]


def test_a_share_of_the_scores_is_logged_at_random(session):
    session.run(SWITCH, 0.1)
    session.run("SELECT setseed(0.5)")
    for _ in range(10):
        rescore_in_place(session, "churn.customers")

    # The seed makes it the same at every run.
    assert 20 <= session.value(COUNT) <= 60
    assert len(set(session.column("SELECT key FROM churn.predictions"))) > 10


@pytest.mark.parametrize("rate", [-0.1, 1.01, "NaN", "Infinity", None])
def test_a_rate_that_is_no_share_is_refused(session, rate):
    refusal = session.refusal(SWITCH, rate)

    assert refusal.sqlstate == "22023"
    assert refusal.message.startswith("rate must be from 0 to 1, not")
    assert "Pass 1 to log every score" in refusal.hint


def test_only_a_superuser_switches_it(session):
    session.run("GRANT EXECUTE ON FUNCTION churn.set_prediction_log TO churn_loader")
    with session.role("churn_loader"):
        assert session.refusal(SWITCH, 1).sqlstate == "42501"


def test_who_reads_scores_reads_the_log_and_nobody_writes_it(logged):
    logged.run(ONE)
    for role in ("churn_scorer", "churn_loader"):
        with logged.role(role):
            assert logged.value(COUNT) == 1
            for write in ("DELETE FROM", "UPDATE", "TRUNCATE", "INSERT INTO"):
                rest = {"UPDATE": " SET score = 0", "INSERT INTO": " DEFAULT VALUES"}
                statement = f"{write} churn.predictions{rest.get(write, '')}"
                assert logged.refusal(statement).sqlstate == "42501"
    with logged.role("churn_application"):
        logged.run(ONE)
        assert logged.refusal(COUNT).sqlstate == "42501"


def test_the_features_of_a_version_are_logged_once_it_is_active(logged):
    version = deploy(logged, fit({"tenure_months": "number", "age": "number"}))

    logged.run("UPDATE churn.customers SET tenure_months = 5 WHERE customer_id = 1")

    assert wrong(logged) == []
    assert logged.row(
        "SELECT version, features ->> 'tenure_months' FROM churn.predictions"
        " ORDER BY predicted_at DESC LIMIT 1"
    ) == (version, "5")
    assert logged.value("SELECT churn.rollback_model('churn.customers')") < version
    rescore_in_place(logged, "churn.customers")
    assert wrong(logged) == []


def test_logging_goes_on_when_the_table_is_altered(logged):
    logged.run("ALTER TABLE churn.customers DROP COLUMN region")
    logged.run("ALTER TABLE churn.customers ALTER COLUMN age TYPE numeric")
    logged.run('ALTER TABLE churn.customers ADD COLUMN "$function$ @id@" integer')

    rescore_in_place(logged, "churn.customers")

    assert wrong(logged) == []


def test_a_detached_table_keeps_its_log_and_is_attached_again_without(logged):
    logged.run(ONE)
    logged.run("SELECT churn.detach('churn.customers')")
    assert logged.value(COUNT) == 1
    assert logged.value("SELECT to_regproc('churn_internal.log_predictions_1')") is None

    logged.run(
        "SELECT churn.attach('churn.customers', 'customer_id', 'churn.complaints',"
        " 'customer_id', 'complained_at')"
    )

    logged.run(ONE)
    assert logged.value(COUNT) == 1
    logged.run(SWITCH, 1)
    logged.run(ONE)
    assert logged.value(COUNT) == 2


CLIENTS = '"my company"."Clients"'
KINDS = {
    "@us'age": "number",
    "ratio": "number",
    "code": "text",
    "twice": "number",
    "complaint_count": "number",
}


@pytest.mark.parametrize("partitions", [False, True])
def test_any_table_is_logged_as_its_model_sees_it(session, partitions):
    session.run(f"""
        CREATE SCHEMA "my company";
        CREATE TABLE {CLIENTS} (
            "Id" text PRIMARY KEY, "@us'age" real, ratio numeric, code char(5),
            twice integer GENERATED ALWAYS AS (length("Id") * 2) STORED
        ) {'PARTITION BY HASH ("Id")' if partitions else ""};
        CREATE TABLE "my company".calls (client text);
        """)
    if partitions:
        session.run(f"""
            CREATE TABLE "my company".a PARTITION OF {CLIENTS}
                FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE "my company".b PARTITION OF {CLIENTS}
                FOR VALUES WITH (MODULUS 2, REMAINDER 1);
            """)
    session.run(f"""
        INSERT INTO {CLIENTS}
        SELECT 'client ' || i, i * 0.1, i / 3.0, (ARRAY['a', 'b', NULL])[1 + i % 3]
        FROM generate_series(1, 9) i;
        SELECT churn.attach('{CLIENTS}', 'Id', '"my company".calls', 'client');
        SELECT churn.set_prediction_log('{CLIENTS}', 1);
        """)
    deploy(session, fit(KINDS), CLIENTS, "Id")
    for client in ("client 1", "client 2"):
        session.run('INSERT INTO "my company".calls VALUES (%s)', client)

    assert wrong(session, CLIENTS, '"Id"') == []
    assert session.value(COUNT) == 11
    rows = session.run("SELECT * FROM churn.why_changed(%s, %s)", CLIENTS, "client 2")
    change = rows[0][3]
    assert rows[4:] == [("complaint_count", "0", "1", pytest.approx(change, abs=1e-12))]


def test_more_features_than_a_function_takes_arguments_are_logged(logged):
    names = [f"n{number}" for number in range(60)]
    columns = ", ".join(f"ADD COLUMN {name} integer DEFAULT 1" for name in names)
    logged.run(f"ALTER TABLE churn.customers {columns}")
    deploy(logged, fit(dict.fromkeys([*names, "complaint_count"], "number")))

    logged.run(ONE)

    (score, again, features) = logged.row(
        "SELECT l.score, churn.predict(l.version, l.features::jsonb), l.features"
        " FROM churn.predictions l ORDER BY l.predicted_at DESC LIMIT 1"
    )
    assert features.keys() >= {*names, "complaint_count"}
    assert score == pytest.approx(again, abs=1e-9)


def test_scores_of_the_queue_are_logged_once_a_worker_stores_them(logged):
    logged.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    logged.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3), (1)")
    logged.run(ONE)
    assert logged.value(COUNT) == 0

    logged.run("SELECT churn.work()")
    logged.run(ONE)

    assert logged.run("SELECT key, cause FROM churn.predictions ORDER BY key") == [
        ("1", "queue"),
        ("3", "queue"),
    ]


def test_the_last_score_of_a_row_that_derives_features_is_logged_with_these(logged):
    logged.run(
        "ALTER TABLE churn.customers ADD COLUMN twice integer"
        " GENERATED ALWAYS AS (complaint_count * 2) STORED"
    )
    deploy(logged, fit({"twice": "number", "complaint_count": "number"}))

    logged.run("TRUNCATE churn.predictions")

    logged.run(ONE)

    # Written twice: the first score was of the column as it was before.
    scores = logged.run(
        "SELECT l.score, churn.predict(l.version, l.features::jsonb), l.cause"
        " FROM churn.predictions l ORDER BY l.predicted_at"
    )
    assert [cause for _, _, cause in scores] == ["complaint", "complaint"]
    assert scores[0][0] != scores[1][0] == pytest.approx(scores[1][1], abs=1e-9)


def test_why_changed_shows_the_last_two_scores_and_the_features_that_differ(logged):
    version = logged.value("SELECT max(version) FROM churn.models")
    logged.run("UPDATE churn.customers SET region = 'far' WHERE customer_id = 1")
    logged.run("UPDATE churn.customers SET age = 33 WHERE customer_id = 1")
    logged.run("UPDATE churn.customers SET age = NULL WHERE customer_id = 1")
    former = logged.row(STORED)
    other = register_once(logged, other_model())
    activate(logged, other)
    logged.run(ONE)
    current = logged.row(STORED)

    with logged.role("churn_scorer"):
        rows = logged.run("SELECT * FROM churn.why_changed('churn.customers', '1')")

    assert [row[:3] for row in rows[:4]] == [
        ("score", repr(former[0]), repr(current[0])),
        ("version", str(version), str(other)),
        ("cause", "profile", "complaint"),
        ("predicted_at", former[1], current[1]),
    ]
    assert sorted(row[:3] for row in rows[4:]) == [
        ("another model", str(version), str(other)),
        ("complaint_count", "0", "1"),
    ]
    logged.run("UPDATE churn.customers SET age = 50 WHERE customer_id = 1")
    rows = logged.run("SELECT * FROM churn.why_changed('churn.customers', '1')")
    assert [row[:3] for row in rows[4:]] == [("age", None, "50")]


def test_why_changed_asks_for_two_scores(session):
    why = "SELECT * FROM churn.why_changed('churn.customers', '1')"
    refusal = session.refusal(why)
    assert refusal.sqlstate == "P0002"
    assert refusal.message == "fewer than two scores of customer 1 are logged"
    assert refusal.detail == "There is none."
    assert "churn.set_prediction_log('churn.customers', 1)" in refusal.hint

    session.run(SWITCH, 1)
    session.run(ONE)

    refusal = session.refusal(why)
    assert refusal.detail.startswith("There is one, of 20")
    assert "ask after the next one" in refusal.hint
    assert session.refusal(why.replace("'1'", "NULL")).message == (
        "fewer than two scores of customer null are logged"
    )


def test_partitions_are_dropped_when_all_of_them_is_older(logged):
    logged.run(ONE)
    logged.run(OLD.format("100 days", 3) + ";" + OLD.format("200 days", 4))
    before = logged.column(PARTITIONS)

    assert logged.row("SELECT * FROM churn.expire_predictions('150 days')") == (1, 4)
    assert logged.row("SELECT * FROM churn.expire_predictions('150 days')") == (0, 0)
    assert logged.value(COUNT) == 4
    logged.run(OLD.format("300 days", 2))
    assert logged.row("SELECT * FROM churn.expire_predictions('60 days')") == (2, 5)
    assert logged.value(COUNT) == 1
    assert logged.column(PARTITIONS) == before


@pytest.mark.parametrize("older_than", ["0", "-1 day", None])
def test_an_age_that_is_none_is_refused(session, older_than):
    refusal = session.refusal(
        "SELECT churn.expire_predictions(%s::interval)", older_than
    )

    assert refusal.sqlstate == "22023"
    assert refusal.message.startswith("older_than must be more than nothing, not")


def test_what_has_no_partition_is_caught_and_moved_when_it_has_one(logged):
    coming = logged.column(PARTITIONS)
    assert len(coming) == 5
    for partition in coming[:-1]:
        logged.run(f"DROP TABLE churn_internal.{partition}")
    logged.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")
    assert logged.value("SELECT count(*) FROM churn_internal.predictions_default") == 2

    assert logged.row("SELECT * FROM churn.expire_predictions('1 day')") == (0, 0)

    assert logged.column(PARTITIONS) == coming
    assert logged.value("SELECT count(*) FROM churn_internal.predictions_default") == 0
    assert logged.run(LOGGED) == [("1", "complaint"), ("3", "complaint")]


def test_retention_waits_for_a_writer_and_holds_up_none(first, second, module_database):
    third = module_database.session()
    first.run(SWITCH, 1)
    first.run(OLD.format("100 days", 5))
    first.commit()
    first.run(ONE)

    with in_background(
        lambda: second.row("SELECT * FROM churn.expire_predictions('60 days')")
    ) as expired:
        wait_until_blocked(module_database, second, by=first)
        third.run("INSERT INTO churn.complaints (customer_id) VALUES (2), (3)")
        third.commit()
        first.commit()
        assert expired.result(timeout=20) == (1, 5)
    second.commit()

    keys = [key for key, _ in first.run(LOGGED)]
    assert sorted(keys) == ["1", "2", "3"]
    first.run(SWITCH, 0)
    first.run("TRUNCATE churn.predictions")
    first.commit()


@pytest.mark.slow(reason="waits until it gives up")
def test_retention_gives_up_on_a_transaction_that_does_not_end(
    first, second, module_database
):
    first.run(OLD.format("100 days", 1))
    second.run(OLD.format("300 days", 1))
    second.commit()

    refusal = second.refusal("SELECT churn.expire_predictions('60 days')")

    assert refusal.sqlstate == "55P03"
    assert refusal.message == "churn.predictions is in use"
    assert "again" in refusal.hint
    second.rollback()
    first.rollback()
    second.run("TRUNCATE churn.predictions")
    second.commit()


def test_two_calls_of_retention_follow_each_other(first, second, module_database):
    first.run(OLD.format("100 days", 2))
    first.commit()
    expire = "SELECT * FROM churn.expire_predictions('60 days')"
    assert first.row(expire) == (1, 2)

    with in_background(lambda: second.row(expire)) as later:
        wait_until_blocked(module_database, second, by=first)
        first.commit()
        assert later.result(timeout=20) == (0, 0)
    second.commit()


def test_a_dump_carries_the_log_and_logging_goes_on_where_it_is_restored(
    trained_database, server, tmp_path
):
    session = trained_database.session()
    session.run(SWITCH, 1)
    session.run(ONE)
    session.commit()
    whole = "SELECT key, version, score, features::text, cause, predicted_at"
    whole = f"{whole} FROM churn.predictions ORDER BY predicted_at"
    before = session.run(whole)
    dump = tmp_path / "dump"
    trained_database.program("pg_dump", "--format=custom", "--file", dump)
    with server.database("restored_log") as target:
        target.program("pg_restore", "--exit-on-error", dump)
        restored = target.session()
        assert restored.run(whole) == before
        restored.run("INSERT INTO churn.complaints (customer_id) VALUES (3)")
        restored.run("ALTER TABLE churn.customers ADD COLUMN extra integer")
        restored.run(ONE)
        assert [key for key, _ in restored.run(LOGGED)] == ["1", "3", "1"]
        assert restored.run("SELECT * FROM churn.why_changed('churn.customers', '1')")
        restored.run(SWITCH, 0)


def test_data_alone_is_loaded_where_its_partitions_are_missing(
    trained_database, server, migrated, tmp_path
):
    session = trained_database.session()
    session.run(SWITCH, 1)
    session.run(ONE)
    session.commit()
    dump = tmp_path / "data"
    trained_database.program(
        *("pg_dump", "--data-only", "--load-via-partition-root", "--file", dump),
        *("--table=churn.predictions", "--table=churn_internal.predictions*"),
    )
    with server.database("data_only_log", migrated.template_dbname) as target:
        target.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", dump)
        loaded = target.session()
        assert (
            loaded.value("SELECT count(*) FROM churn_internal.predictions_default") == 1
        )
        assert loaded.row("SELECT * FROM churn.expire_predictions('1 day')") == (0, 0)
        assert (
            loaded.value("SELECT count(*) FROM churn_internal.predictions_default") == 0
        )
        assert loaded.run(LOGGED) == session.run(LOGGED)


def test_a_downgrade_takes_the_log_with_it_and_an_upgrade_begins_another(
    trained_database,
):
    session = trained_database.session()
    session.run(SWITCH, 1)
    session.run(ONE)
    session.commit()
    session.close()

    trained_database.alembic("downgrade", "base")
    session = trained_database.session()
    assert session.value("SELECT to_regnamespace('churn_internal')") is None
    session.close()

    trained_database.alembic("upgrade", "head")
    session = trained_database.session()
    assert session.value(COUNT) == 0
    populate(session)
    session.run(SWITCH, 1)
    session.run(ONE)
    assert session.value(COUNT) == 1
