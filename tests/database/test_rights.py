"""What the catalog allows to whom, held against tests/rights.py."""

import re

import pytest

from tests.rights import (
    ACTIONS,
    RIGHTS_ON_ATTACHED_TABLES,
    expected,
    expected_rights,
)

COMPANY = """
    CREATE ROLE pgchurn_test_nobody;
    CREATE ROLE pgchurn_test_keeper;
    CREATE ROLE pgchurn_test_database_owner;
    CREATE SCHEMA company AUTHORIZATION pgchurn_test_keeper;
    SET LOCAL ROLE pgchurn_test_keeper;
    CREATE TABLE company.clients (id uuid PRIMARY KEY, usage numeric);
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
    "parameter": """
        SELECT parname, parname FROM pg_parameter_acl WHERE parname ~ ('^' || %s)
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
    """Return the kind, name and identity of everything in a schema."""
    found = [
        (kind, name, (identity,))
        for kind, query in OBJECTS.items()
        for name, identity in session.run(query, schema)
    ]
    return found + [
        ("column", name, tuple(identity))
        for name, *identity in session.run(COLUMNS, schema)
    ]


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
    for kind, name, identity in objects(attached, "churn"):
        allowed = held(attached, role, kind, identity)
        if allowed != expected(role, f"{kind} {without_number(kind, name)}"):
            wrong[f"{kind} {name}"] = allowed

    assert wrong == {}


@pytest.mark.parametrize("role", sorted({*ROLES} - {"pgchurn_test_keeper"}))
def test_the_owner_alone_is_let_into_attached_tables(attached, role):
    wrong = {}
    for kind, name, identity in objects(attached, "company"):
        full_name = f"{kind} {name}" if kind == "schema" else f"{kind} company.{name}"
        wanted = (
            RIGHTS_ON_ATTACHED_TABLES[full_name] if role == "churn_owner" else set()
        )
        allowed = held(attached, role, kind, identity)
        if allowed != wanted:
            wrong[full_name] = allowed

    assert wrong == {}


def test_every_line_names_something(attached):
    there = {
        f"{kind} {without_number(kind, name)}"
        for kind, name, _ in objects(attached, "churn")
    }

    assert set(expected_rights()) - there == set()


def test_there_is_no_kind_of_object_that_nobody_thought_of(attached):
    # Constraints, indexes and row types have no rights of their own to speak of: a row
    # type is everybody's to name, and its schema is not everybody's to look into.
    for catalog, condition in {
        "pg_class": "relnamespace = 'churn'::regnamespace"
        " AND relkind NOT IN ('r', 'p', 'v', 'S', 'i', 'I')",
        "pg_type": "typnamespace = 'churn'::regnamespace"
        " AND typrelid = 0 AND typelem = 0",
        "pg_operator": "oprnamespace = 'churn'::regnamespace",
        "pg_collation": "collnamespace = 'churn'::regnamespace",
        "pg_conversion": "connamespace = 'churn'::regnamespace",
        "pg_opclass": "opcnamespace = 'churn'::regnamespace",
        "pg_ts_config": "cfgnamespace = 'churn'::regnamespace",
        "pg_statistic_ext": "stxnamespace = 'churn'::regnamespace",
    }.items():
        found = attached.column(f"SELECT oid::text FROM {catalog} WHERE {condition}")
        assert found == [], catalog


def test_nobody_but_the_owner_can_pass_a_right_on(attached):
    assert (
        attached.run("""
        SELECT a.grantee::regrole, a.privilege_type FROM (
            SELECT nspacl FROM pg_namespace WHERE nspname = 'churn'
            UNION ALL SELECT relacl FROM pg_class
                WHERE relnamespace = 'churn'::regnamespace
            UNION ALL SELECT attacl FROM pg_attribute a
                JOIN pg_class c ON c.oid = a.attrelid
                WHERE c.relnamespace = 'churn'::regnamespace
            UNION ALL SELECT proacl FROM pg_proc
                WHERE pronamespace = 'churn'::regnamespace
            UNION ALL SELECT paracl FROM pg_parameter_acl WHERE parname ~ '^churn'
        ) o (acl), aclexplode(o.acl) a
        WHERE a.is_grantable AND a.grantee <> 'churn_owner'::regrole
        """)
        == []
    )


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
            " OR defaclnamespace = 'churn'::regnamespace"
        )
        == []
    )


def test_what_attach_creates_stays_closed_whatever_the_default_rights_are(session):
    session.run("""
        ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA churn GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE churn_owner IN SCHEMA churn
            GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
        """)
    session.run(COMPANY)
    # Written anew by the owner, and not by the superuser who attached.
    with session.role("pgchurn_test_keeper"):
        session.run("ALTER TABLE company.clients ADD COLUMN plan text")

    assert (
        session.column(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'churn'::regnamespace"
            " AND has_function_privilege('public', oid, 'EXECUTE')"
        )
        == []
    )


def test_the_event_triggers_belong_to_a_superuser(session):
    assert session.run(
        "SELECT evtname, rolsuper FROM pg_event_trigger e"
        " JOIN pg_roles r ON r.oid = e.evtowner WHERE evtname ~ '^churn_' ORDER BY 1"
    ) == [("churn_follow_altered_tables", True), ("churn_keep_attached_tables", True)]
