"""What gets past the triggers: churn.verify finds it, churn.repair mends it."""

from tests.models import (
    default_model,
    deploy,
    divergences,
    other_model,
    register,
)
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

REPLICA = ("SET session_replication_role = replica", "RESET session_replication_role")
COUNTERS = ("complaint_count", "last_complaint_at")
BOTH = (*COUNTERS, "churn_score")
# A table whose complaints are partitioned, as a company may have it.
PARTITIONED = """
    CREATE SCHEMA company;
    CREATE TABLE company.clients AS
        SELECT customer_id, age, contract, paperless_billing, monthly_charges,
               data_usage_gb FROM churn.customers;
    ALTER TABLE company.clients ADD PRIMARY KEY (customer_id);
    CREATE TABLE company.calls (client bigint, at date) PARTITION BY RANGE (at);
    CREATE TABLE company.calls_2024 PARTITION OF company.calls
        FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE company.calls_other PARTITION OF company.calls DEFAULT;
    SELECT churn.attach(
        'company.clients', 'customer_id', 'company.calls', 'client', 'at'
    )
"""


def disabled(table):
    """Return what disables a table's triggers, and enables them again.

    As a replica, so that the event trigger that follows altered tables does not create
    them anew.
    """
    return tuple(
        f"{REPLICA[0]}; ALTER TABLE {table} {word} TRIGGER USER; {REPLICA[1]}"
        for word in ("DISABLE", "ENABLE")
    )


# What is done: how the triggers are got past, the statement, and what diverges then,
# by key. At first the customers 2, 5, 8 and so on have complaints.
BYPASSES = {
    "complaints inserted by a replica": (
        REPLICA,
        "INSERT INTO churn.complaints (customer_id) VALUES (1), (2), (2)",
        {1: COUNTERS, 2: COUNTERS},
    ),
    "complaints moved by a replica": (
        REPLICA,
        "UPDATE churn.complaints SET customer_id = 3 WHERE customer_id = 5",
        {3: COUNTERS, 5: COUNTERS},
    ),
    "complaints deleted by a replica": (
        REPLICA,
        "DELETE FROM churn.complaints WHERE customer_id IN (8, 11)",
        {8: COUNTERS, 11: COUNTERS},
    ),
    "complaints inserted past disabled triggers": (
        disabled("churn.complaints"),
        "INSERT INTO churn.complaints (customer_id) VALUES (4)",
        {4: COUNTERS},
    ),
    "complaints deleted past disabled triggers": (
        disabled("churn.complaints"),
        "DELETE FROM churn.complaints WHERE customer_id = 14",
        {14: COUNTERS},
    ),
    "profiles inserted by a replica": (
        REPLICA,
        "INSERT INTO churn.customers (customer_id, data_usage_gb) VALUES (101, 1)",
        {101: ("churn_score",)},
    ),
    "profiles inserted past disabled triggers": (
        disabled("churn.customers"),
        "INSERT INTO churn.customers (customer_id, data_usage_gb) VALUES (102, 1)",
        {102: ("churn_score",)},
    ),
    "features changed by a replica": (
        REPLICA,
        "UPDATE churn.customers SET age = age + 1 WHERE customer_id IN (1, 2)",
        {1: ("churn_score",), 2: ("churn_score",)},
    ),
    "features changed past disabled triggers": (
        disabled("churn.customers"),
        "UPDATE churn.customers SET contract = 'two year', data_usage_gb = 9"
        " WHERE customer_id = 3",
        {3: ("churn_score",)},
    ),
    "counters overwritten by a replica": (
        REPLICA,
        "UPDATE churn.customers SET complaint_count = 9, last_complaint_at = now()"
        " WHERE customer_id = 6",
        {6: BOTH},
    ),
    "scores overwritten past disabled triggers": (
        disabled("churn.customers"),
        "UPDATE churn.customers SET churn_score = churn_score / 2"
        " WHERE customer_id = 9",
        {9: ("churn_score",)},
    ),
    "scores taken away by a replica": (
        REPLICA,
        "UPDATE churn.customers SET churn_score = NULL, churn_model_version = NULL"
        " WHERE customer_id = 10",
        {10: ("churn_score",)},
    ),
    "versions overwritten past disabled triggers": (
        disabled("churn.customers"),
        "UPDATE churn.customers SET churn_model_version ="
        " (SELECT max(version) FROM churn.models) WHERE customer_id = 12",
        {12: ("churn_score",)},
    ),
    "versions that never were, by a replica": (
        REPLICA,
        "UPDATE churn.customers SET churn_model_version = 99 WHERE customer_id = 13",
        {13: ("churn_model_version",)},
    ),
    "keys of profiles exchanged by a replica": (
        REPLICA,
        "UPDATE churn.customers SET customer_id = 120 - customer_id"
        " WHERE customer_id = 20",
        {100: COUNTERS},
    ),
    "rows inserted into a partition": (
        ("SELECT", "SELECT"),
        "INSERT INTO company.calls_2024 VALUES (1, '2024-06-01'), (2, '2024-06-01')",
        {1: COUNTERS, 2: COUNTERS},
    ),
    "complaints truncated past disabled triggers": (
        disabled("churn.complaints"),
        "TRUNCATE churn.complaints",
        dict.fromkeys((1, 2, 3, 4, 17, 23, 26, 29, 32, 35, 38), COUNTERS),
    ),
}


def measure(server, full):
    """Bypass the triggers in every way, in turn; both forms are the same."""
    with trained_database(server, "bypasses") as database:
        session = database.session(autocommit=True)
        session.run(PARTITIONED)
        # Both are what an overwritten version may name.
        register(session, other_model())
        deploy(session, default_model(), "company.clients")
        register(session, other_model(), "company.clients")
        found = mended = 0
        wrong = []
        for name, (past, statement, expected) in BYPASSES.items():
            profile = "company.clients" if "company" in statement else "churn.customers"
            before = versions_of_rows(session, profile)
            session.run(past[0])
            session.run(statement)
            session.run(past[1])
            was_found = columns_by_key(session, profile) == wanted(expected)
            changed = rows_changed(session, profile, before)

            session.run(f"CALL churn.repair('{profile}', 3)")

            was_mended = divergences(session, profile) == [] and rows_changed(
                session, profile, before
            ) <= changed | set(wanted(expected))
            found, mended = found + was_found, mended + was_mended
            if not (was_found and was_mended):
                wrong.append(name)
    yield Bar(
        "bypasses of the triggers: found by churn.verify, mended by churn.repair, "
        "no other row written",
        f"{len(BYPASSES)} found, {len(BYPASSES)} mended",
        f"{found} found, {mended} mended{'; not: ' if wrong else ''}{', '.join(wrong)}",
        not wrong,
    )


def wanted(expected):
    """Return what is expected to diverge, as ``columns_by_key`` gives it."""
    return {str(key): set(columns) for key, columns in expected.items()}


def columns_by_key(session, profile):
    """Return the columns that churn.verify finds wrong, by key as text."""
    found = {}
    for key, column, _, _ in divergences(session, profile):
        found.setdefault(key, set()).add(column)
    return found


def versions_of_rows(session, profile):
    """Return which version of each row there is, by key as text."""
    return dict(
        session.run(f"SELECT customer_id::text, (xmin, ctid)::text FROM {profile}")
    )


def rows_changed(session, profile, before):
    """Return the keys of rows that were written since."""
    after = versions_of_rows(session, profile)
    return {key for key, row in after.items() if before.get(key) != row}
