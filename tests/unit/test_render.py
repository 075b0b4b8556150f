"""How the living source becomes the files that a revision installs."""

import re

import pytest
from pgchurn.plpython.render import HERE, living_files, render_template
from pglast import parse_sql

from tests.databases import CHECKOUT

TEMPLATES = sorted((CHECKOUT / "plpython" / "templates").glob("*.sql"))


@pytest.fixture
def rendered(tmp_path):
    """Render a template of this text."""

    def render(text):
        path = tmp_path / "made_up.sql"
        path.write_text(text, encoding="utf-8")
        return render_template(path)

    return render


def returned(rendered_text):
    """Return what the function of a rendered template returns."""
    function = parse_sql(rendered_text)[0].stmt
    body = {option.defname: option.arg for option in function.options}["as"][0].sval
    (select,) = (raw.stmt for raw in parse_sql(body))
    return select.targetList[0].val.val.sval


@pytest.mark.parametrize(
    "written, becomes",
    [
        # SQL of any kind, and no name.
        ('SELECT p."@key@" FROM "@profile@" p', "SELECT p.@key@ FROM @profile@ p"),
        ("COMMENT ON TABLE t IS '@comment@'", "COMMENT ON TABLE t IS @comment@"),
        # An operator, whatever it is called.
        ('SELECT a OPERATOR("@equals@".=) b', "SELECT a @equals@ b"),
        ('SELECT a OPERATOR("@after@".>) ANY (b)', "SELECT a @after@ ANY (b)"),
        ("SELECT a OPERATOR(pg_catalog.=) b", "SELECT a OPERATOR(pg_catalog.=) b"),
        # A part of a name, which stays a name.
        ('SELECT "f_@id@"()', 'SELECT "f_@id@"()'),
        ("SELECT 'f_@id@'", "SELECT 'f_@id@'"),
        ("SELECT 'of a $$ and a \\'", "SELECT 'of a $$ and a \\'"),
    ],
)
def test_a_placeholder_loses_its_quotes_where_it_stands_alone(
    rendered, written, becomes
):
    assert returned(rendered(f"{written};\n")) == f"\n{becomes};\n"


def test_a_template_becomes_a_function_named_like_it(rendered):
    assert rendered("SELECT 1;\n").startswith(
        "CREATE OR REPLACE FUNCTION churn_internal.template_made_up() RETURNS text\n"
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_what_is_no_placeholder_of_a_template_is_rendered_to_the_letter(path):
    text = path.read_text(encoding="utf-8")

    text = re.sub(r"""OPERATOR\("@(\w+)@"\.(=|>|<=)\)""", r"\1", text)
    assert returned(render_template(path)).replace("@", "") == "\n" + re.sub(
        """OPERATOR\\("@(\\w+)@"[^)]+\\)|(["'])@(\\w+)@\\2""",
        lambda match: match[1] or match[3],
        text,
    ).replace("@", "")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_an_at_sign_in_a_template_is_of_a_placeholder(path):
    parts = path.read_text(encoding="utf-8").split("@")

    assert len(parts) % 2 == 1
    assert [name for name in parts[1::2] if not re.fullmatch("[a-z_]+", name)] == []


def test_every_living_file_of_sql_is_installed_under_its_name():
    expected = {
        f"{kind}/{path.name}"
        for kind, folder in (("functions", "sql"), ("templates", "templates"))
        for path in (HERE / folder).iterdir()
    }

    assert expected <= set(living_files())


def test_every_file_that_is_installed_parses():
    for name, text in living_files().items():
        assert parse_sql(text), name
