"""``pgchurn demo``."""

from argparse import ArgumentParser, Namespace

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format

HELP = "Show a score following a complaint, on made-up data."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)


def run(options: Namespace) -> int:
    """Train on made-up customers and have some of them complain."""
    from pgchurn.loader.demonstration.walkthrough import demo_report, run_demo

    result = run_demo(options.database_url)
    output.print_result(result, options.format, demo_report)
    return 0
