"""The frozen files, and the order in which they run."""

import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from pgchurn.migrations import frozen_files
from pgchurn.plpython import freeze
from pgchurn.plpython.render import living_files

from tests.databases import CHECKOUT

MIGRATIONS = CHECKOUT / "migrations"


@pytest.fixture(scope="module")
def scripts():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    return ScriptDirectory.from_config(config)


@pytest.fixture(scope="module")
def living():
    return living_files()


def test_the_source_equals_the_newest_frozen_copy(living, monkeypatch):
    monkeypatch.setattr(freeze, "living_files", lambda: living)

    assert freeze.outdated_copies() == {}, "make freeze"


def test_what_was_released_is_what_it_was():
    assert freeze.changed_since_release() == []


def test_there_is_one_head_and_one_base(scripts):
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_a_revision_is_named_like_its_file(scripts):
    for script in scripts.walk_revisions():
        assert Path(script.path).stem == script.revision


def test_revisions_follow_each_other_in_the_order_of_their_names(scripts):
    followed = [script.revision for script in scripts.walk_revisions()][::-1]

    assert followed == frozen_files.revisions()


def test_every_folder_of_frozen_files_belongs_to_a_revision():
    folders = {path.name for path in frozen_files.FROZEN.iterdir() if path.is_dir()}

    assert folders <= set(frozen_files.revisions())


def test_every_frozen_file_is_run_by_its_revision():
    for revision in frozen_files.revisions():
        copied = frozen_files.copies(revision)
        text = (MIGRATIONS / "versions" / f"{revision}.py").read_text(encoding="utf-8")
        for path in (frozen_files.FROZEN / revision).rglob("*"):
            name = path.relative_to(frozen_files.FROZEN / revision)
            if path.is_file() and str(name) not in copied:
                assert name.parent == Path("tables")
                assert f'"{path.stem}"' in text or f"/{name}" in text, name


def test_a_database_of_any_encoding_can_hold_what_is_installed():
    for path in frozen_files.FROZEN.rglob("*.sql"):
        assert path.read_text(encoding="utf-8").isascii(), path.name


def test_a_file_creates_what_its_name_says():
    for revision in frozen_files.revisions():
        for name in frozen_files.copies(revision):
            text = frozen_files.read(f"{revision}/{name}")
            if text == frozen_files.DROPPED:
                continue
            kind, _, file = name.removesuffix(".sql").partition("/")
            expected = f"template_{file}" if kind == "templates" else file
            created = {full.partition(".")[2] for full in frozen_files.created(text)}
            assert expected in created, name


def test_everything_is_created_by_one_file_in_one_form(living):
    # What is dropped is named without its arguments.
    kinds = r"^CREATE(?: OR REPLACE)? (?:FUNCTION|PROCEDURE|VIEW) "
    created = []
    for name, text in living.items():
        creations = re.findall(kinds, frozen_files.BODY.sub("''", text), re.M)
        assert len(creations) == len(frozen_files.created(text)), name
        created += frozen_files.created(text)

    assert sorted(created) == sorted(set(created))


def test_migrations_need_their_own_files_only():
    for path in MIGRATIONS.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        imported = set(re.findall(r"^\s*(?:from|import) (pgchurn[\w.]*)", text, re.M))
        assert all(name.startswith("pgchurn.migrations") for name in imported), path


@pytest.mark.parametrize(
    "text, created",
    [
        (
            "CREATE OR REPLACE VIEW churn.v (\n    a,\n    b\n) AS\nSELECT 1, 2;",
            {"churn.v": ("VIEW", "( a, b")},
        ),
        (
            "CREATE OR REPLACE FUNCTION churn.f(\n    a integer\n)\nRETURNS text\n"
            "LANGUAGE sql\nAS $$SELECT 1$$;",
            {"churn.f": ("ROUTINE", "( a integer ) RETURNS text")},
        ),
        (
            "CREATE OR REPLACE PROCEDURE churn.p()\nLANGUAGE sql\nAS $$ $$;",
            {"churn.p": ("ROUTINE", "()")},
        ),
        # The text of a template is another's business.
        (
            "CREATE OR REPLACE FUNCTION churn.t() RETURNS text\nLANGUAGE sql\n"
            "AS $body$\nSELECT $template$\n"
            "CREATE OR REPLACE FUNCTION churn.score() RETURNS void\n"
            "LANGUAGE sql AS $function$ $function$;\n$template$\n$body$;",
            {"churn.t": ("ROUTINE", "() RETURNS text")},
        ),
        (frozen_files.DROPPED, {}),
    ],
)
def test_what_a_file_creates_is_read_from_its_statements(text, created):
    assert frozen_files.created(text) == created


def routine(name, body="$$ $$", arguments="", language="plpgsql", result="void"):
    return (
        f"CREATE OR REPLACE FUNCTION churn.{name}({arguments}) RETURNS {result}\n"
        f"LANGUAGE {language}\n{body};\n"
    )


def view(name, query, columns="a"):
    return f"CREATE OR REPLACE VIEW churn.{name} (\n{columns}\n) AS\n{query};\n"


ATOMIC = "BEGIN ATOMIC\n    SELECT churn.{}();\nEND"


def test_what_is_looked_up_when_it_is_created_is_created_later(revisions):
    revision = revisions.add(
        1,
        functions={
            "a": view("a", "SELECT churn.b()"),
            "b": routine("b", ATOMIC.format("c"), language="sql"),
            "c": routine("c", "RETURN churn.d()", language="sql"),
            "d": routine("d", "AS $$ BEGIN PERFORM churn.a; END $$"),
        },
    )
    paths = [f"{revision}/{name}" for name in frozen_files.copies(revision)]

    ordered = [Path(path).stem for path in frozen_files.in_order(paths)]

    assert ordered == ["d", "c", "b", "a"]


def test_a_file_that_is_there_already_need_not_run_before(revisions):
    revision = revisions.add(
        1, functions={"a": routine("a", ATOMIC.format("attach"), language="sql")}
    )

    assert frozen_files.in_order([f"{revision}/functions/a.sql"]) == [
        f"{revision}/functions/a.sql"
    ]


def test_what_no_file_creates_any_more_is_dropped_when_nothing_uses_it(revisions):
    before = [
        view("v", "SELECT 1"),
        view("w", "SELECT 2"),
        view("wider", "SELECT 1"),
        view("narrower", "SELECT 1, 2", "a, b"),
        routine("stays"),
        routine("goes"),
        routine("goes_too"),
        routine("reshaped", arguments="a integer"),
        routine("returns_else", result="text"),
    ]
    after = [
        view("v", "SELECT 3"),
        view("wider", "SELECT 1, 2", "a, b"),
        view("narrower", "SELECT 1", "a"),
        routine("stays", "$$ other $$"),
        routine("reshaped", arguments="a integer, b integer"),
        routine("returns_else", result="integer"),
        routine("new"),
    ]

    assert frozen_files.drop_statements(before, after) == (
        "DROP VIEW\n    churn.w,\n    churn.narrower;\n"
        "DROP ROUTINE\n    churn.reshaped,\n    churn.returns_else;\n",
        "DROP ROUTINE\n    churn.goes,\n    churn.goes_too;\n",
    )
    assert frozen_files.drop_statements(after, after) == ("", "")


def test_the_newest_copy_is_that_of_the_last_revision_that_has_one(revisions):
    first = revisions.names[-1]
    second = revisions.add(1, functions={"work": "second"})
    third = revisions.add(2, functions={"attach": "third"})

    assert frozen_files.newest("functions/work.sql") == f"{second}/functions/work.sql"
    assert frozen_files.newest("functions/attach.sql", before=third) == (
        f"{first}/functions/attach.sql"
    )
    assert frozen_files.newest("functions/attach.sql", before=first) is None
    assert frozen_files.newest("functions/no_such.sql") is None
    assert frozen_files.previous(third) == second
    assert frozen_files.previous(frozen_files.revisions()[0]) is None


def test_functions_are_bound_to_the_runtime_by_their_newest_copy(revisions):
    bound = "AS $python$\nSD['session'] = 1\n$python$"
    first = revisions.add(
        1,
        functions={
            name: routine(name, bound, language="plpython3u")
            for name in ("always", "no_more", "dropped")
        },
    )
    second = revisions.add(
        2,
        functions={
            "no_more": routine("no_more"),
            "dropped": frozen_files.DROPPED,
            "later": routine("later", bound, language="plpython3u"),
        },
    )

    def made_up(through):
        found = frozen_files.bound_functions(through)
        return sorted(path for path in found if path.startswith("9"))

    assert made_up(first) == [
        f"{first}/functions/{name}.sql" for name in ("always", "dropped", "no_more")
    ]
    assert made_up(second) == [
        f"{first}/functions/always.sql",
        f"{second}/functions/later.sql",
    ]
