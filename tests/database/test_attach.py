import psycopg2.errors
import pytest

from tests.company import (
    ATTACH,
    CLIENTS,
    MODEL,
    attach,
    create_tables,
)
from tests.models import assert_fresh, deploy, divergences, quoted


def complain_in_every_way(session, names=CLIENTS):
    """Change complaints in every way; hold counters and scores against the truth."""
    profile, key, complaints, complaint_key = names[0], quoted(names[1]), *names[2:4]
    insert = f"INSERT INTO {complaints} ({quoted(complaint_key)}) SELECT {key}"
    for statement in (
        f"{insert} FROM {profile} LIMIT 1",
        f"{insert} FROM {profile}",
        f"DELETE FROM {complaints} WHERE ctid IN"
        f" (SELECT ctid FROM {complaints} LIMIT 3)",
        f"UPDATE {complaints} SET {quoted(complaint_key)} ="
        f" (SELECT {key} FROM {profile} LIMIT 1)",
        f"UPDATE {profile} SET usage = usage + 1",
        f"TRUNCATE {complaints}",
        f"{insert} FROM {profile}",
    ):
        session.run(statement)
        assert_fresh(session, MODEL, profile, names[1])


@pytest.mark.parametrize(
    "key_type",
    [
        "bigint",
        "integer",
        "smallint",
        "numeric",
        "uuid",
        "text",
        "varchar(20)",
        "char(8)",
        "public.code",
        'text COLLATE "C"',
    ],
)
def test_a_key_can_be_of_any_usual_type(session, key_type):
    session.run("CREATE DOMAIN public.code AS text")
    create_tables(session, key_type=key_type)
    attach(session)
    deploy(session, MODEL, "company.clients", "id")

    complain_in_every_way(session)


@pytest.mark.parametrize(
    "name",
    [
        "two words",
        "CamelCase",
        'double "quote',
        "it's",
        "100%",
        "@id@",
        "$function$",
        "$1",
        "back\\slash",
        ":colon",
        "select",
        "ünï",
        "a,b(c)",
        "key",
        "x" * 63,
    ],
)
def test_a_name_can_be_anything(session, name):
    schema, complaints = quoted(name), quoted(f"c{name}"[:63])
    names = (f"{schema}.{quoted(name)}", name, f"{schema}.{complaints}", name, "at")
    create_tables(session, names)
    attach(session, names)
    deploy(session, MODEL, names[0], name)

    complain_in_every_way(session, names)
    assert session.value(f"SELECT count(churn.score(p)) FROM {names[0]} p") == 12
    session.run("SELECT churn.detach(%s::regclass)", names[0])


@pytest.mark.parametrize(
    "alias",
    ["p", "c", "f", "n", "new", "given", "keys", "active", "inserted", "wanted"],
)
def test_a_column_can_be_named_like_anything_in_our_code(session, alias):
    names = ("company.clients", alias, "company.calls", alias, "at")
    create_tables(session, names)
    attach(session, names)
    deploy(session, MODEL, "company.clients", alias)

    complain_in_every_way(session, names)


@pytest.mark.parametrize(
    "name", ["changed", "scores", "counts", "active", "batch", "key", "at", "texts"]
)
@pytest.mark.parametrize("table", ["company.clients", "company.calls"])
def test_another_column_can_be_named_like_anything_in_our_code(session, table, name):
    names = (*CLIENTS[:4], "called_at")
    create_tables(session, names)
    session.run(f"ALTER TABLE {table} ADD COLUMN {name} timestamptz DEFAULT now()")
    attach(session, names)
    deploy(session, MODEL, "company.clients", "id")

    complain_in_every_way(session, names)


def test_complaints_need_no_time_of_their_own(session):
    names = (*CLIENTS[:4], None)
    create_tables(session, names)
    session.value(
        "SELECT churn.attach('company.clients', 'id', 'company.calls', 'client')"
    )
    deploy(session, MODEL, "company.clients", "id")

    complain_in_every_way(session, names)
    assert session.value(
        "SELECT bool_and(last_complaint_at = now()) FROM company.clients"
    )


@pytest.mark.parametrize("type_", ["date", "timestamp", "timestamptz"])
def test_the_time_of_a_complaint_can_be_of_any_type(session, type_):
    create_tables(session, (*CLIENTS[:4], None), complaint_columns=f", at {type_}")
    attach(session)

    session.run("INSERT INTO company.calls VALUES (1, '2024-05-06'), (1, '2024-05-05')")
    session.run("INSERT INTO company.calls VALUES (2, NULL)")

    assert session.value(
        "SELECT last_complaint_at = '2024-05-06'::timestamptz"
        " FROM company.clients WHERE id = 1"
    )
    assert divergences(session, "company.clients") == []


@pytest.mark.parametrize("type_", ["date", "timestamp", "timestamptz"])
def test_a_session_in_another_time_zone_verifies_the_same(session, type_):
    create_tables(session, (*CLIENTS[:4], None), complaint_columns=f", at {type_}")
    attach(session)
    session.run("SET LOCAL TIME ZONE 'America/New_York'")
    session.run("INSERT INTO company.calls VALUES (1, '2024-05-06')")

    session.run("SET LOCAL TIME ZONE 'Asia/Tokyo'")

    assert divergences(session, "company.clients") == []


def test_a_backlog_is_counted(session):
    create_tables(session)
    session.run(
        "INSERT INTO company.calls SELECT 1 + i % 5, '2024-01-01'::date + i"
        " FROM generate_series(1, 100) i; INSERT INTO company.calls VALUES (NULL)"
    )

    attach(session)

    assert (
        session.column("SELECT complaint_count FROM company.clients ORDER BY id")
        == [20] * 5 + [0] * 7
    )
    assert (
        session.value("SELECT max(last_complaint_at)::date::text FROM company.clients")
        == "2024-04-10"
    )
    assert divergences(session, "company.clients") == []


def test_attaching_scores_nothing_and_says_which_index_is_missing(session):
    create_tables(session)
    session.take_notices()

    attach(session)

    assert session.value("SELECT count(churn_score) FROM company.clients") == 0
    assert "no index of company.calls begins with client" in session.take_notices()


def test_with_an_index_there_is_nothing_to_say(session):
    create_tables(session)
    session.run("CREATE INDEX ON company.calls (client)")
    session.take_notices()

    attach(session)

    assert session.take_notices() == ""


def test_a_profile_added_later_counts_the_complaints_that_wait(session):
    create_tables(session)
    session.run("ALTER TABLE company.calls DROP CONSTRAINT calls_client_fkey")
    attach(session)
    session.run("INSERT INTO company.calls VALUES (77), (77)")

    session.run("INSERT INTO company.clients VALUES (77)")

    assert divergences(session, "company.clients") == []


def test_a_smaller_integer_can_refer_to_a_larger(session):
    create_tables(session, key_type="bigint")
    session.run("ALTER TABLE company.calls ALTER client TYPE integer")
    attach(session)
    deploy(session, MODEL, "company.clients", "id")

    complain_in_every_way(session)


def test_a_varchar_can_refer_to_a_text(session):
    create_tables(session, key_type="text")
    session.run("ALTER TABLE company.calls ALTER client TYPE varchar(30)")
    attach(session)
    deploy(session, MODEL, "company.clients", "id")

    complain_in_every_way(session)


def test_a_number_that_is_no_key_is_nobodys_complaint(session):
    create_tables(session, key_type="bigint")
    session.run(
        "ALTER TABLE company.calls DROP CONSTRAINT calls_client_fkey,"
        " ALTER client TYPE numeric"
    )
    try:
        with session.savepoint():
            attach(session)
    except psycopg2.errors.DatatypeMismatch:
        return

    session.run("INSERT INTO company.calls VALUES (1.6)")
    session.run("INSERT INTO company.calls VALUES (2.6), (3.6)")

    assert divergences(session, "company.clients") == []


def test_two_pairs_of_tables_are_kept_apart(session):
    other = ("company.firms", "code", "company.letters", "firm", "sent")
    create_tables(session)
    create_tables(session, other, "text")
    assert attach(session) != attach(session, other)
    deploy(session, MODEL, "company.clients", "id")

    session.run("INSERT INTO company.calls VALUES (1)")
    session.run("INSERT INTO company.letters VALUES ('key 1'), ('key 2')")

    assert_fresh(session, MODEL, "company.clients", "id")
    assert divergences(session, "company.firms") == []
    assert session.value("SELECT count(churn_score) FROM company.firms") == 0


def test_pairs_with_keys_of_different_types_take_models_in_one_session(session):
    other = ("company.firms", "code", "company.letters", "firm", "sent")
    create_tables(session)
    create_tables(session, other, "text")
    attach(session)
    attach(session, other)

    for names in (CLIENTS, other):
        deploy(session, MODEL, names[0], names[1])
        session.run(f"INSERT INTO {names[2]} SELECT {names[1]} FROM {names[0]}")
        assert_fresh(session, MODEL, names[0], names[1])


def test_two_profiles_can_share_one_table_of_complaints(session):
    create_tables(session)
    session.run(
        "CREATE TABLE company.accounts"
        " (id integer PRIMARY KEY, usage float8, plan text);"
        "INSERT INTO company.accounts SELECT * FROM company.clients"
    )
    attach(session)
    attach(session, ("company.accounts", "id", *CLIENTS[2:]))

    session.run("INSERT INTO company.calls VALUES (1), (2)")
    assert divergences(session, "company.clients") == []
    assert divergences(session, "company.accounts") == []

    session.run("SELECT churn.detach('company.accounts')")
    session.run("INSERT INTO company.calls VALUES (1), (2)")
    session.run("DELETE FROM company.calls WHERE client = 2")
    assert divergences(session, "company.clients") == []


def test_partitioned_complaints_are_counted_through_their_parent(session):
    create_tables(session, (*CLIENTS[:4], None))
    session.run(
        "DROP TABLE company.calls;"
        "CREATE TABLE company.calls (client integer REFERENCES company.clients,"
        " at date DEFAULT '2024-06-01') PARTITION BY RANGE (at);"
        "CREATE TABLE company.calls_2024 PARTITION OF company.calls"
        " FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
        "CREATE TABLE company.calls_other PARTITION OF company.calls DEFAULT"
    )
    attach(session)
    deploy(session, MODEL, "company.clients", "id")

    complain_in_every_way(session)
    session.run("UPDATE company.calls SET at = '2030-01-01'")
    assert divergences(session, "company.clients") == []

    session.run("INSERT INTO company.calls_2024 VALUES (1)")
    assert [row[:2] for row in divergences(session, "company.clients")] == [
        ("1", "complaint_count")
    ]


def test_a_partitioned_profile_is_scored(session):
    create_tables(session, (*CLIENTS[:4], "at"))
    session.run(
        "DROP TABLE company.calls, company.clients;"
        "CREATE TABLE company.clients (id integer PRIMARY KEY, usage float8, plan text)"
        " PARTITION BY HASH (id);"
        "CREATE TABLE company.even PARTITION OF company.clients"
        " FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE company.odd PARTITION OF company.clients"
        " FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
        "CREATE TABLE company.calls (client integer, at date);"
        "INSERT INTO company.clients SELECT i, i, 'a' FROM generate_series(1, 12) i"
    )
    attach(session)
    deploy(session, MODEL, "company.clients", "id")

    complain_in_every_way(session)


@pytest.mark.parametrize("force", ["ENABLE", "FORCE"])
def test_row_level_security_hides_nobody_from_the_count(session, force):
    create_tables(session)
    session.run(
        "ALTER TABLE company.clients ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE company.clients {force} ROW LEVEL SECURITY;"
        "ALTER TABLE company.calls ENABLE ROW LEVEL SECURITY"
    )
    try:
        with session.savepoint():
            attach(session)
    except psycopg2.Error as error:
        assert "row" in error.diag.message_primary and "security" in str(error)
        return

    session.run("INSERT INTO company.calls VALUES (1), (2)")
    session.run("INSERT INTO company.calls VALUES (1)")
    session.run("DELETE FROM company.calls WHERE client = 2")

    assert session.column(
        "SELECT complaint_count FROM company.clients ORDER BY id LIMIT 2"
    ) == [2, 0]


REFUSALS = {
    "a view": (
        ("company.all_clients", *CLIENTS[1:]),
        "42809",
        "company.all_clients cannot be attached",
    ),
    "a view of complaints": (
        (*CLIENTS[:2], "company.all_calls", *CLIENTS[3:]),
        "42809",
        "company.all_calls cannot be attached",
    ),
    "a temporary table": (
        ("passing", *CLIENTS[1:]),
        "42809",
        "passing cannot be attached",
    ),
    "no table": ((None, *CLIENTS[1:]), "42809", "null cannot be attached"),
    "the same table twice": (
        ("company.clients", "id", "company.clients", "id", None),
        "22023",
        "profile and complaints are the same table",
    ),
    "a key that is not there": (
        ("company.clients", "ID", *CLIENTS[2:]),
        "42703",
        'column "ID" of company.clients does not exist',
    ),
    "no key": (
        ("company.clients", None, *CLIENTS[2:]),
        "42703",
        'column "null" of company.clients does not exist',
    ),
    "a complaint key that is not there": (
        (*CLIENTS[:3], "customer", "at"),
        "42703",
        "column customer of company.calls does not exist",
    ),
    "a time that is not there": (
        (*CLIENTS[:4], "when"),
        "42703",
        'column "when" of company.calls does not exist',
    ),
    "a system column": (
        ("company.clients", "ctid", *CLIENTS[2:]),
        "42703",
        "column ctid of company.clients does not exist",
    ),
    "a key that is not unique": (
        ("company.clients", "usage", *CLIENTS[2:]),
        "22023",
        "column usage of company.clients is not unique",
    ),
    "half of a unique key": (
        ("company.pairs", "a", *CLIENTS[2:]),
        "22023",
        "column a of company.pairs is not unique",
    ),
    "a key that is unique in part": (
        ("company.pairs", "b", *CLIENTS[2:]),
        "22023",
        "column b of company.pairs is not unique",
    ),
    "keys of types that differ": (
        (*CLIENTS[:3], "note", "at"),
        "42804",
        "company.calls.note is text, but company.clients.id is integer",
    ),
    "a time that is none": (
        (*CLIENTS[:4], "note"),
        "42804",
        "company.calls.note is no time",
    ),
    "a table attached already": (
        ("churn.customers", "customer_id", "churn.complaints", "customer_id", None),
        "55000",
        "table churn.customers is already attached",
    ),
}


# What a foreign key of these types is refused for.
UNLIKE = {
    "integer": ["text", "uuid", "numeric", "double precision", "oid", "boolean"],
    "bigint": ["numeric", "real", "varchar(5)"],
    "smallint": ["numeric", "boolean"],
    "uuid": ["text", "bytea"],
    "text": ["integer", "uuid", "date", "bytea"],
    "public.citext": ["text", "varchar(5)", "name"],
    "date": ["text", "time"],
    "inet": ["text", "macaddr"],
    "public.mood": ["text", "public.humour"],
    "int4range": ["integer", "int8range"],
}


@pytest.mark.parametrize(
    "key_type, reference",
    [(key_type, reference) for key_type, ones in UNLIKE.items() for reference in ones],
)
def test_what_a_foreign_key_is_refused_for_is_refused(session, key_type, reference):
    session.run(
        "CREATE EXTENSION citext SCHEMA public; CREATE SCHEMA company;"
        "CREATE TYPE public.mood AS ENUM ('a');"
        "CREATE TYPE public.humour AS ENUM ('a');"
        f"CREATE TABLE company.clients (id {key_type} PRIMARY KEY);"
        f"CREATE TABLE company.calls (client {reference}, at date)"
    )
    by_foreign_key = session.refusal(
        "ALTER TABLE company.calls ADD FOREIGN KEY (client) REFERENCES company.clients"
    )

    refused = session.refusal(ATTACH, *CLIENTS)

    assert by_foreign_key.sqlstate == refused.sqlstate == "42804"
    assert f"company.clients.id is {key_type}" in refused.message
    assert "A foreign key would be refused, too" in refused.detail


@pytest.mark.parametrize("key_type", ["integer[]", "company.pair", "text[]"])
def test_what_has_parts_is_no_key(session, key_type):
    session.run(
        "CREATE SCHEMA company; CREATE TYPE company.pair AS (a integer, b text);"
        f"CREATE TABLE company.clients (id {key_type} PRIMARY KEY);"
        f"CREATE TABLE company.calls (client {key_type}, at date)"
    )

    refused = session.refusal(ATTACH, *CLIENTS)

    assert refused.sqlstate == "42804"
    assert refused.message == "company.clients.id cannot be a key"
    assert refused.detail == f"It is {key_type}."


def test_a_name_that_ignores_case_is_no_key(session):
    session.run(
        "CREATE SCHEMA company; CREATE COLLATION company.loose ("
        "    provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        "CREATE TABLE company.clients (id name COLLATE company.loose PRIMARY KEY);"
        "CREATE TABLE company.calls (client name COLLATE company.loose, at date)"
    )

    refused = session.refusal(ATTACH, *CLIENTS)

    assert refused.message == "company.clients.id cannot be a key"
    assert "nondeterministic" in refused.detail


@pytest.mark.parametrize(
    "key_type, index",
    [
        ("public.citext", "id text_ops"),
        ('text COLLATE company."Loose"', 'id COLLATE "C"'),
    ],
)
def test_a_key_is_unique_as_its_type_compares(session, key_type, index):
    session.run(
        "CREATE EXTENSION citext SCHEMA public; CREATE SCHEMA company;"
        'CREATE COLLATION company."Loose" ('
        " provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        f"CREATE TABLE company.clients (id {key_type});"
        f"CREATE UNIQUE INDEX ON company.clients ({index});"
        f"CREATE TABLE company.calls (client {key_type}, at date)"
    )

    refused = session.refusal(ATTACH, *CLIENTS)

    assert refused.sqlstate == "22023"
    assert refused.message == "column id of company.clients is not unique"


@pytest.mark.parametrize("names, sqlstate, message", REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_attached_is_refused(session, names, sqlstate, message):
    create_tables(session, complaint_columns=", note text")
    session.run(
        "CREATE VIEW company.all_clients AS SELECT * FROM company.clients;"
        "CREATE VIEW company.all_calls AS SELECT * FROM company.calls;"
        "CREATE TEMPORARY TABLE passing (id integer PRIMARY KEY);"
        "CREATE TABLE company.pairs (a integer, b integer, UNIQUE (a, b));"
        "CREATE UNIQUE INDEX ON company.pairs (b) WHERE a > 0"
    )

    refused = session.refusal(ATTACH, *names)

    assert (refused.sqlstate, refused.message) == (sqlstate, message)


@pytest.mark.parametrize(
    "column", ["complaint_count", "last_complaint_at", "churn_score", "churn_scored_at"]
)
def test_a_column_of_our_names_is_not_overwritten(session, column):
    create_tables(session)
    session.run(f"ALTER TABLE company.clients ADD COLUMN {column} text")

    refused = session.refusal(ATTACH, *CLIENTS)

    assert refused.sqlstate == "42701"
    assert refused.message == f"company.clients already has a column {column}"
    assert refused.hint == "Rename or drop the table's own column first."


def test_only_a_superuser_attaches(session):
    create_tables(session)
    session.run(
        "CREATE ROLE pgchurn_test_nobody;"
        "GRANT churn_owner, churn_loader TO pgchurn_test_nobody;"
        "GRANT USAGE ON SCHEMA company TO pgchurn_test_nobody"
    )

    with session.role("pgchurn_test_nobody"):
        refused = session.refusal(ATTACH, *CLIENTS)

    assert refused.sqlstate == "42501"
    assert refused.message == "tables are attached by a superuser"


def test_only_the_owner_roles_may_even_ask(session):
    create_tables(session)
    session.run("GRANT USAGE ON SCHEMA company TO churn_loader")

    with session.role("churn_loader"):
        assert session.refusal(ATTACH, *CLIENTS).sqlstate == "42501"


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_attaching_needs_to_see_what_others_commit(empty_database, level):
    session = empty_database.session()
    create_tables(session)
    session.commit()
    session.run(f"SET TRANSACTION ISOLATION LEVEL {level}")

    refused = session.refusal(ATTACH, *CLIENTS)

    assert refused.sqlstate == "25001"
    assert refused.message == (
        f"tables cannot be attached in a {level.lower()} transaction"
    )
    assert refused.hint == "Use READ COMMITTED."


def test_what_is_refused_leaves_nothing(session):
    create_tables(session, complaint_columns=", note text")
    columns = (
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'company.clients'::regclass"
    )
    before = session.value(columns)

    session.refusal(ATTACH, *CLIENTS[:4], "note")

    assert session.value(columns) == before
    assert session.value("SELECT count(*) FROM churn.attachments") == 1


def test_an_attachment_that_is_rolled_back_leaves_nothing(session):
    create_tables(session)
    with pytest.raises(ZeroDivisionError), session.savepoint():
        attach(session)
        1 / 0

    session.run("INSERT INTO company.calls VALUES (1)")

    assert (
        session.refusal("SELECT * FROM churn.verify('company.clients')").sqlstate
        == "22023"
    )
    attach(session)
    assert divergences(session, "company.clients") == []
