"""``pgchurn verify``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_table
from pgchurn.loader.database import connect, fetch_all

HELP = "List counters and scores that disagree with the truth."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)


def run(options: Namespace) -> int:
    """List divergences; the status says whether there were any."""
    with closing(connect(options.database_url)) as connection:
        divergences = fetch_all(connection, "verify", table=options.table)
    output.print_result(
        divergences,
        options.format,
        lambda rows: output.table(rows, "All counters and scores are right."),
    )
    return 1 if divergences else 0
