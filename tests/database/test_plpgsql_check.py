"""What plpgsql_check says of every PL/pgSQL function, generated ones included."""

import pytest

from tests.company import CLIENTS, attach, create_tables

# Attachments of every shape: which functions there are, and what is in them, depends on
# the scoring mode, on the complaints' time, and on who wants to know of scores.
WITHOUT_TIME = ("company.readers", "id", "company.letters", "reader", None)
PUBLISH = (
    "SELECT churn.set_prediction_log(%s, 1)",
    "SELECT churn.set_outbox(%s, 'every')",
    "SELECT churn.set_notifications(%s, 'threshold', 0.5)",
)

# A trigger's function is checked once for each table that calls it.
FUNCTIONS = """
    SELECT p.oid, p.oid::regprocedure::text, coalesce(t.tgrelid, a.profile, 0),
           t.tgrelid::regclass::text,
           array_remove(
               array_agg(DISTINCT t.tgoldtable) || array_agg(DISTINCT t.tgnewtable),
               NULL
           )::text[]
    FROM pg_proc p
    JOIN pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_trigger t ON t.tgfoid = p.oid
    LEFT JOIN churn.attachments a ON p.proname = 'profile_changing_' || a.attachment_id
    WHERE l.lanname = 'plpgsql' AND p.pronamespace::regnamespace::text ~ '^churn'
    GROUP BY p.oid, t.tgrelid, a.profile ORDER BY p.oid::regprocedure::text, t.tgrelid
"""
FINDINGS = """
    SELECT lineno, message, detail
    FROM public.plpgsql_check_function_tb(
        %s, %s, fatal_errors => false, security_warnings => true
    )
"""

# What set_config returns has to be put somewhere.
SWALLOWED = 'never read variable "ignored"'
# What it says where it cannot tell what an EXECUTE returns.
UNKNOWN = "cannot to determine result of dynamic SQL"
UNSANITIZED = "text type variable is not sanitized"
SANITIZED = {
    "churn.attach": "the type is what churn_internal.type_name writes",
    "churn.detach": "what it drops is named by format and %I, or by regprocedure",
    "churn.forget": "churn_internal.type_name and operator_name write them",
    "churn.register_model": "churn_internal.candidate_statements writes them",
    "churn.worklist": "churn_internal.customer_of_row and %I write them",
    "churn_internal.begin_rescoring": "a number",
    "churn_internal.check_labels": "churn_internal.label_expression writes it",
    "churn_internal.changed_by_writing": "table_name, operator_name and type_name do",
    "churn_internal.recount_profiles": "placeholders are quoted one by one",
    "churn_internal.remark_renamed": "placeholders are quoted one by one",
    "churn_internal.create_from_template": "placeholders are quoted one by one",
    "churn_internal.key_spellings": "the type is what churn_internal.type_name writes",
    "churn_internal.mend_attachment": "names are written by table_name and schema_name",
}
# What newer versions say of an EXECUTE of an expression.
UNSAFE = "the expression is not SQL injection safe"
AS_GIVEN = {"churn.predict_query": "it runs a query with its caller's rights"}


@pytest.fixture
def checker(bare):
    if not bare.value(
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'plpgsql_check'"
    ):
        pytest.skip(
            "PL/pgSQL is not checked: PostgreSQL's extension plpgsql_check is missing"
        )
    bare.run("CREATE EXTENSION plpgsql_check SCHEMA public")
    # As the functions themselves set it.
    bare.run("SET LOCAL search_path = pg_catalog, pg_temp")
    return bare


@pytest.fixture
def attached(checker):
    """Attachments of every shape, churn.customers among them."""
    for names in (CLIENTS, WITHOUT_TIME):
        create_tables(checker, names)
        attach(checker, names)
    checker.run("SELECT churn.set_scoring_mode('company.clients', 'queued')")
    for profile in ("churn.customers", "company.clients"):
        for statement in PUBLISH:
            checker.run(statement, profile)
    return checker


def findings(session):
    """Return what is wrong with the functions as they are now: name, line, message."""
    found = []
    for oid, name, relation, table, transition_tables in session.run(FUNCTIONS):
        # What a trigger for another event has stands for a table of that name, too.
        for transition_table in transition_tables:
            session.run(f"CREATE TEMPORARY TABLE {transition_table} (LIKE {table})")
        for line, message, detail in session.run(FINDINGS, oid, relation):
            if message != SWALLOWED and detail != UNKNOWN:
                found.append((name.partition("(")[0], line, message))
        for transition_table in transition_tables:
            session.run(f"DROP TABLE {transition_table}")
    return found


def test_every_function_is_sound(attached):
    found = findings(attached)

    assert [one for one in found if one[2] not in (UNSANITIZED, UNSAFE)] == []
    assert {name for name, _, message in found if message == UNSAFE} <= set(AS_GIVEN)
    assert {name for name, _, message in found if message == UNSANITIZED} == set(
        SANITIZED
    )


def test_a_variable_that_is_not_used_and_a_column_that_is_not_there_are_found(checker):
    checker.run("""
        CREATE FUNCTION churn_internal.careless() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            unused integer;
        BEGIN
            RETURN (SELECT max(c.age_in_years) FROM churn.customers c);
        END
        $$
    """)

    found = findings(checker)

    name = "churn_internal.careless"
    assert (name, 5, "column c.age_in_years does not exist") in found
    assert (name, 3, 'unused variable "unused"') in found


def test_functions_that_attaching_generates_are_among_them(attached):
    attached.run("ALTER TABLE churn_internal.pending_profiles RENAME key TO which")

    assert "churn_internal.work_profiles_2" in {name for name, *_ in findings(attached)}
