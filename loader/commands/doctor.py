"""``pgchurn doctor``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format
from pgchurn.loader.database import connect

HELP = "Check the server, its packages and the triggers."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--mend",
        action="store_true",
        help="first give every object its owner, rights and triggers back, as after a "
        "restore without them; as superuser",
    )
    other.add_argument(
        "--before-upgrade",
        action="store_true",
        help="instead: list which versions go on scoring under another scikit-learn; "
        "the status is 1 where an active one does not",
    )


def run(options: Namespace) -> int:
    """Check server, packages, roles and triggers; the status says if all is well."""
    if options.before_upgrade:
        return check_upgrade(options)
    from pgchurn.loader.operations.doctor import examine

    with closing(connect(options.database_url)) as connection:
        if options.mend:
            from pgchurn.loader.operations.mending import mend

            mend(connection)
        findings = examine(connection)
    output.print_result(
        findings,
        options.format,
        lambda rows: output.table(
            [{**row, "ok": "ok" if row["ok"] else "PROBLEM"} for row in rows]
        ),
    )
    return 0 if all(found["ok"] for found in findings) else 1


def check_upgrade(options: Namespace) -> int:
    """List what other libraries would change; the status says if scoring goes on."""
    from pgchurn.loader.operations.upgrading import upgrade_effects

    with closing(connect(options.database_url)) as connection:
        effects = upgrade_effects(connection)
    output.print_result(
        effects,
        options.format,
        lambda rows: output.table(
            [{**row, "goes_on": "yes" if row["goes_on"] else "NO"} for row in rows],
            "no models are registered: nothing changes",
        ),
    )
    stops = any(row["use"] == "active" and not row["goes_on"] for row in effects)
    return 1 if stops else 0
