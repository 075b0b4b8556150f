"""Keys are compared as a foreign key compares them, whatever type they are of."""

from typing import NamedTuple

import pytest

from tests.models import deploy, divergences, fit

MODEL = fit({"usage": "number", "complaint_count": "number"})
PROFILE = 'firm."Odd ""Clients"""'
COMPLAINTS = 'firm."it\'s @id@"'
ATTACH = "SELECT churn.attach(%s::regclass, 'the \"key\"s', %s::regclass, 'of whom')"
MARKS = """
    SELECT key FROM churn_internal.pending_profiles
    UNION ALL SELECT key FROM churn_internal.failed_profiles
"""
OWN_TEXTS = f'SELECT "the ""key""s"::text FROM {PROFILE}'
# churn.repair without its commits.
REPAIR = """
    SELECT churn_internal.repair_profiles_2(churn_internal.wrong_profiles(a))
    FROM churn.attachments a WHERE a.attachment_id = 2
"""
BEGIN = "SELECT churn_internal.begin_rescoring(%s::regclass, true)"
WORK = "SELECT scored, failed FROM churn.work()"
TYPES = """
    CREATE SCHEMA ext; CREATE SCHEMA firm;
    CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION isn SCHEMA ext;
    CREATE EXTENSION ltree SCHEMA ext;
    CREATE TYPE firm."Odd ""Mood" AS ENUM ('well', 'unwell', 'so so');
    CREATE TYPE firm.pair AS (a integer, b text);
    CREATE DOMAIN firm.address AS ext.citext CHECK (VALUE LIKE '%@%');
    CREATE DOMAIN firm.inner_number AS bigint NOT NULL CHECK (VALUE > 0);
    CREATE DOMAIN firm."Number" AS firm.inner_number;
    CREATE COLLATION firm."Loose" (
        provider = icu, locale = 'und-u-ks-level2', deterministic = false
    );
    CREATE COLLATION firm.other (provider = icu, locale = 'de');
"""


class Keys(NamedTuple):
    """The types of a key and of what refers to it, and values of theirs.

    The key of a first customer, what complaints call it, that of a second customer, and
    what complaints call nobody's.
    """

    key: str
    reference: str
    first: str
    spellings: tuple
    second: str
    nobody: str


KEYS = {
    "citext": Keys(
        "ext.citext", "ext.citext", "Ann", ("ann", "ANN", "Ann"), "bob", "Eve"
    ),
    "a domain over citext": Keys(
        "firm.address", "firm.address", "Ann@x", ("ann@X", "ANN@x"), "bob@x", "eve@x"
    ),
    "a domain and citext": Keys(
        "firm.address", "ext.citext", "Ann@x", ("ann@X", "ANN@x"), "bob@x", "nobody"
    ),
    "text and citext": Keys("text", "ext.citext", "Ann", ("Ann", "Ann"), "ann", "aNN"),
    "a nondeterministic collation": Keys(
        *('text COLLATE firm."Loose"', 'text COLLATE firm."Loose"'),
        *("Ann", ("ann", "ANN", "Ann"), "bob", "Eve"),
    ),
    "a collation": Keys(
        *('text COLLATE "en-x-icu"', 'text COLLATE "en-x-icu"'),
        *("ann", ("ann", "ann"), "Ann", "Eve"),
    ),
    "two collations": Keys(
        *('text COLLATE "en-x-icu"', 'varchar(9) COLLATE "C"'),
        *("ann", ("ann", "ann"), "Ann", "Eve"),
    ),
    "collations of which one is the company's": Keys(
        *('text COLLATE "C"', "text COLLATE firm.other"),
        *("ann", ("ann", "ann"), "Ann", "Eve"),
    ),
    "char": Keys("char(6)", "text", "ann", ("ann", "ann  "), "Ann", "Eve"),
    "varchar": Keys("varchar(9)", "text", "ann", ("ann",), "Ann", "e" * 99),
    "name": Keys("name", "text", "a" * 63, ("a" * 63,), "Ann", "a" * 70),
    "text and name": Keys("text", "name", "ann", ("ann",), "a" * 70, "Eve"),
    "numeric": Keys("numeric", "numeric", "1.0", ("1.00", "1", "1.0"), "2", "2.5"),
    "numeric and integer": Keys("numeric", "integer", "1.0", ("1",), "2.00", "3"),
    "integer and bigint": Keys(
        "integer", "bigint", "1", ("1", "1"), "2", "9223372036854775807"
    ),
    "smallint and integer": Keys("smallint", "integer", "1", ("1",), "2", "99999"),
    "bigint and smallint": Keys(
        "bigint", "smallint", "1", ("1",), "9223372036854775807", "3"
    ),
    "a domain over bigint": Keys('firm."Number"', "bigint", "1", ("1",), "2", "-3"),
    "bigint and a domain": Keys("bigint", 'firm."Number"', "1", ("1",), "2", "3"),
    "oid and integer": Keys("oid", "integer", "1", ("1",), "2", "3"),
    "real and double precision": Keys(
        "real", "float8", "0.5", ("0.5", "5e-1"), "0.1", "0.1"
    ),
    "double precision and real": Keys("float8", "real", "0.5", ("0.5",), "2", "0.1"),
    "date and timestamp": Keys(
        *("date", "timestamp", "2026-01-31", ("2026-01-31",)),
        *("2026-02-01", "2026-01-31 12:00"),
    ),
    "timestamp and date": Keys(
        *("timestamp", "date", "2026-01-31", ("2026-01-31",)),
        *("2026-02-01 12:00", "2026-03-01"),
    ),
    "timestamptz": Keys(
        *("timestamptz", "timestamptz", "2026-01-31 12:00+00"),
        *(("2026-01-31 13:00+01", "2026-01-31 07:00-05"), "2026-02-01", "2026-03-01"),
    ),
    "interval": Keys(
        "interval", "interval", "1 day", ("24:00:00", "1 day"), "2 days", "3 days"
    ),
    "uuid": Keys(
        *("uuid", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}"),
        "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    "inet": Keys("inet", "inet", "10.0.0.1", ("10.0.0.1/32",), "::1", "10.0.0.2"),
    "inet and cidr": Keys(
        "inet", "cidr", "10.0.0.0/8", ("10.0.0.0/8",), "10.0.0.1", "11.0.0.0/8"
    ),
    "an enum": Keys(
        *('firm."Odd ""Mood"', 'firm."Odd ""Mood"'),
        *("well", ("well", "well"), "unwell", "so so"),
    ),
    "a range": Keys("int4range", "int4range", "[1,3)", ("[1,2]",), "[3,4)", "[5,6)"),
    "ltree": Keys("ext.ltree", "ext.ltree", "a.b", ("a.b",), "a.c", "a"),
    "isn": Keys(
        *("ext.isbn13", "ext.isbn13", "978-0-393-04002-9"),
        *(("9780393040029", "978-0393040029"), "978-0-11-000222-4", "9780140449136"),
    ),
    "ean and isbn": Keys(
        *("ext.ean13", "ext.isbn13", "978-0-393-04002-9", ("9780393040029",)),
        *("978-0-11-000222-4", "9780140449136"),
    ),
    "isbn and ean": Keys(
        *("ext.isbn13", "ext.ean13", "978-0-393-04002-9", ("9780393040029",)),
        *("978-0-11-000222-4", "4006381333931"),
    ),
    "bytea": Keys("bytea", "bytea", r"\x61", ("a",), r"\x62", r"\x63"),
    "bit": Keys("bit(3)", "bit(3)", "101", ("101",), "111", "000"),
    "boolean": Keys("boolean", "boolean", "t", ("yes", "true"), "f", None),
}


@pytest.fixture(scope="module")
def types(module_empty_database):
    session = module_empty_database.session()
    session.run(TYPES)
    session.commit()
    yield session
    session.close()


@pytest.fixture(scope="module", params=KEYS.values(), ids=KEYS)
def keys(request):
    return request.param


@pytest.fixture(scope="module")
def attached(types, keys):
    """Attach tables with such keys, whose foreign key PostgreSQL accepts."""
    types.run(
        f"""
        CREATE TABLE {PROFILE} (
            "the ""key""s" {keys.key} PRIMARY KEY, usage float8 DEFAULT 5,
            number integer
        );
        CREATE TABLE {COMPLAINTS} (number serial, "of whom" {keys.reference});
        CREATE INDEX ON {COMPLAINTS} ("of whom");
        ALTER TABLE {COMPLAINTS} ADD CONSTRAINT strict
            FOREIGN KEY ("of whom") REFERENCES {PROFILE};
        -- Which refuses what is nobody's.
        ALTER TABLE {COMPLAINTS} DROP CONSTRAINT strict
        """
    )
    types.run(
        f"INSERT INTO {PROFILE} SELECT k::{keys.key}, 5, n"
        " FROM unnest(%s::text[]) WITH ORDINALITY c (k, n)",
        [keys.first, keys.second],
    )
    types.run(ATTACH, PROFILE, COMPLAINTS)
    deploy(types, MODEL, PROFILE, 'the "key"s')
    yield types
    types.rollback()


@pytest.fixture
def company(attached):
    attached.run("SAVEPOINT attached")
    yield attached
    attached.run("ROLLBACK TO SAVEPOINT attached")


def complain(session, keys, *spelled):
    """Insert complaints in one statement."""
    session.run(
        f'INSERT INTO {COMPLAINTS} ("of whom")'
        f" SELECT k::{keys.reference} FROM unnest(%s::text[]) k",
        list(spelled),
    )


def counts(session):
    """Return how many complaints the first and the second customer have."""
    return session.column(f"SELECT complaint_count FROM {PROFILE} ORDER BY number")


def own_text(session):
    """Return the first customer's key as the profile spells it."""
    return session.value(f'SELECT "the ""key""s"::text FROM {PROFILE} WHERE number = 1')


def bypass(session, statement):
    """Run a statement that no trigger sees."""
    session.run("SET LOCAL session_replication_role = replica")
    session.run(statement)
    session.run("RESET session_replication_role")


def test_each_complaint_counts_however_it_spells_the_key(company, keys):
    expected = 0
    for spelled in keys.spellings:
        complain(company, keys, spelled)
        complain(company, keys, *keys.spellings, keys.nobody)
        expected += 1 + len(keys.spellings)
        assert counts(company) == [expected, 0]
    complain(company, keys, keys.nobody)
    company.run(f"DELETE FROM {COMPLAINTS} WHERE number = 1")
    assert counts(company) == [expected - 1, 0]
    assert divergences(company, PROFILE) == []

    move = f'UPDATE {COMPLAINTS} SET "of whom" = %s::{keys.reference} WHERE number = 2'
    company.run(move, keys.nobody)
    assert counts(company) == [expected - 2, 0]
    company.run(move, keys.spellings[-1])
    assert counts(company) == [expected - 1, 0]
    assert divergences(company, PROFILE) == []


def test_complaints_from_before_attaching_and_before_the_profile_count(company, keys):
    complain(company, keys, *keys.spellings, keys.nobody)
    company.run("SELECT churn.detach(%s::regclass)", PROFILE)

    company.run(ATTACH, PROFILE, COMPLAINTS)
    assert counts(company) == [len(keys.spellings), 0]
    company.run(
        f"CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM {PROFILE};"
        f"DELETE FROM {PROFILE}; INSERT INTO {PROFILE} SELECT * FROM kept"
    )

    assert counts(company) == [len(keys.spellings), 0]
    assert divergences(company, PROFILE) == []


def test_whoever_waits_is_marked_once_by_the_text_of_the_profile(company, keys):
    company.run("SELECT churn.set_scoring_mode(%s, 'queued')", PROFILE)
    complain(company, keys, keys.spellings[0])
    complain(company, keys, *keys.spellings, keys.nobody)
    complain(company, keys, keys.nobody)
    assert company.column(MARKS) == [own_text(company)]
    assert company.run(WORK) == [(1, 0)]
    assert company.column(MARKS) == []

    # One without a score is marked in another table.
    bypass(company, f"UPDATE {PROFILE} SET churn_score = NULL WHERE number = 1")
    complain(company, keys, keys.spellings[-1])
    assert company.column(MARKS) == [own_text(company)]
    company.run(REPAIR)
    assert company.column(MARKS) == []
    assert divergences(company, PROFILE) == []

    complain(company, keys, *keys.spellings)
    company.run(f"DELETE FROM {PROFILE}")
    assert company.run(WORK) == [(0, 0)]
    assert company.column(MARKS) == []


def test_whoever_fails_is_marked_once_by_the_text_of_the_profile(company, keys):
    bypass(company, f"UPDATE {PROFILE} SET usage = 'infinity' WHERE number = 1")

    complain(company, keys, keys.spellings[0])
    complain(company, keys, *keys.spellings)

    assert company.run("SELECT key, failures FROM churn_internal.failed_profiles") == [
        (own_text(company), 2)
    ]
    assert company.run(
        "SELECT customers, waiting FROM churn.health WHERE failures > 0"
    ) == [(1, 1)]
    bypass(company, f"UPDATE {PROFILE} SET usage = 1 WHERE number = 1")
    company.run(REPAIR)
    assert company.column(MARKS) == []
    assert divergences(company, PROFILE) == []


def test_what_bypassed_the_triggers_is_found_and_mended(company, keys):
    company.run("SET LOCAL session_replication_role = replica")
    complain(company, keys, *keys.spellings, keys.nobody)
    company.run("RESET session_replication_role")

    assert divergences(company, PROFILE) == [
        (own_text(company), "complaint_count", "0", str(len(keys.spellings)))
    ]
    company.run(REPAIR)
    assert divergences(company, PROFILE) == []
    assert counts(company) == [len(keys.spellings), 0]

    bypass(company, f"UPDATE {PROFILE} SET churn_score = 0")
    run = company.value(BEGIN, PROFILE)
    for _ in range(4):
        company.run("SELECT * FROM churn_internal.rescore_batch(%s, 1, NULL)", run)
    assert divergences(company, PROFILE) == []


def test_scores_are_stored_elsewhere_and_forgotten_by_the_key(company, keys):
    company.run("SELECT churn.set_prediction_log(%s, 1)", PROFILE)
    company.run("SELECT churn.set_outbox(%s, 'every')", PROFILE)

    complain(company, keys, keys.spellings[0])
    complain(company, keys, *keys.spellings)

    twice = [own_text(company)] * 2
    assert company.column("SELECT key FROM churn.predictions") == twice
    assert company.column("SELECT key FROM churn.outbox") == twice
    assert company.run(
        "SELECT relation::text, rows"
        f" FROM churn.forget(%s, (%s::{keys.reference})::text)",
        PROFILE,
        keys.spellings[0],
    ) == [("churn.predictions", 2), ("churn.outbox", 2)]
