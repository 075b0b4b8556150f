"""``pgchurn show``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_version
from pgchurn.loader.database import connect, fetch_all
from pgchurn.loader.errors import LoaderError

HELP = "Show all there is to know about a version."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_version(parser)


def run(options: Namespace) -> int:
    """Show all there is to know about a version."""
    with closing(connect(options.database_url)) as connection:
        rows = fetch_all(connection, "model", version=options.version)
    if not rows:
        raise LoaderError(
            f"version {options.version} does not exist; pgchurn models lists them"
        )
    output.print_result(rows[0], options.format, output.details)
    return 0
