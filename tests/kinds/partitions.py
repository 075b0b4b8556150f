"""Partitions and children."""

from tests.kinds.kind import CALLS, CALLS_TABLE, CLIENTS, CLIENTS_TABLE, Kind, triggers

CHILDREN = f"""
    CREATE TABLE children () INHERITS ({CLIENTS});
    ALTER TABLE children ADD PRIMARY KEY ("Id");
    INSERT INTO children ("Id", usage, plan) VALUES (client_no(61), 3, 'a');
"""
BY_RANGE = """
    CREATE TABLE p_low PARTITION OF {table} FOR VALUES FROM (MINVALUE) TO (6);
    CREATE TABLE p_high PARTITION OF {table} FOR VALUES FROM (6) TO (60);
    CREATE TABLE p_rest PARTITION OF {table} DEFAULT;
"""
BY_LIST = """
    CREATE TABLE p_low PARTITION OF {table} FOR VALUES IN (1, 2, 3);
    CREATE TABLE p_rest PARTITION OF {table} DEFAULT;
"""
BY_HASH = """
    CREATE TABLE p_0 PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE p_1 PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER 1);
"""
NESTED = """
    CREATE TABLE p_low PARTITION OF {table} FOR VALUES FROM (MINVALUE) TO (6)
        PARTITION BY LIST ({column});
    CREATE TABLE p_low_1 PARTITION OF p_low FOR VALUES IN (1, 2);
    CREATE TABLE p_low_2 PARTITION OF p_low DEFAULT;
    CREATE TABLE p_rest PARTITION OF {table} DEFAULT;
"""


def partitioned(table, column, method, partitions, name):
    """Return SQL of one of the tables, partitioned."""
    create, _, others = table.rstrip().partition(";")
    return (
        f"{create.rstrip()} PARTITION BY {method} ({column});"
        + partitions.format(table=name, column=column)
        + others
    )


PARTITIONS = {
    f"partitions of {what} by {method}": Kind(
        **{field: partitioned(table, column, by, partitions, name)},
        objects=objects,
    )
    for what, field, table, column, name, objects in (
        ("clients", "clients", CLIENTS_TABLE, '"Id"', CLIENTS, ""),
        ("complaints", "calls", CALLS_TABLE, "client", CALLS, ""),
        (
            "clients with triggers",
            "clients",
            CLIENTS_TABLE,
            '"Id"',
            CLIENTS,
            triggers("AFTER INSERT OR UPDATE OR DELETE"),
        ),
    )
    for method, by, partitions in (
        ("range", "RANGE", BY_RANGE),
        ("list", "LIST", BY_LIST),
        ("hash", "HASH", BY_HASH),
        ("range and list", "RANGE", NESTED),
    )
} | {
    "partitions of both": Kind(
        clients=partitioned(CLIENTS_TABLE, '"Id"', "RANGE", BY_RANGE, CLIENTS),
        calls=partitioned(
            CALLS_TABLE, "client", "LIST", BY_LIST.replace("p_", "q_"), CALLS
        ),
    ),
    "partitions with a trigger on one": Kind(
        "CREATE TRIGGER note AFTER UPDATE ON p_low FOR EACH ROW"
        " EXECUTE FUNCTION note()",
        clients=partitioned(CLIENTS_TABLE, '"Id"', "RANGE", BY_RANGE, CLIENTS),
    ),
    "partitions of complaints, none for some": Kind(
        calls=partitioned(
            CALLS_TABLE, "client", "LIST", BY_LIST.split(";")[0] + ";", CALLS
        )
    ),
    "children of clients": Kind(
        CHILDREN, calls=CALLS_TABLE.replace(f"REFERENCES {CLIENTS}", "")
    ),
    "children of clients, with triggers": Kind(
        CHILDREN
        + triggers("AFTER UPDATE")
        + ";CREATE TRIGGER note AFTER UPDATE ON children FOR EACH ROW"
        " EXECUTE FUNCTION note()",
        calls=CALLS_TABLE.replace(f"REFERENCES {CLIENTS}", ""),
    ),
    "children of complaints": Kind(
        f"CREATE TABLE more_calls (extra text) INHERITS ({CALLS});"
        "INSERT INTO more_calls (client, at) VALUES (client_no(1), '2025-01-01'),"
        " (client_no(2), '2025-01-01')"
    ),
}
