"""Attached tables that would become partitions or children, or get foreign ones."""

import pytest

from tests.company import CLIENTS, MODEL, attach, create_tables
from tests.models import assert_fresh, deploy

WHOLE = """
    CREATE TABLE company.whole (LIKE company.{table} INCLUDING GENERATED)
        PARTITION BY LIST ({column})
"""
PARENT = "CREATE TABLE company.parent (at timestamptz)"
SERVER = """
    CREATE EXTENSION IF NOT EXISTS file_fdw;
    CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE company.far (client integer, at timestamptz)
        SERVER files OPTIONS (filename '/dev/null')
"""


@pytest.fixture(params=["inline", "queued"])
def company(bare, request):
    create_tables(bare)
    attach(bare)
    deploy(bare, MODEL, "company.clients", "id")
    bare.run("SELECT churn.set_scoring_mode('company.clients', %s)", request.param)
    return bare


@pytest.mark.parametrize(
    "before, statement, table, reason",
    [
        (
            WHOLE.format(table="calls", column="client"),
            "ALTER TABLE company.whole ATTACH PARTITION company.calls DEFAULT",
            "company.calls",
            "partition or child of company.whole",
        ),
        (
            WHOLE.format(table="clients", column="id"),
            "ALTER TABLE company.whole ATTACH PARTITION company.clients DEFAULT",
            "company.clients",
            "partition or child of company.whole",
        ),
        (
            PARENT,
            "ALTER TABLE company.calls INHERIT company.parent",
            "company.calls",
            "partition or child of company.parent",
        ),
        (
            SERVER,
            "ALTER TABLE company.far INHERIT company.calls",
            "company.far",
            "foreign table",
        ),
    ],
)
def test_an_attached_table_stays_the_one_that_is_written(
    company, before, statement, table, reason
):
    company.run(before)

    refused = company.refusal(statement)

    assert refused.sqlstate == "42809"
    assert refused.message == f"{table} could not stay attached"
    assert reason in refused.detail
    company.run("INSERT INTO company.calls VALUES (1), (2)")
    company.run("SELECT churn.work()")
    assert_fresh(company, MODEL, *CLIENTS[:2])


def test_a_detached_table_becomes_a_partition(company):
    company.run("SELECT churn.detach('company.clients')")
    company.run(WHOLE.format(table="calls", column="client"))

    company.run("ALTER TABLE company.whole ATTACH PARTITION company.calls DEFAULT")

    company.run("INSERT INTO company.whole VALUES (1)")
