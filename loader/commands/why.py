"""``pgchurn why``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_table
from pgchurn.loader.database import connect, fetch_all

HELP = "Show what changed between a customer's last two logged scores."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)
    parser.add_argument("key", metavar="KEY", help="the customer's key")


def run(options: Namespace) -> int:
    """Show a customer's last two logged scores and the features that differ."""
    with closing(connect(options.database_url)) as connection:
        rows = fetch_all(
            connection, "why_changed", table=options.table, key=options.key
        )
    output.print_result(rows, options.format, output.table)
    return 0
