"""``pgchurn recalibrate``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_compilation,
    add_format,
    add_signer,
    add_version,
    signer_of,
)
from pgchurn.loader.database import connect

HELP = "Register a version anew whose scores do not come true, inside a calibrator."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_version(parser)
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="when the cohort begins that it is fitted on (default: a horizon before "
        "its end)",
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="when the cohort ends (default: where predictions are not mature)",
    )
    parser.add_argument(
        "--pickle",
        metavar="FILE.pkl",
        help="the pickle of the version, for roles that may not read it",
    )
    add_signer(parser, required=False)
    add_compilation(parser)


def run(options: Namespace) -> int:
    """Recalibrate a version, and register what that makes."""
    from pgchurn.loader.models.recalibration import recalibrate_version
    from pgchurn.loader.models.reports import recalibration_report

    signer = signer_of(options)
    with closing(connect(options.database_url)) as connection:
        result = recalibrate_version(
            connection,
            options.version,
            since=options.since,
            until=options.until,
            pickle_file=options.pickle,
            compile_form=options.compile_form,
            signer=signer,
        )
    output.print_result(result, options.format, recalibration_report)
    return 0
