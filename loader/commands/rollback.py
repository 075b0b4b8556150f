"""``pgchurn rollback``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_table
from pgchurn.loader.database import connect, fetch_value

HELP = "Go back to the version before."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)


def run(options: Namespace) -> int:
    """Make the version before the active one score again."""
    with closing(connect(options.database_url)) as connection:
        version = fetch_value(connection, "rollback_model", table=options.table)
        connection.commit()
        output.notices(connection)
    output.print_result(
        {"active_version": version},
        options.format,
        lambda _: f"Version {version} is active again.",
    )
    return 0
