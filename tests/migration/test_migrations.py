import os
import sys
from urllib.parse import urlencode

import pytest
from pgchurn.migrations import frozen_files
from psycopg2.extensions import make_dsn, parse_dsn

from tests.databases import CHECKOUT, Database, postgresql_program, run
from tests.models import (
    assert_fresh,
    default_model,
    deploy,
    fit,
    populate,
)
from tests.schemas import SCHEMAS
from tests.snapshots import schema_of, snapshot

REVISIONS = frozen_files.revisions()
COMPANY = fit({"usage": "number", "complaint_count": "number"})
CLIENTS = "company.clients"
VERSIONS = "churn_migrations.alembic_version"
OUR_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname ~ 'churn'"


@pytest.fixture
def blank(server):
    with server.database("blank") as database:
        yield database


def attach_company(session):
    session.run("""
        CREATE SCHEMA company;
        CREATE TABLE company.clients (id uuid PRIMARY KEY, usage numeric);
        CREATE TABLE company.calls (client uuid REFERENCES company.clients, at date);
        INSERT INTO company.clients SELECT gen_random_uuid(), i
        FROM generate_series(1, 20) i;
        INSERT INTO company.calls SELECT id, '2025-01-01' FROM company.clients LIMIT 5;
        SELECT churn.attach('company.clients', 'id', 'company.calls', 'client', 'at');
        """)
    deploy(session, COMPANY, CLIENTS, "id")


def revise(database, *steps):
    for step in steps:
        down = step.startswith("-") or step == "base"
        database.alembic("downgrade" if down else "upgrade", step)


def test_the_revisions_tested_are_all_there_are(migrated, server):
    history = Database(server, migrated.template_dbname).alembic("history").stdout

    for revision in REVISIONS:
        assert revision in history
    assert history.count("->") == len(REVISIONS)


def test_every_revision_goes_up_down_and_up_again_to_the_same_catalog(blank):
    below = schema_of(snapshot(blank))
    for revision in REVISIONS:
        revise(blank, revision)
        at = snapshot(blank)
        revise(blank, "-1")
        assert without_extension(schema_of(snapshot(blank))) == without_extension(below)
        revise(blank, revision)
        assert snapshot(blank) == at, revision
        below = schema_of(at)


def without_extension(lines):
    return [line for line in lines if "plpython3u" not in line]


def test_a_snapshot_is_of_every_schema(empty_database):
    lines = "\n".join(snapshot(empty_database))

    for schema in (*SCHEMAS, "churn_trust"):
        assert f"CREATE SCHEMA {schema};" in lines
    assert "CREATE FUNCTION churn_internal." in lines
    assert "CREATE TABLE churn_trust.trusted_keys" in lines


def test_a_downgrade_to_base_leaves_no_object(empty_database):
    revise(empty_database, "base")

    session = empty_database.session()
    assert session.column(OUR_SCHEMAS) == []
    assert session.column("SELECT evtname FROM pg_event_trigger") == []
    assert (
        session.column(
            "SELECT c.oid::regclass::text FROM pg_class c"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
        == []
    )
    assert (
        session.column(
            "SELECT d.objid::text FROM pg_shdepend d"
            " JOIN pg_roles r ON r.oid = d.refobjid"
            " WHERE r.rolname ~ '^churn_' AND d.dbid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        == []
    )


def test_a_database_in_use_can_be_downgraded_to_base_and_upgraded_again(
    trained_database,
):
    session = trained_database.session()
    attach_company(session)
    session.commit()
    session.close()

    revise(trained_database, "base", "head")

    session = trained_database.session()
    assert session.value("SELECT count(*) FROM company.clients") == 20
    assert session.value("SELECT count(*) FROM company.calls") == 5
    populate(session)
    assert_fresh(session, default_model())


def test_a_downgrade_to_base_leaves_no_right_on_a_companys_tables(trained_database):
    session = trained_database.session()
    attach_company(session)
    session.commit()
    session.close()

    revise(trained_database, "base")

    assert (
        trained_database.session().column(
            "SELECT coalesce(d.objid::regclass::text, d.objid::text) FROM pg_shdepend d"
            " JOIN pg_roles r ON r.oid = d.refobjid"
            " WHERE r.rolname ~ '^churn_' AND d.dbid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        == []
    )


def test_offline_gives_the_same_catalog_as_online(blank, migrated, server, tmp_path):
    script = tmp_path / "upgrade.sql"
    script.write_text(blank.alembic("upgrade", "head", "--sql").stdout)
    with server.migrating():
        blank.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", script)

    online = Database(server, migrated.template_dbname)
    assert snapshot(blank) == snapshot(online)
    assert REVISIONS[-1] in blank.alembic("current").stdout


def test_a_downgrade_works_offline_too(empty_database, tmp_path):
    script = tmp_path / "downgrade.sql"
    script.write_text(empty_database.alembic("downgrade", "head:base", "--sql").stdout)

    with empty_database.server.migrating():
        empty_database.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", script)

    assert empty_database.session().column(OUR_SCHEMAS) == []


def test_the_script_can_be_made_without_a_server():
    done = run(
        [
            sys.executable,
            "-m",
            "alembic",
            "-c",
            "setup.cfg",
            "upgrade",
            "head",
            "--sql",
        ],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": "host=/nowhere"},
    )

    assert "CREATE SCHEMA churn" in done.stdout


def test_current_names_the_revision(empty_database):
    assert f"{REVISIONS[-1]} (head)" in empty_database.alembic("current").stdout


def test_upgrading_twice_changes_nothing(empty_database):
    before = snapshot(empty_database)

    revise(empty_database, "head")

    assert snapshot(empty_database) == before


def test_what_hinders_a_downgrade_is_named_and_nothing_is_changed(empty_database):
    session = empty_database.session(autocommit=True)
    session.run("CREATE VIEW public.risky AS SELECT churn_score FROM churn.customers")
    before = snapshot(empty_database)

    done = empty_database.alembic("downgrade", "base", check=False)

    assert done.returncode != 0
    assert "risky depends on column" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(empty_database) == before


def test_a_migrator_who_is_no_superuser_is_told_so_and_nothing_is_changed(blank):
    session = blank.session(autocommit=True)
    role = f"pgchurn_test_{session.backend}"
    session.run(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    session.run(f'ALTER DATABASE "{blank.name}" OWNER TO {role}')
    before = snapshot(blank)
    superuser_url = blank.url
    blank.url = make_dsn(superuser_url, user=role, password="secret")
    try:
        done = blank.alembic("upgrade", "head", check=False)
        script = blank.alembic("upgrade", "head", "--sql").stdout
        offline = run(
            [postgresql_program("psql"), "-X", "-v", "ON_ERROR_STOP=1", blank.url],
            check=False,
            input=script,
        )
    finally:
        blank.url = superuser_url
        session.run(f'ALTER DATABASE "{blank.name}" OWNER TO CURRENT_USER')
        session.run(f"DROP OWNED BY {role}; DROP ROLE {role}")

    for result in (done, offline):
        assert result.returncode != 0
        assert "pgchurn must be migrated by a superuser" in result.stderr
        assert "Connect as a superuser, by default postgres." in result.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) < 12
    assert snapshot(blank) == before


def test_every_body_passes_to_the_letter(empty_database):
    stored = set(empty_database.session().column("SELECT prosrc FROM pg_proc"))

    for revision in REVISIONS:
        for name in frozen_files.copies(revision):
            # What this holds in the end depends on the server's Python.
            if name == "runtime/bytecode.sql":
                continue
            if frozen_files.newest(name) == f"{revision}/{name}":
                text = frozen_files.read(f"{revision}/{name}")
                for body in frozen_files.BODY.finditer(text):
                    quote = f"${body[1]}$"
                    found = body[0].removeprefix(quote).removesuffix(quote)
                    assert found in stored, name


# From before 1.0, or of a release to come.
@pytest.mark.parametrize("revision", ["0006_scoring_marks", "9999_of_the_future"])
@pytest.mark.parametrize("move", [("upgrade", "head"), ("downgrade", "base")])
def test_a_database_at_a_revision_that_is_not_ours_is_left_alone(
    empty_database, revision, move
):
    session = empty_database.session(autocommit=True)
    session.run(f"UPDATE {VERSIONS} SET version_num = %s", revision)
    before = snapshot(empty_database)

    done = empty_database.alembic(*move, check=False)

    assert done.returncode != 0
    assert f"this database is at revision {revision}, which this release" in done.stderr
    assert "whose revisions were replaced by 0001_pgchurn" in done.stderr
    assert "HINT:  Downgrade it to base with what has migrated it" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(empty_database) == before
    assert session.column(f"SELECT version_num FROM {VERSIONS}") == [revision]


@pytest.mark.parametrize("move", [("upgrade", "head"), ("downgrade", "base")])
@pytest.mark.parametrize("schema", ["public", "100% ours"])
def test_a_database_whose_revision_is_kept_where_it_was_before_1_0_is_left_alone(
    blank, schema, move
):
    session = blank.session(autocommit=True)
    session.run(
        f'CREATE SCHEMA IF NOT EXISTS "{schema}";'
        f' CREATE TABLE "{schema}".pgchurn_alembic_version (version_num text);'
        f" INSERT INTO \"{schema}\".pgchurn_alembic_version VALUES ('0001_pgchurn')"
    )
    before = snapshot(blank)

    done = blank.alembic(*move, check=False)

    assert done.returncode != 0
    assert "this database is at revision 0001_pgchurn, which this rel" in done.stderr
    kept = session.value("SELECT quote_ident(%s)", schema)
    assert f"It is kept in {kept}.pgchurn_alembic_version: a rel" in done.stderr
    assert "HINT:  Downgrade it to base with what has migrated it" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(blank) == before

    session.run(f'DELETE FROM "{schema}".pgchurn_alembic_version')
    blank.alembic("upgrade", "head")


# Each is SQL that a DBA may have run, and what the migrator's session is told.
SURROUNDINGS = {
    "no public": "DROP SCHEMA public",
    "a search_path of nothing": "ALTER DATABASE {} SET search_path = ''",
    "a search_path elsewhere": (
        'CREATE SCHEMA "the company";ALTER DATABASE {} SET search_path = "the company"'
    ),
    "a table of the application's": (
        "CREATE TABLE public.alembic_version (version_num varchar(32) PRIMARY KEY);"
        "INSERT INTO public.alembic_version VALUES ('shop_42')"
    ),
}


@pytest.mark.parametrize("case", SURROUNDINGS)
def test_the_revision_is_kept_in_its_own_place_whatever_is_around(blank, case):
    session = blank.session(autocommit=True)
    session.run(SURROUNDINGS[case].format(f'"{blank.name}"'))
    before = schema_of(snapshot(blank))

    revise(blank, "head")

    session = blank.session(autocommit=True)
    assert session.column(f"SELECT version_num FROM {VERSIONS}") == [REVISIONS[-1]]
    assert f"{REVISIONS[-1]} (head)" in blank.alembic("current").stdout

    revise(blank, "base")
    assert without_extension(schema_of(snapshot(blank))) == before


def test_a_search_path_of_the_role_changes_nothing_either(empty_database):
    before = snapshot(empty_database)
    superuser_url = empty_database.url
    empty_database.url = make_dsn(superuser_url, options="-csearch_path=pg_temp")
    try:
        revise(empty_database, "base", "head")
    finally:
        empty_database.url = superuser_url

    assert snapshot(empty_database) == before


def test_asking_for_the_revision_changes_nothing(blank):
    before = snapshot(blank)

    assert "0001" not in blank.alembic("current").stdout
    revise(blank, "base")

    assert snapshot(blank) == before


def test_nobody_but_the_superuser_changes_the_revision(empty_database):
    session = empty_database.session()

    for role in ("churn_owner", "churn_loader", "churn_application"):
        with session.role(role):
            refusal = session.refusal(f"UPDATE {VERSIONS} SET version_num = 'other'")
        assert refusal.message == "permission denied for schema churn_migrations"


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_database_is_named_as_sqlalchemy_names_it(empty_database, driver):
    parts = parse_dsn(empty_database.url)
    query = urlencode({name: parts[name] for name in ("host", "port")})
    empty_database.url = (
        f"postgresql+{driver}://{parts['user']}@/{parts['dbname']}?{query}"
    )

    assert f"{REVISIONS[-1]} (head)" in empty_database.alembic("current").stdout
