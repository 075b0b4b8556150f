"""``pgchurn migrate``."""

from argparse import ArgumentParser, Namespace

HELP = "Bring the database to a revision, the newest by default."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "revision",
        nargs="?",
        default="head",
        metavar="REVISION",
        help="revision to bring it to (default: %(default)s)",
    )
    parser.add_argument(
        "--sql",
        action="store_true",
        help="print the SQL instead, without connecting; FROM:TO prints a part of it",
    )


def run(options: Namespace) -> int:
    """Upgrade the database, or print how."""
    from pgchurn.loader.operations.migrating import upgrade

    upgrade(options.database_url, options.revision, as_sql=options.sql)
    return 0
