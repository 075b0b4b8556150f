"""Which release a database is of."""

import configparser

import pytest

from tests.databases import CHECKOUT


def test_a_database_names_the_release_that_installed_it(session):
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")

    assert session.value("SELECT churn.version()") == setup["metadata"]["version"]


@pytest.mark.parametrize("role", ["loader", "scorer", "application"])
def test_every_role_may_ask(session, role):
    with session.role(f"churn_{role}"):
        assert session.value("SELECT churn.version()")
