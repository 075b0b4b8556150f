"""``pgchurn demo``."""

from argparse import ArgumentParser, Namespace

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format

HELP = "Show a score following a complaint, or a year of a model, on made-up data."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    parser.add_argument(
        "--life-cycle",
        action="store_true",
        help="go through a year in which customers change, in a schema life_cycle",
    )


def run(options: Namespace) -> int:
    """Train on made-up customers and have some of them complain, or change."""
    if options.life_cycle:
        from pgchurn.loader.demonstration.life_cycle import run_life_cycle
        from pgchurn.loader.demonstration.life_cycle_release import run_releases
        from pgchurn.loader.demonstration.life_cycle_report import life_cycle_report

        year = run_life_cycle(options.database_url)
        year["releases"] = run_releases(options.database_url, year)
        output.print_result(year, options.format, life_cycle_report)
        return 0
    from pgchurn.loader.demonstration.walkthrough import demo_report, run_demo

    result = run_demo(options.database_url)
    output.print_result(result, options.format, demo_report)
    return 0
