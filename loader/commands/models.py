"""``pgchurn models``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format
from pgchurn.loader.database import connect, fetch_all

HELP = "List the registered versions."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)


def run(options: Namespace) -> int:
    """List the registered versions."""
    with closing(connect(options.database_url)) as connection:
        versions = fetch_all(connection, "models")
    output.print_result(
        versions,
        options.format,
        lambda rows: output.table(
            rows, "no models are registered: pgchurn train --help"
        ),
    )
    return 0
