"""Constraints, foreign keys of each action, and indexes."""

from tests.kinds.kind import CALLS, CALLS_TABLE, CLIENTS, CLIENTS_TABLE, DEFERRED, Kind

LEVELS = """
    CREATE TABLE levels (level integer PRIMARY KEY);
    INSERT INTO levels SELECT generate_series(0, 100);
"""
READS = (
    "CREATE FUNCTION is_fine(value float8) RETURNS boolean LANGUAGE sql AS"
    " $$ SELECT EXISTS (SELECT FROM levels WHERE level < 50 + value) $$;"
)
CONSTRAINTS = {
    "check": Kind(
        f"ALTER TABLE {CLIENTS} ADD CHECK (usage < 1000);"
        f"ALTER TABLE {CALLS} ADD CHECK (note <> 'n')"
    ),
    "check that fails for the application": Kind(
        f"ALTER TABLE {CLIENTS} ADD CHECK (usage < 30);"
        f"ALTER TABLE {CALLS} ADD CHECK (at < '2025-02-02')"
    ),
    "check NOT VALID": Kind(f"ALTER TABLE {CLIENTS} ADD CHECK (usage > -5) NOT VALID"),
    "check NO INHERIT": Kind(f"ALTER TABLE {CLIENTS} ADD CHECK (usage > 0) NO INHERIT"),
    "check that reads a table": Kind(
        f"{LEVELS}{READS} ALTER TABLE {CLIENTS} ADD CHECK (is_fine(usage))"
    ),
    "check on the counter": Kind(
        later=f"ALTER TABLE {CLIENTS} ADD CHECK (complaint_count >= 0)"
    ),
    "check on whole rows": Kind(
        f"ALTER TABLE {CLIENTS} ADD CHECK ({CLIENTS} IS NOT NULL OR usage > 0)"
    ),
    "not null": Kind(
        f"ALTER TABLE {CLIENTS} ALTER usage SET NOT NULL;"
        f"ALTER TABLE {CALLS} ALTER client SET NOT NULL"
    ),
    "unique": Kind(
        f"ALTER TABLE {CLIENTS} ADD UNIQUE (usage);"
        f"ALTER TABLE {CALLS} ADD UNIQUE (client, at)"
    ),
    "unique, deferred": Kind(
        f"ALTER TABLE {CLIENTS} ADD UNIQUE (usage) {DEFERRED};"
        f"ALTER TABLE {CALLS} ADD UNIQUE (client, at) {DEFERRED}"
    ),
    "unique NULLS NOT DISTINCT": Kind(
        f"ALTER TABLE {CALLS} ADD UNIQUE NULLS NOT DISTINCT (client, at, note)"
    ),
    "exclusion": Kind(
        f"ALTER TABLE {CLIENTS} ADD EXCLUDE USING gist (usage WITH =, plan WITH =);"
        f"ALTER TABLE {CALLS} ADD EXCLUDE USING gist (client WITH =, at WITH =)",
        extension="btree_gist",
    ),
    "exclusion, deferred": Kind(
        f"ALTER TABLE {CALLS} ADD EXCLUDE USING gist"
        f" (client WITH =, at WITH =) {DEFERRED}",
        extension="btree_gist",
    ),
}

ACTIONS = ("NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT")
FOREIGN_KEYS = (
    {
        f"foreign key of complaints, {action}": Kind(
            calls=CALLS_TABLE.replace(
                f"@key@ REFERENCES {CLIENTS}",
                f"@key@ DEFAULT client_no(9) REFERENCES {CLIENTS}"
                f" ON DELETE {action} ON UPDATE {action}",
            )
        )
        for action in ACTIONS
    }
    | {
        f"foreign key of complaints, {action}, deferred": Kind(
            calls=CALLS_TABLE.replace(
                f"@key@ REFERENCES {CLIENTS}",
                f"@key@ REFERENCES {CLIENTS} ON DELETE {action} {DEFERRED}",
            )
        )
        for action in ("NO ACTION", "CASCADE")
    }
    | {
        f"foreign key of another table, {action}": Kind(
            f"CREATE TABLE orders (client integer DEFAULT 9 REFERENCES {CLIENTS}"
            f" ON DELETE {action} ON UPDATE {action});"
            "CREATE TRIGGER note AFTER UPDATE OR DELETE ON orders FOR EACH ROW"
            " EXECUTE FUNCTION note();"
            "INSERT INTO orders VALUES (4), (3), (12), (8), (16), (15), (24), (20)"
        )
        for action in ACTIONS
    }
    | {
        f"foreign key of the profile, {action}": Kind(
            f"CREATE TABLE plans (plan text PRIMARY KEY);"
            "INSERT INTO plans VALUES ('a'), ('b'), ('c');"
            f"ALTER TABLE {CLIENTS} ALTER plan SET DEFAULT 'b', ADD FOREIGN KEY (plan)"
            f" REFERENCES plans ON DELETE {action} ON UPDATE {action};"
            "CREATE FUNCTION drop_plan() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN UPDATE plans SET plan = 'd' WHERE plan = 'a';"
            " DELETE FROM plans WHERE plan = 'c'; RETURN NULL; END $$;"
            f"CREATE TRIGGER drop_plan AFTER TRUNCATE ON {CALLS}"
            " EXECUTE FUNCTION drop_plan()"
        )
        for action in ACTIONS
    }
    | {
        "no foreign key": Kind(calls=CALLS_TABLE.replace(f"REFERENCES {CLIENTS}", "")),
        "foreign key to itself": Kind(
            f"ALTER TABLE {CLIENTS} ADD parent integer REFERENCES {CLIENTS}"
            " ON DELETE CASCADE ON UPDATE CASCADE;"
            f'UPDATE {CLIENTS} SET parent = "Id" / 4 WHERE "Id" > 4'
        ),
        "foreign key NOT VALID": Kind(
            f"ALTER TABLE {CALLS} ADD FOREIGN KEY (client) REFERENCES {CLIENTS}"
            " NOT VALID",
            calls=CALLS_TABLE.replace(f"REFERENCES {CLIENTS}", ""),
        ),
        "foreign key of the counter": Kind(
            LEVELS,
            later=f"ALTER TABLE {CLIENTS} ADD FOREIGN KEY (complaint_count)"
            " REFERENCES levels",
        ),
    }
)

INDEXES = {
    "index, partial": Kind(f"CREATE INDEX ON {CLIENTS} (usage) WHERE plan = 'a'"),
    "index, partial on the counter": Kind(
        later=f"CREATE INDEX ON {CLIENTS} (usage) WHERE complaint_count > 1"
    ),
    "index on an expression": Kind(f"CREATE INDEX ON {CLIENTS} (lower(plan))"),
    "index, unique and partial": Kind(
        f"CREATE UNIQUE INDEX ON {CLIENTS} (usage) WHERE plan = 'a'"
    ),
    "index INCLUDE": Kind(
        f'CREATE UNIQUE INDEX ON {CLIENTS} (usage, "Id") INCLUDE (plan)',
        later=f"CREATE INDEX ON {CLIENTS} (plan) INCLUDE (churn_score)",
    ),
    "key INCLUDE": Kind(
        clients=CLIENTS_TABLE.replace(" PRIMARY KEY", "").replace(
            "'x')", "'x', PRIMARY KEY (\"Id\") INCLUDE (plan))"
        )
    ),
    "index of each method": Kind(
        f"CREATE INDEX ON {CLIENTS} USING hash (plan);"
        f"CREATE INDEX ON {CLIENTS} USING brin (usage);"
        f"CREATE INDEX ON {CLIENTS} USING spgist (plan);"
        f"CREATE INDEX ON {CLIENTS} USING gin (to_tsvector('simple', plan));"
        f"CREATE INDEX ON {CLIENTS} USING gist (point(usage, 1))"
    ),
    "index of trigrams": Kind(
        f"CREATE INDEX ON {CLIENTS} USING gin (plan gin_trgm_ops)", extension="pg_trgm"
    ),
    "clustered, other fillfactor, statistics": Kind(
        f"CREATE STATISTICS of_two ON usage, plan FROM {CLIENTS};"
        f'ALTER TABLE {CLIENTS} SET (fillfactor = 50), CLUSTER ON "Cli ""ents_pkey";'
        f"ALTER TABLE {CALLS} SET (fillfactor = 50)"
    ),
}
