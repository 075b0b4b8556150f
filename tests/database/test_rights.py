"""What the catalog allows to whom, held against tests/rights.py."""

import re

import pytest

from tests.rights import (
    ACTIONS,
    RIGHTS_ON_ATTACHED_TABLES,
    expected,
    expected_rights,
    line_of,
)
from tests.schemas import OURS, SCHEMAS

COMPANY = """
    CREATE ROLE pgchurn_test_nobody;
    CREATE ROLE pgchurn_test_keeper;
    CREATE ROLE pgchurn_test_database_owner;
    CREATE SCHEMA company AUTHORIZATION pgchurn_test_keeper;
    SET LOCAL ROLE pgchurn_test_keeper;
    CREATE TABLE company.clients (id uuid PRIMARY KEY, usage numeric CHECK (usage > 0));
    CREATE TABLE company.calls (client uuid REFERENCES company.clients, at date);
    RESET ROLE;
    SELECT churn.attach('company.clients', 'id', 'company.calls', 'client', 'at');
    SELECT churn.set_prediction_log('company.clients', 1);
    SELECT churn.set_outbox('company.clients', 'every');
"""
ROLES = (
    *("churn_owner", "churn_loader", "churn_scorer", "churn_application"),
    *("pgchurn_test_nobody", "pgchurn_test_keeper", "pgchurn_test_database_owner"),
)

# Every object of a schema: its kind and name, what identifies it to has_*_privilege.
OBJECTS = {
    "schema": "SELECT nspname, nspname FROM pg_namespace WHERE nspname = %s",
    "table": """
        SELECT relname, oid FROM pg_class
        WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p', 'f')
    """,
    "view": """
        SELECT relname, oid FROM pg_class
        WHERE relnamespace = %s::regnamespace AND relkind IN ('v', 'm')
    """,
    "sequence": """
        SELECT relname, oid FROM pg_class
        WHERE relnamespace = %s::regnamespace AND relkind = 'S'
    """,
    "function": """
        SELECT proname, oid FROM pg_proc WHERE pronamespace = %s::regnamespace
    """,
    "type": """
        SELECT typname, oid FROM pg_type
        WHERE typnamespace = %s::regnamespace AND typtype = 'd'
    """,
}
COLUMNS = """
    SELECT c.relname || '.' || a.attname, c.oid, a.attnum FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
"""
PRIVILEGE_FUNCTIONS = {"view": "has_table_privilege"}


@pytest.fixture
def attached(session):
    session.run(COMPANY)
    return session


def objects(session, schema):
    """Return the kind, full name and identity of everything in a schema."""
    found = [
        (kind, name if kind == "schema" else f"{schema}.{name}", (identity,))
        for kind, query in OBJECTS.items()
        for name, identity in session.run(query, schema)
    ]
    return found + [
        ("column", f"{schema}.{name}", tuple(identity))
        for name, *identity in session.run(COLUMNS, schema)
    ]


def our_objects(session):
    """Return those of all schemas of pgchurn but the trusted keys'."""
    return [found for schema in SCHEMAS for found in objects(session, schema)]


def held(session, role, kind, identity):
    """Return the actions that the catalog allows a role."""
    function = PRIVILEGE_FUNCTIONS.get(kind, f"has_{kind}_privilege")
    arguments = "".join(
        (
            ", %s::smallint"
            if kind == "column" and place
            else ", %s"
            if isinstance(value, str)
            else ", %s::oid"
        )
        for place, value in enumerate(identity)
    )
    actions = sorted(ACTIONS[kind])
    checks = ", ".join(f"{function}(%s{arguments}, '{action}')" for action in actions)
    answers = session.row(f"SELECT {checks}", *((role, *identity) * len(actions)))
    return {action for action, allowed in zip(actions, answers) if allowed}


def without_number(kind, name):
    """Return the name that an object goes by in the table of rights."""
    numbered = kind in ("function", "table", "column")
    return re.sub(r"_\d+(?=\.|$)", "_N", name) if numbered else name


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_is_written_down_and_nothing_else(attached, role):
    if role == "pgchurn_test_database_owner":
        database = attached.value("SELECT current_database()")
        attached.run(f'ALTER DATABASE "{database}" OWNER TO {role}')

    wrong = {}
    for kind, name, identity in our_objects(attached):
        allowed = held(attached, role, kind, identity)
        if allowed != expected(role, f"{kind} {without_number(kind, name)}"):
            wrong[f"{kind} {name}"] = allowed

    assert wrong == {}


@pytest.mark.parametrize("role", sorted({*ROLES} - {"pgchurn_test_keeper"}))
def test_the_owner_alone_is_let_into_attached_tables(attached, role):
    wrong = {}
    for kind, name, identity in objects(attached, "company"):
        line = f"{kind} {name}"
        wanted = RIGHTS_ON_ATTACHED_TABLES[line] if role == "churn_owner" else set()
        allowed = held(attached, role, kind, identity)
        if allowed != wanted:
            wrong[line] = allowed

    assert wrong == {}


def test_every_line_names_something(attached):
    rights = expected_rights()
    named = {
        line_of(rights, f"{kind} {without_number(kind, name)}")
        for kind, name, _ in our_objects(attached)
    }

    assert {line for line in set(rights) - named if "*" not in line} == set()


def test_nobody_but_the_owner_may_run_a_module_of_the_runtime(attached):
    attached.run("""
        SET LOCAL ROLE churn_owner;
        CREATE FUNCTION churn_runtime.module() RETURNS void LANGUAGE sql AS '';
        GRANT EXECUTE ON FUNCTION churn_runtime.module TO churn_loader;
        RESET ROLE
        """)
    ((kind, name, identity),) = (
        found
        for found in objects(attached, "churn_runtime")
        if found[1] == "churn_runtime.module"
    )

    assert expected("churn_owner", f"{kind} {name}") == {"EXECUTE"}
    assert expected("churn_loader", f"{kind} {name}") == set()
    assert held(attached, "churn_loader", kind, identity) == {"EXECUTE"}


def test_there_is_no_kind_of_object_that_nobody_thought_of(attached):
    # Constraints, indexes and row types have no rights of their own to speak of: a row
    # type is everybody's to name, and its schema is not everybody's to look into.
    for catalog, condition in {
        "pg_class": f"relnamespace = ANY ({OURS})"
        " AND relkind NOT IN ('r', 'p', 'v', 'S', 'i', 'I')",
        "pg_type": f"typnamespace = ANY ({OURS}) AND typrelid = 0 AND typelem = 0"
        " AND typtype <> 'd'",
        "pg_operator": f"oprnamespace = ANY ({OURS})",
        "pg_collation": f"collnamespace = ANY ({OURS})",
        "pg_conversion": f"connamespace = ANY ({OURS})",
        "pg_opclass": f"opcnamespace = ANY ({OURS})",
        "pg_ts_config": f"cfgnamespace = ANY ({OURS})",
        "pg_statistic_ext": f"stxnamespace = ANY ({OURS})",
    }.items():
        found = attached.column(f"SELECT oid::text FROM {catalog} WHERE {condition}")
        assert found == [], catalog


def test_nobody_may_set_a_parameter_of_the_server(attached):
    granted = "SELECT parname FROM pg_parameter_acl WHERE parname ~ '^churn'"
    assert attached.column(granted) == []


GRANTED = f"""
    SELECT a.grantee::regrole::text, a.privilege_type FROM (
        SELECT nspacl FROM pg_namespace WHERE oid = ANY ({OURS})
        UNION ALL SELECT relacl FROM pg_class WHERE relnamespace = ANY ({OURS})
        UNION ALL SELECT attacl FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = ANY ({OURS})
        UNION ALL SELECT proacl FROM pg_proc WHERE pronamespace = ANY ({OURS})
    ) o (acl), aclexplode(o.acl) a
    WHERE a.grantee <> 'churn_owner'::regrole
"""


def test_nobody_but_the_owner_can_pass_a_right_on(attached):
    assert attached.run(f"{GRANTED} AND a.is_grantable") == []


def test_no_right_is_granted_of_which_nothing_is_said_here(attached):
    # As MAINTAIN, which PostgreSQL has from 17 on.
    known = sorted(set().union(*ACTIONS.values()))

    assert attached.run(f"{GRANTED} AND a.privilege_type <> ALL (%s)", known) == []


def test_no_role_is_a_member_of_another(attached):
    assert (
        attached.run("""
        SELECT m.roleid::regrole, m.member::regrole FROM pg_auth_members m
        WHERE m.member::regrole::text ~ '^churn_' OR m.roleid = 'churn_owner'::regrole
           OR (m.roleid::regrole::text ~ '^churn_' AND m.admin_option)
        """)
        == []
    )


def test_there_are_no_default_rights(attached):
    assert (
        attached.run(
            "SELECT * FROM pg_default_acl WHERE defaclrole = 'churn_owner'::regrole"
            f" OR defaclnamespace = ANY ({OURS})"
        )
        == []
    )


def test_what_attach_creates_stays_closed_whatever_the_default_rights_are(session):
    session.run("""
        ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA churn, churn_internal
            GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE churn_owner IN SCHEMA churn, churn_internal
            GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
        """)
    session.run(COMPANY)
    # Written anew by the owner, and not by the superuser who attached.
    with session.role("pgchurn_test_keeper"):
        session.run("ALTER TABLE company.clients ADD COLUMN plan text")

    assert (
        session.column(
            f"SELECT proname FROM pg_proc WHERE pronamespace = ANY ({OURS})"
            " AND has_function_privilege('public', oid, 'EXECUTE')"
        )
        == []
    )


def test_the_event_triggers_belong_to_a_superuser(session):
    assert session.run(
        "SELECT evtname, rolsuper FROM pg_event_trigger e"
        " JOIN pg_roles r ON r.oid = e.evtowner WHERE evtname ~ '^churn_' ORDER BY 1"
    ) == [
        ("churn_admit_owner", True),
        ("churn_follow_altered_tables", True),
        ("churn_keep_attached_tables", True),
        ("churn_keep_unique_keys", True),
    ]
