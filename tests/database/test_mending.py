"""What restores and moves of owners take away, and ``doctor --mend`` gives back."""

import contextlib
import os

import pytest
from pgchurn.loader.command_line import main
from pgchurn.loader.operations.doctor import examine

from tests.company import MODEL, attach, create_tables
from tests.golden import catalog
from tests.models import assert_fresh, default_model, deploy
from tests.own_server import as_server, own_server
from tests.snapshots import schema_of, snapshot

pytestmark = pytest.mark.slow(reason="dumps, restores and mends whole databases")

ODD = ('"Odd ""Shop"" 1%".cust', "id", '"Odd ""Shop"" 1%".comp', "cust", "at")
# A superuser who is not the migrator, and somebody who is none.
DBA, CLERK = f"pgchurn_test_dba_{os.getpid()}", f"pgchurn_test_clerk_{os.getpid()}"
ADVICE = "pgchurn doctor --mend"


@pytest.fixture(scope="module")
def roles(server):
    with server.database("roles") as database:
        session = database.session(autocommit=True)
        session.run(f"CREATE ROLE {DBA} SUPERUSER; CREATE ROLE {CLERK}")
        yield
        session.run(f"DROP ROLE {DBA}, {CLERK}")


@pytest.fixture(scope="module")
def source(roles, server, trained):
    """A table of its own beside the default one, with everything switched on."""
    with server.database("mended", trained.template_dbname) as database:
        session = database.session(autocommit=True)
        create_tables(session, ODD, key_type="text")
        attach(session, ODD)
        deploy(session, MODEL, ODD[0], ODD[1])
        for profile in (ODD[0], "churn.customers"):
            session.run("SELECT churn.set_outbox(%s, 'every')", profile)
            session.run("SELECT churn.set_prediction_log(%s, 1)", profile)
        session.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
        session.run("SELECT churn.set_scoring_mode('churn.customers', 'inline')")
        session.close()
        yield database


@pytest.fixture
def whole(source):
    """What the catalog has to be like."""
    return state(source)


def state(database):
    """Return the catalog, and the schema as pg_dump has it, whoever is superuser."""
    with contextlib.closing(database.session(autocommit=True)) as session:
        found = catalog(session)
        superuser = session.value("SELECT current_user")
    lines = schema_of(snapshot(database))
    return found, sorted(line.replace(DBA, superuser) for line in lines)


def restore(source, target, folder, dump=(), restore=()):
    """Dump a database and restore it as somebody else."""
    file = folder / "dump"
    source.program("pg_dump", "--format", "custom", "--file", file, *dump)
    target.program("pg_restore", "--exit-on-error", f"--role={DBA}", *restore, file)


def not_ok(database):
    """Return what the doctor finds wrong, by what was checked."""
    with contextlib.closing(database.session().connection) as connection:
        return {
            one["check"]: one["found"] for one in examine(connection) if not one["ok"]
        }


def mend(database):
    """Run `pgchurn doctor --mend`; the status says that all is well."""
    with database.server.migrating():
        return main(["doctor", "--mend", "--database-url", database.url])


def assert_works(database):
    """Complaints of both tables are counted and scored."""
    session = database.session(autocommit=True)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")
    session.run(f"INSERT INTO {ODD[2]} VALUES ('key 1', now())")
    assert_fresh(session, default_model())
    assert_fresh(session, MODEL, ODD[0], ODD[1])


RESTORES = {
    "no owner": (["--no-owner"], {"owners"}),
    "no privileges": (
        ["--no-privileges"],
        {"rights of everybody", "rights of roles"},
    ),
    "neither": (
        ["--no-owner", "--no-privileges"],
        {"owners", "rights of everybody", "rights of roles"},
    ),
}


@pytest.mark.parametrize("case", RESTORES)
def test_a_restore_without_owners_or_rights_is_found_and_mended(
    source, whole, server, tmp_path, case
):
    options, lost = RESTORES[case]
    with server.database("restored") as target:
        restore(source, target, tmp_path, restore=options)
        found = not_ok(target)
        assert lost <= set(found)
        assert all(ADVICE in found[check] for check in lost)

        assert mend(target) == 0

        assert state(target) == whole
        assert_works(target)


def test_single_schemas_come_without_event_triggers(source, whole, server, tmp_path):
    with server.database("schemas") as target:
        target.session(autocommit=True).run("CREATE EXTENSION plpython3u")
        schemas = ["--schema=churn*", '--schema="Odd ""Shop"" 1%"']
        restore(source, target, tmp_path, dump=schemas, restore=["--no-owner"])
        assert {"owners", "event triggers"} <= set(not_ok(target))

        assert mend(target) == 0

        assert state(target)[0] == whole[0]
        assert_works(target)


def test_a_server_without_the_roles_gets_them(source, whole, tmp_path):
    with own_server() as own, as_server(own).database("elsewhere") as target:
        target.session(autocommit=True).run(f"CREATE ROLE {DBA} SUPERUSER")
        options = ["--no-owner", "--no-privileges"]
        restore(source, target, tmp_path, restore=options)
        assert "roles" in not_ok(target)

        assert mend(target) == 0

        assert state(target) == whole
        assert_works(target)


HARM = {
    "another owner": (
        f"REASSIGN OWNED BY churn_owner TO {CLERK}",
        {"owners"},
    ),
    "rights for everybody": (
        "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA churn, churn_internal TO PUBLIC;"
        "GRANT SELECT ON ALL TABLES IN SCHEMA churn TO PUBLIC;"
        "GRANT USAGE ON SCHEMA churn_trust TO PUBLIC",
        {"rights of everybody"},
    ),
    "no rights on the attached tables": (
        f"REVOKE ALL ON {ODD[0]}, {ODD[2]} FROM churn_owner;"
        'REVOKE ALL ON SCHEMA "Odd ""Shop"" 1%" FROM churn_owner',
        {"rights of roles"},
    ),
    "triggers that are gone": (
        f"DROP TRIGGER pgchurn_2_insert ON {ODD[2]};"
        f"DROP TRIGGER pgchurn_2_profile_update ON {ODD[0]};"
        f"DROP TRIGGER pgchurn_2_downstream ON {ODD[0]}",
        {f"{ODD[0]} with {ODD[2]}"},
    ),
    "triggers that are disabled": (
        f"ALTER TABLE {ODD[2]} DISABLE TRIGGER ALL;"
        f"ALTER TABLE {ODD[0]} DISABLE TRIGGER USER;"
        f"ALTER TABLE {ODD[2]} ENABLE TRIGGER ALL;"
        f"ALTER TABLE {ODD[2]} DISABLE TRIGGER USER",
        {f"{ODD[0]} with {ODD[2]}"},
    ),
    "event triggers that are gone or disabled": (
        "DROP EVENT TRIGGER churn_keep_attached_tables;"
        "ALTER EVENT TRIGGER churn_follow_altered_tables DISABLE",
        {"event triggers"},
    ),
    "trusted keys open to others": (
        f"ALTER TABLE churn_trust.trusted_keys OWNER TO {CLERK};"
        "ALTER TABLE churn_trust.trusted_keys DISABLE TRIGGER refuse_key_change",
        {"owners", "trusted keys"},
    ),
    "functions that act as their caller": (
        "ALTER FUNCTION churn.work SECURITY INVOKER RESET ALL;"
        "ALTER FUNCTION churn_internal.complaints_inserted_2 SECURITY INVOKER",
        set(),
    ),
}


@pytest.mark.parametrize("case", ["another owner", "rights for everybody"])
def test_it_is_found_as_well_where_others_have_put_something_on_a_table(
    source, server, case
):
    harm, wrong = HARM[case]
    with server.database("guarded", source.name) as target:
        session = target.session(autocommit=True)
        session.run(f"ALTER TABLE {ODD[0]} ADD CHECK (usage > -1)")
        # Only who may comment on the table's triggers describes the one that logs now.
        assert mend(target) == 0
        whole = state(target)
        session.run(harm)
        assert wrong <= set(not_ok(target))

        assert mend(target) == 0

        assert state(target) == whole
        assert not_ok(target) == {}
        assert_works(target)


@pytest.mark.parametrize("case", HARM)
def test_what_somebody_has_changed_is_found_and_mended(source, whole, server, case):
    harm, wrong = HARM[case]
    with server.database("harmed", source.name) as target:
        target.session(autocommit=True).run(harm)
        assert wrong <= set(not_ok(target))

        assert mend(target) == 0

        assert state(target) == whole
        assert_works(target)


@pytest.mark.parametrize(
    "harm",
    [
        f"DROP TRIGGER pgchurn_2_log ON {ODD[0]}",
        f"ALTER TABLE {ODD[0]} DISABLE TRIGGER pgchurn_2_log",
    ],
    ids=["gone", "disabled"],
)
def test_a_log_that_a_trigger_writes_is_found_missing_and_mended(source, server, harm):
    with server.database("guarded", source.name) as target:
        session = target.session(autocommit=True)
        session.run(f"ALTER TABLE {ODD[0]} ADD CHECK (usage > -1)")
        # Only who may comment on the table's triggers describes the one that logs now.
        assert mend(target) == 0
        whole = state(target)
        session.run(harm)
        assert "not logged" in not_ok(target)[f"{ODD[0]} with {ODD[2]}"]

        assert mend(target) == 0

        assert state(target) == whole
        assert not_ok(target) == {}
        assert_works(target)
        logged = "SELECT count(*) FROM churn.predictions WHERE attachment_id = 2"
        assert session.value(logged) == 1


def test_a_log_that_no_function_writes_is_found_missing_and_mended(source, server):
    with server.database("unlogged", source.name) as target:
        whole = state(target)
        session = target.session(autocommit=True)
        session.run("SELECT churn.set_prediction_log('churn.customers', 0)")
        session.run("UPDATE churn.attachments SET log_rate = 1")
        found = not_ok(target)["churn.customers with churn.complaints"]
        assert "not logged" in found

        assert mend(target) == 0

        assert state(target) == whole


def test_what_is_whole_stays_as_it_is(source, whole, server):
    with server.database("untouched", source.name) as target:
        assert not_ok(target) == {}

        assert mend(target) == 0

        assert state(target) == whole


def test_rights_that_others_were_given_stay(source, server):
    with server.database("others", source.name) as target:
        session = target.session(autocommit=True)
        session.run(f"GRANT SELECT ON churn.customers TO {CLERK}")

        assert mend(target) == 0

        assert session.value(
            "SELECT has_table_privilege(%s, 'churn.customers', 'SELECT')", CLERK
        )


def test_tables_that_were_detached_and_dropped_do_not_hinder_it(trained_database):
    session = trained_database.session(autocommit=True)
    session.run("SELECT churn.detach('churn.customers')")
    session.run("DROP TABLE churn.complaints, churn.customers")
    session.run("GRANT EXECUTE ON FUNCTION churn.work TO PUBLIC")

    assert mend(trained_database) == 0


def test_only_a_superuser_mends(trained_database, capsys):
    session = trained_database.session(autocommit=True)
    session.run(f"CREATE ROLE {CLERK}_2 LOGIN IN ROLE pg_read_all_data")
    try:
        url = f"{trained_database.url} options='-c role={CLERK}_2'"
        assert main(["doctor", "--mend", "--database-url", url]) == 1
    finally:
        session.run(f"DROP ROLE {CLERK}_2")

    assert "pgchurn must be migrated by a superuser" in capsys.readouterr().err


def test_another_revision_is_not_mended(trained_database, capsys):
    session = trained_database.session(autocommit=True)
    session.run("UPDATE churn_migrations.alembic_version SET version_num = '0000_old'")

    assert mend(trained_database) == 1

    said = capsys.readouterr().err
    assert "the database is at revision 0000_old, not 0001_pgchurn: run pgchurn" in said
