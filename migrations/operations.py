"""The operations of the revisions, each with an online and an offline life.

``op.run_file("<revision>/tables/<name>.sql")``
    runs a file to the letter;
``op.install_functions("<revision>")``
    creates or replaces all that the revision has copies of;
``op.restore_functions("<revision>")``
    undoes that: what an earlier revision has a copy of is put back, the rest dropped.

``op.execute`` would read ``:name`` as a parameter, ``%`` as a placeholder and rewrite
tabs, all of which occur in function bodies.
"""

import sqlalchemy
from alembic.operations import MigrateOperation, Operations
from alembic.util import CommandError
from pgchurn.migrations import frozen_files

# The migrator is superuser: no name in a file may mean what somebody else put into a
# schema of the session's own search_path.
PINNED = "SET LOCAL search_path = pg_catalog, pg_temp;"
UNPINNED = "SET LOCAL search_path TO DEFAULT;"


@Operations.register_operation("run_file")
class RunFileOperation(MigrateOperation):
    """Run a frozen file."""

    def __init__(self, path):
        self.path = path

    @classmethod
    def run_file(cls, operations, path):
        """Run ``migrations/frozen/<path>``."""
        return operations.invoke(cls(path))


@Operations.register_operation("install_functions")
class InstallFunctionsOperation(MigrateOperation):
    """Create or replace what a revision has copies of."""

    def __init__(self, revision):
        self.revision = revision

    @classmethod
    def install_functions(cls, operations, revision):
        """Run the copies of a revision, in the order in which they can be created."""
        return operations.invoke(cls(revision))


@Operations.register_operation("restore_functions")
class RestoreFunctionsOperation(MigrateOperation):
    """Put back what was there before a revision."""

    def __init__(self, revision):
        self.revision = revision

    @classmethod
    def restore_functions(cls, operations, revision):
        """Run the former copy of all that a revision replaced, and drop the rest."""
        return operations.invoke(cls(revision))


@Operations.implementation_for(RunFileOperation)
def run_file(operations, operation):
    """Run one file."""
    run(operations, frozen_files.read(operation.path))


@Operations.implementation_for(InstallFunctionsOperation)
def install_functions(operations, operation):
    """Run every copy; after modules, also what holds on to the runtime."""
    revision = operation.revision
    paths = [f"{revision}/{name}" for name in frozen_files.copies(revision)]
    for path in with_bound_functions(paths, revision):
        run(operations, frozen_files.read(path))


@Operations.implementation_for(RestoreFunctionsOperation)
def restore_functions(operations, operation):
    """Run the former copies, and drop what has none."""
    revision = operation.revision
    names = frozen_files.copies(revision)
    former = {name: frozen_files.newest(name, before=revision) for name in names}
    paths = [path for path in former.values() if path is not None]
    earlier = [name for name in frozen_files.revisions() if name < revision]
    if earlier:
        paths = with_bound_functions(paths, earlier[-1])
    for path in paths:
        run(operations, frozen_files.read(path))
    dropped = [name for name in names if former[name] is None]
    if dropped:
        texts = [frozen_files.read(f"{revision}/{name}") for name in dropped]
        run(operations, frozen_files.drop_statements(texts))


def with_bound_functions(paths, revision):
    """Return files and, where one is a module, those of functions bound to the runtime.

    A session that has loaded the runtime keeps it until such a function is replaced.
    """
    if not any("/runtime/" in path for path in paths):
        return paths
    bound = frozen_files.bound_functions(revision)
    return paths + [path for path in bound if path not in paths]


def run(operations, text):
    """Send a text to the server, or print it."""
    text = f"{PINNED}\n{text.rstrip()}\n{UNPINNED}"
    if operations.migration_context.as_sql:
        operations.migration_context.impl.static_output(text)
        return
    connection = operations.get_bind().execution_options(no_parameters=True)
    try:
        connection.exec_driver_sql(text)
    except sqlalchemy.exc.DBAPIError as error:
        # PostgreSQL's own words, with its hint, instead of a stack and the SQL.
        raise CommandError(describe(error.orig.diag)) from error


def describe(diagnostics):
    """Return an error's message, detail and hint, as psql shows them."""
    parts = [diagnostics.message_primary]
    if diagnostics.message_detail:
        parts.append(f"DETAIL:  {diagnostics.message_detail}")
    if diagnostics.message_hint:
        parts.append(f"HINT:  {diagnostics.message_hint}")
    return "\n".join(parts)
