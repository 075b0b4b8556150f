"""``pgchurn monitor``."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import Any

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_tables
from pgchurn.loader.operations.monitoring import Monitored, Span, monitor

HELP = "Measure drift and performance; the status is 1 while an alert is open."

# Told from the status of an open alert.
FAILED = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_tables(parser)
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="beginning of the window, as SQL spells it (default: the end of the "
        "last one, or a day before its end)",
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="end of the window, which is no part of it (default: now)",
    )
    parser.add_argument(
        "--every",
        metavar="INTERVAL",
        help="go through the span from --since to --until in windows of this length, "
        "such as '7 days'",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="print all that was measured, and not the findings alone",
    )
    parser.set_defaults(failure_status=FAILED)


def run(options: Namespace) -> int:
    """Measure; the status says whether an alert is open, or a table failed."""
    span = Span(options.since, options.until, options.every)
    done = monitor(options.database_url, options.tables, span, not options.all)
    output.print_result(asdict(done), options.format, lambda _: as_text(done))
    for failure in done.failures:
        output.message(f"pgchurn: {failure['profile']}: {failure['error']}")
    if done.failures:
        return FAILED
    return 1 if done.alerts else 0


def as_text(done: Monitored) -> str:
    """Return what was measured, and which alerts are open."""
    windows = "1 window" if done.windows == 1 else f"{done.windows:,} windows"
    parts = [
        f"{windows} measured.",
        output.table(list(map(without_band, done.results)), "No findings."),
    ]
    if done.alerts:
        parts += ["", "Open alerts:", output.table(list(map(alert, done.alerts)))]
    else:
        parts.append("No alert is open.")
    return "\n".join(parts)


def without_band(row: dict[str, Any]) -> dict[str, Any]:
    """Return what fits a line of a result: the words have the rest."""
    left_out = ("lower", "upper")
    return {name: value for name, value in row.items() if name not in left_out}


def alert(row: dict[str, Any]) -> dict[str, Any]:
    """Return what fits a line of an alert."""
    left_out = ("last_finding_at", "acknowledged_at")
    return {name: value for name, value in row.items() if name not in left_out}
