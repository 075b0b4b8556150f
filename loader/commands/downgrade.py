"""``pgchurn downgrade``."""

from argparse import ArgumentParser, Namespace

HELP = "Take the database back to an earlier revision, base for none."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "revision", metavar="REVISION", help="revision to take it back to"
    )
    parser.add_argument(
        "--sql",
        action="store_true",
        help="print the SQL instead, without connecting; REVISION is then FROM:TO",
    )


def run(options: Namespace) -> int:
    """Downgrade the database, or print how."""
    from pgchurn.loader.operations.migrating import downgrade

    downgrade(options.database_url, options.revision, as_sql=options.sql)
    return 0
