"""Parse every SQL file with PostgreSQL's own parser: ``python -m tests.lint.sql``.

Bodies of functions are parsed, too, where they are written in SQL or in PL/pgSQL. What
a parser cannot know, whether a column is there and a variable is used, is looked at in
tests/database/test_plpgsql_check.py.
"""

import re
import sys
from collections import defaultdict

from pglast import parse_plpgsql, parse_sql
from pglast.ast import CreateFunctionStmt, DoStmt
from pglast.parser import ParseError

from tests.databases import CHECKOUT

# See plpython/render.py.
STATEMENTS = re.compile(r'^\s*"@\w+@";$', re.MULTILINE)
FOLDERS = ("plpython", "migrations", "loader", "tests")


def sql_files():
    """Return the path of every SQL file of the checkout."""
    return [
        path
        for folder in FOLDERS
        for path in sorted((CHECKOUT / folder).rglob("*.sql"))
    ]


def problems(path):
    """Return what does not parse in a file.

    Returns
    -------
    list of (int, str)
        The number of the line, where a body is wrong that of its statement; and what
        PostgreSQL says.
    """
    text = path.read_text(encoding="utf-8")
    if path.name == "queries.sql":
        # As psycopg2 fills them in: a percent sign that is not doubled is an error.
        text %= defaultdict(lambda: "$1")
    try:
        statements = parse_sql(text)
    except ParseError as error:
        message, position = error.args
        return [(line_of(text, position), message)]
    found = []
    for raw in statements:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(text)
        statement = text[raw.stmt_location : end]
        message = problem_of_body(raw.stmt, statement)
        if message is not None:
            blank = len(statement) - len(statement.lstrip())
            found.append((line_of(text, raw.stmt_location + blank), message))
    return found


def line_of(text, position):
    """Return the number of the line that a position is in."""
    return text.count("\n", 0, position) + 1


def problem_of_body(tree, statement):
    """Return what does not parse in the body of a function or a DO, or None."""
    if isinstance(tree, CreateFunctionStmt):
        options = {option.defname: option.arg for option in tree.options or ()}
    elif isinstance(tree, DoStmt):
        options = {option.defname: option.arg for option in tree.args}
    else:
        return None
    language = options["language"].sval if "language" in options else None
    try:
        if "as" not in options:
            # One of SQL that was parsed with the statement, or none at all, as in
            # tests/migration/catalog.sql.
            return None
        if language == "sql":
            parse_sql(options["as"][0].sval)
        elif language == "plpgsql" or (language is None and isinstance(tree, DoStmt)):
            parse_plpgsql(STATEMENTS.sub("NULL;", statement))
    except ParseError as error:
        return error.args[0]
    return None


def main():
    """Print what does not parse.

    Returns
    -------
    int
        0 when everything does; 1 otherwise.
    """
    found = [
        f"{path.relative_to(CHECKOUT)}:{line}: {message}"
        for path in sql_files()
        for line, message in problems(path)
    ]
    print("\n".join(found) or "All SQL files parse.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
