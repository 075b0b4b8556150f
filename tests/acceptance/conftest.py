"""The command line on a database of its own."""

import json

import pytest
from pgchurn.loader.command_line import main


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
