"""How a session loads the runtime from the catalog, and how its errors reach SQL."""

import pytest
from pgchurn.plpython.render import living_files
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from tests.models import KINDS, deploy, fit, pipeline_for

SCORE = "SELECT churn.score_customer(1)"
PREDICT = "SELECT churn.predict(1, '{}')"
NO_PACKAGE = """
    CREATE FUNCTION pg_temp.modules() RETURNS text[] LANGUAGE plpython3u AS $$
        import sys
        names = [name for name in sys.modules if name.startswith("churn_runtime.")]
        return [name.partition(".")[2] for name in sorted(names)]
    $$
"""
# Which modules are compiled from their texts from now on.
COMPILED = """
    CREATE FUNCTION pg_temp.watch_compiling() RETURNS void LANGUAGE plpython3u AS $$
        import builtins
        original, GD["compiled"] = builtins.compile, []
        def compile(source, file_name, *arguments, **options):
            folder, _, module = str(file_name).partition("/")
            # The package itself has no text.
            if folder == "churn_runtime" and module != ".py":
                GD["compiled"].append(module.removesuffix(".py"))
            return original(source, file_name, *arguments, **options)
        builtins.compile = compile
    $$;
    CREATE FUNCTION pg_temp.compiled() RETURNS text[] LANGUAGE plpython3u AS
        'return GD["compiled"]';
    SELECT pg_temp.watch_compiling()
"""
NO_MODEL = "SELECT churn_internal.score_features(999, '', '{}', '{}', 0)"
BYTECODE = "churn_runtime.bytecode()"
# The functions that keep what they call, and the one that loads it: what an upgrade
# creates anew whenever a module has changed.
BOUND = [text for text in living_files().values() if "SD[" in text]


def changed(module, *replacements):
    """Return the SQL of a module with something else in place of a line."""
    text = living_files()[f"runtime/{module}.sql"]
    for line, other in replacements:
        assert line in text
        text = text.replace(line, other, 1)
    return text


def upgrade(session, *modules):
    """Do what a migration does with modules that have changed."""
    for text in (*modules, *BOUND):
        session.run(text)


def louder(what):
    """Return the SQL of a module in which a message is another."""
    return changed(
        "json_rows",
        ('"features must be a JSON object"', f'"features must be {what}"'),
    )


@pytest.fixture
def upgraded(trained_database):
    """Return a database that one test may upgrade."""
    return trained_database


def test_a_session_loads_what_it_needs(fresh):
    fresh.run(NO_PACKAGE)

    fresh.value(SCORE)
    after_scoring = fresh.value("SELECT pg_temp.modules()")
    fresh.refusal(PREDICT)
    after_predicting = fresh.value("SELECT pg_temp.modules()")

    assert {"session", "scoring", "registry"} <= set(after_scoring)
    assert not {"queries", "admission", "sandbox", "attestation"} & set(after_scoring)
    assert set(after_predicting) - set(after_scoring) >= {"json_rows", "queries"}


@pytest.mark.parametrize(
    "classifier",
    [LogisticRegression(), GradientBoostingClassifier(), RandomForestClassifier()],
)
def test_a_first_score_by_sums_and_trees_compiles_no_module(
    trained_database, classifier
):
    session = trained_database.session()
    deploy(session, fit(pipeline=pipeline_for(KINDS, classifier)))
    session.commit()
    session.close()
    fresh = trained_database.session()
    fresh.run(COMPILED)

    fresh.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    fresh.value("SELECT churn.score(c) FROM churn.customers c WHERE c.customer_id = 1")

    assert fresh.value("SELECT pg_temp.compiled()") == []


def test_a_module_whose_text_has_changed_is_compiled_by_the_session(fresh):
    anew = changed(
        "registry", ('"no active model for this profile"', '"no model, anew"')
    )
    upgrade(fresh, anew)
    fresh.run(COMPILED)

    assert fresh.refusal(NO_MODEL).message == "no model, anew"
    assert fresh.value("SELECT pg_temp.compiled()") == ["registry"]


def test_what_has_changed_is_compiled_for_all_sessions_as_a_migration_does(upgraded):
    anew = changed(
        "registry", ('"no active model for this profile"', '"no model, anew"')
    )
    migrating = upgraded.session(autocommit=True)
    upgrade(migrating, anew)
    migrating.run("SELECT churn_internal.compile_runtime()")
    session = upgraded.session(autocommit=True)
    session.run(COMPILED)

    assert session.refusal(NO_MODEL).message == "no model, anew"
    assert session.value("SELECT pg_temp.compiled()") == []


@pytest.mark.parametrize("magic", ["00000000", ""])
def test_what_another_python_has_compiled_is_not_read(fresh, magic):
    definition = fresh.value(f"SELECT pg_get_functiondef('{BYTECODE}'::regprocedure)")
    first, last = definition.index("'''\n") + 4, definition.rindex("\n'''")
    others = definition[first:last].partition("\n")[2]
    fresh.run(f"{definition[:first]}{magic}\n{others}{definition[last:]}")
    fresh.run(COMPILED)

    assert 0 < fresh.value(SCORE) < 1
    assert "scoring" in fresh.value("SELECT pg_temp.compiled()")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_database_in_which_nothing_was_compiled_scores(fresh, is_there):
    if is_there:
        fresh.run(living_files()["runtime/bytecode.sql"])
    else:
        fresh.run(f"DROP FUNCTION {BYTECODE}")

    assert 0 < fresh.value(SCORE) < 1


def test_a_module_that_has_changed_is_loaded_anew(upgraded):
    session = upgraded.session(autocommit=True)
    predicted = "SELECT churn.predict(1, '[]')"
    assert session.refusal(predicted).message == "features must be a JSON object"

    upgrade(upgraded.session(autocommit=True), louder("anew"))

    assert session.refusal(predicted).message == "features must be anew"
    assert 0 < session.value(SCORE) < 1


def test_nothing_remains_of_an_upgrade_that_is_rolled_back(fresh):
    predicted = "SELECT churn.predict(1, '[]')"
    before = fresh.value(SCORE)

    fresh.run("SAVEPOINT before")
    upgrade(fresh, louder("undone"))
    assert fresh.refusal(predicted).message == "features must be undone"
    fresh.run("ROLLBACK TO SAVEPOINT before")

    assert fresh.value(SCORE) == before
    assert fresh.refusal(predicted).message == "features must be a JSON object"


def test_what_was_bound_before_an_upgrade_that_is_rolled_back_is_bound_anew(fresh):
    # score_features is not called meanwhile: what it holds is of the session before.
    scored = "SELECT churn_internal.score_features(999, '', '{}', '{}', 0)"
    before = fresh.refusal(scored)

    fresh.run("SAVEPOINT before")
    upgrade(fresh, louder("undone"))
    fresh.refusal(PREDICT)
    fresh.run("ROLLBACK TO SAVEPOINT before")

    assert fresh.refusal(scored) == before
    assert before.message == "no active model for this profile"


def test_a_transaction_older_than_an_upgrade_loads_what_fits_the_functions(upgraded):
    session = upgraded.session()
    session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    session.value("SELECT count(*) FROM churn.customers")

    upgrade(upgraded.session(autocommit=True), louder("new"))

    refused = session.refusal("SELECT churn.predict(1, '[]')")
    assert refused.message == "features must be new"
    session.commit()
    refused = session.refusal("SELECT churn.predict(1, '[]')")
    assert refused.message == "features must be new"


def test_a_load_that_fails_leaves_nothing_behind(fresh):
    broken = changed("session", ("class Session:", "1 / 0\n\n\nclass Session:"))

    fresh.run("SAVEPOINT before")
    upgrade(fresh, broken)
    for _ in range(2):
        assert "division by zero" in fresh.refusal(SCORE).message
    fresh.run("ROLLBACK TO SAVEPOINT before")

    assert 0 < fresh.value(SCORE) < 1


def test_a_cancel_in_the_middle_of_a_load_leaves_nothing_behind(module_database):
    session = module_database.session()
    slow = changed(
        "signature", ("import json\n", "import json\nimport time\ntime.sleep(0.5)\n")
    )
    session.run("SAVEPOINT before")
    upgrade(session, slow)
    session.run("SET LOCAL statement_timeout = '200ms'")

    refused = session.refusal(SCORE)

    assert refused.sqlstate == "57014"
    session.run("ROLLBACK TO SAVEPOINT before")
    assert 0 < session.value(SCORE) < 1
    session.close()


def test_an_error_has_its_parts_and_nothing_in_front(session):
    refused = session.refusal(PREDICT)

    assert refused.sqlstate == "42703"
    assert refused.message.startswith('feature "')
    assert refused.hint.endswith(".")


@pytest.mark.parametrize("role", ["churn_scorer", "churn_loader"])
def test_those_who_may_call_a_function_see_its_errors(session, role):
    with session.role(role):
        assert session.refusal(PREDICT).sqlstate == "42703"


def test_an_error_can_be_caught_by_its_condition(session):
    session.run("""
        DO $$
        BEGIN
            PERFORM churn.predict(1, '{}');
        EXCEPTION WHEN undefined_column THEN
            RAISE NOTICE 'caught: %', SQLERRM;
        END
        $$
        """)

    assert 'caught: feature "' in session.take_notices()


def test_an_error_that_nobody_has_foreseen_names_module_line_and_source(fresh):
    broken = changed(
        "json_rows",
        ("    if not isinstance(values, dict):", "    1 / 0\n    if False:"),
    )
    upgrade(fresh, broken)

    refused = fresh.refusal(PREDICT)

    assert refused.sqlstate == "38000"
    assert refused.message == "ZeroDivisionError: division by zero"
    assert 'File "churn_runtime/json_rows.py", line ' in refused.detail
    assert "1 / 0" in refused.detail


def test_a_cancel_is_worded_as_the_server_words_it(session):
    session.run("SET LOCAL statement_timeout = '1ms'")

    refused = session.refusal(
        "SELECT sum(churn.score(c)) FROM churn.customers c, generate_series(1, 100000)"
    )

    assert refused.sqlstate == "57014"
    assert refused.message == "canceling statement due to statement timeout"


def test_a_key_that_is_refused_is_so_in_plain_words(session):
    refused = session.refusal("SELECT churn_trust.trust_key('no key', 'nobody''s')")

    assert refused.sqlstate == "22023"
    assert refused.message == "public key cannot be read"
    assert refused.detail and refused.hint


@pytest.mark.parametrize(
    "call, plain",
    [
        ("churn.predict(1, to_jsonb(c))", "double precision"),
        ("churn.score(c)", "double precision"),
        ("churn.warm()", "integer"),
        ("churn.server_environment()", "jsonb"),
    ],
)
def test_what_people_call_returns_plain_types(session, call, plain):
    session.run(
        f"CREATE TEMPORARY TABLE made AS SELECT {call} AS value"
        " FROM churn.customers c LIMIT 1"
    )

    assert (
        session.value(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 'made'::regclass AND attnum = 1"
        )
        == plain
    )


def test_a_value_that_is_cast_to_a_result_type_fails_as_any_other(session):
    refused = session.refusal("SELECT 'NaN'::churn_internal.probability")

    assert refused.sqlstate == "23514"


def test_every_module_is_the_owners_and_nobody_may_call_it(session):
    modules = session.run("""
        SELECT p.proname, obj_description(p.oid, 'pg_proc'), p.proowner::regrole::text,
               has_function_privilege('public', p.oid, 'EXECUTE')
        FROM pg_proc p WHERE p.pronamespace = 'churn_runtime'::regnamespace
        """)

    assert {f"runtime/{name}.sql" for name, *_ in modules} == {
        name for name in living_files() if name.startswith("runtime/")
    }
    for name, comment, owner, public in modules:
        assert comment.endswith((".", ")")), name
        assert (owner, public) == ("churn_owner", False)


@pytest.mark.parametrize(
    "attack", [louder("an attack"), living_files()["runtime/bytecode.sql"]]
)
def test_only_superusers_change_a_module(session, attack):
    session.run("GRANT CREATE ON SCHEMA churn_runtime TO churn_owner")
    with session.role("churn_owner"):
        refused = session.refusal(attack)

    assert refused.sqlstate == "42501"
    assert "plpython3u" in refused.message
