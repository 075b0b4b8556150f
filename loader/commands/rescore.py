"""``pgchurn rescore``."""

from argparse import ArgumentParser, Namespace

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_pace, add_table, pace_of
from pgchurn.loader.operations.rescoring import rescore_profiles, run_report

HELP = "Score a whole table."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)
    add_pace(parser)


def run(options: Namespace) -> int:
    """Score a whole table in batches."""
    scored = rescore_profiles(options.database_url, options.table, pace_of(options))
    output.print_result(
        {"rows": scored["rows_done"], "version": scored["version"]},
        options.format,
        lambda _: run_report(scored),
    )
    return 0
