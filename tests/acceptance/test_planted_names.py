"""The client means PostgreSQL's own things, whatever the database's owner plants.

The owner of a database says in which schemas the names of a superuser's session are
looked for, and creates what he likes in them.
"""

from pathlib import Path

import pytest
from pgchurn.loader.command_line import main

SHADOWS = Path(__file__).parents[1] / "database" / "shadows.sql"
# What matches a call better than PostgreSQL's own, which takes anything.
BETTER = """
    CREATE FUNCTION public.betray() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        RAISE 'a shadow was called';
    END
    $$;
    CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE sql
        RETURN public.betray();
    CREATE FUNCTION public.format(text, integer, text) RETURNS text LANGUAGE sql
        RETURN public.betray();
"""
CUSTOMERS = """
    INSERT INTO churn.customers (customer_id, age, contract, churned)
    SELECT i, 20 + i % 50, (ARRAY['one year', 'two year'])[1 + i % 2], i % 4 = 0
    FROM generate_series(1, 200) i;
    INSERT INTO churn.complaints (customer_id)
    SELECT i FROM generate_series(4, 200, 4) i;
    SELECT churn.set_prediction_log('churn.customers', 1)
"""


def plant(database, path):
    """Plant namesakes in a schema, and have it searched first."""
    session = database.session(autocommit=True)
    session.run(BETTER)
    # A schema that is the superuser's own by its name.
    session.run(SHADOWS.read_text(encoding="utf-8").replace("shadows", "postgres"))
    session.run(f'ALTER DATABASE "{database.name}" SET search_path = {path}')
    session.close()


# By name, or as what a session's own schema is called.
@pytest.fixture(params=['"$user", pg_catalog, churn, public', "public, postgres"])
def planted(request, empty_database):
    empty_database.session(autocommit=True).run(CUSTOMERS)
    plant(empty_database, request.param)
    return empty_database


def test_the_planted_names_do_betray(planted):
    session = planted.session()

    assert session.refusal("SELECT format('x'::text, 'y'::text)").message == (
        "a shadow was called"
    )


@pytest.mark.slow(reason="2,800 functions are planted, and every command is run")
def test_no_command_calls_what_was_planted(planted, pgchurn):
    trained = pgchurn(
        "train", "--label", "churned", "--algorithm", "logistic_regression"
    )
    version = str(trained["version"])
    pgchurn("activate", version)
    pgchurn("rescore")
    pgchurn("rescore", "--restart", "--rows-per-second", "10000")
    pgchurn("activate", str(pgchurn("train", "--label", "churned")["version"]))
    pgchurn("rescore")
    pgchurn("rollback")
    pgchurn("verify")
    pgchurn("why", "4")
    pgchurn("work", "--once")
    pgchurn("work", "--drain", "--table", "churn.customers")
    pgchurn("models")
    pgchurn("show", version)
    pgchurn("doctor")
    pgchurn("doctor", "--before-upgrade")
    pgchurn("doctor", "--mend")
    pgchurn("delete", str(pgchurn("train", "--label", "churned")["version"]))


@pytest.mark.slow(reason="2,800 functions are planted, and the database is migrated")
def test_no_migration_calls_what_was_planted(server, monkeypatch):
    with server.database("planted") as database:
        plant(database, "postgres, pg_catalog, public")
        monkeypatch.setenv("DATABASE_URL", database.url)

        for command in (["migrate"], ["migrate"], ["downgrade", "base"], ["migrate"]):
            assert main(command) == 0


def test_a_table_is_found_as_psql_would_find_it(owner, empty_database, pgchurn):
    owner.run("CREATE SCHEMA company")
    owner.run('CREATE TABLE company."Odd ""Clients""" (id integer PRIMARY KEY)')
    owner.run("CREATE TABLE company.calls (client integer)")
    owner.run(
        "SELECT churn.attach('company.\"Odd \"\"Clients\"\"\"', 'id', 'company.calls',"
        " 'client')"
    )
    owner.run(f'ALTER DATABASE "{empty_database.name}" SET search_path = company')

    assert pgchurn("verify", "--table", '"Odd ""Clients"""') == []


@pytest.mark.slow(reason="trains and registers")
def test_expected_rows_are_found_by_the_equality_of_the_key(
    owner, empty_database, pgchurn, tmp_path
):
    owner.run("CREATE EXTENSION citext SCHEMA public")
    owner.run(
        "CREATE TABLE clients (name citext PRIMARY KEY, age integer, left_us boolean)"
    )
    owner.run("CREATE TABLE calls (client citext)")
    owner.run("SELECT churn.attach('clients', 'name', 'calls', 'client')")
    owner.run(
        "INSERT INTO clients SELECT 'Client ' || i, 20 + i % 50, i % 3 = 0"
        " FROM generate_series(1, 200) i"
    )
    version = pgchurn("train", "--table", "clients", "--label", "left_us")["version"]
    (artifact,) = owner.column(
        "SELECT artifact FROM churn.models WHERE version = %s", version
    )
    (tmp_path / "model.pickle").write_bytes(artifact)
    pgchurn("activate", str(version))
    pgchurn("rescore", "--table", "clients")
    expected = [
        f"{name.upper()},{score!r}\n"
        for name, score in owner.run("SELECT name, churn_score FROM clients")
    ]
    (tmp_path / "expected.csv").write_text("".join(expected))

    done = pgchurn(
        *("register", str(tmp_path / "model.pickle"), "--table", "clients"),
        *("--expected", str(tmp_path / "expected.csv")),
    )

    assert done["rows_expected"] == 200
