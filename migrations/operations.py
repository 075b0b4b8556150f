"""The operations of the revisions, each with an online and an offline life.

``op.run_file("<revision>/tables/<name>.sql")``
    runs a file to the letter;
``op.install_functions("<revision>")``
    creates or replaces all that the revision has copies of, and drops what its copies
    say is there no more;
``op.restore_functions("<revision>")``
    undoes that: what an earlier revision has a copy of is put back, the rest dropped.

Both then write the functions of attached tables anew.

``op.execute`` would read ``:name`` as a parameter, ``%`` as a placeholder and rewrite
tabs, all of which occur in function bodies.
"""

import sqlalchemy
from alembic.operations import MigrateOperation, Operations
from alembic.util import CommandError
from pgchurn.migrations import frozen_files

# The migrator is superuser: no name in a file may mean what somebody else put into a
# schema of the session's own search_path. Nor one in what Alembic says of its table:
# pinned until the transaction ends.
PINNED = "SET LOCAL search_path = pg_catalog, pg_temp;"

# Once for all sessions, with the Python that runs them.
COMPILE = "SELECT churn_internal.compile_runtime();"

# What was written for attached tables follows the templates and what fills them.
REFRESH = """\
SELECT churn_internal.refresh_attachment(a.attachment_id)
FROM churn.attachments a WHERE a.detached_at IS NULL;"""


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
@Operations.register_operation("restore_functions")
class ReplaceFunctionsOperation(MigrateOperation):
    """Put the copies of a revision in place of the former ones, or these back."""

    def __init__(self, revision, undo):
        self.revision = revision
        self.undo = undo

    @classmethod
    def install_functions(cls, operations, revision):
        """Run the copies of a revision, in the order in which they can be created."""
        return operations.invoke(cls(revision, undo=False))

    @classmethod
    def restore_functions(cls, operations, revision):
        """Run the former copy of all that a revision replaced, and drop the rest."""
        return operations.invoke(cls(revision, undo=True))


@Operations.implementation_for(RunFileOperation)
def run_file(operations, operation):
    """Run one file."""
    run(operations, frozen_files.read(operation.path))


@Operations.implementation_for(ReplaceFunctionsOperation)
def replace_functions(operations, operation):
    """Replace what a revision has copies of."""
    revision = operation.revision
    names = frozen_files.copies(revision)
    former = [frozen_files.newest(name, before=revision) for name in names]
    own = [f"{revision}/{name}" for name in names]
    if operation.undo:
        replace(operations, own, former, frozen_files.previous(revision))
    else:
        replace(operations, former, own, revision)


def replace(operations, before, after, through):
    """Put some frozen files in place of others, and drop what these do not create.

    Where they are copies of the same living file both may be given, or one is None. The
    database is then at the revision ``through``, or at none.
    """
    before = [path for path in before if path is not None]
    after = [path for path in after if path is not None]
    at_first, at_last = frozen_files.drop_statements(
        [frozen_files.read(path) for path in before],
        [frozen_files.read(path) for path in after],
    )
    changes_runtime = any("/runtime/" in path for path in before + after)
    # A session that has loaded the runtime keeps it until such a function is replaced.
    if through is not None and changes_runtime:
        bound = frozen_files.bound_functions(through)
        after += [path for path in bound if path not in after]
    run(operations, at_first)
    for path in frozen_files.in_order(after):
        text = frozen_files.read(path)
        run(operations, f"{text}{frozen_files.handover(text)}")
    run(operations, at_last)
    if through is not None and changes_runtime:
        run(operations, COMPILE)
    if before and after:
        run(operations, REFRESH)


def run(operations, text):
    """Send a text to the server, or print it."""
    if not text:
        return
    text = f"{PINNED}\n{text.rstrip()}"
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
