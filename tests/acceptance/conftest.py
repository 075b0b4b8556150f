"""The command line on a database of its own, and what `make demo` leaves behind."""

import json
import sys
from collections import namedtuple

import pytest
from pgchurn.loader.command_line import main

from tests.databases import run

Demonstration = namedtuple("Demonstration", "name printed")


@pytest.fixture
def pgchurn(empty_database, capsys):
    """Run `pgchurn` on the test's database; return its result as JSON."""

    def run(*arguments, status=0):
        capsys.readouterr()
        command = [*arguments, "--database-url", empty_database.url, "--format", "json"]
        assert main(command) == status, capsys.readouterr().err
        printed = capsys.readouterr()
        return json.loads(printed.out) if status == 0 else printed

    return run


@pytest.fixture
def owner(empty_database):
    """A superuser's session, in autocommit mode."""
    return empty_database.session(autocommit=True)


@pytest.fixture(scope="session")
def demonstration(server, migrated):
    """A database to clone in which `pgchurn demo` was run, and what that printed."""
    with server.database("demonstration", migrated.template_dbname) as database:
        done = run(
            [sys.executable, "-m", "pgchurn.loader", "demo"],
            env=database.environment(),
        )
        yield Demonstration(database.name, done.stderr + done.stdout)
