"""Publications, and tables as such."""

from tests.kinds.kind import CALLS, CALLS_TABLE, CLIENTS, CLIENTS_TABLE, Kind

PUBLICATION = 'DROP PUBLICATION IF EXISTS "@schema@"'
PUBLICATIONS = {
    f"publication {name}": Kind(
        objects,
        by_superuser=f'CREATE PUBLICATION "@schema@" FOR {tables}',
        at_end=PUBLICATION,
    )
    for name, objects, tables in (
        ("of all tables", "", "ALL TABLES"),
        ("of tables", "", f"TABLE {CLIENTS}"),
        ("of a schema", "", 'TABLES IN SCHEMA "@schema@"'),
        ("of columns", "", f'TABLE {CLIENTS} ("Id", usage)'),
        ("of rows", "", f'TABLE {CLIENTS} WHERE ("Id" > 1)'),
        (
            "with replica identity FULL",
            f"ALTER TABLE {CLIENTS} REPLICA IDENTITY FULL;"
            f"ALTER TABLE {CALLS} REPLICA IDENTITY FULL",
            f"TABLE {CLIENTS}, {CALLS}",
        ),
        (
            "with replica identity by an index",
            f"ALTER TABLE {CLIENTS} ALTER usage SET NOT NULL;"
            f"CREATE UNIQUE INDEX by_usage ON {CLIENTS} (usage);"
            f"ALTER TABLE {CLIENTS} REPLICA IDENTITY USING INDEX by_usage",
            f"TABLE {CLIENTS}, {CALLS}",
        ),
    )
}

STORAGE = {
    "plain": Kind(),
    "unlogged": Kind(
        clients=CLIENTS_TABLE.replace("CREATE TABLE", "CREATE UNLOGGED TABLE"),
        calls=CALLS_TABLE.replace("CREATE TABLE", "CREATE UNLOGGED TABLE"),
    ),
    "typed complaints": Kind(
        types="CREATE TYPE call AS (client integer, at timestamptz, note text)",
        calls=f"CREATE TABLE {CALLS} OF call;"
        f"ALTER TABLE {CALLS} ADD FOREIGN KEY (client) REFERENCES {CLIENTS};"
        f"CREATE INDEX ON {CALLS} (client)",
    ),
    "view over it": Kind(
        f"CREATE VIEW few AS SELECT * FROM {CLIENTS} WHERE usage > 3;"
        "CREATE MATERIALIZED VIEW sums AS"
        f" SELECT plan, sum(usage) FROM {CLIENTS} GROUP BY 1"
    ),
}
