"""Labels of a profile that are appended to churn.outcomes as they change."""

import psycopg2
import pytest
from pgchurn.loader.models.labels import TEXTS_FOR_CHURNED, churned

from tests.company import attach, create_tables
from tests.models import quoted
from tests.outcomes import CUSTOMERS, SET, know, label, matured, predict, recorded
from tests.waiting import in_background, wait_until_blocked

CLIENTS = "company.clients"
LABEL = "ALTER TABLE company.clients ADD COLUMN gone {}"
STOP = (CUSTOMERS, None)


@pytest.fixture
def labelled(session):
    """Give nobody a label, and have labels recorded."""
    session.run("UPDATE churn.customers SET churned = NULL")
    session.run(SET, CUSTOMERS, "churned")
    return session


@pytest.fixture
def clients(session):
    create_tables(session)
    attach(session)
    return session


def test_nothing_is_recorded_until_it_is_wanted_and_after_it_is_not(session):
    label(session, "true")
    assert recorded(session) == []
    session.run("UPDATE churn.customers SET churned = NULL")
    session.run(SET, CUSTOMERS, "churned")
    label(session, "true")
    assert recorded(session) == [("1", True)]
    assert session.value(SET, *STOP) == 0
    label(session, "false")
    assert recorded(session) == [("1", True)]


def test_a_correction_and_a_withdrawal_are_appended(labelled):
    for value in ("true", "false", "NULL", "true"):
        label(labelled, value)

    assert recorded(labelled) == [("1", v) for v in (True, False, None, True)]
    times = labelled.column("SELECT known_at FROM churn.outcomes ORDER BY outcome_id")
    assert times == sorted(set(times))


def test_a_row_says_who_recorded_it_and_how(labelled):
    label(labelled, "true")
    know(labelled, "2", True, "-1 day")

    assert labelled.run(
        "SELECT key, source, recorded_by = session_user,"
        " recorded_at BETWEEN now() AND clock_timestamp()"
        " FROM churn.outcomes ORDER BY outcome_id"
    ) == [("1", "label", True, True), ("2", "call", True, True)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE churn.customers SET age = age + 1",
        "UPDATE churn.customers SET churned = churned",
        "UPDATE churn.customers SET support_calls = 3, churned = NULL",
        "INSERT INTO churn.complaints (customer_id) VALUES (1), (2)",
        "INSERT INTO churn.customers (customer_id) VALUES (900)",
        "DELETE FROM churn.customers WHERE customer_id = 4",
    ],
)
def test_what_leaves_labels_as_they_are_records_nothing(labelled, statement):
    labelled.run(statement)

    assert recorded(labelled) == []


def test_a_statement_records_each_label_that_it_changes(labelled):
    label(labelled, "true", "customer_id = 3")

    label(labelled, "customer_id % 2 = 1", "customer_id BETWEEN 1 AND 5")

    assert sorted(recorded(labelled)[1:]) == [
        *(("1", True), ("2", False), ("4", False), ("5", True)),
    ]


@pytest.mark.parametrize(
    "statement, keys",
    [
        (
            "INSERT INTO churn.customers (customer_id, churned) VALUES (900, true)",
            ["900"],
        ),
        (
            "INSERT INTO churn.customers (customer_id, churned)"
            " VALUES (1, true), (900, true)"
            " ON CONFLICT (customer_id) DO UPDATE SET churned = true",
            ["1", "900"],
        ),
        (
            "MERGE INTO churn.customers c USING (VALUES (1), (900)) n (id)"
            " ON c.customer_id = n.id WHEN MATCHED THEN UPDATE SET churned = true"
            " WHEN NOT MATCHED THEN INSERT (customer_id, churned) VALUES (n.id, true)",
            ["1", "900"],
        ),
    ],
)
def test_new_customers_and_upserts_are_recorded(labelled, statement, keys):
    labelled.run(statement)

    assert sorted(recorded(labelled)) == [(key, True) for key in keys]


def test_labels_that_are_there_are_recorded_as_known_since_ever(session):
    session.run("UPDATE churn.customers SET churned = NULL")
    label(session, "true", "customer_id IN (1, 2)")
    label(session, "false", "customer_id = 3")

    assert session.value(SET, CUSTOMERS, "churned") == 3

    assert session.run(
        "SELECT key, outcome, known_at = '-infinity' FROM churn.outcomes ORDER BY key"
    ) == [("1", True, True), ("2", True, True), ("3", False, True)]


def test_labels_that_are_there_are_recorded_as_of_the_time_that_is_told(session):
    session.run("UPDATE churn.customers SET churned = customer_id = 1")

    session.run(
        "SELECT churn.set_outcome(%s, 'churned', labels_known_at => '2026-01-31Z')",
        CUSTOMERS,
    )

    assert session.value(
        "SELECT count(*) FROM churn.outcomes WHERE known_at = '2026-01-31Z'"
    ) == session.value("SELECT count(*) FROM churn.customers")


def test_asked_for_again_only_what_changed_meanwhile_is_recorded(labelled):
    label(labelled, "true", "customer_id IN (1, 2, 3)")
    assert labelled.value(SET, CUSTOMERS, "churned") == 0
    labelled.run(SET, *STOP)
    label(labelled, "false", "customer_id = 1")
    label(labelled, "NULL", "customer_id = 2")

    assert labelled.value(SET, CUSTOMERS, "churned") == 2

    assert sorted(recorded(labelled)[3:]) == [("1", False), ("2", None)]
    assert (
        labelled.value(
            "SELECT count(*) FROM churn.outcomes WHERE known_at = '-infinity'"
        )
        == 0
    )


def test_asked_for_again_what_came_from_elsewhere_stays_in_force(labelled):
    label(labelled, "true")
    know(labelled, "1", False, "1 second")
    know(labelled, "2", True, "-1 day")

    assert labelled.value(SET, CUSTOMERS, "churned") == 0


def test_detached_and_attached_again_nothing_is_lost_or_recorded_twice(clients):
    clients.run(LABEL.format("boolean"))
    clients.run(SET, CLIENTS, "gone")
    clients.run("UPDATE company.clients SET gone = true WHERE id IN (1, 2)")

    clients.run("SELECT churn.detach('company.clients')")
    clients.run("UPDATE company.clients SET gone = false WHERE id = 1")
    attach(clients)
    clients.run("UPDATE company.clients SET gone = true WHERE id = 3")

    assert len(recorded(clients, CLIENTS)) == 2
    assert clients.value(SET, CLIENTS, "gone") == 2
    assert sorted(recorded(clients, CLIENTS)[2:]) == [("1", False), ("3", True)]


def test_a_table_that_is_loaded_anew_records_only_what_is_new(labelled):
    label(labelled, "true", "customer_id IN (1, 2)")
    labelled.run("CREATE TEMPORARY TABLE kept ON COMMIT DROP AS TABLE churn.customers")
    labelled.run("UPDATE kept SET churned = NULL WHERE customer_id = 2")
    labelled.run("UPDATE kept SET churned = true WHERE customer_id = 3")

    labelled.run("TRUNCATE churn.customers, churn.complaints")
    labelled.run("INSERT INTO churn.customers SELECT * FROM kept")

    assert sorted(recorded(labelled)[2:]) == [("2", None), ("3", True)]


def test_what_is_known_of_a_deleted_customer_stays(labelled):
    label(labelled, "true")

    labelled.run("DELETE FROM churn.customers WHERE customer_id = 1")

    assert recorded(labelled) == [("1", True)]


# What a label is in SQL, and the same value as a client gives it to training.
TYPES = {
    "boolean": (("true", True), ("false", False)),
    "smallint": (("1", 1), ("0", 0)),
    "bigint": (("1", 1), ("0", 0)),
    "real": (("1", 1.0), ("0", 0.0)),
    "double precision": (("1", 1.0), ("0", 0.0)),
    "numeric": (("1.00", 1), ("0", 0)),
    "numeric(4, 2)": (("1", 1), ("0", 0)),
    "text": (("'Yes'", "Yes"), ("'no'", "no")),
    "varchar(9)": (("'CHURNED'", "CHURNED"), ("'active'", "active")),
    "character(4)": (("'left'", "left"), ("'here'", "here")),
    "name": (("'t'", "t"), ("'f'", "f")),
    "public.citext": (("'Left'", "Left"), ("'HERE'", "HERE")),
    "public.fate": (("'left'", "left"), ("'here'", "here")),
    "public.word": (("'yes'", "yes"), ("'no'", "no")),
    "public.doom": (("'left'", "left"), ("'here'", "here")),
    "public.flag": (("true", True), ("false", False)),
}
MADE_TYPES = """
    CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
    CREATE TYPE public.fate AS ENUM ('left', 'here');
    CREATE DOMAIN public.word AS text CHECK (VALUE <> '');
    CREATE DOMAIN public.doom AS public.fate;
    CREATE DOMAIN public.flag AS boolean
"""


@pytest.mark.parametrize("type_name", TYPES)
def test_a_label_means_what_it_means_in_training(clients, type_name):
    clients.run(MADE_TYPES)
    clients.run(LABEL.format(type_name))
    (one, first), (other, second) = TYPES[type_name]
    clients.run(f"UPDATE company.clients SET gone = {one} WHERE id = 1")
    clients.run(f"UPDATE company.clients SET gone = {other} WHERE id = 2")
    clients.run(SET, CLIENTS, "gone")
    clients.run(f"UPDATE company.clients SET gone = {one} WHERE id = 3")
    clients.run(f"UPDATE company.clients SET gone = {other} WHERE id = 4")

    expected = churned([first, second, first, second], None)
    assert [v for _, v in sorted(recorded(clients, CLIENTS))] == list(expected)
    clients.run("UPDATE company.clients SET gone = NULL")
    assert sorted(recorded(clients, CLIENTS)[4:]) == [
        (str(i), None) for i in range(1, 5)
    ]


def test_a_change_that_means_the_same_records_nothing(clients):
    clients.run(LABEL.format("text"))
    clients.run("UPDATE company.clients SET gone = 'yes' WHERE id = 1")
    clients.run(SET, CLIENTS, "gone")

    clients.run("UPDATE company.clients SET gone = 'YES' WHERE id = 1")

    assert recorded(clients, CLIENTS) == [("1", True)]


def test_the_positive_class_can_be_told(clients):
    clients.run(LABEL.format("text"))
    clients.run(
        "UPDATE company.clients SET gone = CASE id WHEN 1 THEN 'Über' ELSE 'an' END"
    )
    refused = clients.refusal(SET, CLIENTS, "gone")
    assert refused.sqlstate == "22023"
    assert refused.message == (
        "nothing tells which label of company.clients.gone means that the customer has"
        " left"
    )
    assert refused.detail == "The labels are: 'an', 'über'."

    clients.run(
        "SELECT churn.set_outcome(%s, 'gone', positive_class => 'ÜBER')", CLIENTS
    )

    assert dict(recorded(clients, CLIENTS))["1"] is True
    assert sum(outcome for _, outcome in recorded(clients, CLIENTS)) == 1


def test_the_words_are_those_of_training(session):
    assert tuple(session.value("SELECT churn_internal.positive_labels(NULL)")) == (
        TEXTS_FOR_CHURNED
    )


@pytest.mark.parametrize(
    "column, values, arguments, sqlstate, message",
    [
        ("date", "NULL", "", "42804", "company.clients.gone is no label"),
        ("jsonb", "NULL", "", "42804", "company.clients.gone is no label"),
        ("integer", "id", "", "22023", "company.clients.gone has 12 different labels"),
        ("integer", "2 + id %% 2", "", "22023", "nothing tells which label of"),
        ("text", "NULL", "", "22023", "nothing tells which label of"),
        ("text", "'active'", "", "22023", "nothing tells which label of"),
        (
            *("text", "substr('ab', 1 + id %% 2, 1)", ", positive_class => 'c'"),
            *("22023", "no row of company.clients is labelled 'c'"),
        ),
        ("boolean", "NULL", ", horizon => '0'", "22023", "horizon must be more than"),
        ("boolean", "NULL", ", horizon => NULL", "22023", "horizon must be more than"),
        (
            *("boolean", "NULL", ", labels_known_at => 'infinity'"),
            *("22023", "labels_known_at must be a time, not infinity"),
        ),
    ],
)
def test_what_is_no_label_is_refused(
    clients, column, values, arguments, sqlstate, message
):
    clients.run(LABEL.format(column))
    clients.run(f"UPDATE company.clients SET gone = {values.replace('%%', '%')}")

    refused = clients.refusal(
        f"SELECT churn.set_outcome('company.clients', 'gone'{arguments})"
    )

    assert refused.sqlstate == sqlstate
    assert refused.message.startswith(message)
    assert recorded(clients, CLIENTS) == []


@pytest.mark.parametrize(
    "table, column, sqlstate, message",
    [
        (
            CUSTOMERS,
            "Churned",
            "42703",
            'column "Churned" of churn.customers does not exist',
        ),
        (CUSTOMERS, "ctid", "42703", "column ctid of churn.customers does not exist"),
        (
            CUSTOMERS,
            "complaint_count",
            "22023",
            "churn.customers.complaint_count is no label",
        ),
        ("churn.complaints", "x", "22023", "table churn.complaints is not attached"),
    ],
)
def test_a_column_that_cannot_tell_is_refused(
    session, table, column, sqlstate, message
):
    refused = session.refusal(SET, table, column)

    assert (refused.sqlstate, refused.message) == (sqlstate, message)


def test_a_column_without_labels_yet_is_taken_where_true_or_one_can_come(clients):
    clients.run(LABEL.format("integer"))
    clients.run(SET, CLIENTS, "gone")

    clients.run("UPDATE company.clients SET gone = 1 WHERE id = 1")

    assert recorded(clients, CLIENTS) == [("1", True)]


@pytest.mark.parametrize(
    "name", ['double "quote', "it's", "@id@", "$function$", "100%"]
)
def test_names_may_hold_anything(session, name):
    schema = quoted(name)
    names = (f"{schema}.{quoted(name)}", name, f"{schema}.c", name, None)
    create_tables(session, names, key_type="text")
    session.run(f"ALTER TABLE {names[0]} ADD COLUMN {quoted('l ' + name)} boolean")
    attach(session, names)

    session.run(SET, names[0], f"l {name}")
    session.run(f"UPDATE {names[0]} SET {quoted('l ' + name)} = true")

    assert len(recorded(session, names[0])) == 12


def test_labels_of_a_key_with_a_collation_are_recorded(session):
    session.run("""
        CREATE COLLATION nocase (
            provider = icu, locale = 'und-u-ks-level2', deterministic = false
        );
        CREATE TABLE people (name text COLLATE nocase PRIMARY KEY, gone boolean);
        CREATE TABLE calls (name text COLLATE nocase);
        INSERT INTO people VALUES ('Ann', true), ('Bob', NULL);
        SELECT churn.attach('people', 'name', 'calls', 'name');
        """)

    session.run(SET, "people", "gone")
    session.run("UPDATE people SET gone = true WHERE name = 'BOB'")
    session.run("INSERT INTO people VALUES ('Cid', false)")
    session.run("UPDATE people SET name = 'Bert' WHERE name = 'bob'")
    session.run(SET, "people", "gone")

    assert recorded(session, "people") == [
        *(("Ann", True), ("Bert", True), ("Cid", False)),
    ]
    session.run("INSERT INTO people VALUES ('Dan', NULL)")
    predict(session, "Dan", "-100 days", profile="people")
    know(session, "DAN", True, "-50 days", profile="people")
    assert matured(session, "people") == {"Dan": True}


def test_a_label_that_a_trigger_before_each_row_changes_is_recorded(labelled):
    labelled.run("""
        CREATE FUNCTION public.give_up() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.churned := NEW.support_calls > 20 OR NEW.complaint_count > 50;
               RETURN NEW; END';
        CREATE TRIGGER give_up BEFORE UPDATE ON churn.customers
        FOR EACH ROW EXECUTE FUNCTION public.give_up()
    """)

    labelled.run("UPDATE churn.customers SET support_calls = 30 WHERE customer_id = 1")
    # Written by pgchurn itself.
    labelled.run(
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT 2 FROM generate_series(1, 60)"
    )

    assert recorded(labelled) == [("1", True), ("2", True)]


@pytest.mark.parametrize(
    "tree",
    [
        """CREATE TABLE company.clients (id integer PRIMARY KEY, plan text,
               usage float8, gone boolean) PARTITION BY HASH (id);
           CREATE TABLE company.c0 PARTITION OF company.clients
               FOR VALUES WITH (MODULUS 2, REMAINDER 0);
           CREATE TABLE company.c1 PARTITION OF company.clients
               FOR VALUES WITH (MODULUS 2, REMAINDER 1);""",
        """CREATE TABLE company.clients (id integer PRIMARY KEY, plan text,
               usage float8, gone boolean);
           CREATE TABLE company.more (PRIMARY KEY (id)) INHERITS (company.clients);""",
    ],
    ids=["partitions", "children"],
)
def test_labels_of_partitions_and_children_are_recorded(session, tree):
    session.run(
        "CREATE SCHEMA company;" + tree + "CREATE TABLE company.calls (client integer);"
        "INSERT INTO company.clients SELECT i FROM generate_series(1, 4) i"
    )
    if "INHERITS" in tree:
        session.run("INSERT INTO company.more SELECT i FROM generate_series(5, 6) i")
    attach(session, (CLIENTS, "id", "company.calls", "client", None))
    session.run(SET, CLIENTS, "gone")

    session.run("UPDATE company.clients SET gone = true")
    # From one partition to another.
    session.run("UPDATE company.clients SET id = 21 WHERE id = 1")
    session.run("UPDATE company.clients SET gone = NULL WHERE id = 21")

    rows = session.value("SELECT count(*) FROM company.clients")
    assert len(recorded(session, CLIENTS)) == rows + 1
    # Its history has followed the key.
    assert [o for key, o in recorded(session, CLIENTS) if key == "21"] == [True, None]
    assert all(key != "1" for key, _ in recorded(session, CLIENTS))


def test_a_label_by_which_a_table_is_partitioned_is_recorded(session):
    session.run("""
        CREATE SCHEMA company;
        CREATE TABLE company.clients (id integer, gone boolean, usage float8, plan text)
            PARTITION BY LIST (gone);
        CREATE TABLE company.here PARTITION OF company.clients DEFAULT;
        CREATE TABLE company.away PARTITION OF company.clients FOR VALUES IN (true);
        CREATE TABLE company.calls (client integer);
    """)
    # Such a table cannot keep the key unique by itself.
    refused = session.refusal(
        "SELECT churn.attach('company.clients', 'id', 'company.calls', 'client')"
    )
    assert refused.message == "column id of company.clients is not unique"


def test_a_renamed_label_is_followed(labelled):
    labelled.run("ALTER TABLE churn.customers RENAME COLUMN churned TO has_left")

    labelled.run("UPDATE churn.customers SET has_left = true WHERE customer_id = 1")

    assert recorded(labelled) == [("1", True)]
    assert (
        labelled.value(
            "SELECT outcome_label FROM churn.attachments WHERE attachment_id = 1"
        )
        == "has_left"
    )
    assert labelled.take_notices() == ""


def test_a_label_of_another_type_goes_on(labelled):
    label(labelled, "true")
    labelled.run(
        "ALTER TABLE churn.customers ALTER churned TYPE text"
        " USING CASE WHEN churned THEN 'yes' ELSE 'no' END"
    )

    labelled.run("UPDATE churn.customers SET churned = 'yes' WHERE customer_id = 2")

    assert recorded(labelled) == [("1", True), ("2", True)]


@pytest.mark.parametrize(
    "change",
    ["DROP COLUMN churned", "ALTER churned TYPE jsonb USING to_jsonb(churned)"],
)
def test_a_label_that_is_gone_costs_nothing_but_its_outcomes(labelled, change):
    label(labelled, "true")
    labelled.take_notices()

    labelled.run(f"ALTER TABLE churn.customers {change}")

    assert labelled.take_notices() == (
        "WARNING:  labels of churn.customers are not recorded any more\n"
        "DETAIL:  Column churned is gone, or of a type that is no label.\n"
        "HINT:  Call churn.set_outcome with another column, or with null.\n"
    )
    labelled.run("UPDATE churn.customers SET age = 70 WHERE customer_id = 1")
    labelled.run("INSERT INTO churn.customers (customer_id) VALUES (901)")
    assert recorded(labelled) == [("1", True)]
    assert labelled.value("SELECT churn_internal.count_unrecorded_labels(1)") is None


FAIL = """
    CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = %s; END $$;
    CREATE TRIGGER fail BEFORE INSERT ON churn.outcomes
    FOR EACH STATEMENT EXECUTE FUNCTION public.fail()
"""


def test_an_outcome_that_cannot_be_recorded_costs_the_label_nothing(labelled):
    labelled.run(FAIL, "53100")
    labelled.take_notices()

    label(labelled, "true", "customer_id IN (1, 2)")

    assert labelled.take_notices() == (
        "WARNING:  outcomes of 2 customers of churn.customers are not recorded\n"
        "DETAIL:  no room\n"
        "HINT:  The labels are kept. Call churn.set_outcome again: it records those "
        "that are not.\n"
    )
    assert labelled.value("SELECT count(*) FROM churn.customers WHERE churned") == 2
    assert recorded(labelled) == []
    assert labelled.value("SELECT churn_internal.count_unrecorded_labels(1)") == 2
    labelled.run("DROP TRIGGER fail ON churn.outcomes")
    assert labelled.value(SET, CUSTOMERS, "churned") == 2
    assert labelled.value("SELECT churn_internal.count_unrecorded_labels(1)") == 0


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "57014"])
def test_a_deadlock_and_the_like_are_never_caught(labelled, sqlstate):
    labelled.run(FAIL, sqlstate)

    refused = labelled.refusal("UPDATE churn.customers SET churned = true")

    assert refused.sqlstate == sqlstate


def test_where_failures_are_raised_this_one_is(labelled):
    labelled.run("SELECT churn.set_on_error('churn.customers', 'raise')")
    labelled.run(FAIL, "53100")

    assert labelled.refusal("UPDATE churn.customers SET churned = true")[:2] == (
        "53100",
        "no room",
    )


def test_a_key_that_changes_takes_its_history_along(labelled):
    label(labelled, "true", "customer_id IN (1, 2)")
    labelled.run("SELECT churn.record_action('churn.customers', '1', 'call')")

    labelled.run("UPDATE churn.customers SET customer_id = 801 WHERE customer_id = 1")

    assert sorted(recorded(labelled)) == [("2", True), ("801", True)]
    assert labelled.column("SELECT key FROM churn.actions") == ["801"]


def test_a_key_and_a_label_may_change_at_once(labelled):
    label(labelled, "true")

    labelled.run(
        "UPDATE churn.customers SET customer_id = 801, churned = NULL"
        " WHERE customer_id = 1"
    )

    assert recorded(labelled) == [("801", True), ("801", None)]


def test_many_keys_may_change_at_once(labelled):
    label(labelled, "true", "customer_id <= 3")

    labelled.run(
        "UPDATE churn.customers SET customer_id = customer_id + 900"
        " WHERE customer_id <= 4"
    )

    assert sorted(recorded(labelled)) == [(f"90{i}", True) for i in (1, 2, 3)]
    assert labelled.take_notices() == ""


def test_keys_that_nothing_tells_apart_are_told_of(labelled):
    label(labelled, "true", "customer_id <= 2")
    labelled.take_notices()

    labelled.run(
        "UPDATE churn.customers SET customer_id = customer_id + 900, age = 7"
        " WHERE customer_id <= 2"
    )

    notices = labelled.take_notices()
    assert notices.startswith(
        "WARNING:  predictions, outcomes and actions of 2 customers stay under their "
        "former keys\n"
    )
    # What the labels say is known of the new keys as well.
    assert sorted(recorded(labelled)) == [
        *(("1", True), ("2", True), ("901", True), ("902", True)),
    ]


def test_a_shift_of_keys_gives_no_history_to_somebody_else(clients):
    clients.run(LABEL.format("boolean"))
    clients.run(SET, CLIENTS, "gone")
    clients.run("UPDATE company.clients SET gone = true WHERE id = 1")
    # A key that is unique at the end of the statement only.
    clients.run("""
        ALTER TABLE company.calls DROP CONSTRAINT calls_client_fkey;
        ALTER TABLE company.clients ADD UNIQUE (id) DEFERRABLE;
        ALTER TABLE company.clients DROP CONSTRAINT clients_pkey;
    """)
    clients.take_notices()

    clients.run("UPDATE company.clients SET id = id + 1")

    assert "outcomes and actions of 1 customers stay" in clients.take_notices()
    assert recorded(clients, CLIENTS) == [("1", True), ("2", True)]


def test_the_application_needs_no_new_right_and_gains_none(labelled):
    labelled.run(
        "CREATE ROLE pgchurn_test_app; GRANT USAGE ON SCHEMA churn TO pgchurn_test_app"
    )
    labelled.run("GRANT SELECT, UPDATE ON churn.customers TO pgchurn_test_app")
    with labelled.role("pgchurn_test_app"):
        label(labelled, "true")
        assert labelled.refusal("SELECT * FROM churn.outcomes").sqlstate == "42501"
        assert (
            labelled.refusal(
                "SELECT churn.record_outcome('churn.customers', '1', true)"
            ).sqlstate
            == "42501"
        )

    assert recorded(labelled) == [("1", True)]


def test_only_a_superuser_says_which_column_is_read(session):
    with session.role("churn_loader"):
        refused = session.refusal(SET, CUSTOMERS, "churned")

    assert refused.sqlstate == "42501"


def test_row_level_security_hides_no_label(labelled):
    labelled.run("""
        CREATE ROLE pgchurn_test_app; GRANT USAGE ON SCHEMA churn TO pgchurn_test_app;
        GRANT SELECT, UPDATE ON churn.customers TO pgchurn_test_app;
        ALTER TABLE churn.customers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY low ON churn.customers TO pgchurn_test_app
            USING (customer_id < 3)
    """)
    with labelled.role("pgchurn_test_app"):
        label(labelled, "true", "true")

    assert sorted(recorded(labelled)) == [("1", True), ("2", True)]


def test_a_cast_and_a_check_of_others_never_run(clients):
    clients.run("""
        CREATE ROLE pgchurn_test_maker;
        GRANT CREATE, USAGE ON SCHEMA public TO pgchurn_test_maker;
        SET ROLE pgchurn_test_maker;
        CREATE TYPE public.fate AS ENUM ('left', 'here');
        CREATE FUNCTION public.spy(public.fate) RETURNS text LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'run as %', current_user; END $$;
        CREATE CAST (public.fate AS text) WITH FUNCTION public.spy AS IMPLICIT;
        CREATE DOMAIN public.doom AS public.fate;
        RESET ROLE
    """)
    for column, type_name in (("gone", "fate"), ("away", "doom")):
        clients.run(
            f"ALTER TABLE company.clients ADD COLUMN {column} public.{type_name}"
        )
        clients.run(f"UPDATE company.clients SET {column} = 'left' WHERE id = 1")
        clients.run(SET, CLIENTS, column)
        clients.run(f"UPDATE company.clients SET {column} = 'left' WHERE id = 2")
        clients.run(f"UPDATE company.clients SET {column} = 'here' WHERE id <= 2")
        assert sorted(recorded(clients, CLIENTS)) == sorted(
            [("1", True), ("2", True), ("1", False), ("2", False)]
        )
        clients.run("DELETE FROM churn.outcomes")


def test_labels_cannot_be_asked_for_above_read_committed(trained_database):
    session = trained_database.session()
    session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    assert session.refusal(SET, CUSTOMERS, "churned").sqlstate == "25001"


@pytest.fixture
def two(trained_database):
    first, second = trained_database.session(), trained_database.session()
    first.run("UPDATE churn.customers SET churned = NULL")
    first.run(SET, CUSTOMERS, "churned")
    first.commit()
    return trained_database, first, second


def test_of_two_corrections_the_later_is_known_later(two):
    database, first, second = two
    second.run("SELECT 1")
    label(first, "true")
    with in_background(lambda: label(second, "false")) as done:
        wait_until_blocked(database, second, by=first)
        first.commit()
        done.result()
    second.commit()

    assert recorded(first) == [("1", True), ("1", False)]
    times = first.column("SELECT known_at FROM churn.outcomes ORDER BY outcome_id")
    assert times[0] < times[1]


def test_a_correction_that_another_overtakes_fails_in_repeatable_read(two):
    _, first, second = two
    second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    second.run("SELECT count(*) FROM churn.customers")
    label(first, "true")
    first.commit()

    with pytest.raises(psycopg2.errors.SerializationFailure):
        label(second, "false")
    second.rollback()

    assert recorded(first) == [("1", True)]


def test_a_label_that_is_written_while_it_is_asked_for_is_recorded(two):
    database, first, second = two
    first.run(SET, *STOP)
    first.commit()
    label(first, "true")
    with in_background(lambda: second.run(SET, CUSTOMERS, "churned")) as done:
        wait_until_blocked(database, second, by=first)
        first.commit()
        done.result()
    second.commit()

    assert recorded(first) == [("1", True)]
