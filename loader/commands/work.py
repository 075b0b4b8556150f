"""``pgchurn work``."""

from argparse import ArgumentParser, Namespace

from pgchurn.loader.commands.options import (
    add_format,
    add_tables,
    positive_integer,
    positive_seconds,
)
from pgchurn.loader.operations.working import Settings, work

HELP = "Score customers as they are queued."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_tables(parser)
    parser.add_argument(
        "--batch-size",
        type=positive_integer,
        default=1000,
        metavar="ROWS",
        help="most customers scored in a transaction (default: %(default)s)",
    )
    parser.add_argument(
        "--poll",
        type=positive_seconds,
        default=0.25,
        metavar="SECONDS",
        help="look for work this often while there is none (default: %(default)s)",
    )
    parser.add_argument(
        "--report",
        type=positive_seconds,
        metavar="SECONDS",
        help="report progress this often (default: 1 on a terminal, else 60)",
    )
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument("--once", action="store_true", help="do one batch and end")
    ending.add_argument(
        "--drain", action="store_true", help="end when the queue is empty"
    )


def run(options: Namespace) -> int:
    """Score the customers that queued mode has left pending."""
    done = work(
        Settings(
            url=options.database_url,
            tables=options.tables,
            batch_size=options.batch_size,
            poll=options.poll,
            once=options.once,
            drain=options.drain,
            report=options.report,
            as_json=options.format == "json",
        )
    )
    if options.format == "text":
        print(f"Scored {done['scored']:,} customers; {done['failed']:,} failures.")
    return 0
