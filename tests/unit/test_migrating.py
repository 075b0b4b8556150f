"""The migrations as SQL, from the installed package, without a database."""

import pytest
from pgchurn.loader.command_line import main
from pgchurn.loader.operations.migrating import configuration, newest_revision


@pytest.fixture(autouse=True)
def outside_the_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_an_upgrade_is_printed_as_sql(capsys):
    assert main(["migrate", "--sql"]) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("BEGIN;\n")
    assert f"VALUES ('{newest_revision()}')" in printed
    assert printed.rstrip().endswith("COMMIT;")


def test_a_downgrade_is_printed_as_sql_between_two_revisions(capsys):
    assert main(["downgrade", f"{newest_revision()}:base", "--sql"]) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("BEGIN;\n")
    assert "DELETE FROM churn_migrations.alembic_version" in printed


def test_a_downgrade_as_sql_needs_both_revisions(capsys):
    assert main(["downgrade", "base", "--sql"]) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "pgchurn downgrade FROM:base --sql" in printed.err


def test_an_unknown_revision_is_one_clear_line(capsys):
    assert main(["migrate", "9999", "--sql"]) == 1

    assert capsys.readouterr().err == (
        "pgchurn: Can't locate revision identified by '9999'\n"
    )


@pytest.mark.parametrize("arguments", [["migrate"], ["downgrade", "base"]])
def test_a_server_that_is_not_there_is_one_clear_line(arguments, capsys):
    assert main([*arguments, "--database-url", "host=/nowhere dbname=x"]) == 1

    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("pgchurn: connection to server")


def test_the_environment_is_handed_the_database_of_the_command(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg2:///churn")

    assert configuration("dbname=a").attributes["database_url"] == "dbname=a"
    assert configuration().attributes["database_url"] == "postgresql:///churn"
