"""Triggers of each timing, level and event, and what they do."""

from tests.kinds.kind import (
    CALLS,
    CALLS_TABLE,
    CLIENTS,
    DEFERRED,
    Kind,
    trigger,
    triggers,
)

EVENTS = ("INSERT", "UPDATE", "DELETE")

TRIGGERS = (
    {
        f"trigger {timing} {event} {level}": Kind(
            triggers(f"{timing} {event}", f"FOR EACH {level}")
        )
        for timing in ("BEFORE", "AFTER")
        for event in EVENTS
        for level in ("ROW", "STATEMENT")
    }
    | {
        f"trigger {timing} TRUNCATE": Kind(
            triggers(f"{timing} TRUNCATE", "FOR EACH STATEMENT")
        )
        for timing in ("BEFORE", "AFTER")
    }
    | {
        "trigger AFTER all events": Kind(triggers("AFTER INSERT OR UPDATE OR DELETE")),
    }
    | {
        f"constraint trigger{deferred and ', deferred'}": Kind(
            "CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE OR DELETE"
            f" ON {CLIENTS} {deferred} FOR EACH ROW EXECUTE FUNCTION note();"
            "CREATE CONSTRAINT TRIGGER note_call AFTER INSERT OR UPDATE OR DELETE"
            f" ON {CALLS} {deferred} FOR EACH ROW EXECUTE FUNCTION note_call()"
        )
        for deferred in ("", DEFERRED)
    }
    | {
        "trigger WHEN": Kind(
            f'CREATE TRIGGER "Note it" AFTER UPDATE ON {CLIENTS} FOR EACH ROW'
            " WHEN (OLD.usage IS DISTINCT FROM NEW.usage) EXECUTE FUNCTION note();"
            f'CREATE TRIGGER "Note it" BEFORE INSERT ON {CALLS} FOR EACH ROW'
            " WHEN (NEW.at IS NULL) EXECUTE FUNCTION note_call()"
        ),
        "trigger WHEN anything changes": Kind(
            f'CREATE TRIGGER "Note it" AFTER UPDATE ON {CLIENTS} FOR EACH ROW'
            " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note()"
        ),
        "trigger UPDATE OF a feature": Kind(
            f'CREATE TRIGGER "Note it" BEFORE UPDATE OF usage ON {CLIENTS} FOR EACH ROW'
            " EXECUTE FUNCTION note();"
            f'CREATE TRIGGER "Note it" AFTER UPDATE OF client ON {CALLS} FOR EACH ROW'
            " EXECUTE FUNCTION note_call()"
        ),
        "trigger UPDATE OF the counter": Kind(
            later='CREATE TRIGGER "Note it" AFTER UPDATE OF complaint_count'
            f" ON {CLIENTS} FOR EACH ROW EXECUTE FUNCTION note()"
        ),
        "trigger with transition tables": Kind(
            """
        CREATE FUNCTION note_rows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO history SELECT current_user, 'UPDATE', to_jsonb(f), to_jsonb(u)
            FROM former f JOIN updated u USING ("Id");
            RETURN NULL;
        END $$;
        CREATE FUNCTION note_new() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO call_log SELECT current_user, 'INSERT', NULL, to_jsonb(i)
            FROM inserted i;
            RETURN NULL;
        END $$;
        """
            f"""
        CREATE TRIGGER "A note" AFTER UPDATE ON {CLIENTS}
            REFERENCING OLD TABLE AS former NEW TABLE AS updated
            FOR EACH STATEMENT EXECUTE FUNCTION note_rows();
        CREATE TRIGGER "A note" AFTER INSERT ON {CALLS}
            REFERENCING NEW TABLE AS inserted
            FOR EACH STATEMENT EXECUTE FUNCTION note_new()
        """
        ),
    }
    | {
        f"trigger {state}": Kind(
            triggers("AFTER INSERT OR UPDATE OR DELETE")
            + f';ALTER TABLE {CLIENTS} {state} TRIGGER "Note it"'
            f';ALTER TABLE {CALLS} {state} TRIGGER "Note it"'
        )
        for state in ("ENABLE ALWAYS", "ENABLE REPLICA", "DISABLE")
    }
    | {
        "trigger that counts versions": Kind(
            f"ALTER TABLE {CLIENTS} ADD version integer NOT NULL DEFAULT 0;"
            + trigger("NEW.version := OLD.version + 1; RETURN NEW;", "BEFORE UPDATE"),
            stamps=("version",),
        ),
        "trigger that notes the time": Kind(
            f"ALTER TABLE {CLIENTS} ADD changed_at timestamptz;"
            + trigger(
                "NEW.changed_at := clock_timestamp(); RETURN NEW;", "BEFORE UPDATE"
            ),
            stamps=("changed_at",),
        ),
        "trigger that changes a feature": Kind(
            trigger("NEW.usage := least(NEW.usage, 20); RETURN NEW;", "BEFORE UPDATE"),
            stamps=("usage",),
        ),
        "trigger that keeps a feature as a function of the counter": Kind(
            later=trigger(
                "NEW.usage := NEW.complaint_count; RETURN NEW;", "BEFORE UPDATE"
            ),
            stamps=("usage",),
        ),
        "trigger that changes complaints": Kind(
            trigger("NEW.note := 'seen'; RETURN NEW;", "BEFORE INSERT", CALLS)
        ),
        "trigger that moves complaints": Kind(
            trigger("NEW.client := client_no(7); RETURN NEW;", "BEFORE INSERT", CALLS)
        ),
        "trigger that skips complaints": Kind(
            trigger(
                "IF NEW.client = client_no(1) THEN RETURN NULL; END IF; RETURN NEW;",
                "BEFORE INSERT",
                CALLS,
            )
        ),
        "trigger that refuses complaints": Kind(
            trigger(
                "IF NEW.client = client_no(1) THEN RAISE 'no' USING ERRCODE = 'XX123';"
                " END IF; RETURN NEW;",
                "BEFORE INSERT",
                CALLS,
            )
        ),
        "trigger that deletes complaints before their client": Kind(
            trigger(
                f'DELETE FROM {CALLS} WHERE client = OLD."Id"; RETURN OLD;',
                "BEFORE DELETE",
            )
        ),
        "trigger that deletes complaints after their client": Kind(
            trigger(
                f'DELETE FROM {CALLS} WHERE client = OLD."Id"; RETURN OLD;',
                "AFTER DELETE",
            ),
            calls=CALLS_TABLE.replace(f"REFERENCES {CLIENTS}", ""),
        ),
        "trigger that updates the client of a complaint": Kind(
            f"ALTER TABLE {CLIENTS} ADD last_note timestamptz;"
            'GRANT USAGE ON SCHEMA "@schema@" TO PUBLIC;'
            + trigger(
                f"UPDATE {CLIENTS} SET last_note = NEW.at, usage = usage + 1"
                ' WHERE "Id" = NEW.client; RETURN NULL;',
                "AFTER INSERT",
                CALLS,
            )
            + ";ALTER FUNCTION act() SECURITY DEFINER"
        ),
        "trigger that inserts a client for a complaint": Kind(
            trigger(
                f'INSERT INTO {CLIENTS} ("Id", usage, plan)'
                " VALUES (NEW.client, 3, 'a')"
                " ON CONFLICT DO NOTHING; RETURN NEW;",
                "BEFORE INSERT",
                CALLS,
            )
            + ";ALTER FUNCTION act() SECURITY DEFINER"
        ),
        "trigger that refuses to delete clients": Kind(
            trigger("RAISE 'no' USING ERRCODE = 'XX123';", "BEFORE DELETE")
        ),
        "trigger of an extension": Kind(
            f"ALTER TABLE {CLIENTS} ADD changed_at timestamptz;"
            f"CREATE TRIGGER moddatetime BEFORE UPDATE ON {CLIENTS} FOR EACH ROW"
            " EXECUTE FUNCTION moddatetime(changed_at)",
            extension="moddatetime",
            stamps=("changed_at",),
        ),
    }
)
