"""``pgchurn compare``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from typing import Any

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_format,
    add_table,
    number,
    positive_integer,
    zoned_time,
)
from pgchurn.loader.database import connect, fetch_all

HELP = "Tell which of two versions does better on customers whose outcome is known."
# What each demands of the verdict.
REQUIRED = {
    "better": ("challenger better",),
    "not-worse": ("challenger better", "no material difference"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)
    parser.add_argument("champion", type=int, metavar="CHAMPION")
    parser.add_argument("challenger", type=int, metavar="CHALLENGER")
    parser.add_argument(
        "--since",
        type=zoned_time,
        required=True,
        metavar="TIME",
        help="on customers scored from then on, such as 2026-01-31T00:00:00+00:00; "
        "both versions were trained before",
    )
    parser.add_argument(
        "--until",
        type=zoned_time,
        metavar="TIME",
        help="and before this time (default: all whose outcome is known)",
    )
    parser.add_argument(
        "--material",
        type=number,
        default=0.002,
        metavar="DIFFERENCE",
        help="no larger one of mean log loss matters (default: %(default)s)",
    )
    parser.add_argument(
        "--expected",
        type=positive_integer,
        default=10_000,
        metavar="CUSTOMERS",
        help="about how many there will be when it has to be decided "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--threshold",
        dest="thresholds",
        type=number,
        action="append",
        metavar="SCORE",
        help="from which on somebody acts; may be given several times (default: that "
        "of the notifications or the outbox, else 0.5)",
    )
    parser.add_argument(
        "--without-acted-upon",
        dest="acted_upon",
        action="store_false",
        help="without customers whom somebody acted upon",
    )
    parser.add_argument(
        "--require",
        choices=REQUIRED,
        help="exit with 1 unless the challenger is better, or at least not worse",
    )


def run(options: Namespace) -> int:
    """Compare two versions; the status says whether the verdict is what is required."""
    with closing(connect(options.database_url)) as connection:
        evidence = fetch_all(
            connection,
            "compare",
            table=options.table,
            champion=options.champion,
            challenger=options.challenger,
            since=options.since,
            until=options.until,
            material=options.material,
            expected=options.expected,
            thresholds=options.thresholds,
            acted_upon=options.acted_upon,
        )
    verdict = evidence[0]["verdict"]
    result = {"verdict": verdict, "evidence": evidence}
    output.print_result(result, options.format, report)
    required = REQUIRED.get(options.require)
    return 1 if required and verdict not in required else 0


def report(result: dict[str, Any]) -> str:
    """Return the verdict, the figures as a table, and what is to be said of each."""
    evidence = result["evidence"]
    figures = [
        {
            name: value
            for name, value in row.items()
            if name not in ("verdict", "detail")
        }
        for row in evidence
    ]
    details = [f"{row['name']}: {row['detail']}." for row in evidence]
    return "\n".join([result["verdict"], "", output.table(figures), "", *details])
