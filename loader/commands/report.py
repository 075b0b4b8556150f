"""``pgchurn report``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_version
from pgchurn.loader.database import connect
from pgchurn.loader.files import write_file

HELP = "Write a report on a version, as one HTML file to read, print and hand on."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_version(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE.html",
        help="the file to write, in place of the one that is there",
    )
    parser.add_argument(
        "--label",
        metavar="COLUMN",
        help="column of the table that says who churned (default: what training held "
        "out, or else the column that it learned from)",
    )
    parser.add_argument(
        "--positive-class",
        metavar="VALUE",
        help="label of those who churned, where it is not the one of the training",
    )


def run(options: Namespace) -> int:
    """Write a report on a version."""
    # It draws on numpy and scikit-learn, which take a second to import.
    from pgchurn.loader.reports.report import report

    with closing(connect(options.database_url)) as connection:
        made = report(
            connection, options.version, options.label, options.positive_class
        )
    page = made.html()
    write_file(options.output, page)
    result = {
        "version": options.version,
        "file": options.output,
        "bytes": len(page.encode()),
        "missing": made.missing(),
    }
    output.print_result(result, options.format, written)
    return 0


def written(result: dict) -> str:
    """Return what was written, and what the report could not show."""
    lines = [f"Wrote {result['file']}, {result['bytes'] / 1000:,.0f} kB."]
    lines += [f"Without {what}: {why}" for what, why in result["missing"].items()]
    return "\n".join(lines)
