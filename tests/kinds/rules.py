"""Rules and policies."""

from tests.kinds.kind import CALLS, CLIENTS, OWNER, Kind

POLICIES = (
    f"ALTER TABLE {CLIENTS} ENABLE ROW LEVEL SECURITY;"
    f"ALTER TABLE {CALLS} ENABLE ROW LEVEL SECURITY;"
    f"CREATE POLICY all_rows ON {CLIENTS} TO {OWNER} USING (true);"
    f"CREATE POLICY all_rows ON {CALLS} USING (true);"
)
FORCE = (
    f"ALTER TABLE {CLIENTS} FORCE ROW LEVEL SECURITY;"
    f"ALTER TABLE {CALLS} FORCE ROW LEVEL SECURITY;"
)
RULES = {
    "rule ON UPDATE DO ALSO": Kind(
        f"CREATE RULE note AS ON UPDATE TO {CLIENTS} DO ALSO INSERT INTO history VALUES"
        " (current_user, 'UPDATE', jsonb_build_object('usage', OLD.usage),"
        " jsonb_build_object('usage', NEW.usage))"
    ),
    "rule ON UPDATE DO ALSO NOTHING": Kind(
        f"CREATE RULE note AS ON UPDATE TO {CLIENTS} DO ALSO NOTHING"
    ),
    "rule ON INSERT DO ALSO": Kind(
        f"CREATE RULE note AS ON INSERT TO {CALLS} DO ALSO INSERT INTO call_log VALUES"
        " (current_user, 'INSERT', NULL, NULL)"
    ),
    "rule ON INSERT DO INSTEAD NOTHING": Kind(
        f"CREATE RULE note AS ON INSERT TO {CALLS} WHERE NEW.note IS NULL"
        " AND NEW.client = client_no(1) DO INSTEAD NOTHING"
    ),
    "rule ON DELETE DO INSTEAD UPDATE": Kind(
        f"CREATE RULE keep AS ON DELETE TO {CALLS} DO INSTEAD"
        f" UPDATE {CALLS} SET note = 'gone' WHERE client = OLD.client"
    ),
    "rule ON DELETE of clients DO ALSO": Kind(
        f"CREATE RULE clean AS ON DELETE TO {CLIENTS} DO ALSO"
        f' DELETE FROM {CALLS} WHERE client = OLD."Id"'
    ),
    "rule disabled": Kind(
        f"CREATE RULE stop AS ON UPDATE TO {CLIENTS} DO INSTEAD NOTHING;"
        f"ALTER TABLE {CLIENTS} DISABLE RULE stop"
    ),
    "policies": Kind(POLICIES),
    "policies FORCE": Kind(POLICIES + FORCE),
    "policies, none for anybody": Kind(
        f"ALTER TABLE {CLIENTS} ENABLE ROW LEVEL SECURITY"
    ),
    "policies, restrictive": Kind(
        POLICIES + FORCE + f"CREATE POLICY few ON {CALLS} AS RESTRICTIVE FOR INSERT"
        " WITH CHECK (client IS DISTINCT FROM client_no(1))"
    ),
    "policies that hide complaints": Kind(
        POLICIES + FORCE + f"CREATE POLICY few ON {CALLS} AS RESTRICTIVE FOR SELECT"
        " USING (client <> client_no(2))"
    ),
}
