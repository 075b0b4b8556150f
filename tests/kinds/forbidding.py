"""What forbids pgchurn to write some profiles, or all."""

from tests.kinds.kind import (
    CALLS,
    CALLS_TABLE,
    CLIENTS,
    DEFERRED,
    Kind,
    function,
    trigger,
    triggers,
)
from tests.kinds.rules import FORCE, POLICIES
from tests.kinds.tables import PUBLICATION

EVERYBODY = tuple(range(1, 100))
RAISE = "RAISE EXCEPTION 'not on my watch'"
COUNTED = 'NEW."Id" IN (1, 13) AND NEW.complaint_count > 0'
UNCHECK = f"ALTER TABLE {CLIENTS} DROP CONSTRAINT stop"
UNTRIGGER = f'DROP TRIGGER "Act" ON {CLIENTS}'
FORBIDDING = {
    name: Kind(later=later, mend=mend, **{"forbids": (1, 13), **options})
    for name, later, mend, options in (
        (
            "trigger that raises before",
            trigger(f"IF {COUNTED} THEN {RAISE}; END IF; RETURN NEW;", "BEFORE UPDATE"),
            UNTRIGGER,
            {},
        ),
        (
            "trigger that raises after",
            trigger(f"IF {COUNTED} THEN {RAISE}; END IF; RETURN NEW;", "AFTER UPDATE"),
            UNTRIGGER,
            {},
        ),
        (
            "constraint trigger that raises, deferred",
            trigger(
                f"IF {COUNTED} THEN {RAISE}; END IF; RETURN NEW;",
                "AFTER UPDATE",
                options=f"{DEFERRED} FOR EACH ROW",
                constraint="CONSTRAINT",
            ),
            UNTRIGGER,
            {},
        ),
        (
            "trigger that skips the write",
            trigger(
                f"IF {COUNTED} THEN RETURN NULL; END IF; RETURN NEW;", "BEFORE UPDATE"
            ),
            UNTRIGGER,
            {},
        ),
        (
            "check that forbids",
            f"ALTER TABLE {CLIENTS} ADD CONSTRAINT stop"
            ' CHECK ("Id" NOT IN (1, 13) OR complaint_count = 0)',
            UNCHECK,
            {},
        ),
        (
            "check NOT VALID that forbids",
            f"ALTER TABLE {CLIENTS} ADD CONSTRAINT stop"
            ' CHECK ("Id" NOT IN (1, 13)) NOT VALID',
            UNCHECK,
            {},
        ),
        (
            "check of a function that raises",
            function(f"IF value > 0 THEN {RAISE}; END IF; RETURN true;")
            + f"ALTER TABLE {CLIENTS} ADD CONSTRAINT stop CHECK (is_fine(CASE WHEN"
            ' "Id" IN (1, 13) THEN complaint_count END))',
            UNCHECK,
            {},
        ),
        (
            "rule that forbids",
            f'CREATE RULE stop AS ON UPDATE TO {CLIENTS} WHERE OLD."Id" IN (1, 13)'
            " DO INSTEAD NOTHING",
            f"DROP RULE stop ON {CLIENTS}",
            {},
        ),
        (
            "policy that hides from its owner",
            POLICIES + FORCE + f"CREATE POLICY few ON {CLIENTS} AS RESTRICTIVE"
            ' USING ("Id" NOT IN (1, 13))',
            f"DROP POLICY few ON {CLIENTS}",
            {"objects": triggers("AFTER UPDATE")},
        ),
        (
            "policy that checks what is written",
            POLICIES + FORCE + f"CREATE POLICY few ON {CLIENTS} AS RESTRICTIVE"
            ' FOR UPDATE USING (true) WITH CHECK ("Id" NOT IN (1, 13))',
            f"DROP POLICY few ON {CLIENTS}",
            {"objects": triggers("AFTER UPDATE")},
        ),
        (
            "foreign key of the counter that forbids",
            "CREATE TABLE levels (client integer, level integer,"
            " PRIMARY KEY (client, level));"
            "INSERT INTO levels SELECT c, l FROM generate_series(1, 200) c,"
            " generate_series(0, 20) l WHERE c NOT IN (1, 13) OR l = 0;"
            f"ALTER TABLE {CLIENTS} ADD CONSTRAINT stop"
            ' FOREIGN KEY ("Id", complaint_count) REFERENCES levels',
            UNCHECK,
            {},
        ),
        (
            "foreign key of the counter that forbids, deferred",
            "CREATE TABLE levels (client integer, level integer,"
            " PRIMARY KEY (client, level));"
            "INSERT INTO levels SELECT c, l FROM generate_series(1, 200) c,"
            " generate_series(0, 20) l WHERE c NOT IN (1, 13) OR l = 0;"
            f"ALTER TABLE {CLIENTS} ADD CONSTRAINT stop"
            f' FOREIGN KEY ("Id", complaint_count) REFERENCES levels {DEFERRED}',
            UNCHECK,
            {},
        ),
        (
            "foreign key to the counter that forbids",
            f'CREATE UNIQUE INDEX pairs ON {CLIENTS} ("Id", complaint_count);'
            "CREATE TABLE held (client integer, level integer, FOREIGN KEY"
            f' (client, level) REFERENCES {CLIENTS} ("Id", complaint_count));'
            "INSERT INTO held VALUES (1, 0), (13, 0)",
            "DROP TABLE held",
            {},
        ),
        (
            "unique index of the counter that forbids",
            f"CREATE UNIQUE INDEX stop ON {CLIENTS}"
            ' (("Id" - CASE WHEN "Id" IN (10, 22) THEN 9 ELSE 0 END), complaint_count)',
            "DROP INDEX stop",
            {
                "forbids": (1, 10, 13, 22),
                "objects": f"INSERT INTO {CALLS} (client, at)"
                " VALUES (10, '2025-01-01'), (22, '2025-01-01')",
            },
        ),
        (
            "domain of the counter that forbids",
            "CREATE DOMAIN few AS integer CHECK (VALUE < 2);"
            f"ALTER TABLE {CLIENTS} ALTER complaint_count TYPE few",
            f"ALTER TABLE {CLIENTS} ALTER complaint_count TYPE integer",
            {"forbids": EVERYBODY},
        ),
        (
            "not null that forbids",
            f"ALTER TABLE {CLIENTS} ALTER churn_model_version SET DEFAULT 0;"
            f"UPDATE {CLIENTS} SET churn_model_version = 0"
            " WHERE churn_model_version IS NULL;"
            f"ALTER TABLE {CLIENTS} ALTER churn_model_version SET NOT NULL",
            f"ALTER TABLE {CLIENTS} ALTER churn_model_version DROP NOT NULL",
            {"forbids": EVERYBODY, "passes": True},
        ),
        (
            "policy that pgchurn's own role bypasses",
            POLICIES + FORCE + f"CREATE POLICY few ON {CLIENTS} AS RESTRICTIVE"
            ' USING ("Id" NOT IN (1, 13))',
            f"DROP POLICY few ON {CLIENTS}",
            {"passes": True},
        ),
        (
            "deferred constraint trigger that shares its name",
            f"CREATE CONSTRAINT TRIGGER note AFTER UPDATE ON {CLIENTS} {DEFERRED}"
            " FOR EACH ROW EXECUTE FUNCTION note();"
            f"CREATE CONSTRAINT TRIGGER note AFTER INSERT ON {CALLS} {DEFERRED}"
            " FOR EACH ROW EXECUTE FUNCTION note_call()",
            f"DROP TRIGGER note ON {CALLS}",
            {"forbids": EVERYBODY},
        ),
    )
}

FORBIDDING |= {
    f"publication that leaves the identity out of its {what}": Kind(
        by_superuser=f'CREATE PUBLICATION "@schema@" FOR TABLE {CLIENTS} {left}',
        at_end=PUBLICATION,
        mend=PUBLICATION,
        forbids=EVERYBODY,
    )
    for what, left in (("columns", "(usage)"), ("rows", "WHERE (usage > 3)"))
} | {
    f"publication without an identity, {why}": Kind(
        objects,
        calls=CALLS_TABLE.replace(f"REFERENCES {CLIENTS}", ""),
        by_superuser=f'CREATE PUBLICATION "@schema@" FOR TABLE {CLIENTS}',
        at_end=PUBLICATION,
        mend=PUBLICATION,
        forbids=EVERYBODY,
    )
    for why, objects in (
        ("none", f"ALTER TABLE {CLIENTS} REPLICA IDENTITY NOTHING"),
        (
            "a deferrable key",
            f'ALTER TABLE {CLIENTS} DROP CONSTRAINT "Cli ""ents_pkey",'
            ' ADD PRIMARY KEY ("Id") DEFERRABLE',
        ),
        (
            "an index that is gone",
            f'CREATE UNIQUE INDEX identity ON {CLIENTS} ("Id");'
            f"ALTER TABLE {CLIENTS} REPLICA IDENTITY USING INDEX identity;"
            "DROP INDEX identity",
        ),
    )
}
