"""Render the living source into the files that a revision installs.

A file of ``sql`` is installed as it is. A template, whose placeholders are quoted
identifiers so that it parses, becomes a function that returns it.
"""

import ast
import hashlib
import re
from pathlib import Path

from pgchurn.plpython.runtime import EXAMINATION_MODULES, MODULES, PICKLE_MODULES

HERE = Path(__file__).parent

# "@name@" and '@name@' stand for SQL, "name_@id@" for a name.
PLACEHOLDER = re.compile(r""""@(\w+)@"|'@(\w+)@'""")


def runtime_source():
    """Return the modules that every session runs joined into one text, in their order.

    Imports among the modules are left out: inside the server they are one scope.
    """
    others = PICKLE_MODULES + EXAMINATION_MODULES
    return joined(name for name in MODULES if name not in others)


def pickle_reader_source():
    """Return the modules that read a pickle, joined likewise."""
    return joined(PICKLE_MODULES)


def examination_source():
    """Return the modules that the judging process runs besides, joined likewise."""
    return joined(EXAMINATION_MODULES)


def joined(names):
    """Return the text of some modules."""
    return "\n\n".join(module_source(name) for name in names)


def module_source(name):
    """Return a module's text under a heading, without its imports from the runtime."""
    path = HERE / "runtime" / f"{name}.py"
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            for number in range(node.lineno - 1, node.end_lineno):
                lines[number] = None
    kept = "\n".join(line for line in lines if line is not None)
    return f"# ---- {path.name} ----\n{kept.strip()}"


def runtime_key():
    """Return the key under which a session keeps the runtime: it names the content."""
    source = runtime_source() + pickle_reader_source()
    digest = hashlib.sha256(source.encode()).hexdigest()
    return f"pgchurn runtime {digest[:16]}"


def render(path):
    """Return the SQL of one living file with the runtime's key and text filled in."""
    text = path.read_text(encoding="utf-8")
    text = text.replace("@runtime_key@", runtime_key())
    text = text.replace("@pickle_reader_source@", pickle_reader_source())
    text = text.replace("@examination_source@", examination_source())
    return text.replace("@runtime_source@", runtime_source())


def render_template(path):
    """Return the SQL of the function that returns a template's text."""
    text = path.read_text(encoding="utf-8")
    text = PLACEHOLDER.sub(lambda match: f"@{match[1] or match[2]}@", text)
    name = f"churn_internal.template_{path.stem}"
    return f"""\
CREATE OR REPLACE FUNCTION {name}()
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
SELECT $template$
{text.rstrip()}
$template$
$body$;
COMMENT ON FUNCTION {name} IS
    'Template of what churn.attach creates for a pair of tables: see '
    'churn_internal.create_from_template.';
ALTER FUNCTION {name} OWNER TO churn_owner;
REVOKE ALL ON FUNCTION {name} FROM PUBLIC;
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
    return functions | templates
