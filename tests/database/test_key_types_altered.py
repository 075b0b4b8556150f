"""What keys are of gets another name, schema or type while tables are attached."""

import pytest

from tests.models import divergences

ATTACH = "SELECT churn.attach('firm.clients', 'id', 'firm.calls', 'client')"
PROFILE = "SELECT profile::text FROM churn.attachments WHERE attachment_id = 2"
TABLES = """
    CREATE SCHEMA firm; CREATE SCHEMA ext; CREATE SCHEMA "else ""where";
    CREATE EXTENSION citext SCHEMA ext;
    CREATE TYPE ext.mood AS ENUM ('a', 'b');
    CREATE DOMAIN ext.account_no AS text;
    CREATE COLLATION ext.loose (
        provider = icu, locale = 'und-u-ks-level2', deterministic = false
    );
    CREATE TABLE firm.clients (id {0} PRIMARY KEY) {1};
    CREATE TABLE firm.calls (client {0});
    CREATE INDEX ON firm.calls (client)
"""
PARTITIONED = """
    PARTITION BY HASH (id);
    CREATE TABLE firm.one PARTITION OF firm.clients
        FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE firm.other PARTITION OF firm.clients
        FOR VALUES WITH (MODULUS 2, REMAINDER 1)
"""
ALTERED = {
    "an extension moves": (
        "ext.citext",
        'ALTER EXTENSION citext SET SCHEMA "else ""where"',
    ),
    "a schema is renamed": ("ext.citext", 'ALTER SCHEMA ext RENAME TO "ex"" t"'),
    "a type is renamed": ("ext.mood", 'ALTER TYPE ext.mood RENAME TO "moo d"'),
    "a type moves": ("ext.mood", 'ALTER TYPE ext.mood SET SCHEMA "else ""where"'),
    "a type grows": ("ext.mood", "ALTER TYPE ext.mood ADD VALUE 'c'"),
    "a domain is renamed": (
        "ext.account_no",
        'ALTER DOMAIN ext.account_no RENAME TO "account number"',
    ),
    "a domain moves": (
        "ext.account_no",
        'ALTER DOMAIN ext.account_no SET SCHEMA "else ""where"',
    ),
    "a collation is renamed": (
        "text COLLATE ext.loose",
        'ALTER COLLATION ext.loose RENAME TO "loo se"',
    ),
    "a collation moves": (
        "text COLLATE ext.loose",
        'ALTER COLLATION ext.loose SET SCHEMA "else ""where"',
    ),
    "an operator moves": (
        "ext.citext",
        'ALTER OPERATOR ext.= (ext.citext, ext.citext) SET SCHEMA "else ""where"',
    ),
    "a table is renamed as an index": (
        "integer",
        'ALTER INDEX firm.clients RENAME TO "cli ents"',
    ),
}


def complain_in_both_modes(session, profile="firm.clients"):
    """Let complaints come by each path, and work off the queue."""
    for mode in ("inline", "queued"):
        session.run("SELECT churn.set_scoring_mode(%s::regclass, %s)", profile, mode)
        session.run(f"INSERT INTO firm.calls SELECT id FROM {profile} LIMIT 1")
        session.run(f"INSERT INTO firm.calls SELECT id FROM {profile}")
        session.run(
            "DELETE FROM firm.calls WHERE ctid = (SELECT min(ctid) FROM firm.calls)"
        )
        session.run(f"UPDATE {profile} SET complaint_count = 9")
        session.run("SELECT * FROM churn.work()")
    assert divergences(session, profile) == []
    assert session.value(
        f"SELECT sum(complaint_count) FROM {profile}"
    ) == session.value("SELECT count(*) FROM firm.calls")


@pytest.mark.parametrize("partitions", ["", PARTITIONED], ids=["plain", "partitioned"])
@pytest.mark.parametrize("key_type, altered", ALTERED.values(), ids=ALTERED)
def test_complaints_go_on_when(bare, key_type, altered, partitions):
    bare.run(TABLES.format(key_type, partitions))
    keys = "('1'), ('2')" if key_type == "integer" else "('a'), ('b')"
    bare.run(f"INSERT INTO firm.clients VALUES {keys}")
    bare.run(ATTACH)
    bare.run("INSERT INTO firm.calls SELECT id FROM firm.clients")

    bare.run(altered)

    complain_in_both_modes(bare, bare.value(PROFILE))


def test_an_owner_of_a_type_who_may_not_grant_is_told_what_to_grant(bare):
    bare.run(TABLES.format("ext.citext", ""))
    bare.run(ATTACH)
    bare.run(
        "CREATE ROLE pgchurn_test_company;"
        "CREATE ROLE pgchurn_test_other; CREATE SCHEMA theirs;"
        "ALTER SCHEMA theirs OWNER TO pgchurn_test_other;"
        "GRANT ALL ON SCHEMA theirs TO pgchurn_test_company;"
        "ALTER DOMAIN ext.account_no OWNER TO pgchurn_test_company;"
        "ALTER TYPE ext.mood OWNER TO pgchurn_test_company;"
        "GRANT ALL ON SCHEMA ext, firm TO pgchurn_test_company;"
        "CREATE TABLE firm.users (id ext.mood PRIMARY KEY);"
        "CREATE TABLE firm.mails (id ext.mood);"
        "SELECT churn.attach('firm.users', 'id', 'firm.mails', 'id')"
    )

    with bare.role("pgchurn_test_company"):
        refused = bare.refusal("ALTER TYPE ext.mood SET SCHEMA theirs")
        bare.run("ALTER DOMAIN ext.account_no SET SCHEMA theirs")

    assert refused.sqlstate == "42501"
    assert refused.message == "pgchurn may not use schema theirs"
    assert "GRANT USAGE ON SCHEMA theirs TO churn_owner" in refused.hint


def test_nothing_is_granted_for_what_no_attached_table_needs(bare):
    bare.run(TABLES.format("ext.citext", ""))
    bare.run(ATTACH)

    bare.run('ALTER TYPE ext.mood SET SCHEMA "else ""where"')

    assert not bare.value(
        """SELECT has_schema_privilege('churn_owner', 'else "where', 'USAGE')"""
    )


def test_detaching_takes_back_the_schema_of_the_key_s_type(bare):
    bare.run(TABLES.format("ext.citext", ""))
    bare.run(ATTACH)
    usable = "SELECT has_schema_privilege('churn_owner', 'ext', 'USAGE')"
    assert bare.value(usable)

    bare.run("SELECT churn.detach('firm.clients')")

    assert not bare.value(usable)


def test_altering_another_type_does_not_touch_the_attachment(bare):
    bare.run(TABLES.format("ext.citext", ""))
    bare.run(ATTACH)
    functions = "SELECT xmin::text FROM pg_proc WHERE proname = 'write_profiles_2'"
    before = bare.value(functions)
    bare.run("SAVEPOINT another_transaction_id")

    bare.run(
        "ALTER TYPE ext.mood RENAME TO humour; CREATE SCHEMA x;"
        "ALTER SCHEMA x RENAME TO y; ALTER COLLATION ext.loose RENAME TO looser"
    )

    assert bare.value(functions) == before


def test_columns_on_the_way_to_another_type_go_on_with_a_warning(bare):
    bare.run(TABLES.format("bigint", ""))
    bare.run("INSERT INTO firm.clients VALUES (1), (2)")
    bare.run(ATTACH)
    bare.take_notices()

    bare.run("ALTER TABLE firm.clients ALTER id TYPE text")

    assert (
        "firm.calls.client is bigint, but firm.clients.id is text"
        in bare.take_notices()
    )
    bare.run("INSERT INTO firm.calls VALUES (1)")
    bare.run("INSERT INTO firm.calls VALUES (1), (2)")
    assert divergences(bare, "firm.clients") == []
    bare.run("ALTER TABLE firm.calls ALTER client TYPE text")
    assert bare.take_notices() == ""
    complain_in_both_modes(bare)


def test_a_reference_that_becomes_wider_loses_no_complaint(bare):
    bare.run(TABLES.format("integer", ""))
    bare.run("INSERT INTO firm.clients VALUES (1), (2)")
    bare.run(ATTACH)

    bare.run("ALTER TABLE firm.calls ALTER client TYPE bigint")

    bare.run("INSERT INTO firm.calls VALUES (9000000000)")
    bare.run("INSERT INTO firm.calls VALUES (9000000000), (1)")
    bare.run("DELETE FROM firm.calls WHERE client > 1")
    assert bare.column("SELECT complaint_count FROM firm.clients ORDER BY id") == [1, 0]


def test_types_that_cannot_be_cast_are_refused_with_a_way_out(bare):
    bare.run(TABLES.format("integer", ""))
    bare.run(ATTACH)

    refused = bare.refusal(
        "ALTER TABLE firm.calls ALTER client TYPE uuid USING gen_random_uuid()"
    )

    assert refused.sqlstate == "42804"
    assert refused.message == (
        "firm.calls.client is uuid, but firm.clients.id is integer"
    )
    assert "churn.detach" in refused.hint
