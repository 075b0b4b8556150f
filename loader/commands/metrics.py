"""``pgchurn metrics``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader.database import connect
from pgchurn.loader.files import replace_file
from pgchurn.loader.operations.metrics import exposition, families

HELP = "Print what Prometheus reads: drift, performance, alerts, queue, failures."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the file to write, replaced as a whole (default: standard output)",
    )


def run(options: Namespace) -> int:
    """Print or write the metrics of all attached tables."""
    with closing(connect(options.database_url)) as connection:
        text = exposition(families(connection))
    if options.output is None:
        print(text, end="")
    else:
        replace_file(options.output, text)
    return 0
