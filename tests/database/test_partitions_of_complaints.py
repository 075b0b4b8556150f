"""Complaints that come and go with their partitions."""

import pytest

from tests.company import MODEL
from tests.models import assert_fresh, deploy

TABLES = """
    CREATE SCHEMA company;
    CREATE TABLE company.clients (
        id integer PRIMARY KEY, usage double precision, plan text
    );
    CREATE TABLE company.calls (client integer, at date) PARTITION BY RANGE (at);
    CREATE TABLE company.calls_2024 PARTITION OF company.calls
        FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE company.calls_2025 PARTITION OF company.calls
        FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE INDEX ON company.calls (client);
    INSERT INTO company.clients SELECT i, i, substr('abc', 1 + i % 3, 1)
        FROM generate_series(1, 12) i
"""
CALL = (
    "INSERT INTO company.calls VALUES"
    " (1, '2024-05-05'), (1, '2024-06-06'), (1, '2025-05-05'), (2, '2024-05-05')"
)
COUNTS = "SELECT complaint_count FROM company.clients WHERE id < 4 ORDER BY id"


@pytest.fixture(params=["inline", "queued"])
def partitioned(bare, request):
    bare.run(TABLES)
    bare.run(
        "SELECT churn.attach('company.clients', 'id', 'company.calls', 'client', 'at')"
    )
    deploy(bare, MODEL, "company.clients", "id")
    bare.run(CALL)
    assert bare.column(COUNTS) == [3, 1, 0]
    bare.run("SELECT churn.set_scoring_mode('company.clients', %s)", request.param)
    return bare


def assert_right(session):
    session.run("SELECT churn.work()")
    assert_fresh(session, MODEL, "company.clients", "id")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE company.calls_2024",
        "ALTER TABLE company.calls DETACH PARTITION company.calls_2024",
        "CREATE SCHEMA attic; ALTER TABLE company.calls_2024 SET SCHEMA attic;"
        " DROP SCHEMA attic CASCADE",
    ],
)
def test_complaints_go_with_their_partition(partitioned, statement):
    partitioned.run(statement)

    assert partitioned.column(COUNTS) == [1, 0, 0]
    assert_right(partitioned)


def test_they_come_with_one(partitioned):
    partitioned.run("CREATE TABLE company.old (LIKE company.calls)")
    partitioned.run(
        "INSERT INTO company.old VALUES (3, '2023-01-01'), (1, '2023-02-02')"
    )

    partitioned.run(
        "ALTER TABLE company.calls ATTACH PARTITION company.old"
        " FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')"
    )

    assert partitioned.column(COUNTS) == [4, 1, 1]
    assert_right(partitioned)


def test_a_new_partition_counts_nobody_anew(partitioned):
    before = partitioned.run("SELECT xmin, ctid FROM company.clients ORDER BY id")

    partitioned.run(
        "CREATE TABLE company.calls_2026 PARTITION OF company.calls"
        " FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
    )

    assert (
        partitioned.run("SELECT xmin, ctid FROM company.clients ORDER BY id") == before
    )
    partitioned.run("INSERT INTO company.calls VALUES (3, '2026-05-05')")
    assert_right(partitioned)


def test_truncating_a_partition_is_found(partitioned):
    partitioned.run("TRUNCATE company.calls_2025")

    assert partitioned.column(
        "SELECT key FROM churn.verify('company.clients')"
        " WHERE column_name = 'complaint_count'"
    ) == ["1"]


def test_children_by_inheritance_are_no_other(bare):
    bare.run(
        "CREATE SCHEMA company; CREATE TABLE company.clients"
        " (id integer PRIMARY KEY, usage double precision, plan text);"
        "CREATE TABLE company.calls (client integer, at date);"
        "CREATE TABLE company.calls_2024 () INHERITS (company.calls);"
        "INSERT INTO company.clients SELECT i, i, 'a' FROM generate_series(1, 3) i"
    )
    bare.run("INSERT INTO company.calls_2024 VALUES (1, '2024-05-05')")
    bare.run(
        "SELECT churn.attach('company.clients', 'id', 'company.calls', 'client', 'at')"
    )
    deploy(bare, MODEL, "company.clients", "id")
    assert bare.column(COUNTS) == [1, 0, 0]

    bare.run("ALTER TABLE company.calls_2024 NO INHERIT company.calls")

    assert bare.column(COUNTS) == [0, 0, 0]
    assert_right(bare)
