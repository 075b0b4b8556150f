"""Names that somebody else's schema could shadow, as pgspot finds them."""

import subprocess
import sys

from pglast import parse_sql, split
from pglast.ast import CreateFunctionStmt, DoStmt

from tests.databases import Database
from tests.schemas import OURS, SCHEMAS

# Every other function pins its search_path. What these call is written in full, which
# pgspot goes on to check.
WITHOUT_SEARCH_PATH = {
    "churn_internal.fetch_rows": "the query runs under its caller's",
    "churn.repair": "a procedure with SET cannot commit",
    "churn.rescore": "a procedure with SET cannot commit",
    "churn.score": "with SET it could not be put in place of its call",
}
SIGNATURES = (
    "churn_internal.fetch_rows(cursor refcursor,batch_size integer,"
    "numbers double precision[],texts text[],passed jsonb)",
    "churn.repair(profile regclass,batch_size integer)",
    "churn.repair(IN profile regclass,IN batch_size integer)",
    "churn.rescore(profile regclass,batch_size integer)",
    "churn.rescore(profile regclass,batch_size integer,rows_per_second integer,"
    "restart boolean)",
    # As pg_get_functiondef writes it.
    "churn.rescore(IN profile regclass,IN batch_size integer,"
    "IN rows_per_second integer,IN restart boolean)",
    "churn.score(churn.customers)",
    "churn.score(company.clients)",
)
COMPANY = """
    CREATE SCHEMA company;
    CREATE TYPE company.kind AS ENUM ('small', 'large');
    CREATE TABLE company.clients (
        id uuid PRIMARY KEY, usage numeric, kind company.kind, on_trial boolean
    );
    CREATE TABLE company.calls (client uuid REFERENCES company.clients, at date);
    SELECT churn.attach('company.clients', 'id', 'company.calls', 'client', 'at');
    SELECT churn.set_outbox('company.clients', 'every');
"""
# Types and defaults of parameters were looked up when the function was created; and
# pgspot asks for a schema of one's own before it lets anything be replaced.
AS_STORED = "SET search_path = pg_catalog, pg_temp;\n" + "".join(
    f"CREATE SCHEMA {schema};\n" for schema in SCHEMAS
)


def findings(path, script):
    """Return what pgspot says of a script; nothing when it is clean."""
    path.write_text(script, encoding="utf-8")
    command = [sys.executable, "-m", "pgspot", "--ignore-lang", "plpython3u"]
    for signature in SIGNATURES:
        command += ["--proc-without-search-path", signature]
    done = subprocess.run([*command, path], capture_output=True, text=True)
    return [] if done.returncode == 0 else [*done.stdout.splitlines(), done.stderr]


def statements(script):
    """Return the text and the tree of each statement."""
    return zip(split(script), (raw.stmt for raw in parse_sql(script)), strict=True)


def parsed_when_created(tree):
    """Tell a body of SQL whose names were looked up when it was created.

    No later search_path changes what they mean; pgspot cannot read such a body.
    """
    return isinstance(tree, CreateFunctionStmt) and tree.sql_body is not None


def signature(tree):
    """Return name and argument types of a function that a statement creates."""
    return (
        tuple(part.sval for part in tree.funcname),
        tuple(
            tuple(name.sval for name in parameter.argType.names)
            for parameter in tree.parameters or ()
        ),
    )


def in_force(script):
    """Return the statements of a script without what has no effect in the end.

    A function counts by its newest text. Left out are also blocks of Python.
    """
    kept = {}
    for number, (text, tree) in enumerate(statements(script)):
        if isinstance(tree, CreateFunctionStmt):
            if not parsed_when_created(tree):
                kept[signature(tree)] = text
        elif "plpython3u" in text and isinstance(tree, DoStmt):
            continue
        else:
            kept[number] = text
    return ";\n".join(kept.values()) + ";\n"


def test_every_migration_is_clean(migrated, server, tmp_path):
    database = Database(server, migrated.template_dbname)

    script = database.alembic("upgrade", "head", "--sql").stdout

    assert findings(tmp_path / "upgrade.sql", in_force(script)) == []


def test_every_function_as_it_is_stored_is_clean(session, tmp_path):
    session.run(COMPANY)

    functions = session.column(
        "SELECT pg_get_functiondef(p.oid) || ';' FROM pg_proc p"
        f" WHERE p.pronamespace = ANY ({OURS}) AND p.prosqlbody IS NULL"
        # Those act as the owner of an attached table and find what that owner would:
        # tests/database/test_tables_with_objects_of_others.py attacks them.
        " AND p.proname !~ '^update_profiles?_'"
    )

    assert sum("_2(" in text for text in functions) >= 6
    assert findings(tmp_path / "functions.sql", AS_STORED + "\n".join(functions)) == []


def test_the_functions_that_a_template_creates_are_among_them(session, tmp_path):
    session.run(COMPANY)

    definition = session.value(
        "SELECT pg_get_functiondef('churn_internal.complaints_inserted_2'::regproc)"
    )

    pinned = "SET search_path TO 'pg_catalog', 'pg_temp'"
    assert pinned in definition
    script = AS_STORED + definition.replace(pinned, "") + ";"
    assert any("PS003" in line for line in findings(tmp_path / "open.sql", script))


def test_functions_without_a_search_path_are_these_and_run_as_their_caller(session):
    session.run(COMPANY)

    # Those that pgspot does not read have no names to look up when they run, as the
    # server's own, or call nothing but Python, which is called by functions that pin
    # theirs; or, where it is the query of a caller, by churn.predict_query.
    assert set(
        session.run(
            "SELECT DISTINCT format('%s.%s', p.pronamespace::regnamespace, p.proname),"
            " p.prosecdef FROM pg_proc p"
            " JOIN pg_language l ON l.oid = p.prolang"
            f" WHERE p.pronamespace = ANY ({OURS})"
            " AND l.lanname NOT IN ('plpython3u', 'internal')"
            " AND p.prosqlbody IS NULL"
            " AND NOT coalesce(p.proconfig::text LIKE '%search_path=%', false)"
        )
    ) == {(name, False) for name in WITHOUT_SEARCH_PATH}
