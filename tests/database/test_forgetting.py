"""Taking a customer out of everything but the company's own tables."""

import pytest

from tests.models import (
    activate,
    assert_fresh,
    default_model,
    deploy,
    divergences,
    fit,
    other_model,
    register_once,
)
from tests.waiting import in_background, wait_until_blocked

MODEL = default_model()
FORGET = "SELECT relation::text, rows FROM churn.forget(%s::regclass, %s)"
BEGIN_RUN = "SELECT churn_internal.begin_rescoring('churn.customers')"
CUSTOMERS = "churn.customers"
ALL = ("churn.predictions", "churn.outbox")
# Every text column of what is not the company's, and so every place for a key.
TEXTS = """
    SELECT c.oid::regclass::text, a.attname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relnamespace IN ('churn'::regnamespace, 'churn_internal'::regnamespace)
      AND c.oid NOT IN ('churn.customers'::regclass, 'churn.complaints'::regclass)
      AND a.atttypid IN ('text'::regtype, 'json'::regtype, 'jsonb'::regtype)
"""


def traces(session, key):
    """Return where a text stands by itself, in any table that is not the company's."""
    return {
        f"{table}.{column}"
        for table, column in session.run(TEXTS)
        if session.value(
            f"SELECT EXISTS (SELECT FROM {table} WHERE {column}::text = %s)", key
        )
    }


def follow(session, table=CUSTOMERS):
    """Have every score logged and put into the outbox."""
    session.run("SELECT churn.set_prediction_log(%s::regclass, 1)", table)
    session.run("SELECT churn.set_outbox(%s::regclass, 'every')", table)


def learn(session, *keys):
    """Record of customers that they were called and left all the same."""
    for key in keys:
        session.run("SELECT churn.record_outcome('churn.customers', %s, true)", key)
        session.run("SELECT churn.record_action('churn.customers', %s, 'call')", key)


def complain(session, *keys):
    for key in keys:
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (%s)", key)


@pytest.fixture
def followed(session):
    follow(session)
    complain(session, 1, 1, 3)
    return session


def test_nothing_of_a_customer_is_left(followed):
    before = dict(followed.run(FORGET, CUSTOMERS, "3"))
    assert before == {"churn.predictions": 1, "churn.outbox": 1}

    assert followed.run(FORGET, CUSTOMERS, "1") == [
        ("churn.predictions", 2),
        ("churn.outbox", 2),
    ]

    assert traces(followed, "1") == set()
    assert followed.run(FORGET, CUSTOMERS, "1") == []


def test_nobody_else_is_forgotten(followed):
    rows = "SELECT count(*) FROM {} WHERE key <> '1'"
    before = [followed.value(rows.format(relation)) for relation in ALL]
    company = followed.run("SELECT * FROM churn.customers ORDER BY customer_id")
    complaints = followed.run("SELECT * FROM churn.complaints ORDER BY complaint_id")

    followed.run(FORGET, CUSTOMERS, "1")

    assert [followed.value(rows.format(relation)) for relation in ALL] == before
    assert company == followed.run("SELECT * FROM churn.customers ORDER BY customer_id")
    assert complaints == followed.run(
        "SELECT * FROM churn.complaints ORDER BY complaint_id"
    )


def test_the_same_key_of_another_table_is_another_customer(followed):
    followed.run("""
        CREATE SCHEMA company;
        CREATE TABLE company.clients (id bigint PRIMARY KEY, usage numeric);
        CREATE TABLE company.calls (client bigint);
        INSERT INTO company.clients VALUES (1, 1);
        SELECT churn.attach('company.clients', 'id', 'company.calls', 'client');
        """)
    follow(followed, "company.clients")
    deploy(followed, fit({"usage": "number"}), "company.clients", "id")

    followed.run(FORGET, CUSTOMERS, "1")

    assert dict(followed.run(FORGET, "company.clients", "1")) == {
        "churn.predictions": 1,
        "churn.outbox": 1,
    }


def test_what_became_of_a_customer_is_forgotten(session):
    learn(session, "1", "2")

    assert session.run(FORGET, CUSTOMERS, "1") == [
        ("churn.outcomes", 1),
        ("churn.actions", 1),
    ]

    assert traces(session, "1") == set()
    assert session.column("SELECT key FROM churn.outcomes") == ["2"]
    assert session.column("SELECT key FROM churn.actions") == ["2"]


def test_a_customer_who_got_another_key_is_forgotten_under_that(followed):
    learn(followed, "1")
    followed.run("UPDATE churn.customers SET customer_id = 801 WHERE customer_id = 1")
    followed.run("DELETE FROM churn.outbox WHERE key = '1'")

    forgotten = dict(followed.run(FORGET, CUSTOMERS, "801"))

    # Scored twice more, when the profile changed and when its complaints followed.
    assert forgotten == {
        "churn.predictions": 4,
        "churn.outbox": 2,
        "churn.outcomes": 1,
        "churn.actions": 1,
    }
    assert traces(followed, "1") == set()


def test_every_partition_of_the_log_is_searched(session):
    follow(session)
    session.run(
        "INSERT INTO churn.predictions SELECT 1, '1', 1, 0.5, '{}', 'batch',"
        " now() + i * interval '1 month' FROM generate_series(-2, 2) i"
    )

    assert session.run(FORGET, CUSTOMERS, "1") == [("churn.predictions", 5)]
    assert session.value("SELECT count(*) FROM churn.predictions") == 0


def test_a_customer_in_the_queue_is_forgotten(session):
    session.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    session.run("INSERT INTO churn.customers (customer_id) VALUES (900)")
    complain(session, 1, 3, 900)

    assert session.run(FORGET, CUSTOMERS, "1") == [
        ("churn_internal.pending_profiles", 1)
    ]
    assert session.run(FORGET, CUSTOMERS, "900") == [
        ("churn_internal.failed_profiles", 1)
    ]

    assert session.value("SELECT waiting FROM churn.queue") == 1


def test_a_customer_who_stays_is_scored_before_the_queue_forgets_them(session):
    session.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    complain(session, 1)

    session.run(FORGET, CUSTOMERS, "1")

    wrong = "SELECT * FROM churn.verify('churn.customers') WHERE key = '1'"
    assert session.run(wrong) == []
    complain(session, 1)
    assert session.value("SELECT waiting FROM churn.queue") == 1


def test_a_failure_is_forgotten(session):
    session.run(
        "INSERT INTO churn_internal.failed_profiles"
        " (attachment_id, key, sqlstate, reason, failures, last_failed_at)"
        " VALUES (1, '1', '22023', 'age of customer 1 is odd', 1, now())"
    )

    assert session.run(FORGET, CUSTOMERS, "1") == [
        ("churn_internal.failed_profiles", 1)
    ]


def test_an_unfinished_run_that_a_customer_bounds_begins_anew(session):
    run = session.value(BEGIN_RUN)
    session.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)
    bound = session.value("SELECT after_key FROM churn_internal.rescore_ranges")

    assert session.run(FORGET, CUSTOMERS, bound) == [
        ("churn_internal.rescore_ranges", 1)
    ]

    assert traces(session, bound) == set()
    assert session.row(
        "SELECT * FROM churn_internal.rescore_batch(%s, 10, NULL)", run
    ) == (None, "abandoned")
    assert session.value(BEGIN_RUN) > run


def test_an_unfinished_run_goes_on_when_somebody_else_is_forgotten(session):
    run = session.value(BEGIN_RUN)
    session.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)

    session.run(FORGET, CUSTOMERS, "40")

    assert session.value(BEGIN_RUN) == run


def test_a_customer_whose_row_is_gone_is_forgotten(followed):
    followed.run("DELETE FROM churn.complaints WHERE customer_id = 1")
    followed.run("DELETE FROM churn.customers WHERE customer_id = 1")

    assert dict(followed.run(FORGET, CUSTOMERS, "1")).keys() == set(ALL)

    assert traces(followed, "1") == set()


def test_whoever_is_not_forgotten_for_good_comes_back_with_the_next_score(followed):
    followed.run(FORGET, CUSTOMERS, "1")

    complain(followed, 1)

    assert traces(followed, "1") == {f"{relation}.key" for relation in ALL}
    assert divergences(followed) == []


def test_somebody_unknown_leaves_everything_as_it_is(followed):
    assert followed.run(FORGET, CUSTOMERS, "123456789") == []


@pytest.mark.parametrize("key", ["0001", " 1 ", "+1"])
def test_a_number_may_be_spelled_in_any_way(followed, key):
    assert dict(followed.run(FORGET, CUSTOMERS, key)) == {
        "churn.predictions": 2,
        "churn.outbox": 2,
    }


@pytest.mark.parametrize(
    "profile, key, sqlstate, message",
    [
        (CUSTOMERS, "somebody", "22P02", "invalid input syntax for type bigint"),
        (CUSTOMERS, None, "22023", "key is null"),
        (None, "1", "22023", "table null was never attached"),
        ("churn.models", "1", "22023", "table churn.models was never attached"),
        ("0", "1", "22023", "table - was never attached"),
    ],
)
def test_what_cannot_be_meant_is_refused(session, profile, key, sqlstate, message):
    refused = session.refusal(FORGET, profile, key)

    assert refused.sqlstate == sqlstate
    assert refused.message.startswith(message)


# Keys of other types. Each is stored as one text and asked for by others.
KEYS = {
    "uuid": ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
             ["{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}"]),
    "date": ("date", "2025-02-03", ["2025-02-03", "3 February 2025", "20250203"]),
    "numeric": ("numeric", "1.50", ["1.5", "1.500", "15e-1"]),
    "char": ("character(6)", "ab", ["ab", "ab    "]),
    "varchar": ("varchar(6)", "it's %", ["it's %"]),
    "text": ('text COLLATE "C"', "Ärger", ["Ärger"]),
    "timestamp": ("timestamptz", "2025-02-03 12:00:00+00", ["2025-02-03 13:00:00+01"]),
    "enum": ("company.level", "high", ["high"]),
    "case": ('text COLLATE company.same_in_any_case', "Ann@example.org",
             ["ANN@example.org", "Ann@example.org"]),
    "citext": ("ext.citext", "Ann@example.org", ["ANN@EXAMPLE.ORG"]),
    "domain": ("company.address", "Ann@example.org", ["ANN@EXAMPLE.ORG"]),
}  # fmt: skip
COMPANY = """
    CREATE SCHEMA company;
    CREATE SCHEMA ext;
    GRANT USAGE ON SCHEMA ext TO churn_owner;
    CREATE EXTENSION citext SCHEMA ext;
    CREATE TYPE company.level AS ENUM ('low', 'high');
    CREATE DOMAIN company.address AS ext.citext CHECK (VALUE::text ~ '@');
    CREATE COLLATION company.same_in_any_case
        (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
"""


def attach_keyed(session, key_type, key):
    """Attach tables whose key is of a type, and have the one customer scored."""
    session.run(COMPANY)
    session.run(
        f"""
        CREATE TABLE company."the ""clients'" ("the key's" {key_type} PRIMARY KEY,
                                               usage numeric);
        CREATE TABLE company.calls (client {key_type});
        INSERT INTO company."the ""clients'" VALUES (%s, 1);
        SELECT churn.attach('company."the ""clients''"', 'the key''s',
                            'company.calls', 'client');
        """,
        key,
    )
    table = """company."the ""clients'\""""
    version = register_once(
        session, fit({"usage": "number"}), table, "the key's", replay={}
    )
    follow(session, table)
    activate(session, version)
    session.run(f"UPDATE {table} SET churn_score = -1")
    return table


@pytest.mark.parametrize(
    "key_type, stored, asked_for",
    [
        pytest.param(key_type, stored, asked_for, id=f"{name} {number}")
        for name, (key_type, stored, asked) in KEYS.items()
        for number, asked_for in enumerate(asked)
    ],
)
def test_a_key_of_any_type_may_be_spelled_in_any_way(
    session, key_type, stored, asked_for
):
    table = attach_keyed(session, key_type, stored)
    log = "SELECT key FROM churn.predictions"
    (logged,) = session.column(log)

    assert dict(session.run(FORGET, table, asked_for)) == {
        "churn.predictions": 1,
        "churn.outbox": 1,
    }

    assert traces(session, logged) == set()


@pytest.mark.parametrize("stored_as", ["SQL, DMY", "German", "Postgres, MDY", "ISO"])
@pytest.mark.parametrize(
    "style, asked_for", [("ISO, DMY", "3/2/2025"), ("SQL, MDY", "2/3/2025")]
)
def test_a_date_is_found_whoever_stored_it(session, stored_as, style, asked_for):
    session.run(f"SET LOCAL datestyle = '{stored_as}'")
    table = attach_keyed(session, "date", "2025-02-03")
    session.run(f"SET LOCAL datestyle = '{style}'")

    assert dict(session.run(FORGET, table, asked_for)) == {
        "churn.predictions": 1,
        "churn.outbox": 1,
    }
    assert session.value("SHOW datestyle") == style


def test_whether_two_texts_are_one_key_is_up_to_its_type(session):
    table = attach_keyed(session, "text", "ann@example.org")

    assert session.run(FORGET, table, "Ann@example.org") == []


# Tables that are attached no more.


def test_a_customer_of_a_detached_table_is_forgotten(followed):
    followed.run("DROP FUNCTION churn.score_customer")
    followed.run("SELECT churn.detach('churn.customers')")

    assert dict(followed.run(FORGET, CUSTOMERS, "01")) == {
        "churn.predictions": 2,
        "churn.outbox": 2,
    }


def test_so_is_one_whose_table_has_another_key_now(followed):
    followed.run("DROP FUNCTION churn.score_customer")
    followed.run("SELECT churn.detach('churn.customers')")
    followed.run("ALTER TABLE churn.customers RENAME customer_id TO number")

    assert dict(followed.run(FORGET, CUSTOMERS, "1")).keys() == set(ALL)


def test_so_is_one_whose_table_was_dropped(followed):
    followed.run("DROP FUNCTION churn.score_customer")
    followed.run("SELECT churn.detach('churn.customers')")
    followed.run("DROP TABLE churn.complaints, churn.customers")
    followed.run("CREATE TABLE churn.customers (customer_id bigint PRIMARY KEY)")

    assert followed.refusal(FORGET, CUSTOMERS, "1").message == (
        "table churn.customers was never attached"
    )
    assert dict(
        followed.run(
            "SELECT f.relation::text, f.rows FROM churn.attachments a"
            " CROSS JOIN churn.forget(a.profile, '1') f"
            " WHERE a.profile_name = 'churn.customers'"
        )
    ) == {"churn.predictions": 2, "churn.outbox": 2}


# Who may, and what they may not be tricked into.


@pytest.mark.parametrize("role", ["loader", "scorer", "application"])
def test_nobody_forgets_unless_a_dba_lets_them(followed, role):
    with followed.role(f"churn_{role}"):
        assert followed.refusal(FORGET, CUSTOMERS, "1").sqlstate == "42501"


def test_a_role_that_a_dba_lets_needs_no_other_right(followed):
    followed.run(
        "CREATE ROLE pgchurn_test_officer;"
        "GRANT USAGE ON SCHEMA churn TO pgchurn_test_officer;"
        "GRANT EXECUTE ON FUNCTION churn.forget TO pgchurn_test_officer"
    )

    with followed.role("pgchurn_test_officer"):
        assert dict(followed.run(FORGET, CUSTOMERS, "1")).keys() == set(ALL)


def test_temporary_tables_and_functions_in_front_mislead_nobody(followed):
    followed.run(
        "CREATE TEMPORARY TABLE predictions (key text);"
        "CREATE TEMPORARY TABLE pg_class (oid oid);"
        "CREATE TEMPORARY TABLE attachments (profile regclass);"
        "CREATE SCHEMA shadows;"
        "CREATE FUNCTION shadows.format(text, VARIADIC text[]) RETURNS text"
        " LANGUAGE sql AS $$ SELECT 'SELECT 1' $$;"
        "SET LOCAL search_path = pg_temp, shadows, pg_catalog"
    )

    assert dict(followed.run(FORGET, CUSTOMERS, "1")) == {
        "churn.predictions": 2,
        "churn.outbox": 2,
    }


def test_a_key_is_no_sql(session):
    table = attach_keyed(session, "text", "'); DROP TABLE churn.outbox; --")

    assert session.run(FORGET, table, "' OR true; --") == []
    assert dict(session.run(FORGET, table, "'); DROP TABLE churn.outbox; --")) == {
        "churn.predictions": 1,
        "churn.outbox": 1,
    }


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_nobody_is_forgotten_by_what_an_old_snapshot_shows(first, level):
    first.run(f"SET TRANSACTION ISOLATION LEVEL {level}")

    refused = first.refusal(FORGET, CUSTOMERS, "1")

    assert refused.sqlstate == "25001"
    assert refused.hint == "Use READ COMMITTED."


# Two sessions.


def test_a_score_that_is_being_stored_is_waited_for(first, second, module_database):
    follow(first)
    first.commit()
    complain(first, 1)

    with in_background(lambda: second.run(FORGET, CUSTOMERS, "1")) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        assert dict(done.result(timeout=20)) == {
            "churn.predictions": 1,
            "churn.outbox": 1,
        }
    second.commit()

    assert traces(first, "1") == set()


def test_others_are_not_waited_for(first, second):
    follow(first)
    complain(first, 3)
    first.commit()
    complain(first, 5, 7)

    second.run("SET LOCAL lock_timeout = '2s'")
    assert dict(second.run(FORGET, CUSTOMERS, "3")).keys() == set(ALL)

    second.commit()
    first.rollback()


def test_a_complaint_meanwhile_waits_and_is_logged_after(
    first, second, module_database
):
    follow(first)
    complain(first, 1)
    first.commit()
    first.run(FORGET, CUSTOMERS, "1")

    with in_background(lambda: complain(second, 1)) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        done.result(timeout=20)
    second.commit()

    assert first.value("SELECT count(*) FROM churn.predictions WHERE key = '1'") == 1
    assert_fresh(first, MODEL)


def test_a_worker_at_the_queue_is_no_deadlock(first, second, module_database):
    first.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    complain(first, 1, 3)
    first.commit()
    first.run("SELECT * FROM churn.work(10, 'churn.customers')")

    with in_background(lambda: second.run(FORGET, CUSTOMERS, "1")) as done:
        wait_until_blocked(module_database, second)
        first.commit()
        done.result(timeout=20)
    second.commit()

    first.run("SELECT churn.set_scoring_mode('churn.customers', 'inline')")
    first.commit()
    assert traces(first, "1") == set()
    assert_fresh(first, MODEL)


def test_a_run_at_the_customer_is_no_deadlock(first, second, module_database):
    activate(first, register_once(first, other_model()))
    run = first.value(BEGIN_RUN)
    first.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)
    bound = first.value(
        "SELECT after_key FROM churn_internal.rescore_ranges WHERE run_id = %s", run
    )
    first.commit()
    first.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)

    with in_background(lambda: second.run(FORGET, CUSTOMERS, bound)) as done:
        wait_until_blocked(module_database, second)
        first.run(
            "UPDATE churn.customers SET age = 50 WHERE customer_id = %s", int(bound)
        )
        first.commit()
        done.result(timeout=20)
    second.commit()

    assert first.row(
        "SELECT outcome FROM churn_internal.rescore_runs WHERE run_id = %s", run
    ) == ("abandoned",)
    deploy(first, MODEL)
    first.commit()
