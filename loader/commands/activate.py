"""``pgchurn activate``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from typing import Any

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_allow_older,
    add_format,
    add_pace,
    add_version,
    pace_of,
)
from pgchurn.loader.database import connect, fetch_value
from pgchurn.loader.operations.rescoring import rescore_profiles, run_report

HELP = "Make a version score its profile."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_version(parser)
    parser.add_argument(
        "--allow-expired",
        action="store_true",
        help="even where its attestation has expired",
    )
    add_allow_older(parser)
    parser.add_argument(
        "--rescore", action="store_true", help="then score the whole table with it"
    )
    add_pace(parser)


def run(options: Namespace) -> int:
    """Make a version score its profile, and score the whole table if asked to."""
    with closing(connect(options.database_url)) as connection:
        fetch_value(
            connection,
            "activate_model",
            version=options.version,
            allow_older=options.allow_older,
            allow_expired=options.allow_expired,
        )
        table = fetch_value(connection, "profile_of_version", version=options.version)
        connection.commit()
        output.notices(connection)
    result: dict[str, Any] = {"active_version": options.version}
    report = f"Version {options.version} is active."
    if options.rescore:
        # Printed before the table is scored, because that takes its time.
        output.message(report)
        scored = rescore_profiles(options.database_url, table, pace_of(options))
        result["rows"] = scored["rows_done"]
        report = run_report(scored)
    output.print_result(result, options.format, lambda _: report)
    return 0
