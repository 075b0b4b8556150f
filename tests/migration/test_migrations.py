import os
import sys

import pytest
from pgchurn.plpython.freeze import newest_frozen
from psycopg2.extensions import make_dsn

from tests.databases import CHECKOUT, Database, postgresql_program, run
from tests.models import (
    assert_fresh,
    default_model,
    deploy,
    divergences,
    fit,
    populate,
    stored_scores,
)
from tests.snapshots import schema_of, snapshot

REVISIONS = (
    "0001_registry",
    "0002_scoring",
    "0003_default_attachment",
    "0004_trust",
    "0005_peaks",
    "0006_scoring_marks",
)
# Those that a database goes below and keeps its attachments.
LATER_REVISIONS = REVISIONS[3:]
COMPANY = fit({"usage": "number", "complaint_count": "number"})
CLIENTS = "company.clients"
# The columns that every revision has.
MODELS = """
    SELECT version, attachment_id, artifact, artifact_sha256, compiled, compiled_sha256,
           parity, compilation, signature, metrics, environment, provenance,
           registered_by, registered_at
    FROM churn.models ORDER BY version
"""


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


def go_below(database, revision):
    """Undo a revision and all after it."""
    steps = len(REVISIONS) - REVISIONS.index(revision)
    database.alembic("downgrade", f"-{steps}")


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


def test_the_way_down_to_base_leaves_no_object(empty_database):
    revise(empty_database, "base")

    session = empty_database.session()
    assert session.value("SELECT to_regnamespace('churn')") is None
    assert session.column("SELECT evtname FROM pg_event_trigger") == []
    assert session.column(
        "SELECT c.oid::regclass::text FROM pg_class c"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    ) == ["pgchurn_alembic_version"]
    assert (
        session.column(
            "SELECT d.objid::text FROM pg_shdepend d"
            " JOIN pg_roles r ON r.oid = d.refobjid"
            " WHERE r.rolname ~ '^churn_' AND d.dbid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        == []
    )


def test_the_way_down_to_base_and_up_again_is_open_to_a_database_in_use(
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


def test_the_way_down_to_base_leaves_no_right_on_a_companys_tables(trained_database):
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


def test_the_way_down_works_offline_too(empty_database, tmp_path):
    script = tmp_path / "downgrade.sql"
    script.write_text(empty_database.alembic("downgrade", "head:base", "--sql").stdout)

    with empty_database.server.migrating():
        empty_database.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", script)

    assert empty_database.session().value("SELECT to_regnamespace('churn')") is None


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


def test_a_company_that_stood_at_the_second_revision_survives_the_upgrade(blank):
    revise(blank, "0002_scoring")
    session = blank.session()
    attach_company(session)
    session.commit()
    before = state(session)
    session.rollback()

    revise(blank, "head")

    assert state(session) == before
    assert_fresh(session, COMPANY, CLIENTS, "id")
    session.run("INSERT INTO company.calls SELECT id FROM company.clients")
    assert_fresh(session, COMPANY, CLIENTS, "id")
    populate(session)
    assert_fresh(session, default_model())


def state(session):
    return (
        stored_scores(session, CLIENTS, "id"),
        session.run(MODELS),
        session.run("SELECT * FROM churn.deployments ORDER BY deployment_id"),
        session.run(
            "SELECT id, churn_scored_at, complaint_count FROM company.clients"
            " ORDER BY id"
        ),
    )


def test_a_company_survives_the_loss_of_the_default_tables(trained_database):
    session = trained_database.session()
    attach_company(session)
    session.commit()
    before = state(session)
    session.rollback()

    go_below(trained_database, "0003_default_attachment")
    revise(trained_database, "head")

    assert state(session) == before
    session.run("INSERT INTO company.calls SELECT id FROM company.clients")
    assert_fresh(session, COMPANY, CLIENTS, "id")
    assert divergences(session) == []
    populate(session)
    assert_fresh(session, default_model())


@pytest.mark.parametrize("revision", LATER_REVISIONS)
def test_models_and_scores_survive_the_way_down_and_up_again(
    trained_database, revision
):
    session = trained_database.session()
    attach_company(session)
    session.commit()
    before = state(session)
    session.rollback()

    go_below(trained_database, revision)

    assert state(session) == before
    session.run("INSERT INTO company.calls SELECT id FROM company.clients")
    assert_fresh(session, COMPANY, CLIENTS, "id")
    session.rollback()
    revise(trained_database, "head")
    assert state(session) == before
    session.run("INSERT INTO company.calls SELECT id FROM company.clients")
    assert_fresh(session, COMPANY, CLIENTS, "id")
    assert divergences(session) == []


@pytest.mark.parametrize("revision", LATER_REVISIONS)
def test_a_profile_that_derives_features_survives_the_way_down_and_up_again(
    trained_database, revision
):
    session = trained_database.session()
    session.run(
        "ALTER TABLE churn.customers ADD COLUMN twice integer"
        " GENERATED ALWAYS AS (complaint_count * 2) STORED"
    )
    session.commit()
    session.close()

    for move, to in ((go_below, revision), (revise, "head")):
        move(trained_database, to)
        session = trained_database.session()
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")
        assert_fresh(session, default_model())
        session.run("ALTER TABLE churn.customers DROP COLUMN twice")
        session.run("SELECT churn.detach('churn.customers')")
        session.close()


def test_who_was_told_of_scores_is_not_told_below_and_nothing_of_it_is_left(
    trained_database,
):
    session = trained_database.session()
    attach_company(session)
    session.run("SELECT churn.set_outbox('company.clients', 'every')")
    session.run("SELECT churn.set_notifications('churn.customers', 'threshold', 0.5)")
    session.run("SELECT churn.set_notifications('churn.customers', 'off')")
    session.commit()

    go_below(trained_database, "0005_peaks")

    assert (
        session.column(
            "SELECT tgname::text FROM pg_trigger WHERE tgname ~ '_downstream$'"
            " UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^publish_scores'"
        )
        == []
    )
    session.run("INSERT INTO company.calls SELECT id FROM company.clients")
    assert_fresh(session, COMPANY, CLIENTS, "id")
    session.rollback()
    revise(trained_database, "head")
    session.run("INSERT INTO company.calls SELECT id FROM company.clients")
    assert session.value("SELECT count(*) FROM churn.outbox") == 0
    session.run("SELECT churn.set_outbox('company.clients', 'every')")
    session.run("INSERT INTO company.calls SELECT id FROM company.clients")
    assert session.value("SELECT count(*) FROM churn.outbox") == 20


@pytest.mark.parametrize("revision", ["0006_scoring_marks", "0005_peaks"])
def test_who_waits_for_a_score_is_not_forgotten_below(trained_database, revision):
    session = trained_database.session()
    session.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    for customer in (1, 2, 2):
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (%s)", customer)
    session.commit()

    go_below(trained_database, revision)

    session.rollback()
    marked = "SELECT key FROM churn_internal.failed_profiles ORDER BY key"
    assert session.column(marked) == ["1", "2"]
    session.rollback()
    revise(trained_database, "head")
    session.connection.autocommit = True
    session.run("CALL churn.repair('churn.customers')")
    assert_fresh(session, default_model())


def test_a_live_session_goes_on_after_an_upgrade(blank):
    revise(blank, "0002_scoring")
    session = blank.session()
    attach_company(session)
    session.commit()

    revise(blank, "head")

    session.run("INSERT INTO company.calls SELECT id FROM company.clients LIMIT 1")
    assert_fresh(session, COMPANY, CLIENTS, "id")


def test_what_stands_in_the_way_down_is_named_and_nothing_is_changed(empty_database):
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


def test_every_statement_passes_to_the_letter(empty_database):
    body = empty_database.session().value(
        "SELECT prosrc FROM pg_proc WHERE proname = 'load_runtime'"
    )
    frozen = newest_frozen("load_runtime.sql").read_text(encoding="utf-8")
    assert f"$python${body}$python$" in frozen
