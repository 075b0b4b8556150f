import psycopg2
import pytest

from tests.models import (
    KINDS,
    assert_fresh,
    default_model,
    deploy,
    divergences,
    fit,
)

MODEL = default_model()
COMPLAIN = "INSERT INTO churn.complaints (customer_id) VALUES (1), (3)"
COMPLAIN_ONCE = "INSERT INTO churn.complaints (customer_id) VALUES (1)"


@pytest.mark.parametrize(
    "column",
    [
        "extra integer",
        "extra integer DEFAULT 7",
        "extra text DEFAULT 'x'",
        "extra date",
        "extra jsonb",
        "extra boolean",
        'extra "char"',
        "extra integer[]",
        '"it\'s 100% ""mine"" @id@ \\ :x ?" integer DEFAULT 1',
        '"$function$" integer DEFAULT 1',
        '"$template$" text',
    ],
)
def test_scoring_goes_on_with_a_column_more(session, column):
    session.run(f"ALTER TABLE churn.customers ADD COLUMN {column}")

    session.run(COMPLAIN)
    session.run(COMPLAIN_ONCE)

    assert_fresh(session, MODEL)
    assert session.value("SELECT churn.score_customer(1)") > 0


def test_scoring_goes_on_without_a_column_that_the_model_does_not_read(session):
    session.run("ALTER TABLE churn.customers DROP COLUMN region, DROP COLUMN churned")

    session.run(COMPLAIN)

    assert_fresh(session, MODEL)


def test_a_generated_column_that_follows_the_count_is_no_stale_feature(session):
    session.run(
        "ALTER TABLE churn.customers ADD COLUMN twice integer"
        " GENERATED ALWAYS AS (complaint_count * 2) STORED"
    )
    model = fit({**KINDS, "twice": "number"})
    deploy(session, model)

    session.run(COMPLAIN)
    assert_fresh(session, model)
    session.run(COMPLAIN_ONCE)
    assert_fresh(session, model)


def test_a_renamed_feature_is_missing_by_name(session):
    session.run("ALTER TABLE churn.customers RENAME monthly_charges TO monthly_charge")

    refused = session.refusal("SELECT churn.score(c) FROM churn.customers c")

    assert refused.sqlstate == "42703"
    assert refused.message == 'feature "monthly_charges" is missing from the profile'
    assert refused.hint == (
        'Perhaps "monthly_charge" was meant. '
        "The model needs it under exactly this name."
    )


@pytest.mark.parametrize("complain", [COMPLAIN, COMPLAIN_ONCE])
def test_a_missing_feature_keeps_complaints_with_a_warning(session, complain):
    session.run("ALTER TABLE churn.customers DROP COLUMN contract")
    session.take_notices()

    session.run(complain)

    assert 'feature "contract" is missing from the profile' in session.take_notices()
    assert {row[1] for row in divergences(session)} == {"churn_score"}


def test_a_missing_feature_refuses_complaints_where_the_company_wants_that(session):
    session.run("SELECT churn.set_on_error('churn.customers', 'raise')")
    session.run("ALTER TABLE churn.customers DROP COLUMN contract")

    for complain in (COMPLAIN, COMPLAIN_ONCE):
        assert session.refusal(complain).sqlstate == "42703"


def test_a_feature_renamed_back_is_found_again(session):
    session.run("ALTER TABLE churn.customers RENAME age TO years")
    assert session.refusal("SELECT churn.score_customer(1)").sqlstate == "42703"
    session.run("ALTER TABLE churn.customers RENAME years TO age")

    session.run(COMPLAIN)

    assert_fresh(session, MODEL)


def test_two_features_that_swap_names_are_read_by_name(session):
    session.run(
        "ALTER TABLE churn.customers RENAME age TO held;"
        "ALTER TABLE churn.customers ALTER data_usage_gb TYPE integer;"
        "ALTER TABLE churn.customers RENAME data_usage_gb TO age;"
        "ALTER TABLE churn.customers RENAME held TO data_usage_gb"
    )

    session.run("UPDATE churn.customers SET churn_score = 0")

    assert_fresh(session, MODEL)


@pytest.mark.parametrize(
    "retyped",
    [
        "age TYPE bigint",
        "age TYPE smallint",
        "age TYPE numeric",
        "age TYPE real",
        "monthly_charges TYPE integer",
        "monthly_charges TYPE double precision",
        "contract TYPE varchar(40)",
        "contract TYPE name",
        "complaint_count TYPE bigint",
        "churn_model_version TYPE integer",
    ],
)
def test_a_feature_retyped_within_its_kind_goes_on(session, retyped):
    session.run(f"ALTER TABLE churn.customers ALTER COLUMN {retyped}")

    session.run("UPDATE churn.customers SET churn_score = 0")
    session.run(COMPLAIN)
    session.run(COMPLAIN_ONCE)

    assert_fresh(session, MODEL)


def test_a_feature_retyped_to_another_kind_is_named(session):
    session.run("ALTER TABLE churn.customers ALTER COLUMN age TYPE text")

    refused = session.refusal("SELECT churn.score_customer(1)")

    assert refused.sqlstate == "42804"
    assert refused.message == (
        'feature "age" is a number in the model, but not in the profile'
    )
    assert refused.hint


def test_a_text_feature_can_become_an_enum_and_a_domain(session):
    session.run(
        "CREATE SCHEMA kinds;"
        'CREATE TYPE kinds."Contract" AS ENUM'
        " ('month to month', 'one year', 'two year');"
        "CREATE DOMAIN kinds.term AS text CHECK (VALUE <> 'never')"
    )
    session.run(
        "ALTER TABLE churn.customers ALTER contract"
        ' TYPE kinds."Contract" USING contract::kinds."Contract"'
    )
    session.run(COMPLAIN)
    assert_fresh(session, MODEL)

    session.run(
        "ALTER TABLE churn.customers ALTER contract"
        " TYPE kinds.term USING contract::text"
    )
    session.run(COMPLAIN)
    assert_fresh(session, MODEL)


def test_a_column_that_goes_with_its_type_is_followed(session):
    session.run(
        "CREATE TYPE public.mood AS ENUM ('well', 'unwell');"
        "ALTER TABLE churn.customers ADD COLUMN mood public.mood"
    )

    session.run("DROP TYPE public.mood CASCADE")

    session.run(COMPLAIN)
    session.run(COMPLAIN_ONCE)
    assert_fresh(session, MODEL)


@pytest.mark.parametrize(
    "altered",
    [
        'ALTER TABLE churn.customers RENAME TO "Our Clients"',
        'ALTER TABLE churn.complaints RENAME TO "it\'s""@id@"',
        "ALTER TABLE churn.complaints SET (fillfactor = 90)",
        "ALTER TABLE churn.complaints DROP COLUMN subject",
        "ALTER TABLE churn.complaints ALTER customer_id TYPE integer",
        "ALTER TABLE churn.complaints ALTER complained_at TYPE timestamptz(0)",
        "ALTER TABLE churn.customers ADD CHECK (complaint_count >= 0)",
    ],
)
def test_the_tables_can_be_altered_otherwise(session, altered):
    session.run(altered)

    complaints = session.value("SELECT complaints::text FROM churn.attachments")
    profile = session.value("SELECT profile::text FROM churn.attachments")
    session.run(f"INSERT INTO {complaints} (customer_id) VALUES (1), (3)")
    session.run(f"INSERT INTO {complaints} (customer_id) VALUES (1)")
    session.run(f"DELETE FROM {complaints} WHERE customer_id = 3")
    session.run(f"UPDATE {profile} SET age = 33")

    assert_fresh(session, MODEL, profile)


def test_a_move_to_a_schema_that_pgchurn_may_not_use_says_what_to_grant(session):
    session.run(
        "CREATE SCHEMA archive; CREATE ROLE pgchurn_test_company;"
        "GRANT ALL ON SCHEMA archive, churn TO pgchurn_test_company;"
        "ALTER TABLE churn.complaints OWNER TO pgchurn_test_company"
    )

    with session.role("pgchurn_test_company"):
        refused = session.refusal("ALTER TABLE churn.complaints SET SCHEMA archive")

    assert refused.sqlstate == "42501"
    assert "GRANT USAGE ON SCHEMA archive TO churn_owner" in refused.hint


def test_a_table_can_move_to_another_schema(session):
    session.run("CREATE SCHEMA archive")
    session.run("ALTER TABLE churn.complaints SET SCHEMA archive")
    session.run("ALTER TABLE churn.customers SET SCHEMA archive")

    session.run("INSERT INTO archive.complaints (customer_id) VALUES (1), (3)")
    session.run("INSERT INTO archive.complaints (customer_id) VALUES (1)")
    session.run("UPDATE archive.customers SET age = 33")

    assert_fresh(session, MODEL, "archive.customers")


@pytest.mark.parametrize("type_", ["integer", "numeric", "text"])
def test_a_key_that_is_retyped_works_on_or_is_refused_with_a_way_out(session, type_):
    session.run(
        "ALTER TABLE churn.complaints DROP CONSTRAINT complaints_customer_id_fkey;"
        "ALTER TABLE churn.customers ALTER customer_id DROP IDENTITY"
    )
    alter = f"ALTER TABLE churn.customers ALTER customer_id TYPE {type_}"
    try:
        with session.savepoint():
            session.run(alter)
    except psycopg2.Error as error:
        assert "churn.detach" in (error.diag.message_hint or "")
        return

    session.run(f"ALTER TABLE churn.complaints ALTER customer_id TYPE {type_}")
    session.run(COMPLAIN.replace("1", "'1'").replace("3", "'3'"))
    assert_fresh(session, MODEL)
    session.run("SELECT churn.detach('churn.customers')")


REFUSED = [
    ("churn.customers", "RENAME customer_id TO id", "customer_id"),
    ("churn.complaints", "RENAME customer_id TO client_id", "customer_id"),
    ("churn.complaints", "RENAME complained_at TO at", "complained_at"),
    ("churn.complaints", "DROP COLUMN complained_at", "complained_at"),
    ("churn.complaints", "DROP COLUMN customer_id", "customer_id"),
    ("churn.customers", "DROP COLUMN customer_id CASCADE", "customer_id"),
    ("churn.customers", "DROP COLUMN complaint_count", "complaint_count"),
    ("churn.customers", "DROP COLUMN last_complaint_at", "last_complaint_at"),
    ("churn.customers", "RENAME churn_score TO score", "churn_score"),
    ("churn.customers", "DROP COLUMN churn_model_version", "churn_model_version"),
    ("churn.customers", "DROP COLUMN churn_scored_at", "churn_scored_at"),
]


@pytest.mark.parametrize("table, change, column", REFUSED)
def test_what_the_attachment_stands_on_stays(session, table, change, column):
    refused = session.refusal(f"ALTER TABLE {table} {change}")

    assert refused.sqlstate == "2BP01"
    assert refused.message == (
        f"column {column} of {table} is needed by pgchurn under this name"
    )
    assert refused.hint == (
        "Call churn.detach('churn.customers') before, and churn.attach after."
    )
    session.run(COMPLAIN)
    assert_fresh(session, MODEL)


@pytest.mark.parametrize(
    "drop",
    [
        "DROP TABLE churn.complaints",
        "DROP TABLE churn.customers CASCADE",
        "DROP TABLE churn.customers, churn.complaints CASCADE",
    ],
)
def test_an_attached_table_is_not_dropped(session, drop):
    refused = session.refusal(drop)

    assert refused.sqlstate == "2BP01"
    assert "because it is attached" in refused.message
    assert "churn.detach" in refused.hint
    session.run(COMPLAIN)
    assert_fresh(session, MODEL)


def test_once_detached_everything_goes(session):
    session.run("DROP FUNCTION churn.score_customer")
    session.run("SELECT churn.detach('churn.customers')")

    session.run("ALTER TABLE churn.customers RENAME customer_id TO id")
    session.run("DROP TABLE churn.complaints, churn.customers")


def test_an_alteration_that_is_rolled_back_leaves_nothing(session):
    session.run(COMPLAIN)
    session.run("SAVEPOINT before_it")
    session.run(
        "ALTER TABLE churn.customers DROP COLUMN contract, ADD COLUMN zone integer"
    )
    session.run(COMPLAIN)
    session.run("ROLLBACK TO SAVEPOINT before_it")

    session.run(COMPLAIN)
    session.run(COMPLAIN_ONCE)
    session.run("UPDATE churn.customers SET age = 44")

    assert_fresh(session, MODEL)


def test_altering_other_tables_does_not_touch_the_attachment(session):
    functions = "SELECT xmin::text FROM pg_proc WHERE proname = 'write_profiles_1'"
    before = session.value(functions)
    session.run("CREATE TABLE public.other (id integer)")

    session.run("ALTER TABLE public.other ADD COLUMN x text")
    session.run("DROP TABLE public.other")

    assert session.value(functions) == before


def test_an_owner_who_is_no_superuser_can_alter_the_table(session):
    session.run(
        "CREATE ROLE pgchurn_test_company; CREATE SCHEMA company;"
        "GRANT ALL ON SCHEMA company TO pgchurn_test_company;"
        "CREATE TABLE company.clients (id integer PRIMARY KEY, age integer);"
        "CREATE TABLE company.calls (client integer, at date);"
        "SELECT churn.attach("
        "'company.clients', 'id', 'company.calls', 'client', 'at');"
        "ALTER TABLE company.clients OWNER TO pgchurn_test_company;"
        "ALTER TABLE company.calls OWNER TO pgchurn_test_company"
    )

    with session.role("pgchurn_test_company"):
        session.run("ALTER TABLE company.clients ADD COLUMN weight real")
        session.run("INSERT INTO company.clients (id) VALUES (1), (2)")
        session.run("INSERT INTO company.calls VALUES (1), (1), (2)")
        session.run("ALTER TABLE company.clients RENAME TO patients")
        session.run("INSERT INTO company.calls VALUES (1)")
        refused = session.refusal("DROP TABLE company.calls")

    assert refused.sqlstate == "2BP01"
    assert session.column(
        "SELECT complaint_count FROM company.patients ORDER BY id"
    ) == [3, 1]


def test_a_schema_can_be_renamed(session):
    session.run(
        "CREATE SCHEMA before; CREATE TABLE before.clients (id integer PRIMARY KEY);"
        "CREATE TABLE before.calls (client integer, at date);"
        "SELECT churn.attach('before.clients', 'id', 'before.calls', 'client', 'at');"
        'ALTER SCHEMA before RENAME TO "after @id@"'
    )

    session.run('INSERT INTO "after @id@".clients VALUES (1)')
    session.run('INSERT INTO "after @id@".calls VALUES (1)')

    assert session.value('SELECT complaint_count FROM "after @id@".clients') == 1


@pytest.mark.parametrize("tag", ["function", "template", "body", "python"])
def test_a_hostile_column_name_runs_nothing_as_the_owner(session, tag):
    hostile = f"x${tag}$;SET churn.taken=1;SELECT ${tag}$"
    # Any owner of a table can say so.
    session.run("SET LOCAL check_function_bodies = off")

    try:
        with session.savepoint():
            session.run(f'ALTER TABLE churn.customers ADD COLUMN "{hostile}" integer')
            assert session.value("SELECT current_setting('churn.taken', true)") != "1"
    except psycopg2.Error:
        pass

    session.run(COMPLAIN)
    assert_fresh(session, MODEL)


@pytest.mark.parametrize("state", ["DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA"])
def test_a_trigger_stays_as_somebody_set_it(session, state):
    trigger = "pgchurn_1_profile_update"
    session.run(f"ALTER TABLE churn.customers {state} TRIGGER {trigger}")
    enabled = f"SELECT tgenabled FROM pg_trigger WHERE tgname = '{trigger}'"
    before = session.value(enabled)

    session.run("ALTER TABLE churn.customers ADD COLUMN shoe_size integer")

    assert before != "O"
    assert session.value(enabled) == before


def test_a_schema_that_is_being_renamed_keeps_nobody_from_writing(first, second):
    names = ('"Odd ""Sh""op"', "elsewhere")
    for name in names:
        first.run(
            f"CREATE SCHEMA {name};"
            f"CREATE TABLE {name}.clients (id integer PRIMARY KEY, age integer);"
            f"CREATE TABLE {name}.calls (client integer);"
            f"SELECT churn.attach('{name}.clients', 'id', '{name}.calls', 'client');"
            f"INSERT INTO {name}.clients VALUES (1, 20)"
        )
    first.commit()
    try:
        first.run(f"ALTER SCHEMA {names[0]} RENAME TO other")

        second.run("SET LOCAL lock_timeout = '2s'")
        for name in names:
            second.run(f"INSERT INTO {name}.calls VALUES (1), (1)")
            second.run(f"UPDATE {name}.clients SET age = 30")
            assert second.value(f"SELECT complaint_count FROM {name}.clients") == 2
        second.run(COMPLAIN)
        second.run("SELECT churn.set_on_error('elsewhere.clients', 'raise')")
        second.rollback()
    finally:
        first.rollback()
        for name in names:
            first.run(
                f"SELECT churn.detach('{name}.clients'); DROP SCHEMA {name} CASCADE"
            )
        first.commit()


UNIQUE = "CREATE UNIQUE INDEX another ON company.clients (id)"
CLIENTS = """
    CREATE SCHEMA company;
    CREATE TABLE company.clients (id integer CONSTRAINT keys PRIMARY KEY, age integer);
    CREATE INDEX ages ON company.clients (age);
    CREATE TABLE company.calls (client integer);
    SELECT churn.attach('company.clients', 'id', 'company.calls', 'client');
"""


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE company.clients DROP CONSTRAINT keys",
        "ALTER TABLE company.clients ALTER age SET NOT NULL, DROP CONSTRAINT keys",
        "ALTER TABLE company.clients DROP CONSTRAINT keys, ADD UNIQUE (id, age)",
        f"{UNIQUE}; ALTER TABLE company.clients DROP CONSTRAINT keys;"
        " DROP INDEX company.another",
        f"{UNIQUE} WHERE age > 0; ALTER TABLE company.clients DROP CONSTRAINT keys",
    ],
)
def test_the_last_index_that_keeps_keys_unique_cannot_be_dropped(session, change):
    session.run(CLIENTS)

    refused = session.refusal(change)

    assert refused.sqlstate == "2BP01"
    assert refused.message == "column id of company.clients must stay unique"


@pytest.mark.parametrize(
    "change",
    [
        "DROP INDEX company.ages",
        "ALTER TABLE company.clients DROP COLUMN age",
        f"{UNIQUE}; ALTER TABLE company.clients DROP CONSTRAINT keys",
        f"{UNIQUE}; ALTER TABLE company.clients DROP CONSTRAINT keys,"
        " ADD CONSTRAINT keys PRIMARY KEY USING INDEX another",
        "ALTER TABLE company.clients ALTER id TYPE bigint",
        "SELECT churn.detach('company.clients');"
        " ALTER TABLE company.clients DROP CONSTRAINT keys",
    ],
)
def test_indexes_may_be_replaced_and_others_dropped(session, change):
    session.run(CLIENTS)

    session.run(change)


def test_an_index_cannot_be_dropped_concurrently_either(trained_database):
    owner = trained_database.session(autocommit=True)
    owner.run(CLIENTS)
    owner.run(UNIQUE)
    owner.run("ALTER TABLE company.clients DROP CONSTRAINT keys")

    refused = owner.refusal("DROP INDEX CONCURRENTLY company.another")

    assert refused.sqlstate == "2BP01"
