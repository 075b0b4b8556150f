"""``pgchurn doctor``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format
from pgchurn.loader.database import connect

HELP = "Check the server, its packages and the triggers."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)


def run(options: Namespace) -> int:
    """Check server, packages, roles and triggers; the status says if all is well."""
    from pgchurn.loader.operations.doctor import examine

    with closing(connect(options.database_url)) as connection:
        findings = examine(connection)
    output.print_result(
        findings,
        options.format,
        lambda rows: output.table(
            [{**row, "ok": "ok" if row["ok"] else "PROBLEM"} for row in rows]
        ),
    )
    return 0 if all(found["ok"] for found in findings) else 1
