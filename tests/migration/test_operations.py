"""What revisions do to functions, by revisions after ours that nobody has made."""

import pytest
from alembic import command
from alembic.util import CommandError
from pgchurn.migrations.frozen_files import DROPPED

from tests.company import CLIENTS, MODEL, attach, create_tables
from tests.models import assert_fresh, deploy, divergences, stored_scores
from tests.snapshots import snapshot

COMPLAIN = "INSERT INTO company.calls (client) SELECT id FROM company.clients"


def routine(
    name, body, form="() RETURNS text", language="sql", schema="churn_internal"
):
    """Return the file of a function."""
    return (
        f"CREATE OR REPLACE FUNCTION {schema}.{name}{form}\n"
        f"LANGUAGE {language} STABLE PARALLEL UNSAFE\n"
        f"AS $body$\n{body}\n$body$;\n"
    )


def inlined(name, expression):
    """Return the file of a function whose names are looked up when it is created."""
    return (
        f"CREATE OR REPLACE FUNCTION churn_internal.{name}() RETURNS text\n"
        f"LANGUAGE sql STABLE PARALLEL UNSAFE\nRETURN {expression};\n"
    )


def view(name, columns, query):
    """Return the file of a view."""
    name = f"churn_internal.{name}"
    return f"CREATE OR REPLACE VIEW {name} (\n    {columns}\n) AS\n{query};\n"


def module(name, body):
    """Return the file of a module of the runtime."""
    form = "() RETURNS void"
    return routine(name, body, form, language="plpython3u", schema="churn_runtime")


BOUND = routine("bound", "SD['a'] = 1\nreturn 'a'", language="plpython3u")
GIVEN = {
    "functions": {
        "given": routine("given", "SELECT 'one'"),
        "taking": routine("taking", "SELECT 'one'", "(a integer) RETURNS text"),
        "calling": inlined("calling", "churn_internal.given()"),
        "gone": routine("gone", "SELECT 'one'"),
        "calling_gone": inlined("calling_gone", "churn_internal.gone()"),
        "listed": view("listed", "a", "SELECT 1"),
        "gone_view": view("gone_view", "a", "SELECT churn_internal.gone()"),
        "bound": BOUND,
    },
    "runtime": {
        "changed": module("changed", "pass"),
        "gone_module": module("gone_module", "pass"),
    },
}
# What a later revision makes of it, and what then says so.
CHANGES = {
    "a body": ({"given": routine("given", "SELECT 'two'")}, "given()", "two"),
    "a new function": ({"more": routine("more", "SELECT 'new'")}, "more()", "new"),
    "a function that calls a new one": (
        {
            "calling": inlined("calling", "churn_internal.new()"),
            "new": routine("new", "SELECT 'new'"),
        },
        "calling()",
        "new",
    ),
    "a new view of new functions": (
        {
            "a_view": view("a_view", "b", "SELECT churn_internal.b()"),
            "b": inlined("b", "churn_internal.c()"),
            "c": routine("c", "SELECT 'new'"),
        },
        "(SELECT b FROM churn_internal.a_view)",
        "new",
    ),
    "a view with a column more": (
        {"listed": view("listed", "a, b", "SELECT 1, 'two'")},
        "(SELECT b FROM churn_internal.listed)",
        "two",
    ),
    "a view with another column": (
        {"listed": view("listed", "b", "SELECT 'two'")},
        "(SELECT b FROM churn_internal.listed)",
        "two",
    ),
    "a parameter more": (
        {"taking": routine("taking", "SELECT b", "(a integer, b text) RETURNS text")},
        "taking(1, 'two')",
        "two",
    ),
    "a parameter more that may be left out": (
        {
            "taking": routine(
                "taking", "SELECT b", "(a integer, b text DEFAULT 'two') RETURNS text"
            )
        },
        "taking(1)",
        "two",
    ),
    "a parameter of another name": (
        {"taking": routine("taking", "SELECT 'two'", "(b integer) RETURNS text")},
        "taking(b => 1)",
        "two",
    ),
    "another result": (
        {"taking": routine("taking", "SELECT 2", "(a integer) RETURNS integer")},
        "taking(1)",
        2,
    ),
    "what is dropped with all that uses it": (
        {"gone": DROPPED, "calling_gone": DROPPED, "gone_view": DROPPED},
        "(SELECT to_regproc('churn_internal.gone'))",
        None,
    ),
    "what is dropped where something did use it": (
        {
            "gone": DROPPED,
            "calling_gone": inlined("calling_gone", "'two'"),
            "gone_view": view("gone_view", "a", "SELECT 'two'"),
        },
        "calling_gone()",
        "two",
    ),
}


@pytest.fixture
def database(empty_database, revisions):
    """A database at a revision that some made-up files came with."""
    revisions.add(1, **GIVEN)
    revisions.upgrade(empty_database)
    return empty_database


def value(database, expression):
    """Return what a function of churn_internal, or a query in parentheses, returns."""
    session = database.session(autocommit=True)
    if not expression.startswith("("):
        expression = f"churn_internal.{expression}"
    found = session.value(f"SELECT {expression}")
    session.close()
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_goes_up_down_and_up_again(revisions, database, change):
    files, expression, expected = CHANGES[change]
    below = snapshot(database)
    revisions.add(2, functions=files)

    revisions.upgrade(database)
    above = snapshot(database)
    assert value(database, expression) == expected

    revisions.downgrade(database)
    assert snapshot(database) == below
    revisions.upgrade(database)
    assert snapshot(database) == above != below


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_the_same_offline(revisions, database, change, tmp_path):
    files, expression, expected = CHANGES[change]
    below = snapshot(database)
    first = revisions.names[-1]
    second = revisions.add(2, functions=files)

    def run(move, steps):
        script = tmp_path / "script.sql"
        script.write_text(revisions.script(move, steps), encoding="utf-8")
        database.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", script)

    run(command.upgrade, f"{first}:{second}")
    assert value(database, expression) == expected
    above = snapshot(database)
    run(command.downgrade, f"{second}:{first}")
    assert snapshot(database) == below
    revisions.upgrade(database)
    assert snapshot(database) == above


def test_a_revision_takes_along_what_it_brought(revisions, empty_database):
    before = snapshot(empty_database)
    revisions.add(1, **GIVEN)
    revisions.upgrade(empty_database)
    assert value(empty_database, "calling()") == "one"

    revisions.downgrade(empty_database)

    assert snapshot(empty_database) == before


def test_the_copy_put_back_is_that_of_the_revision_before(revisions, database):
    for number in (2, 3, 4):
        files = {"given": routine("given", f"SELECT 'revision {number}'")}
        # The third has none.
        revisions.add(number, functions=files if number != 3 else {})
    revisions.upgrade(database)
    assert value(database, "given()") == "revision 4"

    revisions.downgrade(database)
    assert value(database, "given()") == "revision 2"
    revisions.downgrade(database)
    assert value(database, "given()") == "revision 2"
    revisions.downgrade(database)
    assert value(database, "given()") == "one"


def written(database, name):
    """Return which transaction has written a function, and its text."""
    session = database.session(autocommit=True)
    found = session.row(
        "SELECT xmin::text, prosrc FROM pg_proc WHERE oid = %s::regproc",
        f"churn_internal.{name}",
    )
    session.close()
    return found


@pytest.mark.parametrize(
    "files",
    [
        {"changed": module("changed", "2")},
        {"new_module": module("new_module", "2")},
        {"gone_module": DROPPED},
    ],
    ids=["changed", "new", "dropped"],
)
def test_what_holds_on_to_the_runtime_is_replaced_with_its_modules(
    revisions, database, files
):
    before = written(database, "bound")
    below = snapshot(database)
    revisions.add(2, runtime=files)

    for move in (revisions.upgrade, revisions.downgrade, revisions.upgrade):
        move(database)

        after = written(database, "bound")
        assert after[0] != before[0]
        assert after[1] == before[1]
        before = after

    revisions.downgrade(database)
    assert snapshot(database) == below


def test_it_is_replaced_by_its_newest_text(revisions, database):
    bound = BOUND.replace("SD['a'] = 1", "SD['a'] = 2")
    revisions.add(2, functions={"bound": bound})
    revisions.add(3, runtime={"changed": module("changed", "2")})

    revisions.upgrade(database)
    assert "SD['a'] = 2" in written(database, "bound")[1]
    revisions.downgrade(database)
    assert "SD['a'] = 2" in written(database, "bound")[1]
    revisions.downgrade(database)
    assert "SD['a'] = 1" in written(database, "bound")[1]


def test_it_is_left_alone_where_no_module_changes(revisions, database):
    before = written(database, "bound")
    revisions.add(2, functions={"given": routine("given", "SELECT 'two'")})

    for move in (revisions.upgrade, revisions.downgrade):
        move(database)
        assert written(database, "bound") == before


def test_a_session_runs_the_modules_that_are_installed(revisions, database):
    session = database.session(autocommit=True)
    assert session.value("SELECT churn_internal.bound()") == "a"
    # What a session was given is no more there once the function was replaced.
    kept = "SELECT churn_internal.bound_keeps()"
    keeps = routine(
        "bound_keeps",
        "SD['calls'] = SD.get('calls', 0) + 1\nreturn str(SD['calls'])",
        language="plpython3u",
    )
    revisions.add(2, functions={"bound_keeps": keeps})
    revisions.upgrade(database)
    assert [session.value(kept) for _ in range(3)] == ["1", "2", "3"]

    revisions.add(3, runtime={"changed": module("changed", "2")})
    revisions.upgrade(database)

    assert session.value(kept) == "1"


@pytest.fixture
def attached(database):
    """A session in the database, where a company's tables are attached and scored."""
    session = database.session()
    create_tables(session)
    attach(session)
    deploy(session, MODEL, "company.clients", "id")
    session.commit()
    return session


def template(revisions, name, former, new):
    """Return a template with another text in it."""
    text = revisions.read(f"templates/{name}.sql")
    assert former in text
    return text.replace(former, new)


def test_what_was_written_for_attached_tables_follows_the_templates(
    revisions, database, attached
):
    below = snapshot(database)
    case = "SELECT CASE WHEN ($1).@key@ = 7 THEN 0.7\n"
    changed = template(revisions, "score", "SELECT CASE\n", case)
    more = template(revisions, "verify_profiles", "BEGIN\n", "BEGIN\n    -- Changed.\n")
    revisions.add(2, templates={"score": changed, "verify_profiles": more})
    score = "SELECT churn.score(c) FROM company.clients c WHERE id = 7"
    before = attached.value(score)
    attached.rollback()

    revisions.upgrade(database)

    assert attached.value(score) == 0.7 != before
    attached.rollback()
    assert "-- Changed." in written(database, "verify_profiles_2")[1]
    assert "-- Changed." in written(database, "verify_profiles_1")[1]
    revisions.downgrade(database)
    assert attached.value(score) == before
    attached.rollback()
    assert snapshot(database) == below


def state(session):
    return (
        stored_scores(session, CLIENTS[0], CLIENTS[1]),
        session.run("SELECT * FROM churn.models ORDER BY version"),
        session.run("SELECT * FROM churn.deployments ORDER BY deployment_id"),
        session.run("SELECT * FROM company.clients ORDER BY id"),
    )


def test_models_and_scores_survive_a_revision(revisions, database, attached):
    before = state(attached)
    attached.rollback()
    revisions.add(
        2,
        functions={"given": routine("given", "SELECT 'two'")},
        templates={"score": template(revisions, "score", "nobody's row", "no row")},
        runtime={"changed": module("changed", "2")},
    )

    for move in (revisions.upgrade, revisions.downgrade, revisions.upgrade):
        move(database)

        # By the session that scored before.
        assert state(attached) == before
        attached.run(COMPLAIN)
        assert_fresh(attached, MODEL, CLIENTS[0], CLIENTS[1])
        assert divergences(attached, CLIENTS[0]) == []
        attached.rollback()


def test_who_waits_for_a_score_is_not_forgotten(revisions, database, attached):
    attached.run("SELECT churn.set_scoring_mode('company.clients', 'queued')")
    attached.run("SELECT churn.set_outbox('company.clients', 'every')")
    attached.run(COMPLAIN)
    attached.commit()
    text = template(revisions, "work_profiles", "BEGIN\n", "BEGIN\n    -- Changed.\n")
    revisions.add(2, templates={"work_profiles": text})

    for move in (revisions.upgrade, revisions.downgrade):
        move(database)
        assert attached.value("SELECT waiting FROM churn.queue WHERE waiting > 0") == 12
        attached.rollback()

    attached.run("SELECT churn.work(100, 'company.clients')")
    assert_fresh(attached, MODEL, CLIENTS[0], CLIENTS[1])
    assert attached.value("SELECT count(*) FROM churn.outbox") == 12


def test_a_detached_table_is_left_alone(revisions, database, attached):
    attached.run("SELECT churn.detach('company.clients')")
    attached.commit()
    text = template(revisions, "score", "nobody's row", "no row")
    revisions.add(2, templates={"score": text})

    revisions.upgrade(database)

    assert (
        attached.value("SELECT to_regproc('churn_internal.write_profiles_2')") is None
    )


def test_what_hinders_a_revision_is_named_and_nothing_is_changed(revisions, database):
    session = database.session(autocommit=True)
    session.run("CREATE VIEW public.risky AS SELECT churn_internal.gone()")
    revisions.add(
        2,
        functions={
            "given": routine("given", "SELECT 'two'"),
            **CHANGES["what is dropped with all that uses it"][0],
        },
    )
    before = snapshot(database)

    with pytest.raises(CommandError) as refused:
        revisions.upgrade(database)

    assert "view public.risky depends on function churn_internal.gone()" in str(
        refused.value
    )
    assert "HINT:" in str(refused.value)
    assert snapshot(database) == before
    assert value(database, "given()") == "one"


def test_a_file_of_a_revisions_own_runs_to_the_letter(revisions, empty_database):
    letters = "a :name, 100%, %(s)s, \\n, \t, ''"
    revision = revisions.add(1)
    revisions.write(
        f"{revision}/tables/letters.sql",
        f"CREATE TABLE churn.letters AS SELECT '{letters}' AS a;",
    )
    path = revisions.folder / "versions" / f"{revision}.py"
    text = path.read_text(encoding="utf-8")
    run = 'op.run_file(f"{revision}/tables/letters.sql")'
    path.write_text(text.replace("op.install_functions(revision)", run))

    revisions.upgrade(empty_database)

    session = empty_database.session()
    assert session.value("TABLE churn.letters") == letters.replace("''", "'")


def test_a_name_in_a_file_means_what_it_means_to_postgresql(revisions, empty_database):
    session = empty_database.session(autocommit=True)
    session.run("CREATE FUNCTION public.lower(text) RETURNS text RETURN 'a shadow'")
    session.run(
        f'ALTER DATABASE "{empty_database.name}" SET search_path = public, pg_catalog'
    )
    revisions.add(1, functions={"pinned": inlined("pinned", "lower('A'::text)")})

    revisions.upgrade(empty_database)

    assert value(empty_database, "pinned()") == "a"
