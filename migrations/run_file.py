"""The operation ``op.run_file``: a frozen SQL file, passed on to the letter.

``op.execute`` would read ``:name`` as a parameter, ``%`` as a placeholder and rewrite
tabs, all of which occur in function bodies.
"""

from pathlib import Path

import sqlalchemy
from alembic.operations import MigrateOperation, Operations
from alembic.util import CommandError

FROZEN = Path(__file__).parent / "frozen"

# The migrator is superuser: no name in a file may mean what somebody else put into a
# schema of the session's own search_path.
PINNED = "SET LOCAL search_path = pg_catalog, pg_temp;"
UNPINNED = "SET LOCAL search_path TO DEFAULT;"


@Operations.register_operation("run_file")
class RunFileOperation(MigrateOperation):
    """Run a file of SQL statements verbatim, online and offline."""

    def __init__(self, path):
        self.path = path

    @classmethod
    def run_file(cls, operations, path):
        """Run ``migrations/frozen/<path>``."""
        return operations.invoke(cls(path))


@Operations.implementation_for(RunFileOperation)
def run_file(operations, operation):
    """Send the text to the server, or print it."""
    text = (FROZEN / operation.path).read_text(encoding="utf-8")
    text = f"{PINNED}\n{text.rstrip()}\n{UNPINNED}"
    if operations.migration_context.as_sql:
        operations.migration_context.impl.static_output(text)
    else:
        connection = operations.get_bind().execution_options(no_parameters=True)
        try:
            connection.exec_driver_sql(text)
        except sqlalchemy.exc.DBAPIError as error:
            # PostgreSQL's own words, with its hint, instead of a stack and the SQL.
            raise CommandError(describe(error.orig.diag)) from error


def describe(diagnostics):
    """Return an error's message, detail and hint, as psql shows them."""
    parts = [diagnostics.message_primary.removeprefix("plpy.Error: ")]
    if diagnostics.message_detail:
        parts.append(f"DETAIL:  {diagnostics.message_detail}")
    if diagnostics.message_hint:
        parts.append(f"HINT:  {diagnostics.message_hint}")
    return "\n".join(parts)
