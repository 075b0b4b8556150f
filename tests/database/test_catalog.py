"""What holds for every object of the schemas, the attached tables' included."""

from tests.schemas import OURS, SCHEMAS

FUNCTIONS = f"""
    SELECT p.oid::regprocedure::text FROM pg_proc p
    JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = ANY ({OURS}) AND %s
    ORDER BY 1
"""


def functions(session, condition):
    return session.column(FUNCTIONS % condition)


def test_every_table_view_and_column_has_a_comment(session):
    assert (
        session.run(f"""
        SELECT c.relname, a.attname FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
            AND a.attnum > 0 AND c.relkind IN ('r', 'p')
        WHERE c.relnamespace = ANY ({OURS}) AND c.relkind IN ('r', 'p', 'v')
          AND (obj_description(c.oid, 'pg_class') IS NULL
               OR a.attnum IS NOT NULL AND col_description(c.oid, a.attnum) IS NULL)
        """)
        == []
    )


def test_every_type_has_a_comment(session):
    assert (
        session.column(
            f"SELECT typname FROM pg_type WHERE typnamespace = ANY ({OURS})"
            " AND typtype = 'd' AND obj_description(oid, 'pg_type') IS NULL"
        )
        == []
    )


def test_every_function_has_a_comment(session):
    assert functions(session, "obj_description(p.oid, 'pg_proc') IS NULL") == []


def test_every_trigger_has_a_comment(session):
    assert (
        session.column(
            "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            f" WHERE c.relnamespace = ANY ({OURS}) AND NOT t.tgisinternal"
            " AND obj_description(t.oid, 'pg_trigger') IS NULL"
        )
        == []
    )


def test_every_event_trigger_role_and_schema_has_a_comment(session):
    assert (
        session.column(
            "SELECT evtname FROM pg_event_trigger"
            " WHERE obj_description(oid, 'pg_event_trigger') IS NULL"
            " UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ '^churn_'"
            " AND shobj_description(oid, 'pg_authid') IS NULL"
            " UNION ALL SELECT nspname FROM pg_namespace WHERE nspname ~ '^churn'"
            " AND obj_description(oid, 'pg_namespace') IS NULL"
        )
        == []
    )


def test_nothing_is_open_to_everybody(session):
    assert (
        functions(session, "has_function_privilege('public', p.oid, 'EXECUTE')") == []
    )
    assert (
        session.column(
            "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a"
            f" WHERE c.relnamespace = ANY ({OURS}) AND a.grantee = 0"
        )
        == []
    )
    for schema in (*SCHEMAS, "churn_trust"):
        assert not session.value(
            "SELECT has_schema_privilege('public', %s, 'USAGE')", schema
        )


def test_every_definers_function_pins_the_search_path_with_temporary_names_last(
    session,
):
    assert (
        functions(
            session,
            "p.prosecdef AND NOT coalesce(p.proconfig, '{}')"
            " @> ARRAY['search_path=pg_catalog, pg_temp']"
            # Those find what the owner of an attached table would.
            " AND NOT (p.proname ~ '^update_profiles?_' AND p.proconfig[1]"
            " ~ '^search_path=.*, pg_temp$')",
        )
        == []
    )


def test_every_definers_function_belongs_to_the_owner(session):
    assert (
        functions(session, "p.prosecdef AND p.proowner <> 'churn_owner'::regrole") == []
    )


def test_what_may_call_python_stays_out_of_parallel_workers(session):
    assert functions(session, "p.proparallel <> 'u'") == []


def test_no_python_is_called_immutable(session):
    assert functions(session, "l.lanname = 'plpython3u' AND p.provolatile = 'i'") == []


def test_everything_belongs_to_the_owner(session):
    assert functions(session, "p.proowner <> 'churn_owner'::regrole") == []
    assert (
        session.column(
            f"SELECT relname FROM pg_class WHERE relnamespace = ANY ({OURS})"
            " AND relowner <> 'churn_owner'::regrole"
            " UNION ALL SELECT typname FROM pg_type"
            f" WHERE typnamespace = ANY ({OURS})"
            " AND typowner <> 'churn_owner'::regrole"
            f" UNION ALL SELECT nspname FROM pg_namespace WHERE oid = ANY ({OURS})"
            " AND nspowner <> 'churn_owner'::regrole"
        )
        == []
    )


def test_nobody_logs_in_as_one_of_the_roles(session):
    assert session.run(
        "SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb"
        " FROM pg_roles WHERE rolname ~ '^churn_' ORDER BY 1"
    ) == [
        (f"churn_{name}", False, False, False, False)
        for name in ("application", "loader", "owner", "scorer")
    ]


def test_every_foreign_key_of_the_registry_can_use_an_index(session):
    assert (
        session.column(f"""
        SELECT k.conname FROM pg_constraint k
        WHERE k.contype = 'f' AND k.connamespace = ANY ({OURS})
          AND k.conrelid = 'churn.complaints'::regclass
          AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid
                          AND i.indkey[0] = k.conkey[1])
        """)
        == []
    )


def test_nothing_lies_outside_the_schemas(session):
    assert (
        session.column(
            "SELECT proname FROM pg_proc WHERE proowner = 'churn_owner'::regrole"
            f" AND pronamespace <> ALL ({OURS})"
            " UNION ALL SELECT relname FROM pg_class"
            f" WHERE relowner = 'churn_owner'::regrole AND relnamespace <> ALL ({OURS})"
            # What its columns hold that do not fit a row.
            " AND relnamespace <> 'pg_toast'::regnamespace"
        )
        == []
    )
