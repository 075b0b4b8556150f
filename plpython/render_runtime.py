"""Render the modules of the runtime into the functions that hold them in the server."""

import ast
from pathlib import Path

RUNTIME = Path(__file__).parent / "runtime"


def module_names() -> list[str]:
    """Return the names of the runtime's modules."""
    return sorted(path.stem for path in RUNTIME.glob("*.py") if path.stem != "__init__")


def render_module(name: str) -> str:
    """Return the SQL of the function whose body is a module.

    Parameters
    ----------
    name : str
        A module of ``plpython.runtime``.

    Raises
    ------
    ValueError
        When the module has what would end the function's body, or what may only stand
        at the beginning of a file: PostgreSQL compiles the body as that of a function.
    """
    source = (RUNTIME / f"{name}.py").read_text(encoding="utf-8")
    for forbidden in ("$python$", "from __future__ import"):
        if forbidden in source:
            raise ValueError(f"module {name} holds {forbidden!r}")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    comment = docstring.split("\n")[0].replace("'", "''")
    function = f"churn_runtime.{name}"
    return f"""\
CREATE OR REPLACE FUNCTION {function}() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
{source}$python$;
COMMENT ON FUNCTION {function} IS '{comment}';
"""
