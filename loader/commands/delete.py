"""``pgchurn delete``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from typing import Any

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format
from pgchurn.loader.database import connect, fetch_value

HELP = "Delete versions that neither score nor are the one to go back to."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    parser.add_argument("versions", type=int, nargs="+", metavar="VERSION")


def run(options: Namespace) -> int:
    """Delete all of the versions, or none of them."""
    result = []
    with closing(connect(options.database_url)) as connection:
        # In this order, so that two sessions never wait for each other.
        for version in sorted(set(options.versions)):
            gone = fetch_value(connection, "delete_model", version=version)
            result.append({"version": version, "row_kept": not gone})
        connection.commit()
    output.print_result(
        result, options.format, lambda rows: "\n".join(report(row) for row in rows)
    )
    return 0


def report(row: dict[str, Any]) -> str:
    """Return a line on one version."""
    if row["row_kept"]:
        return (
            f"Version {row['version']} is deleted; its row stays, because deployments "
            "or logged scores name it."
        )
    return f"Version {row['version']} is deleted."
