"""``pgchurn experiment``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from typing import Any

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_table
from pgchurn.loader.database import connect, fetch_all, fetch_value

HELP = "Compare two versions by which loses fewer customers."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "action",
        choices=("start", "status", "stop", "simulate"),
        help="start: have a version score a share of the customers; status: show what "
        "experiments have shown; stop: have the active version score all; simulate: "
        "split the customers of the past again and again",
    )
    parser.add_argument(
        "version", type=int, nargs="?", metavar="VERSION", help="for start"
    )
    parser.add_argument(
        "--share",
        type=float,
        default=50,
        metavar="PERCENT",
        help="of the customers in each of the two arms, at most 50 "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--horizon",
        metavar="INTERVAL",
        help="how long after the first score a customer who leaves counts (default: "
        "that of churn.set_outcome)",
    )
    parser.add_argument(
        "--effect",
        type=float,
        default=0.2,
        metavar="PART",
        help="the part of those who would leave that is hoped to be kept (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--longest",
        default="1 year",
        metavar="INTERVAL",
        help="an experiment that would take longer is refused (default: %(default)s)",
    )
    parser.add_argument(
        "--expected",
        type=int,
        metavar="N",
        help="how many customers there will be in both arms (default: by what is "
        "logged)",
    )
    parser.add_argument(
        "--salts",
        type=int,
        default=1000,
        metavar="N",
        help="for simulate: how often (default: %(default)s)",
    )
    parser.add_argument("--reason", help="for stop: why")
    add_table(parser)
    add_format(parser)


def run(options: Namespace) -> int:
    """Do what the action is for."""
    wanted = {
        name: getattr(options, name)
        for name in (
            *("table", "version", "share", "horizon", "effect", "longest"),
            *("expected", "salts", "reason"),
        )
    }
    with closing(connect(options.database_url)) as connection:
        result: Any
        if options.action in ("status", "simulate"):
            result = fetch_all(connection, f"{options.action}_experiments", **wanted)
        else:
            number = fetch_value(connection, f"{options.action}_experiment", **wanted)
            result = {"experiment_id": number, "action": options.action}
            if options.action == "start":
                (plan,) = fetch_all(connection, "planned_experiment", experiment=number)
                result |= plan
        connection.commit()
        output.notices(connection)
    output.print_result(result, options.format, text)
    return 0


def text(result: Any) -> str:
    """Return a result as people read it."""
    if isinstance(result, list):
        return output.table(result, "no experiment")
    if result["action"] == "stop":
        return (
            f"Experiment {result['experiment_id']} is stopped: pgchurn work scores its "
            "customers again."
        )
    days = result["days"]
    takes = "" if days is None else f", which takes about {days:.0f} days"
    return (
        f"Experiment {result['experiment_id']} is under way, with "
        f"{result['expected']:,} customers in both arms expected{takes}: "
        "pgchurn experiment status."
    )
