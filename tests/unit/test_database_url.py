"""Which database the client works on."""

import pytest
from pgchurn.migrations.database_url import database_url

LIBPQ = "postgresql://ada@db.example/churn?sslmode=require"


@pytest.fixture(autouse=True)
def no_database(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)


def test_the_option_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "dbname=other")

    assert database_url(LIBPQ) == LIBPQ
    assert database_url() == "dbname=other"


def test_without_either_libpq_follows_its_own_variables():
    assert database_url() == ""


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_the_driver_in_sqlalchemys_form_is_left_out(scheme, driver, monkeypatch):
    rest = "ada:p+q%40r@db.example:5433/churn?host=/tmp"
    monkeypatch.setenv("DATABASE_URL", f"{scheme}+{driver}://{rest}")

    assert database_url() == f"{scheme}://{rest}"


@pytest.mark.parametrize(
    "given", ["dbname=churn password=postgresql+a://", "service=x"]
)
def test_what_libpq_takes_stays_as_it_is(given):
    assert database_url(given) == given
