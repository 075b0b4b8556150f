"""Render the living source into the files that a revision installs.

A file of ``sql`` is installed as it is. A template, whose placeholders are quoted
identifiers so that it parses, becomes a function that returns it; a module of the
runtime becomes the body of one that is never called.
"""

import configparser
import re
from pathlib import Path

from pgchurn.plpython.render_runtime import module_names, render_module

HERE = Path(__file__).parent

# Filled by a function of the superuser's, so that churn_owner must not replace them.
OF_SUPERUSERS = {"update_profiles"}

# "@name@" and '@name@' stand for SQL, "name_@id@" for a name, and OPERATOR("@name@".=)
# for an operator, whatever it is called. With a semicolon, on a line of its own,
# "@name@" stands for statements of PL/pgSQL.
PLACEHOLDER = re.compile(
    r"""OPERATOR\("@(?P<operator>\w+)@"\.[^)]+\)"""
    r"""|(?P<quote>["'])@(?P<name>\w+)@(?P=quote)"""
)


def release():
    """Return the release that the source is of, as ``setup.cfg`` has it."""
    configuration = configparser.ConfigParser(interpolation=None)
    configuration.read(HERE.parent / "setup.cfg", encoding="utf-8")
    return configuration["metadata"]["version"]


def render(path):
    """Return the SQL of one living file, with the release where it asks for it."""
    return path.read_text(encoding="utf-8").replace("@release@", release())


def fold_placeholders(text):
    """Return a template as ``churn_trust.fill_template`` takes it."""
    return PLACEHOLDER.sub(
        lambda match: f"@{match['operator'] or match['name']}@", text
    )


def schema_of(template):
    """Return the schema of the function that returns a template's text."""
    return "churn_trust" if template in OF_SUPERUSERS else "churn_internal"


def render_template(path):
    """Return the SQL of the function that returns a template's text."""
    text = fold_placeholders(path.read_text(encoding="utf-8"))
    name = f"{schema_of(path.stem)}.template_{path.stem}"
    options = "IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp"
    return f"""\
CREATE OR REPLACE FUNCTION {name}() RETURNS text
LANGUAGE sql {options} AS $body$ SELECT $template$
{text.rstrip()}
$template$ $body$;
COMMENT ON FUNCTION {name} IS 'Template: see churn_trust.fill_template.';
"""


def living_files():
    """Return what a revision would install of every living file.

    Returns
    -------
    dict of str to str
        SQL by ``<kind>/<name>.sql``.
    """
    functions = {
        f"functions/{path.name}": render(path)
        for path in sorted((HERE / "sql").glob("*.sql"))
    }
    templates = {
        f"templates/{path.name}": render_template(path)
        for path in sorted((HERE / "templates").glob("*.sql"))
    }
    modules = {f"runtime/{name}.sql": render_module(name) for name in module_names()}
    return functions | templates | modules
